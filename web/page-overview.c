/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-overview.c - what runs, what was found lately, what needs a person; hosts; the token. */
#include <math.h>
#include <string.h>

#include "alerts.h"
#include "page.h"
#include "view-progress.h"
#include "watches.h"

#define OPEN_SHOWN    20
#define FOUND_SHOWN   15
#define TROUBLE_SHOWN 10
#define TROUBLE_MS    ((int64_t)14 * 86400 * 1000) /* what failed before is history */

static void put_tile(XbHtml *out, const char *path, int64_t number, const char *label, bool alarm)
{
	xb_html(out, "<li%s><a href=\"%s\"><strong>%lld</strong> %s</a></li>",
		alarm && number ? " class=\"alarm\"" : "", path, (long long)number, label);
}

/* How many of what, at a glance. */
static void put_tiles(XbHtml *out, const GPtrArray *open, const GPtrArray *hosts, int64_t alerts,
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

static bool put_open(XbPage *page, XbHtml *out, const GPtrArray *open, const GPtrArray *active,
		     GError **error)
{
	xb_html(out, "<section id=\"now\"><h2>Now</h2>\n");
	if (open->len == 0)
		xb_html(out, "<p>Nothing runs and nothing waits.</p>\n");
	for (guint i = 0; i < open->len && i < OPEN_SHOWN; i++) {
		const XbJob *job = open->pdata[i];
		g_autoptr(json_t) view = xb_view_summary(job);
		g_autoptr(json_t) progress = xb_view_progress_brief(page->db, job, active, error);
		json_t *leading = json_object_get(progress, "leading");
		double done = xb_json_number(progress, "steps_done");
		double left = xb_json_number(progress, "steps_left");
		g_autofree char *time = xb_seconds_text(xb_json_number(progress, "seconds_left"));
		g_autofree char *p = xb_probability_text(xb_json_number(leading, "probability"));

		if (!progress)
			return false;
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
	if (open->len > OPEN_SHOWN)
		xb_html(out, "<p>And <a href=\"/jobs?state=queued\">%u more</a>.</p>\n",
			open->len - OPEN_SHOWN);
	xb_html(out, "</section>\n");
	return true;
}

/* Jobs that failed lately, newest first. */
static GPtrArray *failed_lately(const XbPage *page, GError **error)
{
	const XbJobState state = XB_JOB_FAILED;
	GPtrArray *jobs = xb_db_jobs_list(page->db, &state, 0, TROUBLE_SHOWN, error);

	for (guint i = jobs ? jobs->len : 0; i-- > 0;)
		if (((XbJob *)jobs->pdata[i])->finished_ms < page->now_ms - TROUBLE_MS)
			g_ptr_array_remove_index(jobs, i);
	return jobs;
}

static bool put_attention(XbPage *page, XbHtml *out, const GPtrArray *failed,
			  const GPtrArray *hosts, int64_t alerts, GError **error)
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
			"<p>%lld alert%s nobody has acknowledged: see <a "
			"href=\"/alerts\">Alerts</a>.</p>\n",
			(long long)alerts, alerts == 1 ? " that" : "s that");
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
	g_autoptr(GPtrArray) found = active ? xb_db_jobs_found(page->db, FOUND_SHOWN, error) : NULL;
	g_autoptr(GPtrArray) failed = found ? failed_lately(page, error) : NULL;
	int64_t alerts = failed ? xb_db_alerts_open(page->db, error) : -1;

	if (alerts < 0)
		return false;
	page->title = g_strdup("Overview");
	page->live = true;
	xb_html(out, "<h1>Overview</h1>\n");
	put_tiles(out, open, hosts, alerts, found);
	if (!put_open(page, out, open, active, error) ||
	    !put_attention(page, out, failed, hosts, alerts, error))
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
