/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees into a work tree: what is touched, what is healed, what is patched. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "failure.h"
#include "mirror.h"
#include "patch.h"
#include "tree.h"

typedef struct {
	char *root;
	char *src;
	char *state;
	git_repository *repo;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autofree char *git = NULL;

	(void)data;
	fixture->root = g_dir_make_tmp("xbisect-tree-XXXXXX", NULL);
	fixture->src = g_build_filename(fixture->root, "src", NULL);
	fixture->state = g_build_filename(fixture->root, "src.state", NULL);
	git = g_build_filename(fixture->root, "git", NULL);
	g_assert_cmpint(git_repository_init(&fixture->repo, git, 1), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	git_repository_free(fixture->repo);
	g_assert_true(xb_remove_tree(fixture->root, NULL));
	g_free(fixture->root);
	g_free(fixture->src);
	g_free(fixture->state);
}

typedef struct {
	const char *path;
	const char *content; /* NULL: remove */
	git_filemode_t mode;
} File;

#define PLAIN  GIT_FILEMODE_BLOB
#define SCRIPT GIT_FILEMODE_BLOB_EXECUTABLE
#define LINK   GIT_FILEMODE_LINK

/* A tree of @files (ended by a NULL path) upon @base (may be NULL). */
static git_oid make_tree(Fixture *fixture, const git_oid *base, const File *files)
{
	g_autoptr(GArray) updates = g_array_new(FALSE, TRUE, sizeof(git_tree_update));
	g_autoptr(git_tree) tree = NULL;
	git_oid id;

	if (base)
		g_assert_cmpint(git_tree_lookup(&tree, fixture->repo, base), ==, 0);
	for (; files->path; files++) {
		git_tree_update update = { .path = files->path, .filemode = files->mode };

		update.action = files->content ? GIT_TREE_UPDATE_UPSERT : GIT_TREE_UPDATE_REMOVE;
		if (files->content)
			g_assert_cmpint(git_blob_create_from_buffer(&update.id, fixture->repo,
								    files->content,
								    strlen(files->content)),
					==, 0);
		g_array_append_val(updates, update);
	}
	g_assert_cmpint(git_tree_create_updated(&id, fixture->repo, tree, updates->len,
						(git_tree_update *)(void *)updates->data),
			==, 0);
	return id;
}

static gsize checkout(Fixture *fixture, const git_oid *tree)
{
	g_autoptr(GError) error = NULL;
	gsize changed = 0;

	g_assert_true(xb_tree_checkout(fixture->repo, tree, fixture->src, fixture->state, &changed,
				       &error));
	g_assert_no_error(error);
	return changed;
}

static char *content(Fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->src, name, NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static void assert_content(Fixture *fixture, const char *name, const char *wanted)
{
	g_autofree char *text = content(fixture, name);

	g_assert_cmpstr(text, ==, wanted);
}

static void put(Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(fixture->src, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static struct timespec mtime(Fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->src, name, NULL);
	struct stat st;

	g_assert_cmpint(lstat(path, &st), ==, 0);
	return st.st_mtim;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static const File first_files[] = { { "Makefile", "all:\n", PLAIN },
				    { "kernel/a.c", "a\n", PLAIN },
				    { "kernel/b.c", "b\n", PLAIN },
				    { "scripts/run.sh", "#!/bin/sh\n", SCRIPT },
				    { ".gitignore", "*.o\nignored\n", PLAIN },
				    { ".gitattributes", "* text eol=crlf\n*.c ident\n", PLAIN },
				    { NULL, NULL, 0 } };

static void test_only_what_changed(Fixture *fixture, gconstpointer data)
{
	const File next[] = { { "kernel/b.c", "B\n", PLAIN },
			      { "kernel/c.c", "c\n", PLAIN },
			      { NULL, NULL, 0 } };
	git_oid first = make_tree(fixture, NULL, first_files);
	git_oid second = make_tree(fixture, &first, next);
	struct timespec a, b;

	(void)data;
	g_assert_cmpuint(checkout(fixture, &first), ==, 6);
	a = mtime(fixture, "kernel/a.c");
	b = mtime(fixture, "kernel/b.c");
	g_usleep(20000);
	g_assert_cmpuint(checkout(fixture, &second), ==, 2);
	g_assert_true(same_time(a, mtime(fixture, "kernel/a.c")));
	g_assert_false(same_time(b, mtime(fixture, "kernel/b.c")));
	assert_content(fixture, "kernel/b.c", "B\n");
	assert_content(fixture, "kernel/c.c", "c\n");
	g_assert_cmpuint(checkout(fixture, &second), ==, 0);
	g_assert_cmpuint(checkout(fixture, &first), ==, 2);
	assert_content(fixture, "kernel/b.c", "b\n");
	assert_content(fixture, "kernel/c.c", NULL);
}

static void test_attributes_do_nothing(Fixture *fixture, gconstpointer data)
{
	const File files[] = { { ".gitattributes", "* text eol=crlf\n*.c ident\n", PLAIN },
			       { "a.c", "$Id$\n", PLAIN },
			       { NULL, NULL, 0 } };
	git_oid tree = make_tree(fixture, NULL, files);

	(void)data;
	checkout(fixture, &tree);
	assert_content(fixture, "a.c", "$Id$\n");
}

/* What a crash may leave: no state file, and any content. */
static void test_heals_a_half_done_checkout(Fixture *fixture, gconstpointer data)
{
	git_oid tree = make_tree(fixture, NULL, first_files);
	g_autofree char *b = g_build_filename(fixture->src, "kernel", "b.c", NULL);
	g_autofree char *script = g_build_filename(fixture->src, "scripts", "run.sh", NULL);
	struct timespec a;

	(void)data;
	checkout(fixture, &tree);
	a = mtime(fixture, "kernel/a.c");
	g_usleep(20000);
	g_assert_cmpint(g_unlink(fixture->state), ==, 0);
	put(fixture, "Makefile", "ALL:\n"); /* of equal length */
	put(fixture, "kernel/new.c", "new");
	put(fixture, "kernel/left.o", "ignored by git");
	g_assert_cmpint(g_unlink(b), ==, 0);
	g_assert_cmpint(g_chmod(script, 0644), ==, 0);
	checkout(fixture, &tree);
	assert_content(fixture, "Makefile", "all:\n");
	assert_content(fixture, "kernel/b.c", "b\n");
	assert_content(fixture, "kernel/new.c", NULL);
	assert_content(fixture, "kernel/left.o", NULL);
	g_assert_cmpint(g_access(script, X_OK), ==, 0);
	g_assert_true(same_time(a, mtime(fixture, "kernel/a.c")));
}

static void test_state_of_another_boot_is_not_trusted(Fixture *fixture, gconstpointer data)
{
	git_oid tree = make_tree(fixture, NULL, first_files);
	g_autofree char *state = NULL;

	(void)data;
	checkout(fixture, &tree);
	g_assert_true(g_file_get_contents(fixture->state, &state, NULL, NULL));
	memcpy(state + strlen(state) - 9, "00000000", 8);
	g_assert_true(g_file_set_contents(fixture->state, state, -1, NULL));
	put(fixture, "Makefile", "");
	checkout(fixture, &tree);
	assert_content(fixture, "Makefile", "all:\n");
}

static void test_mode_alone_changes(Fixture *fixture, gconstpointer data)
{
	const File next[] = { { "kernel/a.c", "a\n", SCRIPT }, { NULL, NULL, 0 } };
	g_autofree char *path = g_build_filename(fixture->src, "kernel", "a.c", NULL);
	git_oid first = make_tree(fixture, NULL, first_files);
	git_oid second = make_tree(fixture, &first, next);

	(void)data;
	checkout(fixture, &first);
	g_assert_cmpint(g_access(path, X_OK), !=, 0);
	checkout(fixture, &second);
	g_assert_cmpint(g_access(path, X_OK), ==, 0);
	checkout(fixture, &first);
	g_assert_cmpint(g_access(path, X_OK), !=, 0);
}

static void test_kinds_change_places(Fixture *fixture, gconstpointer data)
{
	const File next[] = { { "kernel/a.c", NULL, PLAIN },
			      { "kernel/b.c", NULL, PLAIN },
			      { "kernel", "a file now\n", PLAIN },
			      { "Makefile", NULL, PLAIN },
			      { "Makefile/x", "a directory now\n", PLAIN },
			      { NULL, NULL, 0 } };
	git_oid first = make_tree(fixture, NULL, first_files);
	git_oid removed, second;

	(void)data;
	removed = make_tree(fixture, &first,
			    (const File[]){ next[0], next[1], next[3], { NULL, NULL, 0 } });
	second =
		make_tree(fixture, &removed, (const File[]){ next[2], next[4], { NULL, NULL, 0 } });
	checkout(fixture, &first);
	checkout(fixture, &second);
	assert_content(fixture, "kernel", "a file now\n");
	assert_content(fixture, "Makefile/x", "a directory now\n");
	checkout(fixture, &first);
	assert_content(fixture, "kernel/a.c", "a\n");
	assert_content(fixture, "Makefile", "all:\n");
}

/* A commit makes a link to outside, the next one has a file behind that name. */
static void test_links_are_content_only(Fixture *fixture, gconstpointer data)
{
	g_autofree char *outside = g_build_filename(fixture->root, "outside", NULL);
	g_autofree char *victim = g_build_filename(outside, "a.c", NULL);
	g_autofree char *text = NULL, *read = NULL;
	g_autofree char *link = g_build_filename(fixture->src, "kernel", NULL);
	const File make_link[] = { { "kernel", outside, LINK }, { NULL, NULL, 0 } };
	const File files[] = { { "Makefile", "all:\n", PLAIN }, { NULL, NULL, 0 } };
	git_oid first = make_tree(fixture, NULL, first_files);
	git_oid plain = make_tree(fixture, NULL, files);
	git_oid second = make_tree(fixture, &plain, make_link);

	(void)data;
	g_assert_cmpint(g_mkdir(outside, 0755), ==, 0);
	g_assert_true(g_file_set_contents(victim, "victim", -1, NULL));
	checkout(fixture, &first);
	checkout(fixture, &second);
	read = g_file_read_link(link, NULL);
	g_assert_cmpstr(read, ==, outside);
	checkout(fixture, &first);
	assert_content(fixture, "kernel/a.c", "a\n");
	checkout(fixture, &second);
	g_assert_cmpint(g_unlink(fixture->state), ==, 0);
	checkout(fixture, &first); /* the same by way of healing */
	assert_content(fixture, "kernel/a.c", "a\n");
	g_assert_true(g_file_get_contents(victim, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "victim");
}

/* ---- patches ------------------------------------------------------------------ */

/* Lines 1 to 40, each its number, after @before. */
static char *numbers(const char *before)
{
	GString *text = g_string_new(before);

	for (int i = 1; i <= 40; i++)
		g_string_append_printf(text, "%d\n", i);
	return g_string_free(text, FALSE);
}

#define HUNK_20 "@@ -19,3 +19,3 @@\n 19\n-20\n+twenty\n 21\n"

typedef struct {
	const char *name;
	const char *before; /* what stands before the numbers in "f" */
	const char *patch;
	const char *file;    /* that is looked at */
	const char *wanted;  /* part of its content; NULL: gone */
	const char *message; /* part of the error; NULL: it applies */
} PatchCase;

static const PatchCase patch_cases[] = {
	{ "git", "", "diff --git a/f b/f\n--- a/f\n+++ b/f\n" HUNK_20, "f", "19\ntwenty\n21",
	  NULL },
	{ "mail", "",
	  "From abc Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH] x\n\nText.\n---\n"
	  " f | 2 +-\n\ndiff --git a/f b/f\nindex 1c99002..742bd57 100644\n--- a/f\n+++ "
	  "b/f\n" HUNK_20 "-- \n2.39.5\n\n",
	  "f", "19\ntwenty\n21", NULL },
	{ "plain", "", "--- linux.orig/f\t2020-01-01\n+++ linux/f\t2020-01-02\n" HUNK_20, "f",
	  "19\ntwenty\n21", NULL },
	{ "plain-two-files", "",
	  "--- a/f\n+++ b/f\n" HUNK_20 "--- a/g\n+++ b/g\n@@ -1 +1 @@\n-g\n+G\n", "g", "G", NULL },
	{ "removed-line-like-a-header", "",
	  "--- a/h\n+++ b/h\n@@ -1,2 +1,2 @@\n--- a/x\n-++ b/x\n+one\n+two\n", "h", "one\ntwo",
	  NULL },
	{ "moved-down", "new\nlines\nhere\n", "--- a/f\n+++ b/f\n" HUNK_20, "f", "19\ntwenty\n21",
	  NULL },
	{ "moved-up", "", "--- a/f\n+++ b/f\n@@ -30,3 +30,3 @@\n 19\n-20\n+twenty\n 21\n", "f",
	  "19\ntwenty\n21", NULL },
	{ "two-hunks-moved", "new\n",
	  "--- a/f\n+++ b/f\n@@ -1,3 +1,2 @@\n 1\n-2\n 3\n@@ -19,3 +18,3 @@\n 19\n-20\n+XX\n 21\n",
	  "f", "1\n3\n", NULL },
	{ "end-of-file", "", "--- a/f\n+++ b/f\n@@ -38,3 +38,4 @@\n 38\n 39\n 40\n+41\n", "f",
	  "40\n41\n", NULL },
	{ "not-the-end-of-file", "", "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n 1\n 2\n 3\n+x\n", "f",
	  "1\n", "f: hunk 1 (@@ -1,3 +1,4 @@) does not apply" },
	{ "new-file", "", "--- /dev/null\n+++ b/dir/new\n@@ -0,0 +1,2 @@\n+a\n+b\n", "dir/new",
	  "a\nb\n", NULL },
	{ "new-file-without-newline", "",
	  "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n", "new", "a",
	  NULL },
	{ "removed-file", "", "--- a/g\n+++ /dev/null\n@@ -1 +0,0 @@\n-g\n", "g", NULL, NULL },
	{ "renamed", "", "diff --git a/g b/k\nsimilarity index 100%\nrename from g\nrename to k\n",
	  "k", "g\n", NULL },
	{ "second-hunk-is-named", "",
	  "--- a/f\n+++ b/f\n@@ -1,3 +1,2 @@\n 1\n-2\n 3\n@@ -19,3 +18,3 @@\n 19\n-99\n+XX\n 21\n",
	  "f", "1\n", "patch p.patch: f: hunk 2 (@@ -19,3 +18,3 @@) does not apply" },
	{ "missing-file", "", "--- a/gone\n+++ b/gone\n" HUNK_20, "f", "1\n",
	  "p.patch: gone: there is no such file" },
	{ "existing-file", "", "--- /dev/null\n+++ b/g\n@@ -0,0 +1 @@\n+a\n", "g", "g\n",
	  "g: it is to be added and exists" },
	{ "way-out", "", "--- /dev/null\n+++ b/../x\n@@ -0,0 +1 @@\n+a\n", "g", "g\n", "refused" },
	{ "into-git", "", "--- /dev/null\n+++ b/.git/x\n@@ -0,0 +1 @@\n+a\n", "g", "g\n",
	  "refused" },
	{ "no-patch", "", "hello\n", "g", "g\n", "p.patch: " },
	{ "empty", "", "", "g", "g\n", "p.patch: " },
	{ "cut-off", "", "--- a/f\n+++ b/f\n@@ -19,3 +19,3 @@\n 19\n-20\n", "f", "1\n",
	  "p.patch: " },
};

static void test_patch(Fixture *fixture, gconstpointer data)
{
	const PatchCase *item = data;
	g_autofree char *text = numbers(item->before), *result = NULL;
	const File files[] = { { "f", text, PLAIN },
			       { "g", "g\n", PLAIN },
			       { "h", "-- a/x\n++ b/x\n", PLAIN },
			       { NULL, NULL, 0 } };
	git_oid tree = make_tree(fixture, NULL, files);
	g_autoptr(GError) error = NULL;
	bool ok = xb_patch_apply(fixture->repo, "p.patch", item->patch, strlen(item->patch), &tree,
				 &error);

	if (item->message) {
		g_assert_false(ok);
		g_test_message("%s", error->message);
		g_assert_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT);
		g_assert_nonnull(strstr(error->message, item->message));
	} else {
		g_assert_no_error(error);
	}
	checkout(fixture, &tree);
	result = content(fixture, item->file);
	if (!item->wanted)
		g_assert_null(result);
	else
		g_assert_nonnull(strstr(result, item->wanted));
}

static void test_mode_is_kept(Fixture *fixture, gconstpointer data)
{
	static const char patch[] =
		"--- a/scripts/run.sh\n+++ b/scripts/run.sh\n@@ -1 +1,2 @@\n #!/bin/sh\n+exit\n";
	g_autofree char *path = g_build_filename(fixture->src, "scripts", "run.sh", NULL);
	git_oid tree = make_tree(fixture, NULL, first_files);
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(xb_patch_apply(fixture->repo, "p", patch, sizeof(patch) - 1, &tree, &error));
	g_assert_no_error(error);
	checkout(fixture, &tree);
	g_assert_cmpint(g_access(path, X_OK), ==, 0);
}

#define ADD(name, function) g_test_add("/tree/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_true(xb_git_setup(NULL));
	ADD("only-what-changed", test_only_what_changed);
	ADD("attributes-do-nothing", test_attributes_do_nothing);
	ADD("heals-a-half-done-checkout", test_heals_a_half_done_checkout);
	ADD("state-of-another-boot-is-not-trusted", test_state_of_another_boot_is_not_trusted);
	ADD("mode-alone-changes", test_mode_alone_changes);
	ADD("kinds-change-places", test_kinds_change_places);
	ADD("links-are-content-only", test_links_are_content_only);
	ADD("mode-is-kept", test_mode_is_kept);
	for (gsize i = 0; i < G_N_ELEMENTS(patch_cases); i++) {
		g_autofree char *path = g_strconcat("/patch/", patch_cases[i].name, NULL);

		g_test_add(path, Fixture, &patch_cases[i], set_up, test_patch, tear_down);
	}
	return g_test_run();
}
