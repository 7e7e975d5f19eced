/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pmu.c - see pmu.h. */
#include "pmu.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CACHE_MISS(cache) \
	((cache) | (PERF_COUNT_HW_CACHE_OP_READ << 8) | (PERF_COUNT_HW_CACHE_RESULT_MISS << 16))

const char *const pmu_names[PMU_COUNT] = {
	[PMU_CYCLES] = "cycles",
	[PMU_INSTRUCTIONS] = "dom0-instructions",
	[PMU_DTLB_MISSES] = "dtlb-misses",
	[PMU_ITLB_MISSES] = "itlb-misses",
};

static const struct {
	uint32_t type;
	uint64_t config;
} events[PMU_COUNT] = {
	[PMU_CYCLES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	[PMU_INSTRUCTIONS] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	[PMU_DTLB_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_MISS(PERF_COUNT_HW_CACHE_DTLB) },
	[PMU_ITLB_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_MISS(PERF_COUNT_HW_CACHE_ITLB) },
};

void pmu_open(Pmu *self)
{
	for (int i = 0; i < PMU_COUNT; i++) {
		struct perf_event_attr attr = {
			.size = sizeof(attr),
			.type = events[i].type,
			.config = events[i].config,
			.read_format =
				PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
			.exclude_hv = 1,
		};

		self->fds[i] =
			(int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	}
}

bool pmu_read(const Pmu *self, int i, uint64_t *value)
{
	uint64_t got[3]; /* value, time enabled, time running */

	if (self->fds[i] < 0 || read(self->fds[i], got, sizeof(got)) != sizeof(got) || got[2] == 0)
		return false;
	*value = got[1] == got[2] ? got[0]
				  : (uint64_t)((double)got[0] * (double)got[1] / (double)got[2]);
	return true;
}

void pmu_close(Pmu *self)
{
	for (int i = 0; i < PMU_COUNT; i++)
		if (self->fds[i] >= 0)
			close(self->fds[i]);
}
