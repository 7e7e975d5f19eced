/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * executor.h - workers as processes: start one for a row of run, follow its
 * events.jsonl into the database, end it at its deadline, and find it again
 * after a restart.
 *
 * runs/ID/ holds job.json (its stdin), events.jsonl (its stdout), stderr, pid
 * and lock. The worker inherits an exclusive flock on `lock`: as long as it
 * lives, the lock is held, whoever the parent is. That, not a pid, says
 * whether a unit of work is still running.
 */
#ifndef XB_EXECUTOR_H
#define XB_EXECUTOR_H

#include "daemon.h"

XbExecutor *xb_executor_new(XbDaemon *daemon);
void xb_executor_free(XbExecutor *self); /* leaves the workers running */

/* Adopt or finish what the database says is active and is not followed yet: after a start, and
 * what could not be written or followed before (disk full). */
bool xb_executor_adopt(XbExecutor *self, GError **error);

/*
 * Add the row (state starting), make its directory, and start @argv on @job.
 * Steals nothing; @job gets "id", and for builds "out_dir". Returns the run's
 * id, or -1 when the row could not be written; a worker that could not be
 * started is a finished run with host-trouble.
 */
int64_t xb_executor_start(XbExecutor *self, const XbRun *run, char *const *argv, json_t *job,
			  GError **error);

/* Ask a run to end: SIGTERM, then SIGKILL to its group, after ten seconds; on a host that recovers
 * after a minute, because its machine is on its way back meanwhile. */
void xb_executor_stop(XbExecutor *self, int64_t run_id);

guint xb_executor_running(const XbExecutor *self);

#endif
