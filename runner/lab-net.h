/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-net.h - boot once over the network: a folder that is served to one
 * machine by TFTP or HTTP, in which its iPXE finds the script that says what
 * to boot. Every file is published by rename.
 */
#ifndef XB_RUNNER_LAB_NET_H
#define XB_RUNNER_LAB_NET_H

#include "lab.h"

/*
 * The script that boots Xen and a kernel once. Files are named relative to
 * the script. The second word after `kernel` and `module` is argv[0], which
 * Xen drops from each line. It prints how much was loaded of each file, which
 * lab_marks_loaded() reads: TFTP takes the half of one for all of it. Caller frees.
 */
char *lab_net_script(const char *nonce, const char *xen, const char *xen_args, const char *kernel,
		     const char *kernel_args, const char *initramfs);

/* @data as the file @name of the folder @dir; nobody sees half of it. */
bool lab_net_publish(const char *dir, const char *name, const void *data, gsize length,
		     GError **error);

/*
 * Put files and script of this boot into the folder. @initramfs may be empty
 * memory of any size. False with @error (disk full, no such folder).
 */
bool lab_net_deploy(Lab *lab, const char *kernel_path, const char *kernel_args, GBytes *xen,
		    GBytes *initramfs, GError **error);

/* The script of the known-good system takes the place of whatever is there. */
bool lab_net_known_good(Lab *lab, GError **error);

/* Remove the files of this boot, and those that a killed controller left. */
void lab_net_clean(Lab *lab);

#endif
