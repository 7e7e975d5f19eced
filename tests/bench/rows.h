/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows.h - many trials of one world, and rows that say what they came to: one
 * JSON object a line, with "name", "goal", "figure" and "holds".
 */
#ifndef XB_BENCH_ROWS_H
#define XB_BENCH_ROWS_H

#include "reference.h"
#include "simulate.h"

typedef struct {
	guint trials;     /* of a row that takes an average one */
	guint jobs;       /* threads */
	const char *only; /* rows whose name has this; NULL: all */
	guint rows, failed;
} Bench;

/* Means over the trials of one world. Shares are of all trials. */
typedef struct {
	guint trials;
	/* Those of a confirmation apart; they begin when a commit is likelier than not, and tell
	 * the search something as well. */
	double boots, builds, endpoint_boots;
	double confirm_boots, minutes, search_minutes;
	double confident_boots; /* of all, those until a commit had the confidence (XbTrial) */
	guint most_boots, most_search_boots; /* the latter without endpoints */
	guint most_boots_in_all;             /* with the confirmation's */
	double halved; /* share that took ceil(log2 n) boots of commits between, or fewer, n the
			* commits that can matter */
	double culprit, range, none, stuck; /* shares of the verdicts */
	double right;                       /* the culprit itself; none when there is none */
	double covered;                     /* right, or a range with the culprit in it */
	double wrong;                       /* another commit named */
	double stated;                      /* mean probability of what was said */
	double drifted;                     /* share that report a drift */
	double ms;                          /* of processor time, a trial */
} Summary;

/* Seeds are 1, 2, ... after @seed: equal worlds meet equal noise. */
void bench_worlds(const Bench *bench, const XbWorld *world, guint trials, uint64_t seed,
		  Summary *summary);

typedef void (*RefSearch)(const RefWorld *world, uint64_t seed, RefTrial *trial);
void bench_reference(const Bench *bench, RefSearch search, const RefWorld *world, guint trials,
		     uint64_t seed, Summary *summary);

/* Is any row wanted whose name begins with @prefix? */
bool bench_wants(const Bench *bench, const char *prefix);

/* Prints a row: the figure has to be at most (or at least) the goal. @detail
 * may be NULL or members of a JSON object, without the braces. */
void row_at_most(Bench *bench, const char *name, double figure, double goal, const char *detail);
void row_at_least(Bench *bench, const char *name, double figure, double goal, const char *detail);

/* Prints whether what is stated is right as often: not more than a point less, and what chance
 * leaves in 1 run of 100. */
void row_as_stated(Bench *bench, const char *name, const Summary *it);

/* Members that describe a summary, for @detail; to g_free. */
char *summary_detail(const Summary *summary);

#endif
