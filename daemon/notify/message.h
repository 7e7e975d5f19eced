/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - what a message says: mail (text, HTML, plot) and the bodies of
 * webhooks, out of a notify job. Pure: the same job gives the same bytes, so
 * that a message that is sent again is the same message.
 *
 * A notify job: {"protocol": 1, "kind": "notify", "key": "...", "created":
 * Unix seconds, "target": {...}, "alerts": [ALERT], "job": JOB}. ALERT: id,
 * event (found, fixed, test), kind (culprit, range), commit, subject, workload,
 * metric, unit, lower_is_better, base, test, ratio, confidence, job_id, link,
 * fixed_commit. JOB (control.h) is there when there is one ALERT.
 */
#ifndef XB_MESSAGE_H
#define XB_MESSAGE_H

#include <glib.h>
#include <jansson.h>

/* The mail: headers and parts, lines ended by CRLF as SMTP wants them. Caller frees. */
char *xb_message_mail(const json_t *job);

/* The body of a webhook in the form of the target's "template"; a new reference. */
json_t *xb_message_body(const json_t *job);

/* One line about an alert. Caller frees. */
char *xb_message_line(const json_t *alert);

/* The mail's subject. Caller frees. */
char *xb_message_subject(const json_t *job);

#endif
