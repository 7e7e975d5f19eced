/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - one run: how it ends, and the children that it started.
 *
 * A driver starts what it needs, attaches sources to the default main context
 * and calls runner_run_loop(), which returns when the run has ended: by the
 * driver itself, by SIGTERM, or because nobody reads the events any more.
 * However it ends, exactly one outcome is kept, the first.
 */
#ifndef XB_RUNNER_RUN_H
#define XB_RUNNER_RUN_H

#include "job.h"

#include <sys/types.h>

typedef struct {
	const RunnerJob *job;
	GMainLoop *loop;
	bool ended;
	XbOutcome outcome;
	char *detail;
} RunnerRun;

RunnerRun *runner_run_new(const RunnerJob *job);
void runner_run_free(RunnerRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunnerRun, runner_run_free)

/* End the run, unless it has ended. The detail may hold text from outside: it
 * is made safe here. */
void runner_run_end(RunnerRun *run, XbOutcome outcome, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Takes an event (stolen) to stdout; a failure ends the run. */
void runner_run_emit(RunnerRun *run, json_t *event);
void runner_run_phase(RunnerRun *run, const char *phase);

void runner_run_loop(RunnerRun *run);

/*
 * A child in a process group of its own that does not outlive us. Descriptors
 * 0 to 2 are those given (-1: /dev/null); files that it writes are limited to
 * @file_max bytes when that is not 0. Starts in @dir when not NULL. Returns
 * the pid, or -1 with @error.
 */
pid_t runner_child_start(char *const *argv, const char *dir, int in, int out, int err,
			 guint64 file_max, GError **error);

/* Kill the group of @pid and reap it: SIGTERM first when @grace_s is not 0
 * and SIGKILL after that time. Returns its wait status. */
int runner_child_end(pid_t pid, double grace_s);

/* "exit status 3", "killed by signal 9 (Killed)". Caller frees. */
char *runner_status_text(int wait_status);

#endif
