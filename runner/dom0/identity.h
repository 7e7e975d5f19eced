/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity.h - on a machine that may have booted something else than it was
 * asked to, dom0 says which kernel runs: frames "id KEY VALUE", see
 * ../lab-identity.h.
 */
#ifndef XB_DOM0_IDENTITY_H
#define XB_DOM0_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

/* The value of the last word NAME=VALUE on the kernel's command line; false
 * when there is none. Needs /proc. */
bool identity_argument(const char *name, char *value, size_t size);

/* One frame for each thing known. Needs /proc, /sys and /proc/xen. */
void identity_send(int fd);

#endif
