/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-vmstat.c - /proc/vmstat, before and after. */
#include "vmstat.h"

#include <glib.h>

static void what_grew_is_found_by_name(void)
{
	Vmstat before, after;

	vmstat_parse(&before, "nr_free_pages 100\npgfault 10\npgalloc_normal 7\n");
	vmstat_parse(&after, "nr_free_pages 90\npgfault 25\npgalloc_normal 7\npgfree 1\n");
	g_assert_cmpuint(after.n, ==, 4);
	g_assert_cmpint(vmstat_grown(&before, &after, 0), ==, -10);
	g_assert_cmpint(vmstat_grown(&before, &after, 1), ==, 15);
	g_assert_cmpint(vmstat_grown(&before, &after, 2), ==, 0);
	g_assert_cmpint(vmstat_grown(&before, &after, 3), ==, 0); /* no row before */
	g_assert_false(vmstat_counts_events(&after.rows[0]));
	g_assert_true(vmstat_counts_events(&after.rows[1]));
}

static void what_is_no_row_is_left_out(void)
{
	g_autoptr(GString) many = g_string_new(NULL);
	Vmstat stat;

	vmstat_parse(&stat,
		     "a\nb 1 2\n 3\nc  \nd x\ne 99999999999999999999999\nf g\nok 5\nlast -6");
	g_assert_cmpuint(stat.n, ==, 2);
	g_assert_cmpstr(stat.rows[0].name, ==, "ok");
	g_assert_cmpint(stat.rows[1].value, ==, -6);
	vmstat_parse(&stat, "a_name_that_is_longer_than_forty_seven_characters_is 1\n");
	g_assert_cmpuint(stat.n, ==, 0);
	for (guint i = 0; i < 1000; i++)
		g_string_append_printf(many, "row%u %u\n", i, i);
	vmstat_parse(&stat, many->str);
	g_assert_cmpuint(stat.n, ==, VMSTAT_ROWS);
	vmstat_parse(&stat, "");
	g_assert_cmpuint(stat.n, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vmstat/what-grew-is-found-by-name", what_grew_is_found_by_name);
	g_test_add_func("/vmstat/what-is-no-row-is-left-out", what_is_no_row_is_left_out);
	return g_test_run();
}
