/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trials.c - trials counted; see trials.h. */
#include "trials.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>

enum { BUILDS, BOOTS, CONFIRM_BUILDS, CONFIRM_BOOTS, SEARCH, TOTAL, N_COLUMNS };

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double quantile(const double *sorted, guint n, double p)
{
	double at = p * (n - 1);
	guint below = (guint)at;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

XbSpread xb_spread(double *values, guint n)
{
	double sum = 0;

	if (n == 0)
		return (XbSpread){ NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
	qsort(values, n, sizeof(*values), compare_doubles);
	for (guint i = 0; i < n; i++)
		sum += values[i];
	return (XbSpread){
		.mean = sum / n,
		.least = values[0],
		.p5 = quantile(values, n, 0.05),
		.p25 = quantile(values, n, 0.25),
		.median = quantile(values, n, 0.5),
		.p75 = quantile(values, n, 0.75),
		.p95 = quantile(values, n, 0.95),
		.most = values[n - 1],
	};
}

XbShare xb_share(guint count, guint n)
{
	const double z = 1.959963984540054;

	if (n == 0)
		return (XbShare){ 0, 0, NAN, NAN, NAN };
	double p = (double)count / n, scale = 1 + z * z / n;
	double middle = (p + z * z / (2.0 * n)) / scale;
	double half = z * sqrt(p * (1 - p) / n + z * z / (4.0 * n * n)) / scale;
	return (XbShare){ count, n, p, fmax(middle - half, 0), fmin(middle + half, 1) };
}

static void count(const XbTrial *trial, XbTrials *result)
{
	if (trial->stuck)
		result->unfinished++;
	else if (trial->given_up)
		result->given_up++;
	else if (trial->kind == XB_VERDICT_RANGE && trial->right)
		result->range++;
	else if (trial->right)
		result->right++;
	else if (trial->kind == XB_VERDICT_NONE)
		result->none++;
	else
		result->wrong++;
}

void xb_trials_run(const XbWorld *world, guint n, uint64_t seed, XbTrialsProgress progress,
		   void *data, XbTrials *result)
{
	g_autofree double *column = g_new(double, (gsize)N_COLUMNS *n + 1);
	double stated = 0;
	guint names = 0, names_right = 0;

	*result = (XbTrials){ .stated = NAN };
	for (guint t = 0; t < n; t++) {
		XbTrial trial;
		xb_simulate(world, xb_random_mix(seed) ^ xb_random_mix(t + UINT64_C(0x51)), &trial);
		count(&trial, result);
		if (!trial.stuck && !trial.given_up && trial.kind != XB_VERDICT_RANGE) {
			stated += trial.confidence;
			names_right += trial.right;
			names++;
		}
		const double row[N_COLUMNS] = {
			[BUILDS] = trial.builds + trial.prebuilds + trial.confirm_builds,
			[BOOTS] = trial.boots + trial.confirm_boots,
			[CONFIRM_BUILDS] = trial.confirm_builds,
			[CONFIRM_BOOTS] = trial.confirm_boots,
			[SEARCH] = trial.search_s / 60,
			[TOTAL] = trial.total_s / 60,
		};
		for (guint c = 0; c < N_COLUMNS; c++)
			column[(gsize)c * n + t] = row[c];
		result->n = t + 1;
		if (progress && !progress(t + 1, data))
			break;
	}
	result->stated = names ? stated / names : NAN;
	result->actual = xb_share(names_right, names);
	XbSpread *const spreads[N_COLUMNS] = {
		[BUILDS] = &result->builds,
		[BOOTS] = &result->boots,
		[CONFIRM_BUILDS] = &result->confirm_builds,
		[CONFIRM_BOOTS] = &result->confirm_boots,
		[SEARCH] = &result->search_min,
		[TOTAL] = &result->total_min,
	};
	for (guint c = 0; c < N_COLUMNS; c++)
		*spreads[c] = xb_spread(&column[(gsize)c * n], result->n);
}
