/* SPDX-License-Identifier: GPL-2.0-or-later */
/* beneath.c - openat2(2) and fd-relative walking of a hostile directory. */
#include "beneath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"
#include "removal.h"

#define DEPTH_MAX 64

int xb_beneath_open_dir(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		xb_build_set_errno(error, "cannot open %s", path);
	return fd;
}

int xb_beneath_open(int dir_fd, const char *name, int flags)
{
	struct open_how how = {
		.flags = (guint64)(O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
}

static int open_file(int dir_fd, const char *name, guint64 limit_bytes, guint64 *size,
		     GError **error)
{
	int fd = xb_beneath_open(dir_fd, name, 0);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR)) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT,
			    "the build made no file %s (%s)", name, g_strerror(errno));
	} else if (fd < 0 || fstat(fd, &st) != 0) {
		xb_build_set_errno(error, "cannot read %s", name);
	} else if (!S_ISREG(st.st_mode)) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT,
			    "the build made a %s that is no regular file", name);
	} else if ((guint64)st.st_size > limit_bytes) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT,
			    "%s has %" G_GUINT64_FORMAT " bytes; the limit is %" G_GUINT64_FORMAT,
			    name, (guint64)st.st_size, limit_bytes);
	} else {
		*size = (guint64)st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

char *xb_beneath_read(int dir_fd, const char *name, gsize limit_bytes, gsize *length,
		      GError **error)
{
	guint64 size;
	int fd = open_file(dir_fd, name, limit_bytes, &size, error);
	g_autofree char *content = NULL;
	gsize used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return NULL;
	content = g_malloc(size + 1);
	while (used < size) {
		got = read(fd, content + used, size - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (gsize)got;
	}
	if (got < 0) {
		xb_build_set_errno(error, "cannot read %s", name);
		close(fd);
		return NULL;
	}
	close(fd);
	content[used] = '\0';
	*length = used;
	return g_steal_pointer(&content);
}

static bool copy_fd(int in, int out, guint64 size, GChecksum *sum)
{
	g_autofree char *buffer = g_malloc(1 << 20);
	ssize_t got;

	while (size > 0) {
		got = read(in, buffer, (gsize)MIN(size, 1 << 20));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		g_checksum_update(sum, (guchar *)buffer, got);
		size -= (guint64)got;
		for (ssize_t at = 0; at < got;) {
			ssize_t put = write(out, buffer + at, (gsize)(got - at));

			if (put < 0 && errno == EINTR)
				continue;
			if (put <= 0)
				return false;
			at += put;
		}
	}
	return true;
}

bool xb_beneath_copy(int dir_fd, const char *name, const char *target, guint64 limit_bytes,
		     char **sha256, guint64 *size_bytes, GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint64 size;
	int in = open_file(dir_fd, name, limit_bytes, &size, error);
	int out;
	bool ok;

	if (in < 0)
		return false;
	out = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ok = out >= 0 && copy_fd(in, out, size, sum) && fsync(out) == 0;
	if (!ok)
		xb_build_set_errno(error, "cannot copy %s to %s", name, target);
	close(in);
	if (out >= 0)
		close(out);
	if (ok && sha256)
		*sha256 = g_strdup(g_checksum_get_string(sum));
	if (ok && size_bytes)
		*size_bytes = size;
	return ok;
}

bool xb_beneath_replace(int dir_fd, const char *name, const char *content, gsize length,
			GError **error)
{
	g_autofree char *temporary = g_strdup_printf("%s.xbisect-new", name);
	gsize used = 0;
	int fd;

	unlinkat(dir_fd, temporary, 0);
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	while (fd >= 0 && used < length) {
		ssize_t put = write(fd, content + used, length - used);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			break;
		used += (gsize)put;
	}
	if (fd >= 0 && close(fd) == 0 && used == length &&
	    renameat(dir_fd, temporary, dir_fd, name) == 0)
		return true;
	xb_build_set_errno(error, "cannot write %s", name);
	return false;
}

typedef struct {
	guint left;
	XbVisitFunc visit;
	void *data;
	GString *path;
} Walk;

static bool walk_dir(Walk *walk, int fd, int depth, GError **error);

static bool walk_entry(Walk *walk, int fd, const char *name, int depth, GError **error)
{
	gsize length = walk->path->len;
	struct stat st;
	bool ok = true;

	if (walk->left-- == 0 || depth > DEPTH_MAX) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT,
			    "the build left too many files or directories");
		return false;
	}
	g_string_append_printf(walk->path, "%s%s", length ? "/" : "", name);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISREG(st.st_mode)) {
			ok = walk->visit(walk->path->str, walk->data);
		} else if (S_ISDIR(st.st_mode)) {
			int sub = xb_beneath_open(fd, name, O_DIRECTORY);

			if (sub >= 0)
				ok = walk_dir(walk, sub, depth + 1, error);
		}
	}
	g_string_truncate(walk->path, length);
	return ok;
}

/* Takes @fd. */
static bool walk_dir(Walk *walk, int fd, int depth, GError **error)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	bool ok = true;

	if (!dir) {
		xb_build_set_errno(error, "cannot list a directory of the build");
		close(fd);
		return false;
	}
	while (ok && (entry = readdir(dir))) {
		if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
			ok = walk_entry(walk, fd, entry->d_name, depth, error);
	}
	closedir(dir);
	return ok;
}

bool xb_beneath_walk(int dir_fd, guint limit, XbVisitFunc visit, void *data, GError **error)
{
	g_autoptr(GString) path = g_string_new(NULL);
	Walk walk = { .left = limit, .visit = visit, .data = data, .path = path };
	GError *local = NULL;
	int fd = xb_beneath_open(dir_fd, ".", O_DIRECTORY);

	if (fd < 0) {
		xb_build_set_errno(error, "cannot list the build's directory");
		return false;
	}
	walk_dir(&walk, fd, 0, &local);
	if (!local)
		return true;
	g_propagate_error(error, local);
	return false;
}

bool xb_beneath_remove(int dir_fd, const char *name)
{
	return xb_remove_at(dir_fd, name);
}

bool xb_remove_tree(const char *path, GError **error)
{
	if (xb_remove_at(AT_FDCWD, path))
		return true;
	xb_build_set_errno(error, "cannot remove %s", path);
	return false;
}
