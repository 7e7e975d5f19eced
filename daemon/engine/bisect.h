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

/*
 * ---- stopping.c: when the posterior is enough to state something ----
 *
 * With e = 1 - confidence, n readings of this job, m = 2 log2(commits that are left) + 2
 * (what a search with little noise takes, twice) and c = min(1, (n / m)^3):
 *
 * - a culprit is confirmed from p >= 1 - 0.6 c e on. c is 1 where the step is 4.5 s
 *   or more, which is not what noise looks like. For pass or fail, and where no
 *   boot can tell more (1e-5 bits), p >= 1 - e is enough;
 * - "none" takes 6 readings, since a few can lie close together by chance, and
 *   P(none) >= 1 - c e, the step in c then being that of --min-effect;
 * - a range is flat after 56 max(1, (s / (1.5 log(1 + min_effect)))^2) boots (as the
 *   variance of a mean asks for), at most 400, when P(none) is 0.5, or 0.4 and four
 *   times that of the likeliest commit. That verdict states less than was asked;
 * - where the likeliest step then is below 1.25 times the least effect, and P(none)
 *   0.05 or more, a range is all that is said: it takes boots without end to tell the
 *   two apart;
 * - 400 boots, or 600 with a confirmation, end in a range.
 *
 * Boots of earlier jobs are readings like others, and count among the 6; what is
 * limited are the boots, and looks, of this job.
 *
 * A posterior needs no correction for looking after each boot over worlds drawn
 * from its prior. These limits are for worlds that are not: where boots vary by as
 * much as the step, which the prior holds for unlikely, the first few of them
 * sometimes look like a clear step by chance. The shape of c is that of Kim and
 * DeMets's power family (Biometrika 74 (1987)); 0.6, 3, 4.5, 56, 1.5 and 1.25 were chosen
 * by simulation (`make bench-search`), and no theorem stands behind them.
 */

#define XB_FLAT_BOOTS 56
#define XB_FLAT_NOISE 1.5 /* in units of --min-effect */

/* The probability that the likeliest culprit has to reach to be named. */
double xb_bisect_required(const XbBisect *self);

/* "None" is as likely as it has to be, by enough boots. */
bool xb_bisect_is_none(const XbBisect *self);

/* Enough boots, of at most @most_boots, for a verdict of none that falls short of the confidence.
 */
bool xb_bisect_is_flat(const XbBisect *self, guint most_boots);

/* So many boots, and the likeliest step is hardly one. */
bool xb_bisect_is_small(const XbBisect *self, guint most_boots);

/* ---- effect.c: how large the step is ---- */

/* The step as the likeliest culprit's group sees it; 0 without one. */
double xb_bisect_log_effect(const XbBisect *self);

/* The plan's effect: means of both levels, and the interval at the job's confidence by Student's t
 * with the readings' number less two degrees of freedom. It is that of the two levels given that
 * this commit is the culprit; its having been picked, and the moment at which the search stopped,
 * are not corrected for. */
void xb_bisect_set_effect(XbBisect *self);

/* GOOD against BAD, for a verdict of none: their medians, +- t s sqrt(2 phi + (1 - phi) (m(n1) +
 * m(n2))), m as in confirm.h. */
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
