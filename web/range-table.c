/* SPDX-License-Identifier: GPL-2.0-or-later */
/* range-table.c - the commits of a range as a table, of a large one in pages; see range.h. */
#include "page.h"
#include "path-view.h"
#include "range.h"

static bool is_known(const XbColumn *column)
{
	return column->kind != XB_COLUMN_UNTRIED || column->probability > 0;
}

static guint count_known(const XbColumn *columns, guint n)
{
	guint known = 0;

	for (guint i = 0; i < n; i++)
		known += is_known(&columns[i]);
	return known;
}

static void put_table_row(XbHtml *out, const XbJobData *data, const XbColumn *column, guint i,
			  const char *unit)
{
	const XbJobCommit *commit = xb_jobdata_commit(data, i);
	g_autofree char *id = xb_short_id(commit->label);
	g_autofree char *mean = xb_value_text(column->level.mean, unit);
	g_autofree char *low = xb_value_text(column->level.low, unit);
	g_autofree char *high = xb_value_text(column->level.high, unit);
	g_autofree char *probability = xb_probability_text(column->probability);
	g_autoptr(json_t) path = xb_path_commit(data, i);

	xb_html(out,
		"<tr id=\"c%u\"><td class=\"n\">%u</td><td><code>%s</code></td><td>%s</td>"
		"<td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s%s%s</td>"
		"<td class=\"n\">%u</td><td class=\"n\">%s</td>",
		i, i, id, commit->subject, xb_column_kind_word(column->kind),
		column->level.n ? mean : "", column->level.n > 1 ? low : "",
		column->level.n > 1 ? " to " : "", column->level.n > 1 ? high : "", column->level.n,
		column->probability > 0 ? probability : "");
	if (data->paths->len > 0)
		xb_html(out, "<td>%s</td>", path ? xb_json_text(path, "text") : "");
	xb_html(out, "</tr>\n");
}

/* The pages of the table of a large range: those of which something is known, or all. */
static void put_table_pages(XbHtml *out, guint n, int64_t from, guint shown)
{
	guint last = (n - 1) / XB_RANGE_ROWS * XB_RANGE_ROWS;

	if (from < 0) {
		xb_html(out,
			"<p>%u commits of which something is known%s. All %u: from <a "
			"href=\"?commits=0#commits\">the oldest</a>, from <a "
			"href=\"?commits=%u#commits\">the newest</a>.</p>\n",
			shown, shown == XB_RANGE_ROWS ? ", or the first of them" : "", n, last);
		return;
	}
	xb_html(out, "<p>Commits %lld to %lld of %u.", (long long)from,
		(long long)MIN(from + XB_RANGE_ROWS, n) - 1, n);
	if (from > 0)
		xb_html(out, " <a href=\"?commits=%lld#commits\">Earlier</a>",
			(long long)MAX(from - XB_RANGE_ROWS, 0));
	if (from + XB_RANGE_ROWS < n)
		xb_html(out, " <a href=\"?commits=%lld#commits\">Later</a>",
			(long long)from + XB_RANGE_ROWS);
	xb_html(out, " <a href=\"?\">Those of which something is known</a></p>\n");
}

void xb_range_table(XbHtml *out, const XbJobData *data, const XbColumn *columns, const char *unit,
		    int64_t from)
{
	guint shown = 0, n = data->commits->len;
	bool pages = n > XB_RANGE_ROWS;
	guint first = pages && from > 0 ? (guint)MIN(from, n - 1) : 0;

	xb_html(out,
		pages && from >= 0 ? "<details id=\"commits\" open>" : "<details id=\"commits\">");
	xb_html(out, "<summary>The commits as a table</summary>");
	if (pages)
		put_table_pages(out, n, from < 0 ? -1 : (int64_t)first,
				MIN(count_known(columns, n), XB_RANGE_ROWS));
	xb_html(out, "<div class=\"wide\"><table><thead><tr><th>#</th><th>Commit</th>"
		     "<th>Subject</th><th>State</th><th>Level</th><th>95 %% interval</th>"
		     "<th>Boots</th><th>Probability</th>");
	if (data->paths->len > 0)
		xb_html(out, "<th>Executed</th>");
	xb_html(out, "</tr></thead><tbody>\n");
	for (guint i = first; i < n && shown < XB_RANGE_ROWS; i++) {
		if (pages && from < 0 && !is_known(&columns[i]))
			continue;
		put_table_row(out, data, &columns[i], i, unit);
		shown++;
	}
	xb_html(out, "</tbody></table></div>\n</details></figure>\n");
}
