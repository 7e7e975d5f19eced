/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sweep.c - see sweep.h. */
#include "sweep.h"

#include <math.h>
#include <string.h>

#include "ab-boots.h"

#define LEFT   90
#define RIGHT  940
#define TOP    10
#define BOTTOM 230

typedef struct {
	char *name; /* before ".bPAGES" */
	const char *unit;
	double step;    /* pages */
	double *levels; /* of each side, NAN without a boot */
} Point;

static void clear_point(void *data)
{
	Point *point = data;

	g_free(point->name);
	g_free(point->levels);
}

/* Lines are told apart without colour, too: by dashes, beginning with an unbroken one. */
static const char *dashes_of(guint side)
{
	static const char *const dashes[] = { "none", "7 3", "2 3", "9 3 2 3", "12 5", "5 2 2 2" };

	return dashes[side % G_N_ELEMENTS(dashes)];
}

static const char *class_of(guint side)
{
	return side ? "test" : "base";
}

static void put_legend(XbHtml *out, const XbJobData *data, guint sides)
{
	xb_html(out, "<p class=\"legend\">");
	for (guint side = 0; side < sides; side++)
		xb_html(out,
			"<span><svg class=\"key dashes\" viewBox=\"0 0 28 14\" "
			"aria-hidden=\"true\"><g "
			"class=\"strip %s\"><path class=\"line\" stroke-dasharray=\"%s\" "
			"d=\"M0 7H28\"/></g></svg> %s</span> ",
			class_of(side), dashes_of(side), xb_ab_name(data, side));
	xb_html(out, "</p>\n");
}

static void put_table(XbHtml *out, const XbJobData *data, const GArray *points, guint sides)
{
	xb_html(out, "<details><summary>The same as a table</summary><div class=\"wide\"><table>"
		     "<thead><tr><th>Pages</th>");
	for (guint side = 0; side < sides; side++)
		xb_html(out, "<th>%s</th>", xb_ab_name(data, side));
	xb_html(out, "</tr></thead><tbody>\n");
	for (guint i = 0; i < points->len; i++) {
		const Point *point = &g_array_index(points, Point, i);

		xb_html(out, "<tr><td class=\"n\">%g</td>", point->step);
		for (guint side = 0; side < sides; side++) {
			g_autofree char *level = xb_value_text(point->levels[side], point->unit);
			xb_html(out, "<td class=\"n\">%s</td>", level);
		}
		xb_html(out, "</tr>\n");
	}
	xb_html(out, "</tbody></table></div></details>\n");
}

/* Without the points that a side has no boot of. */
static void put_line(XbHtml *out, const GArray *points, guint side, const XbScale *x,
		     const XbScale *y)
{
	bool started = false;

	xb_html(out, "<g class=\"strip %s\"><path class=\"line\" stroke-dasharray=\"%s\" d=\"",
		class_of(side), dashes_of(side));
	for (guint i = 0; i < points->len; i++) {
		const Point *point = &g_array_index(points, Point, i);

		if (!isfinite(point->levels[side]))
			continue;
		xb_html(out, started ? "L%.1f %.1f" : "M%.1f %.1f",
			xb_scale_at(x, log2(point->step)), xb_scale_at(y, point->levels[side]));
		started = true;
	}
	xb_html(out, "\"/></g>");
}

static void put_sweep(XbHtml *out, const XbJobData *data, const GArray *points, guint sides)
{
	g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(double));
	const Point *first = &g_array_index(points, Point, 0);
	XbScale x, y;

	for (guint i = 0; i < points->len; i++) {
		const Point *point = &g_array_index(points, Point, i);
		double step = log2(point->step);
		g_array_append_val(steps, step);
		g_array_append_vals(levels, point->levels, sides);
	}
	x = xb_scale_over((const double *)(gconstpointer)steps->data, steps->len, LEFT, RIGHT);
	y = xb_scale_over((const double *)(gconstpointer)levels->data, levels->len, BOTTOM, TOP);
	xb_html(out,
		"<figure class=\"plot\"><figcaption>Sweep of %s: pages in one "
		"call</figcaption><svg viewBox=\"0 0 "
		"960 270\" role=\"img\" aria-label=\"Sweep of %s\">",
		first->name, first->name);
	xb_plot_y_axis(out, &y, LEFT, RIGHT, first->unit);
	for (guint side = 0; side < sides; side++)
		put_line(out, points, side, &x, &y);
	for (guint i = 0; i < points->len; i++)
		xb_html(out,
			"<text class=\"tick\" x=\"%.1f\" y=\"250\" "
			"text-anchor=\"middle\">%g</text>",
			xb_scale_at(&x, g_array_index(steps, double, i)),
			g_array_index(points, Point, i).step);
	xb_html(out, "</svg>\n");
	if (sides > 1)
		put_legend(out, data, sides);
	put_table(out, data, points, sides);
	xb_html(out, "</figure>\n");
}

static int by_name_and_step(gconstpointer a, gconstpointer b)
{
	const Point *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->step < y->step ? -1 : x->step > y->step;
}

/* Pages of the step that the metric is named after; 0: it is none of a sweep. */
static double step_of(const char *metric)
{
	const char *at = strrchr(metric, '.');
	bool is_step =
		at && at[1] == 'b' && at[2] && strspn(at + 2, "0123456789") == strlen(at + 2);
	double step = is_step ? g_ascii_strtod(at + 2, NULL) : 0;

	return step > 0 && isfinite(step) ? step : 0;
}

static void add_point(XbPage *page, const XbJobData *data, GArray *points, const XbSample *sample,
		      guint sides)
{
	Point point = { .name = g_strndup(sample->metric,
					  (gsize)(strrchr(sample->metric, '.') - sample->metric)),
			.unit = sample->unit,
			.step = step_of(sample->metric),
			.levels = g_new(double, sides) };

	for (guint side = 0; side < sides; side++) {
		XbStrip *strip = xb_ab_side(page, data, side, sample->metric);
		g_autoptr(GArray) means = xb_strip_means(strip);

		point.levels[side] =
			means->len ? xb_spread_of((const double *)(gconstpointer)means->data,
						  means->len)
					     .mean
				   : NAN;
		xb_strip_free(strip);
	}
	g_array_append_val(points, point);
}

void xb_sweep_plots(XbPage *page, XbHtml *out, const XbJobData *data, const GArray *metrics,
		    guint sides)
{
	g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(Point));
	const char *last = NULL;

	g_array_set_clear_func(points, clear_point);
	for (guint i = 0; metrics && i < metrics->len; i++) {
		const XbSample *sample = &g_array_index(metrics, XbSample, i);

		if (g_strcmp0(sample->metric, last) != 0 && step_of(sample->metric) > 0)
			add_point(page, data, points, sample, sides);
		last = sample->metric;
	}
	g_array_sort(points, by_name_and_step);
	for (guint from = 0, to; from < points->len; from = to) {
		g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(Point));
		const char *name = g_array_index(points, Point, from).name;

		for (to = from;
		     to < points->len && strcmp(g_array_index(points, Point, to).name, name) == 0;
		     to++)
			g_array_append_val(one, g_array_index(points, Point, to));
		if (one->len > 1)
			put_sweep(out, data, one, sides);
	}
}
