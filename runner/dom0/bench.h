/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench.h - what every workload has in common: options, iterations before
 * those that count, and one line a sample or a summary at the end.
 *
 * A workload is a Bench: a table and three functions over a state of its own.
 * The state starts zeroed, then each option's value is put into it.
 */
#ifndef XB_DOM0_BENCH_H
#define XB_DOM0_BENCH_H

#include "exits.h"

#include <stddef.h>

#define BENCH_METRICS_MAX 8

/* A number at @offset of the state (unsigned int): the option's value, or the
 * index of the word among @words. */
typedef struct {
	const char *name; /* without the dashes; NULL ends the list */
	size_t offset;
	unsigned int min, max, fallback;
	const char *const *words; /* NULL-terminated; NULL: a number */
} BenchOption;

typedef struct {
	const char *name, *unit; /* NULL ends the list */
} BenchMetric;

typedef struct {
	const char *name; /* on the command line */
	const char *what; /* a line about it */
	const char *help; /* its own options, one a line */
	size_t state_size;
	const BenchOption *options;
	const BenchMetric *metrics;
	/* Each returns an exit status, and has said on stderr what failed.
	 * @stop is called whatever @start returned. */
	int (*start)(void *state);
	int (*iterate)(void *state, double *values); /* one for each metric */
	void (*stop)(void *state);                   /* or NULL */
} Bench;

/*
 * A phase of @iterate, for counters (counters.h): nothing while it is timed. Phases
 * do not overlap; a workload without any is one phase "total". bench_poll()
 * is for within one, at least once in every 20,000 pages.
 */
void bench_phase_begin(void);
void bench_phase_end(const char *phase, unsigned long per, const char *what);
void bench_poll(void);

/* Options that every Bench takes, one a line, for --help. */
extern const char bench_help[];

/* `NAME OPTIONS`: argv[0] is the name. Each metric line begins with @prefix.
 * Returns the exit status. */
int bench_main(const Bench *self, const char *prefix, int argc, char **argv);

/* Seconds of the monotonic clock. */
double bench_now(void);

/* "xbisect-dom0: WHAT: the error of errno" on stderr; returns @status. */
int bench_fail(int status, const char *what);

#endif
