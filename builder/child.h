/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.h - run one command to its end, with limits.
 *
 * The command gets its own process group, no input, its output and errors in
 * one pipe that is read here, low priority, resource limits, and dies with
 * this process. At the deadline, or when a stop was asked for, the group gets
 * SIGTERM and two seconds later SIGKILL.
 */
#ifndef XB_BUILDER_CHILD_H
#define XB_BUILDER_CHILD_H

#include <glib.h>
#include <stdbool.h>

#include "log.h"

/* One line of output, without its newline, cut to 4 KiB and NUL-terminated. */
typedef void (*XbLineFunc)(const char *line, void *data);

typedef struct {
	const char *const *argv; /* argv[0] is looked up in PATH */
	const char *const *environment;
	const char *cwd;               /* NULL: as it is */
	gint64 deadline_us;            /* of g_get_monotonic_time() */
	XbLog *log;                    /* may be NULL */
	XbLineFunc on_line;            /* may be NULL */
	void (*on_second)(void *data); /* at most once a second; may be NULL */
	void *data;
} XbChild;

/*
 * True when the command ran and exited, with *@status as of waitpid(). False
 * with @error when it could not be started or was killed by a signal (host), or
 * was stopped or met the deadline (code STOPPED).
 */
bool xb_child_run(const XbChild *child, int *status, GError **error);

/*
 * Call once before the first child: from then on SIGTERM, SIGINT and SIGHUP do
 * not end this process but make xb_stop_requested() true.
 */
bool xb_stop_setup(GError **error);
bool xb_stop_requested(void);

/* False with @error STOPPED when a stop was asked for or the deadline is over:
 * between two steps of a job. */
bool xb_stop_check(gint64 deadline_us, GError **error);

#endif
