/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-tree.c - the paths in which two trees differ.
 *
 * libgit2's own tree diff opens every directory of both trees, 60 ms for two
 * neighbours in Linux; a range asks for thousands. This walk opens only the
 * directories whose ids differ.
 */
#include <string.h>

#include "history-private.h"

/* Deeper than any source tree; a made-up one must not use up the stack. */
#define DEPTH_MAX 256

typedef struct {
	XbHistory *history;
	GString *path; /* of the directory at hand, with a slash at its end; or empty */
	GPtrArray *files;
	guint depth;
	GError **error;
} Walk;

static bool compare(Walk *walk, const git_tree *a, const git_tree *b);

static bool is_tree(const git_tree_entry *entry)
{
	return entry != NULL && git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

/* The tree of @entry into @tree; NULL for an entry that is none. */
static bool open_tree(Walk *walk, const git_tree_entry *entry, git_tree **tree)
{
	char hex[GIT_OID_HEXSZ + 1];
	g_autofree char *what = NULL;
	int result;

	*tree = NULL;
	if (!is_tree(entry))
		return true;
	result = git_tree_lookup(tree, walk->history->repo, git_tree_entry_id(entry));
	if (result == 0)
		return true;
	what = g_strdup_printf("the tree %s",
			       git_oid_tostr(hex, sizeof(hex), git_tree_entry_id(entry)));
	return xb_history_object_error(walk->history, what, result, walk->error);
}

/* @a and @b (either may be NULL) have one name and differ. */
static bool add_entry(Walk *walk, const char *name, const git_tree_entry *a,
		      const git_tree_entry *b)
{
	g_autoptr(git_tree) from = NULL, to = NULL;
	size_t length = walk->path->len;
	bool ok = true;

	g_string_append(walk->path, name);
	if ((a != NULL && !is_tree(a)) || (b != NULL && !is_tree(b)))
		g_ptr_array_add(walk->files, g_strdup(walk->path->str));
	if (is_tree(a) || is_tree(b)) {
		g_string_append_c(walk->path, '/');
		ok = open_tree(walk, a, &from) && open_tree(walk, b, &to) &&
		     compare(walk, from, to);
	}
	g_string_truncate(walk->path, length);
	return ok;
}

static bool same(const git_tree_entry *a, const git_tree_entry *b)
{
	return git_tree_entry_filemode_raw(a) == git_tree_entry_filemode_raw(b) &&
	       git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b));
}

/* Either tree may be NULL: then everything below the other differs. */
static bool compare(Walk *walk, const git_tree *a, const git_tree *b)
{
	size_t n_a = a != NULL ? git_tree_entrycount(a) : 0;
	size_t n_b = b != NULL ? git_tree_entrycount(b) : 0;

	if (++walk->depth > DEPTH_MAX)
		return xb_history_object_error(walk->history, "a tree of that depth", GIT_EINVALID,
					       walk->error);
	for (size_t i = 0; i < n_a; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(a, i);
		const char *name = git_tree_entry_name(entry);
		const git_tree_entry *other = b != NULL ? git_tree_entry_byname(b, name) : NULL;

		if ((other == NULL || !same(entry, other)) && !add_entry(walk, name, entry, other))
			return false;
	}
	for (size_t i = 0; i < n_b; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(b, i);
		const char *name = git_tree_entry_name(entry);

		if ((a == NULL || git_tree_entry_byname(a, name) == NULL) &&
		    !add_entry(walk, name, NULL, entry))
			return false;
	}
	walk->depth--;
	return true;
}

static gint by_path(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *xb_history_tree_files(XbHistory *self, const git_tree *a, const git_tree *b,
				 GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) path = g_string_new(NULL);
	Walk walk = { .history = self, .path = path, .files = files, .error = error };

	if (!compare(&walk, a, b))
		return NULL;
	g_ptr_array_sort(files, by_path);
	return g_steal_pointer(&files);
}
