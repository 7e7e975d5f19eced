/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpio.c - see cpio.h. */
#include "cpio.h"

#include <string.h>
#include <sys/stat.h>

void runner_cpio_init(Cpio *self)
{
	self->bytes = g_byte_array_new();
	self->entries = 0;
}

void runner_cpio_clear(Cpio *self)
{
	g_clear_pointer(&self->bytes, g_byte_array_unref);
}

static void pad(Cpio *self)
{
	static const guint8 zeros[4];

	g_byte_array_append(self->bytes, zeros, (4 - self->bytes->len % 4) % 4);
}

static void entry(Cpio *self, const char *name, mode_t mode, guint links, guint major, guint minor,
		  const void *data, gsize length)
{
	char header[111];

	/* Magic, inode, mode, uid, gid, links, mtime, size, device of the file
	 * system (2), device that it is (2), length of the name, checksum. */
	g_snprintf(header, sizeof(header),
		   "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++self->entries,
		   (guint)mode, 0, 0, links, 0, (guint)length, 0, 0, major, minor,
		   (guint)strlen(name) + 1, 0);
	g_byte_array_append(self->bytes, (const guint8 *)header, 110);
	g_byte_array_append(self->bytes, (const guint8 *)name, (guint)strlen(name) + 1);
	pad(self);
	if (length > 0)
		g_byte_array_append(self->bytes, data, (guint)length);
	pad(self);
}

void runner_cpio_directory(Cpio *self, const char *name, mode_t mode)
{
	entry(self, name, S_IFDIR | mode, 2, 0, 0, NULL, 0);
}

void runner_cpio_file(Cpio *self, const char *name, mode_t mode, const void *data, gsize length)
{
	entry(self, name, S_IFREG | mode, 1, 0, 0, data, length);
}

void runner_cpio_character_device(Cpio *self, const char *name, mode_t mode, guint major,
				  guint minor)
{
	entry(self, name, S_IFCHR | mode, 1, major, minor, NULL, 0);
}

void runner_cpio_finish(Cpio *self)
{
	entry(self, "TRAILER!!!", 0, 1, 0, 0, NULL, 0);
}
