/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-task.h - workers that bring a host back ("recover") or try each of its
 * operations ("check"): rows of host_task, each with a directory hosts/ID
 * below state_dir. They go on when the daemon ends and are found again; what
 * came of one is written in one transaction with the state of its host.
 */
#ifndef XB_HOST_TASK_H
#define XB_HOST_TASK_H

#include "daemon.h"
#include "host-tasks.h"

XbHostTasks *xb_host_tasks_new(XbDaemon *daemon);
void xb_host_tasks_free(XbHostTasks *self); /* the workers go on */

/* Follow or finish what the database says is running and is not followed; the hosts of those that
 * run are added to @busy (may be NULL). */
bool xb_host_tasks_adopt(XbHostTasks *self, GHashTable *busy, GError **error);

/* The id of the row; a worker that could not be started is a finished one. -1 with @error. */
int64_t xb_host_tasks_start(XbHostTasks *self, const XbHostConfig *host, XbHostTaskKind kind,
			    const char *why, GError **error);

bool xb_host_tasks_busy(const XbHostTasks *self, const char *host);

/* The "check" events of a task so far; a new reference. */
json_t *xb_host_tasks_steps(const XbHostTasks *self, int64_t id);

#endif
