/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-overview.c - what runs, what was found lately, what needs a person; hosts; the token. */
#include <math.h>
#include <string.h>

#include "alerts.h"
#include "page.h"
#include "watches.h"

#define FOUND_SHOWN   15
#define TROUBLE_SHOWN 10
#define ALERTS_SEEN   200

static void put_tile(XbHtml *out, const char *path, int64_t number, const char *label, bool alarm)
{
	xb_html(out, "<li%s><a href=\"%s\"><strong>%lld</strong> %s</a></li>",
		alarm && number ? " class=\"alarm\"" : "", path, (long long)number, label);
}

/* How many of what, at a glance. */
static void put_tiles(XbHtml *out, const GPtrArray *open, const GPtrArray *hosts, int alerts,
		      const GPtrArray *found)
{
	guint running = 0, online = 0, culprits = 0;

	for (guint i = 0; i < open->len; i++)
		running += ((XbJob *)open->pdata[i])->state == XB_JOB_RUNNING;
	for (guint i = 0; i < hosts->len; i++)
		online += ((XbHostRow *)hosts->pdata[i])->online;
	for (guint i = 0; i < found->len; i++) {
		g_autoptr(json_t) view = xb_view_summary(found->pdata[i]);
		culprits += g_strcmp0(xb_json_text(json_object_get(view, "verdict"), "kind"),
				      "culprit") == 0;
	}
	xb_html(out, "<section id=\"tiles\"><ul class=\"tiles\">");
	put_tile(out, "/jobs?state=running", running, running == 1 ? "job runs" : "jobs run",
		 false);
	put_tile(out, "/jobs?state=queued", open->len - running,
		 open->len - running == 1 ? "job waits" : "jobs wait", false);
	put_tile(out, "/jobs?state=done", culprits,
		 culprits == 1 ? "culprit found lately" : "culprits found lately", false);
	put_tile(out, "/alerts", alerts, alerts == 1 ? "open alert" : "open alerts", true);
	put_tile(out, "/hosts", online, online == 1 ? "host online" : "hosts online", false);
	if (hosts->len > online)
		put_tile(out, "/hosts", hosts->len - online,
			 hosts->len - online == 1 ? "host offline" : "hosts offline", true);
	xb_html(out, "</ul></section>\n");
}

static void put_open(XbPage *page, XbHtml *out, const GPtrArray *open)
{
	xb_html(out, "<section id=\"now\"><h2>Now</h2>\n");
	if (open->len == 0)
		xb_html(out, "<p>Nothing runs and nothing waits.</p>\n");
	for (guint i = 0; i < open->len && i < 20; i++) {
		const XbJob *job = open->pdata[i];
		g_autoptr(json_t) view =
			xb_view_job(page->db, job->id, XB_VIEW_PROGRESS, page->now_ms, NULL);
		json_t *progress = json_object_get(view, "progress");
		json_t *leading = json_object_get(progress, "leading");
		double done = xb_json_number(progress, "steps_done");
		double left = xb_json_number(progress, "steps_left");
		g_autofree char *time = xb_seconds_text(xb_json_number(progress, "seconds_left"));
		g_autofree char *p = xb_probability_text(xb_json_number(leading, "probability"));

		if (!view)
			continue;
		xb_html(out, "<article class=\"card\"><h3><a href=\"/job/%lld\">%s %lld: %s</a> ",
			(long long)job->id, xb_page_kind(job->kind), (long long)job->id,
			xb_json_text(view, "title"));
		xb_page_badge(out, xb_job_state_name(job->state));
		xb_html(out, "</h3><p>%s</p>", xb_json_text(progress, "phase"));
		if (isfinite(done) && isfinite(left))
			xb_html(out,
				"<p><progress max=\"%.0f\" value=\"%.0f\" aria-label=\"Steps "
				"done\"></progress> about %.0f steps and %s to go</p>",
				done + left, done, left, time);
		if (leading)
			xb_html(out, "<p>Leading: %s (%s)</p>", xb_json_text(leading, "subject"),
				p);
		xb_html(out, "</article>\n");
	}
	xb_html(out, "</section>\n");
}

/* Of the jobs listed, those with one of the states; a new array of the same rows. */
static GPtrArray *of_state(const GPtrArray *jobs, XbJobState a, XbJobState b, guint max)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < jobs->len && list->len < max; i++) {
		XbJob *job = jobs->pdata[i];
		if (job->state == a || job->state == b)
			g_ptr_array_add(list, job);
	}
	return list;
}

/* Alerts that nobody has taken on yet; -1 with @error. */
static int open_alerts(XbDb *db, GError **error)
{
	g_autoptr(GPtrArray) alerts = xb_db_alerts(db, ALERTS_SEEN, error);
	int open = 0;

	for (guint i = 0; alerts && i < alerts->len; i++) {
		const XbAlert *alert = alerts->pdata[i];
		open += !alert->acknowledged_ms && !alert->fixed_ms;
	}
	return alerts ? open : -1;
}

static bool put_attention(XbPage *page, XbHtml *out, const GPtrArray *failed,
			  const GPtrArray *hosts, int alerts, GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(page->db, error);
	guint offline = 0, troubled = 0;

	if (!watches)
		return false;
	for (guint i = 0; i < hosts->len; i++)
		offline += !((XbHostRow *)hosts->pdata[i])->online;
	xb_html(out, "<section id=\"attention\"><h2>Needs a person</h2>\n");
	if (offline)
		xb_html(out, "<p>%u host%s offline: see <a href=\"/hosts\">Hosts</a>.</p>\n",
			offline, offline == 1 ? " is" : "s are");
	if (alerts)
		xb_html(out,
			"<p>%d alert%s nobody has acknowledged: see <a "
			"href=\"/alerts\">Alerts</a>.</p>\n",
			alerts, alerts == 1 ? " that" : "s that");
	for (guint i = 0; i < watches->len; i++) {
		const XbWatch *watch = watches->pdata[i];
		g_autofree char *name = xb_url(watch->name);

		if (!*watch->trouble)
			continue;
		troubled++;
		xb_html(out, "<p>Branch <a href=\"/branch/%s\">%s</a>: %s</p>\n", name, watch->name,
			watch->trouble);
	}
	if (failed->len)
		xb_page_job_rows(out, failed);
	if (failed->len + offline + troubled == 0 && alerts == 0)
		xb_html(out, "<p>Nothing.</p>\n");
	xb_html(out, "</section>\n");
	return true;
}

bool xb_page_overview(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(GPtrArray) open = xb_db_jobs_open(page->db, error);
	g_autoptr(GPtrArray) hosts = open ? xb_db_hosts(page->db, error) : NULL;
	g_autoptr(GPtrArray) active = hosts ? xb_db_runs_active(page->db, error) : NULL;
	g_autoptr(GPtrArray) recent = active ? xb_db_jobs_list(page->db, NULL, 60, error) : NULL;
	g_autoptr(GPtrArray) found = NULL, failed = NULL;
	int alerts = recent ? open_alerts(page->db, error) : -1;

	if (alerts < 0)
		return false;
	found = of_state(recent, XB_JOB_DONE, XB_JOB_DONE, FOUND_SHOWN);
	failed = of_state(recent, XB_JOB_FAILED, XB_JOB_FAILED, TROUBLE_SHOWN);
	page->title = g_strdup("Overview");
	page->live = true;
	xb_html(out, "<h1>Overview</h1>\n");
	put_tiles(out, open, hosts, alerts, found);
	put_open(page, out, open);
	if (!put_attention(page, out, failed, hosts, alerts, error))
		return false;
	xb_html(out, "<section id=\"found\"><h2>Found lately</h2>\n");
	if (found->len)
		xb_page_job_rows(out, found);
	else
		xb_html(out, "<p>Nothing yet. <code>xbisect bisect GOOD..BAD</code> queues a "
			     "search.</p>\n");
	xb_html(out, "</section>\n<section id=\"hosts\"><h2>Hosts</h2>\n");
	if (!xb_page_host_rows(page, out, hosts, active, error))
		return false;
	xb_html(out, "</section>\n");
	return true;
}

bool xb_page_login(XbPage *page, XbHtml *out, GError **error)
{
	const char *to = xb_web_query(page->request, "to");
	(void)error;

	page->title = g_strdup("Show the token");
	xb_html(out,
		"<h1>Show the token</h1>\n<form method=\"post\" action=\"/login\" class=\"form\">"
		"<p>Changes need it. It is in <code>%s</code>; <code>xbisect-web "
		"--new-token</code> "
		"makes one.</p>\n",
		page->config->token_file);
	if (to && xb_web_is_own_target(to))
		xb_html(out, "<input type=\"hidden\" name=\"to\" value=\"%s\">", to);
	xb_html(out, "<p class=\"field\"><label for=\"f-token\">Token</label><input id=\"f-token\" "
		     "name=\"token\" type=\"password\" autocomplete=\"current-password\" "
		     "required></p><p><button>Show it</button></p></form>\n");
	return true;
}
