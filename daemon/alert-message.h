/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alert-message.h - what xbisect-notify is given: a notify job with its target
 * and what it tells of.
 */
#ifndef XB_ALERT_MESSAGE_H
#define XB_ALERT_MESSAGE_H

#include "alerts.h"
#include "daemon.h"

/* The message of @deliveries (XbDelivery*, of one batch or to be one); NULL with @error, and with
 * *@bad where it is one of them that cannot be read. */
json_t *xb_alert_message(XbDaemon *daemon, const XbAlertConfig *target, GPtrArray *deliveries,
			 XbDelivery **bad, GError **error);

/* One that tells of @alerts, whose reference it takes. @key: the same for each attempt, and for no
 * other message of any daemon. */
json_t *xb_alert_message_new(const XbAlertConfig *target, const char *key, int64_t created_ms,
			     json_t *alerts);

#endif
