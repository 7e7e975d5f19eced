/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.c - commit and patches to a tree, and the tree into the work tree. */
#include "tree.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "checkout.h"
#include "failure.h"
#include "mirror.h"
#include "patch.h"

#define PATCH_MAX  (64 * 1024 * 1024)
#define STATE_HEAD "xbisect-tree-1"

static bool is_shallow(const char *repo_path)
{
	static const char *const places[] = { ".git/shallow", "shallow" };

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *path = g_build_filename(repo_path, places[i], NULL);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return true;
	}
	return false;
}

bool xb_tree_of_commit(git_repository *repo, const char *repo_path, const char *commit_hex,
		       git_oid *tree, GError **error)
{
	g_autoptr(git_commit) commit = NULL;
	git_oid id;
	int result = git_oid_fromstr(&id, commit_hex);

	if (result == 0)
		result = git_commit_lookup(&commit, repo, &id);
	if (result == GIT_ENOTFOUND) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST,
			    "repository %s has no commit %s%s", repo_path, commit_hex,
			    is_shallow(repo_path)
				    ? ": it is a shallow clone, run `git fetch --unshallow` in it"
				    : "");
		return false;
	}
	if (result != 0) {
		g_autofree char *what =
			g_strdup_printf("repository %s, commit %s", repo_path, commit_hex);

		xb_git_set_error(error, what);
		return false;
	}
	*tree = *git_commit_tree_id(commit);
	return true;
}

void xb_file_id_free(void *data)
{
	XbFileId *id = data;

	g_free(id->path);
	g_free(id->sha256);
	g_free(id);
}

bool xb_tree_patch(git_repository *repo, const char *const *patches, git_oid *tree, GPtrArray *ids,
		   GError **error)
{
	for (; *patches; patches++) {
		g_autofree char *text = NULL;
		g_autofree char *name = g_path_get_basename(*patches);
		XbFileId *id;
		GStatBuf st;
		gsize length;

		if (g_stat(*patches, &st) == 0 && st.st_size > PATCH_MAX) {
			g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT,
				    "patch %s: larger than %d MiB", name, PATCH_MAX >> 20);
			return false;
		}
		if (!g_file_get_contents(*patches, &text, &length, error))
			return false;
		id = g_new0(XbFileId, 1);
		id->path = g_strdup(*patches);
		id->sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)text, length);
		g_ptr_array_add(ids, id);
		if (!xb_patch_apply(repo, name, text, length, tree, error))
			return false;
	}
	return true;
}

/* ---- checkout ------------------------------------------------------------------ */

/* What the state file must say for @tree: it does not outlive a boot, since a
 * power cut may lose file content that had been written. */
static char *state_text(const git_oid *tree)
{
	g_autofree char *boot = NULL;
	char hex[GIT_OID_HEXSZ + 1];

	g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL);
	return g_strdup_printf("%s %s %s\n", STATE_HEAD, git_oid_tostr(hex, sizeof(hex), tree),
			       boot ? g_strstrip(boot) : "unknown");
}

/* The tree that the work tree is known to hold. */
static bool known_tree(const char *state_path, const char *src_dir, git_oid *tree)
{
	g_autofree char *text = NULL, *wanted = NULL;
	g_auto(GStrv) words = NULL;

	if (!g_file_test(src_dir, G_FILE_TEST_IS_DIR) ||
	    !g_file_get_contents(state_path, &text, NULL, NULL))
		return false;
	words = g_strsplit(text, " ", 3);
	if (g_strv_length(words) != 3 || git_oid_fromstr(tree, words[1]) != 0)
		return false;
	wanted = state_text(tree);
	return g_str_equal(text, wanted);
}

/* The paths in which two trees differ. NULL when they cannot be compared. */
static GPtrArray *changed_paths(git_repository *repo, const git_oid *from, git_tree *to)
{
	git_diff_options options;
	g_autoptr(git_tree) before = NULL;
	g_autoptr(git_diff) diff = NULL;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *paths;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
	if (git_tree_lookup(&before, repo, from) != 0 ||
	    git_diff_tree_to_tree(&diff, repo, before, to, &options) != 0)
		return NULL;
	paths = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);
		const char *both[] = { delta->old_file.path, delta->new_file.path };

		for (int side = 0; side < 2; side++) {
			if (both[side] && g_hash_table_add(seen, (char *)both[side]))
				g_ptr_array_add(paths, g_strdup(both[side]));
		}
	}
	return paths;
}

bool xb_tree_checkout(git_repository *repo, const git_oid *tree_id, const char *src_dir,
		      const char *state_path, gsize *changed, GError **error)
{
	g_autoptr(git_tree) tree = NULL;
	g_autoptr(GPtrArray) paths = NULL;
	g_autofree char *state = state_text(tree_id);
	git_oid present;

	*changed = 0;
	if (git_tree_lookup(&tree, repo, tree_id) != 0) {
		xb_git_set_error(error, "the commit's tree cannot be read");
		return false;
	}
	if (known_tree(state_path, src_dir, &present)) {
		if (git_oid_equal(&present, tree_id))
			return true;
		paths = changed_paths(repo, &present, tree);
	}
	if (g_unlink(state_path) != 0 && errno != ENOENT) {
		xb_build_set_errno(error, "cannot remove %s", state_path);
		return false;
	}
	if (g_mkdir_with_parents(src_dir, 0755) != 0) {
		xb_build_set_errno(error, "cannot make %s", src_dir);
		return false;
	}
	if (!(paths ? xb_checkout_paths(repo, tree, src_dir, paths, changed, error)
		    : xb_checkout_all(repo, tree, src_dir, changed, error)))
		return false;
	return g_file_set_contents(state_path, state, -1, error);
}
