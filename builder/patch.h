/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patch.h - apply patches to a tree in the object store, without files.
 *
 * Each patch is a unified diff at -p1, with or without git's headers and with
 * whatever text a mail has around it. As with `git apply`, context must match
 * exactly, but a hunk may have moved: it goes where it fits nearest to where
 * the patch says.
 */
#ifndef XB_BUILDER_PATCH_H
#define XB_BUILDER_PATCH_H

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

/*
 * @tree becomes the tree with the patch @text (of the file @name, for
 * messages) applied; it is written to @repo's object store. False with @error
 * VARIANT, which names patch, file and hunk, where it does not apply.
 */
bool xb_patch_apply(git_repository *repo, const char *name, const char *text, gsize length,
		    git_oid *tree, GError **error);

#endif
