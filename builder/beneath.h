/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beneath.h - files of a directory that a hostile build wrote.
 *
 * Names are resolved beneath the directory, through no symbolic link; only
 * regular files are opened, and none is read beyond a limit.
 */
#ifndef XB_BUILDER_BENEATH_H
#define XB_BUILDER_BENEATH_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Open a directory of ours that is trusted by its path. -1 with @error. */
int xb_beneath_open_dir(const char *path, GError **error);

/* open(2) of @name with @flags beneath @dir_fd, through no symbolic link, never
 * blocking; -1 with errno. */
int xb_beneath_open(int dir_fd, const char *name, int flags);

/* A file's content (NUL-terminated, length in *@length); NULL with @error. */
char *xb_beneath_read(int dir_fd, const char *name, gsize limit_bytes, gsize *length,
		      GError **error);

/*
 * Copy @name to the new file @target; *@sha256 (hex, caller frees) and
 * *@size_bytes (nullable) describe it.
 */
bool xb_beneath_copy(int dir_fd, const char *name, const char *target, guint64 limit_bytes,
		     char **sha256, guint64 *size_bytes, GError **error);

/* Replace the file @name by @content atomically. */
bool xb_beneath_replace(int dir_fd, const char *name, const char *content, gsize length,
			GError **error);

/* Call @visit for each regular file, with its path relative to the directory;
 * stops when it returns false. False with @error when a directory cannot be
 * read or there are more than @limit entries. */
typedef bool (*XbVisitFunc)(const char *path, void *data);
bool xb_beneath_walk(int dir_fd, guint limit, XbVisitFunc visit, void *data, GError **error);

/* Remove the file or directory @name in @dir_fd; true when it is not there. */
bool xb_beneath_remove(int dir_fd, const char *name);

/* Remove the directory @path and all in it; no error when there is none. */
bool xb_remove_tree(const char *path, GError **error);

#endif
