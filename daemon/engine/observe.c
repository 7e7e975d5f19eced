/* SPDX-License-Identifier: GPL-2.0-or-later */
/* observe.c - boots made into one number each, and grouped by image. */
#include "observe.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>

double xb_boot_level(const XbBoot *boot)
{
	double small[64];
	g_autofree double *large = NULL;
	double *valid = small;
	guint n = 0;

	if (boot->n_samples > G_N_ELEMENTS(small)) {
		large = g_new(double, boot->n_samples);
		valid = large;
	}
	for (guint i = 0; i < boot->n_samples; i++)
		if (isfinite(boot->samples[i]) && boot->samples[i] > 0)
			valid[n++] = log(boot->samples[i]);
	return xb_median(valid, n);
}

static guint add_unit(XbObservations *self, guint node, bool revert)
{
	self->units[self->n_units] = (XbUnit){
		.node = node,
		.revert = revert,
		.built = G_MAXUINT,
		.mean = NAN,
	};
	return self->n_units++;
}

/* The unit that has @class, or a new one for @node. */
static guint class_unit(XbObservations *self, GHashTable *by_class, guint class, guint node)
{
	gpointer known;

	if (class == 0)
		return add_unit(self, node, false);
	if (g_hash_table_lookup_extended(by_class, GUINT_TO_POINTER(class), NULL, &known))
		return GPOINTER_TO_UINT(known);
	guint unit = add_unit(self, node, false);
	g_hash_table_insert(by_class, GUINT_TO_POINTER(class), GUINT_TO_POINTER(unit));
	return unit;
}

static void number_units(XbObservations *self, const XbGraph *graph, const XbNode *nodes,
			 GHashTable *by_class)
{
	for (guint i = 0; i < graph->n; i++) {
		guint unit = class_unit(self, by_class, xb_node_class(&nodes[i]), i);
		self->unit_of[i] = unit;
		if (nodes[i].status == XB_STATUS_BUILT &&
		    (self->units[unit].built == G_MAXUINT || !nodes[i].image_inferred))
			self->units[unit].built = i;
	}
}

static guint boot_unit(XbObservations *self, const XbNode *nodes, const XbBoot *boot,
		       GHashTable *by_class, GHashTable *others)
{
	if (boot->image == XB_IMAGE_NORMAL)
		return self->unit_of[boot->node];
	if (boot->image == XB_IMAGE_CLEAN && nodes[boot->node].clean_class != 0)
		return class_unit(self, by_class, nodes[boot->node].clean_class, boot->node);

	gpointer known;
	gpointer key = GUINT_TO_POINTER(boot->node * 2 + (boot->image == XB_IMAGE_REVERT));
	if (g_hash_table_lookup_extended(others, key, NULL, &known))
		return GPOINTER_TO_UINT(known);
	guint unit = add_unit(self, boot->node, boot->image == XB_IMAGE_REVERT);
	g_hash_table_insert(others, key, GUINT_TO_POINTER(unit));
	return unit;
}

static int by_unit(const void *a, const void *b)
{
	const XbReading *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static void summarise(XbObservations *self)
{
	/* qsort with ties broken by position would need a key; sequences differ. */
	if (self->readings->len > 0)
		qsort(self->readings->data, self->readings->len, sizeof(XbReading), by_unit);
	for (guint i = 0; i < self->readings->len; i++) {
		const XbReading *reading = &g_array_index(self->readings, XbReading, i);
		XbUnit *unit = &self->units[reading->unit];
		if (unit->n == 0) {
			unit->start = i;
			unit->mean = 0;
			g_array_append_val(self->measured, reading->unit);
		}
		unit->n++;
		unit->mean += (reading->level - unit->mean) / unit->n;
	}
}

XbObservations *xb_observations_new(const XbGraph *graph, const XbNode *nodes, const XbBoot *boots,
				    guint n_boots)
{
	XbObservations *self = g_new0(XbObservations, 1);
	g_autoptr(GHashTable) by_class = g_hash_table_new(g_direct_hash, g_direct_equal);
	g_autoptr(GHashTable) others = g_hash_table_new(g_direct_hash, g_direct_equal);

	self->unit_of = g_new0(guint, graph->n);
	self->units = g_new0(XbUnit, graph->n + n_boots);
	self->readings = g_array_sized_new(FALSE, FALSE, sizeof(XbReading), n_boots);
	self->measured = g_array_new(FALSE, FALSE, sizeof(guint));
	self->level = g_new(double, n_boots + 1);
	number_units(self, graph, nodes, by_class);
	for (guint i = 0; i < n_boots; i++) {
		self->level[i] = NAN;
		if (boots[i].node >= graph->n)
			continue;
		guint unit = boot_unit(self, nodes, &boots[i], by_class, others);
		XbReading reading = {
			.unit = unit,
			.boot = i,
			.sequence = boots[i].sequence,
			.earlier = boots[i].earlier,
			.level = xb_boot_level(&boots[i]),
		};
		self->level[i] = reading.level;
		self->n_boots += !boots[i].earlier;
		self->n_readings += !boots[i].earlier && !isnan(reading.level);
		if (isnan(reading.level))
			self->units[unit].n_void++;
		else
			g_array_append_val(self->readings, reading);
	}
	summarise(self);
	return self;
}

double xb_unit_median(const XbObservations *self, const XbUnit *unit)
{
	g_autofree double *levels = g_new(double, unit->n + 1);

	for (guint k = 0; k < unit->n; k++)
		levels[k] = xb_reading(self, unit, k)->level;
	return xb_median(levels, unit->n);
}

void xb_observations_free(XbObservations *self)
{
	if (!self)
		return;
	g_free(self->unit_of);
	g_free(self->units);
	g_free(self->level);
	g_array_unref(self->readings);
	g_array_unref(self->measured);
	g_free(self);
}
