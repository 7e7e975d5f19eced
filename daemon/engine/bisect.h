/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bisect.h - what the planner of engine.h is made of: endpoints, stopping, effects
 * and estimates; verdicts are bisect.c's. Private to it.
 */
#ifndef XB_BISECT_H
#define XB_BISECT_H

#include "clean.h"
#include "posterior.h"
#include "search.h"

typedef struct {
	XbSearch search;
	XbHypotheses *hypotheses;
	XbPosterior *posterior;
	const XbClean *clean;
} XbBisect;

/* The plan becomes a verdict without actions. */
void xb_bisect_finish(XbBisect *self, XbVerdictKind kind, double confidence);

/* ---- endpoints.c: GOOD and BAD before there is anything to search ---- */

/* One boot of each endpoint, or several when there are hosts for them.
 * Returns true when there is nothing to search yet, or at all. */
bool xb_bisect_endpoints(XbBisect *self);

/* ---- stopping.c: when the posterior is enough to state something ---- */

/* The probability that the likeliest culprit has to reach to be named: the job's confidence, and
 * more after few boots, and for looking after each of them. */
double xb_bisect_required(const XbBisect *self);

/* "None" is as likely as it has to be, by enough boots. */
bool xb_bisect_is_none(const XbBisect *self);

/* Enough boots, of at most @most_boots, for a verdict of none that falls short of the confidence.
 */
bool xb_bisect_is_flat(const XbBisect *self, guint most_boots);

/* ---- effect.c: how large the step is ---- */

/* The step as the likeliest culprit's group sees it; 0 without one. */
double xb_bisect_log_effect(const XbBisect *self);

/* The plan's effect: means of both levels, and the interval at the job's confidence by Student's t
 * with the readings' number less two degrees of freedom. */
void xb_bisect_set_effect(XbBisect *self);

/* GOOD against BAD, for a verdict of none. */
void xb_bisect_set_endpoint_effect(XbBisect *self);

/* ---- estimate.c: what is still to be paid ---- */

/* What a build costs: the mean of those that are still to be made. */
double xb_bisect_build_s(const XbBisect *self);

/* Seconds of a confirmation's builds that are still to be made: culprit and parent clean, and the
 * revert. @culprit 0: none is known yet. */
double xb_bisect_confirm_s(const XbBisect *self, guint culprit);

/* Boots that are asked of the plan's culprit and of its parent, each. */
guint xb_bisect_confirm_boots(const XbBisect *self);

/* Adds a confirmation of @culprit to what is left of the plan; 0: none is known yet. */
void xb_bisect_add_confirmation(XbBisect *self, guint culprit);

/* Sets what is left of the plan to what its culprit's confirmation needs. */
void xb_bisect_estimate_confirmation(XbBisect *self);

#endif
