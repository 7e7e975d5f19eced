/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-compare.c - several variants against one base: a row for each, and
 * what each does to every other metric; see report.h.
 */
#include <math.h>
#include <string.h>

#include "format.h"
#include "job.h"
#include "report-cells.h"
#include "report.h"

static void add(GPtrArray *cells, char *text)
{
	g_ptr_array_add(cells, text);
}

/* A row of "comparisons" with what the job's metric says of any variant. */
static json_t *with_metric(const json_t *job, const json_t *row)
{
	json_t *copy = json_is_object(row) ? json_copy((json_t *)row) : json_object();

	json_object_set(copy, "unit", (json_t *)xb_member(job, "unit"));
	json_object_set(copy, "lower_is_better", (json_t *)xb_member(job, "lower_is_better"));
	return copy;
}

static void add_base(GPtrArray *cells, const json_t *job, const json_t *first)
{
	g_autoptr(json_t) row = with_metric(job, first);
	g_autofree char *name = xb_text(job, "sides.base.label");
	double boots = xb_number(job, "sides.base.boots");

	json_object_set(row, "base", (json_t *)xb_member(job, "sides.base.level"));
	json_object_set(row, "base_sd", (json_t *)xb_member(job, "sides.base.sd"));
	json_object_set(row, "base_boots", (json_t *)xb_member(job, "sides.base.boots"));
	add(cells, g_strdup(*name != '\0' ? name : "base"));
	add(cells, isfinite(boots) ? g_strdup_printf("%.0f", boots) : g_strdup("-"));
	add(cells, xb_report_level_cell(row, "base", "base_sd", "base_boots"));
	for (guint i = 0; i < 3; i++)
		add(cells, g_strdup("-"));
	add(cells, xb_text(job, "good"));
}

static void add_variant(GPtrArray *cells, const json_t *job, const json_t *comparison)
{
	g_autoptr(json_t) row = with_metric(job, comparison);
	g_autofree char *twin = xb_text(row, "same_image_as");
	double boots = xb_number(row, "test_boots"), ratio = xb_number(row, "ratio");

	add(cells, xb_text(row, "name"));
	add(cells, isfinite(boots) ? g_strdup_printf("%.0f", boots) : g_strdup("-"));
	add(cells, xb_report_level_cell(row, "test", "test_sd", "test_boots"));
	add(cells, isfinite(ratio) ? xb_format_change(ratio) : g_strdup("-"));
	add(cells, xb_report_interval_cell(row));
	add(cells, *twin != '\0' ? g_strdup_printf("the same image as %s", twin)
				 : xb_report_verdict_cell(row));
	add(cells, xb_text(row, "subject"));
}

/* ---- the other metrics ---------------------------------------------------------------- */

static const json_t *metric_of(const json_t *comparison, const char *metric)
{
	const json_t *rows = xb_member(comparison, "metrics"), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (xb_is(row, "metric", metric))
			return row;
	}
	return NULL;
}

/* "-47.6% better", "+0.02% same", "-". */
static char *change_cell(const json_t *row)
{
	double ratio = xb_number(row, "ratio");
	g_autofree char *change = xb_format_change(ratio);
	g_autofree char *kind = xb_report_verdict_cell(row);
	const char *word =
		g_str_has_prefix(kind, "different: ") ? kind + strlen("different: ") : kind;

	return isfinite(ratio) ? g_strdup_printf("%s %s", change, word) : g_strdup("-");
}

/* The comparison that tells of the most metrics names them for all. */
static const json_t *fullest(const json_t *comparisons)
{
	const json_t *best = NULL, *one;
	size_t i;

	json_array_foreach(comparisons, i, one)
	{
		const json_t *rows = xb_member(one, "metrics");

		if (json_array_size(rows) > json_array_size(best))
			best = rows;
	}
	return best;
}

static void write_metrics(XbWriter *w, const json_t *comparisons)
{
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	const json_t *rows = fullest(comparisons), *row, *one;
	guint n_columns = 2 + (guint)json_array_size(comparisons);
	size_t i, k;

	if (json_array_size(rows) < 2)
		return;
	add(cells, g_strdup("metric"));
	add(cells, g_strdup("base"));
	json_array_foreach(comparisons, k, one) add(cells, xb_text(one, "name"));
	json_array_foreach(rows, i, row)
	{
		g_autofree char *metric = xb_text(row, "metric");

		add(cells, g_strdup(metric));
		add(cells, xb_report_level_cell(row, "base", "base_sd", "base_boots"));
		json_array_foreach(comparisons, k, one)
			add(cells, change_cell(metric_of(one, metric)));
	}
	w->section(w, "Metrics");
	w->table(w, cells, n_columns, 0);
}

bool xb_report_comparisons(XbWriter *w, const json_t *job)
{
	static const char *const heading[] = { "variant",  "boots",   "level",  "change",
					       "interval", "verdict", "subject" };
	const json_t *comparisons = xb_member(job, "comparisons"), *one;
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *metric = xb_text(job, "metric"), *workload = xb_text(job, "workload");
	g_autofree char *title = g_strdup_printf("Variants by %s in %s", metric, workload);
	g_autofree char *note = NULL;
	double confidence = xb_number(job, "confidence_asked");
	size_t i;

	if (json_array_size(comparisons) == 0)
		return false;
	for (guint k = 0; k < G_N_ELEMENTS(heading); k++)
		add(cells, g_strdup(heading[k]));
	add_base(cells, job, json_array_get(comparisons, 0));
	json_array_foreach(comparisons, i, one) add_variant(cells, job, one);
	w->section(w, title);
	w->table(w, cells, G_N_ELEMENTS(heading), 1u << 1 | 1u << 3);
	if (isfinite(confidence)) {
		note = g_strdup_printf("Each is against the base. The intervals hold together with "
				       "%.4g%%: each is at the level divided by their number.",
				       100 * confidence);
		w->paragraph(w, note);
	}
	write_metrics(w, comparisons);
	return true;
}
