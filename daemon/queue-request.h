/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue-request.h - within the queue: a request on its way to a job's rows, and
 * the steps that take it there. Each step reads what it is about from the
 * request, adds to the job's spec and commits, and is false with @error (a
 * sentence for the one who asked) where the request cannot be done.
 */
#ifndef XB_QUEUE_REQUEST_H
#define XB_QUEUE_REQUEST_H

#include "history.h"
#include "queue.h"

typedef struct {
	XbDaemon *daemon;
	const XbPeer *peer;
	json_t *request;  /* as it came */
	json_t *spec;     /* of the job, owned */
	json_t *warnings; /* the caller's */
	char **hint;      /* what may help, where it is refused; the caller's */
	XbJobKind kind;
	XbHistory *history;  /* opened by the first step that needs it; owned */
	const char *trust;   /* of its repository */
	json_t *kconfig;     /* blob paths for all sides; owned */
	GPtrArray *commits;  /* XbJobCommit*; owned */
	const char *between; /* its two revisions, where people read them */
} XbRequest;

/* A member of @object that is a string; NULL when it is absent or another thing. */
const char *xb_request_text(json_t *object, const char *name);
void xb_request_warn(XbRequest *r, const char *text);

/* ---- queue-retry.c ---------------------------------------------------------------- */
/* Of a job whose repository was the copy of a watched branch (members remote and remote_branch of
 * its spec): how to have that again. NULL of others; caller frees. */
char *xb_request_remote_hint(json_t *spec);

/* ---- queue-settings.c: how to measure -------------------------------------------- */
bool xb_request_numbers(XbRequest *r, GError **error);
bool xb_request_workload(XbRequest *r, GError **error);
bool xb_request_host(XbRequest *r, GError **error);
/* The configuration's fragments and the request's, kept by content. */
bool xb_request_kconfig(XbRequest *r, GError **error);
/* [{"name","content"}] -> blob paths, appended to @paths; @what for messages. */
bool xb_request_contents(XbRequest *r, json_t *list, json_t *paths, const char *what,
			 GError **error);

/* ---- queue-commits.c: what to measure -------------------------------------------- */
bool xb_request_bisect(XbRequest *r, GError **error);
bool xb_request_ab(XbRequest *r, GError **error);
bool xb_request_measure(XbRequest *r, GError **error);

#endif
