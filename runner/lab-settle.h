/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-settle.h - before anything is measured on the machine's own system: no
 * other domain runs, the governor is the one that is wanted, the processor is
 * idle, and nothing floods the console.
 */
#ifndef XB_RUNNER_LAB_SETTLE_H
#define XB_RUNNER_LAB_SETTLE_H

#include "lab-boot.h"

/* The script for the machine's sh. Caller frees. */
char *lab_settle_script(const LabHost *host);

/* Host-trouble with what disturbs when it does not settle in time. */
bool lab_settle(LabBoot *boot, GError **error);

#endif
