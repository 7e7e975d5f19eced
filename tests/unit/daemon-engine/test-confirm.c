/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confirmation: what it asks for, when it may begin, and what its objection leads to. */
#include "confirm.h"
#include "options.h"

#include <math.h>
#include <string.h>

#define N 20

/* A line of commits on a host that repeats itself. Classes: 1 + 2 * node is a commit's true image,
 * 2 + 2 * node one that a stale object has spoilt. */
typedef struct {
	guint parent_start[N + 1], parent[N];
	XbNode nodes[N];
	GArray *boots;   /* of XbBoot */
	double level[N]; /* of the true image */
	double stale[N]; /* of the incremental build; 0: as the true one */
	guint culprit;
	double reverted;     /* BAD with the culprit reverted; 0: the level of GOOD */
	guint other_classes; /* clean builds give other images, as builds that are not reproducible
			      */
	double storm;        /* by how much the next boot of a confirmation is slower; once */
	bool prebuilt;
	bool void_confirms; /* boots of a confirmation bring no number, but for the first ones: */
	guint numbers;
	guint no_clean; /* the node that can't be built clean; 0: none */
	bool no_clean_good;
	guint clean_builds, reverts, boots_before_clean, rounds;
} World;

static World *world_new(guint culprit, double step)
{
	World *world = g_new0(World, 1);

	for (guint i = 0; i < N; i++) {
		world->parent_start[i] = i > 0 ? i - 1 : 0;
		world->parent[i] = i;
		world->nodes[i].prior = 1;
		world->nodes[i].build_s = 60;
		world->level[i] = i >= culprit ? 1 + step : 1;
	}
	world->parent_start[N] = N - 1;
	world->culprit = culprit;
	world->boots = g_array_new(FALSE, TRUE, sizeof(XbBoot));
	return world;
}

static void world_free(World *world)
{
	for (guint i = 0; i < world->boots->len; i++)
		g_free((double *)g_array_index(world->boots, XbBoot, i).samples);
	g_array_unref(world->boots);
	g_free(world);
}

static void build(World *world, const XbAction *action)
{
	XbNode *node = &world->nodes[action->node];

	switch (action->image) {
	case XB_IMAGE_NORMAL:
		node->status = XB_STATUS_BUILT;
		node->image_class = 1 + 2 * action->node + (world->stale[action->node] > 0);
		node->build_s = 0;
		break;
	case XB_IMAGE_CLEAN:
		bool fails =
			action->node > 0 ? action->node == world->no_clean : world->no_clean_good;
		node->clean_status = fails ? XB_STATUS_UNBUILDABLE : XB_STATUS_BUILT;
		node->clean_class = fails ? 0 : 1 + 2 * action->node + 2 * N * world->other_classes;
		world->clean_builds++;
		break;
	case XB_IMAGE_REVERT:
		node->revert_status = XB_STATUS_BUILT;
		world->reverts++;
		break;
	}
}

static void boot(World *world, const XbAction *action)
{
	double *sample = g_new(double, 1);
	bool stale = action->image == XB_IMAGE_NORMAL && world->stale[action->node] > 0;

	*sample = stale ? world->stale[action->node] : world->level[action->node];
	if (action->image == XB_IMAGE_REVERT)
		*sample = world->reverted > 0              ? world->reverted
			  : action->node == world->culprit ? world->level[0]
							   : world->level[N - 1];
	if (action->purpose == XB_PURPOSE_CONFIRM && world->void_confirms) {
		if (world->numbers == 0)
			*sample = NAN;
		else
			world->numbers--;
	}
	if (action->purpose == XB_PURPOSE_CONFIRM) {
		*sample *= 1 + world->storm;
		world->storm = 0;
	}
	world->boots_before_clean +=
		action->purpose == XB_PURPOSE_CONFIRM && action->image == XB_IMAGE_NORMAL;
	XbBoot one = { .node = action->node,
		       .image = action->image,
		       .perturb = action->perturb,
		       .sequence = world->boots->len,
		       .n_samples = 1,
		       .samples = sample,
		       .confirm = action->purpose == XB_PURPOSE_CONFIRM };
	g_array_append_val(world->boots, one);
}

/* A build takes as long as @boots_a_build boots. */
static XbPlan *run(World *world, guint boots_a_build)
{
	XbGraph graph = { N, world->parent_start, world->parent };
	XbAction building = { 0 };
	guint left = 0;

	for (guint step = 0; step < 500; step++) {
		XbOptions now = plain_options();
		XbInFlight flight = { true, building.node, building.image, 0 };

		now.free_builders = left == 0;
		now.can_build = !world->prebuilt;
		XbPlan *plan =
			xb_plan_bisect(&graph, &now, world->nodes, (XbBoot *)world->boots->data,
				       world->boots->len, &flight, left > 0);
		if (plan->kind != XB_VERDICT_PENDING)
			return plan;
		world->rounds++;
		g_assert_true(plan->actions->len > 0 || left > 0);
		for (guint i = 0; i < plan->actions->len; i++) {
			XbAction *action = &g_array_index(plan->actions, XbAction, i);
			g_test_message("%s node %u image %d perturb %u: %s",
				       action->kind == XB_ACTION_BUILD ? "build" : "boot",
				       action->node, action->image, action->perturb, action->why);
			if (action->kind == XB_ACTION_BOOT) {
				boot(world, action);
			} else {
				building = *action;
				left = boots_a_build + 1;
			}
		}
		if (left > 0 && --left == 0)
			build(world, &building);
		xb_plan_free(plan);
	}
	g_assert_not_reached();
}

static void assert_culprit(const XbPlan *plan, guint culprit)
{
	g_test_message("%s", plan->reason->str);
	g_assert_cmpint(plan->kind, ==, XB_VERDICT_CULPRIT);
	g_assert_cmpuint(plan->culprit, ==, culprit);
}

static guint confirm_boots(const World *world, guint node)
{
	guint n = 0;

	for (guint i = 0; i < world->boots->len; i++) {
		const XbBoot *one = &g_array_index(world->boots, XbBoot, i);
		n += one->confirm && one->node == node && one->image != XB_IMAGE_REVERT;
	}
	return n;
}

static void test_boots_do_not_wait_for_clean_builds(void)
{
	World *world = world_new(7, 0.5);
	g_autoptr(XbPlan) plan = run(world, 6);

	assert_culprit(plan, 7);
	g_assert_cmpuint(world->clean_builds, ==, 2);
	g_assert_cmpuint(world->boots_before_clean, ==, 6);
	g_assert_cmpuint(confirm_boots(world, 7), ==, 3);
	g_assert_cmpuint(confirm_boots(world, 6), ==, 3);
	world_free(world);
}

static void test_a_boot_in_a_storm_decides_nothing(void)
{
	World *world = world_new(8, 0.05);

	world->storm = 0.1; /* of the parent's first: it looks slower than the culprit */
	XbPlan *plan = run(world, 0);
	assert_culprit(plan, 8);
	g_assert_nonnull(strstr(plan->reason->str, "(3 + 3 boots)"));
	xb_plan_free(plan);
	world_free(world);
}

static void test_boots_of_other_images_do_not_count(void)
{
	World *world = world_new(7, 0.5);
	world->other_classes = 1;
	g_autoptr(XbPlan) plan = run(world, 6);
	guint clean = 0;

	assert_culprit(plan, 7);
	for (guint i = 0; i < world->boots->len; i++)
		clean += g_array_index(world->boots, XbBoot, i).image == XB_IMAGE_CLEAN;
	g_assert_cmpuint(clean, >=, 6);
	world_free(world);
}

static void test_a_stale_image_sends_the_search_on(void)
{
	/* Too fast or too slow, at the culprit, before and behind it. */
	for (guint liar = 1; liar + 1 < N; liar++) {
		World *world = world_new(9, 0.5);
		world->stale[liar] = liar < 9 ? 1.5 : 1.0;
		g_autoptr(XbPlan) plan = run(world, 2);
		assert_culprit(plan, 9);
		world_free(world);
	}
}

static void test_a_lie_in_a_flat_range_is_none_or_a_range(void)
{
	World *world = world_new(N, 0);
	world->stale[N - 1] = 1.5;
	g_autoptr(XbPlan) plan = run(world, 2);

	g_test_message("%s", plan->reason->str);
	g_assert_cmpint(plan->kind, !=, XB_VERDICT_CULPRIT);
	world_free(world);
}

static void test_many_lies_end(void)
{
	World *world = world_new(N, 0);
	for (guint i = 5; i < N; i++)
		world->stale[i] = 1.5;
	g_autoptr(XbPlan) plan = run(world, 0);

	g_test_message("%u rounds: %s", world->rounds, plan->reason->str);
	g_assert_cmpint(plan->kind, !=, XB_VERDICT_CULPRIT);
	g_assert_cmpuint(world->clean_builds, <=, 16);
	world_free(world);
}

/* What led to the culprit is no evidence for it. */
static void test_of_prebuilt_images_fresh_boots_count(void)
{
	World *world = world_new(7, 0.5);
	world->prebuilt = true;
	g_autoptr(XbPlan) plan = run(world, 0);

	assert_culprit(plan, 7);
	g_assert_cmpuint(world->clean_builds + world->reverts, ==, 0);
	g_assert_cmpuint(confirm_boots(world, 7), ==, 3);
	g_assert_cmpuint(confirm_boots(world, 6), ==, 3);
	for (guint i = 0; i < world->boots->len; i++)
		for (guint k = 0; k < i; k++) {
			const XbBoot *a = &g_array_index(world->boots, XbBoot, i);
			const XbBoot *b = &g_array_index(world->boots, XbBoot, k);
			g_assert_true(a->node != b->node || a->perturb != b->perturb);
		}
	world_free(world);
}

static void test_noise_asks_for_more_boots(void)
{
	XbOptions options = plain_options();

	g_assert_cmpuint(xb_confirm_boots(&options, 0.03, 0.001), ==, 3);
	g_assert_cmpuint(xb_confirm_boots(&options, -0.03, 0.01), ==, 3);
	g_assert_cmpuint(xb_confirm_boots(&options, -0.03, 0.015), ==, 4);
	g_assert_cmpuint(xb_confirm_boots(&options, 0.03, 0.03), ==, 16);
	g_assert_cmpuint(xb_confirm_boots(&options, 0.03, 0.3), ==, 16);
	g_assert_cmpuint(xb_confirm_boots(&options, 0, 0.01), ==, 3);
	options.confirm_boots = 20;
	g_assert_cmpuint(xb_confirm_boots(&options, 0.03, 0.03), ==, 20);
}

static guint count_confirming(const XbPlan *plan, XbActionKind kind)
{
	guint n = 0;

	for (guint i = 0; i < plan->actions->len; i++) {
		const XbAction *action = &g_array_index(plan->actions, XbAction, i);
		n += action->purpose == XB_PURPOSE_CONFIRM && action->kind == kind;
	}
	return n;
}

/* Two commits are left, one of them three times as likely beforehand. */
static void test_its_boots_begin_before_the_search_is_sure(void)
{
	static const guint booted[] = { 0, 10, 12, N - 1 };
	World *world = world_new(12, 0.5);
	XbGraph graph = { N, world->parent_start, world->parent };
	XbOptions now = plain_options();

	world->nodes[12].prior = 3;
	for (guint i = 0; i < N; i++) {
		world->nodes[i].status = XB_STATUS_BUILT;
		world->nodes[i].build_s = 0;
	}
	for (guint i = 0; i < G_N_ELEMENTS(booted); i++)
		boot(world, &(XbAction){ .node = booted[i], .purpose = XB_PURPOSE_SEARCH });
	now.hosts = now.free_hosts = 3;
	for (guint built = 0; built < 2; built++) {
		/* its parent, 11, has no image at first */
		world->nodes[11].status = built ? XB_STATUS_BUILT : XB_STATUS_UNTRIED;
		world->nodes[11].build_s = built ? 0 : 60;
		g_autoptr(XbPlan) plan =
			xb_plan_bisect(&graph, &now, world->nodes, (XbBoot *)world->boots->data,
				       world->boots->len, NULL, 0);
		g_test_message("%s", plan->reason->str);
		g_assert_cmpint(plan->kind, ==, XB_VERDICT_PENDING);
		g_assert_cmpfloat_with_epsilon(plan->probability[12], 0.75, 0.05);
		g_assert_cmpuint(count_confirming(plan, XB_ACTION_BOOT), >, 0);
		g_assert_cmpuint(count_confirming(plan, XB_ACTION_BUILD), ==, 0);
		/* the search goes on: 11 is what tells most */
		bool goes_on = false;
		for (guint i = 0; i < plan->actions->len; i++)
			goes_on |= g_array_index(plan->actions, XbAction, i).node == 11;
		g_assert_true(goes_on);
	}
	world_free(world);
}

/* What can't be built clean is broken, whatever its incremental build said. The revert still tells
 * which commit it is; that is likely, and not confirmed. */
static void test_a_failed_clean_build_names_nobody(void)
{
	for (guint broken = 6; broken <= 7; broken++) {
		for (guint other = 0; other < 2; other++) {
			World *world = world_new(7, 0.5);

			world->other_classes = other;
			world->no_clean = broken;
			g_autoptr(XbPlan) plan = run(world, 2);
			g_test_message("%s", plan->reason->str);
			g_assert_cmpint(plan->kind, ==, XB_VERDICT_RANGE);
			g_assert_nonnull(
				strstr(plan->reason->str, "a clean rebuild of 1 commit failed"));
			g_assert_cmpfloat(plan->probability[7], >, 0.2);
			g_assert_cmpfloat(plan->probability[broken] + plan->probability[7] +
						  plan->probability[8],
					  >, 0.99);
			world_free(world);
		}
	}
}

/* GOOD is the parent, and can't be built clean: the search's measurement of it stays. */
static void test_good_that_cannot_be_built_clean_confirms_nothing(void)
{
	World *world = world_new(1, 0.5);

	world->no_clean_good = true;
	g_autoptr(XbPlan) plan = run(world, 2);
	g_test_message("%s", plan->reason->str);
	g_assert_cmpint(plan->kind, ==, XB_VERDICT_RANGE);
	g_assert_cmpfloat(plan->probability[1], >, 0.99);
	g_assert_nonnull(strstr(plan->reason->str, "cannot be rebuilt clean"));
	world_free(world);
}

/* The culprit's fresh boots bring no number, or fewer than three a side do. */
static void test_what_cannot_be_measured_again_is_not_confirmed(void)
{
	for (guint numbers = 0; numbers < 5; numbers += 2) {
		World *world = world_new(7, 0.5);

		world->prebuilt = world->void_confirms = true;
		world->numbers = numbers;
		g_autoptr(XbPlan) plan = run(world, 0);
		g_test_message("%s", plan->reason->str);
		g_assert_cmpint(plan->kind, ==, XB_VERDICT_RANGE);
		g_assert_cmpuint(plan->range_size, ==, 1);
		world_free(world);
	}
}

static void test_a_revert_that_objects_is_asked_again_and_told(void)
{
	World *world = world_new(7, 0.5);
	world->reverted = 1.5;
	g_autoptr(XbPlan) plan = run(world, 2);

	g_test_message("%s", plan->reason->str);
	g_assert_cmpuint(world->reverts, <=, 4);
	if (plan->kind == XB_VERDICT_CULPRIT) {
		g_assert_cmpuint(plan->culprit, ==, 7);
		g_assert_nonnull(strstr(plan->reason->str, "another change after it"));
	} else {
		g_assert_cmpint(plan->kind, ==, XB_VERDICT_RANGE);
	}
	world_free(world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/confirm/boots do not wait for clean builds",
			test_boots_do_not_wait_for_clean_builds);
	g_test_add_func("/confirm/a boot in a storm decides nothing",
			test_a_boot_in_a_storm_decides_nothing);
	g_test_add_func("/confirm/boots of other images do not count",
			test_boots_of_other_images_do_not_count);
	g_test_add_func("/confirm/a stale image sends the search on",
			test_a_stale_image_sends_the_search_on);
	g_test_add_func("/confirm/a lie in a flat range names nobody",
			test_a_lie_in_a_flat_range_is_none_or_a_range);
	g_test_add_func("/confirm/many lies end", test_many_lies_end);
	g_test_add_func("/confirm/of prebuilt images fresh boots count",
			test_of_prebuilt_images_fresh_boots_count);
	g_test_add_func("/confirm/noise asks for more boots", test_noise_asks_for_more_boots);
	g_test_add_func("/confirm/its boots begin before the search is sure",
			test_its_boots_begin_before_the_search_is_sure);
	g_test_add_func("/confirm/a failed clean build names nobody",
			test_a_failed_clean_build_names_nobody);
	g_test_add_func("/confirm/GOOD that cannot be built clean confirms nothing",
			test_good_that_cannot_be_built_clean_confirms_nothing);
	g_test_add_func("/confirm/what cannot be measured again is not confirmed",
			test_what_cannot_be_measured_again_is_not_confirmed);
	g_test_add_func("/confirm/a revert that objects is asked again and told",
			test_a_revert_that_objects_is_asked_again_and_told);
	return g_test_run();
}
