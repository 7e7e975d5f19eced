/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-ab.c - A against B, and one variant measured; more variants are page-compare.c's. */
#include <math.h>
#include <string.h>

#include "explanation.h"
#include "ab-boots.h"
#include "page-profile.h"
#include "sweep.h"
#include "verdict.h"

static const char *const side_words[] = { "base", "test" };

static void put_metric(XbHtml *out, const XbStrip *base, const XbStrip *test, const char *metric,
		       const char *unit)
{
	g_autoptr(GArray) a = xb_strip_means(base), b = test ? xb_strip_means(test) : NULL;
	const double *x = (const double *)(gconstpointer)a->data;
	const double *y = b ? (const double *)(gconstpointer)b->data : NULL;
	XbRatio ratio = xb_ratio_of(x, a->len, y, b ? b->len : 0);
	g_autofree char *level = xb_value_text(xb_spread_of(x, a->len).mean, unit);
	g_autofree char *other = xb_value_text(b ? xb_spread_of(y, b->len).mean : NAN, unit);
	g_autofree char *change = xb_change_text(ratio.ratio);
	g_autofree char *low = xb_change_text(ratio.low), *high = xb_change_text(ratio.high);

	g_autofree char *name = xb_url(metric);

	xb_html(out,
		"<tr><th scope=\"row\"><a href=\"?metric=%s\">%s</a></th><td class=\"n\">%s</td>"
		"<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s%s%s</td>"
		"<td class=\"n\">%u / %u</td></tr>\n",
		name, metric, level, other, change, low, *low ? " to " : "", high, a->len,
		b ? b->len : 0);
}

static void put_metrics(XbPage *page, XbHtml *out, const XbJobData *data, const json_t *view,
			guint sides)
{
	g_autoptr(GArray) metrics = xb_ab_metrics(page, data);
	json_t *rows = sides > 1 ? json_object_get(view, "metrics") : NULL;
	bool said = json_array_size(rows) > 0;
	const char *last = NULL;

	if (!metrics)
		return;
	xb_html(out, "<section id=\"metrics\"><h2>Metrics</h2>\n<div class=\"wide\"><table>");
	if (said)
		xb_verdict_metric_rows(out, rows, true);
	else
		xb_html(out, "<thead><tr><th>Metric</th><th>Base</th><th>Test</th><th>Change</th>"
			     "<th>95 %% interval</th><th>Boots</th></tr></thead><tbody>\n");
	for (guint i = 0; !said && i < metrics->len; i++) {
		const XbSample *sample = &g_array_index(metrics, XbSample, i);
		XbStrip *base, *test;

		if (g_strcmp0(sample->metric, last) == 0)
			continue;
		last = sample->metric;
		base = xb_ab_side(page, data, 0, sample->metric);
		test = sides > 1 ? xb_ab_side(page, data, 1, sample->metric) : NULL;
		put_metric(out, base, test, sample->metric, sample->unit);
		xb_strip_free(base);
		xb_strip_free(test);
	}
	xb_html(out, "</tbody></table></div>\n");
	xb_sweep_plots(page, out, data, metrics, sides);
	xb_html(out, "</section>\n");
}

static void put_plots(XbPage *page, XbHtml *out, const XbJobData *data, guint sides)
{
	g_autoptr(GPtrArray) strips = g_ptr_array_new_with_free_func((GDestroyNotify)xb_strip_free);
	g_autoptr(GArray) metrics = xb_ab_metrics(page, data);
	const char *unit, *metric = xb_ab_plotted(page, data, metrics, &unit);

	xb_html(out, "<section id=\"sides\"><h2>Boots: %s</h2>\n<ul>", metric);
	for (guint i = 0; i < sides; i++) {
		const XbJobCommit *commit = xb_jobdata_commit(data, i);

		xb_html(out, "<li>%s <code>%s</code> %s</li>", sides > 1 ? side_words[i] : "",
			commit->label, commit->subject);
		g_ptr_array_add(strips, xb_ab_side(page, data, i, metric));
	}
	xb_html(out, "</ul>\n");
	xb_plot_strips(out, strips, unit, "Every boot and iteration");
	xb_plot_distribution(out, strips, unit);
	if (sides > 1)
		xb_plot_ratio(out, strips->pdata[0], strips->pdata[1], "test");
	xb_html(out, "</section>\n");
}

bool xb_page_ab(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view, GError **error)
{
	guint sides = MIN(data->commits->len, 2);
	XbStrip *own = xb_ab_side(page, data, 0, data->metric);
	g_autoptr(GArray) base = xb_strip_means(own);

	xb_strip_free(own);
	if (data->commits->len > 2)
		return xb_page_compare(page, out, data, view, error);
	xb_page_job_head(page, out, data, view);
	if (sides > 1)
		xb_verdict_ab(out, view);
	xb_explanation_section(page, out, data);
	put_plots(page, out, data, sides);
	put_metrics(page, out, data, view, sides);
	xb_page_profile_job(page, out, data);
	xb_page_steps(page, out, data, base->len ? g_array_index(base, double, 0) : NAN);
	xb_page_job_tail(page, out, data);
	return true;
}
