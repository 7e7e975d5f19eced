/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bisect.c - the planner: endpoints, search, confirmation, verdict. */
#include "search.h"

#include <math.h>

/* A level that two images of one commit may differ by for no reason (layout). */
#define IMAGE_SD 0.001
/* No noise estimate is believed below this. */
#define SD_FLOOR           0.0002
#define ENDPOINT_BOOTS_MAX 15
#define NODE_BOOTS_MAX     10

typedef struct {
	XbSearch base;
	double level[2]; /* log levels of GOOD and BAD */
	guint n_level[2];
	guint8 *past; /* node -> PAST_* bits */
	bool *alive;  /* node -> could still be the culprit */
	guint n_alive;
	double *weight, *total;
} Bisect;

enum { PAST_GOOD = 1 << 0 };

static double noise(const Bisect *self)
{
	double sd = self->base.seen->sd;
	return isnan(sd) ? 0.01 : fmax(sd, SD_FLOOR);
}

/* Log odds that a unit is on the bad side rather than on the good one. */
static double log_odds(const Bisect *self, guint unit)
{
	const XbObservations *seen = self->base.seen;
	double odds[2];

	for (int side = 0; side < 2; side++) {
		double variance = noise(self) * noise(self) *
					  (1.0 / seen->n[unit] + 1.0 / self->n_level[side]) +
				  2 * IMAGE_SD * IMAGE_SD;
		double z = seen->mean[unit] - self->level[side];
		odds[side] = -0.5 * (z * z / variance + log(variance));
	}
	return odds[1] - odds[0];
}

/* 0: more boots are needed; -1: good; 1: bad. */
static int side_of(const Bisect *self, guint unit)
{
	guint n = self->base.seen->n[unit];

	if (n == 0)
		return 0;
	double odds = log_odds(self, unit);
	double steps = ceil(log2(self->base.graph->n)) + 1;
	double enough = log(steps / (1 - fmin(self->base.options->confidence, 0.9999)));
	if (fabs(odds) < enough && n < NODE_BOOTS_MAX)
		return 0;
	return odds > 0 ? 1 : -1;
}

static void set_endpoint_effect(Bisect *self)
{
	XbEffect *effect = &self->base.plan->effect;
	double step = self->level[1] - self->level[0];
	double half = 3 * noise(self) * sqrt(1.0 / self->n_level[0] + 1.0 / self->n_level[1]);

	effect->base = exp(self->level[0]);
	effect->test = exp(self->level[1]);
	effect->ratio = exp(step);
	effect->ci_low = exp(step - half);
	effect->ci_high = exp(step + half);
}

static bool finish(Bisect *self, XbVerdictKind kind, double confidence, const char *reason)
{
	XbPlan *plan = self->base.plan;

	plan->kind = kind;
	plan->confidence = confidence;
	g_string_append(plan->reason, reason);
	g_array_set_size(plan->actions, 0);
	return true;
}

static bool same_image(const Bisect *self, guint a, guint b)
{
	const XbNode *x = &self->base.nodes[a], *y = &self->base.nodes[b];
	return x->image_class != 0 && x->image_class == y->image_class && !x->image_inferred &&
	       !y->image_inferred;
}

/* GOOD and BAD: returns true when there is nothing to search yet or at all. */
static bool plan_endpoints(Bisect *self)
{
	XbSearch *search = &self->base;
	XbObservations *seen = search->seen;
	guint node[2] = { 0, search->graph->n - 1 };

	for (int side = 0; side < 2; side++)
		if (!xb_search_testable(search, node[side]))
			return finish(self, XB_VERDICT_RANGE, 1,
				      side ? "BAD cannot be built or does not boot"
					   : "GOOD cannot be built or does not boot");
	if (same_image(self, node[0], node[1]))
		return finish(self, XB_VERDICT_NONE, 1, "GOOD and BAD give the same image");
	guint n[2];
	for (int side = 0; side < 2; side++) {
		guint u = seen->unit_of[node[side]];
		n[side] = self->n_level[side] = seen->n[u];
		self->level[side] = seen->mean[u];
	}
	guint want = MAX(2, MIN(n[0], n[1]));
	bool enough = n[0] >= 2 && n[1] >= 2;
	if (enough) {
		set_endpoint_effect(self);
		double step = fabs(self->level[1] - self->level[0]);
		double error = noise(self) * sqrt(1.0 / n[0] + 1.0 / n[1]);
		double floor = log1p(search->options->min_effect);
		bool noisy = noise(self) > 0.1 * step && MIN(n[0], n[1]) < 4;
		bool open = step + 3 * error > floor && step - 4 * error < floor / 2;
		if ((noisy || open || step < floor) && noise(self) > SD_FLOOR &&
		    MIN(n[0], n[1]) < ENDPOINT_BOOTS_MAX && step + 3 * error > floor)
			want = MIN(n[0], n[1]) + 1;
		else if (step < floor || step < 3 * error)
			return finish(self, XB_VERDICT_NONE,
				      fmax(search->options->confidence, 0.99),
				      "GOOD and BAD do not differ by the effect that matters");
		else
			return false;
	}
	for (guint round = 1; round <= want; round++)
		for (int side = 0; side < 2; side++)
			if (n[side] < round)
				xb_search_want(search, node[side], XB_IMAGE_NORMAL, n[side], round,
					       XB_PURPOSE_ENDPOINT,
					       side ? "measure BAD" : "measure GOOD");
	search->plan->steps_left = (guint)ceil(log2(search->graph->n)) * 2 + 10;
	g_string_append(search->plan->reason, "measuring the endpoints");
	return true;
}

/*
 * Narrow the candidates: ancestors of everything bad that are not ancestors
 * of anything good, and whose image differs from their parents'.
 */
static void narrow(Bisect *self)
{
	const XbGraph *graph = self->base.graph;
	const XbObservations *seen = self->base.seen;
	g_autofree guint8 *behind = g_new0(guint8, graph->n);
	g_autofree guint *n_behind = g_new0(guint, graph->n);
	guint n_bad = 0;

	for (guint i = 0; i < graph->n; i++) {
		guint u = seen->unit_of[i];
		int side = i == 0 ? -1 : i == graph->n - 1 ? 1 : side_of(self, u);
		if (side < 0)
			xb_graph_mark_ancestors(graph, i, PAST_GOOD, self->past);
		if (side <= 0)
			continue;
		n_bad++;
		for (guint j = 0; j <= i; j++)
			behind[j] = 0;
		xb_graph_mark_ancestors(graph, i, 1, behind);
		for (guint j = 0; j <= i; j++)
			n_behind[j] += behind[j];
	}
	for (guint i = 1; i < graph->n; i++) {
		bool own_image = true;
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++)
			own_image &= seen->unit_of[graph->parent[e]] != seen->unit_of[i];
		self->base.plan->can_matter += own_image;
		self->alive[i] = own_image && !(self->past[i] & PAST_GOOD) && n_behind[i] == n_bad;
		self->n_alive += self->alive[i];
	}
}

/* How much of the alive weight lies at and behind each node. */
static void weigh(Bisect *self)
{
	for (guint i = 0; i < self->base.graph->n; i++)
		self->weight[i] = self->alive[i];
	xb_graph_weigh(self->base.index, self->weight, self->total);
}

/* Can measuring @node split the candidates, and has it not been settled? */
static bool splits(const Bisect *self, guint node)
{
	return self->total[node] > 0 && self->total[node] < self->n_alive &&
	       xb_search_testable(&self->base, node) &&
	       side_of(self, self->base.seen->unit_of[node]) == 0;
}

/* The node whose share of the candidates comes closest to @share; 0 when none splits. */
static guint pick(const Bisect *self, double share)
{
	double best = INFINITY;
	guint picked = 0;

	for (guint i = 1; i + 1 < self->base.graph->n; i++) {
		double miss = fabs(self->total[i] - share * self->n_alive);
		/* Of two that split alike, one that is built or measured already. */
		if (self->base.seen->n[self->base.seen->unit_of[i]] > 0)
			miss -= 0.75;
		else if (self->base.seen->built[self->base.seen->unit_of[i]] != G_MAXUINT)
			miss -= 0.25;
		if (self->alive[i] && miss < best && splits(self, i)) {
			best = miss;
			picked = i;
		}
	}
	return picked;
}

static void fill_probabilities(Bisect *self)
{
	XbPlan *plan = self->base.plan;

	for (guint i = 0; i < self->base.graph->n; i++)
		plan->probability[i] = self->alive[i] ? 1.0 / self->n_alive : 0;
	plan->culprit = 0;
	if (self->n_alive == 1)
		for (guint i = 1; i < self->base.graph->n; i++)
			if (self->alive[i])
				plan->culprit = i;
}

static void ask(Bisect *self, guint node, XbPurpose purpose, const char *why)
{
	guint have = self->base.seen->n[self->base.seen->unit_of[node]];
	xb_search_want(&self->base, node, XB_IMAGE_NORMAL, have, have + 1, purpose, why);
}

/*
 * A wrong guess keeps the only builder busy for the rest of its build, a right
 * one saves the wait for the boot: with one builder it has to be worth it.
 */
static bool worth_prebuilding(const Bisect *self, guint node, double probability)
{
	const XbOptions *options = self->base.options;
	double build_s = self->base.nodes[node].build_s;

	if (self->base.free_builders > 1)
		return true;
	return probability * options->boot_s >
	       (1 - probability) * fmax(0, build_s - options->boot_s);
}

/* The two nodes that come next when @node turns out good or bad. */
static void prebuild(Bisect *self, guint node)
{
	const XbGraph *graph = self->base.graph;
	g_autofree guint8 *mark = g_new0(guint8, graph->n);
	g_autofree bool *all = g_memdup2(self->alive, graph->n * sizeof(bool));
	guint n_all = self->n_alive;

	xb_graph_mark_ancestors(graph, node, 1, mark);
	for (int bad = 1; bad >= 0; bad--) {
		self->n_alive = 0;
		for (guint i = 0; i < graph->n; i++) {
			self->alive[i] = all[i] && (mark[i] & 1) == bad;
			self->n_alive += self->alive[i];
		}
		weigh(self);
		guint next = self->n_alive > 1 ? pick(self, 0.5) : 0;
		if (next != 0 && worth_prebuilding(self, next, (double)self->n_alive / n_all) &&
		    self->base.seen->built[self->base.seen->unit_of[next]] == G_MAXUINT)
			xb_search_want(&self->base, next, XB_IMAGE_NORMAL, 0, 0,
				       XB_PURPOSE_PREBUILD, "likely next, and a builder is idle");
	}
	for (guint i = 0; i < graph->n; i++)
		self->alive[i] = all[i];
	self->n_alive = n_all;
	weigh(self);
}

static void plan_search(Bisect *self)
{
	XbSearch *search = &self->base;
	guint hosts = MAX(1, MAX(search->options->hosts,
				 search->options->builders > 1 ? search->options->builders : 1));
	guint first = 0;

	weigh(self);
	for (guint k = 1; k <= hosts; k++) {
		guint node = pick(self, (double)k / (hosts + 1));
		if (node == 0)
			break;
		if (k == (hosts + 1) / 2 || first == 0)
			first = node;
		g_autofree char *why =
			g_strdup_printf("halves %u commits that can still be it", self->n_alive);
		ask(self, node, XB_PURPOSE_SEARCH, why);
	}
	if (first == 0) {
		finish(self, XB_VERDICT_RANGE, search->options->confidence,
		       "what is left cannot be built or booted");
		return;
	}
	if (search->free_builders > 0 && search->options->can_build)
		prebuild(self, first);
	guint steps = (guint)ceil(log2(fmax(2, self->n_alive)));
	search->plan->steps_left = 2 * steps + 9;
	g_string_append_printf(search->plan->reason, "%u commits can still be it", self->n_alive);
}

static void plan_bisect(Bisect *self)
{
	XbSearch *search = &self->base;

	if (plan_endpoints(self)) {
		fill_probabilities(self);
		return;
	}
	narrow(self);
	fill_probabilities(self);
	if (self->n_alive == 0) {
		finish(self, XB_VERDICT_RANGE, 0.5,
		       "the measurements contradict each other: no single commit explains them");
	} else if (self->n_alive > 1) {
		plan_search(self);
	} else if (!xb_confirm(search, search->plan->culprit, self->level[1] - self->level[0],
			       search->options->confidence)) {
		finish(self, XB_VERDICT_RANGE, 0.5,
		       "so the confirmation disagrees with the search");
	}
}

/* A verdict that names commits says how likely each is; the rest says so for "none". */
static void settle_probabilities(Bisect *self)
{
	XbPlan *plan = self->base.plan;
	double none = self->n_alive == 0                 ? 1
		      : plan->kind == XB_VERDICT_CULPRIT ? 1 - plan->confidence
							 : 0;

	for (guint i = 1; i < self->base.graph->n; i++)
		plan->probability[i] *= 1 - none;
	plan->probability[0] = none;
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

	Bisect self = {
		.base = {
			.graph = graph,
			.options = options,
			.nodes = nodes,
			.boots = boots,
			.n_boots = n_boots,
			.in_flight = in_flight,
			.n_in_flight = n_in_flight,
			.seen = xb_observations_new(graph, options, nodes, boots, n_boots),
			.index = xb_graph_index_new(graph),
			.plan = plan,
			.free_hosts = options->free_hosts,
			.free_builders = options->can_build ? options->free_builders : 0,
		},
		.past = g_new0(guint8, graph->n),
		.alive = g_new0(bool, graph->n),
		.weight = g_new0(double, graph->n),
		.total = g_new0(double, graph->n),
	};
	plan_bisect(&self);
	settle_probabilities(&self);
	plan->seconds_left = plan->steps_left * options->boot_s;
	xb_observations_free(self.base.seen);
	xb_graph_index_free(self.base.index);
	g_free(self.past);
	g_free(self.alive);
	g_free(self.weight);
	g_free(self.total);
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
