/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ab.c - the A/B planner.
 *
 * Looked at after every boot, so the error is spent over the looks: the look
 * at n boots a side gets the share 6 / (pi^2 (n - 1)^2) of it, which sums to
 * one over n = 2, 3, ...: by the union bound the intervals of all looks hold
 * together with the stated confidence.
 */
#include "ab.h"
#include "observe.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>

#define DEFAULT_BOOTS 40
/* No noise estimate is believed below this. */
#define SD_FLOOR 0.0002

typedef struct {
	guint n;
	double mean, squares;
} Side;

static Side measure(const XbAbBoot *boots, guint n_boots)
{
	Side side = { 0 };

	for (guint i = 0; i < n_boots; i++) {
		XbBoot boot = { .n_samples = boots[i].n_samples, .samples = boots[i].samples };
		double y = xb_boot_level(&boot);
		if (isnan(y))
			continue;
		double delta = y - side.mean;
		side.mean += delta / ++side.n;
		side.squares += delta * (y - side.mean);
	}
	return side;
}

static double side_sd(const Side *side)
{
	return side->n > 1 ? sqrt(side->squares / (side->n - 1)) : NAN;
}

/* The side of the k-th boot in order: random within each pair. */
static guint order_of(uint64_t seed, guint k)
{
	uint64_t z = seed + (k / 2 + 1) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	guint first = (z ^ (z >> 31)) & 1;
	return k % 2 ? !first : first;
}

/* Boots that are missing up to @pairs a side, in the seed's order. */
static void ask(const XbAbOptions *options, const guint have[2], guint pairs, XbAbPlan *plan)
{
	guint met[2] = { 0, 0 };

	for (guint k = 0; k < 2 * pairs && plan->n_next < G_N_ELEMENTS(plan->next); k++) {
		guint side = order_of(options->seed, k);
		if (met[side]++ < have[side])
			continue;
		plan->next[plan->n_next].side = side;
		plan->next[plan->n_next].perturb = met[side] - 1;
		plan->n_next++;
	}
}

static void decide(const XbAbOptions *options, double step, double half, bool last, XbAbPlan *plan)
{
	double floor = log1p(options->resolve);

	if (fabs(step) > half && fabs(step) >= floor) {
		plan->kind = XB_AB_DIFFERENT;
		snprintf(plan->reason, sizeof(plan->reason),
			 "the interval excludes no difference, and the difference is worth "
			 "resolving");
	} else if (fabs(step) + half < floor || (half < floor / 4 && fabs(step) < floor)) {
		plan->kind = XB_AB_SAME;
		snprintf(plan->reason, sizeof(plan->reason), "the same within %.2f %%",
			 100 * options->resolve);
	} else if (last) {
		plan->kind = XB_AB_UNRESOLVED;
		snprintf(plan->reason, sizeof(plan->reason),
			 "the interval is still wider than what is to be resolved");
	} else {
		plan->kind = XB_AB_PENDING;
	}
}

void xb_plan_ab(const XbAbOptions *options, const XbAbBoot *base, guint n_base,
		const XbAbBoot *test, guint n_test, const guint in_flight[2], XbAbPlan *plan)
{
	g_return_if_fail(options && plan);

	Side side[2] = { measure(base, n_base), measure(test, n_test) };
	guint most = options->max_boots ? options->max_boots : DEFAULT_BOOTS;
	guint least = options->fixed_boots ? options->fixed_boots : 3;
	if (options->fixed_boots)
		most = options->fixed_boots;
	*plan = (XbAbPlan){
		.kind = XB_AB_PENDING,
		.confidence = options->confidence,
		.base = side[0].n ? exp(side[0].mean) : NAN,
		.test = side[1].n ? exp(side[1].mean) : NAN,
		.base_sd = side_sd(&side[0]),
		.test_sd = side_sd(&side[1]),
		.ratio = NAN,
		.ci_low = NAN,
		.ci_high = NAN,
	};
	/* Boots that brought no number count against the bound, or a variant that
	 * never measures anything would be booted for ever. */
	guint have[2] = { n_base + in_flight[0], n_test + in_flight[1] };
	guint n = MIN(side[0].n, side[1].n);
	bool last = MIN(n_base, n_test) >= most && (n >= most || MAX(n_base, n_test) >= 2 * most);

	if (n >= 2) {
		double freedom = side[0].n + side[1].n - 2;
		double sd = fmax(sqrt((side[0].squares + side[1].squares) / freedom), SD_FLOOR);
		double error = sd * sqrt(1.0 / side[0].n + 1.0 / side[1].n);
		double alpha = (1 - options->confidence) / MAX(1, options->n_metrics);
		if (!options->fixed_boots)
			alpha *= 6 / (G_PI * G_PI * (n - 1.0) * (n - 1.0));
		double half = xb_t_quantile(alpha / 2, freedom) * error;
		double step = side[1].mean - side[0].mean;
		plan->ratio = exp(step);
		plan->ci_low = exp(step - half);
		plan->ci_high = exp(step + half);
		if (n >= least)
			decide(options, step, half, last, plan);
	} else if (last) {
		plan->kind = XB_AB_UNRESOLVED;
		snprintf(plan->reason, sizeof(plan->reason), "too few boots gave a number");
	}
	if (plan->kind != XB_AB_PENDING)
		return;
	guint pairs = MIN(most, MAX(least, MIN(n_base, n_test) + 1));
	if (n < pairs && MIN(n_base, n_test) >= most)
		pairs = MIN(2 * most, MIN(n_base, n_test) + 1);
	ask(options, have, pairs, plan);
	plan->boots_left = 2 * (MAX(pairs, least) - MIN(pairs, n));
	if (plan->reason[0] == '\0')
		snprintf(plan->reason, sizeof(plan->reason), "%u of at least %u boots a side", n,
			 least);
}
