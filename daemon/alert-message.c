/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alert-message.c - see alert-message.h. */
#include "alert-message.h"

#include "alert-view.h"
#include "view.h"

static void add_link(json_t *view, const XbAlertConfig *target, int64_t job_id)
{
	g_autofree char *link = NULL;

	if (!target->link || job_id == 0)
		return;
	link = g_strdup_printf("%s%sjob/%" G_GINT64_FORMAT, target->link,
			       g_str_has_suffix(target->link, "/") ? "" : "/", job_id);
	json_object_set_new(view, "link", json_string(link));
}

/* The same for each attempt, and for no other message of any daemon. */
static char *key_of(const XbAlertConfig *target, GPtrArray *alerts, GPtrArray *deliveries)
{
	g_autoptr(GString) text = g_string_new(target->name);

	for (guint i = 0; i < alerts->len; i++) {
		const XbAlert *alert = alerts->pdata[i];

		g_string_append_printf(text, "\n%" G_GINT64_FORMAT "\n%s\n%d", alert->created_ms,
				       alert->key, ((XbDelivery *)deliveries->pdata[i])->fixed);
	}
	char *key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
	key[32] = '\0';
	return key;
}

json_t *xb_alert_message_new(const XbAlertConfig *target, const char *key, int64_t created_ms,
			     json_t *alerts)
{
	return json_pack("{s:i,s:s,s:s,s:s,s:f,s:O,s:o}", "protocol", XB_PROTOCOL_VERSION, "kind",
			 "notify", "id", key, "key", key, "created", (double)created_ms / 1000,
			 "target", target->settings, "alerts", alerts);
}

/* Where some have it already, at the others alone; it is the same message. */
static void aim(json_t *job, const XbDelivery *delivery)
{
	json_t *rest = delivery->rest ? json_loads(delivery->rest, 0, NULL) : NULL;
	json_t *target = rest ? json_copy(json_object_get(job, "target")) : NULL;

	if (!target)
		return;
	json_object_set_new(target, "recipients", rest);
	json_object_set_new(job, "target", target);
}

json_t *xb_alert_message(XbDaemon *daemon, const XbAlertConfig *target, GPtrArray *deliveries,
			 XbDelivery **bad, GError **error)
{
	g_autoptr(GPtrArray) alerts = g_ptr_array_new_with_free_func((GDestroyNotify)xb_alert_free);
	g_autoptr(json_t) views = json_array();
	g_autofree char *key = NULL;
	json_t *job, *details = NULL;

	for (guint i = 0; i < deliveries->len; i++) {
		XbDelivery *delivery = deliveries->pdata[i];
		XbAlert *alert = xb_db_alert_get(daemon->db, delivery->alert_id, error);
		json_t *view = alert ? xb_view_alert(daemon->db, alert, error) : NULL;

		if (alert)
			g_ptr_array_add(alerts, alert);
		if (!view) {
			*bad = delivery;
			return NULL;
		}
		json_object_del(view, "deliveries");
		json_object_set_new(view, "event",
				    json_string(delivery->fixed ? "fixed" : "found"));
		add_link(view, target, alert->job_id);
		json_array_append_new(views, view);
	}
	key = key_of(target, alerts, deliveries);
	job = xb_alert_message_new(target, key, ((XbDelivery *)deliveries->pdata[0])->created_ms,
				   json_incref(views));
	aim(job, deliveries->pdata[0]);
	if (deliveries->len == 1 && ((XbAlert *)alerts->pdata[0])->job_id)
		/* without it the alert still says what matters */
		details = xb_view_job(daemon->db, ((XbAlert *)alerts->pdata[0])->job_id,
				      XB_VIEW_FULL, xb_now_ms(), NULL);
	if (details)
		json_object_set_new(job, "job", details);
	return job;
}
