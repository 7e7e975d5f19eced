/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpio.h - writes an initramfs: the "newc" cpio format that the kernel
 * unpacks (Documentation/driver-api/early-userspace/buffer-format.rst in its
 * source). The same entries give the same bytes: owner root, time 0.
 */
#ifndef XB_RUNNER_CPIO_H
#define XB_RUNNER_CPIO_H

#include <glib.h>
#include <sys/types.h>

typedef struct {
	GByteArray *bytes;
	guint entries;
} Cpio;

void runner_cpio_init(Cpio *self);
void runner_cpio_clear(Cpio *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cpio, runner_cpio_clear)

/* @name without a leading slash, its directory added before. @mode is of
 * permissions. */
void runner_cpio_directory(Cpio *self, const char *name, mode_t mode);
void runner_cpio_file(Cpio *self, const char *name, mode_t mode, const void *data, gsize length);
void runner_cpio_character_device(Cpio *self, const char *name, mode_t mode, guint major,
				  guint minor);

/* Adds the trailer: nothing may be added after. */
void runner_cpio_finish(Cpio *self);

#endif
