/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker.h - main() of a worker that measures nothing: a job from standard
 * input, events to standard output, "done" last.
 */
#ifndef XB_WORKER_H
#define XB_WORKER_H

#include <glib.h>
#include <stdbool.h>

/*
 * Answers --version and --help (@help: what follows "Usage: NAME < JOB.json"),
 * else runs @run and says "done": ok, or host-trouble with @run's error. The
 * exit status: 0, 1 when it failed, 2 on wrong usage.
 */
int xb_worker_main(int argc, char **argv, const char *name, const char *help,
		   bool (*run)(GError **error));

#endif
