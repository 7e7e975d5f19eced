/* SPDX-License-Identifier: GPL-2.0-or-later */
/* observe.c - boots made into one number each, and grouped by image. */
#include "observe.h"

#include <math.h>
#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double xb_boot_level(const XbBoot *boot)
{
	g_autofree double *valid = g_new(double, boot->n_samples + 1);
	guint n = 0;

	for (guint i = 0; i < boot->n_samples; i++)
		if (isfinite(boot->samples[i]) && boot->samples[i] > 0)
			valid[n++] = log(boot->samples[i]);
	if (n == 0)
		return NAN;
	qsort(valid, n, sizeof(*valid), compare_doubles);
	return n % 2 ? valid[n / 2] : (valid[n / 2 - 1] + valid[n / 2]) / 2;
}

static void number_units(XbObservations *self, const XbGraph *graph, const XbNode *nodes)
{
	g_autoptr(GHashTable) by_class = g_hash_table_new(g_direct_hash, g_direct_equal);

	for (guint i = 0; i < graph->n; i++) {
		gpointer class = GUINT_TO_POINTER(nodes[i].image_class);
		gpointer known;
		guint unit = self->n_units;
		if (nodes[i].image_class != 0 &&
		    g_hash_table_lookup_extended(by_class, class, NULL, &known)) {
			unit = GPOINTER_TO_UINT(known);
		} else {
			self->first[unit] = i;
			self->built[unit] = G_MAXUINT;
			self->n_units++;
			if (nodes[i].image_class != 0)
				g_hash_table_insert(by_class, class, GUINT_TO_POINTER(unit));
		}
		self->unit_of[i] = unit;
		if (nodes[i].status == XB_STATUS_BUILT && !nodes[i].image_inferred &&
		    self->built[unit] == G_MAXUINT)
			self->built[unit] = i;
	}
}

static gint by_sequence(gconstpointer a, gconstpointer b)
{
	const XbReading *x = a, *y = b;
	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static void take_readings(XbObservations *self, const XbGraph *graph, const XbBoot *boots,
			  guint n_boots)
{
	for (guint i = 0; i < n_boots; i++) {
		if (boots[i].node >= graph->n || boots[i].image != XB_IMAGE_NORMAL)
			continue;
		double level = xb_boot_level(&boots[i]);
		if (isnan(level)) {
			self->n_void[self->unit_of[boots[i].node]]++;
			continue;
		}
		XbReading reading = {
			.unit = self->unit_of[boots[i].node],
			.perturb = boots[i].perturb,
			.sequence = boots[i].sequence,
			.level = level,
		};
		g_array_append_val(self->readings, reading);
	}
	g_array_sort(self->readings, by_sequence);
}

static void pool_noise(XbObservations *self, const XbOptions *options)
{
	double squares = 0;
	guint freedom = 0;

	for (guint u = 0; u < self->n_units; u++) {
		if (self->n[u] < 2)
			continue;
		squares += self->squares[u];
		freedom += self->n[u] - 1;
	}
	if (options->history_n > 1 && options->history_boot_sd > 0) {
		squares += (options->history_n - 1) * options->history_boot_sd *
			   options->history_boot_sd;
		freedom += options->history_n - 1;
	}
	self->sd = freedom > 0 ? sqrt(squares / freedom) : NAN;
	self->sd_freedom = freedom;
}

XbObservations *xb_observations_new(const XbGraph *graph, const XbOptions *options,
				    const XbNode *nodes, const XbBoot *boots, guint n_boots)
{
	XbObservations *self = g_new0(XbObservations, 1);

	self->unit_of = g_new0(guint, graph->n);
	self->first = g_new0(guint, graph->n);
	self->built = g_new0(guint, graph->n);
	self->n = g_new0(guint, graph->n);
	self->n_void = g_new0(guint, graph->n);
	self->mean = g_new0(double, graph->n);
	self->squares = g_new0(double, graph->n);
	self->readings = g_array_new(FALSE, FALSE, sizeof(XbReading));
	number_units(self, graph, nodes);
	take_readings(self, graph, boots, n_boots);
	for (guint i = 0; i < self->readings->len; i++) {
		const XbReading *reading = &g_array_index(self->readings, XbReading, i);
		guint u = reading->unit;
		double delta = reading->level - self->mean[u];
		self->mean[u] += delta / ++self->n[u];
		self->squares[u] += delta * (reading->level - self->mean[u]);
	}
	for (guint u = 0; u < self->n_units; u++)
		if (self->n[u] == 0)
			self->mean[u] = NAN;
	pool_noise(self, options);
	return self;
}

void xb_observations_free(XbObservations *self)
{
	if (!self)
		return;
	g_free(self->unit_of);
	g_free(self->first);
	g_free(self->built);
	g_free(self->n);
	g_free(self->n_void);
	g_free(self->mean);
	g_free(self->squares);
	g_array_unref(self->readings);
	g_free(self);
}
