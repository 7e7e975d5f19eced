/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xentrace.h - Xen's trace buffers: switched on through libxenctrl, mapped
 * and drained into a tally while they fill. Nobody else may trace at the same
 * time: records have one reader.
 */
#ifndef XB_DOM0_XENTRACE_H
#define XB_DOM0_XENTRACE_H

#include "tally.h"

typedef struct XenTrace XenTrace;

/* Switch tracing on for what tallies count, on all processors. NULL with a
 * message on stderr when Xen or its memory do not allow it. */
XenTrace *xentrace_open(void);

/* Forget what was recorded so far. */
void xentrace_discard(XenTrace *self);

/* Count what was recorded since the last call. Cheap: no hypercall. */
void xentrace_drain(XenTrace *self, Tally *tally);

/*
 * The last drain of a phase: records that found no room before it are in
 * @tally as TRACE_LOST afterwards, which Xen tells with the next record only.
 */
void xentrace_finish(XenTrace *self, Tally *tally);

/* A buffer was not as Xen writes it: its counts are not to be believed. */
bool xentrace_broken(const XenTrace *self);

/* Switch tracing off, unmap, free. Xen keeps the memory. NULL is fine. */
void xentrace_close(XenTrace *self);

#endif
