/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare.c - several variants against one base; see compare.h. */
#include "compare.h"
#include "random.h"

#include <stdio.h>
#include <string.h>

XbAbOptions xb_compare_options(const XbAbOptions *options, guint n_variants)
{
	XbAbOptions pair = *options;

	pair.confidence = 1 - (1 - options->confidence) / MAX(1, n_variants);
	return pair;
}

/* ---- the order of boots ------------------------------------------------------------ */

typedef struct {
	guint side, perturb;
	uint64_t order; /* random within its round */
} Boot;

static int by_round(gconstpointer a, gconstpointer b)
{
	const Boot *x = a, *y = b;

	if (x->perturb != y->perturb)
		return x->perturb < y->perturb ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static uint64_t order_of(uint64_t seed, guint side, guint perturb)
{
	XbRandom random = { seed + perturb * UINT64_C(0x632be59bd9b4e019) +
			    side * UINT64_C(0xd1342543de82ef95) };

	return xb_random_bits(&random);
}

/* Several pairs ask for the same boot of the base: it is made once. */
static void add_boot(GArray *boots, uint64_t seed, guint side, guint perturb)
{
	for (guint i = 0; i < boots->len; i++) {
		const Boot *other = &g_array_index(boots, Boot, i);
		if (other->side == side && other->perturb == perturb)
			return;
	}
	Boot boot = { side, perturb, order_of(seed, side, perturb) };
	g_array_append_val(boots, boot);
}

static void plan_next(uint64_t seed, XbComparePlan *plan)
{
	g_autoptr(GArray) boots = g_array_new(FALSE, FALSE, sizeof(Boot));

	for (guint i = 0; i < plan->n_pairs; i++) {
		const XbAbPlan *pair = &plan->pairs[i];

		for (guint k = 0; pair->kind == XB_AB_PENDING && k < pair->n_next; k++)
			add_boot(boots, seed, pair->next[k].side ? i + 1 : 0,
				 pair->next[k].perturb);
	}
	g_array_sort(boots, by_round);
	for (guint i = 0; i < boots->len && plan->n_next < G_N_ELEMENTS(plan->next); i++) {
		const Boot *boot = &g_array_index(boots, Boot, i);

		plan->next[plan->n_next].side = boot->side;
		plan->next[plan->n_next].perturb = boot->perturb;
		plan->n_next++;
	}
}

/* ---- all together ------------------------------------------------------------------ */

/* Half of what a pair still needs are boots of the base, which all pairs share. */
static guint boots_left(const XbComparePlan *plan)
{
	guint own = 0, shared = 0;

	for (guint i = 0; i < plan->n_pairs; i++) {
		guint left = plan->pairs[i].kind == XB_AB_PENDING ? plan->pairs[i].boots_left : 0;

		own += (left + 1) / 2;
		shared = MAX(shared, left / 2);
	}
	return own + shared;
}

static void summarise(XbComparePlan *plan)
{
	guint n[4] = { 0 };

	for (guint i = 0; i < plan->n_pairs; i++)
		n[plan->pairs[i].kind]++;
	plan->kind = n[XB_AB_PENDING]      ? XB_AB_PENDING
		     : n[XB_AB_DIFFERENT]  ? XB_AB_DIFFERENT
		     : n[XB_AB_UNRESOLVED] ? XB_AB_UNRESOLVED
					   : XB_AB_SAME;
	snprintf(plan->reason, sizeof(plan->reason),
		 "of %u variants %u differ from the base, %u are the same, %u unresolved%s",
		 plan->n_pairs, n[XB_AB_DIFFERENT], n[XB_AB_SAME], n[XB_AB_UNRESOLVED],
		 n[XB_AB_PENDING] ? ", others still measured" : "");
	plan->boots_left = boots_left(plan);
}

void xb_plan_compare(const XbAbOptions *options, const XbCompareSide *sides, guint n_sides,
		     guint n_variants, XbComparePlan *plan)
{
	g_return_if_fail(options && sides && plan && n_sides >= 2 && n_sides <= XB_COMPARE_MAX);

	const XbAbOptions pair = xb_compare_options(options, MAX(n_variants, n_sides - 1));
	memset(plan, 0, sizeof(*plan));
	plan->confidence = options->confidence;
	plan->n_pairs = n_sides - 1;
	for (guint i = 1; i < n_sides; i++) {
		const guint in_flight[2] = { sides[0].in_flight, sides[i].in_flight };

		xb_plan_ab(&pair, sides[0].boots, sides[0].n_boots, sides[i].boots,
			   sides[i].n_boots, in_flight, &plan->pairs[i - 1]);
	}
	plan_next(options->seed, plan);
	summarise(plan);
}
