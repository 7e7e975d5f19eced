/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-net.h - boot once over the network: a folder that is served to one
 * machine by TFTP or HTTP, in which its iPXE or GRUB finds the script that says
 * what to boot. Every file is published by rename.
 */
#ifndef XB_RUNNER_LAB_NET_H
#define XB_RUNNER_LAB_NET_H

#include "lab.h"

/* Files are named relative to the folder. */
typedef struct {
	const char *nonce;
	const char *xen, *kernel, *initramfs;
	const char *xen_args, *kernel_args;
	const char *sums; /* of lab_net_sums() */
} LabNetEntry;

/*
 * The script that boots Xen and a kernel once. The second word after `kernel`, `multiboot2` and
 * `module` is argv[0], which Xen drops from each line. TFTP takes the half of a file for all of it:
 * iPXE prints how much was loaded of each, which lab_marks_loaded() reads; GRUB compares the
 * checksums first, and boots nothing where they differ, which lab_marks_unloaded() tells. Caller
 * frees.
 */
char *lab_net_script(LabNetLoader loader, const LabNetEntry *entry);

/* "SHA256  NAME" of each of the @count files, as GRUB's `sha256sum --check` reads them. Caller
 * frees. */
char *lab_net_sums(const char *const *names, GBytes *const *files, gsize count);

/* @data as the file @name of the folder @dir; nobody sees half of it. */
bool lab_net_publish(const char *dir, const char *name, const void *data, gsize length,
		     GError **error);

/*
 * Put files and script of this boot into the folder. @initramfs may be empty
 * memory of any size. False with @error (disk full, no such folder).
 */
bool lab_net_deploy(Lab *lab, const char *kernel_path, const char *kernel_args, GBytes *xen,
		    GBytes *initramfs, GError **error);

/*
 * @script, the known-good one, with a line that prints @nonce as the script of a boot does: by it a
 * check sees on the console that the machine reads what is in the folder. Caller frees.
 */
char *lab_net_announce(LabNetLoader loader, const char *script, const char *nonce);

/* The script of the known-good system takes the place of whatever is there. */
bool lab_net_known_good(Lab *lab, GError **error);

/* Remove the files of this boot, and those that a killed controller left. */
void lab_net_clean(Lab *lab);

#endif
