/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control-limits.c - see control-limits.h. */
#include "control-limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

#define NORMAL_MAD 1.4826 /* of the standard deviation to the MAD of a normal distribution */
#define TAIL       0.005
#define EFFICIENCY 0.4

bool xb_limits_learn(const double *levels, guint n, XbLimits *limits)
{
	g_autofree double *values = NULL;
	double half;

	if (n < XB_LIMITS_BOOTS_MIN)
		return false;
	values = g_memdup2(levels, n * sizeof(*levels));
	limits->median = xb_median(values, n);
	for (guint i = 0; i < n; i++)
		values[i] = fabs(levels[i] - limits->median);
	half = NORMAL_MAD * xb_median(values, n) * sqrt(1 + G_PI / (2.0 * n)) *
	       xb_t_quantile(TAIL, MAX(2, EFFICIENCY * (n - 1)));
	half = MAX(half, XB_LIMITS_FLOOR * fabs(limits->median));
	limits->low = limits->median - half;
	limits->high = limits->median + half;
	return true;
}
