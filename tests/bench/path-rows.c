/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path-rows.c - see path-rows.h. 15 % of the commits are on the measured path and
 * have the weight of such (daemon/touched.h: 20), the rest that of idle ones
 * (0.5). The same seeds are searched with and without that knowledge, kernels
 * are built, and the confirmation is included.
 */
#include "path-rows.h"

#include "worlds.h"

#include <math.h>

#define SHARE  0.15
#define MARKED 20
#define REST   0.5

static XbWorld path_world(double boot_sd, guint n)
{
	XbWorld world = world_default();

	world.graph = world_line(n + 1);
	world.boot_sd = boot_sd;
	world.run_sd = boot_sd / 3;
	world.prebuilt = false;
	world.build_cold_s = 300;
	world.build_near_s = 60;
	world.build_each_s = 1;
	world.boot_s = 30;
	return world;
}

/* @right: how often the culprit is one of the marked; below 0: nothing is marked. */
static void run(const Bench *bench, double boot_sd, guint n, double right, Summary *summary)
{
	XbWorld world = path_world(boot_sd, n);

	if (right >= 0) {
		world.marked = SHARE;
		world.weight_marked = MARKED;
		world.weight_rest = REST;
		world.marked_right = right;
	}
	bench_worlds(bench, &world, bench->trials, 1, summary);
}

static void compare(Bench *bench, const char *noise, double boot_sd, guint n, double right,
		    double most)
{
	g_autofree char *name = g_strdup_printf("measured path, %s noise, N=%u, on it in %.0f %%",
						noise, n, 100 * right);
	g_autofree char *time = g_strdup_printf("%s: time over that without", name);
	g_autofree char *accuracy = g_strdup_printf("%s: accuracy at 99 %%", name);
	Summary with, without;

	if (!bench_wants(bench, name))
		return;
	run(bench, boot_sd, n, -1, &without);
	run(bench, boot_sd, n, right, &with);
	g_autofree char *ours = summary_detail(&with);
	g_autofree char *detail = g_strdup_printf(
		"%s, \"builds_without\": %.2f, \"boots_without\": %.2f, \"minutes_without\": %.2f, "
		"\"right_without\": %.4f",
		ours, without.builds, without.boots, without.minutes, without.right);
	row_at_most(bench, time, with.minutes / without.minutes, most, detail);
	row_at_least(bench, accuracy, with.right, 0.99, NULL);
}

void path_rows(Bench *bench)
{
	static const struct {
		const char *name;
		double boot_sd;
	} noises[] = { { "no", 0.0001 }, { "1 %", 0.01 }, { "2 %", 0.02 } };

	for (guint i = 0; i < G_N_ELEMENTS(noises); i++) {
		compare(bench, noises[i].name, noises[i].boot_sd, 128, 1, 0.95);
		compare(bench, noises[i].name, noises[i].boot_sd, 128, 0.9, 0.97);
		/* no better than chance, and always wrong */
		compare(bench, noises[i].name, noises[i].boot_sd, 128, SHARE, 1.4);
		compare(bench, noises[i].name, noises[i].boot_sd, 128, 0, 1.5);
	}
}
