/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift.c - a host that changes slowly while a job runs. */
#include "drift.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>

#define Z_LEAST 3.89

typedef struct {
	guint sequence, reading;
} Turn;

static int by_sequence(const void *a, const void *b)
{
	const Turn *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* Reading -> its place in time among those of this job, 0, 1, 2, ... < @n; to g_free. */
static guint *places(const XbObservations *seen, guint *n)
{
	g_autofree Turn *turn = g_new(Turn, seen->readings->len + 1);
	guint *place = g_new0(guint, seen->readings->len + 1);

	*n = 0;
	for (guint i = 0; i < seen->readings->len; i++) {
		const XbReading *reading = &g_array_index(seen->readings, XbReading, i);
		if (!reading->earlier)
			turn[(*n)++] = (Turn){ reading->sequence, i };
	}
	qsort(turn, *n, sizeof(*turn), by_sequence);
	for (guint i = 0; i < *n; i++)
		place[turn[i].reading] = i;
	return place;
}

static double pairs_variance(double n)
{
	return n * (n - 1) * (2 * n + 5) / 18;
}

/* Of one image: the slopes of all pairs of its readings, which are sorted by time, and the variance
 * of its S. */
static double add_image(const XbObservations *seen, const XbUnit *unit, const guint *place,
			GArray *slopes)
{
	g_autofree double *level = g_new(double, unit->n + 1);
	guint n = 0, first = 0;

	for (guint l = 0; l < unit->n; l++) {
		const XbReading *late = xb_reading(seen, unit, l);
		if (late->earlier)
			continue;
		for (guint k = 0; k < l; k++) {
			const XbReading *early = xb_reading(seen, unit, k);
			double slope = (late->level - early->level) /
				       ((double)place[unit->start + l] - place[unit->start + k]);
			if (!early->earlier)
				g_array_append_val(slopes, slope);
		}
		level[n++] = late->level;
	}
	double variance = pairs_variance(n);
	qsort(level, n, sizeof(*level), xb_compare_doubles);
	for (guint k = 1; k <= n; k++) {
		if (k < n && level[k] <= level[first])
			continue;
		variance -= pairs_variance(k - first);
		first = k;
	}
	return variance;
}

double xb_drift_slope(const XbObservations *seen, double least)
{
	guint n;
	g_autofree guint *place = places(seen, &n);
	g_autoptr(GArray) slopes = g_array_new(FALSE, FALSE, sizeof(double));
	double *slope, variance = 0, s = 0;

	for (guint i = 0; i < seen->measured->len; i++)
		variance += add_image(seen, &seen->units[g_array_index(seen->measured, guint, i)],
				      place, slopes);
	slope = (double *)(gpointer)slopes->data;
	for (guint i = 0; i < slopes->len; i++)
		s += (slope[i] > 0) - (slope[i] < 0);
	if (variance <= 0 || fabs(s) - 1 < Z_LEAST * sqrt(variance))
		return 0;
	double median = xb_median(slope, slopes->len);
	return fabs(median) * (n - 1) >= least ? median : 0;
}

double xb_drift_remove(XbObservations *seen, double slope)
{
	guint n;
	g_autofree guint *place = places(seen, &n);
	double middle = (n - 1) / 2.0;

	for (guint i = 0; i < seen->readings->len; i++) {
		XbReading *reading = &g_array_index(seen->readings, XbReading, i);
		if (!reading->earlier)
			reading->level -= slope * (place[i] - middle);
		seen->level[reading->boot] = reading->level;
	}
	for (guint i = 0; i < seen->measured->len; i++) {
		XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, i)];
		double sum = 0;

		for (guint k = 0; k < unit->n; k++)
			sum += xb_reading(seen, unit, k)->level;
		unit->mean = sum / unit->n;
	}
	return slope * (n - 1);
}
