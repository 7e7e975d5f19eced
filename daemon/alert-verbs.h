/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alert-verbs.h - the verbs of the control socket about alerts; see control.h. */
#ifndef XB_ALERT_VERBS_H
#define XB_ALERT_VERBS_H

#include "daemon.h"
#include "queue.h"

json_t *xb_verb_alerts(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		       GError **error);
json_t *xb_verb_alert_ack(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error);
json_t *xb_verb_alert_snooze(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error);
json_t *xb_verb_alert_test(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error);

#endif
