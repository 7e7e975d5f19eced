/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passfail.h - the posterior where a boot answers pass or fail (XbOptions.pass_fail).
 *
 * A boot of a commit on the good side fails with probability e, one on the bad
 * side passes with probability f; answers are independent, replicates of one
 * image too. e and f are unknown: Beta(1, 19) each, one wrong answer in 20
 * with the weight of 20 boots. Under "none" a boot fails with a probability that
 * is uniform. With k failures in n boots of the good side and l passes in m boots
 * of the bad side the evidence of a culprit is
 *
 *     B(1 + k, 19 + n - k) / B(1, 19)  x  B(1 + l, 19 + m - l) / B(1, 19)
 *
 * (Gelman et al., Bayesian Data Analysis, 3rd ed., 2.4). Levels are told as for
 * any metric, as means of the logarithm: a pass reads 0, a failure log 2.
 */
#ifndef XB_PASSFAIL_H
#define XB_PASSFAIL_H

#include "posterior.h"

/* Fills @out, whose arrays exist. @group_prior: group -> prior, without "none". */
void xb_pass_fail(const XbObservations *seen, const XbHypotheses *hypotheses,
		  const double *group_prior, double prior_none, XbPosterior *out);

/* P(a boot fails) at such a mean of the logarithm. */
static inline double xb_pass_fail_rate(double mean)
{
	return CLAMP(mean / G_LN2, 1e-6, 1 - 1e-6);
}

#endif
