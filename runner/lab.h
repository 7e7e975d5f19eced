/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab.h - what the operations on a lab machine share: its settings, the run,
 * the log of what was done, and how a failure says whose fault it is.
 *
 * Operations are plain functions that wait by iterating the main context, so
 * that the console is read meanwhile; each has a deadline of its own, ends at
 * once when the run is ended (SIGTERM), and can be called again.
 */
#ifndef XB_RUNNER_LAB_H
#define XB_RUNNER_LAB_H

#include "lab-host.h"
#include "run.h"

typedef struct LabConsole LabConsole;

typedef struct {
	RunnerRun *run; /* NULL: nobody can end it (kind "fingerprint") */
	const RunnerJob *job;
	LabHost *host;
	LabConsole *console; /* NULL: none */
	FILE *log;           /* lab.log of the job's directory; NULL: none */
	gint64 start_us;
	gint64 end_us; /* when nothing but bringing the machine back is begun any more; 0: never */
	bool locked;   /* the lock on the machine's disk is ours */
	bool announce; /* the known-good script of the network says our nonce (hosts check) */
	bool closing;  /* the run has ended; what is done now brings the machine back */
	char nonce[33];
} Lab;

/* GError domain whose code is the XbOutcome that the failure means; errors of
 * other domains are host-trouble. */
#define LAB_ERROR lab_error_quark()
GQuark lab_error_quark(void);

/* False, for `return lab_fail(...)`. */
bool lab_fail(GError **error, XbOutcome outcome, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Settings, log and nonce; NULL with @error. @run may be NULL. */
Lab *lab_new(const RunnerJob *job, RunnerRun *run, GError **error);
void lab_free(Lab *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lab, lab_free)

/* A line of lab.log: "   12.345 TEXT", made safe. */
void lab_log(Lab *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Monotonic microseconds @seconds from now: how deadlines are passed on. */
gint64 lab_deadline(double seconds);
double lab_seconds_left(gint64 deadline_us);

/*
 * Iterate the main context for @seconds, or until it is woken; false with
 * @error when the run was ended meanwhile, or the job's time is over: its deadline
 * less what it takes to bring the machine back. lab_pause() sleeps the whole time.
 */
bool lab_wait(Lab *self, double seconds, GError **error);
bool lab_pause(Lab *self, double seconds, GError **error);

#endif
