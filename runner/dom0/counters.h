/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.h - what Xen and the kernel did in each phase of a workload, for a
 * workload to put round its phases in iterations that are not timed:
 *
 *	for (CountersPass pass = 0; pass < COUNTERS_PASSES; pass++) {
 *		Counters *counters = counters_open(pass);
 *		... the timed iterations' code, with in it
 *		counters_begin(counters);
 *		... the phase, now and then counters_poll(counters) ...
 *		counters_end(counters, "unmap", pages, "page");
 *		...
 *		counters_close(counters);
 *	}
 *
 * All take NULL, as the timed iterations pass it, and then do nothing. What
 * disturbs is apart: the first pass reads counters that run anyway, and the
 * wall clock; the second traces. Their two clocks say what tracing costs.
 *
 * counters_close() prints, so that nothing is written during a phase:
 *
 *	counter PHASE NAME WHERE VALUE UNIT PER WHAT
 *
 * VALUE is the count of the whole phase ("1") or its time ("ns"), PER how many WHAT
 * the phase handled ("page"). WHERE is "-" for the total, else a guest
 * address in hexadecimal, a hypercall's name, or a line of /proc/vmstat.
 */
#ifndef XB_DOM0_COUNTERS_H
#define XB_DOM0_COUNTERS_H

#include <stdint.h>

typedef enum { COUNTERS_PLAIN, COUNTERS_TRACED, COUNTERS_PASSES } CountersPass;

typedef struct Counters Counters;

/* NULL with a message on stderr when it can't be: the workload goes on. */
Counters *counters_open(CountersPass pass);

/* A phase begins. At most COUNTERS_PHASES of them between open and close. */
#define COUNTERS_PHASES 16
void counters_begin(Counters *self);

/* Take what was recorded so far. At least once in every 20,000 pages. */
void counters_poll(Counters *self);

/* It ends: @phase (one word) handled @per (0: 1) of @what ("page"). Both are copied. */
void counters_end(Counters *self, const char *phase, uint64_t per, const char *what);

/* Print and free. */
void counters_close(Counters *self);

#endif
