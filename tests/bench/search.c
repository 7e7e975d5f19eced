/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * search.c - what the search is worth: `make bench-search`.
 *
 * The engine is driven over synthetic worlds (simulate.h) beside searches that
 * know more (reference.h). Each row prints its goal, the figure and whether it
 * holds; the exit status is 1 when one does not. Seeds are fixed: a run can be
 * repeated to the last digit.
 *
 *     search [--trials N] [--jobs N] [--only WORDS]
 */
#include "ab-rows.h"
#include "path-rows.h"
#include "planner-rows.h"
#include "random.h"
#include "rows.h"
#include "worlds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The step of the grid on the log scale, above the default --min-effect. */
#define STEP 0.03

static const guint grid_n[] = { 128, 1024 };
static const double grid_d[] = { 1, 1.5, 2, 3, 5 };

/* A line of @n commits that can be the culprit; images exist; one sample. */
static XbWorld grid_world(guint n, double d, double confidence)
{
	XbWorld world = world_default();

	world.graph = world_line(n + 1);
	world.shift = expm1(STEP);
	world.run_sd = STEP / d;
	world.boot_sd = 0;
	world.iterations = 1;
	world.prebuilt = true;
	world.options.confidence = confidence;
	return world;
}

typedef struct {
	double stated, right, trials;
} Pool;

static void add_to_pool(Pool *pool, const Summary *it)
{
	pool->stated += it->stated * it->trials;
	pool->right += it->right * it->trials;
	pool->trials += it->trials;
}

static void print_pool(Bench *bench, const char *name, const Pool *pool)
{
	if (pool->trials == 0)
		return;
	double stated = pool->stated / pool->trials, right = pool->right / pool->trials;
	g_autofree char *detail = g_strdup_printf(
		"\"trials\": %.0f, \"stated\": %.4f, \"right\": %.4f", pool->trials, stated, right);
	row_at_most(bench, name, fabs(stated - right), 0.01, detail);
}

/* One cell at 95 %: ours, the greedy reference, the oracle. */
static void grid_cell(Bench *bench, guint n, double d, Pool *pool)
{
	g_autofree char *cell = g_strdup_printf("grid N=%u d=%g", n, d);
	XbWorld world = grid_world(n, d, 0.95);
	RefWorld ref = {
		.n = n,
		.shift = STEP,
		.s = STEP / d,
		.confidence = 0.95,
		.prior_none = 0.2,
		.most = 2000,
	};
	guint trials = bench->trials;
	Summary ours, greedy, oracle;

	if (!bench_wants(bench, cell))
		return;
	bench_reference(bench, ref_oracle, &ref, 4 * trials, 1, &oracle);
	bench_reference(bench, ref_greedy, &ref, trials, 1, &greedy);
	bench_worlds(bench, &world, trials, 1, &ours);
	add_to_pool(pool, &ours);
	g_autofree char *detail = summary_detail(&ours);
	g_autofree char *peers = g_strdup_printf(
		"%s, \"oracle_boots\": %.2f, \"oracle_right\": %.4f, \"greedy_boots\": %.2f, "
		"\"greedy_right\": %.4f, \"in_all_over_oracle\": %.3f, "
		"\"confident_over_oracle\": %.3f",
		detail, oracle.boots, oracle.right, greedy.boots, greedy.right,
		(ours.boots + ours.confirm_boots) / oracle.boots,
		ours.confident_boots / oracle.boots);
	g_autofree char *accuracy = g_strdup_printf("%s: accuracy at 95 %%", cell);
	g_autofree char *over_greedy = g_strdup_printf("%s: boots over the greedy reference", cell);
	g_autofree char *over_oracle = g_strdup_printf("%s: boots over the oracle", cell);
	row_at_least(bench, accuracy, ours.right, 0.95, peers);
	row_as_stated(bench, cell, &ours);
	row_at_most(bench, over_greedy, ours.boots / greedy.boots, 1.15, NULL);
	if (d >= 2)
		row_at_most(bench, over_oracle, ours.boots / oracle.boots, 1.8, NULL);
}

static void grid(Bench *bench)
{
	Pool pool = { 0 };

	for (guint i = 0; i < G_N_ELEMENTS(grid_n); i++)
		for (guint k = 0; k < G_N_ELEMENTS(grid_d); k++)
			grid_cell(bench, grid_n[i], grid_d[k], &pool);
	print_pool(bench, "grid: calibration at 95 %", &pool);
}

/* 99 %: accuracy and calibration only. */
static void grid_99(Bench *bench)
{
	Pool pool = { 0 };

	for (guint i = 0; i < G_N_ELEMENTS(grid_n) * G_N_ELEMENTS(grid_d); i++) {
		guint n = grid_n[i / G_N_ELEMENTS(grid_d)];
		double d = grid_d[i % G_N_ELEMENTS(grid_d)];
		g_autofree char *name = g_strdup_printf("grid N=%u d=%g: accuracy at 99 %%", n, d);
		XbWorld world = grid_world(n, d, 0.99);
		Summary ours;
		if (!bench_wants(bench, name) && !bench_wants(bench, "grid: calibration at 99 %"))
			continue;
		bench_worlds(bench, &world, bench->trials, 1, &ours);
		add_to_pool(&pool, &ours);
		g_autofree char *detail = summary_detail(&ours);
		row_at_least(bench, name, ours.right, 0.99, detail);
	}
	print_pool(bench, "grid: calibration at 99 %", &pool);
}

/*
 * A stated probability is the share of right verdicts where worlds are as often as the engine's
 * prior says (posterior.h): one of five without a step, steps from a Cauchy of 5 %, noise
 * log-normal around 0.8 %. In a single world, which rows above have, it may be above or below.
 */
static void worlds_of_the_prior(Bench *bench)
{
	static const double asked[] = { 0.95, 0.99 };

	for (guint k = 0; k < G_N_ELEMENTS(asked); k++) {
		g_autofree char *name = g_strdup_printf(
			"worlds of the prior N=128: calibration at %g %%", 100 * asked[k]);
		Pool pool = { 0 };

		for (guint i = 0; bench_wants(bench, name) && i < bench->trials; i++) {
			XbRandom random = { xb_random_mix(i + 1) };
			double step = 0.05 * tan(G_PI * (xb_random_unit(&random) - 0.5));
			double s = 0.008 * exp(0.8 * xb_random_normal(&random));
			XbWorld world = grid_world(128, STEP / s, asked[k]);
			Summary ours;

			world.shift = expm1(CLAMP(step, -1, 1));
			world.no_culprit = xb_random_unit(&random) < 0.2 ||
					   fabs(step) < log1p(world.options.min_effect);
			bench_worlds(bench, &world, 1, i, &ours);
			if (ours.culprit + ours.none > 0)
				add_to_pool(&pool, &ours);
		}
		print_pool(bench, name, &pool);
	}
}

/* History knows the levels of both sides and the noise. */
static void known_levels(Bench *bench)
{
	for (guint i = 0; i < G_N_ELEMENTS(grid_n); i++) {
		for (guint k = 0; k < G_N_ELEMENTS(grid_d); k++) {
			double d = grid_d[k];
			g_autofree char *name = g_strdup_printf(
				"history N=%u d=%g: boots over the oracle", grid_n[i], d);
			XbWorld world = grid_world(grid_n[i], d, 0.95);
			RefWorld ref = {
				.n = grid_n[i],
				.shift = STEP,
				.s = STEP / d,
				.confidence = 0.95,
				.most = 2000,
			};
			guint trials = bench->trials;
			Summary ours, oracle;
			if (!bench_wants(bench, name))
				continue;
			world_know(&world);
			bench_reference(bench, ref_oracle, &ref, 4 * trials, 1, &oracle);
			bench_worlds(bench, &world, trials, 1, &ours);
			g_autofree char *detail = summary_detail(&ours);
			g_autofree char *peers =
				g_strdup_printf("%s, \"oracle_boots\": %.2f", detail, oracle.boots);
			row_at_most(bench, name, ours.boots / oracle.boots, 1.3, peers);
		}
	}
}

/* Little or no noise: one boot a commit, as many as a plain bisection needs. */
static void little_noise(Bench *bench)
{
	static const guint lines[] = { 100, 128, 166, 1024 };

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
		for (guint k = 0; k < 3; k++) {
			double d = k == 0 ? 10 : k == 1 ? 30 : INFINITY;
			g_autofree char *name = g_strdup_printf(
				"little noise N=%u d=%s: ceil(log2 N) boots and endpoints",
				lines[i],
				k == 0   ? "10"
				: k == 1 ? "30"
					 : "inf");
			XbWorld world = grid_world(lines[i], d, 0.95);
			Summary ours;
			if (!bench_wants(bench, name))
				continue;
			bench_worlds(bench, &world, bench->trials, 1, &ours);
			g_autofree char *detail = summary_detail(&ours);
			g_autofree char *most = g_strdup_printf("%s, \"most_search_boots\": %u",
								detail, ours.most_search_boots);
			/* The goal is every trial. At d = 10 some readings are off by enough to
			 * be asked again, and this row says in how many trials. */
			row_at_least(bench, name, ours.halved, 1, most);
		}
	}
}

/* A host that repeats itself, and four of five commits change no file that is built. */
static void few_can_matter(Bench *bench)
{
	const char *name = "no noise, a fifth of N=1024 can matter: ceil(log2 of these) boots";
	XbWorld world = grid_world(1024, INFINITY, 0.95);
	Summary ours;

	if (!bench_wants(bench, name))
		return;
	world.matter = 0.2;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *detail = summary_detail(&ours);
	row_at_least(bench, name, ours.halved, 1, detail);
}

static guint number(const char *text)
{
	return (guint)MAX(1, strtol(text, NULL, 10));
}

int main(int argc, char **argv)
{
	Bench bench = { .trials = 1000, .jobs = g_get_num_processors() };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (g_str_equal(argv[i], "--trials"))
			bench.trials = number(argv[i + 1]);
		else if (g_str_equal(argv[i], "--jobs"))
			bench.jobs = number(argv[i + 1]);
		else if (g_str_equal(argv[i], "--only"))
			bench.only = argv[i + 1];
		else
			g_error("unknown option %s", argv[i]);
	}
	planner_rows(&bench);
	grid(&bench);
	grid_99(&bench);
	worlds_of_the_prior(&bench);
	known_levels(&bench);
	little_noise(&bench);
	few_can_matter(&bench);
	worlds(&bench);
	path_rows(&bench);
	ab_rows(&bench);
	printf("{\"rows\": %u, \"failed\": %u}\n", bench.rows, bench.failed);
	return bench.failed > 0;
}
