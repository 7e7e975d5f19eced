/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plot.c - every boot of a job as a picture; see plot.h.
 */
#include "plot.h"

#include <math.h>
#include <string.h>

#include "format.h"
#include "job.h"

#define WIDTH      720
#define HEIGHT     300
#define LEFT       110
#define RIGHT      20
#define TOP        40
#define BOTTOM     50
#define COLUMNS    60 /* more measured commits than that are too many for names */
#define DOTS_MAX   5000
#define NAME_CHARS 7

typedef struct {
	int node;
	double value;
	char *commit;
	bool normal; /* the image of the search, else one of the confirmation's */
} Dot;

static void dot_clear(void *data)
{
	g_free(((Dot *)data)->commit);
}

static int by_node(const void *a, const void *b)
{
	const Dot *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

static double mean_of(const json_t *samples)
{
	double sum = 0;
	size_t i;
	const json_t *sample;

	json_array_foreach(samples, i, sample) sum += json_number_value(sample);
	return sum / (double)json_array_size(samples);
}

static GArray *dots_of(const json_t *job)
{
	GArray *dots = g_array_new(FALSE, FALSE, sizeof(Dot));
	const json_t *measurements = xb_member(job, "measurements"), *one;
	size_t i;

	g_array_set_clear_func(dots, dot_clear);
	json_array_foreach(measurements, i, one)
	{
		Dot dot = { .value = mean_of(xb_member(one, "samples")) };

		if (!xb_is(one, "outcome", "ok") || !isfinite(dot.value) || dots->len >= DOTS_MAX)
			continue;
		dot.node = (int)xb_integer(one, "node");
		dot.commit = xb_short_commit(one, "commit");
		dot.normal = xb_is(one, "image", "normal") || xb_member(one, "image") == NULL;
		g_array_append_val(dots, dot);
	}
	g_array_sort(dots, by_node);
	return dots;
}

/* Places of the plot. */
typedef struct {
	double low, high; /* of the levels, with room around them */
	guint columns;
} Scale;

static double y_of(const Scale *scale, double value)
{
	return TOP + (scale->high - value) / (scale->high - scale->low) * (HEIGHT - TOP - BOTTOM);
}

static double x_of(const Scale *scale, guint column)
{
	return LEFT + (column + 0.5) / scale->columns * (WIDTH - LEFT - RIGHT);
}

static Scale scale_of(const GArray *dots)
{
	Scale scale = { INFINITY, -INFINITY, 0 };
	double room;

	for (guint i = 0; i < dots->len; i++) {
		const Dot *dot = &g_array_index(dots, Dot, i);

		scale.low = fmin(scale.low, dot->value);
		scale.high = fmax(scale.high, dot->value);
		scale.columns += i == 0 || dot->node != (dot - 1)->node;
	}
	room = fmax((scale.high - scale.low) * 0.1, fabs(scale.high) * 1e-3 + 1e-300);
	scale.low -= room;
	scale.high += room;
	return scale;
}

static void append_text(GString *svg, double x, double y, const char *attributes, const char *text)
{
	g_autofree char *escaped = g_markup_escape_text(text, -1);

	g_string_append_printf(svg, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, attributes,
			       escaped);
}

static void append_axis(GString *svg, const Scale *scale, const char *unit)
{
	for (int i = 0; i <= 4; i++) {
		double value = scale->low + (scale->high - scale->low) * i / 4;
		g_autofree char *label = xb_format_value(value, unit);
		double y = y_of(scale, value);

		g_string_append_printf(svg,
				       "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" "
				       "stroke=\"#ccc\"/>\n",
				       LEFT, WIDTH - RIGHT, y, y);
		append_text(svg, LEFT - 8, y + 4, "text-anchor=\"end\"", label);
	}
}

static void append_dots(GString *svg, const Scale *scale, const GArray *dots, const char *culprit)
{
	guint column = 0;

	for (guint i = 0; i < dots->len; i++) {
		const Dot *dot = &g_array_index(dots, Dot, i);
		bool fresh = i == 0 || dot->node != (dot - 1)->node;
		double x;

		column += fresh && i > 0;
		x = x_of(scale, column);
		if (fresh && *culprit != '\0' && strcmp(dot->commit, culprit) == 0) {
			double edge = x - (x_of(scale, 1) - x_of(scale, 0)) / 2;

			g_string_append_printf(svg,
					       "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" "
					       "stroke=\"#b00\" stroke-dasharray=\"4 3\"/>\n",
					       edge, edge, TOP, HEIGHT - BOTTOM);
		}
		if (fresh && scale->columns <= COLUMNS) {
			g_autofree char *name = g_strndup(dot->commit, NAME_CHARS);
			g_autofree char *turned = g_strdup_printf(
				"text-anchor=\"end\" transform=\"rotate(-45 %.1f %d)\"", x,
				HEIGHT - BOTTOM + 14);

			append_text(svg, x, HEIGHT - BOTTOM + 14, turned, name);
		}
		g_string_append_printf(svg,
				       "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\" "
				       "stroke=\"#246\"/>\n",
				       x, y_of(scale, dot->value), dot->normal ? "#69c" : "none");
	}
}

char *xb_plot_svg(const json_t *job)
{
	g_autoptr(GArray) dots = dots_of(job);
	g_autofree char *metric = xb_text(job, "metric"), *unit = xb_text(job, "unit");
	g_autofree char *workload = xb_text(job, "workload");
	g_autofree char *culprit = xb_short_commit(job, "culprit.commit");
	g_autofree char *title = NULL;
	GString *svg;
	Scale scale;

	if (dots->len == 0)
		return NULL;
	scale = scale_of(dots);
	title = g_strdup_printf("%s of %s: every boot, by commit (ring: clean or reverted image)",
				metric, workload);
	svg = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	g_string_append_printf(svg,
			       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
			       "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
			       "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
			       "fill=\"#fff\"/>\n",
			       WIDTH, HEIGHT, WIDTH, HEIGHT);
	append_text(svg, LEFT, 22, "font-size=\"14\"", title);
	append_axis(svg, &scale, unit);
	append_dots(svg, &scale, dots, culprit);
	g_string_append(svg, "</svg>\n");
	return g_string_free(svg, FALSE);
}
