/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-compare.c - several variants against one base: a row for each, its interval drawn beside
 * the others', and what each does to every other metric. */
#include <math.h>
#include <string.h>

#include "ab-boots.h"
#include "explanation.h"
#include "page-profile.h"
#include "sweep.h"
#include "text.h"
#include "verdict.h"
#include "view-explain.h"

#define LEFT  200
#define RIGHT 940
#define ROW   30

static double percent(double ratio)
{
	return 100 * (ratio - 1);
}

/* "different" is better or worse, by @lower_is_better. */
static const char *judgement(const json_t *row, bool lower_is_better)
{
	const char *kind = xb_json_text(row, "kind");

	if (g_strcmp0(kind, "different") != 0)
		return kind ? kind : "";
	return (xb_json_number(row, "ratio") > 1) == lower_is_better ? "worse" : "better";
}

/* ---- the variants --------------------------------------------------------------------- */

static void put_variant(XbHtml *out, const json_t *row, const char *unit, bool lower_is_better)
{
	const char *twin = xb_json_text(row, "same_image_as");
	const char *word = judgement(row, lower_is_better);
	g_autofree char *level = xb_value_text(xb_json_number(row, "test"), unit);
	g_autofree char *change = xb_change_text(xb_json_number(row, "ratio"));
	g_autofree char *low = xb_change_text(xb_json_number(row, "ci_low"));
	g_autofree char *high = xb_change_text(xb_json_number(row, "ci_high"));
	double boots = xb_json_number(row, "test_boots");

	xb_html(out,
		"<tr><th scope=\"row\">%s</th><td class=\"n\">%.0f</td><td class=\"n\">%s</td>",
		xb_json_text(row, "name"), isfinite(boots) ? boots : 0, level);
	xb_html(out, "<td class=\"n %s\">%s</td><td class=\"n\">%s%s%s</td>", word, change, low,
		*low ? " to " : "", high);
	if (twin)
		xb_html(out, "<td>the same image as %s</td>", twin);
	else if (strcmp(word, "failed") == 0)
		xb_html(out, "<td>failed: %s</td>", xb_json_text(row, "reason"));
	else
		xb_html(out, "<td>%s</td>", word);
	xb_html(out, "<td>%s</td></tr>\n", xb_json_text(row, "subject"));
}

static void put_base(XbHtml *out, const XbJobData *data, json_t *view, const char *unit)
{
	const XbJobCommit *commit = xb_jobdata_commit(data, 0);
	json_t *base = json_object_get(json_object_get(view, "sides"), "base");
	g_autofree char *level = xb_value_text(xb_json_number(base, "level"), unit);
	double boots = xb_json_number(base, "boots");

	xb_html(out,
		"<tr><th scope=\"row\">%s</th><td class=\"n\">%.0f</td><td class=\"n\">%s</td>"
		"<td></td><td></td><td></td><td>%s</td></tr>\n",
		xb_ab_name(data, 0), isfinite(boots) ? boots : 0, level, commit->subject);
}

/* Each variant's change with its interval, over one axis with the base at 0. */
static void put_intervals(XbHtml *out, json_t *rows)
{
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
	double zero = 0, bottom = 10 + ROW * (double)json_array_size(rows);
	json_t *row;
	size_t i;
	XbScale x;

	g_array_append_val(values, zero);
	json_array_foreach(rows, i, row)
	{
		double low = percent(xb_json_number(row, "ci_low"));
		double high = percent(xb_json_number(row, "ci_high"));
		g_array_append_val(values, low);
		g_array_append_val(values, high);
	}
	x = xb_scale_over((const double *)(gconstpointer)values->data, values->len, LEFT, RIGHT);
	xb_html(out,
		"<figure class=\"plot\"><figcaption>Change against the base</figcaption><svg "
		"viewBox=\"0 0 960 %.0f\" role=\"img\" aria-label=\"Change against the base, by "
		"variant; the table has the figures\">",
		bottom + 30);
	xb_plot_x_axis(out, &x, 10, bottom, "%");
	xb_html(out, "<g class=\"strip base\"><path class=\"line\" d=\"M%.1f 10V%.1f\"/></g>",
		xb_scale_at(&x, 0), bottom);
	json_array_foreach(rows, i, row)
	{
		double y = 10 + ROW * ((double)i + 0.5);
		double low = xb_json_number(row, "ci_low"), high = xb_json_number(row, "ci_high");
		double ratio = xb_json_number(row, "ratio");

		xb_html(out,
			"<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
			LEFT - 10, y + 4, xb_json_text(row, "name"));
		if (!isfinite(low) || !isfinite(high) || !isfinite(ratio))
			continue;
		xb_html(out,
			"<g class=\"strip test\"><path class=\"line\" d=\"M%.1f "
			"%.1fH%.1f\"/><circle "
			"cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/></g>",
			xb_scale_at(&x, percent(low)), y, xb_scale_at(&x, percent(high)),
			xb_scale_at(&x, percent(ratio)), y);
	}
	xb_html(out, "</svg></figure>\n");
}

static void put_variants(XbHtml *out, const XbJobData *data, json_t *view, json_t *rows)
{
	const char *unit = xb_spec_string(data, "unit");
	bool lower = xb_spec_bool(data, "lower_is_better");
	g_autofree char *sure = xb_asked_text(xb_json_number(view, "confidence_asked"));
	json_t *row;
	size_t i;

	xb_html(out,
		"<section id=\"variants\"><h2>Variants by %s</h2>\n<div class=\"wide\"><table>"
		"<thead><tr><th>Variant</th><th>Boots</th><th>Level</th><th>Change</th>"
		"<th>Interval</th><th>Verdict</th><th>Subject</th></tr></thead><tbody>\n",
		data->metric);
	put_base(out, data, view, unit);
	json_array_foreach(rows, i, row) put_variant(out, row, unit, lower);
	xb_html(out,
		"</tbody></table></div>\n<p>Each is against the base; the intervals hold together "
		"with %s.</p>\n",
		sure);
	put_intervals(out, rows);
	xb_html(out, "</section>\n");
}

/* ---- the other metrics ------------------------------------------------------------------ */

static json_t *metric_of(json_t *comparison, const char *metric)
{
	json_t *rows = json_object_get(comparison, "metrics"), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (g_strcmp0(xb_json_text(row, "metric"), metric) == 0)
			return row;
	}
	return NULL;
}

static void put_metric(XbHtml *out, json_t *rows, json_t *first)
{
	const char *metric = xb_json_text(first, "metric");
	const char *unit = xb_json_text(first, "unit");
	g_autofree char *address = xb_url(metric ? metric : "");
	g_autofree char *level = xb_value_text(xb_json_number(first, "base"), unit ? unit : "");
	json_t *one;
	size_t i;

	xb_html(out,
		"<tr><th scope=\"row\"><a href=\"?metric=%s\">%s</a></th><td class=\"n\">%s</td>",
		address, metric, level);
	json_array_foreach(rows, i, one)
	{
		const json_t *row = metric_of(one, metric);
		bool lower = json_is_true(json_object_get(row, "lower_is_better"));
		const char *word = judgement(row, lower);
		g_autofree char *change = xb_change_text(xb_json_number(row, "ratio"));

		xb_html(out, "<td class=\"n %s\">%s %s</td>", word, change, word);
	}
	xb_html(out, "</tr>\n");
}

static void put_metrics(XbHtml *out, json_t *rows)
{
	json_t *fullest = NULL, *one, *row;
	size_t i;

	json_array_foreach(rows, i, one)
	{
		json_t *metrics = json_object_get(one, "metrics");
		if (json_array_size(metrics) > json_array_size(fullest))
			fullest = metrics;
	}
	if (json_array_size(fullest) == 0)
		return;
	xb_html(out, "<section id=\"metrics\"><h2>Metrics</h2>\n<div class=\"wide\"><table><thead>"
		     "<tr><th>Metric</th><th>Base</th>");
	json_array_foreach(rows, i, one) xb_html(out, "<th>%s</th>", xb_json_text(one, "name"));
	xb_html(out, "</tr></thead><tbody>\n");
	json_array_foreach(fullest, i, row) put_metric(out, rows, row);
	xb_html(out, "</tbody></table></div></section>\n");
}

/* ---- why ---------------------------------------------------------------------------------- */

static void put_why(XbPage *page, XbHtml *out, const XbJobData *data, json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_int_t node = json_integer_value(json_object_get(row, "node"));
		const int sides[2] = { 0, (int)node };
		g_autoptr(json_t) explanation = NULL;

		if (g_strcmp0(xb_json_text(row, "kind"), "different") != 0 || node < 1 ||
		    node >= data->commits->len)
			continue;
		explanation = xb_view_explanation_of(page->db, data, sides);
		xb_explanation_variant(out, explanation, xb_json_text(row, "name"));
		xb_page_profile_variant(page, out, data, (guint)node);
	}
}

/* ---- the page ----------------------------------------------------------------------------- */

static double put_plots(XbPage *page, XbHtml *out, const XbJobData *data)
{
	g_autoptr(GPtrArray) strips = g_ptr_array_new_with_free_func((GDestroyNotify)xb_strip_free);
	g_autoptr(GArray) metrics = xb_ab_metrics(page, data), base = NULL;
	const char *unit, *metric = xb_ab_plotted(page, data, metrics, &unit);

	xb_html(out, "<section id=\"sides\"><h2>Boots: %s</h2>\n<ul>", metric);
	for (guint i = 0; i < data->commits->len; i++) {
		const XbJobCommit *commit = xb_jobdata_commit(data, i);

		xb_html(out, "<li>%s <code>%s</code> %s</li>", xb_ab_name(data, i), commit->label,
			commit->subject);
		g_ptr_array_add(strips, xb_ab_side(page, data, i, metric));
	}
	xb_html(out, "</ul>\n");
	xb_plot_strips(out, strips, unit, "Every boot and iteration");
	xb_plot_distribution(out, strips, unit);
	for (guint i = 1; i < strips->len; i++)
		xb_plot_ratio(out, strips->pdata[0], strips->pdata[i], xb_ab_name(data, i));
	xb_sweep_plots(page, out, data, metrics, data->commits->len);
	xb_html(out, "</section>\n");
	base = xb_strip_means(strips->pdata[0]);
	return base->len && strcmp(metric, data->metric) == 0 ? g_array_index(base, double, 0)
							      : NAN;
}

bool xb_page_compare(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view, GError **error)
{
	json_t *rows = json_object_get(view, "comparisons");
	double reference;
	(void)error;

	xb_page_job_head(page, out, data, view);
	xb_verdict_ab(out, view);
	if (json_array_size(rows) > 0) {
		put_variants(out, data, view, rows);
		put_metrics(out, rows);
		put_why(page, out, data, rows);
	}
	reference = put_plots(page, out, data);
	xb_page_steps(page, out, data, reference);
	xb_page_job_tail(page, out, data);
	return true;
}
