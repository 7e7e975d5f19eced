/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reference.h - searches to compare the engine's with, on a line of commits,
 * one reading a boot: y = level(side) + s z, z standard normal. Written for
 * the comparison alone: nothing of the engine is in them.
 *
 * The *oracle* knows both levels and s. Its posterior is the product of
 * likelihood ratios; it boots the commit whose probability of being on the bad
 * side is nearest to one half, which for a known channel is the one with the
 * largest mutual information (Burnashev and Zigangirov, 1974), and stops when
 * one commit has the confidence. It needs no endpoint.
 *
 * The *greedy* reference knows neither the levels nor s, nor whether there is
 * a culprit. Levels a, b and s have the conjugate Normal-Inverse-Gamma prior
 *
 *     s^2 ~ IG(A0, B0),   a, b | s ~ N(m0, s^2 / K0) each,
 *
 * centred on the first reading of GOOD, so that the evidence of each
 * hypothesis is a ratio of gamma functions and the prediction of a reading is
 * Student's t (Murphy, Conjugate Bayesian analysis of the Gaussian
 * distribution, 2007, section 6; Gelman et al., BDA 3, section 3.3). It boots
 * the commit with the largest mutual information of culprit and reading,
 * endpoints included, by numerical integration; "none" is a hypothesis. Of a
 * stretch of commits that no reading tells apart it tries 9 places, or 1 where the
 * culprit is there with less than 1 %.
 *
 * B0 expects boots that vary by 0.8 %, so in cells where they vary by as much as
 * the step the greedy reference stops too early: at d = 1 and 95 % it is right in
 * about .85 of trials (greedy_right of the row). Boots over it are to be read
 * beside both accuracies.
 */
#ifndef XB_BENCH_REFERENCE_H
#define XB_BENCH_REFERENCE_H

#include <glib.h>
#include <stdint.h>

typedef struct {
	guint n;         /* commits that can be the culprit: 1 .. n; 0 is GOOD */
	double shift, s; /* log scale */
	double confidence;
	double prior_none; /* of the greedy search */
	guint most;        /* boots at most */
} RefWorld;

typedef struct {
	guint truth, culprit; /* 0: none */
	guint boots;
	double confidence; /* of what it names */
} RefTrial;

void ref_oracle(const RefWorld *world, uint64_t seed, RefTrial *trial);
void ref_greedy(const RefWorld *world, uint64_t seed, RefTrial *trial);

#endif
