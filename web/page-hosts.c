/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-hosts.c - the test hosts: what holds each, how it does, what was done to it and noted. */
#include <math.h>
#include <string.h>

#include "host-tasks.h"
#include "page.h"

#define NOTES_SHOWN 5
#define TASKS_SHOWN 5
#define LOG_LINES   40

static void put_state(XbHtml *out, const XbHostRow *host)
{
	xb_page_badge(out, !host->online ? "offline" : host->drained_ms ? "drained" : "online");
	if (host->condition != XB_HOST_READY)
		xb_page_badge(out, xb_host_condition_name(host->condition));
	if (!host->online)
		xb_html(out, " %s", host->reason);
	else if (host->drained_ms)
		xb_html(out, " %s", host->drained);
	else if (host->troubles)
		xb_html(out, " %d troubles in a row", host->troubles);
}

/* What holds it now. */
static void put_lock(XbHtml *out, const char *name, const GPtrArray *active, const GPtrArray *tasks)
{
	for (guint r = 0; r < active->len; r++) {
		const XbRun *run = active->pdata[r];
		if (run->kind == XB_RUN_BOOT && strcmp(run->place, name) == 0)
			xb_html(out, "<a href=\"/run/%lld\">boot %lld</a> (%s) %s",
				(long long)run->id, (long long)run->id, run->purpose, run->phase);
	}
	for (guint t = 0; t < tasks->len; t++) {
		const XbHostTask *task = tasks->pdata[t];
		if (strcmp(task->host, name) == 0)
			xb_html(out, "%s: %s", xb_host_task_name(task->kind), task->why);
	}
}

static void put_health(XbHtml *out, const XbHostRow *host)
{
	if (!host->health_ms)
		return;
	if (host->outside)
		xb_page_badge(out, "outside its limits");
	xb_html(out, "%s, ", host->health);
	xb_page_time(out, host->health_ms);
}

bool xb_page_host_rows(XbPage *page, XbHtml *out, const GPtrArray *hosts, const GPtrArray *active,
		       GError **error)
{
	g_autoptr(GPtrArray) tasks = xb_db_host_tasks_running(page->db, error);

	if (!tasks)
		return false;
	xb_html(out,
		"<div class=\"wide\"><table><thead><tr><th>Host</th><th>State</th><th>Doing"
		"</th><th>Health</th><th>Labels</th><th>Boot takes</th></tr></thead><tbody>\n");
	for (guint i = 0; i < hosts->len; i++) {
		const XbHostRow *host = hosts->pdata[i];
		double seconds = xb_db_run_seconds(page->db, XB_RUN_BOOT, host->name, 8, NULL);
		g_autofree char *boot = xb_seconds_text(seconds);

		xb_html(out, "<tr><th scope=\"row\">%s</th><td>", host->name);
		put_state(out, host);
		xb_html(out, "</td><td>");
		put_lock(out, host->name, active, tasks);
		xb_html(out, "</td><td>");
		put_health(out, host);
		xb_html(out, "</td><td>%s</td><td class=\"n\">%s</td></tr>\n", host->labels, boot);
	}
	xb_html(out, "</tbody></table></div>\n");
	return true;
}

/* Notes and what was done to it lately; nothing when there is neither. */
static bool put_history(XbPage *page, XbHtml *out, const XbHostRow *host, GError **error)
{
	g_autoptr(GPtrArray) notes = xb_db_host_notes(page->db, host->name, NOTES_SHOWN, error);
	g_autoptr(GPtrArray) tasks =
		notes ? xb_db_host_tasks(page->db, host->name, TASKS_SHOWN, error) : NULL;

	if (!tasks)
		return false;
	if (notes->len + tasks->len == 0)
		return true;
	xb_html(out, "<h2>%s</h2><ol class=\"log\">", host->name);
	for (guint i = 0; i < notes->len; i++) {
		const XbHostNote *note = notes->pdata[i];
		xb_html(out, "<li>");
		xb_page_time(out, note->time_ms);
		xb_html(out, " note: %s</li>\n", note->text);
	}
	for (guint i = 0; i < tasks->len; i++) {
		const XbHostTask *task = tasks->pdata[i];
		xb_html(out, "<li>");
		xb_page_time(out, task->started_ms);
		xb_html(out, " %s (%s): %s %s</li>\n", xb_host_task_name(task->kind), task->why,
			task->done ? xb_outcome_name(task->outcome) : "running", task->detail);
	}
	xb_html(out, "</ol>\n");
	return true;
}

bool xb_page_hosts(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(GPtrArray) hosts = xb_db_hosts(page->db, error);
	g_autoptr(GPtrArray) active = hosts ? xb_db_runs_active(page->db, error) : NULL;
	g_autoptr(GPtrArray) lines =
		active ? xb_db_journal(page->db, 0, 0, -LOG_LINES, error) : NULL;

	if (!lines)
		return false;
	page->title = g_strdup("Hosts");
	page->live = true;
	xb_html(out, "<h1>Hosts</h1>\n<section id=\"hosts\">");
	if (!xb_page_host_rows(page, out, hosts, active, error))
		return false;
	xb_html(out,
		"<p><code>xbisect hosts check NAME</code> looks after one, <code>xbisect hosts "
		"online NAME</code> puts it back.</p></section>\n<section id=\"history\">");
	for (guint i = 0; i < hosts->len; i++)
		if (!put_history(page, out, hosts->pdata[i], error))
			return false;
	xb_html(out, "</section>\n<section id=\"log\"><h2>The daemon's log</h2>");
	if (lines->len == 0)
		xb_html(out, "<p>Nothing yet.</p>");
	xb_html(out, "<ol class=\"log\">");
	for (guint i = 0; i < lines->len; i++) {
		const XbJournalLine *line = lines->pdata[i];
		xb_html(out, "<li>");
		xb_page_time(out, line->time_ms);
		xb_html(out, " %s</li>\n", line->text);
	}
	xb_html(out, "</ol></section>\n");
	return true;
}
