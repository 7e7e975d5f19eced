/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plot-strips.c - every boot and iteration of groups of boots, side by side; see plot.h. */
#include <math.h>

#include "page.h"
#include "plot.h"

#define WIDTH     960
#define LEFT      230
#define RIGHT     940
#define BOOTS_MAX 200 /* of a row, the latest */
#define BINS      40

static const double *numbers(const GArray *array)
{
	return (const double *)(gconstpointer)array->data;
}

/* With two boots it is so wide that nothing else could be told apart. */
static void add_interval(GArray *all, const XbStrip *strip)
{
	g_autoptr(GArray) means = xb_strip_means(strip);
	XbSpread spread = xb_spread_of(numbers(means), means->len);

	if (means->len > 2) {
		g_array_append_val(all, spread.low);
		g_array_append_val(all, spread.high);
	}
}

/* What a plot of the strips has to hold. */
static GArray *all_values(const GPtrArray *strips)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint s = 0; s < strips->len; s++) {
		const XbStrip *strip = strips->pdata[s];
		for (guint b = 0; b < strip->boots->len; b++) {
			const GArray *samples = strip->boots->pdata[b];
			g_array_append_vals(all, samples->data, samples->len);
		}
		add_interval(all, strip);
	}
	return all;
}

static void put_row(XbHtml *out, const XbStrip *strip, const XbScale *x, double top, double height)
{
	guint first = strip->boots->len > BOOTS_MAX ? strip->boots->len - BOOTS_MAX : 0;
	guint shown = strip->boots->len - first;
	g_autoptr(GArray) means = xb_strip_means(strip);
	XbSpread spread = xb_spread_of(numbers(means), means->len);
	double middle = top + height / 2;
	double low = CLAMP(xb_scale_at(x, spread.low), LEFT, RIGHT);
	double high = CLAMP(xb_scale_at(x, spread.high), LEFT, RIGHT);

	xb_html(out,
		"<g class=\"strip %s\"><text class=\"row\" x=\"%d\" y=\"%.1f\" "
		"text-anchor=\"end\">%s</text>",
		strip->class, LEFT - 10, middle + 4, strip->label);
	for (guint b = first; b < strip->boots->len; b++) {
		const GArray *samples = strip->boots->pdata[b];
		double y = top + 6 + (height - 12) * ((b - first) + 0.5) / shown;

		for (guint i = 0; i < samples->len; i++)
			xb_html(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>",
				xb_scale_at(x, numbers(samples)[i]), y);
	}
	if (means->len > 1)
		xb_html(out,
			"<rect class=\"interval\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>",
			low, top + 2, fmax(1, high - low), height - 4);
	if (means->len)
		xb_html(out,
			"<line class=\"mean\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
			xb_scale_at(x, spread.mean), xb_scale_at(x, spread.mean), top + 2,
			top + height - 2);
	xb_html(out, "</g>");
}

static void put_table(XbHtml *out, const GPtrArray *strips, const char *unit)
{
	xb_html(out, "<details><summary>The same as a table</summary><div class=\"wide\"><table>"
		     "<thead><tr><th>Group</th><th>Run</th><th>Mean</th><th>Iterations</th></tr>"
		     "</thead><tbody>\n");
	for (guint s = 0; s < strips->len; s++) {
		const XbStrip *strip = strips->pdata[s];

		for (guint b = 0; b < strip->boots->len; b++) {
			const GArray *samples = strip->boots->pdata[b];
			long long run = g_array_index(strip->runs, int64_t, b);
			XbSpread spread = xb_spread_of(numbers(samples), samples->len);
			g_autofree char *mean = xb_value_text(spread.mean, unit);

			xb_html(out,
				"<tr><td>%s</td><td><a href=\"/run/%lld\">%lld</a></td>"
				"<td class=\"n\">%s</td><td>",
				strip->label, run, run, mean);
			for (guint i = 0; i < samples->len; i++)
				xb_html(out, "%s%.6g", i ? ", " : "", numbers(samples)[i]);
			xb_html(out, "</td></tr>\n");
		}
	}
	xb_html(out, "</tbody></table></div></details>\n");
}

void xb_plot_strips(XbHtml *out, const GPtrArray *strips, const char *unit, const char *title)
{
	g_autoptr(GArray) all = all_values(strips);
	XbScale x = xb_scale_over(numbers(all), all->len, LEFT, RIGHT);
	double y = 8;

	if (all->len == 0)
		return;
	for (guint s = 0; s < strips->len; s++) {
		const XbStrip *strip = strips->pdata[s];
		y += CLAMP(MIN(strip->boots->len, BOOTS_MAX) * 6.0, 30, 240) + 8;
	}
	xb_html(out,
		"<figure class=\"plot\"><figcaption>%s</figcaption>"
		"<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"%s\">",
		title, WIDTH, y + 24, title);
	xb_plot_x_axis(out, &x, 0, y, unit);
	y = 8;
	for (guint s = 0; s < strips->len; s++) {
		const XbStrip *strip = strips->pdata[s];
		double height = CLAMP(MIN(strip->boots->len, BOOTS_MAX) * 6.0, 30, 240);

		put_row(out, strip, &x, y, height);
		y += height + 8;
	}
	xb_html(out, "</svg>\n<p class=\"legend\">A dot is an iteration, a line of dots a boot; "
		     "the upright line is the mean of the boots, the band around it its 95 %% "
		     "interval.</p>\n");
	put_table(out, strips, unit);
	xb_html(out, "</figure>\n");
}

/* How many iterations came to lie in each bin; the most of any, 1 at least. */
static guint fill_bins(const XbStrip *strip, const XbScale *x, guint bins[BINS])
{
	guint most = 1;

	for (guint b = 0; b < strip->boots->len; b++) {
		const GArray *samples = strip->boots->pdata[b];

		for (guint i = 0; i < samples->len; i++) {
			double at = (xb_scale_at(x, numbers(samples)[i]) - LEFT) / (RIGHT - LEFT);
			guint bin = (guint)CLAMP(at * BINS, 0, BINS - 1);

			bins[bin]++;
			most = MAX(most, bins[bin]);
		}
	}
	return most;
}

static void put_distribution_table(XbHtml *out, const GPtrArray *strips, const XbScale *x,
				   const char *unit)
{
	double step = (x->high - x->low) / BINS;

	xb_html(out, "<details><summary>The same as a table</summary><div class=\"wide\"><table>"
		     "<thead><tr><th>Group</th><th>From</th><th>To</th><th>Iterations</th></tr>"
		     "</thead><tbody>\n");
	for (guint s = 0; s < strips->len; s++) {
		const XbStrip *strip = strips->pdata[s];
		guint bins[BINS] = { 0 };

		fill_bins(strip, x, bins);
		for (guint i = 0; i < BINS; i++) {
			g_autofree char *from = xb_value_text(x->low + i * step, unit);
			g_autofree char *to = xb_value_text(x->low + (i + 1) * step, unit);

			if (bins[i])
				xb_html(out,
					"<tr><td>%s</td><td class=\"n\">%s</td>"
					"<td class=\"n\">%s</td><td class=\"n\">%u</td></tr>\n",
					strip->label, from, to, bins[i]);
		}
	}
	xb_html(out, "</tbody></table></div></details>\n");
}

void xb_plot_distribution(XbHtml *out, const GPtrArray *strips, const char *unit)
{
	g_autoptr(GArray) all = all_values(strips);
	XbScale x = xb_scale_over(numbers(all), all->len, LEFT, RIGHT);
	double width = (double)(RIGHT - LEFT) / BINS, row = 64;

	if (all->len < 2)
		return;
	xb_html(out,
		"<figure class=\"plot\"><figcaption>Distribution of the iterations"
		"</figcaption><svg viewBox=\"0 0 %d %.0f\" role=\"img\" "
		"aria-label=\"Distribution of the iterations\">",
		WIDTH, strips->len * row + 30);
	xb_plot_x_axis(out, &x, 0, strips->len * row, unit);
	for (guint s = 0; s < strips->len; s++) {
		const XbStrip *strip = strips->pdata[s];
		guint bins[BINS] = { 0 }, most = fill_bins(strip, &x, bins);
		double bottom = (s + 1) * row;

		xb_html(out,
			"<g class=\"strip %s\"><text class=\"row\" x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>",
			strip->class, LEFT - 10, bottom - row / 2, strip->label);
		for (guint i = 0; i < BINS; i++) {
			double height = (row - 10) * bins[i] / most;
			if (bins[i])
				xb_html(out,
					"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" "
					"width=\"%.1f\" height=\"%.1f\"><title>%u</title></rect>",
					LEFT + i * width + 0.5, bottom - height, width - 1, height,
					bins[i]);
		}
		xb_html(out, "</g>");
	}
	xb_html(out, "</svg>\n");
	put_distribution_table(out, strips, &x, unit);
	xb_html(out, "</figure>\n");
}

/* Both sides' boots in the order in which they came: the ratio of what was there by then. */
static GArray *ratios_over_time(const XbStrip *base, const XbStrip *test)
{
	GArray *ratios = g_array_new(FALSE, FALSE, sizeof(XbRatio));
	g_autoptr(GArray) a = xb_strip_means(base), b = xb_strip_means(test);
	guint i = 0, j = 0;

	while (i < a->len || j < b->len) {
		bool take_base = j == b->len ||
				 (i < a->len && g_array_index(base->runs, int64_t, i) <
							g_array_index(test->runs, int64_t, j));
		XbRatio ratio;

		i += take_base;
		j += !take_base;
		ratio = xb_ratio_of(numbers(a), i, numbers(b), j);
		if (isfinite(ratio.ratio))
			g_array_append_val(ratios, ratio);
	}
	return ratios;
}

static void put_ratio_table(XbHtml *out, const GArray *ratios)
{
	xb_html(out, "<details><summary>The same as a table</summary><div class=\"wide\"><table>"
		     "<thead><tr><th>Ratio</th><th>Change</th><th>95 %% interval</th></tr></thead>"
		     "<tbody>\n");
	for (guint i = 0; i < ratios->len; i++) {
		const XbRatio *r = &g_array_index(ratios, XbRatio, i);
		g_autofree char *change = xb_change_text(r->ratio);
		g_autofree char *low = xb_change_text(r->low), *high = xb_change_text(r->high);

		xb_html(out,
			"<tr><td class=\"n\">%.5f</td><td class=\"n\">%s</td>"
			"<td class=\"n\">%s%s%s</td></tr>\n",
			r->ratio, change, low, *low ? " to " : "", high);
	}
	xb_html(out, "</tbody></table></div></details>\n");
}

void xb_plot_ratio(XbHtml *out, const XbStrip *base, const XbStrip *test, const char *name)
{
	g_autoptr(GArray) ratios = ratios_over_time(base, test);
	g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(double));
	XbScale x = { 0, ratios->len, 80, RIGHT }, y;
	double one = 1;

	if (ratios->len < 2)
		return;
	g_array_append_val(ends, one);
	for (guint i = 0; i < ratios->len; i++) {
		const XbRatio *r = &g_array_index(ratios, XbRatio, i);
		g_array_append_val(ends, r->ratio);
		/* with two boots a side the interval would hide all that follows */
		if (i > 4 || ratios->len < 6) {
			g_array_append_val(ends, r->low);
			g_array_append_val(ends, r->high);
		}
	}
	y = xb_scale_over(numbers(ends), ends->len, 210, 10);
	xb_html(out,
		"<figure class=\"plot\"><figcaption>Ratio of %s to base as boots came "
		"in</figcaption><svg viewBox=\"0 0 %d 240\" role=\"img\" "
		"aria-label=\"Ratio of %s to base as boots came in\">",
		name, WIDTH, name);
	xb_plot_y_axis(out, &y, 80, RIGHT, "");
	xb_html(out, "<line class=\"same\" x1=\"80\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", RIGHT,
		xb_scale_at(&y, 1), xb_scale_at(&y, 1));
	for (guint i = 0; i < ratios->len; i++) {
		const XbRatio *r = &g_array_index(ratios, XbRatio, i);
		double at = xb_scale_at(&x, i + 0.5);

		if (isfinite(r->low))
			xb_html(out,
				"<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
				"y2=\"%.1f\"/>",
				at, at, CLAMP(xb_scale_at(&y, r->low), 0, 220),
				CLAMP(xb_scale_at(&y, r->high), 0, 220));
		xb_html(out,
			"<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\">"
			"<title>%u boots: %.5f",
			at, xb_scale_at(&y, r->ratio), i + 2, r->ratio);
		if (isfinite(r->low))
			xb_html(out, ", 95 %% interval %.5f to %.5f", r->low, r->high);
		xb_html(out, "</title></circle>");
	}
	xb_html(out, "</svg>\n");
	put_ratio_table(out, ratios);
	xb_html(out, "</figure>\n");
}
