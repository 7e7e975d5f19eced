/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patch.c - apply unified diffs to a tree.
 *
 * libgit2 parses the diff. It applies hunks only at the very line they name,
 * which a patch that is carried over a range of commits seldom matches, so the
 * hunks are placed here.
 */
#include "patch.h"

#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "mirror.h"
#include "text.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_patch, git_patch_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_blob, git_blob_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_entry, git_tree_entry_free)

typedef struct {
	const char *text; /* with its newline, where it has one */
	gsize length;
} Line;

typedef struct {
	git_repository *repo;
	const char *name; /* of the patch */
	git_tree *tree;   /* before the patch */
	GArray *updates;  /* git_tree_update */
	GPtrArray *paths; /* strings that the updates point to */
} Apply;

static bool refuse(GError **error, const char *patch, const char *file, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static bool refuse(GError **error, const char *patch, const char *file, const char *format, ...)
{
	g_autofree char *what = NULL;
	g_autofree char *safe = file ? xb_text_safe(file, -1, 512, false) : NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT, "patch %s%s%s: %s", patch,
		    safe ? ": " : "", safe ? safe : "", what);
	return false;
}

/* ---- diffs without git's headers ------------------------------------------ */

static Line take_line(const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (gsize)(end - *at));
	Line line = { *at, newline ? (gsize)(newline + 1 - *at) : (gsize)(end - *at) };

	*at += line.length;
	return line;
}

static bool starts(const Line *line, const char *prefix)
{
	return line->length >= strlen(prefix) && memcmp(line->text, prefix, strlen(prefix)) == 0;
}

/* The path of a "--- a/x<tab>date" line. */
static char *header_path(const Line *line)
{
	g_autofree char *text = g_strndup(line->text + 4, line->length - 4);

	text[strcspn(text, "\t\r\n")] = '\0';
	return g_strdup(text);
}

static const char *strip_one(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Write the two header lines, and before them what git would have written. */
static void add_git_header(GString *out, const Line *minus, const Line *plus)
{
	g_autofree char *old_path = header_path(minus);
	g_autofree char *new_path = header_path(plus);
	bool added = g_str_equal(old_path, "/dev/null");
	bool deleted = g_str_equal(new_path, "/dev/null");
	const char *path = strip_one(deleted ? old_path : new_path);

	g_string_append_printf(out, "diff --git a/%s b/%s\n", path, path);
	if (added || deleted)
		g_string_append_printf(out, "%s file mode 100644\n", added ? "new" : "deleted");
	g_string_append_printf(out, "--- %s%s\n", added ? "" : "a/", added ? "/dev/null" : path);
	g_string_append_printf(out, "+++ %s%s\n", deleted ? "" : "b/",
			       deleted ? "/dev/null" : path);
}

/* How many lines of a hunk follow its header: old and new side. */
static void hunk_counts(const Line *line, gsize *old_left, gsize *new_left)
{
	g_autofree char *text = g_strndup(line->text, line->length);
	const char *at = strchr(text, '-');
	const char *plus = strchr(text, '+');

	*old_left = *new_left = 1;
	if (at)
		sscanf(at, "-%*u,%zu", old_left);
	if (plus)
		sscanf(plus, "+%*u,%zu", new_left);
}

static void count_hunk_line(const Line *line, gsize *old_left, gsize *new_left)
{
	char kind = line->length ? line->text[0] : ' ';

	if (kind != '+' && kind != '\\' && *old_left > 0)
		(*old_left)--;
	if (kind != '-' && kind != '\\' && *new_left > 0)
		(*new_left)--;
}

/* libgit2 knows only diffs that begin with "diff --git": add what is missing. */
static char *with_git_headers(const char *text, gsize length, gsize *new_length)
{
	GString *out = g_string_sized_new(length + 256);
	const char *at = text, *end = text + length;
	gsize old_left = 0, new_left = 0;
	bool in_header = false;

	while (at < end) {
		Line line = take_line(&at, end);
		const char *next_at = at;
		Line next = at < end ? take_line(&next_at, end) : (Line){ "", 0 };

		if (old_left > 0 || new_left > 0) {
			count_hunk_line(&line, &old_left, &new_left);
		} else if (starts(&line, "diff --git ")) {
			in_header = true;
		} else if (starts(&line, "@@ -")) {
			hunk_counts(&line, &old_left, &new_left);
			in_header = false;
		} else if (!in_header && starts(&line, "--- ") && starts(&next, "+++ ")) {
			add_git_header(out, &line, &next);
			at = next_at;
			continue;
		}
		g_string_append_len(out, line.text, (gssize)line.length);
	}
	*new_length = out->len;
	return g_string_free(out, FALSE);
}

/* ---- placing hunks ---------------------------------------------------------- */

static GArray *split_lines(const char *text, gsize length)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));
	const char *at = text, *end = text + length;

	while (at < end) {
		Line line = take_line(&at, end);

		g_array_append_val(lines, line);
	}
	return lines;
}

typedef struct {
	GArray *before; /* Line: context and removed */
	GArray *after;  /* Line: context and added */
	bool at_end;    /* no context follows the change: it is the file's end */
	gssize wanted;  /* index of its first line before, as the patch says */
} Hunk;

static void hunk_clear(Hunk *hunk)
{
	g_array_unref(hunk->before);
	g_array_unref(hunk->after);
}

static bool hunk_load(Hunk *hunk, git_patch *patch, size_t index, const git_diff_hunk **header)
{
	size_t count;

	hunk->before = g_array_new(FALSE, FALSE, sizeof(Line));
	hunk->after = g_array_new(FALSE, FALSE, sizeof(Line));
	if (git_patch_get_hunk(header, &count, patch, index) != 0)
		return false;
	hunk->wanted = (*header)->old_lines > 0 ? (*header)->old_start - 1 : (*header)->old_start;
	hunk->at_end = true;
	for (size_t i = 0; i < count; i++) {
		const git_diff_line *line;
		Line copy;

		if (git_patch_get_line_in_hunk(&line, patch, index, i) != 0)
			return false;
		copy = (Line){ line->content, line->content_len };
		if (line->origin == ' ' || line->origin == '-')
			g_array_append_val(hunk->before, copy);
		if (line->origin == ' ' || line->origin == '+')
			g_array_append_val(hunk->after, copy);
		if (strchr(" +-", line->origin))
			hunk->at_end = line->origin != ' ';
	}
	return true;
}

static bool fits(const Hunk *hunk, const GArray *image, gssize at)
{
	if (at < 0 || (gsize)at + hunk->before->len > image->len)
		return false;
	if (hunk->at_end && (gsize)at + hunk->before->len != image->len)
		return false;
	for (guint i = 0; i < hunk->before->len; i++) {
		const Line *wanted = &g_array_index(hunk->before, Line, i);
		const Line *found = &g_array_index(image, Line, (guint)at + i);

		if (wanted->length != found->length ||
		    memcmp(wanted->text, found->text, wanted->length) != 0)
			return false;
	}
	return true;
}

/* The nearest place to @wanted that is not before @from; -1 where there is none. */
static gssize find_place(const Hunk *hunk, const GArray *image, gssize wanted, gssize from)
{
	gssize last = (gssize)image->len - (gssize)hunk->before->len;

	if (hunk->before->len == 0)
		return wanted >= from && wanted <= last ? wanted : -1;
	for (gssize distance = 0; wanted - distance >= from || wanted + distance <= last;
	     distance++) {
		if (wanted - distance >= from && fits(hunk, image, wanted - distance))
			return wanted - distance;
		if (wanted + distance >= from && fits(hunk, image, wanted + distance))
			return wanted + distance;
	}
	return -1;
}

static void append_lines(GString *out, const GArray *lines, gsize from, gsize to)
{
	for (gsize i = from; i < to; i++) {
		const Line *line = &g_array_index(lines, Line, i);

		g_string_append_len(out, line->text, (gssize)line->length);
	}
}

static char *shown_header(const git_diff_hunk *header)
{
	g_autofree char *line = header ? g_strndup(header->header, header->header_len) : NULL;

	return line ? xb_text_safe(g_strchomp(line), -1, 200, false) : g_strdup("?");
}

/* The file @text with all hunks of @patch applied, in @out. */
static bool apply_hunks(Apply *apply, const char *file, git_patch *patch, const char *text,
			gsize length, GString *out, GError **error)
{
	g_autoptr(GArray) image = split_lines(text, length);
	gssize done = 0, shift = 0;

	for (size_t i = 0; i < git_patch_num_hunks(patch); i++) {
		const git_diff_hunk *header = NULL;
		Hunk hunk;
		gssize place = -1;

		if (hunk_load(&hunk, patch, i, &header))
			place = find_place(&hunk, image, hunk.wanted + shift, done);
		if (place >= 0) {
			append_lines(out, image, (gsize)done, (gsize)place);
			append_lines(out, hunk.after, 0, hunk.after->len);
			done = place + (gssize)hunk.before->len;
			shift = place - hunk.wanted;
		}
		hunk_clear(&hunk);
		if (place < 0) {
			g_autofree char *where = shown_header(header);

			return refuse(error, apply->name, file, "hunk %zu (%s) does not apply",
				      i + 1, where);
		}
	}
	append_lines(out, image, (gsize)done, image->len);
	return true;
}

/* ---- files -------------------------------------------------------------------- */

static void add_update(Apply *apply, git_tree_update_t action, const char *path, const git_oid *id,
		       uint32_t mode)
{
	git_tree_update update = { .action = action, .path = g_strdup(path) };

	if (id)
		update.id = *id;
	update.filemode = (git_filemode_t)mode;
	g_ptr_array_add(apply->paths, (char *)update.path);
	g_array_append_val(apply->updates, update);
}

static bool good_path(const char *path)
{
	g_auto(GStrv) parts = path ? g_strsplit(path, "/", -1) : NULL;

	for (char **part = parts; part && *part; part++) {
		if (!**part || g_str_equal(*part, ".") || g_str_equal(*part, "..") ||
		    g_ascii_strcasecmp(*part, ".git") == 0)
			return false;
	}
	return parts && *parts;
}

static bool load_blob(Apply *apply, const char *path, git_blob **blob, uint32_t *mode,
		      GError **error)
{
	g_autoptr(git_tree_entry) entry = NULL;

	if (git_tree_entry_bypath(&entry, apply->tree, path) != 0 ||
	    git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return refuse(error, apply->name, path, "there is no such file");
	*mode = (uint32_t)git_tree_entry_filemode(entry);
	if (git_blob_lookup(blob, apply->repo, git_tree_entry_id(entry)) != 0) {
		xb_git_set_error(error, path);
		return false;
	}
	return true;
}

static bool apply_delta(Apply *apply, const git_diff_delta *delta, git_patch *patch, GError **error)
{
	bool added = delta->status == GIT_DELTA_ADDED, deleted = delta->status == GIT_DELTA_DELETED;
	const char *old_path = delta->old_file.path, *new_path = delta->new_file.path;
	const char *file = deleted ? old_path : new_path;
	g_autoptr(GString) content = g_string_new(NULL);
	g_autoptr(git_blob) blob = NULL;
	uint32_t mode = GIT_FILEMODE_BLOB;
	git_oid id;

	if (!good_path(file) || (!added && !good_path(old_path)))
		return refuse(error, apply->name, file, "a path like this is refused");
	if (delta->flags & GIT_DIFF_FLAG_BINARY)
		return refuse(error, apply->name, file, "binary changes are not supported");
	if (added) {
		g_autoptr(git_tree_entry) there = NULL;

		if (git_tree_entry_bypath(&there, apply->tree, new_path) == 0)
			return refuse(error, apply->name, file, "it is to be added and exists");
	} else if (!load_blob(apply, old_path, &blob, &mode, error)) {
		return false;
	}
	if (!apply_hunks(apply, file, patch, blob ? git_blob_rawcontent(blob) : "",
			 blob ? (gsize)git_blob_rawsize(blob) : 0, content, error))
		return false;
	if (deleted && content->len > 0)
		return refuse(error, apply->name, file, "it is to be removed and has more text");
	if (deleted || delta->status == GIT_DELTA_RENAMED)
		add_update(apply, GIT_TREE_UPDATE_REMOVE, old_path, NULL, 0);
	if (deleted)
		return true;
	if (delta->new_file.mode == GIT_FILEMODE_BLOB_EXECUTABLE ||
	    delta->new_file.mode == GIT_FILEMODE_LINK ||
	    (delta->new_file.mode == GIT_FILEMODE_BLOB && delta->old_file.mode != 0))
		mode = delta->new_file.mode;
	if (git_blob_create_from_buffer(&id, apply->repo, content->str, content->len) != 0) {
		xb_git_set_error(error, file);
		return false;
	}
	add_update(apply, GIT_TREE_UPDATE_UPSERT, new_path, &id, mode);
	return true;
}

static bool apply_diff(Apply *apply, git_diff *diff, git_oid *tree, GError **error)
{
	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		g_autoptr(git_patch) patch = NULL;

		if (git_patch_from_diff(&patch, diff, i) != 0) {
			xb_git_set_error(error, apply->name);
			return false;
		}
		if (!apply_delta(apply, git_patch_get_delta(patch), patch, error))
			return false;
	}
	if (git_tree_create_updated(tree, apply->repo, apply->tree, apply->updates->len,
				    (const git_tree_update *)(void *)apply->updates->data) != 0) {
		xb_git_set_error(error, apply->name);
		return false;
	}
	return true;
}

bool xb_patch_apply(git_repository *repo, const char *name, const char *text, gsize length,
		    git_oid *tree, GError **error)
{
	g_autoptr(GArray) updates = g_array_new(FALSE, TRUE, sizeof(git_tree_update));
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(git_tree) before = NULL;
	g_autoptr(git_diff) diff = NULL;
	g_autofree char *full = NULL;
	gsize full_length;
	Apply apply = { .repo = repo, .name = name, .updates = updates, .paths = paths };

	full = with_git_headers(text, length, &full_length);
	if (git_diff_from_buffer(&diff, full, full_length) != 0) {
		const git_error *last = git_error_last();

		return refuse(error, name, NULL, "it is no patch that can be read (%s)",
			      last ? last->message : "?");
	}
	if (git_diff_num_deltas(diff) == 0)
		return refuse(error, name, NULL, "there is no change in it");
	if (git_tree_lookup(&before, repo, tree) != 0) {
		xb_git_set_error(error, "the tree to patch");
		return false;
	}
	apply.tree = before;
	return apply_diff(&apply, diff, tree, error);
}
