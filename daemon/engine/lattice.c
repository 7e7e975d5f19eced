/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lattice.c - integrals over levels as sums over points. */
#include "lattice.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

#define REACH      5     /* s around each reading */
#define NEGLIGIBLE (-15) /* logarithm of a density over the highest */
/* Where boots of one image count this much each, the table of single boots will do. */
#define TABLED 0.8

void xb_lattice_init(XbLattice *self, const XbObservations *seen, const double *more, guint n_more)
{
	const guint n = seen->readings->len;

	*self = (XbLattice){ .seen = seen, .n_columns = seen->measured->len };
	self->per_s = n <= 44 ? 4 : n <= 177 ? 8 : 16;
	self->points = g_new(double, n + n_more + 1);
	for (guint i = 0; i < n; i++)
		self->points[self->n_points++] = g_array_index(seen->readings, XbReading, i).level;
	for (guint i = 0; i < n_more; i++)
		self->points[self->n_points++] = more[i];
	qsort(self->points, self->n_points, sizeof(*self->points), xb_compare_doubles);
	self->runs = g_array_new(FALSE, FALSE, sizeof(guint));
	xb_density_table_init(&self->table);
}

void xb_lattice_clear(XbLattice *self)
{
	g_array_unref(self->runs);
	g_free(self->points);
	g_free(self->index);
	g_free(self->x);
	g_free(self->column);
}

static void make_room(XbLattice *self, guint n)
{
	if (n <= self->capacity)
		return;
	self->capacity = MAX(n, 2 * self->capacity);
	self->index = g_renew(gint64, self->index, self->capacity);
	self->x = g_renew(double, self->x, self->capacity);
	self->column = g_renew(double, self->column, (gsize)self->capacity * self->n_columns);
}

static void lay_points(XbLattice *self)
{
	gint64 next = G_MININT64;

	self->n = 0;
	g_array_set_size(self->runs, 0);
	for (guint i = 0; i < self->n_points; i++) {
		gint64 low = (gint64)floor(self->points[i] / self->spacing) - REACH * self->per_s;
		gint64 high = low + 2 * REACH * self->per_s + 1;
		if (low > next)
			g_array_append_val(self->runs, self->n);
		low = MAX(low, next);
		if (low > high)
			continue;
		make_room(self, self->n + (guint)(high - low + 1));
		for (gint64 k = low; k <= high; k++) {
			self->index[self->n] = k;
			self->x[self->n++] = (double)k * self->spacing;
		}
		next = high + 1;
	}
	g_array_append_val(self->runs, self->n);
}

/* Adds one reading by the table, run by run of neighbouring points. */
static void add_reading(const XbLattice *self, double level, double *out)
{
	for (guint r = 0; r + 1 < self->runs->len; r++) {
		guint start = g_array_index(self->runs, guint, r);
		guint end = g_array_index(self->runs, guint, r + 1);
		xb_density_table_add(&self->table, level, self->index[start], end - start,
				     self->per_s, &out[start]);
	}
}

/* Replicates are known up to a factor, which is put so that their integral is 1. */
static void normalise(const XbLattice *self, double *out)
{
	double top = -INFINITY, sum = 0;

	for (guint k = 0; k < self->n; k++)
		top = out[k] > top ? out[k] : top;
	for (guint k = 0; k < self->n; k++)
		if (out[k] > top + NEGLIGIBLE)
			sum += exp(out[k] - top);
	double norm = top + log(sum * self->spacing);
	for (guint k = 0; k < self->n; k++)
		out[k] -= norm;
}

static void fill_column(XbLattice *self, const XbUnit *unit, double phi, double outliers,
			double *out)
{
	double worth = 1 / (unit->n * phi + 1 - phi);
	XbDensity density = xb_density_make(self->s, pow(outliers, 1 / worth));

	memset(out, 0, self->n * sizeof(*out));
	for (guint b = 0; b < unit->n; b++) {
		double level = xb_reading(self->seen, unit, b)->level;
		if (worth > TABLED)
			add_reading(self, level, out);
		else
			for (guint k = 0; k < self->n; k++)
				out[k] += xb_density_log(&density, level - self->x[k]);
	}
	if (unit->n < 2)
		return;
	for (guint k = 0; k < self->n; k++)
		out[k] *= worth;
	normalise(self, out);
}

void xb_lattice_lay(XbLattice *self, double s, double phi, double outliers)
{
	self->s = s;
	self->spacing = s / self->per_s;
	xb_density_table_fill(&self->table, s, outliers);
	lay_points(self);
	for (guint c = 0; c < self->n_columns; c++) {
		guint unit = g_array_index(self->seen->measured, guint, c);
		fill_column(self, &self->seen->units[unit], phi, outliers,
			    &self->column[(gsize)c * self->n]);
	}
}

XbLevelSum xb_lattice_sum(const XbLattice *self, const double *log_density, double top,
			  double *weight)
{
	double sum = 0, first = 0, second = 0, origin = 0;
	XbLevelSum it = { .first = self->n, .last = 0 };

	memset(weight, 0, self->n * sizeof(*weight));
	for (guint k = 0; k < self->n; k++) {
		double d = log_density[k] - top;
		if (d < NEGLIGIBLE)
			continue;
		if (it.first == self->n) {
			it.first = k;
			origin = self->x[k];
		}
		it.last = k;
		weight[k] = exp(d);
		sum += weight[k];
		first += weight[k] * (self->x[k] - origin);
	}
	first /= sum;
	for (guint k = it.first; k <= it.last; k++) {
		double d = self->x[k] - origin - first;
		weight[k] /= sum;
		second += weight[k] * d * d;
	}
	it.mean = origin + first;
	it.var = second;
	it.log_mass = top + log(sum * self->spacing);
	return it;
}

/* Mass below position @at (in spacings) of the density that @weight has from
 * point *@from on; *@from and *@below carry a growing scan. */
static double distribution(const XbLattice *self, const double *weight, guint last, double at,
			   guint *from, double *below)
{
	while (*from <= last && (double)self->index[*from] + 0.5 <= at) {
		*below += weight[*from];
		(*from)++;
	}
	if (*from > last)
		return *below;
	double inside = at - ((double)self->index[*from] - 0.5);
	return *below + (inside > 0 ? inside * weight[*from] : 0);
}

double xb_lattice_small(const XbLattice *self, const double *weight_a, const XbLevelSum *a,
			const double *weight_b, const XbLevelSum *b, double floor)
{
	guint low = b->first, high = low;
	double below_low = 0, below_high = 0, small = 0, reach = floor / self->spacing;

	for (guint k = a->first; k <= a->last; k++) {
		double at = (double)self->index[k];
		double upper =
			distribution(self, weight_b, b->last, at + reach, &high, &below_high);
		double lower = distribution(self, weight_b, b->last, at - reach, &low, &below_low);
		small += weight_a[k] * (upper - lower);
	}
	return CLAMP(small, 0, 1);
}
