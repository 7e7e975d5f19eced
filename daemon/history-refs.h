/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-refs.h - names of commits in a user's repository. A mirror has
 * objects only; refs are read here from the user's files by git's layout
 * rules, without parsing the repository's configuration.
 */
#ifndef XB_HISTORY_REFS_H
#define XB_HISTORY_REFS_H

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

typedef struct {
	char *git_dir;    /* HEAD and refs of this work tree */
	char *common_dir; /* all other refs; the same unless a linked work tree */
} XbRefs;

/* The repository at @path, or with @upwards at the nearest directory above it: its work tree's
 * top, or a bare repository; absolute and canonical. NULL when there is none. Caller frees. */
char *xb_refs_discover(const char *path, bool upwards);

/* NULL when there is no repository at @repo_path. */
XbRefs *xb_refs_open(const char *repo_path);
void xb_refs_free(XbRefs *refs);

/* Look up @name as git does (HEAD, refs/NAME, tags, heads, remotes); false when there is none. */
bool xb_refs_lookup(const XbRefs *refs, const char *name, git_oid *id);

/* Up to @n short names that look like @name, nearest first. char*, owned. */
GPtrArray *xb_refs_nearest(const XbRefs *refs, const char *name, guint n);

/* Commits whose parents a shallow clone has left out: set of git_oid*, for git_oid keys. */
GHashTable *xb_refs_shallow(const XbRefs *refs);

/* For hash tables with git_oid* keys. */
guint xb_oid_hash(const void *id);
gboolean xb_oid_equal(const void *a, const void *b);

#endif
