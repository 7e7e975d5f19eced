/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret.c - see secret.h. */
#include "secret.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 8192

char *xb_secret_read(const char *name, const char *path, GError **error)
{
	/* a pipe or a device must not make it wait */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char buffer[SECRET_MAX];
	struct stat st;
	ssize_t length = fd >= 0 && fstat(fd, &st) == 0 ? read(fd, buffer, sizeof(buffer) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (length >= 0 && (st.st_mode & 077) != 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
			    "%s: %s can be read by others: chmod 600 it", name, path);
		return NULL;
	}
	if (length <= 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s cannot be read", name,
			    path);
		return NULL;
	}
	buffer[length] = '\0';
	buffer[strcspn(buffer, "\r\n")] = '\0';
	return g_strdup(buffer);
}
