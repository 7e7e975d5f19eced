/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-measure.h - from a dom0 that is up to its samples: the machine settles,
 * the workload runs, its output comes back.
 */
#ifndef XB_RUNNER_LAB_MEASURE_H
#define XB_RUNNER_LAB_MEASURE_H

#include "lab-boot.h"

/*
 * Emits the samples. False with @error: workload-failed when it did not end
 * well or printed no sample of a metric that the workload names, host-trouble
 * when the machine does not settle or the results can't be fetched.
 */
bool lab_measure(LabBoot *boot, gint64 deadline_us, GError **error);

#endif
