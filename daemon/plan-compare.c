/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan-compare.c - A/B jobs of more than two variants. A variant that can't be
 * measured, or whose image is that of another one, is told about and takes no
 * part; without a base there is nothing to compare with.
 */
#include "planner.h"

#include <math.h>

#include "ab-metrics.h"
#include "compare.h"
#include "plan-sides.h"
#include "variants.h"

/* One side of the job, by node. */
typedef struct {
	bool left_out;      /* has a failure, or a twin */
	char *failure;      /* why it can't be measured, or NULL */
	int twin;           /* an earlier node with the same image, or -1 */
	GPtrArray *runs;    /* its boots, see xb_side_runs() */
	guint active_boots; /* now */
	XbAbMetrics *pair;  /* the base's boots and its own; NULL for the base */
	int index;          /* among the sides that are compared, or -1 */
} Side;

typedef struct {
	const XbJobData *data;
	Side sides[XB_COMPARE_MAX];
	guint n_sides;
	bool deterministic; /* the hosts: boots of other jobs count */
	XbAbOptions options;
	XbComparePlan plan;
	XbAbPlan one_image; /* what is said of a twin of the base */
} Comparison;

static void comparison_free(Comparison *self)
{
	for (guint i = 0; i < self->n_sides; i++) {
		g_free(self->sides[i].failure);
		g_clear_pointer(&self->sides[i].runs, g_ptr_array_unref);
		xb_ab_metrics_free(self->sides[i].pair);
	}
	g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comparison, comparison_free)

static Comparison *comparison_new(const XbJobData *data, bool deterministic)
{
	Comparison *self = g_new0(Comparison, 1);

	self->data = data;
	self->n_sides = data->variants->len;
	self->deterministic = deterministic;
	self->one_image = xb_ab_one_image("it builds to the base's own image");
	self->options = (XbAbOptions){
		.confidence = xb_spec_number(data, "confidence", 0.99),
		.resolve =
			xb_spec_number(data, "resolve", xb_spec_number(data, "min_effect", 0.01)),
		.fixed_boots = (guint)xb_spec_number(data, "boots", 0),
		.seed = (uint64_t)data->job->id,
	};
	for (guint i = 0; i < self->n_sides; i++)
		self->sides[i].twin = self->sides[i].index = -1;
	return self;
}

/* ---- which sides take part --------------------------------------------------------- */

static void look_for_failures(Comparison *self, GHashTable *tallies)
{
	for (guint i = 0; i < self->n_sides; i++) {
		const XbVariant *variant = self->data->variants->pdata[i];
		const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
		Side *side = &self->sides[i];

		side->failure = xb_side_failure(self->data, tallies, i, self->deterministic);
		side->left_out = side->failure != NULL;
		side->active_boots = tally ? tally->active_boots : 0;
	}
}

/* What stops the job; NULL: nothing does. */
static char *why_not(const Comparison *self)
{
	guint left = 0;

	if (self->sides[0].failure)
		return g_strdup(self->sides[0].failure);
	for (guint i = 1; i < self->n_sides; i++)
		left += !self->sides[i].failure;
	return left ? NULL : g_strdup(self->sides[1].failure);
}

/* With all images known: one boot of equal images says all of them. */
static void look_for_twins(Comparison *self)
{
	const GPtrArray *variants = self->data->variants;
	int next = 0;

	for (guint i = 0; i < self->n_sides; i++) {
		Side *side = &self->sides[i];

		for (guint j = 0; j < i && !side->left_out; j++) {
			if (self->sides[j].left_out ||
			    xb_jobdata_class(self->data, variants->pdata[i]) !=
				    xb_jobdata_class(self->data, variants->pdata[j]))
				continue;
			side->twin = (int)j;
			side->left_out = true;
		}
		if (!side->left_out)
			side->index = next++;
	}
}

static bool read_boots(Comparison *self, XbDb *db, GError **error)
{
	for (guint i = 0; i < self->n_sides; i++) {
		Side *side = &self->sides[i];

		if (side->index < 0)
			continue;
		side->runs = xb_side_runs(self->data, i, self->deterministic);
		GPtrArray *const runs[2] = { self->sides[0].runs, side->runs };
		if (i > 0 && !(side->pair = xb_ab_metrics_read(db, self->data, runs, error)))
			return false;
	}
	return true;
}

/* ---- the plan ------------------------------------------------------------------------ */

/* Where only the base takes part, the others that can be measured are its own image. */
static void make_plan(Comparison *self)
{
	XbCompareSide sides[XB_COMPARE_MAX] = { 0 };
	guint n = 0;

	for (guint i = 0; i < self->n_sides; i++) {
		Side *side = &self->sides[i];

		if (side->index < 0)
			continue;
		n = (guint)side->index + 1;
		sides[n - 1].in_flight = side->active_boots;
		if (i == 0)
			continue;
		sides[0].boots = xb_ab_metrics_own(side->pair, 0, &sides[0].n_boots);
		sides[n - 1].boots = xb_ab_metrics_own(side->pair, 1, &sides[n - 1].n_boots);
	}
	if (n >= 2) {
		xb_plan_compare(&self->options, sides, n, self->n_sides - 1, &self->plan);
		return;
	}
	self->plan.kind = XB_AB_SAME;
	g_strlcpy(self->plan.reason,
		  "all variants that can be measured build to the base's own image",
		  sizeof(self->plan.reason));
}

static guint node_of(const Comparison *self, guint index)
{
	for (guint i = 0; i < self->n_sides; i++)
		if (self->sides[i].index == (int)index)
			return i;
	g_assert_not_reached();
}

static void want_boots(const Comparison *self, const XbCapacity *capacity, XbPlanned *out)
{
	for (guint i = 0; i < self->plan.n_next && i < capacity->free_hosts; i++) {
		guint node = node_of(self, self->plan.next[i].side);

		xb_want_add(out->wants, XB_RUN_BOOT, self->data->variants->pdata[node], (int)node,
			    (int)self->plan.next[i].perturb, "ab", "interleaved in random order");
	}
}

/* ---- what is said ---------------------------------------------------------------------- */

/* The plan that answers for @node, its own or its twin's; NULL for one that failed. */
static const XbAbPlan *answer_for(const Comparison *self, guint node)
{
	const Side *side = &self->sides[node];

	if (side->failure)
		return NULL;
	if (side->twin == 0)
		return &self->one_image;
	if (side->twin > 0)
		side = &self->sides[side->twin];
	return &self->plan.pairs[side->index - 1];
}

static json_t *failed_row(json_t *row, const char *failure)
{
	json_object_set_new(row, "kind", json_string("failed"));
	json_object_set_new(row, "reason", json_string(failure));
	return row;
}

static json_t *row_of(const Comparison *self, guint node)
{
	const Side *side = &self->sides[node];
	const Side *measured = side->twin > 0 ? &self->sides[side->twin] : side;
	const XbJobCommit *commit = self->data->commits->pdata[node];
	const XbAbPlan *plan = answer_for(self, node);
	const XbAbOptions pair = xb_compare_options(&self->options, self->n_sides - 1);
	json_t *row = json_pack("{s:i,s:s,s:s,s:s}", "node", (int)node, "name",
				xb_side_word(self->data, node), "commit", commit->label, "subject",
				commit->subject);
	json_t *numbers;

	if (side->failure)
		return failed_row(row, side->failure);
	numbers = json_pack(
		"{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:f,s:i,s:i}", "kind",
		xb_ab_kind_name(plan->kind), "reason", plan->reason, "base",
		xb_json_number_or_null(plan->base), "test", xb_json_number_or_null(plan->test),
		"base_sd", xb_json_number_or_null(plan->base_sd), "test_sd",
		xb_json_number_or_null(plan->test_sd), "ratio", xb_json_number_or_null(plan->ratio),
		"ci_low", xb_json_number_or_null(plan->ci_low), "ci_high",
		xb_json_number_or_null(plan->ci_high), "confidence", plan->confidence, "base_boots",
		(int)xb_side_boots(self->sides[0].runs), "test_boots",
		(int)xb_side_boots(measured->runs));
	json_object_update(row, numbers);
	json_decref(numbers);
	if (side->twin >= 0)
		json_object_set_new(row, "same_image_as",
				    json_string(xb_side_word(self->data, (guint)side->twin)));
	if (measured->pair)
		json_object_set_new(row, "metrics",
				    xb_ab_metrics_rows(measured->pair, &pair, plan));
	return row;
}

/* The variant that the job's effect is of: the one that differs most, else the
 * first that was measured. */
static const XbAbPlan *largest(const Comparison *self, guint *node)
{
	const XbAbPlan *best = NULL;

	for (guint i = 1; i < self->n_sides; i++) {
		const XbAbPlan *plan = answer_for(self, i);
		bool differs = plan && plan->kind == XB_AB_DIFFERENT;

		if (!plan || (best && !differs))
			continue;
		if (!best || best->kind != XB_AB_DIFFERENT ||
		    fabs(log(plan->ratio)) > fabs(log(best->ratio))) {
			best = plan;
			*node = i;
		}
	}
	return best;
}

static json_t *side_json(double level, double sd, const GPtrArray *runs, const char *label)
{
	return json_pack("{s:o,s:o,s:i,s:s}", "level", xb_json_number_or_null(level), "sd",
			 xb_json_number_or_null(sd), "boots", (int)xb_side_boots(runs), "label",
			 label);
}

/* As that of two variants, with a row for each. */
static json_t *verdict_of(const Comparison *self, XbAbKind kind, const char *reason)
{
	guint node = 1;
	const XbAbPlan *shown = largest(self, &node);
	json_t *rows = json_array(), *verdict;

	for (guint i = 1; i < self->n_sides; i++)
		json_array_append_new(rows, row_of(self, i));
	verdict = json_pack(
		"{s:s,s:f,s:[],s:{s:o,s:o,s:o,s:o,s:o,s:s},s:{s:o,s:o},s:i,s:s,s:o,s:b}", "kind",
		xb_ab_kind_name(kind), "confidence", self->options.confidence, "commits", "effect",
		"base", xb_json_number_or_null(shown->base), "test",
		xb_json_number_or_null(shown->test), "ratio", xb_json_number_or_null(shown->ratio),
		"ci_low", xb_json_number_or_null(shown->ci_low), "ci_high",
		xb_json_number_or_null(shown->ci_high), "variant", xb_side_word(self->data, node),
		"sides", "base",
		side_json(shown->base, shown->base_sd, self->sides[0].runs,
			  xb_side_word(self->data, 0)),
		"test",
		side_json(shown->test, shown->test_sd, self->sides[node].runs,
			  xb_side_word(self->data, node)),
		"steps_left", (int)self->plan.boots_left, "reason", reason, "comparisons", rows,
		"own_boots", !self->deterministic);
	g_assert(verdict);
	return verdict;
}

/* The plan's summary, and its kind: "the same" says nothing of those that failed. */
static char *reason_of(const Comparison *self, XbAbKind *kind)
{
	guint failed = 0;

	for (guint i = 1; i < self->n_sides; i++)
		failed += self->sides[i].failure != NULL;
	*kind = self->plan.kind;
	if (failed == 0)
		return g_strdup(self->plan.reason);
	if (*kind == XB_AB_SAME)
		*kind = XB_AB_UNRESOLVED;
	return g_strdup_printf("%s; %u could not be measured", self->plan.reason, failed);
}

bool xb_plan_compare_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			 XbPlanned *out, GError **error)
{
	g_return_val_if_fail(data->variants->len <= XB_COMPARE_MAX, false);

	g_autoptr(GHashTable) tallies = xb_tally_runs(daemon, data);
	g_autoptr(Comparison) self = comparison_new(data, capacity->deterministic);
	g_autofree char *summary = NULL;
	bool left_out[XB_COMPARE_MAX];
	XbAbKind kind;

	look_for_failures(self, tallies);
	out->failure = why_not(self);
	for (guint i = 0; i < self->n_sides; i++)
		left_out[i] = self->sides[i].left_out;
	if (out->failure || !xb_sides_want_images(data, tallies, capacity, left_out, out))
		return true;
	look_for_twins(self);
	if (!read_boots(self, daemon->db, error))
		return false;
	make_plan(self);
	summary = reason_of(self, &kind);
	out->verdict = verdict_of(self, kind, summary);
	out->decided = kind != XB_AB_PENDING;
	if (!out->decided)
		want_boots(self, capacity, out);
	return true;
}
