/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-noise.c - the spread of earlier boots. */
#include <math.h>

#include "noise.h"

static void add(GArray *rows, const char *image, int64_t run, double value)
{
	XbNoiseRow row = { (char *)image, run, value };
	g_array_append_val(rows, row);
}

static void test_levels_of_images_do_not_matter(void)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(XbNoiseRow));

	/* Readings of a: 0, 0.02; of b: 1, 1.02, 1.04. Sum of squares 0.0002 + 0.0008, 3 free. */
	add(rows, "a", 1, exp(-0.01));
	add(rows, "a", 1, exp(0.01));
	add(rows, "a", 2, exp(0.01));
	add(rows, "a", 2, exp(0.03));
	for (int i = 0; i < 3; i++) {
		add(rows, "b", 3 + i, exp(1 + 0.02 * i));
		add(rows, "b", 3 + i, NAN);
		add(rows, "b", 3 + i, 0);
	}
	add(rows, "c", 9, 5);
	XbNoise noise = xb_noise_of_rows(rows);
	g_assert_cmpfloat_with_epsilon(noise.boot_sd, sqrt(0.001 / 3), 1e-9);
	g_assert_cmpfloat_with_epsilon(noise.run_sd, sqrt(0.0002), 1e-9);
	g_assert_cmpuint(noise.boots, ==, 4);
	g_assert_cmpuint(noise.images, ==, 2);
}

static void test_nothing_known(void)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(XbNoiseRow));

	XbNoise noise = xb_noise_of_rows(rows);
	g_assert_cmpuint(noise.boots, ==, 0);
	add(rows, "a", 1, 1);
	add(rows, "b", 2, 2);
	noise = xb_noise_of_rows(rows);
	g_assert_cmpuint(noise.boots, ==, 0);
	g_assert_cmpfloat(noise.boot_sd, ==, 0);
}

static void test_a_host_that_repeats_itself_has_none(void)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(XbNoiseRow));

	for (int i = 0; i < 8; i++)
		add(rows, "a", i, 0.04);
	XbNoise noise = xb_noise_of_rows(rows);
	g_assert_cmpuint(noise.boots, ==, 8);
	g_assert_cmpfloat(noise.boot_sd, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/noise/levels of images do not matter",
			test_levels_of_images_do_not_matter);
	g_test_add_func("/noise/nothing known", test_nothing_known);
	g_test_add_func("/noise/a host that repeats itself has none",
			test_a_host_that_repeats_itself_has_none);
	return g_test_run();
}
