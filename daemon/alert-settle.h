/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alert-settle.h - what becomes of a message's deliveries, by what its worker
 * said: each for itself, since a digest carries several that differ in age.
 */
#ifndef XB_ALERT_SETTLE_H
#define XB_ALERT_SETTLE_H

#include "alerts.h"
#include "daemon.h"

/*
 * What becomes of @delivery, one of @n of its message. Pure.
 *
 * @target: NULL when the configuration has it no more. @answer: the worker's event of that name
 * (NULL: it ended without): delivered, permanent, content (what was refused for good is this very
 * message), retry_after_s, rest. @detail and @rest (JSON of the latter, or NULL) are borrowed.
 *
 * Of a digest whose text is refused for good each goes on alone, so that one that a peer does not
 * like keeps no other from being told. Each is given up by its own age.
 */
XbSettlement xb_alert_settlement(const XbDelivery *delivery, guint n, const XbAlertConfig *target,
				 json_t *answer, const char *detail, const char *rest,
				 int64_t now_ms);

/* Seconds until attempt @attempts + 1, by the target's pause and what the peer asked for. */
double xb_alert_backoff_s(const XbAlertConfig *target, int attempts, json_t *answer);

/* Write down for all of @batch that is being sent what its worker said in @dir, and in the journal.
 * Nothing when it was written down already. */
bool xb_alert_settle(XbDaemon *daemon, int64_t batch, const char *dir, GError **error);

#endif
