/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alert.c - from a verdict to an alert and its deliveries. */
#include "alert.h"

#include <math.h>
#include <string.h>

/* Does @target want to hear of it? */
static bool is_wanted(const XbAlertConfig *target, const XbAlert *alert, bool fixed)
{
	guint event = fixed                             ? XB_ALERT_ON_FIXED
		      : alert->kind == XB_ALERT_CULPRIT ? XB_ALERT_ON_CULPRIT
							: XB_ALERT_ON_RANGE;

	if (alert->kind == XB_ALERT_HOST)
		return (target->events & XB_ALERT_ON_HOST) &&
		       (!fixed || (target->events & XB_ALERT_ON_FIXED));
	bool worse = alert->lower_is_better ? alert->ratio > 1 : alert->ratio < 1;

	return (target->events & event) && (worse || target->improvements) &&
	       fabs(log(alert->ratio)) >= log1p(target->min_effect);
}

/* Of a digest: with what waits already, else after its time. */
static bool due_of(XbDaemon *daemon, const XbAlertConfig *target, int64_t now, int64_t *due,
		   GError **error)
{
	g_autoptr(GPtrArray) waiting = NULL;

	*due = now + (int64_t)(target->digest_s * 1000);
	if (target->digest_s == 0)
		return true;
	waiting = xb_db_deliveries_due(daemon->db, G_MAXINT64, error);
	if (!waiting)
		return false;
	for (guint i = 0; i < waiting->len; i++) {
		const XbDelivery *other = waiting->pdata[i];

		if (other->attempts == 0 && strcmp(other->target, target->name) == 0)
			*due = MIN(*due, other->due_ms);
	}
	return true;
}

static bool add_deliveries(XbDaemon *daemon, const XbAlert *alert, bool fixed, GError **error)
{
	int64_t now = xb_now_ms(), due;

	for (guint i = 0; i < daemon->config->alerts->len; i++) {
		const XbAlertConfig *target = daemon->config->alerts->pdata[i];

		if (is_wanted(target, alert, fixed) &&
		    (!due_of(daemon, target, now, &due, error) ||
		     !xb_db_delivery_add(daemon->db, alert->id, target->name, fixed, now, due,
					 error)))
			return false;
	}
	return true;
}

static const char *member(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* What a verdict says, as an alert; its strings belong to @data and @verdict. False when it is
 * nothing to tell of. */
static bool alert_of(const XbJobData *data, json_t *verdict, XbAlert *alert)
{
	json_t *effect = json_object_get(verdict, "effect");
	json_t *first = json_array_get(json_object_get(verdict, "commits"), 0);
	double base = json_number_value(json_object_get(effect, "base"));
	double test = json_number_value(json_object_get(effect, "test"));
	double ratio = json_number_value(json_object_get(effect, "ratio"));
	bool culprit = strcmp(member(verdict, "kind"), "culprit") == 0;

	if (!(culprit || strcmp(member(verdict, "kind"), "range") == 0) || !first || !(ratio > 0) ||
	    !isfinite(ratio) || !isfinite(base) || !isfinite(test))
		return false;
	*alert = (XbAlert){
		.kind = culprit ? XB_ALERT_CULPRIT : XB_ALERT_RANGE,
		.job_id = data->job->id,
		.commit = (char *)member(first, "id"),
		.subject = (char *)member(first, "subject"),
		.workload = (char *)xb_spec_string(data, "workload"),
		.metric = (char *)data->metric,
		.unit = (char *)xb_spec_string(data, "unit"),
		.lower_is_better = !json_is_false(json_object_get(data->spec, "lower_is_better")),
		.host_fp = (char *)data->host_fp,
		.workload_fp = (char *)data->workload_fp,
		.base = base,
		.test = test,
		.ratio = ratio,
		.confidence = json_number_value(json_object_get(verdict, "confidence")),
		.created_ms = xb_now_ms(),
	};
	return true;
}

/* Nobody is told twice, and nobody of what somebody has taken on. */
static bool tell_of_finding(XbDaemon *daemon, const XbAlert *finding, GError **error)
{
	g_autoptr(XbAlert) alert = xb_db_alert_get(daemon->db, finding->id, error);

	return alert && (alert->acknowledged_ms || add_deliveries(daemon, finding, false, error));
}

/* Those who cared for any of the findings. */
static bool tell_of_fix(XbDaemon *daemon, const XbAlert *alert, GError **error)
{
	g_autoptr(GPtrArray) findings = xb_db_findings(daemon->db, alert->id, error);

	for (guint i = 0; findings && i < findings->len; i++) {
		const XbFinding *finding = findings->pdata[i];
		const XbAlert as_alert = { .id = alert->id,
					   .kind = alert->kind,
					   .ratio = finding->ratio,
					   .lower_is_better = finding->lower_is_better };

		if (!add_deliveries(daemon, &as_alert, true, error))
			return false;
	}
	return findings != NULL;
}

bool xb_alert_verdict(XbDaemon *daemon, const XbJobData *data, json_t *verdict, GError **error)
{
	XbAlert alert;
	g_autofree char *key = NULL;
	bool is_new = false;

	if (data->job->kind != XB_JOB_BISECT || !alert_of(data, verdict, &alert))
		return true;
	key = g_strjoin("\n", xb_alert_kind_name(alert.kind), alert.commit, NULL);
	alert.key = key;
	alert.id = xb_db_alert_add(daemon->db, &alert, &is_new, error);
	if (alert.id < 0 || !xb_db_alert_add_job(daemon->db, alert.id, data->job->id, error) ||
	    !xb_db_finding_add(daemon->db, &alert, &is_new, error))
		return false;
	/* who did not care for the first metric's effect may care for this one's */
	return !is_new || tell_of_finding(daemon, &alert, error);
}

/* The open alert of the host; NULL without @error when there is none. */
static XbAlert *open_of_host(XbDaemon *daemon, const char *host, GError **error)
{
	/* those of hosts are the ones without a workload */
	g_autoptr(GPtrArray) open = xb_db_alerts_unfixed(daemon->db, "", "", error);

	for (guint i = 0; open && i < open->len; i++) {
		const XbAlert *alert = open->pdata[i];

		if (alert->kind == XB_ALERT_HOST && strcmp(alert->commit, host) == 0)
			return xb_db_alert_get(daemon->db, alert->id, error);
	}
	return NULL;
}

bool xb_alert_host(XbDaemon *daemon, const char *host, const char *reason, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(XbAlert) open = open_of_host(daemon, host, &failure);
	int64_t now = xb_now_ms();
	g_autofree char *key = g_strdup_printf("host\n%s\n%" G_GINT64_FORMAT, host, now);
	XbAlert alert = {
		.key = key,
		.kind = XB_ALERT_HOST,
		.commit = (char *)host,
		.subject = (char *)reason,
		.workload = (char *)"",
		.metric = (char *)"",
		.unit = (char *)"",
		.lower_is_better = true,
		.host_fp = (char *)"",
		.workload_fp = (char *)"",
		.base = 1,
		.test = 1,
		.ratio = 1,
		.confidence = 1,
		.created_ms = now,
	};
	bool is_new = false;

	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	if (open)
		return true;
	alert.id = xb_db_alert_add(daemon->db, &alert, &is_new, error);
	return alert.id >= 0 && (!is_new || add_deliveries(daemon, &alert, false, error));
}

bool xb_alert_host_back(XbDaemon *daemon, const char *host, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(XbAlert) open = open_of_host(daemon, host, &failure);

	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	return !open || (xb_db_alert_set_fixed(daemon->db, open->id, NULL, xb_now_ms(), error) &&
			 add_deliveries(daemon, open, true, error));
}

bool xb_alert_fixed(XbDaemon *daemon, const XbAlert *alert, const XbFinding *finding,
		    const char *commit, GError **error)
{
	int64_t now = xb_now_ms(), left;

	if (!xb_db_finding_set_fixed(daemon->db, finding->id, commit, now, error) ||
	    (left = xb_db_findings_followed(daemon->db, alert->id, error)) < 0)
		return false;
	return left > 0 || (xb_db_alert_set_fixed(daemon->db, alert->id, commit, now, error) &&
			    tell_of_fix(daemon, alert, error));
}
