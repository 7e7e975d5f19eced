/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alert-view.c - an alert as JSON. */
#include "alert-view.h"

static json_t *seconds_or_null(int64_t ms)
{
	return ms != 0 ? json_real((double)ms / 1000) : json_null();
}

static json_t *view_delivery(const XbDelivery *delivery)
{
	return json_pack(
		"{s:s,s:s,s:s,s:i,s:o,s:o,s:s}", "target", delivery->target, "event",
		delivery->fixed ? "fixed" : "found", "state",
		xb_delivery_state_name(delivery->state), "attempts", delivery->attempts, "due",
		delivery->state == XB_DELIVERY_WAITING ? seconds_or_null(delivery->due_ms)
						       : json_null(),
		"finished", seconds_or_null(delivery->finished_ms), "detail", delivery->detail);
}

static json_t *view_finding(const XbFinding *finding)
{
	return json_pack(
		"{s:s,s:s,s:s,s:b,s:f,s:f,s:f,s:f,s:o,s:s,s:o,s:o,s:s?}", "workload",
		finding->workload, "metric", finding->metric, "unit", finding->unit,
		"lower_is_better", finding->lower_is_better, "base", finding->base, "test",
		finding->test, "ratio", finding->ratio, "confidence", finding->confidence, "job_id",
		finding->job_id != 0 ? json_integer(finding->job_id) : json_null(), "host_class",
		finding->host_fp, "created", seconds_or_null(finding->created_ms), "fixed",
		seconds_or_null(finding->fixed_ms), "fixed_commit", finding->fixed_commit);
}

static const char *state_of(const XbAlert *alert)
{
	return alert->fixed_ms != 0          ? "fixed"
	       : alert->acknowledged_ms != 0 ? "acknowledged"
					     : "open";
}

json_t *xb_view_alert(XbDb *db, const XbAlert *alert, GError **error)
{
	g_autoptr(GPtrArray) deliveries = xb_db_deliveries_of_alert(db, alert->id, error);
	g_autoptr(GPtrArray) findings =
		deliveries != NULL ? xb_db_findings(db, alert->id, error) : NULL;
	json_t *object, *list;

	if (findings == NULL)
		return NULL;
	object = json_pack(
		"{s:I,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:s,s:b,s:f,s:f,s:f,s:f,s:o,s:o,s:o,s:o,s:s?}",
		"id", (json_int_t)alert->id, "kind", xb_alert_kind_name(alert->kind), "state",
		state_of(alert), "job_id",
		alert->job_id != 0 ? json_integer(alert->job_id) : json_null(), "commit",
		alert->commit, "subject", alert->subject, "workload", alert->workload, "metric",
		alert->metric, "unit", alert->unit, "lower_is_better", alert->lower_is_better,
		"base", alert->base, "test", alert->test, "ratio", alert->ratio, "confidence",
		alert->confidence, "created", seconds_or_null(alert->created_ms), "acknowledged",
		seconds_or_null(alert->acknowledged_ms), "snoozed_until",
		seconds_or_null(alert->snoozed_ms), "fixed", seconds_or_null(alert->fixed_ms),
		"fixed_commit", alert->fixed_commit);
	if (object == NULL) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT,
			    "alert %" G_GINT64_FORMAT " cannot be shown", alert->id);
		return NULL;
	}
	list = json_array();
	for (guint i = 0; i < findings->len; i++)
		json_array_append_new(list, view_finding(findings->pdata[i]));
	json_object_set_new(object, "findings", list);
	list = json_array();
	for (guint i = 0; i < deliveries->len; i++)
		json_array_append_new(list, view_delivery(deliveries->pdata[i]));
	json_object_set_new(object, "deliveries", list);
	return object;
}
