/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-plan-steps.c - of which verdicts it is told that the range holds another step. */
#include "plan-steps.h"

#include <math.h>

#define N     6
#define BOOTS 3 /* of each commit */

typedef struct {
	guint parent_start[N + 1], parent[N];
	XbNode nodes[N];
	double samples[N * BOOTS];
	XbBoot boots[N * BOOTS];
	guint n_boots;
} World;

/* A step at commit 2, and one of @second at commit 4; commit @unmeasured does not build. */
static void world_init(World *w, double second, guint unmeasured)
{
	*w = (World){ 0 };
	for (guint i = 0; i < N; i++) {
		w->parent_start[i] = i > 0 ? i - 1 : 0;
		w->parent[i] = i;
		w->nodes[i] = (XbNode){ .status = i == unmeasured ? XB_STATUS_UNBUILDABLE
								  : XB_STATUS_BUILT,
					.prior = 1,
					.image_class = i == unmeasured ? 0 : i + 1 };
	}
	w->parent_start[N] = N - 1;
	for (guint i = 0; i < N * BOOTS; i++) {
		guint node = i % N, k = w->n_boots;

		if (node == unmeasured)
			continue;
		w->samples[k] =
			(node < 2 ? 1.0 : 1.3) * (node < 4 ? 1.0 : second) * (1 + 1e-4 * (i / N));
		w->boots[k] = (XbBoot){ .node = node,
					.perturb = i / N,
					.sequence = i,
					.n_samples = 1,
					.samples = &w->samples[k] };
		w->n_boots++;
	}
}

static double others(const World *w, XbVerdictKind kind, guint culprit)
{
	const XbOptions options = { .confidence = 0.99,
				    .min_effect = 0.01,
				    .hosts = 1,
				    .builders = 1,
				    .boot_s = 6,
				    .can_build = true,
				    .history_level = NAN };
	const XbGraph graph = { N, w->parent_start, w->parent };
	const XbPlan plan = { .kind = kind, .culprit = culprit };

	return xb_plan_other_steps(&graph, &options, w->nodes, w->boots, w->n_boots, &plan);
}

static void test_a_culprit_and_a_range_have_others(void)
{
	World w;

	world_init(&w, 0.9, G_MAXUINT);
	g_assert_cmpfloat(others(&w, XB_VERDICT_CULPRIT, 2), >, 0.5);
	g_assert_cmpfloat(others(&w, XB_VERDICT_RANGE, 2), >, 0.5);
	g_assert_cmpfloat(others(&w, XB_VERDICT_PENDING, 2), ==, 0);
	g_assert_cmpfloat(others(&w, XB_VERDICT_NONE, 0), ==, 0);
	world_init(&w, 1, G_MAXUINT);
	g_assert_cmpfloat(others(&w, XB_VERDICT_CULPRIT, 2), <, 0.05);
	g_assert_cmpfloat(others(&w, XB_VERDICT_RANGE, 2), <, 0.05);
}

static void test_nothing_is_told_of_what_is_not_measured(void)
{
	World w;

	for (guint unmeasured = 1; unmeasured <= 2; unmeasured++) {
		world_init(&w, 0.9, unmeasured);
		g_assert_cmpfloat(others(&w, XB_VERDICT_RANGE, 2), ==, 0);
	}
	/* the boots of its image are its own */
	world_init(&w, 0.9, 3);
	w.nodes[3] = w.nodes[2];
	g_assert_cmpfloat(others(&w, XB_VERDICT_RANGE, 3), >, 0.5);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan-steps/a-culprit-and-a-range-have-others",
			test_a_culprit_and_a_range_have_others);
	g_test_add_func("/plan-steps/nothing-is-told-of-what-is-not-measured",
			test_nothing_is_told_of_what_is_not_measured);
	return g_test_run();
}
