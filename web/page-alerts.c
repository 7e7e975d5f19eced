/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-alerts.c - what people were told of, and what became of it. */
#include "alert-view.h"
#include "site.h"

#define ALERTS_SHOWN 200

/* What other metrics, workloads and classes of hosts say of the same culprit. */
static void put_findings(XbHtml *out, const GPtrArray *findings)
{
	xb_html(out,
		"<div class=\"wide\"><table><thead><tr><th>Metric</th><th>Workload</th><th>Class "
		"of hosts</th><th>Change</th><th>Level</th><th>Found by</th><th>Fixed</th></tr>"
		"</thead><tbody>\n");
	for (guint i = 0; i < findings->len; i++) {
		const XbFinding *finding = findings->pdata[i];
		g_autofree char *change = xb_change_text(finding->ratio);
		g_autofree char *base = xb_value_text(finding->base, finding->unit);
		g_autofree char *test = xb_value_text(finding->test, finding->unit);

		xb_html(out,
			"<tr><td>%s</td><td>%s</td><td><code>%.12s</code></td><td class=\"n "
			"%s\">%s</td><td class=\"n\">%s to %s</td><td>",
			finding->metric, finding->workload, finding->host_fp,
			(finding->ratio > 1) == finding->lower_is_better ? "worse" : "better",
			change, base, test);
		if (finding->job_id)
			xb_html(out, "<a href=\"/job/%lld\">job %lld</a>",
				(long long)finding->job_id, (long long)finding->job_id);
		xb_html(out, "</td><td>");
		xb_page_time(out, finding->fixed_ms);
		xb_html(out, "</td></tr>\n");
	}
	xb_html(out, "</tbody></table></div>\n");
}

/* Who was told, and what is wrong where somebody was not. */
static void put_deliveries(XbHtml *out, const GPtrArray *deliveries)
{
	if (deliveries->len == 0) {
		xb_html(out,
			"<p>Nobody was told: no [alert] of the configuration asks for it.</p>\n");
		return;
	}
	xb_html(out, "<ul class=\"told\">");
	for (guint i = 0; i < deliveries->len; i++) {
		const XbDelivery *delivery = deliveries->pdata[i];
		bool fine = delivery->state == XB_DELIVERY_DELIVERED;

		xb_html(out, "<li>%s%s: ", delivery->fixed ? "fixed, to " : "", delivery->target);
		xb_page_badge(out, xb_delivery_state_name(delivery->state));
		if (delivery->finished_ms) {
			xb_html(out, " ");
			xb_page_time(out, delivery->finished_ms);
		}
		if (!fine && delivery->attempts)
			xb_html(out, " after %d attempt%s: %s", delivery->attempts,
				delivery->attempts == 1 ? "" : "s", delivery->detail);
		else if (!fine && *delivery->detail)
			xb_html(out, " %s", delivery->detail);
		xb_html(out, "</li>\n");
	}
	xb_html(out, "</ul>\n");
}

static void put_heading(XbHtml *out, const XbAlert *alert)
{
	g_autofree char *id = xb_short_id(alert->commit);
	g_autofree char *by = xb_change_text(alert->ratio);

	xb_html(out, "<h2>");
	xb_page_badge(out, alert->fixed_ms ? "fixed" : xb_alert_kind_name(alert->kind));
	if (alert->kind == XB_ALERT_HOST)
		xb_html(out, " <a href=\"/hosts\">%s</a></h2>\n<p>%s", alert->commit,
			alert->subject);
	else
		xb_html(out, " %s %s</h2>\n<p><code>%s</code> %s", alert->metric, by, id,
			alert->subject);
}

static void put_alert(const XbPage *page, XbHtml *out, const XbAlert *alert,
		      const GPtrArray *findings, const GPtrArray *deliveries)
{
	g_autofree char *ack = g_strdup_printf("/alert/%lld/ack", (long long)alert->id);
	g_autofree char *snooze = g_strdup_printf("/alert/%lld/snooze", (long long)alert->id);

	xb_html(out, "<article class=\"card\" id=\"a%lld\">", (long long)alert->id);
	put_heading(out, alert);
	if (alert->job_id)
		xb_html(out, ", found by <a href=\"/job/%lld\">job %lld</a>",
			(long long)alert->job_id, (long long)alert->job_id);
	xb_html(out, ", ");
	xb_page_time(out, alert->created_ms);
	xb_html(out, "</p>\n");
	if (alert->fixed_ms) {
		xb_html(out, "<p>Fixed ");
		xb_page_time(out, alert->fixed_ms);
		if (alert->fixed_commit)
			xb_html(out, " with <code>%s</code>", alert->fixed_commit);
		xb_html(out, "</p>\n");
	}
	if (findings->len > 1)
		put_findings(out, findings);
	put_deliveries(out, deliveries);
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
	for (guint i = 0; i < alerts->len; i++) {
		const XbAlert *alert = alerts->pdata[i];
		g_autoptr(GPtrArray) findings = xb_db_findings(page->db, alert->id, error);
		g_autoptr(GPtrArray) deliveries =
			findings ? xb_db_deliveries_of_alert(page->db, alert->id, error) : NULL;

		if (!deliveries)
			return false;
		put_alert(page, out, alert, findings, deliveries);
	}
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
