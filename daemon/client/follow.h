/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * follow.h - wait for a job to end, showing how it goes.
 */
#ifndef XB_FOLLOW_H
#define XB_FOLLOW_H

#include "client.h"

/*
 * Follow job @id until it ends, through restarts of the daemon (given up after
 * ten minutes without one, or $XBISECT_PATIENCE). Progress goes to stdout, or
 * to stderr with --json. SIGINT and SIGTERM end the waiting, not the job.
 * Returns the exit status; @job (when not NULL) gets the JOB as it ended, or
 * NULL when that is not known.
 */
int xb_follow(XbClient *client, gint64 id, json_t **job);

/* xb_follow(), then the summary of what came out (or the object of --json). */
int xb_follow_and_tell(XbClient *client, gint64 id);

#endif
