/* SPDX-License-Identifier: GPL-2.0-or-later */
/* range.c - see range.h. */
#include "range.h"

#include <math.h>
#include <string.h>

#include "page.h"

#define LEFT       90
#define TOP        26
#define LEVELS     220 /* height of the part with levels */
#define BARS       90  /* of that with probabilities */
#define MARKS      18  /* of the row of marks */
#define WIDTH_WANT 960
#define NARROW     3   /* a column in which a mark has no shape */
#define VISIBLE    0.5 /* of a mark in these, or of a gap between two: below, none is seen */

/* ---- what is known --------------------------------------------------------------- */

static void mark_alike(XbColumn *columns, guint n, const json_t *said)
{
	json_t *list = json_object_get(said, "alike"), *pair;
	size_t i;

	json_array_foreach(list, i, pair)
	{
		json_int_t first = json_integer_value(json_array_get(pair, 0));
		json_int_t last = json_integer_value(json_array_get(pair, 1));

		for (json_int_t node = MAX(first, 1); node <= last && node < n; node++)
			columns[node].kind = XB_COLUMN_ALIKE;
	}
}

static void mark_variants(XbColumn *columns, const XbJobData *data)
{
	for (guint i = 0; i < data->variants->len; i++) {
		const XbVariant *variant = data->variants->pdata[i];

		if (!variant)
			continue;
		if (variant->state == XB_VARIANT_BUILD_FAILED)
			columns[i].kind = XB_COLUMN_UNBUILDABLE;
		else if (variant->state == XB_VARIANT_BOOT_FAILED)
			columns[i].kind = XB_COLUMN_SKIPPED;
		else if (variant->state == XB_VARIANT_BUILT && columns[i].kind != XB_COLUMN_ALIKE)
			columns[i].kind = XB_COLUMN_BUILT;
	}
}

static void add_boot(XbColumn *column, GArray *means, const GArray *samples)
{
	const double *values = (const double *)(gconstpointer)samples->data;
	XbSpread spread = xb_spread_of(values, samples->len);

	for (guint i = 0; i < samples->len; i++) {
		column->low = fmin(column->low, values[i]);
		column->high = fmax(column->high, values[i]);
	}
	g_array_append_val(means, spread.mean);
}

static void measure(XbColumn *columns, const XbJobData *data)
{
	guint n = data->commits->len;
	g_autofree GArray **means = g_new0(GArray *, n);

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);
		const GArray *samples = g_hash_table_lookup(data->samples, &run->id);

		if (!role || role->revert || xb_jobdata_run_is_refuted(data, run))
			continue;
		if (run->kind == XB_RUN_BOOT && run->has_outcome &&
		    (run->outcome == XB_OUTCOME_BOOT_FAILED ||
		     run->outcome == XB_OUTCOME_WORKLOAD_FAILED))
			columns[role->node].kind = XB_COLUMN_SKIPPED;
		if (!xb_jobdata_run_counts(data, run) || samples->len == 0)
			continue;
		if (!means[role->node])
			means[role->node] = g_array_new(FALSE, FALSE, sizeof(double));
		add_boot(&columns[role->node], means[role->node], samples);
	}
	for (guint i = 0; i < n; i++) {
		if (!means[i])
			continue;
		columns[i].kind = XB_COLUMN_MEASURED;
		columns[i].level =
			xb_spread_of((const double *)(gconstpointer)means[i]->data, means[i]->len);
		g_array_unref(means[i]);
	}
}

XbColumn *xb_range_columns(const XbJobData *data, const json_t *said)
{
	guint n = data->commits->len;
	XbColumn *columns = g_new0(XbColumn, n);
	json_t *commits = json_object_get(said, "commits"), *one;
	size_t i;

	for (guint c = 0; c < n; c++) {
		columns[c].low = INFINITY;
		columns[c].high = -INFINITY;
	}
	mark_alike(columns, n, said);
	mark_variants(columns, data);
	measure(columns, data);
	json_array_foreach(commits, i, one)
	{
		json_int_t node = json_integer_value(json_object_get(one, "node"));

		if (node > 0 && node < n)
			columns[node].probability = xb_json_number(one, "probability");
	}
	return columns;
}

const char *xb_column_kind_word(XbColumnKind kind)
{
	static const char *const words[XB_COLUMN_KINDS] = {
		[XB_COLUMN_UNTRIED] = "not tried",
		[XB_COLUMN_ALIKE] = "same image as its parent",
		[XB_COLUMN_BUILT] = "built",
		[XB_COLUMN_UNBUILDABLE] = "does not build",
		[XB_COLUMN_SKIPPED] = "does not boot",
		[XB_COLUMN_MEASURED] = "measured",
	};
	return words[kind];
}

/* ---- the picture ----------------------------------------------------------------- */

typedef struct {
	const XbJobData *data;
	const XbColumn *columns;
	guint n, from; /* commits; the first of the table's page */
	double width;  /* of a column */
	XbScale level;
	const char *unit;
} Picture;

/* Where the table has the row of @node: on this page of it or on another. Caller frees. */
static char *row_of(const Picture *p, guint node)
{
	bool here = p->n <= XB_RANGE_ROWS || (p->from <= node && node < p->from + XB_RANGE_ROWS);

	return here ? g_strdup_printf("#c%u", node)
		    : g_strdup_printf("?commits=%u#c%u", node / XB_RANGE_ROWS * XB_RANGE_ROWS,
				      node);
}

static double center(const Picture *p, guint node)
{
	return LEFT + (node + 0.5) * p->width;
}

/* Marks of commits that were not measured; each has a shape of its own. */
static void put_mark(XbHtml *out, XbColumnKind kind, double x, double y, double r)
{
	switch (kind) {
	case XB_COLUMN_UNBUILDABLE:
		xb_html(out,
			"<path class=\"unbuildable\" d=\"M%.1f %.1fL%.1f %.1fM%.1f %.1fL%.1f "
			"%.1f\"/>",
			x - r, y - r, x + r, y + r, x - r, y + r, x + r, y - r);
		break;
	case XB_COLUMN_SKIPPED:
		xb_html(out, "<path class=\"skipped\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>", x,
			y - r, x + r, y + r, x - r, y + r);
		break;
	case XB_COLUMN_BUILT:
		xb_html(out,
			"<rect class=\"built\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>",
			x - r, y - r, 2 * r, 2 * r);
		break;
	case XB_COLUMN_ALIKE:
		xb_html(out, "<path class=\"alike\" d=\"M%.1f %.1fH%.1f\"/>", x - r, y, x + r);
		break;
	case XB_COLUMN_MEASURED:
		xb_html(out, "<circle class=\"measured\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", x,
			y, r);
		break;
	case XB_COLUMN_UNTRIED:
	case XB_COLUMN_KINDS:
		break;
	}
}

static void put_level(XbHtml *out, const Picture *p, guint i)
{
	const XbColumn *column = &p->columns[i];
	double x = center(p, i);
	double low = column->level.n > 1 ? column->level.low : column->low;
	double high = column->level.n > 1 ? column->level.high : column->high;
	g_autofree char *mean = xb_value_text(column->level.mean, p->unit);
	const XbJobCommit *commit = xb_jobdata_commit(p->data, i);
	g_autofree char *id = xb_short_id(commit->label);
	g_autofree char *row = row_of(p, i);

	xb_html(out,
		"<a href=\"%s\"><g class=\"level\"><title>%s %s: %s, %u boot%s</title>"
		"<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
		"<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/></g></a>",
		row, id, commit->subject, mean, column->level.n, column->level.n == 1 ? "" : "s", x,
		x, CLAMP(xb_scale_at(&p->level, low), TOP, TOP + LEVELS),
		CLAMP(xb_scale_at(&p->level, high), TOP, TOP + LEVELS), x,
		xb_scale_at(&p->level, column->level.mean));
}

/* The columns of @kind as lines; two are one line where nobody could see the gap. */
static void put_stretches(XbHtml *out, const Picture *p, XbColumnKind kind, double y)
{
	for (guint i = 0; i < p->n;) {
		guint from = i, end = i + 1;

		if (p->columns[i++].kind != kind)
			continue;
		for (; i < p->n && (i - end) * p->width < VISIBLE; i++)
			if (p->columns[i].kind == kind)
				end = i + 1;
		xb_html(out, "M%.1f %.1fh%.1f", LEFT + from * p->width, y,
			fmax((end - from) * p->width, VISIBLE));
	}
}

/* In narrow columns shapes cannot be told apart: a row for each kind, each one path. */
static void put_narrow_marks(XbHtml *out, const Picture *p, double top)
{
	static const char *const classes[XB_COLUMN_KINDS] = {
		[XB_COLUMN_ALIKE] = "alike",
		[XB_COLUMN_BUILT] = "built",
		[XB_COLUMN_UNBUILDABLE] = "unbuildable",
		[XB_COLUMN_SKIPPED] = "skipped",
		[XB_COLUMN_MEASURED] = "whisker",
	};

	for (guint kind = 0; kind < XB_COLUMN_KINDS; kind++) {
		double y = top + 3.5 * kind;

		if (!classes[kind])
			continue;
		xb_html(out, "<path class=\"%s\" d=\"", classes[kind]);
		put_stretches(out, p, kind, y);
		xb_html(out, "\"/>");
	}
}

static void put_columns(XbHtml *out, const Picture *p)
{
	double bars = TOP + LEVELS + 24 + BARS, marks = bars + 6 + MARKS / 2.0;
	double r = CLAMP(p->width / 3, 1.2, 4.5);

	if (p->width < NARROW)
		put_narrow_marks(out, p, bars + 5);
	for (guint i = 0; i < p->n; i++) {
		const XbColumn *column = &p->columns[i];

		if (column->probability > 0) {
			g_autofree char *text = xb_probability_text(column->probability);
			g_autofree char *id = xb_short_id(xb_jobdata_commit(p->data, i)->label);
			g_autofree char *row = row_of(p, i);
			double height = fmax(1, column->probability * BARS);

			xb_html(out,
				"<a href=\"%s\"><rect class=\"posterior\" x=\"%.1f\" y=\"%.1f\" "
				"width=\"%.1f\" height=\"%.1f\"><title>%s: %s</title></rect></a>",
				row, center(p, i) - fmax(p->width * 0.4, 1), bars - height,
				fmax(p->width * 0.8, 2), height, id, text);
		}
		if (p->width >= NARROW)
			put_mark(out, column->kind, center(p, i), marks, r);
		if (column->level.n)
			put_level(out, p, i);
	}
}

/* The levels of the two sides as the verdict has them would need the engine; steps between
 * measured neighbours show the same to the eye. */
static void put_steps(XbHtml *out, const Picture *p)
{
	bool started = false;

	xb_html(out, "<path class=\"trace\" d=\"");
	for (guint i = 0; i < p->n; i++) {
		if (!p->columns[i].level.n)
			continue;
		xb_html(out, started ? "H%.1fV%.1f" : "M%.1f %.1f", center(p, i),
			xb_scale_at(&p->level, p->columns[i].level.mean));
		started = true;
	}
	xb_html(out, "\"/>");
}

static void put_legend(XbHtml *out)
{
	static const XbColumnKind kinds[] = { XB_COLUMN_MEASURED, XB_COLUMN_BUILT, XB_COLUMN_ALIKE,
					      XB_COLUMN_UNBUILDABLE, XB_COLUMN_SKIPPED };

	xb_html(out, "<p class=\"legend\">");
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		xb_html(out,
			"<span><svg class=\"key\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">");
		put_mark(out, kinds[i], 7, 7, 4.5);
		xb_html(out, "</svg> %s</span> ", xb_column_kind_word(kinds[i]));
	}
	xb_html(out, "<span>A column is a commit, oldest first. A bar through a level is its 95 %% "
		     "interval over boots, or the range of the iterations of a single boot. Bars "
		     "below: the probability that the commit is the culprit.</span></p>\n");
}

static void put_culprit(XbHtml *out, const Picture *p, guint culprit)
{
	double x = center(p, culprit);
	bool left = x > LEFT + p->n * p->width / 2;
	g_autofree char *id = xb_short_id(xb_jobdata_commit(p->data, culprit)->label);

	xb_html(out,
		"<g class=\"callout\"><line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
		"<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text></g>",
		x, x, TOP - 8, TOP + LEVELS + 24 + BARS, left ? x - 6 : x + 6, TOP - 10,
		left ? "end" : "start", id);
}

void xb_range_picture(XbHtml *out, const XbJobData *data, const XbColumn *columns, guint culprit,
		      const char *unit, int64_t from)
{
	Picture p = { .data = data,
		      .columns = columns,
		      .n = data->commits->len,
		      .from = from >= 0 ? (guint)from : G_MAXUINT / 2,
		      .unit = unit };
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
	int bars = TOP + LEVELS + 24, height = bars + BARS + 6 + MARKS + 4;
	double right;

	p.width = CLAMP((double)WIDTH_WANT / p.n, p.n > 2000 ? 4000.0 / p.n : 2, 40);
	right = LEFT + p.n * p.width;
	for (guint i = 0; i < p.n; i++) {
		if (columns[i].level.n)
			g_array_append_val(values, columns[i].level.mean);
		if (columns[i].level.n == 1) {
			g_array_append_val(values, columns[i].low);
			g_array_append_val(values, columns[i].high);
		}
	}
	p.level = xb_scale_over((const double *)(gconstpointer)values->data, values->len,
				TOP + LEVELS, TOP);
	xb_html(out,
		"<figure class=\"plot\"><figcaption>The range, one column a commit</figcaption>"
		"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The range\">"
		"<svg class=\"range%s\" width=\"%.0f\" height=\"%d\" viewBox=\"0 0 %.0f %d\" "
		"role=\"group\" aria-label=\"Levels and probabilities of %u commits\">",
		right > WIDTH_WANT + 2 * LEFT ? " long" : "", right + 10, height, right + 10,
		height, p.n);
	if (values->len)
		xb_plot_y_axis(out, &p.level, LEFT, right, unit);
	xb_html(out,
		"<line class=\"axis\" x1=\"%d\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
		"<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">100 %%</text>"
		"<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>",
		LEFT, right, bars + BARS, bars + BARS, LEFT - 6, bars + 10, LEFT - 6, bars + BARS);
	if (values->len > 1)
		put_steps(out, &p);
	if (culprit)
		put_culprit(out, &p, culprit);
	put_columns(out, &p);
	xb_html(out, "</svg></div>\n");
	put_legend(out);
}
