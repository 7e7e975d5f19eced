/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-args.h - xen_args= and kernel_args= in the script of a boot loader, where some characters
 * mean something else than themselves.
 */
#ifndef XB_RUNNER_LAB_ARGS_H
#define XB_RUNNER_LAB_ARGS_H

#include "lab-host.h"

/*
 * Whether the loader of @self can hand @args, the value of @setting, on as they are. False with
 * @error for a line's end, with GRUB for quotes and backslashes (it puts a backslash before each),
 * with iPXE for what ends its command or is expanded by it.
 */
bool lab_args_check(const LabHost *self, const char *setting, const char *args, GError **error);

/* @args, words between blanks, for GRUB: words that it would change are in quotes. Caller frees. */
char *lab_args_for_grub(const char *args);

#endif
