/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hosts and builders are given to do at once. */
#include "engine.h"

#include <math.h>

#define N 64

typedef struct {
	guint parent_start[N + 1], parent[N];
	XbNode nodes[N];
	double good, bad;
	XbBoot boots[2];
	XbOptions options;
} World;

/* GOOD and BAD are measured on a host that repeats itself; nothing else is built. */
static void world_init(World *world, guint hosts, guint builders)
{
	*world = (World){ .good = 1, .bad = 1.5 };
	for (guint i = 0; i < N; i++) {
		world->parent_start[i] = i > 0 ? i - 1 : 0;
		world->parent[i] = i;
		world->nodes[i] = (XbNode){ .prior = 1, .build_s = 60, .image_class = i + 1 };
	}
	world->parent_start[N] = N - 1;
	world->nodes[0].status = world->nodes[N - 1].status = XB_STATUS_BUILT;
	world->nodes[0].build_s = world->nodes[N - 1].build_s = 0;
	world->boots[0] = (XbBoot){ .node = 0, .n_samples = 1, .samples = &world->good };
	world->boots[1] =
		(XbBoot){ .node = N - 1, .sequence = 1, .n_samples = 1, .samples = &world->bad };
	world->options = (XbOptions){ .confidence = 0.99,
				      .min_effect = 0.01,
				      .free_hosts = hosts,
				      .free_builders = builders,
				      .hosts = hosts,
				      .builders = builders,
				      .boot_s = 6,
				      .can_build = true,
				      .history_level = NAN };
}

static XbPlan *plan(const World *world, const XbInFlight *in_flight, guint n)
{
	const XbGraph graph = { N, world->parent_start, world->parent };

	return xb_plan_bisect(&graph, &world->options, world->nodes, world->boots, 2, in_flight, n);
}

static guint count(const XbPlan *it, XbActionKind kind, XbPurpose purpose)
{
	guint n = 0;

	for (guint i = 0; i < it->actions->len; i++) {
		const XbAction *action = &g_array_index(it->actions, XbAction, i);
		g_test_message("%s %u purpose %d: %s",
			       action->kind == XB_ACTION_BUILD ? "build" : "boot", action->node,
			       action->purpose, action->why);
		n += action->kind == kind && action->purpose == purpose;
	}
	return n;
}

static void test_the_first_build_is_a_search(void)
{
	World world;

	world_init(&world, 1, 1);
	g_autoptr(XbPlan) it = plan(&world, NULL, 0);
	g_assert_cmpuint(count(it, XB_ACTION_BUILD, XB_PURPOSE_SEARCH), ==, 1);
	g_assert_cmpuint(it->actions->len, ==, 1);
}

static void test_as_many_builds_are_search_as_hosts_wait(void)
{
	World world;

	world_init(&world, 2, 3);
	g_autoptr(XbPlan) it = plan(&world, NULL, 0);
	g_assert_cmpuint(count(it, XB_ACTION_BUILD, XB_PURPOSE_SEARCH), ==, 2);
	g_assert_cmpuint(count(it, XB_ACTION_BUILD, XB_PURPOSE_PREBUILD), <=, 1);
	/* Different commits, with one between them and the ends on each side. */
	const XbAction *a = &g_array_index(it->actions, XbAction, 0);
	const XbAction *b = &g_array_index(it->actions, XbAction, 1);
	g_assert_cmpuint(a->node, !=, b->node);
}

static void test_a_busy_builder_is_given_nothing(void)
{
	const XbInFlight building = { true, N / 2, XB_IMAGE_NORMAL, 0 };
	World world;

	world_init(&world, 1, 1);
	world.options.free_builders = 0;
	g_autoptr(XbPlan) it = plan(&world, &building, 1);
	/* Nor is the host, with boots of GOOD and BAD that tell nothing. */
	g_assert_cmpuint(it->actions->len, ==, 0);
}

static void test_an_idle_second_builder_prebuilds(void)
{
	const XbInFlight building = { true, N / 2, XB_IMAGE_NORMAL, 0 };
	World world;

	world_init(&world, 1, 2);
	world.options.free_builders = 1;
	g_autoptr(XbPlan) it = plan(&world, &building, 1);
	g_assert_cmpuint(count(it, XB_ACTION_BUILD, XB_PURPOSE_PREBUILD), ==, 1);
	g_assert_cmpuint(it->actions->len, ==, 1);
}

static void test_the_builder_goes_on_while_an_endpoint_boots(void)
{
	const XbInFlight booting = { false, N - 1, XB_IMAGE_NORMAL, 0 };
	World world;

	world_init(&world, 1, 1);
	world.options.free_hosts = 0;
	const XbGraph line = { N, world.parent_start, world.parent };
	g_autoptr(XbPlan) it =
		xb_plan_bisect(&line, &world.options, world.nodes, world.boots, 1, &booting, 1);
	g_assert_cmpuint(count(it, XB_ACTION_BUILD, XB_PURPOSE_SEARCH), ==, 1);
	guint node = g_array_index(it->actions, XbAction, 0).node;
	g_assert_cmpuint(node, >=, N / 2 - 1);
	g_assert_cmpuint(node, <=, N / 2 + 1);
}

/* The commit that the first boot of the plan is of. */
static guint first_boot(const XbPlan *it)
{
	for (guint i = 0; i < it->actions->len; i++) {
		const XbAction *action = &g_array_index(it->actions, XbAction, i);
		if (action->kind == XB_ACTION_BOOT)
			return action->node;
	}
	return G_MAXUINT;
}

/* The middle was built, and its image removed since; one beside it is there. */
static void test_an_image_that_is_gone_costs_its_build(void)
{
	const guint middle = N / 2 - 1, beside = N / 3;
	World world;

	world_init(&world, 1, 1);
	world.nodes[middle].status = world.nodes[beside].status = XB_STATUS_BUILT;
	world.nodes[middle].build_s = world.nodes[beside].build_s = 0;
	g_autoptr(XbPlan) both = plan(&world, NULL, 0);
	g_assert_cmpuint(first_boot(both), ==, middle);
	world.nodes[middle].build_s = 600;
	g_autoptr(XbPlan) one = plan(&world, NULL, 0);
	g_assert_cmpuint(first_boot(one), ==, beside);
	/* it is booted nevertheless where nothing else is there */
	world.nodes[beside].status = XB_STATUS_UNBUILDABLE;
	world.nodes[middle].build_s = 1;
	g_autoptr(XbPlan) other = plan(&world, NULL, 0);
	g_assert_cmpuint(first_boot(other), ==, middle);
	/* of one image it is the image's price, whichever commit is asked for */
	world.nodes[middle + 1].image_class = world.nodes[middle].image_class;
	world.nodes[middle + 1].image_inferred = true;
	world.nodes[middle + 1].build_s = 0;
	world.nodes[middle].build_s = 600;
	world.nodes[beside].status = XB_STATUS_BUILT;
	g_autoptr(XbPlan) shared = plan(&world, NULL, 0);
	g_assert_cmpuint(first_boot(shared), ==, beside);
}

/* By the files that builds read BAD has GOOD's image. That is a guess until BAD is built. */
static void test_none_is_not_said_of_a_guess(void)
{
	World world;

	world_init(&world, 1, 1);
	for (guint i = 0; i < N; i++) {
		world.nodes[i].image_class = 1;
		world.nodes[i].image_inferred = i > 0;
		world.nodes[i].build_s = 0;
	}
	world.nodes[N - 1].status = XB_STATUS_UNTRIED;
	const XbGraph line = { N, world.parent_start, world.parent };
	g_autoptr(XbPlan) guess =
		xb_plan_bisect(&line, &world.options, world.nodes, world.boots, 1, NULL, 0);
	g_assert_cmpint(guess->kind, ==, XB_VERDICT_PENDING);
	g_assert_cmpuint(count(guess, XB_ACTION_BUILD, XB_PURPOSE_ENDPOINT), ==, 1);
	g_assert_cmpuint(guess->actions->len, ==, 1);
	g_assert_cmpuint(g_array_index(guess->actions, XbAction, 0).node, ==, N - 1);
	/* under way: nothing more to do */
	const XbInFlight building = { true, N - 1, XB_IMAGE_NORMAL, 0 };
	g_autoptr(XbPlan) wait =
		xb_plan_bisect(&line, &world.options, world.nodes, world.boots, 1, &building, 1);
	g_assert_cmpuint(wait->actions->len, ==, 0);
	/* proved */
	world.nodes[N - 1].status = XB_STATUS_BUILT;
	world.nodes[N - 1].image_inferred = false;
	g_autoptr(XbPlan) proved =
		xb_plan_bisect(&line, &world.options, world.nodes, world.boots, 1, NULL, 0);
	g_assert_cmpint(proved->kind, ==, XB_VERDICT_NONE);
}

/* The clean image stands for its commit: a boot of it under way is not asked for twice. */
static void test_boots_of_a_clean_image_under_way_count(void)
{
	const guint middle = N / 2 - 1;
	const XbInFlight booting = { false, middle, XB_IMAGE_CLEAN, 0 };
	World world;

	world_init(&world, 2, 0);
	world.options.free_hosts = 1;
	world.nodes[middle].status = world.nodes[middle].clean_status = XB_STATUS_BUILT;
	world.nodes[middle].clean_class = 2 * N;
	g_autoptr(XbPlan) alone = plan(&world, NULL, 0);
	g_assert_cmpuint(first_boot(alone), ==, middle);
	g_autoptr(XbPlan) it = plan(&world, &booting, 1);
	for (guint i = 0; i < it->actions->len; i++) {
		const XbAction *action = &g_array_index(it->actions, XbAction, i);
		g_assert_false(action->kind == XB_ACTION_BOOT && action->node == middle &&
			       action->perturb == 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/slots/none is not said of a guess", test_none_is_not_said_of_a_guess);
	g_test_add_func("/slots/boots of a clean image under way count",
			test_boots_of_a_clean_image_under_way_count);
	g_test_add_func("/slots/the first build is a search", test_the_first_build_is_a_search);
	g_test_add_func("/slots/as many builds are search as hosts wait",
			test_as_many_builds_are_search_as_hosts_wait);
	g_test_add_func("/slots/a busy builder is given nothing",
			test_a_busy_builder_is_given_nothing);
	g_test_add_func("/slots/an idle second builder prebuilds",
			test_an_idle_second_builder_prebuilds);
	g_test_add_func("/slots/the builder goes on while an endpoint boots",
			test_the_builder_goes_on_while_an_endpoint_boots);
	g_test_add_func("/slots/an image that is gone costs its build",
			test_an_image_that_is_gone_costs_its_build);
	return g_test_run();
}
