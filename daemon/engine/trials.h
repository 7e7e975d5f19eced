/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trials.h - many trials of one world (simulate.h) and what came of them: the
 * estimate of what a job will cost and how far its verdict can be trusted.
 * Pure: trial t of a seed is the same on every machine, whatever their number.
 */
#ifndef XB_TRIALS_H
#define XB_TRIALS_H

#include "simulate.h"

/* A sample described: its mean and its quantiles (linear between order
 * statistics, Hyndman and Fan's type 7, American Statistician 50 (1996)). */
typedef struct {
	double mean, least, p5, p25, median, p75, p95, most;
} XbSpread;

/* @values is sorted in place. All NAN for @n = 0. */
XbSpread xb_spread(double *values, guint n);

/* A share with Wilson's interval of 95 % (JASA 22 (1927)). NAN for @n = 0. */
typedef struct {
	guint count, n;
	double share, low, high;
} XbShare;

XbShare xb_share(guint count, guint n);

typedef struct {
	guint n; /* trials done */
	/* Every trial is in one of these. */
	guint right;      /* the culprit is named; "none" when there is none */
	guint wrong;      /* another commit is named, or a range that lacks the culprit */
	guint range;      /* a range that holds the culprit */
	guint none;       /* "none", though a commit did it */
	guint unfinished; /* no verdict: a defect of the planner */
	guint given_up;   /* no verdict within world.boots_max; costs are up to there */
	/* Of the trials that name a commit, or "none": what they claim, and how
	 * many of them are right. */
	double stated; /* mean probability; NAN without any */
	XbShare actual;
	XbSpread builds; /* confirmation and builds ahead of need included */
	XbSpread boots;  /* confirmation included */
	XbSpread confirm_builds, confirm_boots;
	XbSpread search_min; /* minutes until the confirmation begins, or the verdict */
	XbSpread total_min;  /* minutes until the verdict */
} XbTrials;

/* Called after each trial with the number done; false ends the run early. */
typedef bool (*XbTrialsProgress)(guint done, void *data);

/* @n trials of @world. @progress may be NULL. */
void xb_trials_run(const XbWorld *world, guint n, uint64_t seed, XbTrialsProgress progress,
		   void *data, XbTrials *result);

#endif
