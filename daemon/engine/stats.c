/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c - special functions and test statistics. */
#include "stats.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Beyond so many pairs the distribution of U is taken for normal. */
#define EXACT_PAIRS 40000

int xb_compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double xb_median_variance(guint n)
{
	return (n > 2 ? G_PI / 2 : 1) / n;
}

double xb_median(double *values, guint n)
{
	if (n == 0)
		return NAN;
	qsort(values, n, sizeof(*values), xb_compare_doubles);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

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

double xb_normal_tail(double z)
{
	return 0.5 * erfc(z / sqrt(2));
}

/* ---- ranks ------------------------------------------------------------------- */

double xb_mann_whitney_u(const double *x, guint m, const double *y, guint n)
{
	double u = 0;

	for (guint i = 0; i < m; i++)
		for (guint j = 0; j < n; j++)
			u += x[i] > y[j] ? 1 : x[i] == y[j] ? 0.5 : 0;
	return u;
}

/*
 * P(U = k) for k = 0 .. m n / 2 rounded down (it is symmetric). The counts are
 * the coefficients of the Gaussian binomial, the product over i of
 * (1 - q^(n + i)) / (1 - q^i); each factor is brought in by one pass down and
 * one up, with i / (n + i) keeping them probabilities. Caller frees.
 */
static double *mann_whitney_half(guint m, guint n)
{
	gsize size = (gsize)m * n / 2 + 1;
	double *prob = g_new0(double, size);

	prob[0] = 1;
	for (guint i = 1; i <= m; i++) {
		double scale = (double)i / (n + i);
		for (gsize k = size; k-- > n + i;)
			prob[k] -= prob[k - n - i];
		for (gsize k = 0; k < size; k++)
			prob[k] = prob[k] * scale + (k >= i ? prob[k - i] : 0);
	}
	return prob;
}

double xb_mann_whitney_tail(double u, guint m, guint n)
{
	double pairs = (double)m * n, sum = 0;

	if (m == 0 || n == 0 || isnan(u))
		return NAN;
	if (u < 0 || u >= pairs)
		return u < 0 ? 0 : 1;
	if (pairs > EXACT_PAIRS)
		return xb_normal_tail((pairs / 2 - floor(u) - 0.5) /
				      sqrt(pairs * ((double)m + n + 1) / 12));
	g_autofree double *prob = mann_whitney_half(m, n);
	bool upper = floor(u) > floor(pairs / 2);
	gsize end = (gsize)(upper ? pairs - floor(u) : floor(u) + 1);
	for (gsize k = 0; k < end; k++)
		sum += prob[k];
	return upper ? 1 - sum : fmin(sum, 1);
}

/* The most pairs that can be cut off at either end: P(U < cut) <= tail. */
static gsize pairs_to_cut(guint m, guint n, double tail)
{
	gsize pairs = (gsize)m * n, cut = 0;
	double sum = 0;

	if (pairs > EXACT_PAIRS) {
		double sd = sqrt((double)pairs * ((double)m + n + 1) / 12);
		double z = xb_t_quantile(tail, 1e9);
		return (gsize)fmax(floor((double)pairs / 2 - z * sd + 0.5), 0);
	}
	g_autofree double *prob = mann_whitney_half(m, n);
	while (cut <= pairs / 2 && sum + prob[cut] <= tail)
		sum += prob[cut++];
	return cut;
}

bool xb_hodges_lehmann(const double *x, guint m, const double *y, guint n, double alpha,
		       double *shift, double *low, double *high)
{
	gsize pairs = (gsize)m * n;

	if (m == 0 || n == 0)
		return false;
	gsize cut = pairs_to_cut(m, n, alpha / 2);
	if (cut == 0)
		return false;
	g_autofree double *difference = g_new(double, pairs);
	for (guint i = 0; i < m; i++)
		for (guint j = 0; j < n; j++)
			difference[(gsize)i * n + j] = x[i] - y[j];
	qsort(difference, pairs, sizeof(*difference), xb_compare_doubles);
	*shift = pairs % 2 ? difference[pairs / 2]
			   : (difference[pairs / 2 - 1] + difference[pairs / 2]) / 2;
	*low = difference[cut - 1];
	*high = difference[pairs - cut];
	return true;
}

/* ---- Kolmogorov and Smirnov ------------------------------------------------------ */

/* P(D >= k / (m n)): one less the share of the paths from (0, 0) to (m, n) that
 * stay where |i n - j m| < k, kept as a share of all paths to (i, j). */
static double kolmogorov_tail_at(double k, guint m, guint n)
{
	g_autofree double *inside = g_new0(double, n + 1);

	for (guint i = 0; i <= m; i++)
		for (guint j = 0; j <= n; j++) {
			double from_left = j > 0 ? inside[j - 1] * j / (i + j) : 0;
			double from_below = i > 0 ? inside[j] * i / (i + j) : 0;
			bool in = fabs((double)i * n - (double)j * m) < k;
			inside[j] = !in ? 0 : i + j == 0 ? 1 : from_left + from_below;
		}
	return fmax(1 - inside[n], 0);
}

double xb_kolmogorov_tail(double d, guint m, guint n)
{
	if (m == 0 || n == 0 || isnan(d))
		return NAN;
	/* Distances are multiples of 1 / (m n). */
	return kolmogorov_tail_at(ceil(d * m * n - 1e-6), m, n);
}

/* The largest of F(x - shift) - F(y), or with @reverse the other way round. */
static double distance(const double *x, guint m, const double *y, guint n, double shift,
		       bool reverse)
{
	double most = 0;

	for (guint i = 0, j = 0; i < m || j < n;) {
		double at = i == m ? y[j] : j == n ? x[i] - shift : fmin(x[i] - shift, y[j]);
		while (i < m && x[i] - shift <= at)
			i++;
		while (j < n && y[j] <= at)
			j++;
		double d = (double)i * n - (double)j * m;
		most = fmax(most, reverse ? -d : d);
	}
	return most;
}

/* The smallest k whose P(D >= k / (m n)) is within @alpha; 0 when there is none. */
static guint kolmogorov_critical(guint m, guint n, double alpha)
{
	guint low = 0, high = m * n;

	if (kolmogorov_tail_at(high, m, n) > alpha)
		return 0;
	while (high - low > 1) {
		guint middle = low + (high - low) / 2;
		if (kolmogorov_tail_at(middle, m, n) <= alpha)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static double *sorted_copy(const double *values, guint n)
{
	double *copy = g_memdup2(values, n * sizeof(*values));

	qsort(copy, n, sizeof(*copy), xb_compare_doubles);
	return copy;
}

bool xb_kolmogorov_shift(const double *x, guint m, const double *y, guint n, double alpha,
			 double *low, double *high)
{
	gsize pairs = (gsize)m * n;

	if (m == 0 || n == 0 || pairs > EXACT_PAIRS)
		return false;
	guint critical = kolmogorov_critical(m, n, alpha);
	if (critical == 0)
		return false;
	g_autofree double *xs = sorted_copy(x, m), *ys = sorted_copy(y, n);
	g_autofree double *gap = g_new(double, pairs);
	for (guint i = 0; i < m; i++)
		for (guint j = 0; j < n; j++)
			gap[(gsize)i * n + j] = x[i] - y[j];
	qsort(gap, pairs, sizeof(*gap), xb_compare_doubles);
	/* Between gap[k - 1] and gap[k] nothing changes. @least: the first such k
	 * that is not rejected as too low a shift; @most: the last one not too high. */
	gsize least = 0, most = pairs;
	for (gsize a = 0, b = pairs; a < b;) {
		gsize k = (a + b) / 2;
		double shift = k == 0 ? gap[0] - 1 : (gap[k - 1] + gap[k]) / 2;
		if (distance(xs, m, ys, n, shift, true) >= critical)
			a = least = k + 1;
		else
			b = k;
	}
	for (gsize a = 0, b = pairs; a < b;) {
		gsize k = (a + b + 1) / 2;
		double shift = k == pairs ? gap[k - 1] + 1 : (gap[k - 1] + gap[k]) / 2;
		if (distance(xs, m, ys, n, shift, false) >= critical)
			b = most = k - 1;
		else
			a = k;
	}
	if (least == 0 || most == pairs || least > most)
		return false;
	*low = gap[least - 1];
	*high = gap[most];
	return true;
}
