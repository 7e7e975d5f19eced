/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs.h - what each verb of the control socket does; the table is in the .c. */
#ifndef XB_VERBS_H
#define XB_VERBS_H

#include "daemon.h"
#include "queue.h"

/*
 * The last line of the answer, a new reference. NULL when the client is to
 * follow the job *@follow instead.
 */
json_t *xb_verbs_answer(XbDaemon *daemon, const XbPeer *peer, json_t *request, int64_t *follow);

/* Something is still to be added to @answer, and the client to wait for it: warn.h. */
bool xb_verbs_is_open(const XbDaemon *daemon, const json_t *answer);
/* It has been added: the job of @answer as it is now. */
void xb_verbs_told(const XbDaemon *daemon, json_t *answer);

/* The job as a follower sees it now; *@ended when this is the last of it. */
json_t *xb_verbs_follow(XbDaemon *daemon, int64_t id, bool *ended, GError **error);

/* {"ok":false,...} of @error. */
json_t *xb_verbs_error(const GError *error, const char *hint);

#endif
