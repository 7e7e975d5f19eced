/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history-change.c - a file in one commit, or in two: the texts, and the lines that differ. */
#include <string.h>

#include "history-private.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_entry, git_tree_entry_free)

void xb_file_change_free(XbFileChange *change)
{
	if (change == NULL)
		return;
	g_free(change->old_text);
	g_free(change->new_text);
	g_clear_pointer(&change->hunks, g_array_unref);
	g_free(change);
}

static bool too_large(const char *path, const char *why, GError **error)
{
	g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OBJECT, "%s is %s", path, why);
	return false;
}

/* Without reading it as a whole. */
static int size_of(XbHistory *self, const git_oid *id, size_t *size)
{
	git_odb *odb = NULL;
	git_object_t type;
	int result = git_repository_odb(&odb, self->repo);

	if (result == 0)
		result = git_odb_read_header(size, &type, odb, id);
	git_odb_free(odb);
	return result;
}

/* The file's blob in @commit; *blob stays NULL when there is none. */
static bool blob_in(XbHistory *self, const char *commit, const char *path, gsize max,
		    git_blob **blob, GError **error)
{
	g_autoptr(git_commit) found = xb_history_commit_of(self, commit, error);
	g_autoptr(git_tree) tree = NULL;
	g_autoptr(git_tree_entry) entry = NULL;
	size_t size = 0;
	int result = found != NULL ? git_commit_tree(&tree, found) : GIT_ERROR;

	*blob = NULL;
	if (found == NULL)
		return false;
	if (result == 0)
		result = git_tree_entry_bypath(&entry, tree, path);
	if (result == GIT_ENOTFOUND && tree != NULL)
		return true;
	if (result == 0 && git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return true;
	if (result == 0)
		result = size_of(self, git_tree_entry_id(entry), &size);
	if (result == 0 && size > max)
		return too_large(path, "too large", error);
	if (result == 0)
		result = git_blob_lookup(blob, self->repo, git_tree_entry_id(entry));
	if (result != 0)
		return xb_history_object_error(self, path, result, error);
	return !git_blob_is_binary(*blob) || too_large(path, "no text", error);
}

static int on_hunk(const git_diff_delta *delta, const git_diff_hunk *from, void *data)
{
	XbFileChange *change = data;
	const XbHunk hunk = { (guint)from->old_start, (guint)from->old_lines,
			      (guint)from->new_start, (guint)from->new_lines };

	(void)delta;
	g_array_append_val(change->hunks, hunk);
	return 0;
}

static void take_text(const git_blob *blob, char **text, gsize *length)
{
	if (blob == NULL)
		return;
	*length = (gsize)git_blob_rawsize(blob);
	*text = g_malloc(*length + 1);
	memcpy(*text, git_blob_rawcontent(blob), *length);
	(*text)[*length] = '\0';
}

XbFileChange *xb_history_file_change(XbHistory *self, const char *a, const char *b,
				     const char *path, gsize max, GError **error)
{
	g_autoptr(XbFileChange) change = g_new0(XbFileChange, 1);
	git_blob *before = NULL, *after = NULL;
	git_diff_options options;
	int result = GIT_ERROR;
	bool ok;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.context_lines = 0;
	options.flags = GIT_DIFF_FORCE_TEXT;
	change->hunks = g_array_new(FALSE, FALSE, sizeof(XbHunk));
	ok = blob_in(self, a, path, max, &before, error) &&
	     blob_in(self, b, path, max, &after, error);
	if (ok) {
		result = git_diff_blobs(before, path, after, path, &options, NULL, NULL, on_hunk,
					NULL, change);
		take_text(before, &change->old_text, &change->old_length);
		take_text(after, &change->new_text, &change->new_length);
		if (result != 0)
			ok = xb_history_object_error(self, path, result, error);
	}
	git_blob_free(before);
	git_blob_free(after);
	return ok ? g_steal_pointer(&change) : NULL;
}

char *xb_history_file(XbHistory *self, const char *commit, const char *path, gsize max,
		      gsize *length, GError **error)
{
	git_blob *blob = NULL;
	char *text = NULL;

	*length = 0;
	if (blob_in(self, commit, path, max, &blob, error))
		take_text(blob, &text, length);
	git_blob_free(blob);
	return text;
}
