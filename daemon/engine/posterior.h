/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * posterior.h - what the readings say about every hypothesis.
 *
 * Model (all on the log scale). The reading y of a boot of image u is
 *
 *     y = level(side of u) + image(u) + boot,   image ~ N(0, phi s^2),
 *                                               boot  ~ N(0, (1 - phi) s^2)
 *
 * except that with probability epsilon a boot is an outlier, whose deviation
 * is Cauchy with scale max(3 %, 4 s). So s is the standard deviation of a
 * single boot of a fresh image, and phi the share of it that comes back
 * whenever that image is booted again: n boots of one image are worth as many
 * as 1 / (n phi + 1 - phi) of each suggests (phi = 1, a deterministic host:
 * no more than one boot).
 *
 * Hypotheses: h is the culprit (two levels, a on the good side and b on the
 * bad side), or none is (one level). Priors: a flat; b - a Cauchy with median
 * 0 and scale 5 %, centred on where the readings of GOOD lie; "none" has 0.2,
 * the rest is shared by the commits by their prior weights; s log-normal
 * around 0.8 % with sd 0.8 (a factor of 2.2), or around history's value with
 * the precision its number of boots gives; sqrt(phi) s log-normal around
 * 0.05 % with sd 0.7; epsilon 0.2 % with the weight of 50 boots. A level that
 * history knows from n boots is one more reading, of variance s^2 / min(n, 64)
 * (the cap because hosts drift): GOOD's of the good side, BAD's of the bad side.
 * n boots of one image count for w = 1 / (n phi + 1 - phi) of each, but that
 * all of them are outliers has epsilon^n: there, epsilon^(1 / w) is their share.
 *
 * a, b, s, phi are integrated out, epsilon is put at its posterior mean. Given
 * s the integral factors into one over a and one over b, each a sum over a
 * lattice of spacing s / 4, or s / (0.6 sqrt(n)) for n readings beyond 44, that
 * covers 5 s around every reading (for densities this smooth the trapezoidal rule
 * converges geometrically: a Gaussian of 0.6 spacings is integrated to 2e-3
 * relative; Trefethen and Weideman, SIAM Review 56 (2014)). The integral over log s is a sum as
 * well, over steps around its mode out to where the evidence has dropped by e^-6. With epsilon = 0
 * and one boot an image all this is the textbook Normal-Inverse-Gamma marginal likelihood, with a
 * proper prior on s in place of the inverse gamma (Gelman et al., Bayesian Data Analysis, 3rd
 * ed., 3.3); the predictive mixture over s is what is Student's t there.
 *
 * |b - a| < log(1 + min_effect) counts as "none": its probability under each
 * hypothesis is moved there.
 */
#ifndef XB_POSTERIOR_H
#define XB_POSTERIOR_H

#include "hypotheses.h"

/* Levels under one group of hypotheses: mean and variance of each side's. */
typedef struct {
	double mass; /* P(culprit in this group, step large enough) */
	double mean[2], var[2];
} XbGroupBelief;

typedef struct {
	double none;  /* P(no step of at least min_effect) */
	double *node; /* node -> P(it is the culprit); node 0: none */
	XbGroupBelief *group;
	XbGroupBelief flat;  /* the single level under "none", in mean[0] and mean[1] */
	double s;            /* posterior mean of log s, as a standard deviation */
	double phi;          /* posterior mean */
	double outliers;     /* epsilon */
	double log_evidence; /* of the readings, for comparing models */
} XbPosterior;

/* Needs a reading of GOOD or a known level of it (history_level), and a reading
 * or a known level of BAD (history_bad_level). */
XbPosterior *xb_posterior_new(const XbObservations *seen, const XbHypotheses *hypotheses,
			      const XbOptions *options);
void xb_posterior_free(XbPosterior *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbPosterior, xb_posterior_free)

#endif
