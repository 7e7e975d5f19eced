/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-warn.c - when a search is warned of, and with what advice. */
#include <string.h>

#include "warn.h"

static void test_quiet_hosts_and_unknown_ones_are_not_warned_of(void)
{
	g_assert_null(xb_warn_text(100, 0.001, 0, 50, 5, 0.01, 0.99, 1, 6, 60));
	g_assert_null(xb_warn_text(100, 0.05, 0, 2, 5, 0.01, 0.99, 1, 6, 60));
	g_assert_null(xb_warn_text(100, 0, 0, 50, 5, 0.01, 0.99, 1, 6, 60));
}

static void test_noise_above_the_effect_is_told(void)
{
	g_autofree char *text = xb_warn_text(60, 0.05, 0.001, 50, 5, 0.01, 0.99, 1, 6, 60);

	g_assert_nonnull(text);
	g_test_message("%s", text);
	g_assert_nonnull(strstr(text, "vary by 5 %"));
	g_assert_nonnull(strstr(text, "more than 160 boots"));
	g_assert_nonnull(strstr(text, "--min-effect 16%"));
}

static void test_noise_of_samples_asks_for_iterations(void)
{
	g_autofree char *text = xb_warn_text(60, 0.05, 0.1, 50, 4, 0.01, 0.99, 1, 6, 60);

	g_assert_nonnull(text);
	g_assert_nonnull(strstr(text, "more iterations"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/warn/quiet hosts and unknown ones are not warned of",
			test_quiet_hosts_and_unknown_ones_are_not_warned_of);
	g_test_add_func("/warn/noise above the effect is told",
			test_noise_above_the_effect_is_told);
	g_test_add_func("/warn/noise of samples asks for iterations",
			test_noise_of_samples_asks_for_iterations);
	return g_test_run();
}
