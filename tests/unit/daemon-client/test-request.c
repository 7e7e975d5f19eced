/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user typed, as members of a request. */
#include "request.h"

#include <glib/gstdio.h>
#include <string.h>

#include "protocol.h"

static char *dir;

static char *file(const char *name, const char *content, gssize length)
{
	char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents(path, content, length, NULL));
	return path;
}

static void ranges(void)
{
	static const struct {
		const char *text, *good, *bad; /* good NULL: refused */
	} cases[] = {
		{ "a..b", "a", "b" },
		{ "v6.1..v6.2-rc1", "v6.1", "v6.2-rc1" },
		{ "HEAD~3..", "HEAD~3", "HEAD" },
		{ "a...b", NULL, NULL },
		{ "..b", NULL, NULL },
		{ "a", NULL, NULL },
		{ "", NULL, NULL },
		{ "a..b..c", NULL, NULL },
		{ "a..\xff", NULL, NULL },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *good = NULL, *bad = NULL;
		bool fine = xb_request_range(cases[i].text, &good, &bad, &error);

		g_assert_cmpint(fine, ==, cases[i].good != NULL);
		g_assert_cmpint(error == NULL, ==, fine);
		g_assert_cmpstr(good, ==, cases[i].good);
		g_assert_cmpstr(bad, ==, cases[i].bad);
	}
}

static void files_travel_as_content(void)
{
	g_autofree char *fine = file("a.patch", "text\n", -1);
	g_autofree char *binary = file("b.patch", "\xff\xfe", 2);
	g_autofree char *zeros = file("c.patch", "a\0b", 3);
	char *good[] = { fine, NULL };
	char *bad[][2] = {
		{ binary, NULL }, { zeros, NULL }, { dir, NULL }, { (char *)"/no", NULL }
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) files = xb_request_files(good, &error);
	g_autoptr(json_t) wanted =
		json_pack("[{s:s, s:s}]", "name", "a.patch", "content", "text\n");

	g_assert_no_error(error);
	g_assert_true(json_equal(files, wanted));
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) refused = NULL;

		g_assert_null(xb_request_files(bad[i], &refused));
		g_assert_nonnull(refused);
	}
}

static void images_may_hold_a_colon(void)
{
	g_autofree char *plain = file("vmlinuz", "k", 1);
	g_autofree char *colon = file("vm:linuz", "k", 1);
	g_autofree char *whole = g_strconcat("image:", colon, NULL);
	g_autofree char *modules = g_strconcat("image:", plain, ":", dir, NULL);
	g_autofree char *no_modules = g_strconcat("image:", plain, ":/no/such", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) a = xb_request_side(whole, NULL, NULL, &error);
	g_autoptr(json_t) b = xb_request_side(modules, NULL, NULL, &error);
	g_autoptr(json_t) wanted_a = json_pack("{s:{s:s}}", "image", "kernel", colon);
	g_autoptr(json_t) wanted_b =
		json_pack("{s:{s:s, s:s}}", "image", "kernel", plain, "modules", dir);

	g_assert_no_error(error);
	g_assert_true(json_equal(a, wanted_a));
	g_assert_true(json_equal(b, wanted_b));
	g_assert_null(xb_request_side(no_modules, NULL, NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(xb_request_side("image:", NULL, NULL, &error));
	g_assert_nonnull(error);
}

static void lists_name_the_bad_line(void)
{
	g_autofree char *kernel = file("k1", "k", 1);
	g_autofree char *other = file("k2", "k", 1);
	g_autofree char *list = file("list", "# c\n\nk1 first one\nk2\n", -1);
	g_autofree char *broken = file("broken", "k1\nk2\n\nmissing\n", -1);
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) images = xb_request_images(list, &error);
	g_autoptr(json_t) wanted = json_pack("[{s:s, s:s}, {s:s, s:s}]", "label", "first one",
					     "kernel", kernel, "label", "k2", "kernel", other);

	g_assert_no_error(error);
	g_assert_true(json_equal(images, wanted));
	g_assert_null(xb_request_images(broken, &error));
	g_assert_nonnull(strstr(error->message, "line 4"));
}

static void numbers_name_a_variant(void)
{
	static const char *const bad[] = { "",     "fix.patch", "1",
					   "1:",   ":x",        "3:x",
					   "-1:x", "1x:y",      "99999999999999999999999:x",
					   " 1:x" };
	g_autoptr(GError) error = NULL;
	const char *rest;
	guint side;

	g_assert_true(xb_request_numbered("--patch", "2:a:b", 3, &side, &rest, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(side, ==, 2);
	g_assert_cmpstr(rest, ==, "a:b");
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) why = NULL;

		g_assert_false(xb_request_numbered("--patch", bad[i], 3, &side, &rest, &why));
		g_assert_nonnull(strstr(why->message, "1 to 2 for the variants"));
	}
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("xbisect-request-XXXXXX", NULL);
	g_test_add_func("/request/ranges", ranges);
	g_test_add_func("/request/files-travel-as-content", files_travel_as_content);
	g_test_add_func("/request/numbers-name-a-variant", numbers_name_a_variant);
	g_test_add_func("/request/images-may-hold-a-colon", images_may_hold_a_colon);
	g_test_add_func("/request/lists-name-the-bad-line", lists_name_the_bad_line);
	status = g_test_run();
	const char *names[] = { "a.patch", "b.patch", "c.patch", "vmlinuz", "vm:linuz",
				"k1",      "k2",      "list",    "broken" };
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(dir, names[i], NULL);

		g_unlink(path);
	}
	g_rmdir(dir);
	g_free(dir);
	return status;
}
