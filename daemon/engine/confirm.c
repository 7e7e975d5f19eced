/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confirm.c - the evidence that is asked for before a culprit is named. */
#include "search.h"

#include <math.h>

typedef struct {
	guint n;
	double mean, squares;
} Level;

/* A normal image's level is that of all its boots, whichever commit they were made for. */
static Level image_level(const XbSearch *self, guint node, XbImage image)
{
	Level level = { 0 };

	if (image == XB_IMAGE_NORMAL) {
		guint u = self->seen->unit_of[node];
		level.n = self->seen->n[u];
		if (level.n > 0) {
			level.mean = self->seen->mean[u];
			level.squares = self->seen->squares[u];
		}
		return level;
	}
	for (guint i = 0; i < self->n_boots; i++) {
		if (self->boots[i].node != node || self->boots[i].image != image)
			continue;
		double y = xb_boot_level(&self->boots[i]);
		if (isnan(y))
			continue;
		double delta = y - level.mean;
		level.mean += delta / ++level.n;
		level.squares += delta * (y - level.mean);
	}
	return level;
}

static guint boots_asked(const XbSearch *self)
{
	double asked = self->options->confirm_boots > 0 ? self->options->confirm_boots : 3;
	return (guint)fmax(3, ceil(asked));
}

static double spread(const XbSearch *self, const Level *a, const Level *b)
{
	guint freedom = (a->n > 1 ? a->n - 1 : 0) + (b->n > 1 ? b->n - 1 : 0);
	double sd = freedom > 0 ? sqrt((a->squares + b->squares) / freedom) : 0;

	if (!isnan(self->seen->sd))
		sd = fmax(sd, self->seen->sd);
	return sd * sqrt(1.0 / a->n + 1.0 / b->n);
}

/* Does the step from @low to @high say the same as @log_effect did? */
static bool agrees(const XbSearch *self, double step, double log_effect)
{
	double floor = log1p(self->options->min_effect);
	return step * log_effect > 0 && fabs(step) >= fmin(floor, fabs(log_effect)) * 0.999 &&
	       fabs(step) >= 0.4 * fabs(log_effect);
}

static void describe(XbPlan *plan, const char *what, double step)
{
	g_string_append_printf(plan->reason, "%s %+.2f %%; ", what, 100 * expm1(step));
}

/*
 * Asks for what is missing, one boot of each image before a second one of
 * any, so that slow changes of the host hit all of them alike. Returns true
 * when nothing is missing any more.
 */
static bool gather(XbSearch *self, const guint *nodes, guint n_nodes, XbImage image, guint n)
{
	guint least = n;

	for (guint k = 0; k < n_nodes; k++)
		least = MIN(least, image_level(self, nodes[k], image).n);
	bool complete = true;
	/* Two rounds are open at a time when hosts are free. */
	for (guint round = least + 1; round <= MIN(n, least + self->options->hosts); round++) {
		for (guint j = 0; j < n_nodes; j++) {
			guint k = round % 2 ? j : n_nodes - 1 - j;
			guint have = image_level(self, nodes[k], image).n;
			if (have >= round)
				continue;
			if (xb_search_want(self, nodes[k], image, have, round, XB_PURPOSE_CONFIRM,
					   "confirm the culprit against its parent"))
				complete = false;
		}
	}
	return complete && least >= n;
}

static bool clean_failed(const XbSearch *self, const guint *nodes, guint n_nodes)
{
	for (guint k = 0; k < n_nodes; k++) {
		XbStatus status = self->nodes[nodes[k]].clean_status;
		if (status != XB_STATUS_UNTRIED && status != XB_STATUS_BUILT)
			return true;
	}
	return false;
}

/* The revert on BAD: true when there is nothing more to wait for. */
static bool gather_revert(XbSearch *self, guint culprit)
{
	if (culprit == self->graph->n - 1)
		return true;
	guint have = image_level(self, culprit, XB_IMAGE_REVERT).n;
	if (have >= 2)
		return true;
	return !xb_search_want(self, culprit, XB_IMAGE_REVERT, have, 2, XB_PURPOSE_CONFIRM,
			       "BAD with the culprit reverted");
}

static void describe_revert(XbSearch *self, guint culprit, const Level *base)
{
	GString *reason = self->plan->reason;
	Level revert = image_level(self, culprit, XB_IMAGE_REVERT);
	Level bad = image_level(self, self->graph->n - 1, XB_IMAGE_NORMAL);

	if (culprit == self->graph->n - 1)
		g_string_append(reason,
				"the culprit is the last commit, so its revert is its parent");
	else if (revert.n == 0 && self->nodes[culprit].revert_status == XB_STATUS_IMPOSSIBLE)
		g_string_append(reason, "the revert does not apply on BAD");
	else if (revert.n == 0)
		g_string_append(reason, "BAD with the revert could not be measured");
	else
		g_string_append_printf(
			reason, "the revert takes BAD by %+.2f %%, to %+.2f %% of the parent",
			100 * expm1(revert.mean - bad.mean), 100 * expm1(revert.mean - base->mean));
}

static void set_effect(XbSearch *self, const Level *base, const Level *test)
{
	XbEffect *effect = &self->plan->effect;
	double step = test->mean - base->mean;
	double half = 3 * spread(self, base, test);

	effect->base = exp(base->mean);
	effect->test = exp(test->mean);
	effect->ratio = exp(step);
	effect->ci_low = exp(step - half);
	effect->ci_high = exp(step + half);
}

bool xb_confirm(XbSearch *self, guint culprit, double log_effect, double confidence)
{
	const XbGraph *graph = self->graph;
	XbPlan *plan = self->plan;
	guint n_parents = xb_graph_n_parents(graph, culprit);
	g_autofree guint *nodes = g_new(guint, n_parents + 1);

	for (guint k = 0; k < n_parents; k++)
		nodes[k] = graph->parent[graph->parent_start[culprit] + k];
	nodes[n_parents] = culprit;

	bool clean = self->options->can_build;
	bool fallback = clean && clean_failed(self, nodes, n_parents + 1);
	XbImage image = clean && !fallback ? XB_IMAGE_CLEAN : XB_IMAGE_NORMAL;
	for (guint k = 0; clean && !fallback && k < n_parents; k++) {
		guint parent_class = self->nodes[nodes[k]].clean_class;
		if (parent_class != 0 && parent_class == self->nodes[culprit].clean_class) {
			g_string_append(plan->reason,
					"clean builds of culprit and parent give the same image; ");
			return false;
		}
	}
	bool complete = gather(self, nodes, n_parents + 1, image, boots_asked(self));
	if (clean)
		complete &= gather_revert(self, culprit);
	Level test = image_level(self, culprit, image);
	Level base = { 0 };
	g_string_append(plan->reason, image == XB_IMAGE_CLEAN ? "clean rebuilds: "
				      : fallback ? "the clean rebuild failed, the search's images: "
						 : "fresh boots: ");
	for (guint k = 0; complete && k < n_parents; k++) {
		base = image_level(self, nodes[k], image);
		if (base.n == 0)
			continue;
		describe(plan, k == 0 ? "culprit against its parent" : "against another parent",
			 test.mean - base.mean);
		if (!agrees(self, test.mean - base.mean, log_effect))
			return false;
		if (k == 0)
			set_effect(self, &base, &test);
	}
	if (!complete) {
		g_string_assign(plan->reason, "confirming the culprit");
		return true;
	}
	if (clean)
		describe_revert(self, culprit, &base);
	plan->kind = XB_VERDICT_CULPRIT;
	plan->confidence = confidence;
	g_array_set_size(plan->actions, 0);
	return true;
}
