/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idle.h - before anything is measured on a lab machine, its processors must
 * have been idle for a while. Pure but for idle_wait().
 */
#ifndef XB_DOM0_IDLE_H
#define XB_DOM0_IDLE_H

#include <stdbool.h>

/* What the first line of /proc/stat adds up to, in clock ticks of all processors. */
typedef struct {
	unsigned long long total, idle;
} IdleTicks;

/* False, and zeros, when @stat does not begin with "cpu NUMBER...". */
bool idle_parse(IdleTicks *self, const char *stat);

/* Nine tenths of the time between the two was idle. Where no time has passed, so it was. */
bool idle_between(const IdleTicks *before, const IdleTicks *after);

/*
 * Wait until @wanted_s seconds in a row were idle, at most @at_most_s. @tell is called every
 * few seconds with how many of them were, so that who listens knows that we live. True when
 * it was so. Without /proc/stat it only waits for @wanted_s.
 */
bool idle_wait(unsigned wanted_s, unsigned at_most_s, void (*tell)(unsigned calm_s));

#endif
