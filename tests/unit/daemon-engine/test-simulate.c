/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trials of synthetic worlds: equal seeds, equal results; and their description. */
#include "trials.h"

#include <math.h>
#include <string.h>

static XbWorld plain_world(const XbGraph *graph)
{
	return (XbWorld){
		.graph = *graph,
		.shift = 0.05,
		.boot_sd = 0.005,
		.run_sd = 0.002,
		.iterations = 5,
		.build_cold_s = 60,
		.build_near_s = 60,
		.boot_s = 30,
		.options = { .confidence = 0.99,
			     .min_effect = 0.01,
			     .hosts = 1,
			     .builders = 1,
			     .history_level = NAN },
	};
}

static void test_spread_of_known_numbers(void)
{
	double values[] = { 5, 1, 4, 2, 3 };
	XbSpread s = xb_spread(values, G_N_ELEMENTS(values));

	g_assert_cmpfloat(s.mean, ==, 3);
	g_assert_cmpfloat(s.least, ==, 1);
	g_assert_cmpfloat(s.most, ==, 5);
	g_assert_cmpfloat(s.median, ==, 3);
	g_assert_cmpfloat(s.p25, ==, 2);
	g_assert_cmpfloat_with_epsilon(s.p5, 1.2, 1e-12);
	g_assert_cmpfloat_with_epsilon(s.p95, 4.8, 1e-12);
	s = xb_spread(values, 1);
	g_assert_cmpfloat(s.p5, ==, 1);
	g_assert_true(isnan(xb_spread(values, 0).mean));
}

static void test_share_has_wilsons_interval(void)
{
	/* 10 of 50, by the formula in closed form. */
	XbShare s = xb_share(10, 50);

	g_assert_cmpfloat_with_epsilon(s.low, 0.1124375, 1e-6);
	g_assert_cmpfloat_with_epsilon(s.high, 0.3303711, 1e-6);
	s = xb_share(30, 30);
	g_assert_cmpfloat_with_epsilon(s.high, 1, 1e-12);
	g_assert_cmpfloat_with_epsilon(s.low, 0.8864866, 1e-6);
	g_assert_true(isnan(xb_share(0, 0).share));
}

static void test_equal_seeds_give_equal_results(void)
{
	g_autofree guint *start = NULL, *parent = NULL;
	XbGraph graph = xb_graph_random(40, 0.2, 3, &start, &parent);
	XbWorld world = plain_world(&graph);
	XbTrials a, b, c;

	world.outliers = world.unbuildable = world.unbootable = world.host_trouble = 0.05;
	world.outlier_size = 0.1;
	xb_trials_run(&world, 6, 7, NULL, NULL, &a);
	xb_trials_run(&world, 6, 7, NULL, NULL, &b);
	xb_trials_run(&world, 6, 8, NULL, NULL, &c);
	g_assert_cmpmem(&a, sizeof(a), &b, sizeof(b));
	g_assert_cmpint(memcmp(&a.boots, &c.boots, sizeof(a.boots)), !=, 0);
	g_assert_cmpuint(a.right + a.wrong + a.range + a.none + a.unfinished, ==, 6);
}

static bool stop_after_three(guint done, void *data)
{
	guint *calls = data;

	(*calls)++;
	return done < 3;
}

static void test_a_run_that_is_ended_early_counts_what_it_did(void)
{
	g_autofree guint *start = NULL, *parent = NULL;
	XbGraph graph = xb_graph_line(9, &start, &parent);
	XbWorld world = plain_world(&graph);
	XbTrials early, whole;
	guint calls = 0;

	xb_trials_run(&world, 50, 1, stop_after_three, &calls, &early);
	xb_trials_run(&world, 3, 1, NULL, NULL, &whole);
	g_assert_cmpuint(calls, ==, 3);
	g_assert_cmpmem(&early, sizeof(early), &whole, sizeof(whole));
}

static void test_a_trial_of_too_many_boots_is_given_up(void)
{
	g_autofree guint *start = NULL, *parent = NULL;
	XbGraph graph = xb_graph_line(9, &start, &parent);
	XbWorld world = plain_world(&graph);
	XbTrials whole, within, cut;

	xb_trials_run(&world, 4, 1, NULL, NULL, &whole);
	world.boots_max = (guint)whole.boots.most + 1;
	xb_trials_run(&world, 4, 1, NULL, NULL, &within);
	g_assert_cmpmem(&whole, sizeof(whole), &within, sizeof(within));
	world.boots_max = 3;
	xb_trials_run(&world, 4, 1, NULL, NULL, &cut);
	g_assert_cmpuint(cut.given_up, ==, 4);
	g_assert_cmpuint(cut.right + cut.wrong + cut.range + cut.none + cut.unfinished, ==, 0);
	g_assert_cmpfloat(cut.boots.most, ==, 3);
	g_assert_cmpfloat(cut.total_min.most, <, whole.total_min.least);
}

static void test_one_commit_is_a_range(void)
{
	g_autofree guint *start = NULL, *parent = NULL;
	XbGraph graph = xb_graph_line(2, &start, &parent);
	XbWorld world = plain_world(&graph);
	XbTrials trials;

	world.boot_sd = world.run_sd = 0;
	xb_trials_run(&world, 4, 1, NULL, NULL, &trials);
	g_assert_cmpuint(trials.right, ==, 4);
	world.no_culprit = true;
	xb_trials_run(&world, 4, 1, NULL, NULL, &trials);
	g_assert_cmpuint(trials.right, ==, 4);
}

/* No step at all: of these seeds one that is hardly above the least effect is the likeliest when
 * the boots of a flat range are used up, and many more would not settle it. */
static void test_a_step_that_is_hardly_one_ends_in_a_range(void)
{
	static const uint64_t unlucky[] = { 0xcea9370731035ddf, 0xb7cdfa3b6b873592 };
	g_autofree guint *start = NULL, *parent = NULL;
	const XbGraph graph = xb_graph_line(129, &start, &parent);
	XbWorld world = plain_world(&graph);

	world.no_culprit = true;
	world.prebuilt = true;
	world.boot_sd = 0.01;
	world.run_sd = 0.003;
	for (guint i = 0; i < G_N_ELEMENTS(unlucky); i++) {
		XbTrial trial;
		xb_simulate(&world, unlucky[i], &trial);
		g_assert_false(trial.stuck);
		g_assert_cmpint(trial.kind, ==, XB_VERDICT_RANGE);
		g_assert_cmpuint(trial.boots + trial.confirm_boots, ==, 56);
	}
}

/* Boots that vary by as much as the step: of these seeds the first few boots look like a clear step
 * of another commit by chance. */
static void test_a_chance_step_in_few_boots_is_not_believed(void)
{
	static const guint unlucky[] = { 137, 211 };
	g_autofree guint *start = NULL, *parent = NULL;
	const XbGraph graph = xb_graph_line(129, &start, &parent);
	XbWorld world = plain_world(&graph);

	world.shift = expm1(0.03);
	world.boot_sd = 0;
	world.run_sd = 0.03;
	world.iterations = 1;
	world.prebuilt = true;
	world.boot_s = 6;
	world.options.confidence = 0.95;
	for (guint i = 0; i < G_N_ELEMENTS(unlucky); i++) {
		XbTrial trial;
		xb_simulate(&world, unlucky[i] * UINT64_C(0x2545f4914f6cdd1d), &trial);
		g_test_message("seed %u: %u boots, culprit %u, truth %u", unlucky[i], trial.boots,
			       trial.culprit, trial.truth);
		g_assert_true(trial.boots > 12 || trial.culprit == trial.truth);
	}
}

/* Two builders: the trees of GOOD and of BAD go on from both ends at once. */
static void test_several_builders_are_kept_busy(void)
{
	g_autofree guint *start = NULL, *parent = NULL;
	const XbGraph graph = xb_graph_line(513, &start, &parent);
	XbWorld world = plain_world(&graph);
	double seconds[2] = { 0, 0 };

	world.boot_sd = world.run_sd = 0.0003;
	world.build_cold_s = 180;
	world.build_near_s = 20;
	world.build_each_s = 0.5;
	world.boot_s = 6;
	for (guint builders = 1; builders <= 2; builders++)
		for (guint seed = 1; seed <= 8; seed++) {
			XbTrial trial;
			world.options.builders = builders;
			xb_simulate(&world, seed, &trial);
			g_assert_true(trial.right);
			seconds[builders - 1] += trial.search_s / 8;
		}
	g_test_message("one builder %.0f s, two %.0f s", seconds[0], seconds[1]);
	g_assert_cmpfloat(seconds[1], <, 0.75 * seconds[0]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/simulate/spread of known numbers", test_spread_of_known_numbers);
	g_test_add_func("/simulate/a share has Wilson's interval", test_share_has_wilsons_interval);
	g_test_add_func("/simulate/equal seeds give equal results",
			test_equal_seeds_give_equal_results);
	g_test_add_func("/simulate/a run that is ended early counts what it did",
			test_a_run_that_is_ended_early_counts_what_it_did);
	g_test_add_func("/simulate/a trial of too many boots is given up",
			test_a_trial_of_too_many_boots_is_given_up);
	g_test_add_func("/simulate/one commit is a range", test_one_commit_is_a_range);
	g_test_add_func("/simulate/a step that is hardly one ends in a range",
			test_a_step_that_is_hardly_one_ends_in_a_range);
	g_test_add_func("/simulate/a chance step in few boots is not believed",
			test_a_chance_step_in_few_boots_is_not_believed);
	g_test_add_func("/simulate/several builders are kept busy",
			test_several_builders_are_kept_busy);
	return g_test_run();
}
