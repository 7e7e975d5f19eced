/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console.h - what a console says about a boot: how far it came, the samples
 * of the workload, and whether it is lost. No I/O: bytes in, findings out.
 *
 * Three layers write to it: Xen ("(XEN) ..." lines), the kernel, and the
 * frames of xbisect-dom0 between them.
 */
#ifndef XB_RUNNER_CONSOLE_H
#define XB_RUNNER_CONSOLE_H

#include "protocol.h"

/* How far the boot came; only ever grows. */
typedef enum {
	CONSOLE_DARK,     /* nothing of Xen yet */
	CONSOLE_XEN,      /* Xen's banner */
	CONSOLE_DOM0,     /* xbisect-dom0 runs as init: the kernel is up */
	CONSOLE_WORKLOAD, /* the workload was started */
	CONSOLE_DONE,     /* it ended, and its status is known */
	CONSOLE_OFF,      /* everything was said */
} ConsoleStage;

/* NULL for what is not wanted. */
typedef struct {
	void (*stage)(ConsoleStage stage, gpointer data);
	void (*sample)(const char *metric, double value, const char *unit, int iteration,
		       gpointer data);
	gpointer data;
	/* A line of dom0/counters.h. */
	void (*counter)(const char *line, gpointer data);
} ConsoleHandlers;

typedef struct Console Console;
Console *runner_console_new(const ConsoleHandlers *handlers);
void runner_console_free(Console *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Console, runner_console_free)

void runner_console_feed(Console *self, const char *data, gsize length);

ConsoleStage runner_console_stage(const Console *self);

/* Samples of @metric so far. */
guint runner_console_samples(const Console *self, const char *metric);

/*
 * What was seen that no boot recovers from (a panic, Xen's report of a crashed
 * dom0, a second banner, a torn frame), or NULL. *outcome is boot-failed
 * before the workload was started, workload-failed from then on: the kernel
 * did come up. What follows on the console is worth keeping for a moment.
 */
const char *runner_console_failure(const Console *self, XbOutcome *outcome);

/*
 * The lines that tell most, joined by " | ": those that look like a crash,
 * else the last ones. Caller frees.
 */
char *runner_console_telling(const Console *self);

/* Which kernel runs, as it says itself: lines "KEY VALUE", see lab-identity.h. */
const char *runner_console_identity(const Console *self);

/* Exit status of the workload; -1 when it is not known. */
int runner_console_status(const Console *self);

#endif
