/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-identity.h - which kernel runs on a lab machine, and whether it is the
 * one that was deployed. No I/O.
 *
 * Reports are lines "KEY VALUE", from a script over ssh or in frames of
 * xbisect-dom0 ("id KEY VALUE"):
 *   boot UUID       /proc/sys/kernel/random/boot_id
 *   release R, version V   uname -r, uname -v
 *   cmdline WORDS   /proc/cmdline; or nonce N, what is behind xbisect.nonce=
 *   build HEX       the kernel's GNU build id; or notes HEX, /sys/kernel/notes
 *   hypervisor xen  /sys/hypervisor/type
 *   dom0 yes        "control_d" is in /proc/xen/capabilities
 * Other keys are ignored.
 */
#ifndef XB_RUNNER_LAB_IDENTITY_H
#define XB_RUNNER_LAB_IDENTITY_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
	char *boot_id, *release, *version, *nonce, *build_id; /* NULL: not told */
	bool xen, dom0;
} LabIdentity;

/* Fills *self from @report; what is no report leaves it empty. */
void lab_identity_parse(LabIdentity *self, const char *report);
void lab_identity_clear(LabIdentity *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LabIdentity, lab_identity_clear)

typedef struct {
	const char *nonce;
	const char *old_boot_id;                  /* before the reset; NULL: not known */
	const char *build_id, *release, *version; /* of the kernel's file; NULL: not known */
} LabExpected;

typedef enum {
	LAB_UP,       /* it is the kernel that was deployed, as dom0 */
	LAB_NOT_YET,  /* the system from before the reset still answers, or nothing is told */
	LAB_FALLBACK, /* another boot than the one that was asked for */
	LAB_WRONG,    /* this boot, but not that kernel, or not as dom0 */
} LabVerdict;

/* *why (caller frees, NULL with LAB_UP) says in words what was found. */
LabVerdict lab_identity_judge(const LabIdentity *self, const LabExpected *expected, char **why);

/* The GNU build id in a kernel's ELF notes, in hexadecimal; NULL when there is
 * none. Caller frees. */
char *lab_notes_build_id(const unsigned char *notes, gsize length);

#endif
