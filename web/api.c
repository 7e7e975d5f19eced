/* SPDX-License-Identifier: GPL-2.0-or-later */
/* api.c - /api/v1: the objects of --json, and counts for monitors. */
#include "host-view.h"
#include "run.h"
#include "site.h"

#define LIST_MAX 200

static XbWebResponse *jobs(XbPage *page, GError **error)
{
	const char *name = xb_web_query(page->request, "state");
	int limit = (int)CLAMP(xb_web_query_int(page->request, "limit", 50), 1, LIST_MAX);
	int64_t before = xb_web_query_int(page->request, "before", 0);
	XbJobState state;
	g_autoptr(GPtrArray) rows = NULL;
	json_t *list;

	if (name && !xb_job_state_parse(name, &state))
		return xb_web_response_json(400, json_pack("{s:b,s:s}", "ok", 0, "error",
							   "no such state: queued, running, done, "
							   "failed, cancelled"));
	rows = xb_db_jobs_list(page->db, name ? &state : NULL, before, limit, error);
	if (!rows)
		return NULL;
	list = json_array();
	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(list, xb_view_summary(rows->pdata[i]));
	return xb_web_response_json(200, json_pack("{s:b,s:o}", "ok", 1, "jobs", list));
}

static XbWebResponse *job(XbPage *page, GError **error)
{
	json_t *view = xb_view_job(page->db, page->id, XB_VIEW_FULL, page->now_ms, error);

	return view ? xb_web_response_json(200, view) : NULL;
}

static XbWebResponse *job_log(XbPage *page, GError **error)
{
	json_t *log =
		xb_view_log(page->db, page->id, xb_web_query_int(page->request, "after", 0), error);

	return log ? xb_web_response_json(200, log) : NULL;
}

static XbWebResponse *run(XbPage *page, GError **error)
{
	g_autoptr(XbRunData) data = xb_run_data_load(page->db, page->id, error);

	return data ? xb_web_response_json(200, xb_run_view(data)) : NULL;
}

static XbWebResponse *hosts(XbPage *page, GError **error)
{
	g_autoptr(GPtrArray) rows = xb_db_hosts(page->db, error);
	g_auto(XbHostWork) work = { 0 };
	g_autoptr(json_t) list = json_array();

	if (!rows || !xb_host_work_read(page->db, &work, error))
		return NULL;
	for (guint i = 0; i < rows->len; i++) {
		json_t *view = xb_view_host_row(page->db, rows->pdata[i], &work, error);

		if (!view)
			return NULL;
		json_array_append_new(list, view);
	}
	return xb_web_response_json(200, json_pack("{s:b,s:O}", "ok", 1, "hosts", list));
}

static XbWebResponse *health(XbPage *page, GError **error)
{
	(void)page;
	(void)error;
	return xb_web_response_text(200, "ok\n");
}

/* ---- metrics ---------------------------------------------------------------------- */

/* The value of a label, quoted as the text format wants it. */
static void put_label(GString *text, const char *value)
{
	g_string_append_c(text, '"');
	for (; *value; value++) {
		if (*value == '\n')
			g_string_append(text, "\\n");
		else if (*value == '"' || *value == '\\')
			g_string_append_printf(text, "\\%c", *value);
		else
			g_string_append_c(text, *value);
	}
	g_string_append_c(text, '"');
}

static void put_head(GString *text, const char *name, const char *type, const char *help)
{
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_tally(GString *text, const GPtrArray *rows, const char *name, const char *type,
		      const char *help, const char *label, bool seconds)
{
	put_head(text, name, type, help);
	for (guint i = 0; i < rows->len; i++) {
		const XbTallyRow *row = rows->pdata[i];

		g_string_append_printf(text, "%s{kind=", name);
		put_label(text, row->kind);
		g_string_append_printf(text, ",%s=", label);
		put_label(text, row->state);
		if (seconds)
			g_string_append_printf(text, "} %.3f\n", row->seconds);
		else
			g_string_append_printf(text, "} %" G_GINT64_FORMAT "\n", row->count);
	}
}

static int64_t is_drained(const XbHostRow *host)
{
	return host->drained_ms != 0;
}

static int64_t troubles(const XbHostRow *host)
{
	return host->troubles;
}

static int64_t outside(const XbHostRow *host)
{
	return host->outside;
}

static int64_t health_time(const XbHostRow *host)
{
	return host->health_ms / 1000;
}

static void put_host_gauge(GString *text, const GPtrArray *rows, const char *name, const char *help,
			   int64_t (*value)(const XbHostRow *host))
{
	put_head(text, name, "gauge", help);
	for (guint i = 0; i < rows->len; i++) {
		const XbHostRow *host = rows->pdata[i];

		g_string_append_printf(text, "%s{host=", name);
		put_label(text, host->name);
		g_string_append_printf(text, "} %" G_GINT64_FORMAT "\n", value(host));
	}
}

static void put_hosts(GString *text, const GPtrArray *rows)
{
	put_head(text, "xbisect_host_online", "gauge", "1 while the host takes boots.");
	for (guint i = 0; i < rows->len; i++) {
		const XbHostRow *host = rows->pdata[i];

		g_string_append(text, "xbisect_host_online{host=");
		put_label(text, host->name);
		g_string_append_printf(text, "} %d\n", host->online);
	}
	put_head(text, "xbisect_host_condition", "gauge",
		 "1 for what is known of the host: ready, unknown, suspect or quarantined.");
	for (guint i = 0; i < rows->len; i++) {
		const XbHostRow *host = rows->pdata[i];

		g_string_append(text, "xbisect_host_condition{host=");
		put_label(text, host->name);
		g_string_append_printf(text, ",condition=\"%s\"} 1\n",
				       xb_host_condition_name(host->condition));
	}
	put_host_gauge(text, rows, "xbisect_host_drained", "1 while a user keeps boots away.",
		       is_drained);
	put_host_gauge(text, rows, "xbisect_host_troubles", "Host-troubles in a row.", troubles);
	put_host_gauge(text, rows, "xbisect_host_health_outside",
		       "Health boots outside the control limits, in a row.", outside);
	put_host_gauge(text, rows, "xbisect_host_health_seconds",
		       "Unix time of the last health boot, 0 before the first.", health_time);
}

static XbWebResponse *metrics(XbPage *page, GError **error)
{
	g_autoptr(GPtrArray) job_rows = xb_db_job_tally(page->db, error);
	g_autoptr(GPtrArray) run_rows = job_rows ? xb_db_run_tally(page->db, error) : NULL;
	g_autoptr(GPtrArray) host_rows = run_rows ? xb_db_hosts(page->db, error) : NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	if (!host_rows)
		return NULL;
	put_tally(text, job_rows, "xbisect_jobs", "gauge", "Jobs by kind and state.", "state",
		  false);
	put_tally(text, run_rows, "xbisect_runs", "gauge",
		  "Builds and boots by outcome, or by state while they run.", "outcome", false);
	put_tally(text, run_rows, "xbisect_run_seconds", "gauge", "Seconds that those took.",
		  "outcome", true);
	put_hosts(text, host_rows);
	return xb_web_response_new(200, "text/plain; version=0.0.4; charset=utf-8",
				   g_bytes_new(text->str, text->len));
}

const XbRoute xb_routes_api[] = {
	{ "GET", "/api/v1/jobs", NULL, jobs, XB_NEEDS_READ },
	{ "GET", "/api/v1/jobs/%", NULL, job, XB_NEEDS_READ },
	{ "GET", "/api/v1/jobs/%/log", NULL, job_log, XB_NEEDS_READ },
	{ "GET", "/api/v1/runs/%", NULL, run, XB_NEEDS_READ },
	{ "GET", "/api/v1/hosts", NULL, hosts, XB_NEEDS_READ },
	{ "GET", "/metrics", NULL, metrics, XB_NEEDS_READ },
	{ "GET", "/healthz", NULL, health, XB_NEEDS_NOTHING },
	{ 0 },
};
