/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * task.h - workers that are neither builds nor boots, and measure nothing: a
 * message is sent, a repository is fetched. Each has a directory (spawn.h),
 * goes on when the daemon ends, and is found again. What it said is read when
 * it has ended.
 */
#ifndef XB_TASK_H
#define XB_TASK_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct XbTask XbTask;

/* The worker of @task has ended (or was killed at its deadline). The callee frees the task. */
typedef void (*XbTaskEnded)(XbTask *task, void *user);

/*
 * Start @argv on @job in @dir, which is removed first. @user is kept for
 * @ended; @id is the caller's. NULL with @error.
 */
XbTask *xb_task_start(const char *dir, char *const *argv, json_t *job, int64_t id,
		      double deadline_s, XbTaskEnded ended, void *user, GError **error);

/* Follow the worker that is still at work in @dir; NULL when nobody is. */
XbTask *xb_task_adopt(const char *dir, int64_t id, double deadline_s, XbTaskEnded ended,
		      void *user);

/* The worker goes on; its directory stays. */
void xb_task_free(XbTask *task);

/* Kill the worker, and free @task once it has ended; nobody is told. */
void xb_task_kill(XbTask *task);

int64_t xb_task_id(const XbTask *task);
const char *xb_task_dir(const XbTask *task);

/* The last event of that name in @dir's events.jsonl, a new reference; NULL when there is none. */
json_t *xb_task_event(const char *dir, const char *name);

/* All of that name; a new reference. */
json_t *xb_task_events(const char *dir, const char *name);

#endif
