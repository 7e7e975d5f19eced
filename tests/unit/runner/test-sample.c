/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-sample.c - "METRIC VALUE UNIT" as a machine sends it. */
#include "sample.h"

static void lines_are_taken(void)
{
	Sample sample;

	g_assert_true(runner_sample_parse("unmap 0.0222 s", &sample));
	g_assert_cmpstr(sample.metric, ==, "unmap");
	g_assert_cmpfloat(sample.value, ==, 0.0222);
	g_assert_cmpstr(sample.unit, ==, "s");
	g_assert_true(runner_sample_parse("io.read/4k 1e3 µs", &sample));
	g_assert_cmpstr(sample.unit, ==, "µs");
}

static void others_are_refused(void)
{
	static const char *const lines[] = {
		"",
		"unmap",
		"unmap 1",
		"unmap 1 s more",
		"unmap nan s",
		"unmap inf s",
		"unmap 0x s",
		"un map 1 s",
		"<b> 1 s",
		"unmap 1 \xff",
		"unmap 1 \x1b",
		"unmap 1 \xc2\xb5\xff",
		"unmap 1 s\x7f",
		"unmap 1 \xe2\x80\xae",
		"unmap 1 a-unit-that-is-longer-than-any-unit-that-was-ever-measured-by-anyone",
	};
	Sample sample;

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_test_message("line %u", i);
		g_assert_false(runner_sample_parse(lines[i], &sample));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sample/lines-are-taken", lines_are_taken);
	g_test_add_func("/sample/others-are-refused", others_are_refused);
	return g_test_run();
}
