/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The planner driven to its verdict over worlds whose truth is known. */
#include <math.h>
#include <string.h>

#include "../probability-cases.h"
#include "options.h"
#include "percent.h"

typedef struct {
	guint n;
	guint *parent_start, *parent;
	XbNode *nodes;
	GArray *boots; /* of XbBoot */
	GPtrArray *samples;
	guint culprit; /* 0: none */
	double shift, boot_sd, image_sd;
	bool *broken; /* unbuildable */
	bool *bad;
	GRand *rand;
	guint builds, n_boots;
} World;

static void world_finish(World *world)
{
	world->nodes = g_new0(XbNode, world->n);
	world->bad = g_new0(bool, world->n);
	world->broken = g_new0(bool, world->n);
	for (guint i = 0; i < world->n; i++) {
		world->nodes[i].prior = 1;
		world->nodes[i].build_s = 60;
		world->bad[i] = world->culprit != 0 && i == world->culprit;
		for (guint e = world->parent_start[i]; e < world->parent_start[i + 1]; e++)
			world->bad[i] |= world->bad[world->parent[e]];
	}
}

static World *world_new(guint n, guint seed)
{
	World *world = g_new0(World, 1);
	world->n = n;
	world->rand = g_rand_new_with_seed(seed);
	world->boots = g_array_new(FALSE, TRUE, sizeof(XbBoot));
	world->samples = g_ptr_array_new_with_free_func(g_free);
	world->parent_start = g_new0(guint, n + 1);
	world->parent = g_new0(guint, 2 * n);
	return world;
}

static World *world_linear(guint n, guint culprit, guint seed)
{
	World *world = world_new(n, seed);
	for (guint i = 1; i < n; i++) {
		world->parent_start[i] = i - 1;
		world->parent[i - 1] = i - 1;
	}
	world->parent_start[n] = n - 1;
	world->culprit = culprit;
	world_finish(world);
	return world;
}

/* Branches that fork anywhere and merge later; the tip is everyone's descendant. */
static World *world_dag(guint n, double merges, guint seed)
{
	World *world = world_new(n, seed);
	g_autoptr(GArray) tips = g_array_new(FALSE, FALSE, sizeof(guint));
	guint zero = 0, edges = 0;

	g_array_append_val(tips, zero);
	for (guint i = 1; i < n; i++) {
		world->parent_start[i] = edges;
		guint k = g_rand_int_range(world->rand, 0, tips->len);
		guint p = g_array_index(tips, guint, k);
		bool last = i + tips->len >= n + 1;
		world->parent[edges++] = p;
		if (tips->len > 1 && (last || g_rand_double(world->rand) < merges)) {
			guint j = (k + 1) % tips->len;
			world->parent[edges++] = g_array_index(tips, guint, j);
			g_array_index(tips, guint, k) = i;
			g_array_remove_index_fast(tips, j);
		} else if (!last && g_rand_double(world->rand) < merges) {
			g_array_append_val(tips, i);
		} else {
			g_array_index(tips, guint, k) = i;
		}
	}
	world->parent_start[n] = edges;
	world->culprit = g_rand_int_range(world->rand, 1, n);
	world_finish(world);
	return world;
}

static void world_free(World *world)
{
	g_free(world->parent_start);
	g_free(world->parent);
	g_free(world->nodes);
	g_free(world->bad);
	g_free(world->broken);
	g_array_unref(world->boots);
	g_ptr_array_unref(world->samples);
	g_rand_free(world->rand);
	g_free(world);
}

static double gauss(GRand *rand)
{
	return sqrt(-2 * log(1 - g_rand_double(rand))) * cos(2 * G_PI * g_rand_double(rand));
}

/* An image's own bias: the same for each boot of it under one perturbation. */
static double image_bias(const World *world, guint node, XbImage image, guint perturb)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(node * 1000 + image * 77 + perturb);
	return world->image_sd * gauss(rand);
}

static void world_boot(World *world, const XbAction *action)
{
	bool bad = world->bad[action->node];
	if (action->image == XB_IMAGE_REVERT)
		bad = false;
	double *samples = g_new(double, 5);
	double level = (bad ? log1p(world->shift) : 0) + world->boot_sd * gauss(world->rand) +
		       image_bias(world, action->node, action->image, action->perturb);
	for (guint i = 0; i < 5; i++)
		samples[i] = 0.04 * exp(level + 0.3 * world->boot_sd * gauss(world->rand));
	g_ptr_array_add(world->samples, samples);
	XbBoot boot = { .node = action->node,
			.image = action->image,
			.perturb = action->perturb,
			.sequence = world->boots->len,
			.n_samples = 5,
			.samples = samples,
			.confirm = action->purpose == XB_PURPOSE_CONFIRM };
	g_array_append_val(world->boots, boot);
}

/* @n boots of GOOD that other jobs made. */
static void world_boot_earlier(World *world, guint n)
{
	const XbAction action = { .kind = XB_ACTION_BOOT };

	world->nodes[0].status = XB_STATUS_BUILT;
	world->nodes[0].build_s = 0;
	for (guint i = 0; i < n; i++) {
		world_boot(world, &action);
		g_array_index(world->boots, XbBoot, i).earlier = true;
		g_array_index(world->boots, XbBoot, i).perturb = i;
	}
}

static void world_build(World *world, const XbAction *action)
{
	XbNode *node = &world->nodes[action->node];
	bool broken = world->broken[action->node];
	if (action->image == XB_IMAGE_NORMAL)
		node->build_s = 0;
	if (action->image == XB_IMAGE_NORMAL)
		node->status = broken ? XB_STATUS_UNBUILDABLE : XB_STATUS_BUILT;
	else if (action->image == XB_IMAGE_CLEAN)
		node->clean_status = broken ? XB_STATUS_UNBUILDABLE : XB_STATUS_BUILT;
	else
		node->revert_status = XB_STATUS_BUILT;
	world->builds +=
		action->purpose == XB_PURPOSE_SEARCH || action->purpose == XB_PURPOSE_ENDPOINT;
}

static XbPlan *world_run(World *world, XbOptions options)
{
	XbGraph graph = { world->n, world->parent_start, world->parent };

	for (guint step = 0; step < 2000; step++) {
		XbPlan *plan =
			xb_plan_bisect(&graph, &options, world->nodes, (XbBoot *)world->boots->data,
				       world->boots->len, NULL, 0);
		if (plan->kind != XB_VERDICT_PENDING)
			return plan;
		g_assert_cmpuint(plan->actions->len, >, 0);
		for (guint i = 0; i < plan->actions->len; i++) {
			XbAction *action = &g_array_index(plan->actions, XbAction, i);
			/* the planner claims no certainty */
			g_assert_null(strstr(action->why, "100 %"));
			if (g_test_verbose())
				g_test_message("%s node %u image %d perturb %u: %s",
					       action->kind == XB_ACTION_BUILD ? "build" : "boot",
					       action->node, action->image, action->perturb,
					       action->why);
			if (action->kind == XB_ACTION_BUILD)
				world_build(world, action);
			else
				world_boot(world, action);
		}
		xb_plan_free(plan);
	}
	g_assert_not_reached();
}

static void test_nothing_is_certain(void)
{
	static const struct {
		double probability;
		int decimals;
		const char *text;
	} cases[] = {
		{ 0.5, 1, "50.0 %" },         { 0.832, 1, "83.2 %" },
		{ 0.99, 2, "99.00 %" },       { 0.99994, 2, "99.99 %" },
		{ 0.99996, 2, "> 99.99 %" },  { 1, 2, "> 99.99 %" },
		{ 1.0000001, 1, "> 99.9 %" }, { 0.996, 0, "> 99 %" },
		{ 0.994, 0, "99 %" },         { 0, 0, "< 1 %" },
		{ 0.0004, 1, "< 0.1 %" },     { 0.0006, 1, "0.1 %" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = xb_percent_text(cases[i].probability, cases[i].decimals);
		g_assert_cmpstr(text, ==, cases[i].text);
	}
	for (guint i = 0; i < G_N_ELEMENTS(probability_cases); i++) {
		g_autofree char *text = xb_probability_text(probability_cases[i].probability);
		g_assert_cmpstr(text, ==, probability_cases[i].text);
	}
}

static void test_deterministic_takes_one_boot_a_commit(void)
{
	for (guint seed = 1; seed < 40; seed++) {
		World *world = world_linear(166, 1 + seed * 4, seed);
		world->shift = 0.9;
		world->image_sd = 0.0003;
		XbPlan *plan = world_run(world, plain_options());
		g_assert_cmpint(plan->kind, ==, XB_VERDICT_CULPRIT);
		g_assert_cmpuint(plan->culprit, ==, world->culprit);
		g_assert_cmpuint(world->builds, <=, 8 + 2);
		g_assert_nonnull(strstr(plan->reason->str, "culprit with > 99.99 %; "));
		g_assert_cmpfloat(fabs(plan->effect.ratio - 1.9), <, 0.02);
		xb_plan_free(plan);
		world_free(world);
	}
}

static void test_flat_range_is_none(void)
{
	World *world = world_linear(100, 0, 7);
	world->image_sd = 0.0005;
	XbPlan *plan = world_run(world, plain_options());
	g_assert_cmpint(plan->kind, ==, XB_VERDICT_NONE);
	xb_plan_free(plan);
	world_free(world);
}

static void test_dag_culprit_is_named(void)
{
	for (guint seed = 1; seed < 60; seed++) {
		World *world = world_dag(300, 0.15, seed);
		world->shift = -0.3;
		world->image_sd = 0.0003;
		XbPlan *plan = world_run(world, plain_options());
		g_assert_cmpint(plan->kind, ==, XB_VERDICT_CULPRIT);
		g_assert_cmpuint(plan->culprit, ==, world->culprit);
		xb_plan_free(plan);
		world_free(world);
	}
}

static void test_broken_run_gives_a_range_with_the_culprit(void)
{
	World *world = world_linear(100, 50, 3);
	world->shift = 0.5;
	for (guint i = 47; i < 53; i++)
		world->broken[i] = true;
	XbPlan *plan = world_run(world, plain_options());
	g_assert_cmpint(plan->kind, ==, XB_VERDICT_RANGE);
	g_assert_cmpfloat(plan->probability[50], >, 0.1);
	g_assert_cmpfloat(plan->probability[46], <, 0.01);
	xb_plan_free(plan);
	world_free(world);
}

/* What a step costs there is a row of `make bench-search`. */
/* A base that was booted often before: the boots that a search may take are its own. */
static void test_boots_of_earlier_jobs_use_nothing_up(void)
{
	static const struct {
		guint boots;
		double sd;
	} cases[] = { { 80, 0.01 }, { 450, 0.001 } };

	for (guint k = 0; k < G_N_ELEMENTS(cases); k++) {
		guint right = 0;

		for (guint seed = 1; seed <= 10; seed++) {
			World *world = world_linear(1000, 90 * seed, seed);
			world->shift = 0.02;
			world->boot_sd = cases[k].sd;
			world_boot_earlier(world, cases[k].boots);
			g_autoptr(XbPlan) plan = world_run(world, plain_options());
			g_test_message("%s", plan->reason->str);
			right +=
				plan->kind == XB_VERDICT_CULPRIT && plan->culprit == world->culprit;
			world_free(world);
		}
		g_assert_cmpuint(right, >=, 9);
	}
}

static void test_dag_of_20000_commits(void)
{
	World *world = world_dag(20000, 0.1, 5);
	world->shift = 0.5;
	XbPlan *plan = world_run(world, plain_options());
	g_assert_cmpint(plan->kind, ==, XB_VERDICT_CULPRIT);
	g_assert_cmpuint(plan->culprit, ==, world->culprit);
	xb_plan_free(plan);
	world_free(world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bisect/deterministic takes one boot a commit",
			test_deterministic_takes_one_boot_a_commit);
	g_test_add_func("/bisect/nothing is certain", test_nothing_is_certain);
	g_test_add_func("/bisect/flat range is none", test_flat_range_is_none);
	g_test_add_func("/bisect/dag culprit is named", test_dag_culprit_is_named);
	g_test_add_func("/bisect/broken run gives a range with the culprit",
			test_broken_run_gives_a_range_with_the_culprit);
	g_test_add_func("/bisect/boots of earlier jobs use nothing up",
			test_boots_of_earlier_jobs_use_nothing_up);
	g_test_add_func("/bisect/dag of 20,000 commits", test_dag_of_20000_commits);
	return g_test_run();
}
