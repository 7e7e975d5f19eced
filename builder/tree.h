/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - put a tree into the slot's work tree, touching as little as possible.
 *
 * Files that do not change keep their times, so that the next make compiles
 * only what changed. What the work tree holds is written down in a state file
 * only after a whole checkout, with the boot it happened in; without it (a
 * crash, a power cut) every file is compared with the tree again.
 */
#ifndef XB_BUILDER_TREE_H
#define XB_BUILDER_TREE_H

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

/* The tree of @commit_hex in @repo; @repo_path is for messages. */
bool xb_tree_of_commit(git_repository *repo, const char *repo_path, const char *commit_hex,
		       git_oid *tree, GError **error);

typedef struct {
	char *path;
	char *sha256;
} XbFileId;
void xb_file_id_free(void *id); /* GDestroyNotify */

/* Apply the patch files in order; @ids (XbFileId) says what they were. */
bool xb_tree_patch(git_repository *repo, const char *const *patches, git_oid *tree, GPtrArray *ids,
		   GError **error);

/* Make @src_dir hold exactly @tree. *@changed: files written or removed. */
bool xb_tree_checkout(git_repository *repo, const git_oid *tree, const char *src_dir,
		      const char *state_path, gsize *changed, GError **error);

#endif
