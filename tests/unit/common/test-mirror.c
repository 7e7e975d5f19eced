/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mirror reads any repository and writes to none but itself. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mirror.h"

typedef struct {
	char *root;
	char *user; /* the user's repository */
	char *mirror;
	git_oid blob; /* in it */
} Fixture;

static void run(const char *dir, const char *command)
{
	const char *const argv[] = { "sh", "-ec", command, NULL };
	g_autoptr(GError) error = NULL;
	int status;

	g_spawn_sync(dir, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL,
		     NULL, NULL, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_true(g_spawn_check_wait_status(status, NULL));
}

static git_oid write_blob(git_repository *repo, const char *text)
{
	git_oid id;

	g_assert_cmpint(git_blob_create_from_buffer(&id, repo, text, strlen(text)), ==, 0);
	return id;
}

static git_oid make_user_repo(const char *path, const char *text)
{
	git_repository *repo;
	git_oid id;

	g_assert_cmpint(git_repository_init(&repo, path, 0), ==, 0);
	id = write_blob(repo, text);
	git_repository_free(repo);
	return id;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->root = g_dir_make_tmp("xbisect-mirror-XXXXXX", NULL);
	fixture->user = g_build_filename(fixture->root, "user", NULL);
	fixture->mirror = g_build_filename(fixture->root, "slot", "git", NULL);
	fixture->blob = make_user_repo(fixture->user, "hello");
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	run(fixture->root, "chmod -R u+w . && rm -rf user slot other linked bare top");
	g_assert_cmpint(g_rmdir(fixture->root), ==, 0);
	g_free(fixture->root);
	g_free(fixture->user);
	g_free(fixture->mirror);
}

static void assert_reads(Fixture *fixture, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(git_repository) repo = xb_mirror_open(fixture->mirror, path, &error);
	git_blob *blob;

	g_assert_no_error(error);
	g_assert_cmpint(git_blob_lookup(&blob, repo, &fixture->blob), ==, 0);
	git_blob_free(blob);
}

static void test_work_tree_and_git_dir(Fixture *fixture, gconstpointer data)
{
	g_autofree char *git = g_build_filename(fixture->user, ".git", NULL);

	(void)data;
	assert_reads(fixture, fixture->user);
	assert_reads(fixture, git); /* and a mirror that is there already */
}

static void test_linked_work_tree(Fixture *fixture, gconstpointer data)
{
	g_autofree char *linked = g_build_filename(fixture->root, "linked", NULL);

	(void)data;
	run(fixture->root, "mkdir -p linked user/.git/worktrees/l\n"
			   "echo 'gitdir: ../user/.git/worktrees/l' >linked/.git\n"
			   "echo ../.. >user/.git/worktrees/l/commondir\n");
	assert_reads(fixture, linked);
}

static void test_relative_alternates_of_alternates(Fixture *fixture, gconstpointer data)
{
	g_autofree char *top = g_build_filename(fixture->root, "top", NULL);

	(void)data;
	run(fixture->root,
	    "mkdir -p bare/objects/info top/objects/info\n"
	    "echo ../../user/.git/objects >bare/objects/info/alternates\n"
	    "printf '# a comment\\n../../bare/objects\\n' >top/objects/info/alternates\n");
	assert_reads(fixture, top);
}

static void test_configuration_does_nothing(Fixture *fixture, gconstpointer data)
{
	(void)data;
	run(fixture->user,
	    "printf '[core]\\n\\trepositoryformatversion = 1\\n\\tfsmonitor = touch /\\n"
	    "[extensions]\\n\\tworktreeConfig = true\\n\\tnobodyKnows = 1\\n[broken' >.git/config");
	assert_reads(fixture, fixture->user);
}

static gint64 newest(const char *path)
{
	GStatBuf st;
	gint64 result = 0;
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	if (g_lstat(path, &st) == 0)
		result = st.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + st.st_mtim.tv_nsec;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *sub = g_build_filename(path, name, NULL);

		result = MAX(result, newest(sub));
	}
	if (dir)
		g_dir_close(dir);
	return result;
}

/* Objects that exist are not written again, and their times stay as well. */
static void test_user_repository_is_not_touched(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(git_repository) repo = NULL;
	gint64 before;
	git_oid id;

	(void)data;
	run(fixture->user, "find . -exec touch -h -d 2001-01-01 {} +");
	before = newest(fixture->user);
	repo = xb_mirror_open(fixture->mirror, fixture->user, &error);
	g_assert_no_error(error);
	id = write_blob(repo, "hello");
	g_assert_true(git_oid_equal(&id, &fixture->blob));
	write_blob(repo, "something new");
	g_assert_cmpint(newest(fixture->user), ==, before);
}

static void test_another_repository_takes_its_place(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = g_build_filename(fixture->root, "other", NULL);
	g_autoptr(git_repository) repo = NULL;
	g_autoptr(GError) error = NULL;
	git_oid second = make_user_repo(other, "other");
	git_blob *blob;

	(void)data;
	assert_reads(fixture, fixture->user);
	repo = xb_mirror_open(fixture->mirror, other, &error);
	g_assert_no_error(error);
	g_assert_cmpint(git_blob_lookup(&blob, repo, &second), ==, 0);
	git_blob_free(blob);
	g_assert_cmpint(git_blob_lookup(&blob, repo, &fixture->blob), ==, GIT_ENOTFOUND);
}

static void test_what_is_no_repository(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) gone = NULL, plain = NULL, line = NULL;
	g_autofree char *path = g_build_filename(fixture->root, "gone", NULL);

	(void)data;
	g_assert_null(xb_mirror_open(fixture->mirror, path, &gone));
	g_assert_nonnull(strstr(gone->message, "no such directory"));
	g_assert_null(xb_mirror_open(fixture->mirror, fixture->root, &plain));
	g_assert_nonnull(strstr(plain->message, "is not a git repository"));
	run(fixture->root, "mkdir -p 'other/a\nb/objects'");
	g_free(path);
	path = g_build_filename(fixture->root, "other", "a\nb", NULL);
	g_assert_null(xb_mirror_open(fixture->mirror, path, &line));
	g_assert_nonnull(strstr(line->message, "line break"));
}

#define ADD(name, function) g_test_add("/mirror/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_true(xb_git_setup(NULL));
	ADD("work-tree-and-git-dir", test_work_tree_and_git_dir);
	ADD("linked-work-tree", test_linked_work_tree);
	ADD("relative-alternates-of-alternates", test_relative_alternates_of_alternates);
	ADD("configuration-does-nothing", test_configuration_does_nothing);
	ADD("user-repository-is-not-touched", test_user_repository_is_not_touched);
	ADD("another-repository-takes-its-place", test_another_repository_takes_its_place);
	ADD("what-is-no-repository", test_what_is_no_repository);
	return g_test_run();
}
