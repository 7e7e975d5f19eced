/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passfail.c - Beta and Bernoulli in place of levels and noise. */
#include "passfail.h"

#include <math.h>

#define PRIOR_WRONG 1.0
#define PRIOR_RIGHT 19.0
/* Halfway between a pass and a failure. */
#define HALF (G_LN2 / 2)

/* Boots of one side. */
typedef struct {
	double failed, n;
} Tally;

static double log_beta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/* log evidence of @failed of @n with a Beta(a, b) rate of failure, and its moments. */
static double weigh(const Tally *it, double a, double b, double *mean, double *var)
{
	double x = a + it->failed, y = b + it->n - it->failed, rate = x / (x + y);

	*mean = G_LN2 * rate;
	*var = G_LN2 * G_LN2 * rate * (1 - rate) / (x + y + 1);
	return log_beta(x, y) - log_beta(a, b);
}

static Tally count(const XbObservations *seen, guint column)
{
	const XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, column)];
	Tally tally = { .n = unit->n };

	for (guint k = 0; k < unit->n; k++)
		tally.failed += xb_reading(seen, unit, k)->level > HALF;
	return tally;
}

void xb_pass_fail(const XbObservations *seen, const XbHypotheses *hypotheses,
		  const double *group_prior, double prior_none, XbPosterior *out)
{
	guint n_groups = hypotheses->n_groups;
	g_autofree Tally *column = g_new0(Tally, hypotheses->n_columns + 1);
	g_autofree double *log_mass = g_new(double, n_groups + 1);
	Tally all = { 0 };

	for (guint c = 0; c < hypotheses->n_columns; c++) {
		column[c] = count(seen, c);
		all.failed += column[c].failed;
		all.n += column[c].n;
	}
	double none = log(n_groups > 0 ? prior_none : 1) +
		      weigh(&all, 1, 1, &out->flat.mean[0], &out->flat.var[0]);
	out->flat.mean[1] = out->flat.mean[0];
	out->flat.var[1] = out->flat.var[0];
	double top = none;
	for (guint g = 0; g < n_groups; g++) {
		XbGroupBelief *group = &out->group[g];
		Tally bad = { 0 };
		for (guint c = 0; c < hypotheses->n_columns; c++) {
			if (xb_hypotheses_is_bad(hypotheses, g, c)) {
				bad.failed += column[c].failed;
				bad.n += column[c].n;
			}
		}
		Tally good = { all.failed - bad.failed, all.n - bad.n };
		log_mass[g] =
			log(group_prior[g]) +
			weigh(&good, PRIOR_WRONG, PRIOR_RIGHT, &group->mean[0], &group->var[0]) +
			weigh(&bad, PRIOR_RIGHT, PRIOR_WRONG, &group->mean[1], &group->var[1]);
		top = fmax(top, log_mass[g]);
	}
	double sum = exp(none - top), wrong = 0, culprit = 0;
	out->none = sum;
	for (guint g = 0; g < n_groups; g++)
		sum += out->group[g].mass = exp(log_mass[g] - top);
	out->none /= sum;
	for (guint g = 0; g < n_groups; g++) {
		XbGroupBelief *group = &out->group[g];
		group->mass /= sum;
		culprit += group->mass;
		wrong += group->mass *
			 (xb_pass_fail_rate(group->mean[0]) + 1 -
			  xb_pass_fail_rate(group->mean[1])) /
			 2;
	}
	wrong = culprit > 0 ? wrong / culprit : 0.5;
	out->s = G_LN2 * sqrt(wrong * (1 - wrong));
	out->log_evidence = top + log(sum);
}
