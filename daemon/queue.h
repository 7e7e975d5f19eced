/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue.h - requests for new jobs: checked completely, resolved (revisions,
 * workload, configuration) and written as rows, or refused with a sentence.
 */
#ifndef XB_QUEUE_H
#define XB_QUEUE_H

#include "daemon.h"

typedef struct {
	uint32_t uid;
	bool may_name_paths; /* the daemon's own uid or root */
	bool web;            /* xbisect-web: few verbs, configured repositories; its users have
			      * shown its token, so any job is theirs */
} XbPeer;

#define XB_QUEUE_ERROR xb_queue_error_quark()
GQuark xb_queue_error_quark(void);
typedef enum { XB_QUEUE_ERROR_REQUEST } XbQueueError;

/* Set @error to a sentence for the one who asked; false always. */
bool xb_queue_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Add the job that @request (verb bisect, ab or measure; see control.h) asks
 * for. Returns its id, or -1 with @error; @warnings gets a new array of
 * strings, to which the noise may still add one (warn.h). *@hint (caller frees)
 * is set with some errors.
 */
int64_t xb_queue_request(XbDaemon *daemon, const XbPeer *peer, json_t *request, json_t **warnings,
			 char **hint, GError **error);

/* What the request would cost, without queueing it: {"commits_in_range", "can_matter",
 * "steps_left", "seconds_left", "good_id", "bad_id", "reason"}, and of an A/B or a measurement what
 * xb_sides_estimate() adds; members are absent where they are not known. NULL with @error where the
 * request would be refused. */
json_t *xb_queue_check(XbDaemon *daemon, const XbPeer *peer, json_t *request, json_t **warnings,
		       char **hint, GError **error);

/* A new job with the spec of an old one, which must have ended. Refused, too, when kernels of it
 * are gone and its repository is. *@warnings and *@hint as above. */
int64_t xb_queue_retry(XbDaemon *daemon, const XbPeer *peer, int64_t id, json_t **warnings,
		       char **hint, GError **error);

#endif
