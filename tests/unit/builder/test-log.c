/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bounded log keeps head and tail. */
#include <glib/gstdio.h>
#include <string.h>

#include "log.h"

static char *write_and_read(gsize limit, const char *const *parts)
{
	g_autofree char *dir = g_dir_make_tmp("xbisect-log-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "log", NULL);
	g_autoptr(GError) error = NULL;
	XbLog *log = xb_log_new(path, limit, &error);
	char *text = NULL;

	g_assert_no_error(error);
	for (; *parts; parts++)
		xb_log_write(log, *parts, strlen(*parts));
	g_assert_true(xb_log_close(log));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_unlink(path);
	g_rmdir(dir);
	return text;
}

static void test_short_is_whole(void)
{
	g_autofree char *text =
		write_and_read(20, (const char *const[]){ "0123456789", "abcdefghij", NULL });

	g_assert_cmpstr(text, ==, "0123456789abcdefghij");
}

static void test_long_keeps_head_and_tail(void)
{
	g_autofree char *text = write_and_read(
		20, (const char *const[]){ "0123456789", "abc", "def", "ghijklm", "nop", NULL });

	g_assert_cmpstr(text, ==, "0123456789\n[... 6 bytes left out ...]\nghijklmnop");
}

static void test_one_huge_write(void)
{
	g_autofree char *huge = g_strnfill(1000000, 'x');
	g_autofree char *text = NULL;

	huge[999999] = 'z';
	text = write_and_read(8, (const char *const[]){ huge, "end", NULL });
	g_assert_cmpstr(text, ==, "xxxx\n[... 999995 bytes left out ...]\nzend");
}

static void test_refuses_an_existing_file(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(xb_log_new("/dev/null", 100, &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/log/short-is-whole", test_short_is_whole);
	g_test_add_func("/log/long-keeps-head-and-tail", test_long_keeps_head_and_tail);
	g_test_add_func("/log/one-huge-write", test_one_huge_write);
	g_test_add_func("/log/refuses-an-existing-file", test_refuses_an_existing_file);
	return g_test_run();
}
