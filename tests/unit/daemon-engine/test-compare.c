/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several variants against one base, on boots whose truth is known. */
#include "compare.h"
#include "random.h"

#include <math.h>
#include <string.h>

#define MOST  100
#define SIDES 4

typedef struct {
	XbRandom random;
	double shift[SIDES]; /* of side 0 too: 0 */
	double boot_sd;
	guint n_sides;
	XbAbBoot boots[SIDES][MOST];
	double samples[SIDES][MOST];
	guint n[SIDES];
} World;

static World *world(uint64_t seed, guint n_sides, const double *shift)
{
	World *w = g_new0(World, 1);

	w->random.state = seed;
	w->boot_sd = 0.01;
	w->n_sides = n_sides;
	for (guint i = 1; i < n_sides; i++)
		w->shift[i] = shift[i - 1];
	return w;
}

static void add_boot(World *w, guint side)
{
	guint k = w->n[side]++;

	g_assert_cmpuint(k, <, MOST);
	w->samples[side][k] =
		0.04 * exp(log1p(w->shift[side]) + w->boot_sd * xb_random_normal(&w->random));
	w->boots[side][k] = (XbAbBoot){ k, 1, &w->samples[side][k], "s" };
}

static void plan_now(const World *w, const XbAbOptions *options, XbComparePlan *plan)
{
	XbCompareSide sides[SIDES];

	for (guint i = 0; i < w->n_sides; i++)
		sides[i] = (XbCompareSide){ w->boots[i], w->n[i], 0 };
	xb_plan_compare(options, sides, w->n_sides, 0, plan);
}

static void run(World *w, const XbAbOptions *options, XbComparePlan *plan)
{
	for (;;) {
		plan_now(w, options, plan);
		if (plan->kind != XB_AB_PENDING)
			return;
		g_assert_cmpuint(plan->n_next, >, 0);
		g_assert_cmpuint(plan->next[0].perturb, ==, w->n[plan->next[0].side]);
		add_boot(w, plan->next[0].side);
	}
}

static const XbAbOptions usual = { .confidence = 0.99, .resolve = 0.02, .seed = 5 };

static void test_each_variant_gets_its_own_answer(void)
{
	static const double shift[] = { 0.1, 0, -0.3 };

	for (uint64_t seed = 1; seed <= 10; seed++) {
		g_autofree World *w = world(seed, 4, shift);
		XbComparePlan plan;

		run(w, &usual, &plan);
		g_assert_cmpint(plan.kind, ==, XB_AB_DIFFERENT);
		g_assert_cmpint(plan.pairs[0].kind, ==, XB_AB_DIFFERENT);
		g_assert_cmpint(plan.pairs[1].kind, ==, XB_AB_SAME);
		g_assert_cmpint(plan.pairs[2].kind, ==, XB_AB_DIFFERENT);
		g_assert_cmpfloat(fabs(plan.pairs[0].ratio - 1.1), <, 0.04);
		g_assert_cmpfloat(fabs(plan.pairs[2].ratio - 0.7), <, 0.04);
		g_assert_nonnull(strstr(plan.reason, "of 3 variants 2 differ"));
	}
}

static void test_a_decided_variant_is_not_booted_again(void)
{
	static const double shift[] = { -0.5, 0 };
	g_autofree World *w = world(7, 3, shift);
	XbComparePlan plan;

	run(w, &usual, &plan);
	g_assert_cmpuint(w->n[1], <, w->n[2]);
	/* The base once for both, not once for each. */
	g_assert_cmpuint(w->n[0], ==, w->n[2]);
}

static void test_a_decided_variant_stays_decided(void)
{
	static const double shift[] = { -0.5, 0 };
	g_autofree World *w = world(7, 3, shift);
	XbComparePlan plan, first = { 0 };

	while (plan_now(w, &usual, &plan), plan.kind == XB_AB_PENDING) {
		if (first.pairs[0].kind == XB_AB_PENDING)
			first = plan;
		else
			g_assert_cmpint(plan.pairs[0].kind, ==, first.pairs[0].kind);
		add_boot(w, plan.next[0].side);
	}
	g_assert_cmpint(plan.pairs[0].kind, ==, XB_AB_DIFFERENT);
	g_assert_cmpfloat(plan.pairs[0].ci_high, ==, first.pairs[0].ci_high);
}

static void test_two_sides_are_an_ordinary_comparison(void)
{
	static const double shift[] = { 0.05 };
	const guint none[2] = { 0, 0 };
	g_autofree World *w = world(3, 2, shift);
	XbComparePlan plan;
	XbAbPlan pair;

	run(w, &usual, &plan);
	xb_plan_ab(&usual, w->boots[0], w->n[0], w->boots[1], w->n[1], none, &pair);
	g_assert_cmpint(plan.kind, ==, pair.kind);
	g_assert_cmpfloat(plan.pairs[0].ci_low, ==, pair.ci_low);
	g_assert_cmpfloat(plan.pairs[0].confidence, ==, 0.99);
}

static void test_more_variants_make_wider_intervals(void)
{
	static const double shift[] = { 0, 0, 0 };
	XbAbOptions fixed = usual;
	double before = 0;

	fixed.fixed_boots = 12;
	for (guint n_sides = 2; n_sides <= 4; n_sides++) {
		g_autofree World *w = world(9, n_sides, shift);
		XbComparePlan plan;

		for (guint k = 0; k < 12; k++)
			for (guint side = 0; side < n_sides; side++)
				add_boot(w, side);
		/* The same boots of both sides whatever the number of sides. */
		for (guint k = 0; k < 12; k++) {
			w->samples[0][k] = 0.04 + 0.0001 * k;
			w->samples[1][k] = 0.04 + 0.0001 * ((k * 5) % 12);
		}
		plan_now(w, &fixed, &plan);
		double width = plan.pairs[0].ci_high - plan.pairs[0].ci_low;
		g_assert_cmpfloat(width, >, before);
		g_assert_cmpfloat(fabs(plan.pairs[0].confidence - (1 - 0.01 / (n_sides - 1))), <,
				  1e-12);
		before = width;
	}
}

/* The whole rule under no difference at all: any of three called different counts. */
static void test_any_false_difference_stays_within_the_error(void)
{
	static const double shift[] = { 0, 0, 0 };
	XbAbOptions options = { .confidence = 0.9, .resolve = 0.002, .max_boots = 15, .seed = 1 };
	guint wrong = 0, trials = 400;

	for (uint64_t seed = 1; seed <= trials; seed++) {
		g_autofree World *w = world(seed * 977, 4, shift);
		XbComparePlan plan;

		options.seed = seed;
		run(w, &options, &plan);
		wrong += plan.kind == XB_AB_DIFFERENT;
	}
	g_test_message("%u of %u", wrong, trials);
	/* 10 % of 400 are 40; four standard deviations more would be 64. */
	g_assert_cmpuint(wrong, <=, 52);
}

static void test_boots_in_flight_are_not_asked_for_again(void)
{
	const XbCompareSide sides[3] = { { NULL, 0, 1 }, { NULL, 0, 0 }, { NULL, 0, 2 } };
	XbComparePlan plan;
	guint n[3] = { 0 };

	xb_plan_compare(&usual, sides, 3, 0, &plan);
	for (guint i = 0; i < plan.n_next; i++)
		n[plan.next[i].side]++;
	g_assert_cmpuint(n[0], ==, 2);
	g_assert_cmpuint(n[1], ==, 3);
	g_assert_cmpuint(n[2], ==, 1);
}

static void test_rounds_come_in_order_and_orders_differ(void)
{
	const XbCompareSide sides[4] = { 0 };
	bool differs = false;
	XbComparePlan plan, other;

	xb_plan_compare(&usual, sides, 4, 0, &plan);
	g_assert_cmpuint(plan.n_next, >=, 8);
	for (guint i = 0; i < plan.n_next; i++)
		g_assert_cmpuint(plan.next[i].perturb, ==, i / 4);
	for (uint64_t seed = 6; seed < 12; seed++) {
		XbAbOptions options = usual;

		options.seed = seed;
		xb_plan_compare(&options, sides, 4, 0, &other);
		differs |= memcmp(plan.next, other.next, sizeof(plan.next)) != 0;
	}
	g_assert_true(differs);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compare/each-variant-gets-its-own-answer",
			test_each_variant_gets_its_own_answer);
	g_test_add_func("/compare/a-decided-variant-is-not-booted-again",
			test_a_decided_variant_is_not_booted_again);
	g_test_add_func("/compare/a-decided-variant-stays-decided",
			test_a_decided_variant_stays_decided);
	g_test_add_func("/compare/two-sides-are-an-ordinary-comparison",
			test_two_sides_are_an_ordinary_comparison);
	g_test_add_func("/compare/more-variants-make-wider-intervals",
			test_more_variants_make_wider_intervals);
	g_test_add_func("/compare/any-false-difference-stays-within-the-error",
			test_any_false_difference_stays_within_the_error);
	g_test_add_func("/compare/boots-in-flight-are-not-asked-for-again",
			test_boots_in_flight_are_not_asked_for_again);
	g_test_add_func("/compare/rounds-come-in-order-and-orders-differ",
			test_rounds_come_in_order_and_orders_differ);
	return g_test_run();
}
