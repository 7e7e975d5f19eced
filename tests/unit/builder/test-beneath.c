/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a directory that somebody hostile filled. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "failure.h"

typedef struct {
	char *root;
	char *dir; /* the hostile one */
	int fd;
} Fixture;

static void put(const Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(fixture->root, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->root = g_dir_make_tmp("xbisect-beneath-XXXXXX", NULL);
	fixture->dir = g_build_filename(fixture->root, "obj", NULL);
	g_assert_cmpint(g_mkdir(fixture->dir, 0755), ==, 0);
	put(fixture, "secret", "secret");
	put(fixture, "obj/file", "content");
	fixture->fd = xb_beneath_open_dir(fixture->dir, NULL);
	g_assert_cmpint(fixture->fd, >=, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	close(fixture->fd);
	g_assert_true(xb_remove_tree(fixture->root, &error));
	g_assert_no_error(error);
	g_assert_false(g_file_test(fixture->root, G_FILE_TEST_EXISTS));
	g_free(fixture->root);
	g_free(fixture->dir);
}

static char *read_it(const Fixture *fixture, const char *name, gsize limit)
{
	gsize length;

	return xb_beneath_read(fixture->fd, name, limit, &length, NULL);
}

static void test_reads_a_file(Fixture *fixture, gconstpointer data)
{
	g_autofree char *text = read_it(fixture, "file", 7);

	(void)data;
	g_assert_cmpstr(text, ==, "content");
}

static void test_limit(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_null(read_it(fixture, "file", 6));
}

static void test_no_way_out(Fixture *fixture, gconstpointer data)
{
	g_autofree char *secret = g_build_filename(fixture->root, "secret", NULL);

	(void)data;
	g_assert_cmpint(symlinkat(secret, fixture->fd, "absolute"), ==, 0);
	g_assert_cmpint(symlinkat("../secret", fixture->fd, "relative"), ==, 0);
	g_assert_cmpint(symlinkat("..", fixture->fd, "up"), ==, 0);
	g_assert_cmpint(symlinkat("file", fixture->fd, "inside"), ==, 0);
	g_assert_null(read_it(fixture, "absolute", 100));
	g_assert_null(read_it(fixture, "relative", 100));
	g_assert_null(read_it(fixture, "up/secret", 100));
	g_assert_null(read_it(fixture, "../secret", 100));
	g_assert_null(read_it(fixture, secret, 100));
	g_assert_null(read_it(fixture, "inside", 100));
}

static void test_only_regular_files(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(mkfifoat(fixture->fd, "fifo", 0600), ==, 0);
	g_assert_cmpint(mkdirat(fixture->fd, "dir", 0700), ==, 0);
	g_assert_null(read_it(fixture, "fifo", 100)); /* and it does not hang */
	g_assert_null(read_it(fixture, "dir", 100));
}

static void test_copy_hashes(Fixture *fixture, gconstpointer data)
{
	g_autofree char *target = g_build_filename(fixture->root, "copy", NULL);
	g_autofree char *wanted = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "content", -1);
	g_autofree char *sum = NULL;
	g_autoptr(GError) error = NULL;
	guint64 size = 0;

	(void)data;
	g_assert_true(xb_beneath_copy(fixture->fd, "file", target, 100, &sum, &size, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(sum, ==, wanted);
	g_assert_cmpuint(size, ==, 7);
	g_assert_false(xb_beneath_copy(fixture->fd, "file", target, 100, NULL, NULL, NULL));
}

static void test_replace_does_not_follow(Fixture *fixture, gconstpointer data)
{
	g_autofree char *secret = g_build_filename(fixture->root, "secret", NULL);
	g_autofree char *text = NULL;

	(void)data;
	g_assert_cmpint(symlinkat(secret, fixture->fd, ".config"), ==, 0);
	g_assert_cmpint(symlinkat(secret, fixture->fd, ".config.xbisect-new"), ==, 0);
	g_assert_true(xb_beneath_replace(fixture->fd, ".config", "new", 3, NULL));
	g_assert_true(g_file_get_contents(secret, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "secret");
}

static bool count(const char *path, void *data)
{
	g_assert_null(strstr(path, "secret"));
	(*(guint *)data)++;
	return true;
}

static void test_walk_stays_inside(Fixture *fixture, gconstpointer data)
{
	guint files = 0;

	(void)data;
	g_assert_cmpint(mkdirat(fixture->fd, "dir", 0700), ==, 0);
	put(fixture, "obj/dir/two", "2");
	g_assert_cmpint(symlinkat("..", fixture->fd, "up"), ==, 0);
	g_assert_true(xb_beneath_walk(fixture->fd, 100, count, &files, NULL));
	g_assert_cmpuint(files, ==, 2);
	g_assert_false(xb_beneath_walk(fixture->fd, 2, count, &files, NULL));
}

static void test_removes_what_was_locked(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(mkdirat(fixture->fd, "locked", 0700), ==, 0);
	put(fixture, "obj/locked/file", "x");
	g_assert_cmpint(symlinkat("/", fixture->fd, "locked/root"), ==, 0);
	g_assert_cmpint(fchmodat(fixture->fd, "locked", 0, 0), ==, 0);
	/* tear_down removes it all */
}

#define ADD(name, function) g_test_add("/beneath/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("reads-a-file", test_reads_a_file);
	ADD("limit", test_limit);
	ADD("no-way-out", test_no_way_out);
	ADD("only-regular-files", test_only_regular_files);
	ADD("copy-hashes", test_copy_hashes);
	ADD("replace-does-not-follow", test_replace_does_not_follow);
	ADD("walk-stays-inside", test_walk_stays_inside);
	ADD("removes-what-was-locked", test_removes_what_was_locked);
	return g_test_run();
}
