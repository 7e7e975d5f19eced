/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "removal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *new_dir(void)
{
	char *dir = g_dir_make_tmp("xbisect-removal.XXXXXX", NULL);

	g_assert_nonnull(dir);
	return dir;
}

static void put(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents(path, "x", 1, NULL));
}

static void test_nothing_there(void)
{
	g_assert_true(xb_remove_at(AT_FDCWD, "/nonexistent/name"));
}

static void test_links_are_not_followed(void)
{
	g_autofree char *dir = new_dir(), *outside = new_dir();
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	g_autofree char *kept = g_build_filename(outside, "kept", NULL);

	put(outside, "kept");
	g_assert_cmpint(symlink(outside, link), ==, 0);
	g_assert_true(xb_remove_at(AT_FDCWD, dir));
	g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
	g_assert_true(xb_remove_at(AT_FDCWD, outside));
}

static void test_permissions_taken_away(void)
{
	g_autofree char *dir = new_dir();
	g_autofree char *closed = g_build_filename(dir, "closed", NULL);
	g_autofree char *below = g_build_filename(closed, "below", NULL);

	g_assert_cmpint(g_mkdir_with_parents(below, 0700), ==, 0);
	put(below, "file");
	g_assert_cmpint(chmod(below, 0500), ==, 0);
	g_assert_cmpint(chmod(closed, 0), ==, 0);
	g_assert_true(xb_remove_at(AT_FDCWD, dir));
	g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
}

/* Deeper than PATH_MAX and than there are descriptors. */
static void test_any_depth(void)
{
	enum { DEPTH = 5000 };
	g_autofree char *dir = new_dir();
	struct rlimit before, few;
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < DEPTH; i++) {
		int next;

		g_assert_cmpint(mkdirat(fd, "d", 0700), ==, 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		g_assert_cmpint(next, >=, 0);
		close(fd);
		fd = next;
	}
	close(fd);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
	few = before;
	few.rlim_cur = 128;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
	g_assert_true(xb_remove_at(AT_FDCWD, dir));
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
	g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/removal/nothing-there", test_nothing_there);
	g_test_add_func("/removal/links-are-not-followed", test_links_are_not_followed);
	g_test_add_func("/removal/permissions-taken-away", test_permissions_taken_away);
	g_test_add_func("/removal/any-depth", test_any_depth);
	return g_test_run();
}
