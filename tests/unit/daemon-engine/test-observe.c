/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a boot's samples come to, bad ones among them. */
#include "observe.h"

#include <math.h>

static double level(const double *samples, guint n)
{
	const XbBoot boot = { .n_samples = n, .samples = samples };

	return xb_boot_level(&boot);
}

#define LEVEL(...)                             \
	level((const double[]){ __VA_ARGS__ }, \
	      sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))
#define assert_is(got, wanted) g_assert_cmpfloat_with_epsilon((got), (wanted), 1e-12)

static void test_a_level_is_the_median_of_the_logarithms(void)
{
	assert_is(LEVEL(2), log(2));
	assert_is(LEVEL(3, 3, 3), log(3));
	assert_is(LEVEL(3, 1, 2), log(2));
	assert_is(LEVEL(2, 8), log(4)); /* their geometric mean */
	/* one storm of many does not count */
	assert_is(LEVEL(2, 2, 2, 2, 1000), log(2));
	/* the ends of what a double holds */
	assert_is(LEVEL(1e-300), log(1e-300));
	assert_is(LEVEL(1e300), log(1e300));
}

static void test_bad_samples_are_left_out(void)
{
	assert_is(LEVEL(0, 2), log(2));
	assert_is(LEVEL(-1, 2, -3), log(2));
	assert_is(LEVEL(NAN, 2), log(2));
	assert_is(LEVEL(INFINITY, 2, -INFINITY), log(2));
	assert_is(LEVEL(-0.0, NAN, INFINITY, -7, 5), log(5));
}

static void test_without_a_good_sample_there_is_no_level(void)
{
	g_assert_true(isnan(level(NULL, 0)));
	g_assert_true(isnan(LEVEL(0)));
	g_assert_true(isnan(LEVEL(-1)));
	g_assert_true(isnan(LEVEL(NAN)));
	g_assert_true(isnan(LEVEL(INFINITY)));
	g_assert_true(isnan(LEVEL(0, -1, NAN, INFINITY, -INFINITY)));
}

/* More samples than are kept on the stack. */
static void test_many_samples(void)
{
	double samples[201];

	for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
		samples[i] = i % 2 ? 1 + i : -1.0;
	assert_is(level(samples, G_N_ELEMENTS(samples)), (log(100) + log(102)) / 2);
}

/* Boots without a number are counted by themselves, readings of no spread are readings. */
static void test_void_boots_are_no_readings(void)
{
	static const double same[] = { 2, 2, 2 }, bad[] = { 0, NAN };
	const guint parent_start[] = { 0, 0, 1 }, parent[] = { 0 };
	const XbGraph graph = { 2, parent_start, parent };
	const XbNode nodes[2] = { { .status = XB_STATUS_BUILT, .prior = 1 },
				  { .status = XB_STATUS_BUILT, .prior = 1 } };
	const XbBoot boots[] = {
		{ .node = 0, .sequence = 1, .n_samples = 3, .samples = same },
		{ .node = 0, .sequence = 2, .n_samples = 2, .samples = bad },
		{ .node = 0, .sequence = 3, .n_samples = 3, .samples = same },
		{ .node = 1, .sequence = 4 },
	};
	g_autoptr(XbObservations) seen =
		xb_observations_new(&graph, nodes, boots, G_N_ELEMENTS(boots));
	const XbUnit *good = &seen->units[seen->unit_of[0]];
	const XbUnit *end = &seen->units[seen->unit_of[1]];

	g_assert_cmpuint(good->n, ==, 2);
	g_assert_cmpuint(good->n_void, ==, 1);
	assert_is(good->mean, log(2));
	g_assert_cmpuint(end->n, ==, 0);
	g_assert_cmpuint(end->n_void, ==, 1);
	g_assert_true(isnan(end->mean));
	g_assert_cmpuint(seen->readings->len, ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/observe/a level is the median of the logarithms",
			test_a_level_is_the_median_of_the_logarithms);
	g_test_add_func("/observe/bad samples are left out", test_bad_samples_are_left_out);
	g_test_add_func("/observe/without a good sample there is no level",
			test_without_a_good_sample_there_is_no_level);
	g_test_add_func("/observe/many samples", test_many_samples);
	g_test_add_func("/observe/void boots are no readings", test_void_boots_are_no_readings);
	return g_test_run();
}
