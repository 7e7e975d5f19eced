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
			.lower_is_better = true,
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
	world->options.history_run_sd = world->run_sd;
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
	row_at_most(bench, "flat range: most boots", ours.most_boots, 60, NULL);
}

void worlds(Bench *bench)
{
	no_boot_variance(bench);
	flat_range(bench);
}
