/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worlds.c - rows for hosts and histories that are harder than the grid. */
#include "worlds.h"

#include <math.h>

XbGraph world_line(guint n)
{
	static GHashTable *lines;
	XbGraph *line;

	if (!lines)
		lines = g_hash_table_new(NULL, NULL);
	line = g_hash_table_lookup(lines, GUINT_TO_POINTER(n));
	if (!line) {
		guint *start, *parent;
		XbGraph graph = xb_graph_line(n, &start, &parent);
		line = g_memdup2(&graph, sizeof(graph));
		g_hash_table_insert(lines, GUINT_TO_POINTER(n), line);
	}
	return *line;
}

XbWorld world_default(void)
{
	return (XbWorld){
		.graph = world_line(129),
		.shift = 0.03,
		.boot_sd = 0.01,
		.run_sd = 0.003,
		.iterations = 5,
		.prebuilt = true,
		.boot_s = 6,
		.options = {
			.confidence = 0.99,
			.min_effect = 0.01,
			.hosts = 1,
			.builders = 1,
			.history_level = NAN,
		},
	};
}

void world_know(XbWorld *world)
{
	world->options.history_level = 0;
	world->options.history_n = 100;
	world->options.history_bad_level = log1p(world->shift);
	world->options.history_bad_n = 100;
	world->options.history_boot_sd =
		hypot(world->boot_sd, world->run_sd / sqrt(world->iterations));
}

/* Every boot of an image is the same; images differ. */
static void no_boot_variance(Bench *bench)
{
	XbWorld world = world_default();
	Summary ours;

	world.boot_sd = world.run_sd = 0;
	world.image_sd = 0.003;
	if (!bench_wants(bench, "no boot variance"))
		return;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *shifted = summary_detail(&ours);
	row_at_least(bench, "no boot variance, image sd 0.3 %: a 3 % shift is found", ours.right,
		     0.99, shifted);
	world.no_culprit = true;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *flat = summary_detail(&ours);
	row_at_least(bench, "no boot variance, image sd 0.3 %: flat is none", ours.none, 0.99,
		     flat);
}

static void flat_range(Bench *bench)
{
	XbWorld world = world_default();
	Summary ours;

	if (!bench_wants(bench, "flat range"))
		return;
	world.no_culprit = true;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *detail = summary_detail(&ours);
	row_at_most(bench, "flat range: culprits named at 99 %", ours.wrong, 0.01, detail);
	row_at_least(bench, "flat range: none", ours.none, 0.99, NULL);
	row_at_most(bench, "flat range: most boots", ours.most_boots_in_all, 60, NULL);
}

/* The planner builds as well: what a build and a boot cost by default. */
static XbWorld built_world(void)
{
	XbWorld world = world_default();

	world.shift = 0.05;
	world.prebuilt = false;
	world.build_cold_s = 180;
	world.build_near_s = 20;
	world.build_each_s = 0.5;
	return world;
}

static void broken_commits(Bench *bench)
{
	for (int inside = 0; inside < 2; inside++) {
		const char *name = inside ? "broken commits, culprit among them" : "broken commits";
		g_autofree char *covered = g_strdup_printf("%s: right, or a range with it", name);
		g_autofree char *wrong = g_strdup_printf("%s: wrong culprits at 99 %%", name);
		XbWorld world = built_world();
		Summary ours;
		if (!bench_wants(bench, name))
			continue;
		world.unbuildable = 0.1;
		world.unbootable = 0.05;
		world.culprit_broken = inside;
		bench_worlds(bench, &world, bench->trials / 2 + 1, 1, &ours);
		g_autofree char *detail = summary_detail(&ours);
		row_at_least(bench, covered, ours.covered, 0.98, detail);
		row_at_most(bench, wrong, ours.wrong, 0.01, NULL);
	}
}

static void unruly_hosts(Bench *bench)
{
	XbWorld world = world_default();
	Summary clean, outliers, trouble;

	if (!bench_wants(bench, "unruly host"))
		return;
	world.shift = 0.05;
	bench_worlds(bench, &world, bench->trials, 1, &clean);
	world.outliers = 0.1;
	world.outlier_size = 0.1;
	bench_worlds(bench, &world, bench->trials, 1, &outliers);
	world.outliers = 0;
	world.host_trouble = 0.05;
	bench_worlds(bench, &world, bench->trials, 1, &trouble);
	g_autofree char *first = summary_detail(&outliers);
	g_autofree char *second = summary_detail(&trouble);
	row_at_most(bench, "unruly host, 10 % outliers of +10 %: accuracy lost",
		    clean.right - outliers.right, 0.01, first);
	row_at_most(bench, "unruly host, 5 % of boots fail: accuracy lost",
		    clean.right - trouble.right, 0.01, second);
}

/* A host that becomes 5 % slower in 100 boots; and one that does not. */
static void drifting_host(Bench *bench)
{
	XbWorld world = world_default();
	Summary ours;

	if (!bench_wants(bench, "drifting host"))
		return;
	world.drift = 0.05;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *stepped = summary_detail(&ours);
	row_at_least(bench, "drifting host, 5 % in 100 boots: accuracy at 99 %", ours.right, 0.99,
		     stepped);
	world.no_culprit = true;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *flat = summary_detail(&ours);
	row_at_most(bench, "drifting host, flat range: culprits named at 99 %", ours.wrong, 0.01,
		    flat);
	world.drift = 0.2;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	row_at_least(bench, "drifting host, flat range, 20 % in 100 boots: drift is reported",
		     ours.drifted, 0.9, NULL);
	world.drift = 0;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	row_at_most(bench, "steady host, flat range: drift is reported", ours.drifted, 0.01, NULL);
}

static double plain_build(const XbWorld *world, double tree, double commit)
{
	return fmin(world->build_cold_s,
		    world->build_near_s + world->build_each_s * fabs(commit - tree));
}

/* Minutes of a plain bisection, mean over all culprits: GOOD and BAD first, each
 * in a tree of its own, then the middle of what is left in the nearer tree, one
 * build at a time, each answer right at once. */
static double plain_minutes(const XbWorld *world)
{
	guint n = world->graph.n;
	double sum = 0;

	for (guint culprit = 1; culprit < n; culprit++) {
		guint low = 0, high = n - 1;
		double tree[2] = { low, high };
		sum += 2 * (world->build_cold_s + world->boot_s);
		while (high - low > 1) {
			guint middle = (low + high) / 2;
			int nearer = fabs(tree[1] - middle) < fabs(tree[0] - middle);
			sum += plain_build(world, tree[nearer], middle) + world->boot_s;
			tree[nearer] = middle;
			*(middle >= culprit ? &high : &low) = middle;
		}
	}
	return sum / (n - 1) / 60;
}

static void build_costs(Bench *bench)
{
	XbWorld world = built_world();
	Summary ours;

	if (!bench_wants(bench, "build costs"))
		return;
	world.graph = world_line(1025);
	world.options.builders = 2;
	world.matter = 0.2;
	world.boot_sd = world.run_sd = 0.0003;
	bench_worlds(bench, &world, bench->trials / 4 + 1, 1, &ours);
	double plain = plain_minutes(&world);
	g_autofree char *detail = summary_detail(&ours);
	g_autofree char *peer = g_strdup_printf("%s, \"plain_minutes\": %.2f", detail, plain);
	/* The plain bisection confirms nothing: both until the commit is known. */
	row_at_most(bench, "build costs: minutes until the commit is known, over a plain bisection",
		    ours.search_minutes / plain, 0.6, peer);
}

static void many_hosts(Bench *bench)
{
	for (int noisy = 0; noisy < 2; noisy++) {
		double one = 0;
		for (guint k = 1; k <= 8; k *= 2) {
			g_autofree char *name =
				g_strdup_printf("hosts k=%u d=%d: times faster", k, noisy ? 1 : 5);
			XbWorld world = world_default();
			Summary ours;
			if (!bench_wants(bench, "hosts k="))
				return;
			world.boot_sd = noisy ? 0.03 : 0.006;
			world.run_sd = 0;
			world.iterations = 1;
			world.options.confidence = 0.95;
			world.options.hosts = k;
			bench_worlds(bench, &world, bench->trials / (noisy ? 8 : 2) + 1, 1, &ours);
			if (k == 1)
				one = ours.minutes;
			double goal = k < 8 ? 1 : noisy ? 5 : 2.2;
			g_autofree char *detail = summary_detail(&ours);
			row_at_least(bench, name, one / ours.minutes, goal, detail);
		}
	}
}

/* Each boot says pass or fail, 5 % of them wrongly, on a generated history with
 * merges: 16,385 commits. The goal was published for 38,000 or so, git.git's
 * (robust-git-bisect); endpoints and confirmation count here. */
static void wrong_answers(Bench *bench)
{
	const char *name = "wrong answers, 5 %, DAG of 16,385 commits";
	g_autofree char *runs = g_strdup_printf("%s: runs", name);
	g_autofree char *accuracy = g_strdup_printf("%s: accuracy", name);
	XbWorld world = world_default();
	Summary ours;
	guint *start, *parent;

	if (!bench_wants(bench, name))
		return;
	world.graph = xb_graph_random(16385, 0.05, 7, &start, &parent);
	world.wrong_answers = 0.05;
	world.iterations = 1;
	world.options.pass_fail = true;
	world.options.confidence = 0.995;
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *detail = summary_detail(&ours);
	row_at_most(bench, runs, ours.boots + ours.confirm_boots, 29.66, detail);
	row_at_least(bench, accuracy, ours.right, 0.995, NULL);
	g_free(start);
	g_free(parent);
}

void worlds(Bench *bench)
{
	wrong_answers(bench);
	broken_commits(bench);
	unruly_hosts(bench);
	drifting_host(bench);
	build_costs(bench);
	many_hosts(bench);
	no_boot_variance(bench);
	flat_range(bench);
}
