/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ab.c - the A/B planner; the rule is explained in ab.h. */
#include "ab.h"
#include "observe.h"
#include "random.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>

#define DEFAULT_BOOTS 40
/* Fewer boots a side than this have no ranks to speak of. */
#define RANK_BOOTS 6
/* No estimate of the noise is believed below this. */
#define SD_FLOOR 0.0002
/* A side that gives no number in so many boots is not booted for ever. */
#define VOID_SHARE 2

/* The looks: boots a side after which the question is asked. */
static const guint looks[] = { 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 65, 80, 100 };
#define USUAL_LOOKS 12

typedef struct {
	guint n;
	double *level;
	double mean, sd;
} Side;

typedef struct {
	double shift, low, high; /* log(test / base) */
	bool by_ranks;
} Interval;

typedef struct {
	Side side[2];
} Sides;

static void sides_clear(Sides *sides)
{
	g_free(sides->side[0].level);
	g_free(sides->side[1].level);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sides, sides_clear)

static void measure(const XbAbBoot *boots, guint n_boots, guint most, Side *side)
{
	double squares = 0;

	*side = (Side){ .level = g_new(double, n_boots + 1) };
	for (guint i = 0; i < n_boots && side->n < most; i++) {
		XbBoot boot = { .n_samples = boots[i].n_samples, .samples = boots[i].samples };
		double y = xb_boot_level(&boot);
		if (isnan(y))
			continue;
		side->level[side->n++] = y;
		double delta = y - side->mean;
		side->mean += delta / side->n;
		squares += delta * (y - side->mean);
	}
	side->sd = side->n > 1 ? sqrt(squares / (side->n - 1)) : NAN;
}

/* ---- the rule ------------------------------------------------------------------ */

/* The error that one look may spend so that all of them together stay within
 * @alpha: Pocock's constant for these looks, see ab.h. */
static double alpha_of_look(double alpha, guint most)
{
	double share = 0.158 + 0.036 * (log10(alpha) + 1);

	share = fmin(fmax(share, 1.0 / USUAL_LOOKS), 1);
	if (most > looks[USUAL_LOOKS - 1])
		share *= 0.75;
	return alpha * share;
}

static bool is_look(guint n, const XbAbOptions *options, guint most)
{
	if (n >= most)
		return true;
	for (guint i = 0; i < G_N_ELEMENTS(looks) && !options->fixed_boots; i++)
		if (looks[i] == n)
			return true;
	return n > looks[G_N_ELEMENTS(looks) - 1] && n % 25 == 0 && !options->fixed_boots;
}

/* The number of boots a side at the next look after @n. */
static guint next_look(guint n, const XbAbOptions *options, guint most)
{
	guint next = n + 1;

	while (!is_look(next, options, most))
		next++;
	return next;
}

static Interval t_interval(const Side *base, const Side *test, double alpha)
{
	double freedom = base->n + test->n - 2;
	double squares = (base->n - 1) * base->sd * base->sd + (test->n - 1) * test->sd * test->sd;
	double sd = fmax(sqrt(squares / freedom), SD_FLOOR);
	double half = xb_t_quantile(alpha / 2, freedom) * sd * sqrt(1.0 / base->n + 1.0 / test->n);
	double shift = test->mean - base->mean;

	return (Interval){ shift, shift - half, shift + half, false };
}

static Interval make_interval(const Side *base, const Side *test, double alpha)
{
	Interval by_ranks = { .by_ranks = true };

	if (MIN(base->n, test->n) >= RANK_BOOTS &&
	    xb_hodges_lehmann(test->level, test->n, base->level, base->n, alpha, &by_ranks.shift,
			      &by_ranks.low, &by_ranks.high)) {
		/* Boots without any noise: the interval has no width of its own. */
		double least = SD_FLOOR * sqrt(1.0 / base->n + 1.0 / test->n);
		by_ranks.low = fmin(by_ranks.low, by_ranks.shift - least);
		by_ranks.high = fmax(by_ranks.high, by_ranks.shift + least);
		return by_ranks;
	}
	return t_interval(base, test, alpha);
}

static void decide(const XbAbOptions *options, const Interval *interval, bool last, XbAbPlan *plan)
{
	double floor = log1p(fmax(options->resolve, 0));

	if (interval->low > -floor && interval->high < floor) {
		plan->kind = XB_AB_SAME;
		snprintf(plan->reason, sizeof(plan->reason), "the same within %.2g %%",
			 100 * options->resolve);
	} else if ((interval->low > 0 || interval->high < 0) && fabs(interval->shift) >= floor) {
		plan->kind = XB_AB_DIFFERENT;
		snprintf(plan->reason, sizeof(plan->reason),
			 "the interval excludes \"no difference\" (%s)",
			 interval->by_ranks ? "Hodges-Lehmann, by ranks" : "means, by Student's t");
	} else if (last) {
		plan->kind = XB_AB_UNRESOLVED;
		snprintf(plan->reason, sizeof(plan->reason),
			 "neither a difference nor its absence within %.2g %% is shown",
			 100 * options->resolve);
	}
}

/* ---- the order of boots ------------------------------------------------------------ */

/* The side of the k-th boot in order: random within each pair. */
static guint order_of(uint64_t seed, guint k)
{
	XbRandom random = { seed + (k / 2) * UINT64_C(0x632be59bd9b4e019) };
	guint first = xb_random_bits(&random) & 1;
	return k % 2 ? !first : first;
}

/* Boots that are missing up to @boots of each side, in the seed's order. */
static void ask(const XbAbOptions *options, const guint have[2], const guint boots[2],
		XbAbPlan *plan)
{
	guint met[2] = { 0, 0 };
	guint length = 2 * MAX(boots[0], boots[1]);

	for (guint k = 0; k < length && plan->n_next < G_N_ELEMENTS(plan->next); k++) {
		guint side = order_of(options->seed, k);
		if (++met[side] <= have[side] || met[side] > boots[side])
			continue;
		plan->next[plan->n_next].side = side;
		plan->next[plan->n_next].perturb = met[side] - 1;
		plan->n_next++;
	}
}

/* ---- the plan ------------------------------------------------------------------------ */

static guint last_look(guint n, const XbAbOptions *options, guint most)
{
	while (n >= 2 && !is_look(n, options, most))
		n--;
	return n;
}

static Interval look_at(const XbAbOptions *options, const Side *base, const Side *test, guint most)
{
	double alpha = (1 - CLAMP(options->confidence, 0.5, 1 - 1e-9)) / MAX(1, options->n_metrics);
	double spend = options->fixed_boots ? alpha : alpha_of_look(alpha, most);

	return make_interval(base, test, spend);
}

/* Boots a side that the question will take, judging by this interval: its
 * width falls with the root of their number. */
static guint expected_boots(const XbAbOptions *options, const Interval *interval, guint n,
			    guint most)
{
	double floor = fmax(log1p(options->resolve), 1e-6);
	double half = (interval->high - interval->low) / 2;
	double room = fmax(fabs(fabs(interval->shift) - floor), floor / 4);

	if (fabs(interval->shift) > floor)
		room = fabs(interval->shift);
	return (guint)fmin(most, ceil(n * fmax(1, half * half / (room * room))));
}

static void summarise(const Side all[2], XbAbPlan *plan)
{
	*plan = (XbAbPlan){
		.base = all[0].n ? exp(all[0].mean) : NAN,
		.test = all[1].n ? exp(all[1].mean) : NAN,
		.base_sd = all[0].sd,
		.test_sd = all[1].sd,
		.ratio = NAN,
		.ci_low = NAN,
		.ci_high = NAN,
	};
}

static void plan_next(const XbAbOptions *options, const guint n[2], const guint n_void[2],
		      const guint in_flight[2], guint looked, guint most, XbAbPlan *plan)
{
	guint next = MIN(most, next_look(looked, options, most));
	guint have[2], boots[2];

	for (int side = 0; side < 2; side++) {
		have[side] = n[side] + n_void[side] + (in_flight ? in_flight[side] : 0);
		boots[side] = MIN(next + n_void[side], VOID_SHARE * most);
	}
	ask(options, have, boots, plan);
}

void xb_plan_ab(const XbAbOptions *options, const XbAbBoot *base, guint n_base,
		const XbAbBoot *test, guint n_test, const guint in_flight[2], XbAbPlan *plan)
{
	g_return_if_fail(options && plan);

	guint most = options->fixed_boots ? options->fixed_boots
		     : options->max_boots ? options->max_boots
					  : DEFAULT_BOOTS;
	g_auto(Sides) all = { 0 }, used = { 0 };
	measure(base, n_base, G_MAXUINT, &all.side[0]);
	measure(test, n_test, G_MAXUINT, &all.side[1]);
	guint n[2] = { all.side[0].n, all.side[1].n };
	guint n_void[2] = { n_base - n[0], n_test - n[1] };
	guint looked = last_look(MIN(MIN(n[0], n[1]), most), options, most);
	bool mute = (n[0] < most && n_base >= VOID_SHARE * most) ||
		    (n[1] < most && n_test >= VOID_SHARE * most);

	summarise(all.side, plan);
	plan->confidence = options->confidence;
	guint left = most;
	if (MIN(n[0], n[1]) >= 2) {
		/* What is judged are the first boots of each side up to the look, so
		 * that the verdict does not depend on which side is ahead. */
		bool judged = looked >= 2 || mute;
		measure(base, n_base, judged && !mute ? looked : G_MAXUINT, &used.side[0]);
		measure(test, n_test, judged && !mute ? looked : G_MAXUINT, &used.side[1]);
		Interval interval = look_at(options, &used.side[0], &used.side[1], most);
		plan->ratio = exp(interval.shift);
		plan->ci_low = exp(interval.low);
		plan->ci_high = exp(interval.high);
		if (judged)
			decide(options, &interval, looked >= most || mute, plan);
		left = expected_boots(options, &interval, used.side[0].n, most);
	} else if (mute) {
		plan->kind = XB_AB_UNRESOLVED;
		snprintf(plan->reason, sizeof(plan->reason),
			 "too few boots gave a number of the metric");
	}
	if (plan->kind != XB_AB_PENDING)
		return;
	plan_next(options, n, n_void, in_flight, looked, most, plan);
	plan->boots_left = MAX(2 * left, n[0] + n[1] + 1) - n[0] - n[1];
	snprintf(plan->reason, sizeof(plan->reason), "%u and %u boots, the next look is at %u",
		 n[0], n[1], MIN(most, next_look(looked, options, most)));
}
