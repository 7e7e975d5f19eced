/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checkout.h - write git trees into a directory, and nothing outside of it.
 *
 * Not libgit2's checkout: that one writes through a symbolic link which an
 * earlier commit put in the place of a directory. Here every file is reached
 * from the directory's descriptor through no link at all. Files that are equal
 * already are not touched; blobs are written as they are (no filters, no
 * attributes); submodules are empty directories.
 */
#ifndef XB_BUILDER_CHECKOUT_H
#define XB_BUILDER_CHECKOUT_H

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

/*
 * @dir holds some tree, and it and @tree differ in at most @paths (of files on
 * either side): write and remove these. *@changed counts them.
 */
bool xb_checkout_paths(git_repository *repo, git_tree *tree, const char *dir,
		       const GPtrArray *paths, gsize *changed, GError **error);

/* @dir holds anything: compare all content, write what differs, remove what
 * is not in @tree. */
bool xb_checkout_all(git_repository *repo, git_tree *tree, const char *dir, gsize *changed,
		     GError **error);

#endif
