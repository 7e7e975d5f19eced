/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage.h - how much time a child really had, as opposed to how much passed.
 *
 * A deadline in wall-clock time would call a kernel hung that a busy machine
 * just did not run. A UsageClock runs while the child and its descendants run
 * on a processor, and while all of them sleep (a hang may well be idle), but
 * stands still while one of them waits for a processor.
 */
#ifndef XB_RUNNER_USAGE_H
#define XB_RUNNER_USAGE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
	double seconds; /* what the clock shows */
	double cpu_s;   /* processor time at the last call */
	gint64 then_us; /* of the last call */
} UsageClock;

void runner_usage_start(UsageClock *self);

/* Call every so often, best several times a second. */
void runner_usage_advance(UsageClock *self, pid_t pid);

/*
 * Processor seconds of @pid, its threads and its descendants, and whether one
 * of them is running or waits for a processor or a disk. False when /proc
 * does not say.
 */
bool runner_usage_read(pid_t pid, double *cpu_s, bool *busy);

#endif
