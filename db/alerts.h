/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alerts.h - what people are told of, and whether they have been told; the
 * tables alert, alert_job and delivery. Conventions as in db.h.
 */
#ifndef XB_ALERTS_H
#define XB_ALERTS_H

#include "db.h"

/* HOST: a machine left the pool by itself. Its commit is the host's name, its subject the reason;
 * its levels mean nothing, and it is fixed when the host is back. */
typedef enum { XB_ALERT_CULPRIT, XB_ALERT_RANGE, XB_ALERT_HOST } XbAlertKind;
const char *xb_alert_kind_name(XbAlertKind kind);

typedef struct {
	int64_t id;
	char *key;
	XbAlertKind kind;
	int64_t job_id; /* 0: it is gone */
	char *commit, *subject;
	char *workload, *metric, *unit;
	bool lower_is_better;
	char *host_fp, *workload_fp;
	double base, test, ratio, confidence;
	int64_t created_ms;
	int64_t acknowledged_ms, snoozed_ms, fixed_ms; /* 0 = not */
	int64_t acknowledged_uid;
	char *fixed_commit; /* or NULL */
} XbAlert;
void xb_alert_free(XbAlert *alert);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbAlert, xb_alert_free)

/* What one metric of one workload on one class of hosts says of an alert's culprit. */
typedef struct {
	int64_t id;
	int64_t job_id; /* that found it first; 0: it is gone */
	char *workload, *metric, *unit;
	bool lower_is_better;
	char *host_fp, *workload_fp;
	double base, test, ratio, confidence;
	int64_t created_ms, fixed_ms; /* fixed_ms 0 = not */
	char *fixed_commit;           /* or NULL */
} XbFinding;
void xb_finding_free(XbFinding *finding);

/* @alert's numbers as a finding of the alert @alert->id; is_new false: it has one of that metric,
 * workload and class of hosts. */
bool xb_db_finding_add(XbDb *db, const XbAlert *alert, bool *is_new, GError **error);
GPtrArray *xb_db_findings(XbDb *db, int64_t alert_id,
			  GError **error); /* XbFinding*, oldest first */
bool xb_db_finding_set_fixed(XbDb *db, int64_t id, const char *commit, int64_t now_ms,
			     GError **error);
/* How many of them are not fixed and measured by a watched branch; -1 with @error. */
int64_t xb_db_findings_followed(XbDb *db, int64_t alert_id, GError **error);

/* The id of the alert with @alert's key: a new row (*@is_new) or the one that is there. What
 * comes after created_ms in the struct is not written. -1 with @error. */
int64_t xb_db_alert_add(XbDb *db, const XbAlert *alert, bool *is_new, GError **error);
/* @job_id found it, too; again is a no-op. */
bool xb_db_alert_add_job(XbDb *db, int64_t alert_id, int64_t job_id, GError **error);
XbAlert *xb_db_alert_get(XbDb *db, int64_t id, GError **error); /* NOT_FOUND */
GPtrArray *xb_db_alerts(XbDb *db, int limit, GError **error);   /* newest first */
int64_t xb_db_alerts_open(XbDb *db, GError **error); /* how many nobody has acknowledged, or -1 */
GPtrArray *xb_db_alerts_of_job(XbDb *db, int64_t job_id, GError **error); /* XbAlert* */
GPtrArray *xb_db_alerts_unfixed(XbDb *db, const char *workload, const char *metric, GError **error);
/* Nothing more is sent about its finding. */
bool xb_db_alert_acknowledge(XbDb *db, int64_t id, int64_t uid, int64_t now_ms, GError **error);
bool xb_db_alert_snooze(XbDb *db, int64_t id, int64_t until_ms, GError **error);
bool xb_db_alert_set_fixed(XbDb *db, int64_t id, const char *commit, int64_t now_ms,
			   GError **error);

/* ---- deliveries ------------------------------------------------------------- */
typedef enum {
	XB_DELIVERY_WAITING,
	XB_DELIVERY_SENDING,
	XB_DELIVERY_DELIVERED,
	XB_DELIVERY_DROPPED,
} XbDeliveryState;
const char *xb_delivery_state_name(XbDeliveryState state);

typedef struct {
	int64_t id, alert_id;
	char *target; /* name of the configuration's [alert NAME] */
	bool fixed;   /* the event: fixed, else found */
	XbDeliveryState state;
	int64_t batch; /* 0 = not chosen yet */
	int attempts;
	int64_t created_ms, due_ms, finished_ms;
	char *detail;
	char *rest; /* JSON array: the addresses that have not got it, while others have; or NULL */
} XbDelivery;
void xb_delivery_free(XbDelivery *delivery);

/* One for each (alert, target, event), ever: again is a no-op. */
bool xb_db_delivery_add(XbDb *db, int64_t alert_id, const char *target, bool fixed, int64_t now_ms,
			int64_t due_ms, GError **error);
/* Those that wait and whose time (and whose alert's snoozing) is over; by id. */
GPtrArray *xb_db_deliveries_due(XbDb *db, int64_t now_ms, GError **error);
/* When the next will be due; 0 when none waits. */
int64_t xb_db_deliveries_next_ms(XbDb *db, GError **error);
GPtrArray *xb_db_deliveries_sending(XbDb *db, GError **error);
GPtrArray *xb_db_deliveries_of_batch(XbDb *db, int64_t batch, GError **error);
GPtrArray *xb_db_deliveries_of_alert(XbDb *db, int64_t alert_id, GError **error);
/* It is part of @batch, which is being sent: one attempt more. */
bool xb_db_delivery_send(XbDb *db, int64_t id, int64_t batch, GError **error);
/* What came of one that was being sent. */
typedef struct {
	XbDeliveryState state; /* WAITING: again, but when it was acknowledged meanwhile, which
				* drops it */
	int64_t due_ms;
	const char *detail;
	const char *rest; /* as in XbDelivery; NULL: as before */
	bool alone;       /* in a message of its own from now on */
} XbSettlement;
/* Nothing when it is not being sent. */
bool xb_db_delivery_settle(XbDb *db, int64_t id, const XbSettlement *settled, int64_t now_ms,
			   GError **error);

#endif
