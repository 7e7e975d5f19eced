/* SPDX-License-Identifier: GPL-2.0-or-later */
/* effect.c - the size of the step, as a ratio with its interval. */
#include "bisect.h"
#include "stats.h"

#include <math.h>

/* The step as the likeliest culprit's group sees it. */
double xb_bisect_log_effect(const XbBisect *self)
{
	guint g = self->hypotheses->group_of[self->search.plan->culprit];

	if (self->search.plan->culprit == 0 || g == XB_NO_GROUP)
		return 0;
	return self->posterior->group[g].mean[1] - self->posterior->group[g].mean[0];
}

void xb_bisect_set_effect(XbBisect *self)
{
	XbPlan *plan = self->search.plan;
	const XbGroupBelief *belief = &self->posterior->flat;
	guint g = self->hypotheses->group_of[plan->culprit];
	guint n = self->search.seen->readings->len;

	if (plan->culprit != 0 && g != XB_NO_GROUP)
		belief = &self->posterior->group[g];
	double step = belief->mean[1] - belief->mean[0];
	double sd = sqrt(belief->var[0] + belief->var[1]);
	double tail = (1 - fmin(self->search.options->confidence, 1 - 1e-9)) / 2;
	double half = sd * xb_t_quantile(tail, n > 3 ? n - 2 : 1);
	plan->effect = (XbEffect){
		.base = exp(belief->mean[0]),
		.test = exp(belief->mean[1]),
		.ratio = exp(step),
		.ci_low = exp(step - half),
		.ci_high = exp(step + half),
	};
}

/* GOOD against BAD, for a verdict of none. */
void xb_bisect_set_endpoint_effect(XbBisect *self)
{
	const XbObservations *seen = self->search.seen;
	const XbUnit *good = &seen->units[seen->unit_of[0]];
	const XbUnit *bad = &seen->units[seen->unit_of[self->search.graph->n - 1]];
	double phi = self->posterior->phi;

	if (good->n == 0 || bad->n == 0)
		return;
	double base = xb_unit_median(seen, good), test = xb_unit_median(seen, bad);
	double tail = (1 - fmin(self->search.options->confidence, 1 - 1e-9)) / 2;
	double variance =
		2 * phi + (1 - phi) * (xb_median_variance(good->n) + xb_median_variance(bad->n));
	guint n = seen->readings->len;
	double half = self->posterior->s * sqrt(variance) * xb_t_quantile(tail, n > 2 ? n - 1 : 1);
	self->search.plan->effect = (XbEffect){
		.base = exp(base),
		.test = exp(test),
		.ratio = exp(test - base),
		.ci_low = exp(test - base - half),
		.ci_high = exp(test - base + half),
	};
}
