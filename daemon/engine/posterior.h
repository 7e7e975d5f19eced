/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * posterior.h - what the readings say about every hypothesis.
 *
 * Model (all on the log scale). The reading y of a boot of image u is
 *
 *     y = level(side of u) + image(u) + boot,   image ~ N(0, phi s^2),
 *                                               boot  ~ N(0, (1 - phi) s^2)
 *
 * except that with probability epsilon a boot is an outlier, which is Cauchy
 * (density.h). So s is the standard deviation of a single boot of a fresh
 * image, and phi the share of its variance that comes back whenever that image
 * is booted again (scatter.h): n boots of one image are worth as many as
 * 1 / (n phi + 1 - phi) of each suggests (phi = 1, a deterministic host: no
 * more than one boot; lattice.h).
 *
 * Hypotheses: h is the culprit (two levels, a on the good side and b on the
 * bad side), or none is (one level). Priors, which are chosen and not measured: a
 * flat; b Cauchy with scale 5 % around the median of GOOD's readings, which stands
 * for a so that the integral factors; "none" has 0.2, the rest is shared by the
 * commits by their prior weights; s log-normal around 0.8 % with sd 0.8 (a factor
 * of 2.2), or around history's value, log s then with variance 1 / (2 (n - 1)) +
 * 0.01 for n boots; s is cut to 0.01 .. 50 %. A level that history knows from n
 * boots is normal around it, of variance s^2 / min(n, 64) + (0.05 %)^2 (the cap
 * because hosts drift): GOOD's of the good side, BAD's of the bad side. epsilon is
 * 0.2 %, 2 % or 10 %, with prior 0.96, 0.03 and 0.01; while no reading has more
 * than 0.6 to be an outlier at 2 %, the first stands for all. Boots under other
 * layout perturbations are boots of the same image. Drift is no part of this model:
 * it is taken out of the readings where it is found (drift.h).
 *
 * a, b, s and epsilon are integrated out. phi is integrated out of the evidence of
 * the replicates, and has its mean given s where their columns are weighed. Given s
 * the integral factors into one over a and one over b, each a sum over a lattice
 * (lattice.h). The integral over log s is a sum as well, over steps around its mode
 * out to where the evidence has dropped by e^-6, so a stated probability is exact
 * to about 1e-3 of itself (with over 200 readings, where the steps of the sum are no longer small
 * against its width, to a few per cent), and what is asked beyond 99.9 % is not resolved. Without
 * outliers and with one boot an image all this is the textbook Normal-Inverse-Gamma marginal
 * likelihood, with a proper prior on s in place of the inverse gamma (Gelman et al., Bayesian Data
 * Analysis, 3rd ed., 3.3); the predictive mixture over s is what is Student's t there. Groups whose
 * density is nowhere within e^-16 of the likeliest one's have no mass.
 *
 * |b - a| < log(1 + min_effect) counts as "none": its probability under each
 * hypothesis is moved there.
 *
 * So what is stated is right as often as stated over worlds that are as frequent
 * as these priors say. In one given world it may be above or below: where a boot
 * varies by as much as the step, a search that looks after each boot would be
 * right in 92 % of what it states with 96 %. Hence what is asked for beyond it
 * (bisect.h, confirm.h): fresh boots of culprit and parent, the more the noisier, and a part
 * of the error kept back (`make bench-search`: then 98 % are right there).
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
	double outliers;     /* epsilon, posterior mean */
	double log_evidence; /* of the readings, for comparing models */
} XbPosterior;

/* Needs a reading of GOOD or a known level of it (history_level), and a reading
 * or a known level of BAD (history_bad_level). */
XbPosterior *xb_posterior_new(const XbObservations *seen, const XbHypotheses *hypotheses,
			      const XbOptions *options);
void xb_posterior_free(XbPosterior *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbPosterior, xb_posterior_free)

#endif
