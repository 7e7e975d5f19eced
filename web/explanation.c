/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explanation.c - see explanation.h. */
#include "explanation.h"

#include <math.h>

#include "view-explain.h"

static void put_count(XbHtml *out, double value)
{
	double size = fabs(value);

	if (value == 0)
		xb_html(out, "<td class=\"n\">0</td>");
	else if (size < 0.0995)
		xb_html(out, "<td class=\"n\">%.2g</td>", value);
	else if (size < 99.5)
		xb_html(out, "<td class=\"n\">%.3f</td>", value);
	else
		xb_html(out, "<td class=\"n\">%.0f</td>", value);
}

static void put_row(XbHtml *out, json_t *row)
{
	const char *symbol = xb_json_text(row, "symbol"), *offset = xb_json_text(row, "offset");
	double share = xb_json_number(row, "share");

	xb_html(out, "<tr><th scope=\"row\">%s", xb_json_text(row, "what"));
	if (symbol)
		xb_html(out, " <code>%s%s%s</code>", symbol, offset ? "+" : "", offset);
	xb_html(out, "</th>");
	put_count(out, xb_json_number(row, "base"));
	put_count(out, xb_json_number(row, "test"));
	put_count(out, xb_json_number(row, "change"));
	if (isfinite(share))
		xb_html(out, "<td class=\"n\">%.0f %%</td></tr>\n", 100 * share);
	else
		xb_html(out, "<td class=\"n\"></td></tr>\n");
}

static void put_table(XbHtml *out, json_t *explanation, const char *const sides[2])
{
	json_t *rows = json_object_get(explanation, "rows"), *row;
	size_t i;

	if (json_array_size(rows) == 0)
		return;
	xb_html(out,
		"<div class=\"wide\"><table><thead><tr><th>For each %s</th><th>%s</th>"
		"<th>%s</th><th>Change</th><th>Share</th></tr></thead><tbody>\n",
		xb_json_text(explanation, "per"), sides[0], sides[1]);
	json_array_foreach(rows, i, row) put_row(out, row);
	xb_html(out, "</tbody></table></div>\n");
}

static void put_explanation(XbHtml *out, json_t *explanation, const char *const sides[2])
{
	double overhead = xb_json_number(explanation, "overhead");

	xb_html(out, "<p>%s.</p>\n", xb_json_text(explanation, "sentence"));
	put_table(out, explanation, sides);
	if (json_is_true(json_object_get(explanation, "lost")))
		xb_html(out, "<p>Some trace records were lost: the counts are too low.</p>\n");
	if (isfinite(overhead))
		xb_html(out,
			"<p>Counted in iterations of their own, which tracing made %.0f %% "
			"longer; no timed iteration was traced. Shares are estimates by what one "
			"such event costs; what was saved is negative.</p>\n",
			100 * overhead);
}

void xb_explanation_section(XbPage *page, XbHtml *out, const XbJobData *data)
{
	bool ab = data->job->kind == XB_JOB_AB;
	const char *const sides[2] = { ab ? "Base" : "Parent", ab ? "Test" : "Culprit" };
	g_autoptr(json_t) said =
		data->job->verdict ? json_loads(data->job->verdict, 0, NULL) : NULL;
	g_autoptr(json_t) explanation = xb_view_explanation(page->db, data, said);

	if (!explanation)
		return;
	xb_html(out, "<section id=\"why\"><h2>Why</h2>\n");
	put_explanation(out, explanation, sides);
	xb_html(out, "</section>\n");
}

void xb_explanation_variant(XbHtml *out, json_t *explanation, const char *name)
{
	const char *const sides[2] = { "Base", name };

	if (!xb_json_text(explanation, "sentence"))
		return;
	xb_html(out, "<section class=\"why\"><h2>Why %s differs</h2>\n", name);
	put_explanation(out, explanation, sides);
	xb_html(out, "</section>\n");
}
