/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-planner.c - when an image counts as one that can't be measured. */
#include "planner.h"

static void test_an_image_that_cannot_be_measured(void)
{
	static const struct {
		XbTally tally;
		bool varying, deterministic; /* unbootable on such hosts */
	} cases[] = {
		{ { .ok = 3 }, false, false },
		{ { .failed = 1 }, false, true },
		{ { .failed = 2 }, true, true },
		{ { .ok = 2, .failed = 1 }, false, false },
		{ { .ok = 2, .failed = 2 }, true, true },
		{ { .ok = 3, .failed = 2 }, false, false },
		{ { .n_void = 1 }, false, true },
		{ { .n_void = 2 }, false, true },
		{ { .n_void = 3 }, true, true },
		{ { .ok = 1, .n_void = 5 }, false, true },
		{ { .ok = 1, .n_void = 6 }, true, true },
		{ { .ok = 20, .n_void = 10 }, false, false },
		{ { .trouble = 2 }, false, false },
		{ { .trouble = 3 }, true, true },
		{ { .ok = 1, .trouble = 3 }, false, false },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("case %u", i);
		g_assert_true(xb_tally_unbootable(&cases[i].tally, false) == cases[i].varying);
		g_assert_true(xb_tally_unbootable(&cases[i].tally, true) == cases[i].deterministic);
	}
	g_assert_false(xb_tally_unbootable(NULL, true));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/planner/an image that cannot be measured",
			test_an_image_that_cannot_be_measured);
	return g_test_run();
}
