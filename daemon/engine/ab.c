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
/* Of the level, for the interval by Kolmogorov's distance. */
#define DISTANCE_SHARE 0.25
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
	const char *unit, *other_unit; /* the first unit, and one that is not it */
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

/* The level of a boot; NAN when it is void. */
static double level_of(const XbAbBoot *boot)
{
	const XbBoot all = { .n_samples = boot->n_samples, .samples = boot->samples };
	guint valid = 0;

	for (guint i = 0; i < boot->n_samples; i++)
		valid += isfinite(boot->samples[i]) && boot->samples[i] > 0;
	return 2 * valid > boot->n_samples ? xb_boot_level(&all) : NAN;
}

static void measure(const XbAbBoot *boots, guint n_boots, guint most, Side *side)
{
	double squares = 0;

	*side = (Side){ .level = g_new(double, n_boots + 1) };
	for (guint i = 0; i < n_boots && side->n < most; i++) {
		double y = level_of(&boots[i]);
		if (isnan(y))
			continue;
		if (!side->unit)
			side->unit = boots[i].unit;
		else if (g_strcmp0(side->unit, boots[i].unit) != 0)
			side->other_unit = boots[i].unit ? boots[i].unit : "?";
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
	return false;
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

/* The ranks' interval within that of Kolmogorov and Smirnov, each at its share
 * of @alpha; false where the boots are too few for that level. */
static bool rank_interval(const Side *base, const Side *test, double alpha, Interval *interval)
{
	double low, high;

	*interval = (Interval){ .by_ranks = true };
	if (MIN(base->n, test->n) < RANK_BOOTS ||
	    !xb_hodges_lehmann(test->level, test->n, base->level, base->n,
			       alpha * (1 - DISTANCE_SHARE), &interval->shift, &interval->low,
			       &interval->high))
		return false;
	if (xb_kolmogorov_shift(test->level, test->n, base->level, base->n, alpha * DISTANCE_SHARE,
				&low, &high) &&
	    low <= interval->high && high >= interval->low) {
		interval->low = fmax(interval->low, low);
		interval->high = fmin(interval->high, high);
		interval->shift = CLAMP(interval->shift, interval->low, interval->high);
	}
	/* Boots without any noise: the interval has no width of its own. */
	double least = SD_FLOOR * sqrt(1.0 / base->n + 1.0 / test->n);
	interval->low = fmin(interval->low, interval->shift - least);
	interval->high = fmax(interval->high, interval->shift + least);
	return true;
}

static Interval make_interval(const Side *base, const Side *test, double alpha)
{
	Interval interval;

	return rank_interval(base, test, alpha, &interval) ? interval
							   : t_interval(base, test, alpha);
}

/* What the interval says; pending when it says nothing and it is not the @last. */
static XbAbKind decide(const XbAbOptions *options, const Interval *interval, bool last,
		       char reason[160])
{
	double floor = log1p(fmax(options->resolve, 0));
	double resolve = 100 * options->resolve;

	if (interval->low > -floor && interval->high < floor) {
		snprintf(reason, 160, "the same within %.2g %%", resolve);
		return XB_AB_SAME;
	}
	if ((interval->low > 0 || interval->high < 0) && fabs(interval->shift) >= floor) {
		snprintf(reason, 160, "the interval excludes \"no difference\" (%s)",
			 interval->by_ranks ? "Hodges-Lehmann, by ranks" : "means, by Student's t");
		return XB_AB_DIFFERENT;
	}
	if (!last)
		return XB_AB_PENDING;
	snprintf(reason, 160, "neither a difference nor its absence within %.2g %% is shown",
		 resolve);
	return XB_AB_UNRESOLVED;
}

/* Why the sides have no interval, whatever their number; false when they have one. */
static bool not_comparable(const Side *base, const Side *test, char reason[160])
{
	const char *unit = base->unit ? base->unit : test->unit;
	const char *other = base->other_unit   ? base->other_unit
			    : test->other_unit ? test->other_unit
			    : base->n && test->n && g_strcmp0(base->unit, test->unit) != 0
				    ? (test->unit ? test->unit : "?")
				    : NULL;

	if (!other)
		return false;
	snprintf(reason, 160, "the unit changed from %.32s to %.32s: such numbers do not compare",
		 unit ? unit : "?", other);
	return true;
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

static guint most_boots(const XbAbOptions *options)
{
	if (options->fixed_boots)
		return options->fixed_boots;
	return options->max_boots ? MIN(options->max_boots, looks[G_N_ELEMENTS(looks) - 1])
				  : DEFAULT_BOOTS;
}

void xb_ab_bounds(const XbAbOptions *options, guint *least, guint *most)
{
	*most = most_boots(options);
	*least = options->fixed_boots ? options->fixed_boots : MIN(looks[0], *most);
}

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

/* Sides that no further boot will make comparable. */
static bool ends_without_interval(const Side all[2], guint most, bool mute, XbAbPlan *plan)
{
	guint n = MIN(all[0].n, all[1].n);

	if (not_comparable(&all[0], &all[1], plan->reason)) {
		plan->kind = XB_AB_UNRESOLVED;
		return true;
	}
	if (n >= 2 || !(mute || (most == 1 && n == 1)))
		return false;
	plan->kind = XB_AB_UNRESOLVED;
	if (n == 1)
		plan->ratio = exp(all[1].mean - all[0].mean);
	snprintf(plan->reason, sizeof(plan->reason),
		 mute ? "too few boots gave a number of the metric"
		      : "one boot a side says nothing of how boots differ");
	return true;
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

XbAbPlan xb_ab_one_image(const char *why)
{
	XbAbPlan plan = { .kind = XB_AB_SAME,
			  .confidence = 1,
			  .base = NAN,
			  .test = NAN,
			  .base_sd = NAN,
			  .test_sd = NAN,
			  .ratio = 1,
			  .ci_low = 1,
			  .ci_high = 1 };

	g_strlcpy(plan.reason, why, sizeof(plan.reason));
	return plan;
}

void xb_plan_ab(const XbAbOptions *options, const XbAbBoot *base, guint n_base,
		const XbAbBoot *test, guint n_test, const guint in_flight[2], XbAbPlan *plan)
{
	g_return_if_fail(options && plan);

	guint most = most_boots(options);
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
	if (ends_without_interval(all.side, most, mute, plan))
		return;
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
			plan->kind =
				decide(options, &interval, looked >= most || mute, plan->reason);
		left = expected_boots(options, &interval, used.side[0].n, most);
	}
	if (plan->kind != XB_AB_PENDING)
		return;
	plan_next(options, n, n_void, in_flight, looked, most, plan);
	plan->boots_left = MAX(2 * left, n[0] + n[1] + 1) - n[0] - n[1];
	snprintf(plan->reason, sizeof(plan->reason), "%u and %u boots, the next look is at %u",
		 n[0], n[1], MIN(most, next_look(looked, options, most)));
}

void xb_ab_compare(const XbAbOptions *options, const XbAbBoot *base, guint n_base,
		   const XbAbBoot *test, guint n_test, bool last, XbAbRow *row)
{
	g_return_if_fail(options && row);

	g_auto(Sides) all = { 0 };
	const Side *side = all.side;
	measure(base, n_base, G_MAXUINT, &all.side[0]);
	measure(test, n_test, G_MAXUINT, &all.side[1]);
	*row = (XbAbRow){ .kind = last ? XB_AB_UNRESOLVED : XB_AB_PENDING,
			  .confidence = 1 - (1 - options->confidence) / MAX(1, options->n_metrics),
			  .boots = { side[0].n, side[1].n },
			  .n_void = { n_base - side[0].n, n_test - side[1].n },
			  .level = { side[0].n ? exp(side[0].mean) : NAN,
				     side[1].n ? exp(side[1].mean) : NAN },
			  .sd = { side[0].sd, side[1].sd },
			  .ratio = NAN,
			  .ci_low = NAN,
			  .ci_high = NAN };
	if (not_comparable(&side[0], &side[1], row->reason))
		return;
	if (MIN(side[0].n, side[1].n) < 2) {
		snprintf(row->reason, sizeof(row->reason), "%u and %u boots gave a number of it",
			 side[0].n, side[1].n);
		if (side[0].n && side[1].n)
			row->ratio = exp(side[1].mean - side[0].mean);
		return;
	}
	Interval interval = look_at(options, &side[0], &side[1], most_boots(options));
	row->ratio = exp(interval.shift);
	row->ci_low = exp(interval.low);
	row->ci_high = exp(interval.high);
	if (last)
		row->kind = decide(options, &interval, true, row->reason);
}
