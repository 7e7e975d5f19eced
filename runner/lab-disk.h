/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-disk.h - the workload in the machine's own system: sent there, run apart
 * from any connection, so that a network that is gone for a while spoils
 * nothing, and its output fetched.
 */
#ifndef XB_RUNNER_LAB_DISK_H
#define XB_RUNNER_LAB_DISK_H

#include "lab-boot.h"

/* As lab_measure(), for root=disk. */
bool lab_disk_measure(LabBoot *boot, gint64 deadline_us, GError **error);

#endif
