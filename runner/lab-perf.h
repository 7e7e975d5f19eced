/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-perf.h - where time goes on a lab machine that runs its own system
 * (profile=perf, root=disk): perf(1) there samples the workload by the
 * processor's cycles, or by a clock where a PV dom0 is offered no PMU.
 *
 * The machine folds its samples itself, as one is a hundred times the size of
 * what it adds to a folded stack: frames of dom0's kernel end in "_[k]", and
 * those of programs are one frame "user", as in profile.h. What Xen did is not
 * seen by perf and counts where dom0 called it or was interrupted. Samples are
 * of the workload as a whole: perf knows nothing of its phases.
 */
#ifndef XB_RUNNER_LAB_PERF_H
#define XB_RUNNER_LAB_PERF_H

#include "lab-boot.h"

/* The job of this boot wants samples. */
bool lab_perf_is_wanted(const Lab *lab);

/* What stands before the workload's command in the machine's shell. Static text. */
const char *lab_perf_command(void);

/*
 * The workload has ended well, and its directory is @directory: fetch the stacks
 * into profile-workload.folded of the run's directory and emit a "profile" event
 * (profiling.h) with "mode": "perf", "unit": "samples". False with @error.
 */
bool lab_perf_collect(LabBoot *boot, const char *directory, GError **error);

#endif
