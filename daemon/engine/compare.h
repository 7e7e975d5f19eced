/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.h - several variants against one base: which to boot next, or how
 * each of them differs from the base. Pure, as engine.h.
 *
 * Each variant is judged against the base by xb_plan_ab(), whose rule stays
 * valid under looking, at the level divided by the number of variants
 * (Bonferroni): the chance that any of them is called different where it is
 * not, or the same where it is not, stays within 1 - confidence, whatever the
 * boots of the base have in common. A variant that is decided is not booted
 * again; the base is, as long as another one needs it. What is judged are the
 * first boots of both, up to the look, so a decided variant stays decided.
 */
#ifndef XB_COMPARE_H
#define XB_COMPARE_H

#include "ab.h"

#define XB_COMPARE_MAX 16 /* sides, the base among them */

typedef struct {
	const XbAbBoot *boots;
	guint n_boots, in_flight;
} XbCompareSide;

typedef struct {
	XbAbKind kind;     /* pending while any is; different when any is; same when all are */
	double confidence; /* of all answers together */
	guint n_pairs;
	XbAbPlan pairs[XB_COMPARE_MAX - 1]; /* of side 1, 2, ... against side 0; their
					     * confidence is that of their interval */
	/* The next boots in order, as in XbAbPlan, with sides from 0. In random
	 * order within each round of perturbations, from the seed. */
	guint n_next;
	struct {
		guint side, perturb;
	} next[XB_COMPARE_MAX];
	guint boots_left; /* estimate */
	char reason[256];
} XbComparePlan;

/*
 * @sides[0] is the base; @n_sides from 2. @n_variants is the number of variants
 * that the level is divided by: n_sides - 1, or more where some were left out.
 */
void xb_plan_compare(const XbAbOptions *options, const XbCompareSide *sides, guint n_sides,
		     guint n_variants, XbComparePlan *plan);

/* @options for one of @n_variants comparisons. */
XbAbOptions xb_compare_options(const XbAbOptions *options, guint n_variants);

#endif
