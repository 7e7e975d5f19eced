/* SPDX-License-Identifier: GPL-2.0-or-later */
/* removal.c - see removal.h. */
#include "removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64 /* each level holds a descriptor; what lies deeper is moved up first */

typedef struct {
	int top;      /* the directory that is being emptied */
	guint serial; /* of what was moved up into it */
	bool moved;   /* in this round */
	int error;    /* the first one */
} Removal;

static void note(Removal *self)
{
	if (!self->error)
		self->error = errno;
}

static int open_dir(int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = openat(parent, name, flags);
	if (fd >= 0)
		fchmod(fd, 0700); /* where it is not ours, the removal fails and says so */
	return fd;
}

/* A directory that lies too deep becomes one of the top, for the next round. */
static void move_up(Removal *self, int parent, const char *name)
{
	char target[32];

	do
		g_snprintf(target, sizeof(target), ".removed-%u", self->serial++);
	while (renameat2(parent, name, self->top, target, RENAME_NOREPLACE) != 0 &&
	       errno == EEXIST && self->serial < G_MAXUINT);
	if (faccessat(self->top, target, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		self->moved = true;
	else
		note(self);
}

static void remove_entry(Removal *self, int parent, const char *name, int depth);

/* Takes @fd. */
static void empty(Removal *self, int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		note(self);
		close(fd);
		return;
	}
	/* cppcheck-suppress readdirCalled ; a stream of our own */
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_entry(self, fd, entry->d_name, depth);
	closedir(dir);
}

static void remove_entry(Removal *self, int parent, const char *name, int depth)
{
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return;
	if (errno != EISDIR && errno != EPERM) {
		note(self);
		return;
	}
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return;
	fd = open_dir(parent, name);
	if (fd < 0) {
		note(self);
		return;
	}
	if (depth >= DEPTH_MAX) {
		close(fd);
		move_up(self, parent, name);
		return;
	}
	empty(self, fd, depth + 1);
	if (unlinkat(parent, name, AT_REMOVEDIR) != 0)
		note(self);
}

bool xb_remove_at(int dir_fd, const char *name)
{
	Removal self = { .top = -1 };

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return false;
	self.top = open_dir(dir_fd, name);
	if (self.top < 0)
		return false;
	do {
		int fd = openat(self.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		self.moved = false;
		self.error = 0;
		if (fd < 0)
			note(&self);
		else
			empty(&self, fd, 1);
	} while (self.moved);
	close(self.top);
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return true;
	if (self.error)
		errno = self.error;
	return false;
}
