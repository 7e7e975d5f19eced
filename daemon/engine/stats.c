/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c - special functions and test statistics. */
#include "stats.h"

#include <float.h>
#include <math.h>

/* The continued fraction of the incomplete beta function. */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = DBL_MIN / DBL_EPSILON;
	double c = 1;
	double d = 1 - (a + b) * x / (a + 1);
	d = 1 / (fabs(d) < tiny ? tiny : d);
	double h = d;

	for (int m = 1; m < 10000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 + even * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + even / c;
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 + odd * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + odd / c;
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		if (fabs(d * c - 1) < 2 * DBL_EPSILON)
			break;
	}
	return h;
}

double xb_incomplete_beta(double a, double b, double x)
{
	if (!(a > 0 && b > 0) || isnan(x))
		return NAN;
	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double xb_t_tail(double t, double freedom)
{
	if (isnan(t) || !(freedom > 0))
		return NAN;
	if (isinf(t))
		return t > 0 ? 0 : 1;
	double half = 0.5 * xb_incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
	return t >= 0 ? half : 1 - half;
}

double xb_t_quantile(double tail, double freedom)
{
	if (!(tail > 0 && tail < 1) || !(freedom > 0))
		return NAN;
	if (tail > 0.5)
		return -xb_t_quantile(1 - tail, freedom);
	double low = 0, high = 1;
	while (xb_t_tail(high, freedom) > tail && high < 1e300)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 4 * DBL_EPSILON * high; i++) {
		double middle = low + (high - low) / 2;
		if (xb_t_tail(middle, freedom) > tail)
			low = middle;
		else
			high = middle;
	}
	return low + (high - low) / 2;
}
