/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control limits: when they begin, that they are robust, and how often a well host is outside. */
#include <math.h>

#include "control-limits.h"

static double gauss(GRand *rand)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += g_rand_double(rand);
	return sum;
}

static void too_few_say_nothing(void)
{
	const double levels[] = { 1, 1, 1, 1, 1, 1 };
	XbLimits limits;

	g_assert_false(xb_limits_learn(levels, XB_LIMITS_BOOTS_MIN - 1, &limits));
	g_assert_true(xb_limits_learn(levels, XB_LIMITS_BOOTS_MIN, &limits));
}

static void equal_boots_leave_one_percent(void)
{
	const double levels[] = { 2, 2, 2, 2, 2, 2, 2 };
	XbLimits limits;

	g_assert_true(xb_limits_learn(levels, G_N_ELEMENTS(levels), &limits));
	g_assert_cmpfloat_with_epsilon(limits.low, 1.98, 1e-12);
	g_assert_cmpfloat_with_epsilon(limits.high, 2.02, 1e-12);
}

static void sick_boots_move_nothing(void)
{
	double levels[12];
	XbLimits well, sick;

	for (int i = 0; i < 12; i++)
		levels[i] = 1 + 0.002 * (i % 5);
	g_assert_true(xb_limits_learn(levels, 12, &well));
	levels[3] = levels[8] = 40;
	g_assert_true(xb_limits_learn(levels, 12, &sick));
	g_assert_cmpfloat_with_epsilon(sick.median, well.median, 0.005);
	g_assert_cmpfloat(sick.high, <, 1.1);
}

/* As documented: 1 % of single boots, 0.1 % of pairs; and a step of 8 sd is seen. */
static void a_well_host_is_seldom_outside(void)
{
	GRand *rand = g_rand_new_with_seed(7);
	int outside = 0, twice = 0, seen = 0;
	const int rounds = 20000, n = 20;

	for (int r = 0; r < rounds; r++) {
		double levels[20];
		XbLimits limits;

		for (int i = 0; i < n; i++)
			levels[i] = 100 + gauss(rand) * 3;
		g_assert_true(xb_limits_learn(levels, (guint)n, &limits));
		double one = 100 + gauss(rand) * 3, two = 100 + gauss(rand) * 3;
		bool first = one < limits.low || one > limits.high;
		outside += first;
		twice += first && (two < limits.low || two > limits.high);
		seen += one + 24 > limits.high && two + 24 > limits.high;
	}
	g_rand_free(rand);
	g_assert_cmpint(outside, <, rounds / 60);
	g_assert_cmpint(twice, <, rounds / 400);
	g_assert_cmpint(seen, >, rounds * 98 / 100);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/limits/too-few-say-nothing", too_few_say_nothing);
	g_test_add_func("/limits/equal-boots-leave-one-percent", equal_boots_leave_one_percent);
	g_test_add_func("/limits/sick-boots-move-nothing", sick_boots_move_nothing);
	g_test_add_func("/limits/a-well-host-is-seldom-outside", a_well_host_is_seldom_outside);
	return g_test_run();
}
