/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counters.c - see counters.h. */
#include "counters.h"

#include <string.h>

#define ROWS_SHOWN 300   /* a kernel under test may say anything */
#define VIEW_MAX   20000 /* as many as a runner passes on */

/* One counter at one place, over its iterations. */
typedef struct {
	const XbCounter *first;
	double mean;
	guint n;
} Row;

static bool is_same(const XbCounter *a, const XbCounter *b)
{
	return strcmp(a->phase, b->phase) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->symbol, b->symbol) == 0 && strcmp(a->offset, b->offset) == 0;
}

static int by_phase_and_size(gconstpointer a, gconstpointer b)
{
	const Row *x = a, *y = b;
	bool x_total = !*x->first->symbol, y_total = !*y->first->symbol;
	int order = strcmp(x->first->phase, y->first->phase);

	if (order)
		return order;
	if (x_total != y_total)
		return x_total ? -1 : 1;
	if (x->mean != y->mean)
		return x->mean > y->mean ? -1 : 1;
	order = strcmp(x->first->name, y->first->name);
	return order ? order : strcmp(x->first->symbol, y->first->symbol);
}

/* Of Row, in the order in which they are shown. The database has sorted the counters: iterations of
 * one stand together. */
static GArray *rows_of(const GPtrArray *counters)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(Row));

	for (guint i = 0; i < counters->len; i++) {
		const XbCounter *counter = counters->pdata[i];
		Row *last = rows->len ? &g_array_index(rows, Row, rows->len - 1) : NULL;

		if (last && is_same(last->first, counter)) {
			last->n++;
			last->mean += (counter->value - last->mean) / last->n;
		} else {
			const Row row = { counter, counter->value, 1 };
			g_array_append_val(rows, row);
		}
	}
	g_array_sort(rows, by_phase_and_size);
	return rows;
}

static void put_row(XbHtml *out, const Row *row)
{
	const XbCounter *counter = row->first;

	xb_html(out, "<tr><td>%s</td><th scope=\"row\">%s</th><td>", counter->phase, counter->name);
	if (*counter->symbol)
		xb_html(out, "<code>%s%s%s</code>", counter->symbol, *counter->offset ? "+" : "",
			counter->offset);
	xb_html(out, "</td><td class=\"n\">%.6g</td><td>%s</td><td class=\"n\">%u</td></tr>\n",
		row->mean, counter->unit, row->n);
}

/* "Any further number worth keeping" of other workers: what has a name and a value. */
static guint put_events(XbHtml *out, const GPtrArray *events)
{
	guint shown = 0;

	for (guint i = 0; i < events->len && shown < ROWS_SHOWN; i++) {
		json_t *event = events->pdata[i];
		const char *name = xb_json_text(event, "name");

		if (g_strcmp0(xb_json_text(event, "event"), "counter") != 0 || !name)
			continue;
		xb_html(out,
			"<tr><td>%s</td><th scope=\"row\">%s</th><td></td><td class=\"n\">%.6g</td>"
			"<td>%s</td><td></td></tr>\n",
			xb_json_text(event, "phase"), name, xb_json_number(event, "value"),
			xb_json_text(event, "unit"));
		shown++;
	}
	return shown;
}

static bool has_counter_event(const GPtrArray *events)
{
	for (guint i = 0; i < events->len; i++)
		if (g_strcmp0(xb_json_text(events->pdata[i], "event"), "counter") == 0 &&
		    xb_json_text(events->pdata[i], "name"))
			return true;
	return false;
}

void xb_counters_section(XbHtml *out, const XbRunData *data)
{
	g_autoptr(GArray) rows = rows_of(data->counters);

	if (rows->len == 0 && !has_counter_event(data->events))
		return;
	xb_html(out,
		"<section id=\"counters\"><h2>Counters</h2>\n<div class=\"wide\"><table><thead>"
		"<tr><th>Phase</th><th>What</th><th>Where</th><th>Mean</th><th>Unit</th>"
		"<th>Iterations</th></tr></thead><tbody>\n");
	for (guint i = 0; i < rows->len && i < ROWS_SHOWN; i++)
		put_row(out, &g_array_index(rows, Row, i));
	put_events(out, data->events);
	xb_html(out, "</tbody></table></div>\n");
	if (rows->len > ROWS_SHOWN)
		xb_html(out,
			"<p>And %u more, in <a href=\"/api/v1/runs/%lld\">this run as "
			"JSON</a>.</p>\n",
			rows->len - ROWS_SHOWN, (long long)data->run->id);
	xb_html(out, "</section>\n");
}

json_t *xb_counters_view(const XbRunData *data)
{
	json_t *list = json_array();

	for (guint i = 0; i < data->counters->len && i < VIEW_MAX; i++) {
		const XbCounter *counter = data->counters->pdata[i];

		json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:s,s:i,s:f,s:s}", "phase", counter->phase,
					"name", counter->name, "symbol", counter->symbol, "offset",
					counter->offset, "iteration", counter->iteration, "value",
					counter->value, "unit", counter->unit));
	}
	return list;
}
