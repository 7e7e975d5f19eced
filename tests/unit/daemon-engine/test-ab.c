/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The A/B planner on boots whose truth is known, and on input that is bad. */
#include "ab.h"
#include "random.h"

#include <math.h>

#define MOST 128

/* Boots of two sides, five samples each. */
typedef struct {
	XbRandom random;
	double shift, boot_sd, run_sd;
	XbAbBoot boots[2][MOST];
	double samples[2][MOST][5];
	guint n[2];
} World;

static void add_boot(World *w, guint side)
{
	guint k = w->n[side]++;
	double level = side * log1p(w->shift);

	g_assert_cmpuint(k, <, MOST);
	if (w->boot_sd > 0)
		level += w->boot_sd * xb_random_normal(&w->random);
	for (guint i = 0; i < 5; i++)
		w->samples[side][k][i] =
			0.04 *
			exp(level + (w->run_sd > 0 ? w->run_sd * xb_random_normal(&w->random) : 0));
	w->boots[side][k] = (XbAbBoot){ k, 5, w->samples[side][k], "s" };
}

static void add_boots(World *w, guint n)
{
	for (guint k = 0; k < n; k++) {
		add_boot(w, 0);
		add_boot(w, 1);
	}
}

static void plan_now(const World *w, const XbAbOptions *options, XbAbPlan *plan)
{
	const guint none[2] = { 0, 0 };

	xb_plan_ab(options, w->boots[0], w->n[0], w->boots[1], w->n[1], none, plan);
}

static XbAbPlan run(World *w, const XbAbOptions *options)
{
	XbAbPlan plan;

	for (;;) {
		plan_now(w, options, &plan);
		if (plan.kind != XB_AB_PENDING)
			return plan;
		g_assert_cmpuint(plan.n_next, >, 0);
		add_boot(w, plan.next[0].side);
	}
}

static World *world(uint64_t seed, double shift)
{
	World *w = g_new0(World, 1);

	w->random.state = seed;
	w->shift = shift;
	w->boot_sd = 0.01;
	w->run_sd = 0.003;
	return w;
}

static const XbAbOptions usual = { .confidence = 0.99, .resolve = 0.01, .seed = 5 };

/* ---- verdicts -------------------------------------------------------------------- */

static void test_a_difference_is_found_and_measured(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_autofree World *w = world(seed, seed % 2 ? 0.1 : -0.1);
		XbAbPlan plan = run(w, &usual);

		g_assert_cmpint(plan.kind, ==, XB_AB_DIFFERENT);
		g_assert_cmpfloat(plan.ci_low, <=, plan.ratio);
		g_assert_cmpfloat(plan.ci_high, >=, plan.ratio);
		g_assert_cmpfloat(fabs(plan.ratio - (1 + w->shift)), <, 0.04);
		g_assert_cmpuint(w->n[0] + w->n[1], <=, 20);
	}
}

static void test_a_larger_difference_takes_fewer_boots(void)
{
	static const double shifts[] = { 0.02, 0.05, 0.3 };
	guint before = G_MAXUINT;

	for (guint i = 0; i < G_N_ELEMENTS(shifts); i++) {
		guint boots = 0;

		for (uint64_t seed = 1; seed <= 20; seed++) {
			g_autofree World *w = world(seed, shifts[i]);
			run(w, &usual);
			boots += w->n[0] + w->n[1];
		}
		g_assert_cmpuint(boots, <, before);
		before = boots;
	}
}

static void test_no_difference_is_the_same_within_what_is_resolved(void)
{
	g_autofree World *w = world(3, 0);
	XbAbOptions options = usual;

	options.resolve = 0.02;
	XbAbPlan plan = run(w, &options);
	g_assert_cmpint(plan.kind, ==, XB_AB_SAME);
	g_assert_cmpfloat(plan.ci_low, >, 1 / 1.02);
	g_assert_cmpfloat(plan.ci_high, <, 1.02);
	g_assert_nonnull(strstr(plan.reason, "within 2 %"));
}

static void test_too_much_to_resolve_is_unresolved_in_bounded_boots(void)
{
	g_autofree World *w = world(3, 0);
	XbAbOptions options = usual;

	options.resolve = 0.0001;
	XbAbPlan plan = run(w, &options);
	g_assert_cmpint(plan.kind, ==, XB_AB_UNRESOLVED);
	g_assert_cmpuint(w->n[0], ==, 40);
	g_assert_cmpuint(w->n[1], ==, 40);
}

static void test_fixed_boots_are_exactly_those(void)
{
	for (guint n = 1; n <= 12; n++) {
		g_autofree World *w = world(n, 0.5);
		XbAbOptions options = usual;

		options.fixed_boots = n;
		XbAbPlan plan = run(w, &options);
		g_assert_cmpuint(w->n[0], ==, n);
		g_assert_cmpuint(w->n[1], ==, n);
		g_assert_cmpint(plan.kind, ==, n == 1 ? XB_AB_UNRESOLVED : XB_AB_DIFFERENT);
	}
}

/* The whole rule, looks and all, under no difference. */
static void test_looking_often_does_not_raise_the_error(void)
{
	XbAbOptions options = { .confidence = 0.95, .resolve = 0, .max_boots = 40 };
	guint wrong = 0;

	for (uint64_t seed = 1; seed <= 2000; seed++) {
		g_autofree World *w = world(xb_random_mix(seed), 0);
		options.seed = seed;
		wrong += run(w, &options).kind == XB_AB_DIFFERENT;
	}
	g_test_message("%u of 2,000 called different", wrong);
	/* 5 % and three standard errors. */
	g_assert_cmpuint(wrong, <=, 130);
}

/* ---- the order of boots ---------------------------------------------------------- */

static void test_boots_are_interleaved_at_random(void)
{
	guint first = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		g_autofree World *w = world(seed, 0);
		XbAbOptions options = usual;
		XbAbPlan plan;

		options.seed = seed;
		plan_now(w, &options, &plan);
		g_assert_cmpuint(plan.n_next, >=, 6);
		for (guint k = 0; k + 1 < plan.n_next; k += 2)
			g_assert_cmpuint(plan.next[k].side, !=, plan.next[k + 1].side);
		first += plan.next[0].side;
	}
	g_assert_cmpuint(first, >, 8);
	g_assert_cmpuint(first, <, 32);
}

static void test_the_order_goes_on_after_a_restart(void)
{
	g_autofree World *w = world(1, 0);
	XbAbPlan whole, rest;
	guint in_flight[2] = { 0, 0 };

	plan_now(w, &usual, &whole);
	in_flight[whole.next[0].side]++;
	xb_plan_ab(&usual, NULL, 0, NULL, 0, in_flight, &rest);
	g_assert_cmpuint(rest.n_next, ==, whole.n_next - 1);
	for (guint k = 0; k < rest.n_next; k++) {
		g_assert_cmpuint(rest.next[k].side, ==, whole.next[k + 1].side);
		g_assert_cmpuint(rest.next[k].perturb, ==, whole.next[k + 1].perturb);
	}
}

/* ---- input that is bad ------------------------------------------------------------- */

static void test_no_spread_is_no_certainty(void)
{
	g_autofree World *w = world(1, 0);

	w->boot_sd = w->run_sd = 0;
	XbAbPlan plan = run(w, &usual);
	g_assert_cmpint(plan.kind, ==, XB_AB_SAME);
	g_assert_cmpfloat(plan.ratio, ==, 1);
	g_assert_cmpfloat(plan.ci_low, <, 1);
	g_assert_cmpfloat(plan.ci_high, >, 1);
	g_assert_cmpuint(w->n[0], ==, 3);
}

static void test_samples_that_are_no_times_are_left_out(void)
{
	static const double bad[] = { 0, -1, NAN, INFINITY, -INFINITY };

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree World *w = world(9, 0.2);
		XbAbOptions options = usual;
		XbAbPlan clean, dirty;

		options.fixed_boots = 8;
		add_boots(w, 8);
		plan_now(w, &options, &clean);
		for (guint k = 0; k < 8; k++)
			w->samples[1][k][k % 5] = bad[i];
		plan_now(w, &options, &dirty);
		g_assert_cmpint(dirty.kind, ==, XB_AB_DIFFERENT);
		g_assert_cmpfloat(fabs(dirty.ratio - clean.ratio), <, 0.01);
	}
}

static void test_a_boot_of_mostly_bad_samples_is_void(void)
{
	g_autofree World *w = world(9, 0.2);
	XbAbRow row;

	add_boots(w, 6);
	w->samples[0][2][0] = w->samples[0][2][1] = w->samples[0][2][4] = 0;
	xb_ab_compare(&usual, w->boots[0], 6, w->boots[1], 6, true, &row);
	g_assert_cmpuint(row.boots[0], ==, 5);
	g_assert_cmpuint(row.n_void[0], ==, 1);
	g_assert_cmpuint(row.boots[1], ==, 6);
	g_assert_cmpint(row.kind, ==, XB_AB_DIFFERENT);
}

static void test_boots_without_the_metric_are_replaced_within_bounds(void)
{
	g_autofree World *w = world(2, 0);
	XbAbOptions options = usual;
	XbAbPlan plan;
	guint boots = 0;

	options.fixed_boots = 5;
	/* Every boot of the test side is void. */
	do {
		plan_now(w, &options, &plan);
		if (plan.kind != XB_AB_PENDING)
			break;
		g_assert_cmpuint(plan.n_next, >, 0);
		guint side = plan.next[0].side;
		add_boot(w, side);
		if (side == 1)
			w->boots[1][w->n[1] - 1].n_samples = 0;
	} while (++boots < 100);
	g_assert_cmpint(plan.kind, ==, XB_AB_UNRESOLVED);
	g_assert_cmpuint(w->n[1], ==, 10);
	g_assert_nonnull(strstr(plan.reason, "too few boots"));
	g_assert_true(isnan(plan.ratio));
}

static void test_units_that_changed_do_not_compare(void)
{
	g_autofree World *w = world(2, 0);
	XbAbPlan plan;
	XbAbRow row;

	add_boots(w, 4);
	w->boots[1][2].unit = "ms";
	plan_now(w, &usual, &plan);
	g_assert_cmpint(plan.kind, ==, XB_AB_UNRESOLVED);
	g_assert_nonnull(strstr(plan.reason, "from s to ms"));
	for (guint k = 0; k < 4; k++)
		w->boots[1][k].unit = "ms";
	xb_ab_compare(&usual, w->boots[0], 4, w->boots[1], 4, true, &row);
	g_assert_cmpint(row.kind, ==, XB_AB_UNRESOLVED);
	g_assert_nonnull(strstr(row.reason, "from s to ms"));
	g_assert_true(isnan(row.ratio));
}

static void test_one_sample_a_boot_is_enough(void)
{
	g_autofree World *w = world(2, 0.3);
	XbAbOptions options = usual;
	XbAbPlan plan;

	options.fixed_boots = 6;
	add_boots(w, 6);
	for (guint k = 0; k < 6; k++)
		w->boots[0][k].n_samples = w->boots[1][k].n_samples = 1;
	plan_now(w, &options, &plan);
	g_assert_cmpint(plan.kind, ==, XB_AB_DIFFERENT);
}

static void test_nothing_at_all_is_no_row(void)
{
	XbAbRow row;

	xb_ab_compare(&usual, NULL, 0, NULL, 0, true, &row);
	g_assert_cmpint(row.kind, ==, XB_AB_UNRESOLVED);
	g_assert_true(isnan(row.ratio) && isnan(row.level[0]));
}

/* ---- many metrics ------------------------------------------------------------------- */

static void test_more_metrics_widen_the_interval(void)
{
	g_autofree World *w = world(4, 0.01);
	XbAbOptions options = usual;
	double width = 0;

	add_boots(w, 30);
	for (guint m = 1; m <= 64; m *= 4) {
		XbAbRow row;

		options.n_metrics = m;
		xb_ab_compare(&options, w->boots[0], 30, w->boots[1], 30, true, &row);
		g_assert_cmpfloat(row.ci_high - row.ci_low, >, width);
		g_assert_cmpfloat(row.confidence, ==, 1 - (1 - 0.99) / m);
		width = row.ci_high - row.ci_low;
	}
}

/* Twenty metrics without any difference, looked at when a twenty-first one ends the boots. */
static void test_many_metrics_together_keep_the_level(void)
{
	XbAbOptions first = { .confidence = 0.95, .resolve = 0 };
	XbAbOptions others = { .confidence = 0.95, .resolve = 0, .n_metrics = 20 };
	guint wrong = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		g_autofree World *w = world(seed * 31, 0.01);
		bool any = false;

		first.seed = seed;
		run(w, &first);
		for (guint m = 0; m < 20; m++) {
			g_autofree World *other = world(seed * 1000 + m, 0);
			XbAbRow row;

			add_boots(other, w->n[0]);
			xb_ab_compare(&others, other->boots[0], other->n[0], other->boots[1],
				      other->n[1], true, &row);
			any |= row.kind == XB_AB_DIFFERENT;
		}
		wrong += any;
	}
	g_test_message("%u of 200 have one called different", wrong);
	g_assert_cmpuint(wrong, <=, 14);
}

static void test_a_row_is_pending_until_the_end(void)
{
	g_autofree World *w = world(4, 0.5);
	XbAbRow row;

	add_boots(w, 5);
	xb_ab_compare(&usual, w->boots[0], 5, w->boots[1], 5, false, &row);
	g_assert_cmpint(row.kind, ==, XB_AB_PENDING);
	g_assert_cmpfloat(row.ratio, >, 1.4);
}

static void test_bounds_are_those_of_the_looks(void)
{
	XbAbOptions options = { 0 };
	guint least, most;

	xb_ab_bounds(&options, &least, &most);
	g_assert_cmpuint(least, ==, 3);
	g_assert_cmpuint(most, ==, 40);
	options.max_boots = 2;
	xb_ab_bounds(&options, &least, &most);
	g_assert_cmpuint(least, ==, 2);
	g_assert_cmpuint(most, ==, 2);
	options.fixed_boots = 7;
	xb_ab_bounds(&options, &least, &most);
	g_assert_cmpuint(least, ==, 7);
	g_assert_cmpuint(most, ==, 7);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "bounds are those of the looks", test_bounds_are_those_of_the_looks },
	{ "a difference is found and measured", test_a_difference_is_found_and_measured },
	{ "a larger difference takes fewer boots", test_a_larger_difference_takes_fewer_boots },
	{ "no difference is the same within what is resolved",
	  test_no_difference_is_the_same_within_what_is_resolved },
	{ "too much to resolve is unresolved in bounded boots",
	  test_too_much_to_resolve_is_unresolved_in_bounded_boots },
	{ "fixed boots are exactly those", test_fixed_boots_are_exactly_those },
	{ "looking often does not raise the error", test_looking_often_does_not_raise_the_error },
	{ "boots are interleaved at random", test_boots_are_interleaved_at_random },
	{ "the order goes on after a restart", test_the_order_goes_on_after_a_restart },
	{ "no spread is no certainty", test_no_spread_is_no_certainty },
	{ "samples that are no times are left out", test_samples_that_are_no_times_are_left_out },
	{ "a boot of mostly bad samples is void", test_a_boot_of_mostly_bad_samples_is_void },
	{ "boots without the metric are replaced within bounds",
	  test_boots_without_the_metric_are_replaced_within_bounds },
	{ "units that changed do not compare", test_units_that_changed_do_not_compare },
	{ "one sample a boot is enough", test_one_sample_a_boot_is_enough },
	{ "nothing at all is no row", test_nothing_at_all_is_no_row },
	{ "more metrics widen the interval", test_more_metrics_widen_the_interval },
	{ "many metrics together keep the level", test_many_metrics_together_keep_the_level },
	{ "a row is pending until the end", test_a_row_is_pending_until_the_end },
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/ab/", tests[i].name, NULL);
		g_test_add_func(path, tests[i].run);
	}
	return g_test_run();
}
