/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mirror.h - read a user's repository without writing to it or obeying it.
 *
 * A mirror is a bare repository of ours whose object store has the user's as
 * its alternate: objects are read from there, objects that we make (merged
 * blobs of a revert, patched trees) are written here. The user's config,
 * hooks, attributes and filters have no effect: libgit2 runs with empty
 * search paths, and owner validation off (a repository of another uid can be
 * read, nothing from it is executed).
 */
#ifndef XB_MIRROR_H
#define XB_MIRROR_H

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#define XB_GIT_ERROR xb_git_error_quark()
GQuark xb_git_error_quark(void);

/* Once in a process, before any other libgit2 call: git_libgit2_init(), empty
 * search paths, owner validation off, known extensions accepted. */
bool xb_git_setup(GError **error);

/*
 * Open (and make where missing) the mirror at @mirror_dir of the repository
 * @repo_path (a work tree, its .git, a linked work tree, or a bare one;
 * alternates of its own are followed). Safe to call by two processes at once.
 * Caller frees with git_repository_free().
 */
git_repository *xb_mirror_open(const char *mirror_dir, const char *repo_path, GError **error);

/* Fill @error from libgit2's last error: "WHAT: message". */
void xb_git_set_error(GError **error, const char *what);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_repository, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_diff, git_diff_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_index, git_index_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_object, git_object_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_revwalk, git_revwalk_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_reference, git_reference_free)

#endif
