/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-alerts.c - what people were told of, and what became of it. */
#include "alert-view.h"
#include "site.h"

#define ALERTS_SHOWN 200

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

const XbRoute xb_routes_alerts[] = {
	{ "GET", "/alerts", page_alerts, NULL, XB_NEEDS_READ },
	{ "GET", "/api/v1/alerts", NULL, api_alerts, XB_NEEDS_READ },
	{ 0 },
};
