/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges with several steps, and with none. */
#include "graph.h"
#include "options.h"
#include "simulate.h"
#include "steps.h"

#include <math.h>
#include <string.h>

#define N_MAX 80

typedef struct {
	guint n, parent_start[N_MAX + 1], parent[2 * N_MAX];
	XbNode nodes[N_MAX];
	double level[N_MAX]; /* on the log scale */
	double own[N_MAX];   /* what a commit adds to it */
	double noise;
	GArray *boots;
	GRand *rand;
	guint builds;
} World;

static void world_init(World *world, guint n)
{
	*world = (World){ .n = n };
	for (guint i = 0; i < n; i++) {
		world->parent_start[i] = i > 0 ? i - 1 : 0;
		world->parent[i] = i;
		world->nodes[i].prior = 1;
		world->nodes[i].build_s = 60;
	}
	world->parent_start[n] = n - 1;
	world->boots = g_array_new(FALSE, TRUE, sizeof(XbBoot));
	world->rand = g_rand_new_with_seed(n);
}

/* The history that @graph is. */
static void world_init_graph(World *world, const XbGraph *graph)
{
	world_init(world, graph->n);
	g_assert_cmpuint(graph->parent_start[graph->n], <=, G_N_ELEMENTS(world->parent));
	memcpy(world->parent_start, graph->parent_start, (graph->n + 1) * sizeof(guint));
	memcpy(world->parent, graph->parent, graph->parent_start[graph->n] * sizeof(guint));
}

static void add_step(World *world, guint commit, double step)
{
	const XbGraph graph = { world->n, world->parent_start, world->parent };
	guint8 mark[N_MAX] = { 0 };

	world->own[commit] = step;
	xb_graph_mark_descendants(&graph, commit, 1, mark);
	for (guint i = 0; i < world->n; i++)
		world->level[i] += mark[i] ? log1p(step) : 0;
}

static void world_clear(World *world)
{
	for (guint i = 0; i < world->boots->len; i++)
		g_free((double *)g_array_index(world->boots, XbBoot, i).samples);
	g_array_unref(world->boots);
	g_rand_free(world->rand);
}

static double gauss(GRand *rand)
{
	return sqrt(-2 * log(1 - g_rand_double(rand))) * cos(2 * G_PI * g_rand_double(rand));
}

static void act(World *world, const XbAction *action)
{
	XbNode *node = &world->nodes[action->node];
	double *sample;

	if (action->kind == XB_ACTION_BUILD) {
		world->builds++;
		if (action->image == XB_IMAGE_NORMAL) {
			node->status = XB_STATUS_BUILT;
			node->image_class = action->node + 1;
			node->build_s = 0;
		} else if (action->image == XB_IMAGE_CLEAN) {
			node->clean_status = XB_STATUS_BUILT;
			node->clean_class = action->node + 1;
		} else {
			node->revert_status = XB_STATUS_BUILT;
		}
		return;
	}
	sample = g_new(double, 1);
	*sample = world->level[action->node];
	if (action->image == XB_IMAGE_REVERT)
		*sample = world->level[world->n - 1] - log1p(world->own[action->node]);
	*sample = exp(*sample + world->noise * gauss(world->rand));
	XbBoot boot = { .node = action->node,
			.image = action->image,
			.perturb = action->perturb,
			.sequence = world->boots->len,
			.n_samples = 1,
			.samples = sample,
			.confirm = action->purpose == XB_PURPOSE_CONFIRM };
	g_array_append_val(world->boots, boot);
}

/* All steps, or (@all false) the first verdict and what is said of others. */
static XbPlan *run(World *world, bool all, GArray *segments, double *others)
{
	const XbOptions options = plain_options();
	XbGraph graph = { world->n, world->parent_start, world->parent };

	for (guint step = 0; step < 1500; step++) {
		const XbBoot *boots = (const XbBoot *)(gconstpointer)world->boots->data;
		guint n = world->boots->len;
		XbPlan *plan =
			all ? xb_plan_steps(&graph, &options, world->nodes, boots, n, NULL, 0,
					    segments)
			    : xb_plan_bisect(&graph, &options, world->nodes, boots, n, NULL, 0);

		if (plan->kind != XB_VERDICT_PENDING) {
			g_test_message("%u builds, %u boots: %s", world->builds, n,
				       plan->reason->str);
			if (others && plan->kind == XB_VERDICT_CULPRIT)
				*others = xb_other_steps(&graph, &options, world->nodes, boots, n,
							 plan->culprit);
			return plan;
		}
		if (plan->actions->len == 0)
			g_test_message("no action: %s", plan->reason->str);
		for (guint i = 0; plan->actions->len == 0 && i < segments->len; i++) {
			const XbSegment *it = &g_array_index(segments, XbSegment, i);
			g_test_message("%u..%u: kind %d, commit %u: %s", it->from, it->to, it->kind,
				       it->culprit, it->reason);
		}
		g_assert_cmpuint(plan->actions->len, >, 0);
		for (guint i = 0; i < plan->actions->len; i++)
			act(world, &g_array_index(plan->actions, XbAction, i));
		xb_plan_free(plan);
	}
	g_assert_not_reached();
}

static void assert_steps(const GArray *segments, const World *world)
{
	guint found = 0, planted = 0;

	for (guint i = 0; i < segments->len; i++) {
		const XbSegment *it = &g_array_index(segments, XbSegment, i);
		g_assert_true(it->settled);
		g_test_message("%u..%u: kind %d, commit %u, ratio %.3f", it->from, it->to, it->kind,
			       it->culprit, it->effect.ratio);
		if (it->kind != XB_VERDICT_CULPRIT)
			continue;
		found++;
		/* where the revert says little, that it was not tried is said */
		g_assert_cmpint(strstr(it->reason, "its revert was not tried") != NULL, ==,
				it->to != world->n - 1);
		g_assert_cmpfloat(fabs(log(it->effect.ratio) - log1p(world->own[it->culprit])), <,
				  0.01);
		g_assert_cmpfloat(world->own[it->culprit], !=, 0);
	}
	for (guint i = 0; i < world->n; i++)
		planted += world->own[i] != 0;
	g_assert_cmpuint(found, ==, planted);
}

static void test_all_steps_are_found(void)
{
	static const struct {
		guint at[3];
		double step[3];
	} worlds[] = {
		{ { 20, 50 }, { 0.3, 0.1 } },
		{ { 20, 50 }, { 0.1, 0.3 } },
		{ { 30, 34 }, { 0.2, 0.1 } },
		{ { 30, 31 }, { 0.2, 0.1 } },
		{ { 1 }, { 0.2 } },
		{ { 79 }, { 0.2 } },
		{ { 1, 79 }, { 0.2, 0.1 } },
		{ { 2, 78 }, { 0.2, 0.1 } },
		{ { 20, 50 }, { 0.3, -0.1 } },
		{ { 10, 40, 60 }, { 0.05, 0.4, 0.1 } },
		{ { 33 }, { 0.5 } },
		{ { 0 }, { 0 } },
	};

	for (guint w = 0; w < G_N_ELEMENTS(worlds); w++) {
		g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(XbSegment));
		World world;

		world_init(&world, N_MAX);
		for (guint i = 0; i < 3; i++)
			if (worlds[w].step[i] != 0)
				add_step(&world, worlds[w].at[i], worlds[w].step[i]);
		g_test_message("world %u", w);
		g_autoptr(XbPlan) plan = run(&world, true, segments, NULL);
		assert_steps(segments, &world);
		g_assert_cmpint(plan->kind, ==,
				worlds[w].step[0] != 0 ? XB_VERDICT_CULPRIT : XB_VERDICT_NONE);
		world_clear(&world);
	}
}

static void test_steps_are_found_in_noise(void)
{
	g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(XbSegment));
	World world;

	world_init(&world, N_MAX);
	add_step(&world, 20, 0.2);
	add_step(&world, 50, 0.08);
	world.noise = 0.005;
	g_autoptr(XbPlan) plan = run(&world, true, segments, NULL);
	assert_steps(segments, &world);
	g_assert_cmpuint(plan->culprit, ==, 20);
	world_clear(&world);
}

static void test_other_steps_are_told(void)
{
	static const struct {
		double second;
		bool told;
	} cases[] = { { 0.1, true }, { 0, false } };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		double others = -1;
		World world;

		world_init(&world, N_MAX);
		add_step(&world, 20, 0.3);
		add_step(&world, 50, cases[i].second);
		g_autoptr(XbPlan) plan = run(&world, false, NULL, &others);
		g_assert_cmpint(plan->kind, ==, XB_VERDICT_CULPRIT);
		g_assert_cmpuint(plan->culprit, ==, 20);
		g_test_message("another step: %.4f", others);
		if (cases[i].told)
			g_assert_cmpfloat(others, >, 0.9);
		else
			g_assert_cmpfloat(others, <, 0.05);
		world_clear(&world);
	}
}

/* ---- histories with merges ----------------------------------------------------------- */

/* Each commit that is named is slower or faster than one of its parents, by what is said. */
static guint assert_real_steps(const GArray *segments, const World *world)
{
	guint named = 0;

	for (guint i = 0; i < segments->len; i++) {
		const XbSegment *it = &g_array_index(segments, XbSegment, i);
		bool real = false;

		g_assert_true(it->settled);
		g_test_message("%u..%u: kind %d, commit %u: %s", it->from, it->to, it->kind,
			       it->culprit, it->reason);
		if (it->kind != XB_VERDICT_CULPRIT)
			continue;
		for (guint e = world->parent_start[it->culprit];
		     e < world->parent_start[it->culprit + 1]; e++)
			real |= fabs(world->level[it->culprit] - world->level[world->parent[e]] -
				     log(it->effect.ratio)) < 0.01;
		g_assert_true(real);
		named++;
	}
	return named;
}

/* 1, 2, 3 and 4, 5, 6 are branches from GOOD, 7 merges them, 8 is BAD. */
static const guint fork_start[] = { 0, 0, 1, 2, 3, 4, 5, 6, 8, 9 };
static const guint fork_parent[] = { 0, 1, 2, 0, 4, 5, 3, 6, 7 };
static const XbGraph fork_graph = { 9, fork_start, fork_parent };

static void test_steps_on_parallel_branches_are_told(void)
{
	g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(XbSegment));
	World world;

	world_init_graph(&world, &fork_graph);
	add_step(&world, 2, 0.06);
	add_step(&world, 5, 0.06);
	g_autoptr(XbPlan) plan = run(&world, true, segments, NULL);
	g_assert_cmpint(plan->kind, ==, XB_VERDICT_CULPRIT);
	g_assert_cmpuint(assert_real_steps(segments, &world), >=, 1);
	world_clear(&world);
}

/* What is left are commits of two branches and the merge: no segment lies between them. */
static void test_a_range_over_a_merge_is_a_range(void)
{
	g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(XbSegment));
	World world;

	world_init_graph(&world, &fork_graph);
	for (guint i = 0; i < 4; i++)
		world.nodes[i < 2 ? 2 + i : 3 + i].status = XB_STATUS_UNBUILDABLE;
	add_step(&world, 2, 0.06);
	g_autoptr(XbPlan) plan = run(&world, true, segments, NULL);
	g_assert_cmpint(plan->kind, ==, XB_VERDICT_RANGE);
	g_assert_cmpfloat(plan->probability[2], >, 0.05);
	g_assert_cmpuint(assert_real_steps(segments, &world), ==, 0);
	world_clear(&world);
}

static void test_steps_of_histories_with_merges_are_real(void)
{
	guint found = 0;

	for (uint64_t seed = 1; seed <= 60; seed++) {
		g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(XbSegment));
		g_autofree guint *start = NULL, *parent = NULL;
		XbGraph graph = xb_graph_random(12 + seed % 5 * 8, 0.3, seed, &start, &parent);
		World world;

		world_init_graph(&world, &graph);
		g_test_message("seed %" G_GUINT64_FORMAT, seed);
		for (guint i = 0; seed % 3 == 0 && i < 3; i++)
			world.nodes[g_rand_int_range(world.rand, 1, (gint)graph.n - 1)].status =
				XB_STATUS_UNBUILDABLE;
		add_step(&world, (guint)g_rand_int_range(world.rand, 1, (gint)graph.n), 0.2);
		add_step(&world, (guint)g_rand_int_range(world.rand, 1, (gint)graph.n), 0.1);
		g_autoptr(XbPlan) plan = run(&world, true, segments, NULL);
		g_assert_cmpint(plan->kind, !=, XB_VERDICT_PENDING);
		found += assert_real_steps(segments, &world) > 0;
		world_clear(&world);
	}
	g_assert_cmpuint(found, >=, 50);
}

/* As rows of an older version, or of another program, might have them. */
static void test_ends_without_a_path_are_no_segment(void)
{
	g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(XbSegment));
	const XbSegment whole = { .from = 0, .to = 8, .settled = true, .kind = XB_VERDICT_PENDING };
	const XbSegment none = { .from = 3, .to = 5 };
	World world;

	world_init_graph(&world, &fork_graph);
	g_array_append_val(segments, whole);
	g_array_append_val(segments, none);
	g_autoptr(XbPlan) plan = run(&world, true, segments, NULL);
	g_assert_cmpint(plan->kind, !=, XB_VERDICT_CULPRIT);
	world_clear(&world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/steps/steps on parallel branches are told",
			test_steps_on_parallel_branches_are_told);
	g_test_add_func("/steps/a range over a merge is a range",
			test_a_range_over_a_merge_is_a_range);
	g_test_add_func("/steps/steps of histories with merges are real",
			test_steps_of_histories_with_merges_are_real);
	g_test_add_func("/steps/ends without a path are no segment",
			test_ends_without_a_path_are_no_segment);
	g_test_add_func("/steps/all steps are found", test_all_steps_are_found);
	g_test_add_func("/steps/steps are found in noise", test_steps_are_found_in_noise);
	g_test_add_func("/steps/other steps are told", test_other_steps_are_told);
	return g_test_run();
}
