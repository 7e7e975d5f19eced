/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * space.h - disk use stays bounded: artifacts, run directories, object
 * directories of builder slots, patches, mirrors, copies of remote repositories.
 * Least recently used first, never what an open job needs. ccache bounds itself (ccache_max_size in
 * the builder's job). The database is the history and is not trimmed.
 */
#ifndef XB_SPACE_H
#define XB_SPACE_H

#include "config.h"
#include "db.h"

/*
 * Evict until each kind is within its limit. @keep_variants: set of int64_t
 * (g_int64_hash keys) that must stay. Rows stay, files go; they are renamed
 * away before they are removed, so that a crash leaves no half artifact.
 * Object directories, patches, mirrors and copies are looked at once an hour.
 * Returns the bytes freed, -1 with @error.
 */
int64_t xb_space_trim(XbDb *db, const XbConfig *config, GHashTable *keep_variants, GError **error);

/* Free bytes on @path's file system below which nothing new is begun there. */
uint64_t xb_space_low_mark(const char *path);

/* Remove a tree below @path without following symbolic links. False when something stayed. */
bool xb_remove_tree(const char *path);

#endif
