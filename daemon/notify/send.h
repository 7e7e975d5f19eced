/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * send.h - one message to one target, once: SMTP or a webhook.
 *
 * The target (member "target" of a notify job): name, kind (smtp, webhook),
 * smtp: server (URL), tls (starttls, always, none), from, to[], recipients[]
 * (who of those is to get it this time; absent: all), user, password_file; webhook: url or
 * url_file, template, secret_file; both: ca_file, proxy, timeout_s. Secrets are in files that only
 * their owner reads and never show in a dialogue.
 */
#ifndef XB_SEND_H
#define XB_SEND_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct {
	bool delivered;
	bool permanent;       /* it was refused; the same again will be refused, too */
	bool content;         /* what was refused for good is this message, not its target */
	long code;            /* of SMTP or HTTP; 0 = no answer */
	double retry_after_s; /* what the peer asked for; 0 = nothing */
	GPtrArray *rest;      /* char*: of a mail that was taken, those who are to be asked again;
			       * NULL = none */
	char *detail;         /* for people, made safe to show */
	GString *dialogue;    /* every line of both sides, secrets masked, bounded; safe to show */
} XbSent;
void xb_sent_clear(XbSent *sent);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XbSent, xb_sent_clear)

/* Once in a process, before anything else. */
bool xb_send_setup(GError **error);

/* Send the message of @job. Never longer than the target's timeout_s. */
void xb_send(const json_t *job, XbSent *sent);

/* "sha256=HEX", the HMAC-SHA256 of @body (RFC 2104). Caller frees. */
char *xb_send_signature(const char *secret, const char *body, gsize length);

/* Secrets of a dialogue: every occurrence in @line becomes "***". Caller frees. */
char *xb_send_mask(const char *line, GPtrArray *secrets);

#endif
