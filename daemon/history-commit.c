/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-commit.c - one commit: its facts, what it changed, and its revert
 * as a patch. All from trees; nothing is checked out.
 */
#include <string.h>

#include "history-private.h"
#include "text.h"

#define MESSAGE_MAX    (64 * 1024)
#define DIFFSTAT_MAX   (64 * 1024)
#define STAT_FILES_MAX 2000 /* above that many files a diffstat is one line */
#define STAT_WIDTH     76

/* ---- differences --------------------------------------------------------------- */

static git_diff *diff_trees(XbHistory *self, git_tree *a, git_tree *b, GError **error)
{
	git_diff_options options;
	git_diff *diff = NULL;
	int result;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
	result = git_diff_tree_to_tree(&diff, self->repo, a, b, &options);
	if (result != 0)
		xb_history_object_error(self, "a tree", result, error);
	return diff;
}

static git_tree *tree_of(XbHistory *self, git_commit *commit, GError **error)
{
	git_tree *tree = NULL;
	int result = git_commit_tree(&tree, commit);
	char hex[GIT_OID_HEXSZ + 1];
	g_autofree char *what = NULL;

	if (result == 0)
		return tree;
	what = g_strdup_printf("the tree of commit %s",
			       git_oid_tostr(hex, sizeof(hex), git_commit_id(commit)));
	xb_history_object_error(self, what, result, error);
	return NULL;
}

static GPtrArray *files_of(const git_diff *diff)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	size_t n = git_diff_num_deltas(diff);

	for (size_t i = 0; i < n; i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);

		g_ptr_array_add(files, g_strdup(delta->old_file.path));
		if (strcmp(delta->old_file.path, delta->new_file.path) != 0)
			g_ptr_array_add(files, g_strdup(delta->new_file.path));
	}
	return files;
}

GPtrArray *xb_history_diff_files(XbHistory *self, const char *a, const char *b, GError **error)
{
	g_autoptr(git_commit) first = xb_history_commit_of(self, a, error);
	g_autoptr(git_commit) second = first ? xb_history_commit_of(self, b, error) : NULL;
	g_autoptr(git_tree) from = second ? tree_of(self, first, error) : NULL;
	g_autoptr(git_tree) to = from ? tree_of(self, second, error) : NULL;

	return to != NULL ? xb_history_tree_files(self, from, to, error) : NULL;
}

/* ---- facts --------------------------------------------------------------------- */

void xb_commit_facts_free(XbCommitFacts *facts)
{
	if (facts == NULL)
		return;
	g_free(facts->subject);
	g_free(facts->author);
	g_free(facts->email);
	g_free(facts->message);
	g_free(facts->diffstat);
	g_clear_pointer(&facts->files, g_ptr_array_unref);
	g_free(facts);
}

/* Failures of a file's content leave the diffstat out: it is decoration. */
static char *diffstat_of(git_diff *diff)
{
	git_diff_stats *stats = NULL;
	git_buf text = GIT_BUF_INIT;
	char *safe = NULL;

	if (git_diff_num_deltas(diff) > STAT_FILES_MAX)
		return g_strdup_printf(" %zu files changed\n", git_diff_num_deltas(diff));
	if (git_diff_get_stats(&stats, diff) == 0 &&
	    git_diff_stats_to_buf(&text, stats, GIT_DIFF_STATS_FULL, STAT_WIDTH) == 0)
		safe = xb_text_safe(text.ptr, (gssize)text.size, DIFFSTAT_MAX, true);
	git_buf_dispose(&text);
	git_diff_stats_free(stats);
	return safe;
}

static bool add_changes(XbHistory *self, git_commit *commit, XbCommitFacts *facts, GError **error)
{
	g_autoptr(git_commit) parent = NULL;
	g_autoptr(git_tree) tree = NULL, parent_tree = NULL;
	g_autoptr(git_diff) diff = NULL;

	facts->files = g_ptr_array_new_with_free_func(g_free);
	/* A root has no first parent to differ from, and may be a whole source tree. */
	if (git_commit_parentcount(commit) == 0 ||
	    g_hash_table_contains(self->shallow, git_commit_id(commit)))
		return true;
	parent = xb_history_commit(self, git_commit_parent_id(commit, 0), error);
	if (parent == NULL || (tree = tree_of(self, commit, error)) == NULL ||
	    (parent_tree = tree_of(self, parent, error)) == NULL ||
	    (diff = diff_trees(self, parent_tree, tree, error)) == NULL)
		return false;
	g_ptr_array_unref(facts->files);
	facts->files = files_of(diff);
	facts->diffstat = diffstat_of(diff);
	return true;
}

XbCommitFacts *xb_history_facts(XbHistory *self, const char *commit_id, GError **error)
{
	g_autoptr(git_commit) commit = xb_history_commit_of(self, commit_id, error);
	g_autoptr(XbCommitFacts) facts = NULL;
	const git_signature *author;

	if (commit == NULL)
		return NULL;
	author = git_commit_author(commit);
	facts = g_new0(XbCommitFacts, 1);
	git_oid_tostr(facts->id, sizeof(facts->id), git_commit_id(commit));
	git_oid_tostr(facts->tree, sizeof(facts->tree), git_commit_tree_id(commit));
	facts->subject = xb_history_subject(commit);
	facts->author = xb_text_safe(author->name, -1, 200, false);
	facts->email = xb_text_safe(author->email, -1, 200, false);
	facts->message = xb_text_safe(git_commit_message(commit), -1, MESSAGE_MAX, true);
	facts->time = author->when.time;
	if (!add_changes(self, commit, facts, error))
		return NULL;
	return g_steal_pointer(&facts);
}

/* Takes the lines of a diff until there are enough. */
typedef struct {
	GString *text;
	gsize max;
} PatchText;

static int on_patch_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
			 const git_diff_line *line, void *data)
{
	PatchText *patch = data;
	(void)delta;
	(void)hunk;

	if (strchr("+- ", line->origin) && line->origin != '\0')
		g_string_append_c(patch->text, line->origin);
	g_string_append_len(patch->text, line->content, (gssize)line->content_len);
	return patch->text->len > patch->max ? GIT_EUSER : 0;
}

char *xb_history_patch(XbHistory *self, const char *commit_id, gsize max, GError **error)
{
	g_autoptr(git_commit) commit = xb_history_commit_of(self, commit_id, error);
	g_autoptr(git_commit) parent = NULL;
	g_autoptr(git_tree) tree = NULL, parent_tree = NULL;
	g_autoptr(git_diff) diff = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	PatchText patch = { text, max };
	int result;

	if (commit == NULL)
		return NULL;
	if (git_commit_parentcount(commit) == 0 ||
	    g_hash_table_contains(self->shallow, git_commit_id(commit)))
		return g_strdup("");
	parent = xb_history_commit(self, git_commit_parent_id(commit, 0), error);
	if (parent == NULL || (tree = tree_of(self, commit, error)) == NULL ||
	    (parent_tree = tree_of(self, parent, error)) == NULL ||
	    (diff = diff_trees(self, parent_tree, tree, error)) == NULL)
		return NULL;
	result = git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, on_patch_line, &patch);
	if (result != 0 && result != GIT_EUSER) {
		xb_history_object_error(self, "a file", result, error);
		return NULL;
	}
	return xb_text_safe(text->str, (gssize)text->len, (gssize)max, true);
}

/* ---- reverting ------------------------------------------------------------------ */

/* "the revert of ID conflicts in a.c, b.c" */
static void set_conflict(git_index *index, const char *commit, GError **error)
{
	g_autoptr(GString) files = g_string_new(NULL);
	git_index_conflict_iterator *iter = NULL;
	const git_index_entry *ancestor, *ours, *theirs;
	guint n = 0;

	if (git_index_conflict_iterator_new(&iter, index) == 0) {
		while (git_index_conflict_next(&ancestor, &ours, &theirs, iter) == 0 && n < 5) {
			const git_index_entry *entry = ours != NULL       ? ours
						       : ancestor != NULL ? ancestor
									  : theirs;
			g_autofree char *safe = xb_text_safe(entry->path, -1, 200, false);

			g_string_append_printf(files, "%s%s", n++ > 0 ? ", " : "", safe);
		}
	}
	git_index_conflict_iterator_free(iter);
	g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_CONFLICT,
		    "the revert of %.12s conflicts with later changes in %s", commit, files->str);
}

static char *patch_text(XbHistory *self, git_diff *diff, GError **error)
{
	git_buf buffer = GIT_BUF_INIT;
	int result = git_diff_to_buf(&buffer, diff, GIT_DIFF_FORMAT_PATCH);
	char *text = NULL;

	/* A patch is a C string: binary files are encoded in it. */
	if (result == 0)
		text = g_strndup(buffer.ptr, buffer.size);
	else
		xb_history_object_error(self, "a file", result, error);
	git_buf_dispose(&buffer);
	return text;
}

static git_index *revert_index(XbHistory *self, git_commit *commit, git_commit *onto,
			       GError **error)
{
	git_merge_options options;
	guint mainline = git_commit_parentcount(commit) > 1 ? 1 : 0;
	git_index *index = NULL;
	int result;

	git_merge_options_init(&options, GIT_MERGE_OPTIONS_VERSION);
	result = git_revert_commit(&index, self->repo, commit, onto, mainline, &options);
	if (result != 0)
		xb_history_object_error(self, "what the revert needs", result, error);
	return index;
}

char *xb_history_revert_patch(XbHistory *self, const char *commit_id, const char *onto_id,
			      GError **error)
{
	git_diff_options options;
	g_autoptr(git_commit) commit = xb_history_commit_of(self, commit_id, error);
	g_autoptr(git_commit) onto = commit ? xb_history_commit_of(self, onto_id, error) : NULL;
	g_autoptr(git_tree) tree = onto ? tree_of(self, onto, error) : NULL;
	g_autoptr(git_index) index = NULL;
	g_autoptr(git_diff) diff = NULL;
	int result;

	if (tree == NULL)
		return NULL;
	if (git_commit_parentcount(commit) == 0) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_CONFLICT,
			    "%.12s has no parent, so it cannot be reverted", commit_id);
		return NULL;
	}
	index = revert_index(self, commit, onto, error);
	if (index == NULL)
		return NULL;
	if (git_index_has_conflicts(index)) {
		set_conflict(index, commit_id, error);
		return NULL;
	}
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_SHOW_BINARY | GIT_DIFF_INCLUDE_TYPECHANGE;
	options.id_abbrev = GIT_OID_HEXSZ;
	result = git_diff_tree_to_index(&diff, self->repo, tree, index, &options);
	if (result != 0) {
		xb_history_object_error(self, "a tree", result, error);
		return NULL;
	}
	if (git_diff_num_deltas(diff) == 0) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_CONFLICT,
			    "nothing of %.12s is left to revert in %.12s", commit_id, onto_id);
		return NULL;
	}
	return patch_text(self, diff, error);
}
