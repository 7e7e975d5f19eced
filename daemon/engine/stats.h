/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - distributions and rank statistics, with libm only.
 */
#ifndef XB_STATS_H
#define XB_STATS_H

#include <glib.h>
#include <stdbool.h>

/* Regularised incomplete beta function I_x(a, b), 0 <= x <= 1; a, b > 0.
 * Continued fraction by Lentz's method (DLMF 8.17.22). */
double xb_incomplete_beta(double a, double b, double x);

/* P(T > t) of Student's t with @freedom > 0 degrees of freedom:
 * I_{f/(f+t^2)}(f/2, 1/2) / 2 for t > 0. */
double xb_t_tail(double t, double freedom);

/* The t with P(T > t) = @tail, 0 < tail < 1. */
double xb_t_quantile(double tail, double freedom);

#endif
