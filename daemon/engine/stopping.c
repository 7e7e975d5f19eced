/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stopping.c - when the posterior is enough to state something. */
#include "bisect.h"

#include <math.h>

/* A flat range is called flat after so many boots at the latest where a boot
 * varies by no more than 1.5 x --min-effect, after more with the square of the
 * ratio (as the variance of a mean asks for). */
#define FLAT_BOOTS_MAX 56
#define FLAT_NOISE     1.5
/* "None" is then said when it is likelier than not, or so likely and by so much the likeliest of
 * all that could be said. */
#define FLAT_LEAST      0.4
#define FLAT_OVER_RIVAL 4
/* See required_confidence(). */
#define EARLY_POWER 3
#define CLEAR_STEP  4.5
/* The share of the error that is spent. */
#define SPENT 0.6
/* No range is called flat after fewer boots. */
#define NONE_BOOTS 6

/*
 * A posterior is calibrated on average over its prior. Where boots vary by as much as the step,
 * which the prior holds for unlikely, the first few of them sometimes look like a clear step by
 * chance, and that average is no comfort. So the error that is allowed is spent over the boots: of
 * 1 - confidence the share (n / m)^3 after n of them, m = 2 log2(commits) + 2 being what a search
 * with little noise takes twice (the power family of Kim and DeMets, Biometrika 74 (1987)). A step
 * of 4.5 standard deviations or more is not what noise looks like.
 */
static double required_confidence(const XbBisect *self, double log_effect)
{
	double confidence = self->search.options->confidence;
	double m = 2 * log2(fmax(2, self->hypotheses->n_possible)) + 2;
	double spent = pow(self->search.seen->readings->len / m, EARLY_POWER);

	if (self->search.options->pass_fail || spent >= 1 ||
	    fabs(log_effect) >= CLEAR_STEP * self->posterior->s)
		return confidence;
	return 1 - (1 - confidence) * spent;
}

/* Looking after each boot names a commit when chance is on its side: a part of the error is kept
 * back for that. */
double xb_bisect_required(const XbBisect *self)
{
	double required = required_confidence(self, xb_bisect_log_effect(self));

	return self->search.options->pass_fail ? required : 1 - SPENT * (1 - required);
}

/* Few readings can lie close together by chance, and then any step would be clear. */
bool xb_bisect_is_none(const XbBisect *self)
{
	const XbOptions *options = self->search.options;

	return self->search.seen->readings->len >= NONE_BOOTS &&
	       self->posterior->none >= required_confidence(self, log1p(options->min_effect));
}

bool xb_bisect_is_flat(const XbBisect *self, guint most_boots)
{
	double noise = self->posterior->s / log1p(fmax(self->search.options->min_effect, 1e-4));
	double most = FLAT_BOOTS_MAX * fmax(1, noise * noise / (FLAT_NOISE * FLAT_NOISE));
	double none = self->posterior->none;
	double rival = self->posterior->node[self->search.plan->culprit];

	if (self->search.seen->n_boots < fmin(most, most_boots))
		return false;
	return none >= 0.5 || (none >= FLAT_LEAST && none >= FLAT_OVER_RIVAL * rival);
}
