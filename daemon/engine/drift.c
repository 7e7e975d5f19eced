/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift.c - a host that changes slowly while a job runs. */
#include "drift.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>

#define Z_LEAST 2.81

typedef struct {
	guint sequence, reading;
} Turn;

static int by_sequence(const void *a, const void *b)
{
	const Turn *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* Reading -> its place in time, 0, 1, 2, ...; to g_free. */
static guint *places(const XbObservations *seen)
{
	guint n = seen->readings->len;
	g_autofree Turn *turn = g_new(Turn, n + 1);
	guint *place = g_new(guint, n + 1);

	for (guint i = 0; i < n; i++)
		turn[i] = (Turn){ g_array_index(seen->readings, XbReading, i).sequence, i };
	qsort(turn, n, sizeof(*turn), by_sequence);
	for (guint i = 0; i < n; i++)
		place[turn[i].reading] = i;
	return place;
}

static double pairs_variance(double n)
{
	return n * (n - 1) * (2 * n + 5) / 18;
}

/* That of one image's S. */
static double image_variance(const XbObservations *seen, const XbUnit *unit)
{
	g_autofree double *level = g_new(double, unit->n + 1);
	double variance = pairs_variance(unit->n);
	guint first = 0;

	for (guint k = 0; k < unit->n; k++)
		level[k] = xb_reading(seen, unit, k)->level;
	qsort(level, unit->n, sizeof(*level), xb_compare_doubles);
	for (guint k = 1; k <= unit->n; k++) {
		if (k < unit->n && level[k] <= level[first])
			continue;
		variance -= pairs_variance(k - first);
		first = k;
	}
	return variance;
}

/* Readings of a unit are sorted by time. */
static void add_slopes(const XbObservations *seen, const XbUnit *unit, const guint *place,
		       GArray *slopes)
{
	for (guint k = 0; k < unit->n; k++) {
		for (guint l = k + 1; l < unit->n; l++) {
			double rise =
				xb_reading(seen, unit, l)->level - xb_reading(seen, unit, k)->level;
			double slope = rise / (place[unit->start + l] - place[unit->start + k]);
			g_array_append_val(slopes, slope);
		}
	}
}

double xb_drift_slope(const XbObservations *seen, double least)
{
	g_autofree guint *place = places(seen);
	g_autoptr(GArray) slopes = g_array_new(FALSE, FALSE, sizeof(double));
	double *slope, variance = 0, s = 0;

	for (guint i = 0; i < seen->measured->len; i++) {
		const XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, i)];
		variance += image_variance(seen, unit);
		add_slopes(seen, unit, place, slopes);
	}
	slope = (double *)(gpointer)slopes->data;
	for (guint i = 0; i < slopes->len; i++)
		s += (slope[i] > 0) - (slope[i] < 0);
	if (fabs(s) - 1 < Z_LEAST * sqrt(variance) || variance <= 0)
		return 0;
	double median = xb_median(slope, slopes->len);
	return fabs(median) * (seen->readings->len - 1) >= least ? median : 0;
}

void xb_drift_remove(XbObservations *seen, double slope)
{
	g_autofree guint *place = places(seen);
	double middle = (seen->readings->len - 1) / 2.0;

	for (guint i = 0; i < seen->readings->len; i++)
		g_array_index(seen->readings, XbReading, i).level -= slope * (place[i] - middle);
	for (guint i = 0; i < seen->measured->len; i++) {
		XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, i)];
		double sum = 0;

		for (guint k = 0; k < unit->n; k++)
			sum += xb_reading(seen, unit, k)->level;
		unit->mean = sum / unit->n;
	}
}
