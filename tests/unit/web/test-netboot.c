/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-netboot.c - names and ranges that a machine asks for while it boots. */
#include "netboot.h"

static void test_ranges(void)
{
	static const struct {
		const char *text;
		guint64 size;
		bool part;
		guint64 first, last;
	} cases[] = {
		{ NULL, 10, false, 0, 0 },
		{ "bytes=0-", 10, true, 0, 9 },
		{ "bytes=3-", 10, true, 3, 9 },
		{ "bytes=3-5", 10, true, 3, 5 },
		{ "bytes=3-3", 10, true, 3, 3 },
		{ "bytes=3-100", 10, true, 3, 9 },
		{ "bytes=10-", 10, true, 10, 9 }, /* nothing of it is there */
		{ "bytes=0-", 0, true, 0, 0 },
		{ "bytes=5-3", 10, false, 0, 0 },
		{ "bytes=-3", 10, false, 0, 0 }, /* the last three: may be ignored */
		{ "bytes=", 10, false, 0, 0 },
		{ "bytes=-", 10, false, 0, 0 },
		{ "bytes=1-2,4-5", 10, false, 0, 0 },
		{ "bytes=1-2-3", 10, false, 0, 0 },
		{ "bytes= 1-2", 10, false, 0, 0 },
		{ "bytes=+1-2", 10, false, 0, 0 },
		{ "lines=1-2", 10, false, 0, 0 },
		{ "bytes=99999999999999999999-", 10, false, 0, 0 },
		{ "bytes=0-99999999999999999999", 10, false, 0, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint64 first = 0, last = 0;
		bool part = xb_netboot_range(cases[i].text, cases[i].size, &first, &last);

		g_test_message("%s", cases[i].text);
		g_assert_true(part == cases[i].part);
		if (part) {
			g_assert_cmpuint(first, ==, cases[i].first);
			g_assert_cmpuint(last, ==, cases[i].last);
		}
	}
}

static void test_names(void)
{
	g_assert_cmpstr(xb_netboot_name("/lab1/boot.ipxe"), ==, "lab1/boot.ipxe");
	g_assert_cmpstr(xb_netboot_name("//lab1//x"), ==, "lab1//x");
	g_assert_cmpstr(xb_netboot_name("/a..b"), ==, "a..b");
	g_assert_null(xb_netboot_name(""));
	g_assert_null(xb_netboot_name("///"));
	g_assert_null(xb_netboot_name("/.xbisect-lock"));
	g_assert_null(xb_netboot_name("/lab1/.kernel.12.new"));
	g_assert_null(xb_netboot_name("/lab1/../x"));
	g_assert_null(xb_netboot_name("/.."));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/netboot/ranges", test_ranges);
	g_test_add_func("/netboot/names", test_names);
	return g_test_run();
}
