/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-image.h - what a kernel's file says about the kernel: by this the one
 * that answers is recognized.
 */
#ifndef XB_RUNNER_LAB_IMAGE_H
#define XB_RUNNER_LAB_IMAGE_H

#include <glib.h>

typedef struct {
	char *release, *version; /* as uname -r and -v will say; NULL: not told */
	char *build_id;          /* of vmlinux; NULL: not known */
} LabImage;

/*
 * @kernel is a bzImage, whose setup header holds "RELEASE (USER@HOST) VERSION"
 * (Documentation/arch/x86/boot.rst in the kernel's source); @vmlinux (may be
 * NULL) the ELF file that it was made of. What they don't tell is NULL.
 */
void lab_image_read(LabImage *self, const char *kernel, const char *vmlinux);
void lab_image_clear(LabImage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LabImage, lab_image_clear)

#endif
