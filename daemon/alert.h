/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alert.h - what is told to people: a verdict becomes an alert, in the
 * verdict's own transaction, and the alert a delivery for each [alert NAME]
 * that wants it. One alert for one culprit, however many jobs find it, by
 * whichever metric and workload, on whichever hosts: those are its findings.
 */
#ifndef XB_ALERT_H
#define XB_ALERT_H

#include "alerts.h"
#include "daemon.h"
#include "jobdata.h"

/* The job has this final verdict: raise its alert, if it is one of a culprit or a range. Only
 * rows: the caller has a transaction open. */
bool xb_alert_verdict(XbDaemon *daemon, const XbJobData *data, json_t *verdict, GError **error);

/* The level of @finding is back with @commit; the alert is fixed when that is so of all findings
 * that watched branches go on measuring. Only rows, as above. */
bool xb_alert_fixed(XbDaemon *daemon, const XbAlert *alert, const XbFinding *finding,
		    const char *commit, GError **error);

/* The host has left the pool by itself. One alert until it is back, however often it is said. Only
 * rows, as above. */
bool xb_alert_host(XbDaemon *daemon, const char *host, const char *reason, GError **error);
/* A user has put it back. */
bool xb_alert_host_back(XbDaemon *daemon, const char *host, GError **error);

/* ---- delivering ------------------------------------------------------------------ */
XbDeliverer *xb_deliverer_new(XbDaemon *daemon);
void xb_deliverer_free(XbDeliverer *self); /* messages that are being sent go on */

/* Start what is due; called again by itself when more will be. The first call finds what an
 * earlier daemon was sending. */
void xb_deliverer_round(XbDeliverer *self);

/*
 * Send a test to @name. *@run is 0 at first: it is started, and *@run set; call again with that
 * until *@run is 0: then the result is {"delivered", "detail", "dialogue": [lines]}. NULL without
 * @error while it is being sent.
 */
json_t *xb_deliverer_test(XbDeliverer *self, const char *name, int64_t *run, GError **error);

#endif
