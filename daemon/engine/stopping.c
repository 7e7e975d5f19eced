/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stopping.c - when the posterior is enough to state something: the rule is bisect.h's. */
#include "bisect.h"

#include <math.h>

#define FLAT_LEAST      0.4
#define FLAT_OVER_RIVAL 4
#define SMALL_STEP      1.25
#define SMALL_NONE      0.05
#define EARLY_POWER     3
#define CLEAR_STEP      4.5
#define SPENT           0.6
#define NONE_BOOTS      6

static double required_confidence(const XbBisect *self, double log_effect)
{
	double confidence = self->search.options->confidence;
	double m = 2 * log2(fmax(2, self->hypotheses->n_possible)) + 2;
	double spent = pow(self->search.seen->n_readings / m, EARLY_POWER);

	if (self->search.options->pass_fail || spent >= 1 ||
	    fabs(log_effect) >= CLEAR_STEP * self->posterior->s)
		return confidence;
	return 1 - (1 - confidence) * spent;
}

double xb_bisect_required(const XbBisect *self)
{
	double required = required_confidence(self, xb_bisect_log_effect(self));

	return self->search.options->pass_fail ? required : 1 - SPENT * (1 - required);
}

bool xb_bisect_is_none(const XbBisect *self)
{
	const XbOptions *options = self->search.options;

	return self->search.seen->readings->len >= NONE_BOOTS &&
	       self->posterior->none >= required_confidence(self, log1p(options->min_effect));
}

static double least_step(const XbBisect *self)
{
	return log1p(fmax(self->search.options->min_effect, 1e-4));
}

static bool flat_boots_are_used_up(const XbBisect *self, guint most_boots)
{
	double noise = self->posterior->s / least_step(self);
	double most = XB_FLAT_BOOTS * fmax(1, noise * noise / (XB_FLAT_NOISE * XB_FLAT_NOISE));

	return self->search.seen->n_readings >= most || self->search.seen->n_boots >= most_boots;
}

bool xb_bisect_is_flat(const XbBisect *self, guint most_boots)
{
	double none = self->posterior->none;
	double rival = self->posterior->node[self->search.plan->culprit];

	return flat_boots_are_used_up(self, most_boots) &&
	       (none >= 0.5 || (none >= FLAT_LEAST && none >= FLAT_OVER_RIVAL * rival));
}

bool xb_bisect_is_small(const XbBisect *self, guint most_boots)
{
	return self->posterior->none >= SMALL_NONE &&
	       fabs(xb_bisect_log_effect(self)) < SMALL_STEP * least_step(self) &&
	       flat_boots_are_used_up(self, most_boots);
}
