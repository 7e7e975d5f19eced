/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confirm.c - the evidence that is asked for before a culprit is named. */
#include "confirm.h"

#include <math.h>

#define CONFIRM_BOOTS 3
#define REVERT_BOOTS  2
#define VOID_MAX      3

typedef struct {
	guint n, n_void;
	double mean;
} Level;

/* Readings of one image, made for this commit. */
static Level image_level(const XbSearch *self, guint node, XbImage image)
{
	Level level = { 0 };

	if (image == XB_IMAGE_NORMAL) {
		const XbUnit *unit = &self->seen->units[self->seen->unit_of[node]];
		return (Level){ unit->n, unit->n_void, unit->mean };
	}
	for (guint i = 0; i < self->n_boots; i++) {
		if (self->boots[i].node != node || self->boots[i].image != image)
			continue;
		double y = xb_boot_level(&self->boots[i]);
		if (isnan(y))
			level.n_void++;
		else
			level.mean += (y - level.mean) / ++level.n;
	}
	return level;
}

static guint boots_asked(const XbSearch *self)
{
	return MAX(CONFIRM_BOOTS, (guint)ceil(fmax(0, self->options->confirm_boots)));
}

/* One more round of boots over @nodes; true when nothing is missing. */
static bool gather(XbSearch *self, const guint *nodes, guint n_nodes, XbImage image, guint n)
{
	guint least = n;
	bool complete = true;

	for (guint k = 0; k < n_nodes; k++)
		least = MIN(least, image_level(self, nodes[k], image).n);
	for (guint round = least + 1; round <= MIN(n, least + MAX(1, self->options->hosts));
	     round++) {
		for (guint j = 0; j < n_nodes; j++) {
			/* Forth and back, so that neither comes first each time. */
			guint node = nodes[round % 2 ? j : n_nodes - 1 - j];
			Level level = image_level(self, node, image);
			if (level.n >= round || level.n_void >= VOID_MAX)
				continue;
			if (xb_search_want(self, node, image, level.n, round, XB_PURPOSE_CONFIRM,
					   "confirm the culprit against its parent"))
				complete = false;
		}
	}
	return complete;
}

static bool clean_failed(const XbSearch *self, const guint *nodes, guint n_nodes)
{
	for (guint k = 0; k < n_nodes; k++) {
		XbStatus status = self->nodes[nodes[k]].clean_status;
		if (status != XB_STATUS_UNTRIED && status != XB_STATUS_BUILT)
			return true;
		Level level = image_level(self, nodes[k], XB_IMAGE_CLEAN);
		if (level.n == 0 && level.n_void >= VOID_MAX)
			return true;
	}
	return false;
}

/* BAD with the culprit reverted: true when there is nothing more to wait for.
 */
static bool gather_revert(XbSearch *self, guint culprit)
{
	Level level = image_level(self, culprit, XB_IMAGE_REVERT);

	if (culprit == self->graph->n - 1 || level.n >= REVERT_BOOTS || level.n_void >= VOID_MAX)
		return true;
	return !xb_search_want(self, culprit, XB_IMAGE_REVERT, level.n, REVERT_BOOTS,
			       XB_PURPOSE_CONFIRM, "BAD with the culprit reverted");
}

static void describe_revert(const XbSearch *self, guint culprit, const Level *base)
{
	GString *reason = self->plan->reason;
	Level revert = image_level(self, culprit, XB_IMAGE_REVERT);
	Level bad = image_level(self, self->graph->n - 1, XB_IMAGE_NORMAL);

	if (!self->options->can_build)
		return;
	if (culprit == self->graph->n - 1)
		g_string_append(reason,
				"; the culprit is the last commit, so its revert is its parent");
	else if (revert.n > 0)
		g_string_append_printf(reason,
				       "; BAD with it reverted: %+.2f %% against BAD, %+.2f %% "
				       "against the parent",
				       100 * expm1(revert.mean - bad.mean),
				       100 * expm1(revert.mean - base->mean));
	else if (self->nodes[culprit].revert_status == XB_STATUS_IMPOSSIBLE)
		g_string_append(reason, "; its revert does not apply on BAD");
	else
		g_string_append(reason, "; BAD with it reverted could not be measured");
}

/* Does the step between the images say the same as the search's did? */
static bool step_agrees(double step, double log_effect, const Level *base, const Level *test,
			double s)
{
	double error = s * sqrt(1.0 / base->n + 1.0 / test->n);
	return step / log_effect > 0.5 || fabs(step - log_effect) < 2.5 * error;
}

static bool images_differ(const XbSearch *self, const guint *parents, guint n, guint culprit)
{
	guint class = self->nodes[culprit].clean_class;

	for (guint k = 0; k < n; k++)
		if (class != 0 && self->nodes[parents[k]].clean_class == class)
			return false;
	return true;
}

static XbConfirm judge(XbSearch *self, const guint *parents, guint n_parents, guint culprit,
		       XbImage image, double log_effect, double s)
{
	GString *reason = self->plan->reason;
	Level test = image_level(self, culprit, image);
	Level base = { 0 };

	for (guint k = 0; k < n_parents; k++) {
		base = image_level(self, parents[k], image);
		if (base.n == 0 || test.n == 0)
			continue;
		double step = test.mean - base.mean;
		g_string_append_printf(reason, "%s%+.2f %% against %s (%u + %u boots)",
				       k > 0 ? ", " : "", 100 * expm1(step),
				       k > 0 ? "another parent" : "its parent", test.n, base.n);
		if (!step_agrees(step, log_effect, &base, &test, s))
			return XB_CONFIRM_DISAGREES;
	}
	describe_revert(self, culprit, &base);
	return XB_CONFIRM_AGREES;
}

XbConfirm xb_confirm(XbSearch *self, guint culprit, double log_effect, double s)
{
	const guint *parents = &self->graph->parent[self->graph->parent_start[culprit]];
	guint n_parents = xb_graph_n_parents(self->graph, culprit);
	g_autofree guint *nodes = g_new(guint, n_parents + 1);
	GString *reason = self->plan->reason;
	bool clean = self->options->can_build;

	for (guint k = 0; k < n_parents; k++)
		nodes[k] = parents[k];
	nodes[n_parents] = culprit;
	bool fallback = clean && clean_failed(self, nodes, n_parents + 1);
	XbImage image = clean && !fallback ? XB_IMAGE_CLEAN : XB_IMAGE_NORMAL;
	if (image == XB_IMAGE_CLEAN && !images_differ(self, parents, n_parents, culprit)) {
		g_string_append(reason, "clean builds of it and its parent give one image");
		return XB_CONFIRM_DISAGREES;
	}
	bool complete = gather(self, nodes, n_parents + 1, image, boots_asked(self));
	if (clean)
		complete &= gather_revert(self, culprit);
	if (!complete) {
		g_string_append(reason, "confirming it");
		return XB_CONFIRM_RUNNING;
	}
	g_string_append(reason, image == XB_IMAGE_CLEAN ? "clean rebuilds say "
				: fallback ? "a clean rebuild failed; the search's images say "
					   : "fresh boots say ");
	return judge(self, parents, n_parents, culprit, image, log_effect, s);
}

static guint image_left(const XbSearch *self, guint node, XbImage image, XbStatus status, guint n)
{
	guint have = image_level(self, node, image).n;

	if (status != XB_STATUS_UNTRIED && status != XB_STATUS_BUILT)
		return 0;
	return (status == XB_STATUS_UNTRIED ? 1 : 0) + (have < n ? n - have : 0);
}

guint xb_confirm_left(const XbSearch *self, guint culprit)
{
	guint asked = boots_asked(self);

	if (culprit == 0)
		return self->options->can_build ? 2 * (asked + 1) + REVERT_BOOTS + 1 : 2 * asked;
	guint parent = self->graph->parent[self->graph->parent_start[culprit]];
	if (!self->options->can_build)
		return image_left(self, culprit, XB_IMAGE_NORMAL, XB_STATUS_BUILT, asked) +
		       image_left(self, parent, XB_IMAGE_NORMAL, XB_STATUS_BUILT, asked);
	guint left =
		image_left(self, culprit, XB_IMAGE_CLEAN, self->nodes[culprit].clean_status,
			   asked) +
		image_left(self, parent, XB_IMAGE_CLEAN, self->nodes[parent].clean_status, asked);
	if (culprit != self->graph->n - 1)
		left += image_left(self, culprit, XB_IMAGE_REVERT,
				   self->nodes[culprit].revert_status, REVERT_BOOTS);
	return left;
}
