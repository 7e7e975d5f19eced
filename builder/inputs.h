/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inputs.h - which files of the source tree a build read.
 *
 * From the .cmd files that kbuild writes beside each object (the compiler's
 * dependencies and the command itself), and, as those do not say it: every
 * Kconfig file, the makefiles of directories that were visited, and all that
 * kbuild runs or includes (scripts/, tables, linker scripts). Rather too many
 * than too few. Only paths that are in the tree are listed.
 */
#ifndef XB_BUILDER_INPUTS_H
#define XB_BUILDER_INPUTS_H

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "objects.h"

/*
 * Write the list, sorted, one path a line, to @path; and to @reach_path those
 * that commands read, as "COUNT PATH", where COUNT is how many did: nearly the
 * number of objects that a change of the file makes anew. @src_prefix is the
 * source directory as commands saw it; @arch_source the directory under arch/.
 * What each command made and read is told to @objects (objects.h), which may be NULL.
 */
bool xb_inputs_write(git_repository *repo, const git_oid *tree, int obj_fd, const char *src_prefix,
		     const char *arch_source, const char *path, const char *reach_path,
		     XbObjects *objects, GError **error);

/* For tests: add to @found those of the paths in @cmd that are in @all. */
void xb_inputs_scan(const char *cmd, const char *src_prefix, GHashTable *all, GHashTable *found);

#endif
