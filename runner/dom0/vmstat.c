/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmstat.c - see vmstat.h. */
#include "vmstat.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 16384

static bool is_name(const char *text, size_t length)
{
	return length > 0 && length < VMSTAT_NAME &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789") >= length;
}

void vmstat_parse(Vmstat *self, const char *text)
{
	self->n = 0;
	while (*text && self->n < VMSTAT_ROWS) {
		size_t line = strcspn(text, "\n"), name = strcspn(text, " \n");
		VmstatRow *row = &self->rows[self->n];
		char *end;

		if (name < line && is_name(text, name)) {
			errno = 0;
			row->value = strtoll(text + name + 1, &end, 10);
			if (!errno && end == text + line && end > text + name + 1) {
				memcpy(row->name, text, name);
				row->name[name] = '\0';
				self->n++;
			}
		}
		text += line + (text[line] == '\n');
	}
}

void vmstat_read(Vmstat *self)
{
	static char text[TEXT_MAX];
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	while (fd >= 0 && length < TEXT_MAX - 1 &&
	       (got = read(fd, text + length, TEXT_MAX - 1 - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[length] = '\0';
	vmstat_parse(self, text);
}

int64_t vmstat_grown(const Vmstat *before, const Vmstat *after, size_t i)
{
	const VmstatRow *row = &after->rows[i];

	/* The same kernel prints the same lines. */
	if (i < before->n && strcmp(before->rows[i].name, row->name) == 0)
		return (int64_t)((uint64_t)row->value - (uint64_t)before->rows[i].value);
	return 0;
}

bool vmstat_counts_events(const VmstatRow *row)
{
	return strncmp(row->name, "nr_", 3) != 0;
}
