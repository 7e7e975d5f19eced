/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-idle.c - when a machine has calmed down. */
#include "idle.h"

#include <glib.h>

static void the_line_adds_up(void)
{
	IdleTicks ticks;

	g_assert_true(idle_parse(&ticks, "cpu  10 1 20 900 5 0 3 1 0 0\ncpu0 1 2 3 4\n"));
	g_assert_cmpuint(ticks.total, ==, 940);
	g_assert_cmpuint(ticks.idle, ==, 900);
	g_assert_true(idle_parse(&ticks, "cpu 1 2 3 4"));
	g_assert_cmpuint(ticks.total, ==, 10);
	g_assert_cmpuint(ticks.idle, ==, 4);
}

static void what_is_no_such_line_is_told(void)
{
	static const char *const texts[] = {
		"", "cp", "cpu", "cpu  1 2 3", "intr 1 2 3 4 5", "cpu0 1 2 3 4", "cpu x y z a"
	};
	IdleTicks ticks;

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_assert_false(idle_parse(&ticks, texts[i]));
		g_assert_cmpuint(ticks.total, ==, 0);
		g_assert_cmpuint(ticks.idle, ==, 0);
	}
}

static void nine_tenths_are_calm(void)
{
	const IdleTicks start = { 1000, 500 };

	g_assert_true(idle_between(&start, &(IdleTicks){ 1100, 600 }));
	g_assert_true(idle_between(&start, &(IdleTicks){ 1100, 590 }));
	g_assert_false(idle_between(&start, &(IdleTicks){ 1100, 589 }));
	g_assert_false(idle_between(&start, &(IdleTicks){ 1400, 500 }));
	g_assert_true(idle_between(&start, &start));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/idle/the-line-of-proc-stat-adds-up", the_line_adds_up);
	g_test_add_func("/idle/what-is-no-such-line-is-told", what_is_no_such_line_is_told);
	g_test_add_func("/idle/nine-tenths-are-calm", nine_tenths_are_calm);
	return g_test_run();
}
