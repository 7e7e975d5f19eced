/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ab-metrics.c - samples by metric and side, and the rows made of them. */
#include "ab-metrics.h"

#include <math.h>
#include <string.h>

/* One metric of the workload, and its boots on both sides. */
typedef struct {
	char *name, *unit;
	bool lower_is_better, decides;
	GArray *boots[2];    /* of XbAbBoot, one a run, in their order */
	GPtrArray *held;     /* GArray of double: the samples that the boots point to */
	GStringChunk *units; /* of the boots: what a kernel under test says, so not interned */
} Metric;

struct XbAbMetrics {
	GPtrArray *metrics; /* Metric* */
	Metric *own;
};

static void metric_free(void *data)
{
	Metric *self = data;

	g_free(self->name);
	g_free(self->unit);
	g_array_unref(self->boots[0]);
	g_array_unref(self->boots[1]);
	g_ptr_array_unref(self->held);
	g_string_chunk_free(self->units);
	g_free(self);
}

static Metric *metric_new(const char *name, const char *unit, bool lower_is_better)
{
	Metric *self = g_new0(Metric, 1);

	self->name = g_strdup(name);
	self->unit = g_strdup(unit);
	self->lower_is_better = lower_is_better;
	for (guint side = 0; side < 2; side++)
		self->boots[side] = g_array_new(FALSE, TRUE, sizeof(XbAbBoot));
	self->held = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	self->units = g_string_chunk_new(32);
	return self;
}

void xb_ab_metrics_free(XbAbMetrics *self)
{
	if (!self)
		return;
	g_ptr_array_unref(self->metrics);
	g_free(self);
}

/* The workload's list, "NAME:UNIT:lower;...", which the configuration has checked. */
static void take_list(XbAbMetrics *self, const XbJobData *data)
{
	json_t *settings = json_object_get(data->spec, "workload_settings");
	const char *text = json_string_value(json_object_get(settings, "metrics"));
	g_auto(GStrv) items = g_strsplit(text ? text : "", ";", -1);

	for (char **item = items; *item; item++) {
		g_auto(GStrv) parts = g_strsplit(g_strstrip(*item), ":", -1);

		if (g_strv_length(parts) != 3)
			continue;
		Metric *metric = metric_new(parts[0], parts[1], g_str_equal(parts[2], "lower"));
		g_ptr_array_add(self->metrics, metric);
		if (g_str_equal(metric->name, data->metric))
			self->own = metric;
	}
	if (!self->own) {
		self->own = metric_new(data->metric, xb_spec_string(data, "unit"),
				       xb_spec_bool(data, "lower_is_better"));
		g_ptr_array_add(self->metrics, self->own);
	}
	self->own->decides = true;
}

/* The samples of @metric among those of one boot. Samples in more than one unit
 * bring no number. */
static void take_boot(Metric *metric, guint side, const XbRun *run, const GArray *samples)
{
	GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
	const char *unit = NULL;
	bool mixed = false;

	for (guint i = 0; i < samples->len; i++) {
		const XbSample *sample = &g_array_index(samples, XbSample, i);

		if (strcmp(sample->metric, metric->name) != 0)
			continue;
		mixed |= unit && strcmp(unit, sample->unit) != 0;
		unit = g_string_chunk_insert_const(metric->units, sample->unit);
		g_array_append_val(values, sample->value);
	}
	g_ptr_array_add(metric->held, values);
	XbAbBoot boot = { .perturb = (guint)run->perturb,
			  .n_samples = mixed ? 0 : values->len,
			  .samples = (const double *)(gconstpointer)values->data,
			  .unit = unit };
	g_array_append_val(metric->boots[side], boot);
}

/* What a boot that did not end well gave is worth nothing. */
static GArray *samples_of(XbDb *db, const XbRun *run, GError **error)
{
	return run->outcome == XB_OUTCOME_OK ? xb_db_samples(db, run->id, NULL, error)
					     : g_array_new(FALSE, FALSE, sizeof(XbSample));
}

XbAbMetrics *xb_ab_metrics_read(XbDb *db, const XbJobData *data, GPtrArray *const runs[2],
				GError **error)
{
	g_autoptr(XbAbMetrics) self = g_new0(XbAbMetrics, 1);

	self->metrics = g_ptr_array_new_with_free_func(metric_free);
	take_list(self, data);
	for (guint side = 0; side < 2; side++) {
		for (guint i = 0; i < runs[side]->len; i++) {
			const XbRun *run = runs[side]->pdata[i];
			g_autoptr(GArray) samples = samples_of(db, run, error);

			if (!samples)
				return NULL;
			for (guint m = 0; m < self->metrics->len; m++)
				take_boot(self->metrics->pdata[m], side, run, samples);
		}
	}
	return g_steal_pointer(&self);
}

static const XbAbBoot *boots_of(const Metric *metric, guint side)
{
	return (const XbAbBoot *)(gconstpointer)metric->boots[side]->data;
}

const XbAbBoot *xb_ab_metrics_own(const XbAbMetrics *self, guint side, guint *n)
{
	*n = self->own->boots[side]->len;
	return boots_of(self->own, side);
}

/* ---- rows ---------------------------------------------------------------------- */

static const char *const kind_names[] = {
	[XB_AB_PENDING] = "pending",
	[XB_AB_DIFFERENT] = "different",
	[XB_AB_SAME] = "same",
	[XB_AB_UNRESOLVED] = "unresolved",
};

const char *xb_ab_kind_name(XbAbKind kind)
{
	return kind_names[kind];
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* The job's own metric: what the plan said of it, for all its boots. */
static void tell_plan(const XbAbPlan *plan, XbAbRow *row)
{
	row->kind = plan->kind;
	row->confidence = plan->confidence;
	row->ratio = plan->ratio;
	row->ci_low = plan->ci_low;
	row->ci_high = plan->ci_high;
	g_strlcpy(row->reason, plan->reason, sizeof(row->reason));
}

static json_t *row_json(const Metric *metric, const XbAbRow *row)
{
	json_t *object = json_pack(
		"{s:s,s:s,s:b,s:b,s:s,s:o,s:o,s:o,s:o,s:i,s:i,s:i,s:o,s:o,s:o,s:f,s:s}", "metric",
		metric->name, "unit", metric->unit, "lower_is_better", metric->lower_is_better,
		"decides", metric->decides, "kind", xb_ab_kind_name(row->kind), "base",
		number_or_null(row->level[0]), "test", number_or_null(row->level[1]), "base_sd",
		number_or_null(row->sd[0]), "test_sd", number_or_null(row->sd[1]), "base_boots",
		(int)row->boots[0], "test_boots", (int)row->boots[1], "void_boots",
		(int)(row->n_void[0] + row->n_void[1]), "ratio", number_or_null(row->ratio),
		"ci_low", number_or_null(row->ci_low), "ci_high", number_or_null(row->ci_high),
		"confidence", row->confidence, "reason", row->reason);

	g_assert(object);
	return object;
}

json_t *xb_ab_metrics_rows(const XbAbMetrics *self, const XbAbOptions *options,
			   const XbAbPlan *plan)
{
	XbAbOptions others = *options;
	json_t *rows = json_array();

	others.n_metrics = MAX(2, self->metrics->len) - 1;
	for (guint m = 0; m < self->metrics->len; m++) {
		const Metric *metric = self->metrics->pdata[m];
		XbAbRow row;

		xb_ab_compare(&others, boots_of(metric, 0), metric->boots[0]->len,
			      boots_of(metric, 1), metric->boots[1]->len,
			      plan->kind != XB_AB_PENDING, &row);
		if (metric == self->own)
			tell_plan(plan, &row);
		json_array_append_new(rows, row_json(metric, &row));
	}
	return rows;
}
