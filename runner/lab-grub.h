/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-grub.h - boot once by GRUB 2 on the machine's disk: an entry of ours in
 * custom.cfg, and next_entry in GRUB's environment, which GRUB clears before
 * it boots.
 */
#ifndef XB_RUNNER_LAB_GRUB_H
#define XB_RUNNER_LAB_GRUB_H

#include "lab-boot.h"

/* The id of our entry. */
#define LAB_GRUB_ID "xbisect"

/* What an entry boots; paths are those that GRUB sees. */
typedef struct {
	const char *nonce;
	const char *xen, *xen_args;
	const char *kernel, *kernel_args;
	const char *ramdisk; /* initramfs or initrd; NULL: none */
} LabGrubEntry;

/* The menu entry, between the two lines that mark what is ours. Caller frees. */
char *lab_grub_entry(const LabGrubEntry *entry);

/*
 * @custom_cfg with our entry in place of the one that was there, or at its
 * end; what others wrote stays. NULL entry: without ours. Caller frees.
 */
char *lab_grub_edit(const char *custom_cfg, const char *entry);

/*
 * Check that the machine can boot once (tools are there, GRUB can write its
 * environment, a default is set), send kernel and what it needs, write the
 * entry, and make it the next one. False with @error (host-trouble).
 */
bool lab_grub_deploy(LabBoot *boot, GError **error);

/* No next_entry is left, and the default is the known-good one. */
bool lab_grub_known_good(Lab *lab, GError **error);

/* Only the check; *detail (caller frees) says what was found. */
bool lab_grub_check(Lab *lab, char **detail, GError **error);

#endif
