/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-run.c - one measurement or build: samples, phases, counters, console and logs. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "page-profile.h"
#include "plot.h"
#include "run.h"
#include "site.h"

#define LINES_SHOWN 2000
#define HITS_SHOWN  500
#define FILE_MAX    ((gsize)64 * 1024 * 1024)

/* ---- facts ---------------------------------------------------------------------------- */

#define FACTS_DEPTH 4

/* "Host cpu.model"; facts are objects within objects. */
static void put_host_fact(XbHtml *out, const char *name, json_t *facts, guint depth)
{
	const char *key;
	json_t *value;

	json_object_foreach(facts, key, value)
	{
		g_autofree char *full =
			g_strdup_printf("%s%s%s", name, strcmp(name, "Host") == 0 ? " " : ".", key);
		g_autofree char *text = NULL;

		if (json_is_object(value)) {
			if (depth < FACTS_DEPTH)
				put_host_fact(out, full, value, depth + 1);
			continue;
		}
		text = json_is_string(value) ? g_strdup(json_string_value(value))
					     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		xb_page_fact(out, full, text);
	}
}

/* What the host was made of when this was measured. */
static void put_host_facts(XbHtml *out, const XbRunData *data)
{
	for (guint i = 0; i < data->events->len; i++) {
		json_t *event = data->events->pdata[i];

		if (g_strcmp0(xb_json_text(event, "event"), "fingerprint") == 0)
			put_host_fact(out, "Host",
				      json_object_get(json_object_get(event, "facts"), "host"), 0);
	}
}

static void put_facts(XbHtml *out, const XbRunData *data)
{
	const XbRun *run = data->run;
	const XbVariant *variant = data->variant;
	g_autoptr(json_t) source = json_loads(variant->source, 0, NULL);
	g_autofree char *took = xb_seconds_text(
		run->finished_ms ? (double)(run->finished_ms - run->started_ms) / 1000 : NAN);

	xb_html(out, "<dl class=\"facts\">");
	xb_page_hash(out, "Commit", xb_json_text(source, "commit"));
	xb_page_fact(out, "Kernel", xb_json_text(source, "kernel"));
	xb_page_fact(out, run->kind == XB_RUN_BUILD ? "Slot" : "Host", run->place);
	xb_page_fact(out, "Workload", run->workload);
	xb_page_fact(out, "Why", run->why);
	xb_page_fact(out, "Took", took);
	xb_page_fact(out, "Toolchain", variant->toolchain);
	xb_page_hash(out, "Image", variant->image_sha256);
	xb_page_hash(out, "Kernel config", variant->config_sha256);
	xb_page_hash(out, "Class of hosts", run->host_fp);
	xb_page_hash(out, "Workload as a hash", run->workload_fp);
	put_host_facts(out, data);
	xb_html(out, "<div><dt>Started</dt><dd>");
	xb_page_time(out, run->started_ms);
	xb_html(out, "</dd></div></dl>\n");
}

/* ---- phases ------------------------------------------------------------------------------ */

typedef struct {
	const char *name;
	double from, to;
} Phase;

static GArray *phases_of(const XbRunData *data)
{
	GArray *phases = g_array_new(FALSE, FALSE, sizeof(Phase));
	const XbRun *run = data->run;
	double end = run->finished_ms ? (double)(run->finished_ms - run->started_ms) / 1000 : NAN;

	for (guint i = 0; i < data->events->len; i++) {
		json_t *event = data->events->pdata[i];
		double t = xb_json_number(event, "t");
		Phase phase = { xb_json_text(event, "phase"), t, NAN };

		if (g_strcmp0(xb_json_text(event, "event"), "phase") != 0 || !phase.name ||
		    !isfinite(t) || t < 0)
			continue;
		if (phases->len)
			g_array_index(phases, Phase, phases->len - 1).to = t;
		g_array_append_val(phases, phase);
	}
	if (phases->len) {
		Phase *last = &g_array_index(phases, Phase, phases->len - 1);
		last->to = isfinite(end) && end > last->from ? end : last->from;
	}
	return phases;
}

static void put_phases(XbHtml *out, const XbRunData *data)
{
	g_autoptr(GArray) phases = phases_of(data);
	double whole = phases->len ? g_array_index(phases, Phase, phases->len - 1).to : 0;
	XbScale time = { 0, whole, 16, 944 };

	if (!(whole > 0))
		return;
	xb_html(out, "<section id=\"phases\"><h2>Phases</h2>\n<figure class=\"plot\"><svg "
		     "viewBox=\"0 0 960 64\" role=\"img\" aria-label=\"Phases over time\">");
	xb_plot_x_axis(out, &time, 2, 40, "s");
	for (guint i = 0; i < phases->len; i++) {
		const Phase *phase = &g_array_index(phases, Phase, i);
		double from = xb_scale_at(&time, phase->from), to = xb_scale_at(&time, phase->to);
		g_autofree char *took = xb_seconds_text(phase->to - phase->from);

		xb_html(out,
			"<g class=\"strip %s\"><rect class=\"interval\" x=\"%.1f\" y=\"4\" "
			"width=\"%.1f\" height=\"32\"><title>%s: %s</title></rect></g>",
			i % 2 ? "test" : "base", from, fmax(to - from, 1), phase->name, took);
		if (to - from > 60)
			xb_html(out, "<text x=\"%.1f\" y=\"24\">%s</text>", from + 6, phase->name);
	}
	xb_html(out, "</svg><details><summary>The same as a table</summary><table><thead><tr>"
		     "<th>Phase</th><th>From</th><th>Took</th></tr></thead><tbody>");
	for (guint i = 0; i < phases->len; i++) {
		const Phase *phase = &g_array_index(phases, Phase, i);
		g_autofree char *took = xb_seconds_text(phase->to - phase->from);
		g_autofree char *from = xb_seconds_text(phase->from);

		xb_html(out, "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>",
			phase->name, from, took);
	}
	xb_html(out, "</tbody></table></details></figure></section>\n");
}

/* ---- numbers ------------------------------------------------------------------------------ */

static void put_metric(XbHtml *out, const XbRunData *data, guint from, guint to)
{
	const XbSample *first = &g_array_index(data->samples, XbSample, from);
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
	XbSpread spread;

	for (guint i = from; i < to; i++)
		g_array_append_val(values, g_array_index(data->samples, XbSample, i).value);
	spread = xb_spread_of((const double *)(gconstpointer)values->data, values->len);
	g_autofree char *mean = xb_value_text(spread.mean, first->unit);
	g_autofree char *sd =
		isfinite(spread.sd) && spread.mean != 0
			? g_strdup_printf("%.3g %%", 100 * spread.sd / fabs(spread.mean))
			: g_strdup("");

	xb_html(out,
		"<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td><td>",
		first->metric, mean, sd);
	for (guint i = from; i < to; i++)
		xb_html(out, "%s%.9g", i > from ? ", " : "",
			g_array_index(data->samples, XbSample, i).value);
	xb_html(out, " %s</td></tr>\n", first->unit);
}

static void put_samples(XbHtml *out, const XbRunData *data)
{
	if (data->samples->len == 0)
		return;
	xb_html(out, "<section id=\"samples\"><h2>Samples</h2>\n<div class=\"wide\"><table><thead>"
		     "<tr><th>Metric</th><th>Mean</th><th>Spread</th><th>Iterations</th></tr>"
		     "</thead><tbody>\n");
	for (guint from = 0, to; from < data->samples->len; from = to) {
		const char *metric = g_array_index(data->samples, XbSample, from).metric;

		for (to = from + 1;
		     to < data->samples->len &&
		     strcmp(g_array_index(data->samples, XbSample, to).metric, metric) == 0;
		     to++)
			;
		put_metric(out, data, from, to);
	}
	xb_html(out, "</tbody></table></div></section>\n");
}

static void put_files(XbPage *page, XbHtml *out, const XbRunData *data)
{
	g_autofree char *command = xb_run_command(data);

	xb_html(out, "<section id=\"files\"><h2>Files</h2>\n<ul>");
	for (const XbRunFile *file = xb_run_files; file->name; file++) {
		uint64_t size = 0;
		int fd = xb_run_open(page->config, data->run, file->name, &size);

		if (fd < 0)
			continue;
		close(fd);
		xb_html(out,
			"<li><a href=\"/run/%lld/file?name=%s\">%s</a>, %llu bytes "
			"(<a href=\"/run/%lld/raw?name=%s\">as it is</a>)</li>\n",
			(long long)data->run->id, file->name, file->label, (unsigned long long)size,
			(long long)data->run->id, file->name);
	}
	if (data->run->evicted)
		xb_html(out, "<li>Its files were removed to make room.</li>");
	xb_html(out,
		"</ul><p><a class=\"button\" href=\"/run/%lld/bundle.tar\">Download what repeats "
		"it</a></p>\n",
		(long long)data->run->id);
	xb_html(out, "<p>Or build and measure it anew, in what was unpacked: <code>%s</code></p>\n",
		command);
	xb_html(out, "</section>\n");
}

static bool page_run(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(XbRunData) data = xb_run_data_load(page->db, page->id, error);
	const XbRun *run;

	if (!data)
		return false;
	run = data->run;
	page->title = g_strdup_printf("Run %lld", (long long)run->id);
	page->live = run->state != XB_RUN_DONE;
	xb_html(out, "<section id=\"head\"><h1>%s %lld ",
		run->kind == XB_RUN_BUILD ? "Build" : "Boot", (long long)run->id);
	xb_page_badge(out, run->has_outcome ? xb_outcome_name(run->outcome) : "running");
	xb_html(out, "</h1>\n");
	if (run->job_id)
		xb_html(out, "<p>Of <a href=\"/job/%lld\">job %lld</a></p>\n",
			(long long)run->job_id, (long long)run->job_id);
	if (run->detail && *run->detail)
		xb_html(out, "<pre class=\"reason\">%s</pre>\n", run->detail);
	else if (!run->has_outcome)
		xb_html(out, "<p class=\"reason\">%s</p>\n", run->phase);
	put_facts(out, data);
	xb_html(out, "</section>\n");
	put_samples(out, data);
	put_phases(out, data);
	xb_counters_section(out, data);
	xb_page_profile_run(page, out, data);
	put_files(page, out, data);
	return true;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int open_named(XbPage *page, uint64_t *size, GError **error)
{
	g_autoptr(XbRun) run = xb_db_run_get(page->db, page->id, error);
	const char *name = xb_web_query(page->request, "name");
	int fd = run && name ? xb_run_open(page->config, run, name, size) : -1;

	if (run && fd < 0)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "run %lld has no such file%s", (long long)page->id,
			    run->evicted ? " any more: it was removed to make room" : "");
	return fd;
}

static char *read_all(int fd, gsize *length)
{
	GByteArray *bytes = g_byte_array_new();
	guint8 chunk[65536];
	ssize_t n;

	while (bytes->len < FILE_MAX && (n = read(fd, chunk, sizeof(chunk))) > 0)
		g_byte_array_append(bytes, chunk, (guint)n);
	close(fd);
	*length = bytes->len;
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(bytes, FALSE);
}

/* A line as a C string: zero bytes become visible as all else that is no text. */
static char *line_at(const char *from, gsize length)
{
	char *line;

	if (length && from[length - 1] == '\r')
		length--;
	line = g_strndup(from, length);
	for (gsize i = 0; i < length; i++)
		if (from[i] == '\0')
			line[i] = '\001';
		else
			line[i] = from[i];
	return line;
}

typedef struct {
	const char *name, *query;
	int64_t run, from; /* first line shown, 1.. */
	int64_t total, shown;
} View;

static void put_line(XbHtml *out, const View *view, int64_t number, const char *line)
{
	if (view->query) {
		g_autofree char *name = xb_url(view->name);
		xb_html(out,
			"<span><a "
			"href=\"/run/%lld/file?name=%s&amp;from=%lld#L%lld\">%lld</a>%s\n</span>",
			(long long)view->run, name, (long long)MAX(number - 20, 1),
			(long long)number, (long long)number, line);
	} else {
		xb_html(out, "<span id=\"L%lld\"><a href=\"#L%lld\">%lld</a>%s\n</span>",
			(long long)number, (long long)number, (long long)number, line);
	}
}

static void put_lines(XbHtml *out, View *view, const char *text, gsize length)
{
	const char *end = text + length;
	g_autofree char *folded = view->query ? g_ascii_strdown(view->query, -1) : NULL;

	xb_html(out, "<pre class=\"console\">");
	for (const char *at = text; at < end;) {
		const char *stop = memchr(at, '\n', (gsize)(end - at));
		gsize size = (gsize)((stop ? stop : end) - at);

		view->total++;
		if (view->query ? view->shown < HITS_SHOWN
				: view->total >= view->from && view->shown < LINES_SHOWN) {
			g_autofree char *line = line_at(at, size);
			g_autofree char *lower = folded ? g_ascii_strdown(line, -1) : NULL;

			if (!lower || strstr(lower, folded)) {
				put_line(out, view, view->total, line);
				view->shown++;
			}
		}
		at = stop ? stop + 1 : end;
	}
	xb_html(out, "</pre>\n");
}

static void put_pager(XbHtml *out, const View *view)
{
	g_autofree char *name = xb_url(view->name);
	long long next = view->from + view->shown;

	if (view->query) {
		xb_html(out,
			"<p>%lld lines%s. <a href=\"/run/%lld/file?name=%s\">All lines</a></p>\n",
			(long long)view->shown,
			view->shown == HITS_SHOWN ? ", and perhaps more" : "", (long long)view->run,
			name);
		return;
	}
	xb_html(out, "<p>Lines %lld to %lld of %lld.", (long long)view->from, next - 1,
		(long long)view->total);
	if (view->from > 1)
		xb_html(out, " <a href=\"/run/%lld/file?name=%s&amp;from=%lld\">Earlier</a>",
			(long long)view->run, name, (long long)MAX(view->from - LINES_SHOWN, 1));
	if (next <= view->total)
		xb_html(out, " <a href=\"/run/%lld/file?name=%s&amp;from=%lld\">Later</a>",
			(long long)view->run, name, next);
	xb_html(out, "</p>\n");
}

static bool page_file(XbPage *page, XbHtml *out, GError **error)
{
	uint64_t size;
	int fd = open_named(page, &size, error);
	g_autofree char *text = NULL;
	const char *query = xb_web_query(page->request, "q");
	View view = { .name = xb_web_query(page->request, "name"),
		      .query = query && *query ? query : NULL,
		      .run = page->id,
		      .from = MAX(xb_web_query_int(page->request, "from", 1), 1) };
	gsize length;

	if (fd < 0)
		return false;
	text = read_all(fd, &length);
	page->title = g_strdup_printf("%s of run %lld", view.name, (long long)page->id);
	xb_html(out, "<h1>%s of <a href=\"/run/%lld\">run %lld</a></h1>\n", view.name,
		(long long)page->id, (long long)page->id);
	xb_html(out,
		"<form method=\"get\" action=\"/run/%lld/file\" class=\"form\" role=\"search\">"
		"<input type=\"hidden\" name=\"name\" value=\"%s\"><p class=\"field\"><label "
		"for=\"f-q\">Search</label><input id=\"f-q\" name=\"q\" value=\"%s\"></p>"
		"<p><button>Search</button></p></form>\n",
		(long long)page->id, view.name, view.query ? view.query : "");
	put_lines(out, &view, text, length);
	put_pager(out, &view);
	return true;
}

static XbWebResponse *raw_file(XbPage *page, GError **error)
{
	uint64_t size = 0;
	int fd = open_named(page, &size, error);
	g_autofree char *base = NULL;
	XbWebResponse *response;

	if (fd < 0)
		return NULL;
	/* never as markup, whatever is in it */
	response = xb_web_response_new(200, "text/plain; charset=utf-8", NULL);
	base = g_path_get_basename(xb_web_query(page->request, "name"));
	response->fd = fd;
	response->size = size;
	response->filename = g_strdup_printf("run-%lld-%s", (long long)page->id, base);
	return response;
}

static XbWebResponse *bundle(XbPage *page, GError **error)
{
	g_autoptr(XbRunData) data = xb_run_data_load(page->db, page->id, error);
	XbWebResponse *response;

	if (!data)
		return NULL;
	response = xb_web_response_new(200, "application/x-tar", xb_run_bundle(page->config, data));
	response->filename = g_strdup_printf("xbisect-run-%lld.tar", (long long)page->id);
	return response;
}

const XbRoute xb_routes_runs[] = {
	{ "GET", "/run/%", page_run, NULL, XB_NEEDS_READ },
	{ "GET", "/run/%/file", page_file, NULL, XB_NEEDS_READ },
	{ "GET", "/run/%/raw", NULL, raw_file, XB_NEEDS_READ },
	{ "GET", "/run/%/bundle.tar", NULL, bundle, XB_NEEDS_READ },
	{ 0 },
};
