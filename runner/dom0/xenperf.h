/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenperf.h - Xen's own performance counters, which a hypervisor has when it
 * was built with CONFIG_PERF_COUNTERS (most packaged ones were not).
 */
#ifndef XB_DOM0_XENPERF_H
#define XB_DOM0_XENPERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct XenPerf XenPerf;

/* NULL when this Xen has none: that is no error and says nothing. */
XenPerf *xenperf_open(void);

/* How many counters there are; counter @i by name, owned by @self. */
size_t xenperf_count(const XenPerf *self);
const char *xenperf_name(const XenPerf *self, size_t i);

/* Read all of them, summed over processors and, for arrays, over elements,
 * into @values of xenperf_count(). Each is 32 bits wide in Xen: differences
 * are to be taken modulo 2^32. */
bool xenperf_read(XenPerf *self, uint32_t *values);

void xenperf_close(XenPerf *self);

#endif
