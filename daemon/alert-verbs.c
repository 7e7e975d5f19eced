/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alert-verbs.c - what clients ask about alerts. */
#include "alert-verbs.h"

#include <math.h>

#include "alert-view.h"
#include "alert.h"

#define LIST_MAX     1000
#define SNOOZE_MAX_S (10 * 365 * 86400.0)

static bool refuse(GError **error, const char *text)
{
	g_set_error_literal(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST, text);
	return false;
}

static json_t *targets(const XbConfig *config)
{
	json_t *list = json_array();

	for (guint i = 0; i < config->alerts->len; i++) {
		const XbAlertConfig *target = config->alerts->pdata[i];

		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:f}", "name", target->name, "kind",
						target->kind, "min_effect", target->min_effect));
	}
	return list;
}

json_t *xb_verb_alerts(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		       GError **error)
{
	json_t *limit = json_object_get(request, "limit");
	g_autoptr(GPtrArray) alerts = xb_db_alerts(
		daemon->db, (int)CLAMP(limit ? json_integer_value(limit) : 50, 1, LIST_MAX), error);
	g_autoptr(json_t) list = json_array();
	(void)peer;
	(void)hint;

	for (guint i = 0; alerts && i < alerts->len; i++) {
		json_t *view = xb_view_alert(daemon->db, alerts->pdata[i], error);

		if (!view)
			return NULL;
		json_array_append_new(list, view);
	}
	return alerts ? json_pack("{s:b,s:O,s:o}", "ok", 1, "alerts", list, "targets",
				  targets(daemon->config))
		      : NULL;
}

/* Who may name paths runs the daemon; the page's users have shown its token. */
static XbAlert *alert_to_change(XbDaemon *daemon, const XbPeer *peer, json_t *request,
				GError **error)
{
	if (!peer->may_name_paths && !peer->web) {
		refuse(error, "alerts are changed by the daemon's own user only");
		return NULL;
	}
	return xb_db_alert_get(daemon->db, json_integer_value(json_object_get(request, "id")),
			       error);
}

static json_t *answer_with(XbDaemon *daemon, int64_t id, GError **error)
{
	g_autoptr(XbAlert) alert = xb_db_alert_get(daemon->db, id, error);
	json_t *view = alert ? xb_view_alert(daemon->db, alert, error) : NULL;

	return view ? json_pack("{s:b,s:o}", "ok", 1, "alert", view) : NULL;
}

json_t *xb_verb_alert_ack(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error)
{
	g_autoptr(XbAlert) alert = alert_to_change(daemon, peer, request, error);
	(void)hint;

	if (!alert ||
	    !xb_db_alert_acknowledge(daemon->db, alert->id, peer->uid, xb_now_ms(), error))
		return NULL;
	xb_journal(daemon, 0, "alert %lld is acknowledged", (long long)alert->id);
	return answer_with(daemon, alert->id, error);
}

json_t *xb_verb_alert_snooze(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error)
{
	g_autoptr(XbAlert) alert = alert_to_change(daemon, peer, request, error);
	json_t *value = json_object_get(request, "seconds");
	double seconds = json_is_number(value) ? json_number_value(value) : NAN;

	if (!alert)
		return NULL;
	if (!(seconds >= 0 && seconds <= SNOOZE_MAX_S)) {
		*hint = g_strdup("such as 3d, 12h; 0 ends it");
		refuse(error, "that is no time to snooze for");
		return NULL;
	}
	if (!xb_db_alert_snooze(daemon->db, alert->id, xb_now_ms() + (int64_t)(seconds * 1000),
				error))
		return NULL;
	xb_deliverer_round(daemon->deliverer);
	return answer_with(daemon, alert->id, error);
}

json_t *xb_verb_alert_test(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error)
{
	const char *name = json_string_value(json_object_get(request, "name"));
	int64_t run = json_integer_value(json_object_get(request, "run"));
	g_autoptr(GError) failure = NULL;
	json_t *result;
	(void)hint;

	if (!peer->may_name_paths) {
		refuse(error, "alerts are tested by the daemon's own user only");
		return NULL;
	}
	if (!name || !xb_config_alert(daemon->config, name)) {
		g_set_error(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST,
			    "no alert \"%s\" is configured", name ? name : "");
		return NULL;
	}
	result = xb_deliverer_test(daemon->deliverer, name, &run, &failure);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	return json_pack("{s:b,s:I,s:o}", "ok", 1, "run", (json_int_t)run, "result",
			 result ? result : json_null());
}
