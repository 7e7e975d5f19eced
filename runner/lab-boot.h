/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-boot.h - one boot of a kernel on a lab machine: what is deployed, how it
 * is made to boot once, and how the boot is followed until its dom0 is up.
 */
#ifndef XB_RUNNER_LAB_BOOT_H
#define XB_RUNNER_LAB_BOOT_H

#include "counting.h"
#include "lab-console.h"
#include "lab-identity.h"
#include "lab-image.h"
#include "workload.h"

typedef struct {
	Lab *lab;
	Workload *workload;
	Counting *counting; /* what the workload counts */
	LabImage image;
	char *kernel_path, *kernel_args; /* without the nonce */
	goffset kernel_size;
	GBytes *xen, *initramfs; /* NULL where the machine has its own */
	char *old_boot_id;       /* of the system before the reset; NULL: it did not answer */
	bool test_entry;         /* what the machine boots next may be this kernel */
	bool reset;              /* it was made to boot */
	bool up;                 /* as dom0, and as what was deployed; */
	gint64 up_us;            /* then */
} LabBoot;

/* Reads the job: kernel, workload, initramfs. False with @error. */
bool lab_boot_prepare(LabBoot *self, Lab *lab, GError **error);
void lab_boot_clear(LabBoot *self);

/* Files and entry to where the machine finds them; its next boot is this kernel. */
bool lab_boot_deploy(LabBoot *self, GError **error);

/* Start the machine: by its own system where that answers, else by its power.
 * The console belongs to this boot from here on. */
bool lab_boot_reset(LabBoot *self, GError **error);

/*
 * Wait for dom0 and accept nothing but the kernel that was deployed. As soon
 * as the console shows that everything was loaded, the known-good system is
 * what boots next.
 */
bool lab_boot_wait_up(LabBoot *self, GError **error);

/*
 * Look at the console: false with @error when it shows that the boot is lost.
 * To be called whenever something is waited for.
 */
bool lab_boot_look(LabBoot *self, GError **error);

/*
 * The job's time is over while the workload runs. That is the kernel's fault when the workload had
 * half of the job's time, else the host's, which took the rest.
 */
XbOutcome lab_boot_late(double had_s, double allowed_s);
bool lab_boot_fail_late(const LabBoot *self, GError **error);

/* From wait_up on: what the console says; NULL without a console. */
Console *lab_boot_console(const LabBoot *self);

/* ": LINES" that tell most, or "". Caller frees. */
char *lab_boot_telling(const LabBoot *self);

/* The known-good system is what boots next, whatever was before. */
bool lab_boot_revert(LabBoot *self, GError **error);

#endif
