/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-branches.c - watched branches over time, and alerts. */
#include <math.h>
#include <string.h>

#include "alert-view.h"
#include "plot.h"
#include "site.h"
#include "watch-view.h"

#define POINTS_DRAWN  2000 /* of a series, the latest, or those before the one asked for */
#define POINTS_LINKED 500  /* more of them are drawn as one line of dots */
#define ALERTS_SHOWN  200
#define LEFT          90
#define RIGHT         950
#define BOTTOM        260

/* ---- one series ------------------------------------------------------------------------- */

typedef struct {
	const XbWatch *watch;
	char *workload, *metric;
	GPtrArray *levels;  /* XbWatchLevel* */
	GPtrArray *changes; /* XbWatchChange*, of the whole branch */
	guint others;       /* levels of other hosts or workloads, which are left out */
	guint first, end;   /* levels that are drawn */
} Series;

static void series_clear(Series *series)
{
	g_free(series->workload);
	g_free(series->metric);
	g_clear_pointer(&series->levels, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Series, series_clear)

/* Levels of two classes of hosts are never compared: those of the latest stay. How many went. */
static guint keep_last_class(GPtrArray *levels)
{
	const XbWatchLevel *last = levels->len ? levels->pdata[levels->len - 1] : NULL;
	guint before = levels->len;

	for (guint i = levels->len; i-- > 0;) {
		const XbWatchLevel *level = levels->pdata[i];

		if (strcmp(level->host_fp, last->host_fp) != 0 ||
		    strcmp(level->workload_fp, last->workload_fp) != 0)
			g_ptr_array_remove_index(levels, i);
	}
	return before - levels->len;
}

static bool series_load(XbPage *page, Series *series, const char *name, GError **error)
{
	int64_t before = xb_web_query_int(page->request, "before", 0);
	g_auto(GStrv) parts = g_strsplit(name, "\n", 2);

	series->workload = g_strdup(parts[0]);
	series->metric = g_strdup(parts[1] ? parts[1] : "");
	series->levels = xb_db_watch_levels(page->db, series->watch->id, series->workload,
					    series->metric, error);
	if (!series->levels)
		return false;
	series->others = keep_last_class(series->levels);
	series->end = series->levels->len;
	while (before && series->end > 0 &&
	       ((XbWatchLevel *)series->levels->pdata[series->end - 1])->seq >= before)
		series->end--;
	series->first = series->end > POINTS_DRAWN ? series->end - POINTS_DRAWN : 0;
	return true;
}

static bool is_of(const Series *series, const XbWatchChange *change)
{
	return strcmp(change->workload, series->workload) == 0 &&
	       strcmp(change->metric, series->metric) == 0;
}

/* Half of the 95 % interval of the mean of the boots; NAN for one boot. */
static double half_of(const XbWatchLevel *level)
{
	return level->boots > 1 ? level->level * level->sd * xb_t95((guint)level->boots - 1) /
					  sqrt(level->boots)
				: NAN;
}

static XbScale level_scale(const Series *series)
{
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = series->first; i < series->end; i++)
		g_array_append_val(values, ((XbWatchLevel *)series->levels->pdata[i])->level);
	return xb_scale_over((const double *)(gconstpointer)values->data, values->len, BOTTOM, 10);
}

static void put_band(XbHtml *out, const Series *series, const XbScale *x, const XbScale *y)
{
	bool started = false;

	xb_html(out, "<path class=\"band\" d=\"");
	for (guint i = series->first; i < series->end; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];
		double half = half_of(level);

		xb_html(out, started ? "L%.1f %.1f" : "M%.1f %.1f",
			xb_scale_at(x, (double)level->seq),
			CLAMP(xb_scale_at(y, level->level + (isfinite(half) ? half : 0)), 0,
			      BOTTOM));
		started = true;
	}
	for (guint i = series->end; i-- > series->first;) {
		const XbWatchLevel *level = series->levels->pdata[i];
		double half = half_of(level);

		xb_html(out, "L%.1f %.1f", xb_scale_at(x, (double)level->seq),
			CLAMP(xb_scale_at(y, level->level - (isfinite(half) ? half : 0)), 0,
			      BOTTOM));
	}
	xb_html(out, "Z\"/>");
}

static void put_dots(XbHtml *out, const Series *series, const XbScale *x, const XbScale *y)
{
	xb_html(out, "<path class=\"dots\" d=\"");
	for (guint i = series->first; i < series->end; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];

		xb_html(out, "M%.1f %.1fh0", xb_scale_at(x, (double)level->seq),
			xb_scale_at(y, level->level));
	}
	xb_html(out, "\"/>");
}

static void put_drawing(XbHtml *out, const Series *series)
{
	const XbWatchLevel *first = series->levels->pdata[series->first];
	const XbWatchLevel *last = series->levels->pdata[series->end - 1];
	const double ends[] = { (double)first->seq, (double)last->seq };
	XbScale x = xb_scale_over(ends, 2, LEFT, RIGHT), y = level_scale(series);

	xb_html(out,
		"<svg viewBox=\"0 0 960 280\" role=\"group\" aria-label=\"%s of %s over the "
		"commits\">",
		series->metric, series->watch->name);
	xb_plot_y_axis(out, &y, LEFT, RIGHT, first->unit);
	put_band(out, series, &x, &y);
	for (guint i = 0; i < series->changes->len; i++) {
		const XbWatchChange *change = series->changes->pdata[i];
		double at = xb_scale_at(&x, (double)change->to_seq);

		if (is_of(series, change) && at >= LEFT && at <= RIGHT)
			xb_html(out,
				"<line class=\"change\" x1=\"%.1f\" x2=\"%.1f\" y1=\"4\" "
				"y2=\"%d\"/>",
				at, at, BOTTOM);
	}
	if (series->end - series->first > POINTS_LINKED) {
		put_dots(out, series, &x, &y);
		xb_html(out, "</svg>\n");
		return;
	}
	for (guint i = series->first; i < series->end; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];
		g_autofree char *id = xb_short_id(level->commit);
		g_autofree char *value = xb_value_text(level->level, level->unit);

		xb_html(out,
			"<a href=\"/job/%lld\"><circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" "
			"r=\"3\"><title>%s %s: %s</title></circle></a>",
			(long long)level->job_id, xb_scale_at(&x, (double)level->seq),
			xb_scale_at(&y, level->level), id, level->subject, value);
	}
	xb_html(out, "</svg>\n");
}

static void put_points(XbHtml *out, const Series *series)
{
	xb_html(out, "<details><summary>The same as a table</summary><div class=\"wide\"><table>"
		     "<thead><tr><th>#</th><th>Commit</th><th>Subject</th><th>Level</th><th>Boots"
		     "</th><th>Measured by</th></tr></thead><tbody>\n");
	for (guint i = series->first; i < series->end; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];
		double half = half_of(level);
		g_autofree char *id = xb_short_id(level->commit);
		g_autofree char *value = xb_value_text(level->level, level->unit);

		xb_html(out,
			"<tr data-x=\"%lld\" data-level=\"%.12g\" data-commit=\"%s\" "
			"data-id=\"%s\" data-subject=\"%s\" data-job=\"%lld\"",
			(long long)level->seq, level->level, id, level->commit, level->subject,
			(long long)level->job_id);
		if (isfinite(half))
			xb_html(out, " data-low=\"%.12g\" data-high=\"%.12g\"", level->level - half,
				level->level + half);
		xb_html(out,
			"><td class=\"n\">%lld</td><td><code>%s</code></td><td>%s</td>"
			"<td class=\"n\">%s</td><td class=\"n\">%d</td><td>"
			"<a href=\"/job/%lld\">job %lld</a></td></tr>\n",
			(long long)level->seq, id, level->subject, value, level->boots,
			(long long)level->job_id, (long long)level->job_id);
	}
	xb_html(out, "</tbody></table></div></details>\n");
}

static void put_changes(XbHtml *out, const Series *series)
{
	const XbWatchLevel *first = series->levels->pdata[0];

	for (guint i = 0; i < series->changes->len; i++) {
		const XbWatchChange *change = series->changes->pdata[i];
		g_autofree char *before = xb_value_text(change->before, first->unit);
		g_autofree char *after = xb_value_text(change->after, first->unit);
		g_autofree char *by = xb_change_text(change->after / change->before);

		if (!is_of(series, change))
			continue;
		xb_html(out, "<p>Changed between commit %lld and %lld: %s, from %s to %s. ",
			(long long)change->from_seq, (long long)change->to_seq, by, before, after);
		if (change->job_id)
			xb_html(out, "<a href=\"/job/%lld\">Bisected by job %lld</a>",
				(long long)change->job_id, (long long)change->job_id);
		else
			xb_html(out, "%s", change->detail);
		xb_html(out, "</p>\n");
	}
}

static void put_series(XbHtml *out, const Series *series, guint number)
{
	const XbWatchLevel *last;

	if (series->end == series->first)
		return;
	last = series->levels->pdata[series->end - 1];
	xb_html(out,
		"<section id=\"s%u\"><h2>%s of %s</h2>\n<figure class=\"plot timeline\" "
		"data-unit=\"%s\" data-queue=\"/queue?what=bisect&amp;like=%lld\" data-changes=\"",
		number, series->metric, series->workload, last->unit, (long long)last->job_id);
	for (guint i = 0; i < series->changes->len; i++) {
		const XbWatchChange *change = series->changes->pdata[i];
		if (is_of(series, change))
			xb_html(out, "%lld ", (long long)change->to_seq);
	}
	xb_html(out, "\">\n");
	put_drawing(out, series);
	put_points(out, series);
	xb_html(out, "</figure>\n");
	if (series->others)
		xb_html(out, "<p>%u measurements of other hosts or settings are not drawn.</p>\n",
			series->others);
	if (series->first > 0)
		xb_html(out, "<p><a href=\"?before=%lld\">Earlier commits</a></p>\n",
			(long long)((XbWatchLevel *)series->levels->pdata[series->first])->seq);
	put_changes(out, series);
	xb_html(out, "</section>\n");
}

/* ---- pages ---------------------------------------------------------------------------------- */

static bool page_branches(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(page->db, error);

	if (!watches)
		return false;
	page->title = g_strdup("Branches");
	page->live = true;
	xb_html(out, "<h1>Watched branches</h1>\n<section id=\"list\">");
	if (watches->len == 0)
		xb_html(out,
			"<p>None. <code>xbisect watch add NAME --repo URL --branch B</code> adds "
			"one.</p></section>\n");
	if (watches->len == 0)
		return true;
	xb_html(out, "<div class=\"wide\"><table><thead><tr><th>Name</th><th>Repository</th><th>"
		     "Branch</th><th>Tip</th><th>Fetched</th></tr></thead><tbody>\n");
	for (guint i = 0; i < watches->len; i++) {
		const XbWatch *watch = watches->pdata[i];
		g_autofree char *name = xb_url(watch->name);

		xb_html(out,
			"<tr><th scope=\"row\"><a "
			"href=\"/branch/%s\">%s</a></th><td>%s</td><td>%s</td>"
			"<td><code>%.12s</code></td><td>",
			name, watch->name, watch->repo, watch->branch, watch->tip);
		xb_page_time(out, watch->fetched_ms);
		xb_html(out, " %s</td></tr>\n", watch->trouble);
	}
	xb_html(out, "</tbody></table></div></section>\n");
	return true;
}

static XbWatch *find_watch(XbPage *page, GError **error)
{
	g_autoptr(GError) failure = NULL;
	XbWatch *watch = xb_db_watch_find(page->db, page->name, &failure);

	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!watch)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "no branch is watched by that name");
	return watch;
}

static bool page_branch(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(XbWatch) watch = find_watch(page, error);
	g_autoptr(GPtrArray) names = watch ? xb_db_watch_series(page->db, watch->id, error) : NULL;
	g_autoptr(GPtrArray) changes =
		names ? xb_db_watch_changes(page->db, watch->id, error) : NULL;

	if (!changes)
		return false;
	page->title = g_strdup(watch->name);
	page->live = true;
	xb_html(out,
		"<h1>%s</h1>\n<section id=\"head\"><dl class=\"facts\"><div><dt>Repository</dt>"
		"<dd>%s</dd></div><div><dt>Branch</dt><dd>%s</dd></div><div><dt>Tip</dt><dd>"
		"<code>%s</code></dd></div><div><dt>Fetched</dt><dd>",
		watch->name, watch->repo, watch->branch, watch->tip);
	xb_page_time(out, watch->fetched_ms);
	xb_html(out, "</dd></div></dl>\n");
	if (*watch->trouble)
		xb_html(out, "<p class=\"message\">%s</p>\n", watch->trouble);
	if (names->len == 0)
		xb_html(out, "<p>Nothing has been measured on it yet.</p>\n");
	xb_html(out, "</section>\n");
	for (guint i = 0; i < names->len; i++) {
		g_auto(Series) series = { .watch = watch, .changes = changes };

		if (!series_load(page, &series, names->pdata[i], error))
			return false;
		put_series(out, &series, i);
	}
	return true;
}

static void put_alert(const XbPage *page, XbHtml *out, const XbAlert *alert)
{
	g_autofree char *id = alert->commit ? xb_short_id(alert->commit) : g_strdup("");
	g_autofree char *by = xb_change_text(alert->ratio);
	g_autofree char *ack = g_strdup_printf("/alert/%lld/ack", (long long)alert->id);
	g_autofree char *snooze = g_strdup_printf("/alert/%lld/snooze", (long long)alert->id);

	xb_html(out, "<article class=\"card\" id=\"a%lld\"><h2>", (long long)alert->id);
	xb_page_badge(out, alert->fixed_ms ? "fixed" : xb_alert_kind_name(alert->kind));
	xb_html(out, " %s %s</h2>\n<p><code>%s</code> %s", alert->metric, by, id, alert->subject);
	if (alert->job_id)
		xb_html(out, ", found by <a href=\"/job/%lld\">job %lld</a>",
			(long long)alert->job_id, (long long)alert->job_id);
	xb_html(out, ", ");
	xb_page_time(out, alert->created_ms);
	xb_html(out, "</p>\n");
	if (alert->fixed_ms) {
		xb_html(out, "<p>Fixed ");
		xb_page_time(out, alert->fixed_ms);
		xb_html(out, " with <code>%s</code></p>\n", alert->fixed_commit);
	}
	if (alert->acknowledged_ms)
		xb_html(out, "<p>Acknowledged.</p>\n");
	if (alert->snoozed_ms > page->now_ms) {
		xb_html(out, "<p>Quiet until ");
		xb_page_time(out, alert->snoozed_ms);
		xb_html(out, "</p>\n");
	}
	if (!alert->acknowledged_ms && page->may_change) {
		xb_html(out, "<div class=\"actions\">");
		xb_page_action(page, out, ack, "Acknowledge");
		xb_page_action(page, out, snooze, "Quiet for a day");
		xb_html(out, "</div>\n");
	}
	xb_html(out, "</article>\n");
}

static bool page_alerts(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(GPtrArray) alerts = xb_db_alerts(page->db, ALERTS_SHOWN, error);

	if (!alerts)
		return false;
	page->title = g_strdup("Alerts");
	page->live = true;
	xb_html(out, "<h1>Alerts</h1>\n<section id=\"list\">");
	if (alerts->len == 0)
		xb_html(out, "<p>None.</p>\n");
	for (guint i = 0; i < alerts->len; i++)
		put_alert(page, out, alerts->pdata[i]);
	xb_html(out, "</section>\n");
	return true;
}

/* ---- the API --------------------------------------------------------------------------------- */

static XbWebResponse *api_branch(XbPage *page, GError **error)
{
	g_autoptr(XbWatch) watch = find_watch(page, error);
	json_t *view = watch ? xb_view_watch(page->db, watch, true, error) : NULL;

	return view ? xb_web_response_json(200, view) : NULL;
}

static XbWebResponse *api_branches(XbPage *page, GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(page->db, error);
	json_t *list;

	if (!watches)
		return NULL;
	list = json_array();
	for (guint i = 0; i < watches->len; i++) {
		json_t *view = xb_view_watch(page->db, watches->pdata[i], false, error);
		if (!view) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, view);
	}
	return xb_web_response_json(200, json_pack("{s:b,s:o}", "ok", 1, "watches", list));
}

static XbWebResponse *api_alerts(XbPage *page, GError **error)
{
	g_autoptr(GPtrArray) alerts = xb_db_alerts(page->db, ALERTS_SHOWN, error);
	json_t *list;

	if (!alerts)
		return NULL;
	list = json_array();
	for (guint i = 0; i < alerts->len; i++) {
		json_t *view = xb_view_alert(page->db, alerts->pdata[i], error);
		if (!view) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, view);
	}
	return xb_web_response_json(200, json_pack("{s:b,s:o}", "ok", 1, "alerts", list));
}

const XbRoute xb_routes_branches[] = {
	{ "GET", "/branches", page_branches, NULL, XB_NEEDS_READ },
	{ "GET", "/branch/*", page_branch, NULL, XB_NEEDS_READ },
	{ "GET", "/alerts", page_alerts, NULL, XB_NEEDS_READ },
	{ "GET", "/api/v1/branches", NULL, api_branches, XB_NEEDS_READ },
	{ "GET", "/api/v1/branches/*", NULL, api_branch, XB_NEEDS_READ },
	{ "GET", "/api/v1/alerts", NULL, api_alerts, XB_NEEDS_READ },
	{ 0 },
};
