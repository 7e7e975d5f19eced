/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-ab.c - A against B, and one variant measured; more variants are page-compare.c's. */
#include <math.h>
#include <string.h>

#include "explanation.h"
#include "ab-boots.h"
#include "page-profile.h"
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

/* A metric of a sweep over batches is called NAME.bPAGES: levels over pages in one call, both
 * sides.
 */
typedef struct {
	char *name;
	char *unit;
	double step;
	double level[2];
} SweepPoint;

static void clear_point(void *data)
{
	SweepPoint *point = data;

	g_free(point->name);
	g_free(point->unit);
}

static void put_sweep_table(XbHtml *out, const GArray *points, guint sides)
{
	xb_html(out, "<details><summary>The same as a table</summary><div class=\"wide\"><table>"
		     "<thead><tr><th>Pages</th>");
	for (guint side = 0; side < sides; side++)
		xb_html(out, "<th>%s</th>", side_words[side]);
	xb_html(out, "</tr></thead><tbody>\n");
	for (guint i = 0; i < points->len; i++) {
		const SweepPoint *point = &g_array_index(points, SweepPoint, i);

		xb_html(out, "<tr><td class=\"n\">%g</td>", point->step);
		for (guint side = 0; side < sides; side++) {
			g_autofree char *level = xb_value_text(point->level[side], point->unit);
			xb_html(out, "<td class=\"n\">%s</td>", level);
		}
		xb_html(out, "</tr>\n");
	}
	xb_html(out, "</tbody></table></div></details>\n");
}

static void put_sweep(XbHtml *out, const GArray *points, guint sides)
{
	g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(double));
	const SweepPoint *first = &g_array_index(points, SweepPoint, 0);
	XbScale x, y;

	for (guint i = 0; i < points->len; i++) {
		const SweepPoint *point = &g_array_index(points, SweepPoint, i);
		double step = log2(point->step);
		g_array_append_val(steps, step);
		g_array_append_vals(levels, point->level, sides);
	}
	x = xb_scale_over((const double *)(gconstpointer)steps->data, steps->len, 90, 940);
	y = xb_scale_over((const double *)(gconstpointer)levels->data, levels->len, 230, 10);
	xb_html(out,
		"<figure class=\"plot\"><figcaption>Sweep of %s: pages in one "
		"call</figcaption><svg viewBox=\"0 0 "
		"960 270\" role=\"img\" aria-label=\"Sweep of %s\">",
		first->name, first->name);
	xb_plot_y_axis(out, &y, 90, 940, first->unit);
	for (guint side = 0; side < sides; side++) {
		xb_html(out, "<g class=\"strip %s\"><path class=\"line\" d=\"", side_words[side]);
		for (guint i = 0; i < points->len; i++)
			xb_html(out, i ? "L%.1f %.1f" : "M%.1f %.1f",
				xb_scale_at(&x, g_array_index(steps, double, i)),
				xb_scale_at(&y, g_array_index(points, SweepPoint, i).level[side]));
		xb_html(out, "\"/></g>");
	}
	for (guint i = 0; i < points->len; i++)
		xb_html(out,
			"<text class=\"tick\" x=\"%.1f\" y=\"250\" "
			"text-anchor=\"middle\">%g</text>",
			xb_scale_at(&x, g_array_index(steps, double, i)),
			g_array_index(points, SweepPoint, i).step);
	xb_html(out, "</svg>\n");
	put_sweep_table(out, points, sides);
	xb_html(out, "</figure>\n");
}

static int by_name_and_step(gconstpointer a, gconstpointer b)
{
	const SweepPoint *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->step < y->step ? -1 : x->step > y->step;
}

static void put_sweeps(XbHtml *out, GArray *points, guint sides)
{
	g_array_sort(points, by_name_and_step);
	for (guint from = 0, to; from < points->len; from = to) {
		g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(SweepPoint));

		for (to = from;
		     to < points->len && strcmp(g_array_index(points, SweepPoint, to).name,
						g_array_index(points, SweepPoint, from).name) == 0;
		     to++)
			g_array_append_val(one, g_array_index(points, SweepPoint, to));
		if (one->len > 1)
			put_sweep(out, one, sides);
	}
}

static void add_to_sweep(GArray *points, const char *metric, const char *unit, const XbStrip *base,
			 const XbStrip *test)
{
	const char *at = strrchr(metric, '.');
	bool is_step =
		at && at[1] == 'b' && at[2] && strspn(at + 2, "0123456789") == strlen(at + 2);
	double step = is_step ? g_ascii_strtod(at + 2, NULL) : 0;
	g_autoptr(GArray) a = xb_strip_means(base), b = test ? xb_strip_means(test) : NULL;
	SweepPoint point;

	if (!(step > 0) || !isfinite(step))
		return;
	point = (SweepPoint){
		.name = g_strndup(metric, (gsize)(at - metric)),
		.unit = g_strdup(unit),
		.step = step,
		.level = { xb_spread_of((const double *)(gconstpointer)a->data, a->len).mean,
			   b ? xb_spread_of((const double *)(gconstpointer)b->data, b->len).mean
			     : NAN },
	};
	g_array_append_val(points, point);
}

static void put_metrics(XbPage *page, XbHtml *out, const XbJobData *data, const json_t *view,
			guint sides)
{
	g_autoptr(GArray) metrics = xb_ab_metrics(page, data);
	json_t *rows = sides > 1 ? json_object_get(view, "metrics") : NULL;
	bool said = json_array_size(rows) > 0;
	g_autoptr(GArray) sweep = g_array_new(FALSE, FALSE, sizeof(SweepPoint));
	const char *last = NULL;

	if (!metrics)
		return;
	g_array_set_clear_func(sweep, clear_point);
	xb_html(out, "<section id=\"metrics\"><h2>Metrics</h2>\n<div class=\"wide\"><table>");
	if (said)
		xb_verdict_metric_rows(out, rows, true);
	else
		xb_html(out, "<thead><tr><th>Metric</th><th>Base</th><th>Test</th><th>Change</th>"
			     "<th>95 %% interval</th><th>Boots</th></tr></thead><tbody>\n");
	for (guint i = 0; i < metrics->len; i++) {
		const XbSample *sample = &g_array_index(metrics, XbSample, i);
		XbStrip *base, *test;

		if (g_strcmp0(sample->metric, last) == 0)
			continue;
		last = sample->metric;
		base = xb_ab_side(page, data, 0, sample->metric);
		test = sides > 1 ? xb_ab_side(page, data, 1, sample->metric) : NULL;
		if (!said)
			put_metric(out, base, test, sample->metric, sample->unit);
		add_to_sweep(sweep, sample->metric, sample->unit, base, test);
		xb_strip_free(base);
		xb_strip_free(test);
	}
	xb_html(out, "</tbody></table></div>\n");
	put_sweeps(out, sweep, sides);
	xb_html(out, "</section>\n");
}

static void put_plots(XbPage *page, XbHtml *out, const XbJobData *data, guint sides)
{
	g_autoptr(GPtrArray) strips = g_ptr_array_new_with_free_func((GDestroyNotify)xb_strip_free);
	g_autoptr(GArray) metrics = xb_ab_metrics(page, data);
	const char *unit, *metric = xb_ab_plotted(page, data, metrics, &unit);

	xb_html(out, "<section id=\"sides\"><h2>Boots: %s</h2>\n<ul>", metric);
	for (guint i = 0; i < sides; i++) {
		const XbJobCommit *commit = data->commits->pdata[i];

		xb_html(out, "<li>%s <code>%s</code> %s</li>", sides > 1 ? side_words[i] : "",
			commit->label, commit->subject);
		g_ptr_array_add(strips, xb_ab_side(page, data, i, metric));
	}
	xb_html(out, "</ul>\n");
	xb_plot_strips(out, strips, unit, "Every boot and iteration");
	xb_plot_distribution(out, strips, unit);
	if (sides > 1)
		xb_plot_ratio(out, strips->pdata[0], strips->pdata[1]);
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
