/* SPDX-License-Identifier: GPL-2.0-or-later */
/* simulate.c - synthetic worlds for the planner. */
#include "simulate.h"
#include "random.h"

#include <math.h>

#define MAX_STEPS 20000

typedef struct {
	XbAction action;
	double end_s;
	guint slot; /* of a build */
} Work;

typedef struct {
	const XbWorld *world;
	XbTrial *trial;
	XbRandom random;
	uint64_t seed;
	guint n;
	XbNode *nodes;
	bool *bad, *unbuildable, *unbootable;
	guint *image;  /* node -> number of its true image */
	GArray *boots; /* of XbBoot */
	GPtrArray *samples;
	GArray *running; /* of Work */
	guint *tree;     /* builder -> node built there last, G_MAXUINT: none */
	double now_s;
} Sim;

XbGraph xb_graph_line(guint n, guint **parent_start, guint **parent)
{
	*parent_start = g_new0(guint, n + 1);
	*parent = g_new0(guint, n);
	for (guint i = 1; i < n; i++) {
		(*parent_start)[i] = i - 1;
		(*parent)[i - 1] = i - 1;
	}
	(*parent_start)[n] = n - 1;
	return (XbGraph){ n, *parent_start, *parent };
}

XbGraph xb_graph_random(guint n, double merges, uint64_t seed, guint **parent_start, guint **parent)
{
	XbRandom random = { seed };
	g_autofree guint *tip = g_new(guint, n);
	guint n_tips = 1, edges = 0;

	*parent_start = g_new0(guint, n + 1);
	*parent = g_new0(guint, 2 * n);
	tip[0] = 0;
	for (guint i = 1; i < n; i++) {
		guint k = xb_random_below(&random, 0, n_tips);
		bool last = i + n_tips >= n + 1;
		(*parent_start)[i] = edges;
		(*parent)[edges++] = tip[k];
		if (n_tips > 1 && (last || xb_random_unit(&random) < merges)) {
			guint j = (k + 1) % n_tips;
			(*parent)[edges++] = tip[j];
			tip[k] = i;
			tip[j] = tip[--n_tips];
		} else if (!last && xb_random_unit(&random) < merges) {
			tip[n_tips++] = i;
		} else {
			tip[k] = i;
		}
	}
	(*parent_start)[n] = edges;
	return (XbGraph){ n, *parent_start, *parent };
}

/* ---- the truth
 * ------------------------------------------------------------------ */

static void break_some(Sim *self, double share, bool *broken)
{
	for (guint i = 1; i + 1 < self->n; i++) {
		if (xb_random_unit(&self->random) >= share / 3)
			continue;
		guint length = 1 + xb_random_below(&self->random, 0, 5);
		for (guint k = i; k < MIN(i + length, self->n - 1); k++)
			broken[k] = true;
	}
}

static void number_images(Sim *self)
{
	const XbGraph *graph = &self->world->graph;
	double matter = self->world->matter;

	for (guint i = 0; i < self->n; i++) {
		self->image[i] = i + 1;
		if (i > 0 && i + 1 < self->n && matter > 0 &&
		    graph->parent_start[i + 1] - graph->parent_start[i] == 1 &&
		    xb_random_unit(&self->random) >= matter)
			self->image[i] = self->image[graph->parent[graph->parent_start[i]]];
	}
}

static void draw_culprit(Sim *self)
{
	const XbGraph *graph = &self->world->graph;
	guint culprit = 0;

	while (!self->world->no_culprit && culprit == 0) {
		culprit = xb_random_below(&self->random, 1, self->n);
		if (self->image[culprit] != culprit + 1)
			culprit = 0;
	}
	self->trial->truth = culprit;
	for (guint i = 1; i < self->n; i++) {
		self->bad[i] = i == culprit;
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++)
			self->bad[i] |= self->bad[graph->parent[e]];
	}
	if (self->world->culprit_broken && culprit > 0)
		for (guint k = MAX(culprit, 3) - 2; k < MIN(culprit + 3, self->n - 1); k++)
			self->unbuildable[k] = true;
}

/* By random numbers of its own: worlds are the same with and without. */
static void mark_some(Sim *self)
{
	const XbWorld *world = self->world;
	XbRandom random = { self->seed ^ xb_random_mix(0x6d61726b) };

	for (guint i = 1; i < self->n; i++) {
		bool is_marked = xb_random_unit(&random) < world->marked;

		if (i == self->trial->truth)
			is_marked = xb_random_unit(&random) < world->marked_right;
		self->nodes[i].prior = is_marked ? world->weight_marked : world->weight_rest;
	}
}

static void make_truth(Sim *self)
{
	const XbWorld *world = self->world;

	number_images(self);
	break_some(self, world->unbuildable, self->unbuildable);
	break_some(self, world->unbootable, self->unbootable);
	draw_culprit(self);
	for (guint i = 0; i < self->n; i++) {
		self->nodes[i].prior = 1;
		self->nodes[i].image_class = world->matter > 0 ? self->image[i] : 0;
		self->nodes[i].image_inferred = true;
		if (world->prebuilt) {
			self->nodes[i].status = XB_STATUS_BUILT;
			self->nodes[i].image_class = self->image[i];
			self->nodes[i].image_inferred = false;
		}
	}
	if (world->marked > 0)
		mark_some(self);
}

/* ---- work
 * ------------------------------------------------------------------------- */

static double build_cost(const Sim *self, guint node, guint slot)
{
	const XbWorld *world = self->world;

	if (self->tree[slot] == G_MAXUINT)
		return world->build_cold_s;
	double between = fabs((double)node - (double)self->tree[slot]);
	return fmin(world->build_cold_s, world->build_near_s + world->build_each_s * between);
}

static bool slot_free(const Sim *self, guint slot)
{
	for (guint i = 0; i < self->running->len; i++) {
		const Work *work = &g_array_index(self->running, Work, i);
		if (work->action.kind == XB_ACTION_BUILD && work->slot == slot)
			return false;
	}
	return true;
}

static guint nearest_slot(const Sim *self, guint node)
{
	guint best = G_MAXUINT;

	for (guint slot = 0; slot < self->world->options.builders; slot++)
		if (slot_free(self, slot) &&
		    (best == G_MAXUINT ||
		     build_cost(self, node, slot) < build_cost(self, node, best)))
			best = slot;
	return best;
}

/* From the nearest tree that a build could start in now. */
static void expect_costs(Sim *self)
{
	const guint builders = self->world->options.builders;
	g_autofree bool *usable = g_new(bool, builders + 1);
	guint n_free = 0;

	for (guint slot = 0; slot < builders; slot++)
		n_free += usable[slot] = slot_free(self, slot);
	for (guint i = 0; i < self->n; i++) {
		double cost = INFINITY;
		for (guint slot = 0; slot < builders; slot++)
			if (usable[slot] || n_free == 0)
				cost = fmin(cost, build_cost(self, i, slot));
		self->nodes[i].build_s = self->nodes[i].status == XB_STATUS_UNTRIED ? cost : 0;
	}
}

static void start(Sim *self, const XbAction *action)
{
	Work work = { .action = *action, .end_s = self->now_s + self->world->boot_s };
	XbTrial *trial = self->trial;

	if (action->kind == XB_ACTION_BUILD) {
		work.slot = nearest_slot(self, action->node);
		g_assert(work.slot != G_MAXUINT); /* the plan knows how many are free */
		if (action->image == XB_IMAGE_NORMAL) {
			work.end_s = self->now_s + build_cost(self, action->node, work.slot);
			self->tree[work.slot] = action->node;
		} else {
			work.end_s = self->now_s + self->world->build_cold_s;
		}
		trial->confirm_builds += action->purpose == XB_PURPOSE_CONFIRM;
		trial->prebuilds += action->purpose == XB_PURPOSE_PREBUILD;
		trial->builds += action->purpose == XB_PURPOSE_SEARCH ||
				 action->purpose == XB_PURPOSE_ENDPOINT;
	} else {
		trial->confirm_boots += action->purpose == XB_PURPOSE_CONFIRM;
		trial->endpoint_boots += action->purpose == XB_PURPOSE_ENDPOINT;
		trial->boots += action->purpose != XB_PURPOSE_CONFIRM;
	}
	g_array_append_val(self->running, work);
}

static void end_build(Sim *self, const XbAction *action)
{
	XbNode *node = &self->nodes[action->node];
	XbStatus status = XB_STATUS_BUILT;

	if (self->unbuildable[action->node])
		status = XB_STATUS_UNBUILDABLE;
	switch (action->image) {
	case XB_IMAGE_NORMAL:
		node->status = status;
		if (status == XB_STATUS_BUILT) {
			node->image_class = self->image[action->node];
			node->image_inferred = false;
		}
		break;
	case XB_IMAGE_CLEAN:
		node->clean_status = status;
		if (status == XB_STATUS_BUILT)
			node->clean_class = self->image[action->node];
		break;
	case XB_IMAGE_REVERT:
		node->revert_status = XB_STATUS_BUILT;
		break;
	}
}

/* What is an image's own: the same whenever it is booted. */
static double image_deviation(const Sim *self, const XbAction *action)
{
	guint image = action->image == XB_IMAGE_REVERT ? self->n + action->node + 1
						       : self->image[action->node];
	XbRandom random = { self->seed ^ xb_random_mix(image) };

	xb_random_bits(&random);
	return self->world->image_sd * xb_random_normal(&random);
}

static double true_side(const Sim *self, const XbAction *action)
{
	if (action->image == XB_IMAGE_REVERT)
		return action->node == self->trial->truth ? 0 : self->bad[self->n - 1];
	return self->bad[action->node];
}

static void end_boot(Sim *self, const XbAction *action)
{
	const XbWorld *world = self->world;
	XbNode *node = &self->nodes[action->node];
	guint n = MAX(1, world->iterations);

	if (xb_random_unit(&self->random) < world->host_trouble)
		return;
	if (self->unbootable[action->node] && action->image != XB_IMAGE_REVERT) {
		*(action->image == XB_IMAGE_NORMAL ? &node->status : &node->clean_status) =
			XB_STATUS_UNBOOTABLE;
		return;
	}
	double level = true_side(self, action) * log1p(world->shift) +
		       image_deviation(self, action) +
		       world->boot_sd * xb_random_normal(&self->random) +
		       world->drift * self->boots->len / 100.0;
	if (xb_random_unit(&self->random) < world->outliers)
		level += log1p(world->outlier_size);
	double *samples = g_new(double, n);
	for (guint i = 0; i < n; i++)
		samples[i] = exp(level + (world->run_sd > 0
						  ? world->run_sd * xb_random_normal(&self->random)
						  : 0));
	g_ptr_array_add(self->samples, samples);
	if (world->options.pass_fail)
		for (guint i = 0; i < n; i++)
			samples[i] = 1 + ((true_side(self, action) != 0) !=
					  (xb_random_unit(&self->random) < world->wrong_answers));
	XbBoot boot = {
		.node = action->node,
		.image = action->image,
		.perturb = action->perturb,
		.sequence = self->boots->len,
		.n_samples = n,
		.samples = samples,
		.confirm = action->purpose == XB_PURPOSE_CONFIRM,
	};
	g_array_append_val(self->boots, boot);
}

/* The next piece of work to end, taken out of the running ones. */
static bool take_next(Sim *self, Work *next)
{
	guint first = G_MAXUINT;

	for (guint i = 0; i < self->running->len; i++)
		if (first == G_MAXUINT || g_array_index(self->running, Work, i).end_s <
						  g_array_index(self->running, Work, first).end_s)
			first = i;
	if (first == G_MAXUINT)
		return false;
	*next = g_array_index(self->running, Work, first);
	g_array_remove_index(self->running, first);
	return true;
}

/* ---- the loop
 * ----------------------------------------------------------------------- */

static XbPlan *ask_planner(Sim *self)
{
	XbOptions options = self->world->options;
	g_autofree XbInFlight *flying = g_new0(XbInFlight, self->running->len + 1);
	guint hosts = 0, builders = 0;

	for (guint i = 0; i < self->running->len; i++) {
		const XbAction *action = &g_array_index(self->running, Work, i).action;
		flying[i] = (XbInFlight){ action->kind == XB_ACTION_BUILD, action->node,
					  action->image, action->perturb };
		hosts += action->kind == XB_ACTION_BOOT;
		builders += action->kind == XB_ACTION_BUILD;
	}
	options.free_hosts = options.hosts - hosts;
	options.free_builders = options.builders - builders;
	options.boot_s = self->world->boot_s;
	options.can_build = !self->world->prebuilt;
	expect_costs(self);
	return xb_plan_bisect(&self->world->graph, &options, self->nodes,
			      (const XbBoot *)self->boots->data, self->boots->len, flying,
			      self->running->len);
}

/* Is it a boot of the culprit's image, of a parent's, or of its revert? */
static bool is_of(const Sim *self, const XbBoot *boot, guint culprit)
{
	const XbGraph *graph = &self->world->graph;
	bool own = self->image[boot->node] == self->image[culprit];

	if (boot->image == XB_IMAGE_REVERT)
		return boot->node == culprit;
	for (guint e = graph->parent_start[culprit]; e < graph->parent_start[culprit + 1]; e++)
		own |= self->image[boot->node] == self->image[graph->parent[e]];
	return own;
}

/* Of the boots made for a confirmation those count as its own that are of the culprit that was
 * named in the end; the others were the search's. */
static void count_confirmation(Sim *self)
{
	XbTrial *trial = self->trial;

	for (guint i = 0; i < self->boots->len; i++) {
		const XbBoot *boot = &g_array_index(self->boots, XbBoot, i);

		if (!boot->confirm ||
		    (trial->kind == XB_VERDICT_CULPRIT && is_of(self, boot, trial->culprit)))
			continue;
		trial->boots++;
		trial->confirm_boots--;
	}
}

/* Is it one of the commits that the range is? */
static bool in_range(const Sim *self, const XbPlan *plan, guint node)
{
	guint likelier = 0;

	for (guint i = 1; i < self->n; i++)
		likelier += plan->probability[i] > plan->probability[node];
	return node != 0 && plan->probability[node] > 0 && likelier < plan->range_size;
}

static void conclude(Sim *self, const XbPlan *plan, XbVerdictKind kind)
{
	XbTrial *trial = self->trial;

	trial->kind = kind;
	trial->culprit = kind == XB_VERDICT_NONE ? 0 : plan->culprit;
	trial->confidence =
		kind == XB_VERDICT_CULPRIT ? plan->probability[plan->culprit] : plan->confidence;
	trial->ratio = plan->effect.ratio;
	trial->total_s = self->now_s;
	if (trial->search_s < 0)
		trial->search_s = self->now_s;
	trial->drift = plan->drift;
	if (trial->confident_boots == 0)
		trial->confident_boots = self->boots->len;
	count_confirmation(self);
	trial->right = kind == XB_VERDICT_RANGE ? in_range(self, plan, trial->truth)
						: trial->culprit == trial->truth;
}

static bool has_purpose(const XbPlan *plan, XbPurpose purpose)
{
	for (guint i = 0; i < plan->actions->len; i++)
		if (g_array_index(plan->actions, XbAction, i).purpose == purpose)
			return true;
	return false;
}

/* One look at the plan; false when the trial is over. */
static bool step(Sim *self)
{
	g_autoptr(XbPlan) plan = ask_planner(self);

	if (self->boots->len == 0)
		self->trial->can_matter = plan->can_matter;
	if (self->trial->confident_boots == 0 && plan->culprit != 0 &&
	    plan->probability[plan->culprit] >= self->world->options.confidence)
		self->trial->confident_boots = self->boots->len;
	if (plan->kind != XB_VERDICT_PENDING) {
		conclude(self, plan, plan->kind);
		return false;
	}
	if (has_purpose(plan, XB_PURPOSE_SEARCH) || has_purpose(plan, XB_PURPOSE_ENDPOINT))
		self->trial->search_s = -1;
	else if (has_purpose(plan, XB_PURPOSE_CONFIRM) && self->trial->search_s < 0)
		self->trial->search_s = self->now_s;
	for (guint i = 0; i < plan->actions->len; i++)
		start(self, &g_array_index(plan->actions, XbAction, i));
	Work work;
	if (!take_next(self, &work)) {
		self->trial->stuck = true;
		return false;
	}
	self->now_s = work.end_s;
	if (work.action.kind == XB_ACTION_BUILD)
		end_build(self, &work.action);
	else
		end_boot(self, &work.action);
	return true;
}

void xb_simulate(const XbWorld *world, uint64_t seed, XbTrial *trial)
{
	Sim self = {
		.world = world,
		.trial = trial,
		.random = { seed },
		.seed = seed,
		.n = world->graph.n,
		.nodes = g_new0(XbNode, world->graph.n),
		.bad = g_new0(bool, world->graph.n),
		.unbuildable = g_new0(bool, world->graph.n),
		.unbootable = g_new0(bool, world->graph.n),
		.image = g_new0(guint, world->graph.n),
		.boots = g_array_new(FALSE, FALSE, sizeof(XbBoot)),
		.samples = g_ptr_array_new_with_free_func(g_free),
		.running = g_array_new(FALSE, FALSE, sizeof(Work)),
		.tree = g_new(guint, MAX(1, world->options.builders)),
	};

	*trial = (XbTrial){ .search_s = -1 };
	for (guint i = 0; i < MAX(1, world->options.builders); i++)
		self.tree[i] = G_MAXUINT;
	make_truth(&self);
	guint steps = 0;
	while (!trial->given_up && !trial->stuck && step(&self)) {
		trial->given_up = world->boots_max > 0 && self.boots->len >= world->boots_max;
		trial->stuck = ++steps > MAX_STEPS;
	}
	if (trial->stuck || trial->given_up)
		trial->total_s = self.now_s;
	if (trial->search_s < 0)
		trial->search_s = trial->total_s;
	g_free(self.nodes);
	g_free(self.bad);
	g_free(self.unbuildable);
	g_free(self.unbootable);
	g_free(self.image);
	g_array_unref(self.boots);
	g_ptr_array_unref(self.samples);
	g_array_unref(self.running);
	g_free(self.tree);
}
