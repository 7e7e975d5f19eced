/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ab.h - the A/B planner: which of two variants to boot next, or whether they
 * differ. Pure, as engine.h.
 *
 * The boot is the replicate: each counts with the log of its median sample.
 * The question is asked after 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30 and 40
 * boots a side (50, 65, 80, 100 when more are allowed), each time at the same
 * nominal level, chosen so that all looks together err with probability
 * 1 - confidence: Pocock's design (Biometrika 64 (1977)) for these looks. For
 * 12 looks its nominal level is .194, .176, .149 and .125 times the whole at
 * .1, .05, .01 and .001; we take 0.158 + 0.036 (log10(whole) + 1), a sixth to a
 * third less (and three quarters of that where more than 40 boots are allowed), and never under
 * Bonferroni's share, because Student's t at the same nominal level takes the place of the normal,
 * which errs a little more often at the first looks (Jennison and Turnbull, Group Sequential
 * Methods, ch. 4). With fixed_boots there is one look, at the full level.
 *
 * The interval is what two intervals have in common, each exact for a pure shift of
 * any continuous distribution: that of Hodges and Lehmann, by the Mann-Whitney distribution,
 * at three quarters of the level, and that of the Kolmogorov-Smirnov distance
 * at a quarter (Bonferroni), which bears several outlier boots on one side.
 * Student's with pooled variance where the boots are too few for the level. "Different":
 * it excludes 0 and the estimate is worth resolving. "Same": it lies within
 * the resolution. "Unresolved": neither, and the boots are used up. There is no
 * term between images: the answer is about these two, over the layout perturbations
 * that were booted.
 *
 * Many metrics: one of them decides when to stop and what the verdict is, at
 * its full level. The others are told about at the level divided by their
 * number (Bonferroni): the chance that any of them is called different, where
 * none is, stays within 1 - confidence (within twice that for the deciding one and
 * the others together). Each is judged at the level of a look,
 * which holds whatever made the boots end at this one.
 *
 * Input that brings no number: samples that are not finite or not above zero
 * are left out, and a boot of which half the samples or more are so, or that
 * lacks the metric, is void: another is booted, up to twice the number in all.
 * Boots whose units differ are never compared: unresolved. One boot a side
 * says nothing of the spread: a ratio without an interval, unresolved. No
 * spread at all (a deterministic host) is taken for one of 0.02 %.
 */
#ifndef XB_AB_H
#define XB_AB_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	guint perturb;
	guint n_samples;
	const double *samples;
	const char *unit; /* of the samples; NULL = not known */
} XbAbBoot;

typedef struct {
	double confidence; /* e.g. 0.99 */
	double resolve;    /* smallest relative difference worth finding, e.g. 0.01 */
	guint fixed_boots; /* > 0: exactly this many boots a side, then decide */
	guint max_boots;   /* bound a side, at most 100; 0 = default 40 */
	guint n_metrics;   /* the level is divided by it; 0 or 1: not at all */
	uint64_t seed;     /* order of boots */
} XbAbOptions;

typedef enum { XB_AB_PENDING, XB_AB_DIFFERENT, XB_AB_SAME, XB_AB_UNRESOLVED } XbAbKind;

typedef struct {
	XbAbKind kind;
	double confidence;
	double base, test;             /* levels: geometric means over boots of their medians */
	double base_sd, test_sd;       /* between boots, relative (0.0015 = 0.15 %) */
	double ratio, ci_low, ci_high; /* test / base */
	/* When pending: the next boots in order, 0 = base, 1 = test, with their
	 * perturbations; randomised in pairs from the seed, so that the sequence
	 * is the same after a restart. */
	guint n_next;
	struct {
		guint side, perturb;
	} next[8];
	guint boots_left; /* estimate */
	char reason[256];
} XbAbPlan;

/* How the sides compare in one metric. */
typedef struct {
	XbAbKind kind;
	double confidence;      /* of the interval */
	guint boots[2];         /* that gave a number: base, test */
	guint n_void[2];        /* that gave none */
	double level[2], sd[2]; /* as in XbAbPlan */
	double ratio, ci_low, ci_high;
	char reason[160];
} XbAbRow;

/* Boots a side before anything is said, and at most; void ones come on top. */
void xb_ab_bounds(const XbAbOptions *options, guint *least, guint *most);

/* What is said of two variants that are one image; @why as the reason. */
XbAbPlan xb_ab_one_image(const char *why);

/* @in_flight[side] boots of each side are running already and not asked for again. */
void xb_plan_ab(const XbAbOptions *options, const XbAbBoot *base, guint n_base,
		const XbAbBoot *test, guint n_test, const guint in_flight[2], XbAbPlan *plan);

/*
 * One further metric of the boots that xb_plan_ab() judged by another one.
 * @options->n_metrics is the number of further metrics. Pending unless @last:
 * estimates only.
 */
void xb_ab_compare(const XbAbOptions *options, const XbAbBoot *base, guint n_base,
		   const XbAbBoot *test, guint n_test, bool last, XbAbRow *row);

#endif
