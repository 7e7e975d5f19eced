/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawn.h - a worker process and its directory. The directory holds job.json
 * (the worker's stdin), events.jsonl (its stdout), stderr, pid, pid_space (where
 * that pid means something) and lock. The worker inherits an exclusive flock on
 * `lock`: as long as it lives, the lock is held, whoever the parent is. That,
 * not a pid, says whether it still runs.
 */
#ifndef XB_SPAWN_H
#define XB_SPAWN_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* Make @dir where it is missing and write job.json. */
bool xb_spawn_write_job(const char *dir, json_t *job, GError **error);

/* Start @argv in @dir, in a session (and process group) of its own. */
bool xb_spawn(const char *dir, char *const *argv, int *pid, GError **error);

/* The pid that was written down in @dir, 0 when there is none. */
int xb_spawn_read_pid(const char *dir);

/* The pid of the process that holds the directory's lock, 0 when nobody does. */
int xb_spawn_lock_holder(const char *dir);

/* Signal the process group of a worker. */
void xb_spawn_signal(int pid, int signal_number);

/* The worker @pid is dead: kill all that is left of its session, groups of their own and what
 * holds no lock included, and wait a moment for their end. Nothing is done while a live process
 * has that pid: it is another's then, and of the dead worker's session nothing can be left, as
 * the kernel gives a number anew only when no group and no session has it. What began a session
 * of its own is not found. */
void xb_spawn_end_session(int pid);

/* The same of the worker that was started in @dir and is dead. Nothing where the pid in it is of
 * another boot of this machine or of another pid namespace. */
void xb_spawn_end_orphans(const char *dir);

#endif
