/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - distributions and rank statistics, with libm only.
 */
#ifndef XB_STATS_H
#define XB_STATS_H

#include <glib.h>
#include <stdbool.h>

/* For qsort(). */
int xb_compare_doubles(const void *a, const void *b);

/* Sorts @values, none of them NAN. NAN of none. */
double xb_median(double *values, guint n);

/* Variance of the median of @n > 0 normal values of variance 1: pi / (2 n), that of many, for more
 * than two. */
double xb_median_variance(guint n);

/* Regularised incomplete beta function I_x(a, b), 0 <= x <= 1; a, b > 0.
 * Continued fraction by Lentz's method (DLMF 8.17.22). */
double xb_incomplete_beta(double a, double b, double x);

/* P(T > t) of Student's t with @freedom > 0 degrees of freedom:
 * I_{f/(f+t^2)}(f/2, 1/2) / 2 for t > 0. */
double xb_t_tail(double t, double freedom);

/* The t with P(T > t) = @tail, 0 < tail < 1. */
double xb_t_quantile(double tail, double freedom);

double xb_normal_tail(double z);

/*
 * The Mann-Whitney U of two samples: the number of pairs with x > y, ties
 * counted half. And P(U <= u) under exchangeability without ties: exact up to
 * 40,000 pairs, by the generating function of its counts, the Gaussian
 * binomial (Mann and Whitney, Annals of Mathematical Statistics 18 (1947);
 * Andrews, The Theory of Partitions, ch. 3); normal with the correction for
 * continuity beyond.
 */
double xb_mann_whitney_u(const double *x, guint m, const double *y, guint n);
double xb_mann_whitney_tail(double u, guint m, guint n);

/*
 * The shift x - y by Hodges and Lehmann, the median of all differences, and
 * its exact interval of confidence 1 - @alpha from the distribution of U
 * (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 4.3).
 * false when the samples are too small for that confidence.
 */
bool xb_hodges_lehmann(const double *x, guint m, const double *y, guint n, double alpha,
		       double *shift, double *low, double *high);

/*
 * Two-sample Kolmogorov-Smirnov: the exact P(D >= d) without ties, by counting
 * lattice paths (Hodges, Arkiv for Matematik 3 (1958)); and the shifts x - y
 * that the test does not reject at @alpha, an interval because both one-sided
 * distances are monotone in the shift. false when the samples are too small
 * for that, or have more than 40,000 pairs.
 */
double xb_kolmogorov_tail(double d, guint m, guint n);
bool xb_kolmogorov_shift(const double *x, guint m, const double *y, guint n, double alpha,
			 double *low, double *high);

#endif
