/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counting.h - what a boot counted, on any host: lines of xbisect-dom0 into
 * events (counters.h), with the names of the kernel's System.map; and, where the
 * job asks for "profile": "traps", into folded stacks as well.
 *
 * A real machine can't count every instruction, but Xen's trace names the place
 * in dom0 of each entry into Xen. So its profile is of these: one stack each,
 * "FUNCTION_[k];ptwr-emulation_[x] COUNT" for what a function of the kernel made
 * Xen do, "hypercall_[x];NAME_[x] COUNT" for hypercalls. They are written to
 * profile-PHASE.folded and told by a "profile" event like that of profiling.h,
 * with "unit": "entries into Xen" and "entries": the iterations counted.
 */
#ifndef XB_RUNNER_COUNTING_H
#define XB_RUNNER_COUNTING_H

#include "run.h"

typedef struct Counting Counting;

/* @ns_per_instruction as in counters.h. A build without a map keeps its addresses, and stderr says
 * why. @run stays the caller's. */
Counting *runner_counting_new(RunnerRun *run, double ns_per_instruction);
void runner_counting_free(Counting *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Counting, runner_counting_free)

/* Emits what @line stands for; nothing when it is no counter. */
void runner_counting_line(Counting *self, const char *line);

/* @metric has had a sample. */
bool runner_counting_sampled(const Counting *self, const char *metric);

/* The workload has ended: the profile, where the job asks for one of traps. False with @error. */
bool runner_counting_finish(Counting *self, GError **error);

#endif
