/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bisect.c - the planner: posterior, then a verdict or the next actions. */
#include "bisect.h"
#include "choose.h"
#include "confirm.h"
#include "drift.h"
#include "percent.h"

#include <math.h>

/* Any search ends after so many boots. */
#define BOOTS_MAX 400
/* A confirmation that is under way then may take so many more. */
#define CONFIRM_MAX 200
/* So many commits are rebuilt clean at most, for culprits that the next confirmation refutes. */
#define CLEAN_TRIED_MAX 12
/* So many commits, each at least that likely, are rebuilt when nothing else is left to do. */
#define SUSPECTS 3
#define SUSPECT  0.05
/* Clean rebuilds of the suspects tell more than boots that bring less than this. */
#define LITTLE_BITS 0.005
/* No boot can tell more than this: what is left is not separable. */
#define NO_GAIN_BITS 1e-5

/* A confirmation begins early for no commit that is less likely. */
#define EARLY_CONFIRM 0.5

void xb_bisect_finish(XbBisect *self, XbVerdictKind kind, double confidence)
{
	XbPlan *plan = self->search.plan;

	plan->kind = kind;
	plan->confidence = confidence;
	plan->steps_left = 0;
	plan->seconds_left = 0;
	g_array_set_size(plan->actions, 0);
}

/* ---- verdicts
 * -------------------------------------------------------------------- */

static guint likeliest(const XbBisect *self)
{
	guint best = 0;

	for (guint i = 1; i < self->search.graph->n; i++)
		if (self->posterior->node[i] > 0 &&
		    (best == 0 || self->posterior->node[i] > self->posterior->node[best]))
			best = i;
	return best;
}

/* Can any boot that is still possible tell commits of this group apart? */
static bool group_splits(XbBisect *self, guint group)
{
	const XbGraph *graph = self->search.graph;
	g_autofree double *weight = g_new0(double, graph->n);
	g_autofree double *total = g_new(double, graph->n);
	double sum = 0;

	for (guint i = 1; i < graph->n; i++) {
		if (self->hypotheses->group_of[i] == group) {
			weight[i] = self->posterior->node[i];
			sum += weight[i];
		}
	}
	xb_graph_weigh(self->search.index, weight, total);
	for (guint i = 1; i < graph->n; i++)
		if (total[i] > 1e-9 * sum && total[i] < (1 - 1e-9) * sum &&
		    xb_search_testable(&self->search, i))
			return true;
	return false;
}

static guint group_size(const XbBisect *self, guint group)
{
	guint n = 0;

	for (guint i = 1; i < self->search.graph->n; i++)
		n += self->hypotheses->group_of[i] == group && self->hypotheses->prior[i] > 0;
	return n;
}

static int by_probability(gconstpointer a, gconstpointer b, gpointer data)
{
	const double *p = data;
	guint x = *(const guint *)a, y = *(const guint *)b;
	return (p[x] < p[y]) - (p[x] > p[y]);
}

/* Ends with the smallest set of commits that reaches the confidence. */
static void give_range(XbBisect *self, const char *why)
{
	XbPlan *plan = self->search.plan;
	guint n = self->search.graph->n;
	g_autofree guint *order = g_new(guint, n);
	double sum = 0;
	guint size = 0;

	for (guint i = 0; i < n; i++)
		order[i] = i;
	g_qsort_with_data(order + 1, (int)(n - 1), sizeof(*order), by_probability,
			  plan->probability);
	while (size + 1 < n && sum < self->search.options->confidence &&
	       plan->probability[order[size + 1]] > 0)
		sum += plan->probability[order[++size]];
	g_autofree char *sure = xb_probability_text(sum);
	if (size > 1)
		g_string_append_printf(plan->reason, "%s: one of %u commits with %s", why, size,
				       sure);
	else
		g_string_append_printf(plan->reason, "%s: this commit with %s, unconfirmed", why,
				       sure);
	plan->range_size = size;
	xb_bisect_finish(self, XB_VERDICT_RANGE, sum);
}

static void give_none(XbBisect *self)
{
	XbPlan *plan = self->search.plan;
	g_autofree char *sure = xb_probability_text(self->posterior->none);

	xb_bisect_set_endpoint_effect(self);
	plan->culprit = 0;
	g_string_append_printf(plan->reason,
			       "no step of %.2g %% or more in the range, with %s (a boot "
			       "varies by %.2g %%, %u boots)",
			       100 * self->search.options->min_effect, sure,
			       100 * self->posterior->s, self->search.seen->readings->len);
	xb_bisect_finish(self, XB_VERDICT_NONE, self->posterior->none);
}

static XbConfirm confirm(XbBisect *self, guint culprit)
{
	const XbBelieved believed = { xb_bisect_log_effect(self), self->posterior->s,
				      self->posterior->phi };

	return xb_confirm(&self->search, culprit, xb_bisect_confirm_boots(self), &believed);
}

/* The boots of a confirmation begin as soon as a commit is more likely than not, which saves about
 * half as many elsewhere (`make bench-search`); the search goes on beside them where hosts are
 * left. */
static bool confirm_early(XbBisect *self)
{
	guint culprit = self->search.plan->culprit;

	return culprit != 0 && self->posterior->node[culprit] >= EARLY_CONFIRM &&
	       xb_confirm_early(&self->search, culprit, xb_bisect_confirm_boots(self));
}

/* Returns true when the plan is complete: a verdict, or a confirmation. */
static bool judge_culprit(XbBisect *self, double required)
{
	XbSearch *search = &self->search;
	XbPlan *plan = search->plan;
	double p = self->posterior->node[plan->culprit];

	if (plan->culprit == 0 || p < required)
		return false;
	if (self->clean->n_tried > CLEAN_TRIED_MAX &&
	    search->nodes[plan->culprit].clean_status == XB_STATUS_UNTRIED) {
		give_range(self, "clean rebuilds refuted one culprit after the other");
		return true;
	}
	g_autofree char *sure = xb_probability_text(p);
	g_string_append_printf(plan->reason, "culprit with %s; ", sure);
	switch (confirm(self, plan->culprit)) {
	case XB_CONFIRM_RUNNING:
		xb_bisect_estimate_confirmation(self);
		if (search->seen->n_boots >= BOOTS_MAX + CONFIRM_MAX)
			give_range(self, "undecided after the boots allowed");
		break;
	case XB_CONFIRM_AGREES:
		xb_bisect_finish(self, XB_VERDICT_CULPRIT, p);
		break;
	case XB_CONFIRM_DISAGREES:
		give_range(self, ", which disagrees with the search");
		break;
	case XB_CONFIRM_IMPOSSIBLE:
		give_range(self, ", so nothing confirms it");
		break;
	}
	return true;
}

/* The most probable commit below @below that can be measured; 0 when none is likely. */
static guint next_suspect(const XbBisect *self, double below)
{
	guint suspect = 0;
	double most = SUSPECT;

	for (guint i = 1; i < self->search.graph->n; i++) {
		double p = self->posterior->node[i];
		if (p > most && p < below && xb_search_testable(&self->search, i)) {
			suspect = i;
			most = p;
		}
	}
	return suspect;
}

/* No further boot tells anything, so the readings contradict each other, or hang on one image:
 * clean rebuilds, and the revert, can still tell. True when there is one to wait for. */
static bool rebuild_suspects(XbBisect *self)
{
	XbSearch *search = &self->search;
	XbPlan *plan = search->plan;
	guint likeliest_one = plan->culprit;
	gsize start = plan->reason->len;

	if (!search->options->can_build || search->seen->n_boots >= BOOTS_MAX)
		return false;
	guint suspect = next_suspect(self, 2);
	for (guint k = 0; k < SUSPECTS && suspect != 0; k++) {
		plan->culprit = suspect;
		xb_bisect_set_effect(self);
		bool tried = search->nodes[suspect].clean_status != XB_STATUS_UNTRIED;
		if ((tried || self->clean->n_tried <= CLEAN_TRIED_MAX) &&
		    confirm(self, suspect) == XB_CONFIRM_RUNNING) {
			g_string_append(plan->reason, ", since no other boot can tell more");
			xb_bisect_estimate_confirmation(self);
			return true;
		}
		g_string_truncate(plan->reason, start);
		suspect = next_suspect(self, self->posterior->node[suspect]);
	}
	plan->culprit = likeliest_one;
	xb_bisect_set_effect(self);
	return false;
}

/* Broken commits around the culprit: true when nothing can tell them apart. */
static bool judge_range(XbBisect *self)
{
	guint g = self->hypotheses->group_of[self->search.plan->culprit];

	if (self->search.plan->culprit == 0 || g == XB_NO_GROUP ||
	    self->posterior->group[g].mass < self->search.options->confidence ||
	    group_size(self, g) < 2 || group_splits(self, g))
		return false;
	give_range(self, "what is left cannot be built or booted");
	return true;
}

static void judge(XbBisect *self)
{
	XbSearch *search = &self->search;
	XbPlan *plan = search->plan;
	guint n_boots = search->seen->n_boots;
	double none = self->posterior->none;

	plan->culprit = likeliest(self);
	xb_bisect_set_effect(self);
	if (xb_bisect_is_none(self) || xb_bisect_is_flat(self, BOOTS_MAX)) {
		give_none(self);
		return;
	}
	if (judge_culprit(self, xb_bisect_required(self)) || judge_range(self))
		return;
	if (xb_bisect_is_small(self, BOOTS_MAX)) {
		give_range(self,
			   "the likeliest step is hardly above the least effect, and a smaller "
			   "--min-effect would tell");
		return;
	}
	bool early = confirm_early(self);
	guint n_early = plan->actions->len;
	double gain = xb_choose(search, self->hypotheses, self->posterior);
	if (early && gain < LITTLE_BITS)
		g_array_set_size(plan->actions, n_early);
	if (gain < LITTLE_BITS && none < 0.5 && !early) {
		/* Before boots that tell next to nothing. */
		g_autoptr(GArray) chosen = g_steal_pointer(&plan->actions);
		guint free_hosts = search->free_hosts, free_builders = search->free_builders;
		plan->actions = g_array_new(FALSE, FALSE, sizeof(XbAction));
		search->free_hosts = search->options->free_hosts;
		search->free_builders =
			search->options->can_build ? search->options->free_builders : 0;
		if (rebuild_suspects(self))
			return;
		g_array_unref(plan->actions);
		plan->actions = g_steal_pointer(&chosen);
		search->free_hosts = free_hosts;
		search->free_builders = free_builders;
	}
	bool no_gain = gain < NO_GAIN_BITS && !early;
	/* What was kept back can't be had. */
	if (no_gain && judge_culprit(self, search->options->confidence))
		return;
	if (no_gain || n_boots >= BOOTS_MAX) {
		if (none >= 0.5)
			give_none(self);
		else
			give_range(self, gain < NO_GAIN_BITS ? "no boot can tell more"
							     : "undecided after the boots allowed");
		return;
	}
	xb_bisect_add_confirmation(self, early ? plan->culprit : 0);
	g_autofree char *likely = xb_probability_text(self->posterior->node[plan->culprit]);
	g_autofree char *flat = xb_probability_text(none);
	g_string_append_printf(plan->reason, "searching: likeliest culprit %s, none %s%s", likely,
			       flat, early ? "; its confirmation has begun" : "");
}

static void find_drift(XbBisect *self)
{
	XbObservations *seen = self->search.seen;
	const XbOptions *options = self->search.options;
	XbPlan *plan = self->search.plan;
	double slope = 0;

	if (!options->pass_fail)
		slope = xb_drift_slope(seen, log1p(options->min_effect) / 2);
	if (slope == 0)
		return;
	plan->drift = expm1(xb_drift_remove(seen, slope));
	g_string_append_printf(plan->reason,
			       "the host drifted by %+.2g %% over the job's boots, which is taken "
			       "out; ",
			       100 * plan->drift);
}

static void plan_bisect(XbBisect *self)
{
	XbPlan *plan = self->search.plan;

	plan->can_matter = self->hypotheses->can_matter;
	plan->refuted = self->clean->n_refuted;
	if (plan->refuted > 0)
		g_string_append_printf(plan->reason,
				       "%u of the search's images %s set aside, because a clean "
				       "rebuild of the commit gave another; ",
				       plan->refuted, plan->refuted == 1 ? "was" : "were");
	if (self->clean->n_broken > 0)
		g_string_append_printf(
			plan->reason, "a clean rebuild of %u commit%s failed, so %s broken; ",
			self->clean->n_broken, self->clean->n_broken == 1 ? "" : "s",
			self->clean->n_broken == 1 ? "it counts as" : "they count as");
	if (xb_bisect_endpoints(self))
		return;
	find_drift(self);
	self->posterior =
		xb_posterior_new(self->search.seen, self->hypotheses, self->search.options);
	for (guint i = 0; i < self->search.graph->n; i++)
		plan->probability[i] = self->posterior->node[i];
	judge(self);
}

XbPlan *xb_plan_bisect(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
		       const XbBoot *boots, guint n_boots, const XbInFlight *in_flight,
		       guint n_in_flight)
{
	g_return_val_if_fail(graph && graph->n >= 2 && options && nodes, NULL);

	XbPlan *plan = g_new0(XbPlan, 1);
	plan->probability = g_new0(double, graph->n);
	plan->reason = g_string_new(NULL);
	plan->actions = g_array_new(FALSE, FALSE, sizeof(XbAction));
	plan->effect = (XbEffect){ NAN, NAN, NAN, NAN, NAN };

	g_autoptr(XbClean) clean = xb_clean_new(graph->n, nodes, boots, n_boots);
	XbBisect self = { .clean = clean };
	self.search = (XbSearch){
		.graph = graph,
		.options = options,
		.nodes = clean->nodes,
		.boots = clean->boots,
		.n_boots = clean->n_boots,
		.in_flight = in_flight,
		.n_in_flight = n_in_flight,
		.seen = xb_observations_new(graph, clean->nodes, clean->boots, clean->n_boots),
		.index = xb_graph_index_new(graph),
		.plan = plan,
		.free_hosts = options->free_hosts,
		.free_builders = options->can_build ? options->free_builders : 0,
	};
	self.hypotheses = xb_hypotheses_new(graph, clean->nodes, self.search.seen);
	plan_bisect(&self);
	xb_clean_actions(clean, plan->actions);
	xb_posterior_free(self.posterior);
	xb_hypotheses_free(self.hypotheses);
	xb_observations_free(self.search.seen);
	xb_graph_index_free(self.search.index);
	return plan;
}

void xb_plan_free(XbPlan *plan)
{
	if (!plan)
		return;
	g_free(plan->probability);
	g_string_free(plan->reason, TRUE);
	g_array_unref(plan->actions);
	g_free(plan);
}
