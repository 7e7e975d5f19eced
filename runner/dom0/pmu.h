/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pmu.h - the processor's own counters for this process and its kernel, where
 * the machine offers them (an emulated one does not, and Xen does for dom0
 * with "vpmu=on" only). What is executed in Xen itself is not in them.
 */
#ifndef XB_DOM0_PMU_H
#define XB_DOM0_PMU_H

#include <stdbool.h>
#include <stdint.h>

enum { PMU_CYCLES, PMU_INSTRUCTIONS, PMU_DTLB_MISSES, PMU_ITLB_MISSES, PMU_COUNT };

typedef struct {
	int fds[PMU_COUNT]; /* -1: not offered */
} Pmu;

extern const char *const pmu_names[PMU_COUNT];

/* Open what is offered; the counters run from then on. */
void pmu_open(Pmu *self);

/* Read counter @i, scaled where it had to share the hardware. False: not offered. */
bool pmu_read(const Pmu *self, int i, uint64_t *value);

void pmu_close(Pmu *self);

#endif
