/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-alert.c - alerts and their deliveries; see alerts.h.
 */
#include "alerts.h"
#include "db-private.h"

static const char *const kind_names[] = { "culprit", "range", "host" };
static const char *const state_names[] = { "waiting", "sending", "delivered", "dropped" };

const char *xb_alert_kind_name(XbAlertKind kind)
{
	g_return_val_if_fail(kind < G_N_ELEMENTS(kind_names), "culprit");
	return kind_names[kind];
}

const char *xb_delivery_state_name(XbDeliveryState state)
{
	g_return_val_if_fail(state < G_N_ELEMENTS(state_names), "dropped");
	return state_names[state];
}

void xb_alert_free(XbAlert *alert)
{
	if (alert == NULL)
		return;
	g_free(alert->key);
	g_free(alert->commit);
	g_free(alert->subject);
	g_free(alert->workload);
	g_free(alert->metric);
	g_free(alert->unit);
	g_free(alert->host_fp);
	g_free(alert->workload_fp);
	g_free(alert->fixed_commit);
	g_free(alert);
}

static void *read_alert(sqlite3_stmt *row)
{
	XbAlert *alert = g_new0(XbAlert, 1);

	alert->id = sqlite3_column_int64(row, 0);
	alert->key = xb_column_text(row, 1);
	alert->kind = (XbAlertKind)xb_column_word(row, 2, kind_names, G_N_ELEMENTS(kind_names));
	alert->job_id = xb_column_int(row, 3, 0);
	alert->commit = xb_column_text(row, 4);
	alert->subject = xb_column_text(row, 5);
	alert->workload = xb_column_text(row, 6);
	alert->metric = xb_column_text(row, 7);
	alert->unit = xb_column_text(row, 8);
	alert->lower_is_better = sqlite3_column_int(row, 9) != 0;
	alert->host_fp = xb_column_text(row, 10);
	alert->workload_fp = xb_column_text(row, 11);
	alert->base = sqlite3_column_double(row, 12);
	alert->test = sqlite3_column_double(row, 13);
	alert->ratio = sqlite3_column_double(row, 14);
	alert->confidence = sqlite3_column_double(row, 15);
	alert->created_ms = sqlite3_column_int64(row, 16);
	alert->acknowledged_ms = xb_column_int(row, 17, 0);
	alert->acknowledged_uid = xb_column_int(row, 18, -1);
	alert->snoozed_ms = xb_column_int(row, 19, 0);
	alert->fixed_ms = xb_column_int(row, 20, 0);
	alert->fixed_commit = xb_column_text(row, 21);
	return alert;
}

int64_t xb_db_alert_add(XbDb *db, const XbAlert *alert, bool *is_new, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":key", alert->key),
		xb_bind_text(":kind", xb_alert_kind_name(alert->kind)),
		xb_bind_int_or_null(":job", alert->job_id, 0),
		xb_bind_text(":commit", alert->commit),
		xb_bind_text(":subject", alert->subject),
		xb_bind_text(":workload", alert->workload),
		xb_bind_text(":metric", alert->metric),
		xb_bind_text(":unit", alert->unit),
		xb_bind_int(":lower", alert->lower_is_better),
		xb_bind_text(":host_fp", alert->host_fp),
		xb_bind_text(":workload_fp", alert->workload_fp),
		xb_bind_real(":base", alert->base),
		xb_bind_real(":test", alert->test),
		xb_bind_real(":ratio", alert->ratio),
		xb_bind_real(":confidence", alert->confidence),
		xb_bind_int(":created", alert->created_ms),
	};
	g_autoptr(GError) failure = NULL;
	int64_t id = xb_db_integer(db, XB_SQL_ALERT_FIND, binds, 1, -1, &failure);

	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return -1;
	}
	*is_new = id < 0;
	if (id < 0)
		id = xb_db_insert(db, XB_SQL_ALERT_ADD, binds, G_N_ELEMENTS(binds), error);
	return id;
}

bool xb_db_alert_add_job(XbDb *db, int64_t alert_id, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":alert", alert_id), xb_bind_int(":job", job_id) };

	return xb_db_exec(db, XB_SQL_ALERT_ADD_JOB, binds, G_N_ELEMENTS(binds), error);
}

XbAlert *xb_db_alert_get(XbDb *db, int64_t id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id) };
	g_autoptr(GError) failure = NULL;
	XbAlert *alert = xb_db_row(db, XB_SQL_ALERT_GET, binds, 1, read_alert, &failure);

	if (failure != NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (alert == NULL)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND, "no alert %" G_GINT64_FORMAT,
			    id);
	return alert;
}

static GPtrArray *alerts(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error)
{
	return xb_db_rows(db, sql, binds, n, read_alert, (GDestroyNotify)xb_alert_free, error);
}

GPtrArray *xb_db_alerts(XbDb *db, int limit, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":limit", limit) };

	return alerts(db, XB_SQL_ALERTS, binds, 1, error);
}

int64_t xb_db_alerts_open(XbDb *db, GError **error)
{
	return xb_db_integer(db, XB_SQL_ALERTS_OPEN, NULL, 0, -1, error);
}

GPtrArray *xb_db_alerts_of_job(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return alerts(db, XB_SQL_ALERTS_OF_JOB, binds, 1, error);
}

GPtrArray *xb_db_alerts_unfixed(XbDb *db, const char *workload, const char *metric, GError **error)
{
	const XbBind binds[] = { xb_bind_text(":workload", workload),
				 xb_bind_text(":metric", metric) };

	return alerts(db, XB_SQL_ALERTS_UNFIXED, binds, 2, error);
}

bool xb_db_alert_acknowledge(XbDb *db, int64_t id, int64_t uid, int64_t now_ms, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int(":now", now_ms),
				 xb_bind_int(":uid", uid) };

	return xb_db_change(db, XB_SQL_ALERT_ACKNOWLEDGE, binds, 3, "alert", id, error) &&
	       xb_db_exec(db, XB_SQL_DELIVERIES_DROP_FOUND, binds, 2, error);
}

bool xb_db_alert_snooze(XbDb *db, int64_t id, int64_t until_ms, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int(":until", until_ms) };

	return xb_db_change(db, XB_SQL_ALERT_SNOOZE, binds, 2, "alert", id, error);
}

bool xb_db_alert_set_fixed(XbDb *db, int64_t id, const char *commit, int64_t now_ms, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int(":now", now_ms),
				 xb_bind_text(":commit", commit) };

	return xb_db_change(db, XB_SQL_ALERT_SET_FIXED, binds, 3, "alert", id, error);
}

/* ---- findings --------------------------------------------------------------- */

void xb_finding_free(XbFinding *finding)
{
	if (finding == NULL)
		return;
	g_free(finding->workload);
	g_free(finding->metric);
	g_free(finding->unit);
	g_free(finding->host_fp);
	g_free(finding->workload_fp);
	g_free(finding->fixed_commit);
	g_free(finding);
}

static void *read_finding(sqlite3_stmt *row)
{
	XbFinding *finding = g_new0(XbFinding, 1);

	finding->id = sqlite3_column_int64(row, 0);
	finding->job_id = xb_column_int(row, 1, 0);
	finding->workload = xb_column_text(row, 2);
	finding->metric = xb_column_text(row, 3);
	finding->unit = xb_column_text(row, 4);
	finding->lower_is_better = sqlite3_column_int(row, 5) != 0;
	finding->host_fp = xb_column_text(row, 6);
	finding->workload_fp = xb_column_text(row, 7);
	finding->base = sqlite3_column_double(row, 8);
	finding->test = sqlite3_column_double(row, 9);
	finding->ratio = sqlite3_column_double(row, 10);
	finding->confidence = sqlite3_column_double(row, 11);
	finding->created_ms = sqlite3_column_int64(row, 12);
	finding->fixed_ms = xb_column_int(row, 13, 0);
	finding->fixed_commit = xb_column_text(row, 14);
	return finding;
}

bool xb_db_finding_add(XbDb *db, const XbAlert *alert, bool *is_new, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":alert", alert->id),
		xb_bind_text(":workload", alert->workload),
		xb_bind_text(":metric", alert->metric),
		xb_bind_text(":host_fp", alert->host_fp),
		xb_bind_int_or_null(":job", alert->job_id, 0),
		xb_bind_text(":unit", alert->unit),
		xb_bind_int(":lower", alert->lower_is_better),
		xb_bind_text(":workload_fp", alert->workload_fp),
		xb_bind_real(":base", alert->base),
		xb_bind_real(":test", alert->test),
		xb_bind_real(":ratio", alert->ratio),
		xb_bind_real(":confidence", alert->confidence),
		xb_bind_int(":created", alert->created_ms),
	};
	g_autoptr(GError) failure = NULL;
	int64_t id = xb_db_integer(db, XB_SQL_FINDING_FIND, binds, 4, -1, &failure);

	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	*is_new = id < 0;
	return id >= 0 ||
	       xb_db_insert(db, XB_SQL_FINDING_ADD, binds, G_N_ELEMENTS(binds), error) > 0;
}

GPtrArray *xb_db_findings(XbDb *db, int64_t alert_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":alert", alert_id) };

	return xb_db_rows(db, XB_SQL_FINDINGS, binds, 1, read_finding,
			  (GDestroyNotify)xb_finding_free, error);
}

bool xb_db_finding_set_fixed(XbDb *db, int64_t id, const char *commit, int64_t now_ms,
			     GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int(":now", now_ms),
				 xb_bind_text(":commit", commit) };

	return xb_db_change(db, XB_SQL_FINDING_SET_FIXED, binds, 3, "finding", id, error);
}

int64_t xb_db_findings_followed(XbDb *db, int64_t alert_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":alert", alert_id) };
	g_autoptr(GError) failure = NULL;
	int64_t n = xb_db_integer(db, XB_SQL_FINDINGS_FOLLOWED, binds, 1, 0, &failure);

	if (failure == NULL)
		return n;
	g_propagate_error(error, g_steal_pointer(&failure));
	return -1;
}

/* ---- deliveries ------------------------------------------------------------- */

void xb_delivery_free(XbDelivery *delivery)
{
	if (delivery == NULL)
		return;
	g_free(delivery->target);
	g_free(delivery->detail);
	g_free(delivery->rest);
	g_free(delivery);
}

static void *read_delivery(sqlite3_stmt *row)
{
	XbDelivery *delivery = g_new0(XbDelivery, 1);

	delivery->id = sqlite3_column_int64(row, 0);
	delivery->alert_id = sqlite3_column_int64(row, 1);
	delivery->target = xb_column_text(row, 2);
	delivery->fixed = g_strcmp0((const char *)sqlite3_column_text(row, 3), "fixed") == 0;
	delivery->state =
		(XbDeliveryState)xb_column_word(row, 4, state_names, G_N_ELEMENTS(state_names));
	delivery->batch = sqlite3_column_int64(row, 5);
	delivery->attempts = sqlite3_column_int(row, 6);
	delivery->created_ms = sqlite3_column_int64(row, 7);
	delivery->due_ms = sqlite3_column_int64(row, 8);
	delivery->finished_ms = xb_column_int(row, 9, 0);
	delivery->detail = xb_column_text(row, 10);
	delivery->rest = xb_column_text(row, 11);
	return delivery;
}

bool xb_db_delivery_add(XbDb *db, int64_t alert_id, const char *target, bool fixed, int64_t now_ms,
			int64_t due_ms, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":alert", alert_id),
		xb_bind_text(":target", target),
		xb_bind_text(":event", fixed ? "fixed" : "found"),
		xb_bind_int(":now", now_ms),
		xb_bind_int(":due", due_ms),
	};

	return xb_db_exec(db, XB_SQL_DELIVERY_ADD, binds, G_N_ELEMENTS(binds), error);
}

static GPtrArray *deliveries(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error)
{
	return xb_db_rows(db, sql, binds, n, read_delivery, (GDestroyNotify)xb_delivery_free,
			  error);
}

GPtrArray *xb_db_deliveries_due(XbDb *db, int64_t now_ms, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":now", now_ms) };

	return deliveries(db, XB_SQL_DELIVERIES_DUE, binds, 1, error);
}

int64_t xb_db_deliveries_next_ms(XbDb *db, GError **error)
{
	return xb_db_integer(db, XB_SQL_DELIVERIES_NEXT, NULL, 0, 0, error);
}

GPtrArray *xb_db_deliveries_sending(XbDb *db, GError **error)
{
	return deliveries(db, XB_SQL_DELIVERIES_SENDING, NULL, 0, error);
}

GPtrArray *xb_db_deliveries_of_batch(XbDb *db, int64_t batch, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":batch", batch) };

	return deliveries(db, XB_SQL_DELIVERIES_OF_BATCH, binds, 1, error);
}

GPtrArray *xb_db_deliveries_of_alert(XbDb *db, int64_t alert_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":alert", alert_id) };

	return deliveries(db, XB_SQL_DELIVERIES_OF_ALERT, binds, 1, error);
}

bool xb_db_delivery_send(XbDb *db, int64_t id, int64_t batch, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int(":batch", batch) };

	return xb_db_change(db, XB_SQL_DELIVERY_SEND, binds, 2, "delivery", id, error);
}

bool xb_db_delivery_settle(XbDb *db, int64_t id, const XbSettlement *settled, int64_t now_ms,
			   GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_int(":now", now_ms),
		xb_bind_text(":rest", settled->rest),
		xb_bind_int(":due", settled->due_ms),
		xb_bind_text(":detail", settled->detail),
		xb_bind_text(":state", xb_delivery_state_name(settled->state)),
		xb_bind_int(":alone", settled->alone),
	};

	return xb_db_exec(db, XB_SQL_DELIVERY_SETTLE, binds, G_N_ELEMENTS(binds), error) &&
	       (settled->state != XB_DELIVERY_WAITING ||
		xb_db_exec(db, XB_SQL_DELIVERY_DROP_FOUND, binds, 2, error));
}
