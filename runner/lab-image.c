/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-image.c - see lab-image.h. */
#include "lab-image.h"

#include "lab-identity.h"

#include <elf.h>
#include <string.h>

#define MAGIC_AT    0x202 /* "HdrS" */
#define VERSION_PTR 0x20e /* 16 bits: where the text is, less 0x200 */

static void read_bzimage(LabImage *self, const unsigned char *data, gsize length)
{
	gsize at;
	const char *text, *open, *close;

	if (length < 0x1000 || memcmp(data + MAGIC_AT, "HdrS", 4) != 0)
		return;
	at = (gsize)(data[VERSION_PTR] | data[VERSION_PTR + 1] << 8) + 0x200;
	if (at == 0x200 || at >= length || !memchr(data + at, '\0', length - at))
		return;
	text = (const char *)data + at;
	open = strstr(text, " (");
	close = open ? strstr(open, ") ") : NULL;
	if (!close)
		return;
	self->release = g_strndup(text, (gsize)(open - text));
	self->version = g_strstrip(g_strdup(close + 2));
}

static char *elf_build_id(const unsigned char *data, gsize length)
{
	Elf64_Ehdr header;

	if (length < sizeof(header) || memcmp(data, ELFMAG, SELFMAG) != 0 ||
	    data[EI_CLASS] != ELFCLASS64)
		return NULL;
	memcpy(&header, data, sizeof(header));
	for (guint i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		guint64 at = header.e_phoff + (guint64)i * sizeof(segment);
		char *found;

		if (at < header.e_phoff || at > length - sizeof(segment))
			break;
		memcpy(&segment, data + at, sizeof(segment));
		if (segment.p_type != PT_NOTE || segment.p_offset > length ||
		    segment.p_filesz > length - segment.p_offset)
			continue;
		found = lab_notes_build_id(data + segment.p_offset, segment.p_filesz);
		if (found)
			return found;
	}
	return NULL;
}

void lab_image_read(LabImage *self, const char *kernel, const char *vmlinux)
{
	g_autoptr(GMappedFile) image = g_mapped_file_new(kernel, FALSE, NULL);
	g_autoptr(GMappedFile) elf = vmlinux ? g_mapped_file_new(vmlinux, FALSE, NULL) : NULL;

	*self = (LabImage){ 0 };
	if (image)
		read_bzimage(self, (const unsigned char *)g_mapped_file_get_contents(image),
			     g_mapped_file_get_length(image));
	if (elf)
		self->build_id =
			elf_build_id((const unsigned char *)g_mapped_file_get_contents(elf),
				     g_mapped_file_get_length(elf));
}

void lab_image_clear(LabImage *self)
{
	g_free(self->release);
	g_free(self->version);
	g_free(self->build_id);
	*self = (LabImage){ 0 };
}
