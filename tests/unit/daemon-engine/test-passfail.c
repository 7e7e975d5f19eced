/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots that answer pass or fail, some of them wrongly. */
#include "passfail.h"
#include "simulate.h"

#include <math.h>

static XbOptions options(void)
{
	return (XbOptions){ .confidence = 0.995,
			    .min_effect = 0.01,
			    .pass_fail = true,
			    .free_hosts = 1,
			    .hosts = 1,
			    .builders = 1,
			    .boot_s = 10,
			    .history_level = NAN };
}

/* GOOD passes twice, the middle fails, BAD fails: by the formula in closed form. */
static void test_evidence_is_the_ratio_of_betas(void)
{
	static const double pass = 1, fail = 2;
	guint *start, *parent;
	XbGraph graph = xb_graph_line(3, &start, &parent);
	XbNode nodes[3] = { { .status = XB_STATUS_BUILT },
			    { .status = XB_STATUS_BUILT },
			    { .status = XB_STATUS_BUILT } };
	XbBoot boots[4] = { { .node = 0, .n_samples = 1, .samples = &pass },
			    { .node = 0, .sequence = 1, .n_samples = 1, .samples = &pass },
			    { .node = 1, .sequence = 2, .n_samples = 1, .samples = &fail },
			    { .node = 2, .sequence = 3, .n_samples = 1, .samples = &fail } };
	XbOptions asked = options();
	g_autoptr(XbPlan) plan = xb_plan_bisect(&graph, &asked, nodes, boots, 4, NULL, 0);

	/* B(1,21)/B(1,19) = 19/21; B(21,1)/B(19,1) the same; the middle wrong: one failure of
	 * three on the good side, B(2,21)/B(1,19) = 19/(21 22), and one of one on the bad side,
	 * B(20,1)/B(19,1) = 19/20; none: B(3,3) = 1/30. */
	double first = 0.4 * (19.0 / 21) * (19.0 / 21);
	double second = 0.4 * (19.0 / (21 * 22)) * (19.0 / 20);
	double none = 0.2 / 30, sum = first + second + none;
	g_assert_cmpfloat_with_epsilon(plan->probability[1], first / sum, 1e-9);
	g_assert_cmpfloat_with_epsilon(plan->probability[2], second / sum, 1e-9);
	g_assert_cmpfloat_with_epsilon(plan->probability[0], none / sum, 1e-9);
	g_free(start);
	g_free(parent);
}

static void count(double wrong_answers, bool flat, guint trials, guint *right, guint *wrong)
{
	guint *start, *parent;
	XbWorld world = {
		.graph = xb_graph_random(300, 0.2, 5, &start, &parent),
		.no_culprit = flat,
		.wrong_answers = wrong_answers,
		.iterations = 1,
		.prebuilt = true,
		.boot_s = 10,
		.options = options(),
	};

	*right = *wrong = 0;
	for (guint i = 0; i < trials; i++) {
		XbTrial trial;
		xb_simulate(&world, i + 1, &trial);
		g_assert_false(trial.stuck);
		*right += trial.right && trial.kind != XB_VERDICT_RANGE;
		*wrong += trial.kind == XB_VERDICT_CULPRIT && !trial.right;
	}
	g_free(start);
	g_free(parent);
}

static void test_wrong_answers_do_not_mislead(void)
{
	guint right, wrong;

	count(0.05, false, 60, &right, &wrong);
	g_assert_cmpuint(right, >=, 58);
	g_assert_cmpuint(wrong, <=, 1);
}

static void test_answers_that_are_all_right(void)
{
	guint right, wrong;

	count(0, false, 30, &right, &wrong);
	g_assert_cmpuint(right, ==, 30);
}

static void test_a_flat_range_has_no_culprit(void)
{
	guint right, wrong;

	count(0.05, true, 30, &right, &wrong);
	g_assert_cmpuint(wrong, ==, 0);
	g_assert_cmpuint(right, >=, 28);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/passfail/evidence is the ratio of betas",
			test_evidence_is_the_ratio_of_betas);
	g_test_add_func("/passfail/wrong answers do not mislead",
			test_wrong_answers_do_not_mislead);
	g_test_add_func("/passfail/answers that are all right", test_answers_that_are_all_right);
	g_test_add_func("/passfail/a flat range has no culprit", test_a_flat_range_has_no_culprit);
	return g_test_run();
}
