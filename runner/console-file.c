/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console-file.c - see console-file.h. */
#include "console-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

void runner_console_shorten(const char *path)
{
	static const char cut[] = "\n[... xbisect-run: cut here ...]\n";
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	g_autofree char *half = NULL;
	ssize_t got;

	if (size > (off_t)CONSOLE_KEPT) {
		half = g_malloc(CONSOLE_KEPT / 2);
		got = pread(fd, half, CONSOLE_KEPT / 2, size - (off_t)CONSOLE_KEPT / 2);
		if (got < 0 || ftruncate(fd, CONSOLE_KEPT / 2) ||
		    pwrite(fd, cut, sizeof(cut) - 1, CONSOLE_KEPT / 2) < 0 ||
		    pwrite(fd, half, (size_t)got, CONSOLE_KEPT / 2 + sizeof(cut) - 1) < 0)
			g_printerr("xbisect-run: %s can't be shortened: %s\n", path,
				   g_strerror(errno));
	}
	if (fd >= 0)
		close(fd);
}
