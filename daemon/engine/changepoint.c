/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changepoint.c - where the level of a series changed; see changepoint.h.
 */
#include "changepoint.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCALE_OF_STEPS  0.836 /* mean deviation of normal noise / median of |steps| */
#define FLOOR_PARTS     8
#define PENALTY_LOGS    3.0
#define BACK_PART       0.25
#define CHANGE_UNLOOKED 0.05 /* that two equal levels have a change and its end between them */

static double median_of(const double *values, guint n)
{
	g_autofree double *copy = g_memdup2(values, n * sizeof(double));

	return xb_median(copy, n);
}

static double scale_of(const double *logs, guint n, double floor)
{
	double least = log1p(floor) / FLOOR_PARTS, scale;
	g_autofree double *steps = g_new(double, n);

	for (guint i = 0; i + 1 < n; i++)
		steps[i] = fabs(logs[i + 1] - logs[i]);
	scale = n > 1 ? SCALE_OF_STEPS * median_of(steps, n - 1) : 0;
	return fmax(fmax(scale, least), 1e-12);
}

/*
 * The sum of distances to the median of a growing set: the sum of its upper half
 * less that of its lower half.
 */
typedef struct {
	double *sorted;
	guint n;
	double low, high; /* sums of the n/2 smallest and n/2 largest */
} Spread;

static void spread_add(Spread *self, double x)
{
	guint k = self->n / 2, p = self->n;

	while (p > 0 && self->sorted[p - 1] > x)
		p--;
	if (self->n % 2) { /* the middle one joins a half, x the other */
		double middle = self->sorted[k];

		self->low += p <= k ? x : middle;
		self->high += p <= k ? middle : x;
	} else if (p < k) {
		self->low += x - self->sorted[k - 1];
	} else if (p > k) {
		self->high += x - self->sorted[k];
	}
	memmove(self->sorted + p + 1, self->sorted + p, (self->n - p) * sizeof(double));
	self->sorted[p] = x;
	self->n++;
}

/* start[t]: where the last segment of the best partition of the first t values begins. */
static void partition(const double *logs, guint n, guint least, double scale, guint *start)
{
	g_autofree double *best = g_new(double, n + 1), *room = g_new(double, n + 1);
	double penalty = PENALTY_LOGS * log(n);

	best[0] = 0;
	for (guint t = 1; t <= n; t++) {
		Spread spread = { .sorted = room };

		best[t] = INFINITY;
		start[t] = 0;
		for (guint s = t; s-- > 0;) {
			double cost;

			spread_add(&spread, logs[s]);
			if (t - s < least || !isfinite(best[s]))
				continue;
			cost = best[s] + (spread.high - spread.low) / scale + penalty;
			if (cost < best[t]) {
				best[t] = cost;
				start[t] = s;
			}
		}
	}
}

GArray *xb_change_segments(const double *values, guint n, const XbChangeOptions *options)
{
	GArray *segments = g_array_new(FALSE, FALSE, sizeof(XbLevelRun));
	guint least = MAX(options->min_segment, 2);
	g_autofree double *logs = g_new(double, n + 1);
	g_autofree guint *start = g_new0(guint, n + 1);

	for (guint i = 0; i < n; i++)
		logs[i] = log(values[i]);
	if (n >= least)
		partition(logs, n, least, scale_of(logs, n, options->floor), start);
	for (guint end = n; end > 0;) {
		guint first = start[end];
		XbLevelRun segment = { first, end - first,
				       exp(median_of(logs + first, end - first)) };

		g_array_prepend_val(segments, segment);
		end = first;
	}
	return segments;
}

GArray *xb_change_report(const GArray *segments, const XbChangeOptions *options)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(XbChange));
	const XbLevelRun *reference = NULL;

	for (guint i = 0; i < segments->len; i++) {
		const XbLevelRun *segment = &g_array_index(segments, XbLevelRun, i);

		if (reference != NULL &&
		    fabs(log(segment->level / reference->level)) < log1p(options->floor))
			continue;
		if (reference != NULL) {
			XbChange change = { reference->first + reference->n - 1, segment->first,
					    reference->level, segment->level };

			g_array_append_val(changes, change);
		}
		reference = segment;
	}
	return changes;
}

bool xb_change_is_back(double before, double after, double now)
{
	double whole = log(after / before), left = log(now / before);

	return whole > 0 ? left <= BACK_PART * whole : left >= BACK_PART * whole;
}

int xb_change_choose_gap(const XbGap *gaps, guint n, double floor)
{
	double best = 0;
	int chosen = -1;

	for (guint i = 0; i < n; i++) {
		const XbGap *gap = &gaps[i];
		double step = fabs(log(gap->after / gap->before)) / log1p(fmax(floor, 1e-6));
		double odds = isfinite(step) ? fmax(CHANGE_UNLOOKED, fmin(1, step * step)) : 0.5;

		if (gap->inside * odds > best) {
			best = gap->inside * odds;
			chosen = (int)i;
		}
	}
	return chosen;
}
