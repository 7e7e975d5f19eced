/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-metrics.c - the metrics of a workload side by side; see report.h.
 */
#include <math.h>

#include "format.h"
#include "job.h"
#include "report-cells.h"
#include "report.h"

char *xb_report_level_cell(const json_t *row, const char *level, const char *sd, const char *boots)
{
	double value = xb_number(row, level), n = xb_number(row, boots);
	double error = n > 1 ? value * xb_number(row, sd) / sqrt(n) : NAN;
	g_autofree char *unit = xb_text(row, "unit");

	return isfinite(value) ? xb_format_level(value, error, unit) : g_strdup("-");
}

char *xb_report_interval_cell(const json_t *row)
{
	double low = xb_number(row, "ci_low"), high = xb_number(row, "ci_high");
	g_autofree char *from = xb_format_change(low);
	g_autofree char *to = xb_format_change(high);

	return isfinite(low) && isfinite(high) ? g_strdup_printf("%s .. %s", from, to)
					       : g_strdup("-");
}

char *xb_report_verdict_cell(const json_t *row)
{
	g_autofree char *kind = xb_text(row, "kind");
	g_autofree char *reason = xb_text(row, "reason");
	double ratio = xb_number(row, "ratio");

	if (xb_is(row, "kind", "different"))
		return g_strdup((ratio > 1) == json_is_true(xb_member(row, "lower_is_better"))
					? "different: worse"
					: "different: better");
	/* Where there is no interval, why. */
	if (!isfinite(xb_number(row, "ci_low")) && *reason != '\0')
		return g_strdup_printf("%s: %s", kind, reason);
	return g_steal_pointer(&kind);
}

static void add_row(GPtrArray *cells, const json_t *row, bool sides)
{
	double ratio = xb_number(row, "ratio");

	g_ptr_array_add(cells, xb_text(row, "metric"));
	g_ptr_array_add(cells, xb_report_level_cell(row, "base", "base_sd", "base_boots"));
	if (!sides)
		return;
	g_ptr_array_add(cells, xb_report_level_cell(row, "test", "test_sd", "test_boots"));
	g_ptr_array_add(cells, isfinite(ratio) ? xb_format_change(ratio) : g_strdup("-"));
	g_ptr_array_add(cells, xb_report_interval_cell(row));
	g_ptr_array_add(cells, xb_report_verdict_cell(row));
}

void xb_report_metrics(XbWriter *w, const json_t *job)
{
	static const char *const heading[] = { "metric", "base",     "test",
					       "change", "interval", "verdict" };
	const json_t *rows = xb_member(job, "metrics"), *row;
	bool sides = !xb_is(job, "kind", "measure");
	guint n_columns = sides ? G_N_ELEMENTS(heading) : 2;
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *note = NULL;
	double confidence = NAN;
	size_t i;

	/* One metric has been told about already. */
	if (json_array_size(rows) < 2)
		return;
	for (guint k = 0; k < n_columns; k++)
		g_ptr_array_add(cells, g_strdup(sides || k == 0 ? heading[k] : "level"));
	json_array_foreach(rows, i, row)
	{
		add_row(cells, row, sides);
		if (!json_is_true(xb_member(row, "decides")))
			confidence = xb_number(row, "confidence");
	}
	w->section(w, "Metrics");
	w->table(w, cells, n_columns, sides ? 1u << 3 : 0);
	if (!sides || !isfinite(confidence))
		return;
	note = g_strdup_printf("The verdict is that of the job's metric. The intervals of the "
			       "others are at %.4g%%, because there are several.",
			       100 * confidence);
	w->paragraph(w, note);
}
