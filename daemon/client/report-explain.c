/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-explain.c - why: what Xen and the kernel were counted doing on both
 * sides; see report.h.
 */
#include <math.h>

#include "job.h"
#include "report.h"

#define ROWS_SHOWN 12

/* A count for one unit of work, with digits that say something. */
static char *count_cell(double value)
{
	double size = fabs(value);

	return g_strdup_printf(value == 0      ? "0"
			       : size < 0.0995 ? "%.2g"
			       : size < 99.5   ? "%.3f"
					       : "%.0f",
			       value);
}

static char *share_cell(const json_t *row)
{
	double share = xb_number(row, "share");

	return isfinite(share) ? g_strdup_printf("%.0f%%", 100 * share) : g_strdup("-");
}

static void add_row(GPtrArray *cells, const json_t *row)
{
	g_autofree char *what = xb_text(row, "what"), *symbol = xb_text(row, "symbol");
	g_autofree char *offset = xb_text(row, "offset");

	g_ptr_array_add(cells, *symbol ? g_strdup_printf("%s: %s%s%s", what, symbol,
							 *offset ? "+" : "", offset)
				       : g_strdup(what));
	g_ptr_array_add(cells, count_cell(xb_number(row, "base")));
	g_ptr_array_add(cells, count_cell(xb_number(row, "test")));
	g_ptr_array_add(cells, count_cell(xb_number(row, "change")));
	g_ptr_array_add(cells, share_cell(row));
}

static void write_table(XbWriter *w, const char *const sides[2], const json_t *rows,
			const char *per)
{
	const char *const heading[] = { NULL, sides[0], sides[1], "change", "share" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	const json_t *row;
	size_t i;

	g_ptr_array_add(cells, g_strdup_printf("counted for each %s", per));
	for (guint k = 1; k < G_N_ELEMENTS(heading); k++)
		g_ptr_array_add(cells, g_strdup(heading[k]));
	json_array_foreach(rows, i, row)
	{
		if (i < ROWS_SHOWN)
			add_row(cells, row);
	}
	w->table(w, cells, G_N_ELEMENTS(heading), 0x1eu);
}

static void write_explanation(XbWriter *w, const json_t *explanation, const char *title,
			      const char *const sides[2])
{
	const json_t *rows = xb_member(explanation, "rows");
	g_autofree char *sentence = xb_text(explanation, "sentence");
	g_autofree char *per = xb_text(explanation, "per"), *text = NULL, *note = NULL;
	double overhead = xb_number(explanation, "overhead");

	if (*sentence == '\0')
		return;
	w->section(w, title);
	text = g_strdup_printf("%c%s.", g_ascii_toupper(*sentence), sentence + 1);
	w->paragraph(w, text);
	if (json_array_size(rows) > 0)
		write_table(w, sides, rows, per);
	if (json_is_true(xb_member(explanation, "lost")))
		w->paragraph(w, "Some trace records were lost: the counts are too low.");
	if (!isfinite(overhead))
		return;
	note = g_strdup_printf(
		"Counted in iterations of their own, which tracing made %.0f%% "
		"longer; no timed iteration was traced. Shares are estimates by what "
		"one such event costs; what was saved is negative.",
		100 * overhead);
	w->paragraph(w, note);
}

void xb_report_explanation(XbWriter *w, const json_t *job)
{
	bool ab = xb_is(job, "kind", "ab");
	const char *const sides[2] = { ab ? "base" : "parent", ab ? "test" : "culprit" };
	const json_t *comparisons = xb_member(job, "comparisons"), *one;
	size_t i;

	write_explanation(w, xb_member(job, "explanation"), "Why", sides);
	json_array_foreach(comparisons, i, one)
	{
		g_autofree char *name = xb_text(one, "name");
		g_autofree char *title = g_strdup_printf("Why %s differs", name);
		const char *const pair[2] = { "base", name };

		write_explanation(w, xb_member(one, "explanation"), title, pair);
	}
}
