/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control-limits.h - control limits of a host's health boots, learnt from those that
 * came before: median and median absolute deviation, so that a few sick boots
 * among them move nothing.
 *
 * Half the width is t s sqrt(1 + pi/(2n)): s = 1.4826 MAD estimates the
 * standard deviation of normal readings, pi/(2n) is the variance of a median
 * relative to it, and t the quantile of Student's t for 1 % (two-sided) with
 * 0.4 (n - 1) degrees of freedom, about the efficiency of the MAD (37 %; Rousseeuw
 * and Croux, JASA 88 (1993)). Simulated with normal readings, one boot of a
 * well host in a hundred is outside, and two in a row in a thousand.
 */
#ifndef XB_CONTROL_LIMITS_H
#define XB_CONTROL_LIMITS_H

#include <glib.h>
#include <stdbool.h>

#define XB_LIMITS_BOOTS_MIN 6    /* fewer say nothing */
#define XB_LIMITS_FLOOR     0.01 /* half the width is at least this part of the median */

typedef struct {
	double median, low, high;
} XbLimits;

/* False while there are too few of them. @levels: finite, any order, kept as they are. */
bool xb_limits_learn(const double *levels, guint n, XbLimits *limits);

#endif
