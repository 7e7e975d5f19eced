/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confirm.c - the evidence that is asked for before a culprit is named. */
#include "confirm.h"
#include "stats.h"

#include <math.h>

#define CONFIRM_BOOTS 3
#define REVERT_BOOTS  2
/* So many where a boot varies by as much as the step or more, fewer with the square of the ratio.
 */
#define NOISY_BOOTS 16
/* With so many boots without a number, and so many more for each with one, an image is given up.
 */
#define VOID_MAX 3
/* A confirmation that disagrees is asked again, with so many times the boots in all. */
#define ROUNDS_MAX 3

/* One boot of the few may be an outlier (a timer storm): the median is where it does not count. */
typedef struct {
	guint n, n_void;
	double median;
} Level;

static bool is_given_up(const Level *level)
{
	return level->n_void >= VOID_MAX * (1 + level->n);
}

static guint class_of(const XbSearch *self, guint node, XbImage image)
{
	return image == XB_IMAGE_NORMAL  ? xb_node_class(&self->nodes[node])
	       : image == XB_IMAGE_CLEAN ? self->nodes[node].clean_class
					 : 0;
}

/* Only fresh boots count: the others are what led here. One is of @node's image when it is of the
 * same image, whichever commit it was made for; and of the search's image while the clean build is
 * still under way, so that hosts need not wait for it. */
static bool is_boot_of(const XbSearch *self, const XbBoot *boot, guint node, XbImage image)
{
	guint class = class_of(self, node, image);

	if (boot->image == XB_IMAGE_REVERT || image == XB_IMAGE_REVERT)
		return boot->image == image && boot->node == node;
	if (!boot->confirm)
		return false;
	if (boot->image == XB_IMAGE_NORMAL &&
	    (image == XB_IMAGE_NORMAL || self->nodes[node].clean_status == XB_STATUS_UNTRIED))
		return self->seen->unit_of[boot->node] == self->seen->unit_of[node];
	if (boot->image == image && boot->node == node)
		return true;
	return class != 0 && class_of(self, boot->node, boot->image) == class &&
	       !(boot->image == XB_IMAGE_NORMAL && self->nodes[boot->node].image_inferred);
}

/* All readings of BAD. */
static Level bad_level(const XbSearch *self)
{
	const XbUnit *unit = &self->seen->units[self->seen->unit_of[self->graph->n - 1]];

	return (Level){ unit->n, unit->n_void, xb_unit_median(self->seen, unit) };
}

/* Readings of one image, made for this commit. */
static Level image_level(const XbSearch *self, guint node, XbImage image)
{
	Level level = { 0 };
	g_autofree double *readings = g_new(double, self->n_boots + 1);

	for (guint i = 0; i < self->n_boots; i++) {
		if (self->boots[i].node >= self->graph->n ||
		    !is_boot_of(self, &self->boots[i], node, image))
			continue;
		double y = self->seen->level[i];
		if (isnan(y))
			level.n_void++;
		else
			readings[level.n++] = y;
	}
	level.median = xb_median(readings, level.n);
	return level;
}

guint xb_confirm_boots(const XbOptions *options, double log_effect, double s)
{
	double noise = log_effect != 0 ? s / log_effect : 0;
	double boots = fmin(ceil(NOISY_BOOTS * noise * noise), NOISY_BOOTS);

	return (guint)fmax(fmax(CONFIRM_BOOTS, boots), ceil(options->confirm_boots));
}

static const char why_confirm[] = "confirm the culprit against its parent";

/* The builds that are missing; false when one is. */
static bool gather_builds(XbSearch *self, const guint *nodes, guint n_nodes)
{
	bool complete = true;

	for (guint k = 0; k < n_nodes; k++)
		if (self->nodes[nodes[k]].clean_status == XB_STATUS_UNTRIED &&
		    xb_search_want(self, nodes[k], XB_IMAGE_CLEAN, 0, 0, XB_PURPOSE_CONFIRM,
				   why_confirm))
			complete = false;
	return complete;
}

/* All boots that this very image had so far: the next one gets a perturbation that none had. */
static guint boots_had(const XbSearch *self, guint node, XbImage image)
{
	guint class = class_of(self, node, image), n = 0;

	for (guint i = 0; i < self->n_boots; i++) {
		const XbBoot *boot = &self->boots[i];
		if (boot->node >= self->graph->n)
			continue;
		n += (boot->node == node && boot->image == image) ||
		     (class != 0 && class_of(self, boot->node, boot->image) == class);
	}
	return n;
}

/* A boot of @node's image; false when it can't be had. */
static bool want_boot(XbSearch *self, guint node, XbImage image, guint have, guint n)
{
	guint first = self->plan->actions->len;

	if (image == XB_IMAGE_CLEAN && self->nodes[node].clean_status == XB_STATUS_UNTRIED) {
		if (self->seen->units[self->seen->unit_of[node]].built == G_MAXUINT)
			return false;
		image = XB_IMAGE_NORMAL;
	}
	if (!xb_search_want(self, node, image, have, n, XB_PURPOSE_CONFIRM, why_confirm))
		return false;
	guint had = boots_had(self, node, image);
	for (guint i = first; i < self->plan->actions->len; i++) {
		XbAction *action = &g_array_index(self->plan->actions, XbAction, i);
		if (action->kind == XB_ACTION_BOOT)
			action->perturb += MAX(had, have) - have;
	}
	return true;
}

/* One more round of boots over @nodes; true when nothing is missing. */
static bool gather_boots(XbSearch *self, const guint *nodes, guint n_nodes, XbImage image, guint n)
{
	guint least = n, more = MAX(1, self->options->hosts);
	bool complete = true;

	for (guint k = 0; k < n_nodes; k++)
		least = MIN(least, image_level(self, nodes[k], image).n);
	/* One that can't be booted has the least for ever: the others get all of theirs. */
	for (guint round = least + 1; round <= n && (complete || round <= least + more); round++) {
		for (guint j = 0; j < n_nodes; j++) {
			/* Forth and back, so that neither comes first each time. */
			guint node = nodes[round % 2 ? j : n_nodes - 1 - j];
			Level level = image_level(self, node, image);
			if (level.n >= round || is_given_up(&level))
				continue;
			if (want_boot(self, node, image, level.n, round))
				complete = false;
		}
	}
	return complete;
}

/* BAD with the culprit reverted: true when there is nothing more to wait for.
 */
static bool gather_revert(XbSearch *self, guint culprit, guint n)
{
	Level level = image_level(self, culprit, XB_IMAGE_REVERT);

	if (self->options->no_revert || culprit == self->graph->n - 1 || level.n >= n ||
	    is_given_up(&level))
		return true;
	return !xb_search_want(self, culprit, XB_IMAGE_REVERT, level.n, n, XB_PURPOSE_CONFIRM,
			       "BAD with the culprit reverted");
}

/* Of the median of @n boots of one image, in units of s^2: what is the image's own stays. */
static double variance_of_level(guint n, double phi)
{
	return phi + (1 - phi) * xb_median_variance(n);
}

/* Does the step between the images say the same as the search's did? */
static bool step_agrees(double step, const XbBelieved *believed, const Level *base,
			const Level *test)
{
	double error = believed->s * sqrt(variance_of_level(base->n, believed->phi) +
					  variance_of_level(test->n, believed->phi));

	return step / believed->step > 0.5 || fabs(step - believed->step) < 2.5 * error;
}

/* Does BAD keep the effect when the culprit is reverted? */
static bool revert_disagrees(const XbSearch *self, guint culprit, const XbBelieved *believed)
{
	Level revert = image_level(self, culprit, XB_IMAGE_REVERT);
	Level bad = bad_level(self);

	if (culprit == self->graph->n - 1 || revert.n == 0 || bad.n == 0)
		return false;
	return !step_agrees(bad.median - revert.median, believed, &revert, &bad);
}

static void describe_revert(const XbSearch *self, guint culprit, const Level *base)
{
	GString *reason = self->plan->reason;
	Level revert = image_level(self, culprit, XB_IMAGE_REVERT);
	Level bad = bad_level(self);

	if (!self->options->can_build)
		return;
	if (self->options->no_revert)
		g_string_append(reason,
				"; its revert was not tried: BAD may hold later steps as well");
	else if (culprit == self->graph->n - 1)
		g_string_append(reason,
				"; the culprit is the last commit, so its revert is its parent");
	else if (revert.n > 0)
		g_string_append_printf(reason,
				       "; BAD with it reverted: %+.2f %% against BAD, %+.2f %% "
				       "against the parent",
				       100 * expm1(revert.median - bad.median),
				       100 * expm1(revert.median - base->median));
	else if (self->nodes[culprit].revert_status == XB_STATUS_IMPOSSIBLE)
		g_string_append(reason, "; its revert does not apply on BAD");
	else
		g_string_append(reason, "; BAD with it reverted could not be measured");
}

/* What is asked of a confirmation. */
typedef struct {
	guint culprit, n_parents;
	const guint *parents;
	guint *nodes; /* the parents, then the culprit */
	guint boots;  /* a side */
	XbImage image;
	const char *says;
} Asked;

/* Can the clean builds be had, or are they still to be made: the culprit's, and a parent's? */
static bool can_be_clean(const XbSearch *self, const Asked *asked)
{
	guint parents = 0;

	for (guint k = 0; k < asked->n_parents; k++)
		parents += xb_status_is_open(self->nodes[asked->parents[k]].clean_status);
	return parents > 0 && xb_status_is_open(self->nodes[asked->culprit].clean_status);
}

static bool images_differ(const XbSearch *self, const Asked *asked)
{
	guint class = self->nodes[asked->culprit].clean_class;

	for (guint k = 0; k < asked->n_parents; k++)
		if (class != 0 && self->nodes[asked->parents[k]].clean_class == class)
			return false;
	return true;
}

static XbConfirm judge(XbSearch *self, const Asked *asked, const XbBelieved *believed)
{
	GString *reason = self->plan->reason;
	Level test = image_level(self, asked->culprit, asked->image);
	Level compared = { 0 };

	for (guint k = 0; k < asked->n_parents; k++) {
		Level base = image_level(self, asked->parents[k], asked->image);
		if (MIN(base.n, test.n) < CONFIRM_BOOTS)
			continue;
		double step = test.median - base.median;
		g_string_append_printf(reason, "%s%+.2f %% against %s (%u + %u boots)",
				       compared.n > 0 ? ", " : "", 100 * expm1(step),
				       k > 0 ? "another parent" : "its parent", test.n, base.n);
		compared = base;
		if (!step_agrees(step, believed, &base, &test))
			return XB_CONFIRM_DISAGREES;
	}
	if (compared.n == 0) {
		g_string_append_printf(reason,
				       "too little: it and its parent could not be measured %d "
				       "times each",
				       CONFIRM_BOOTS);
		return XB_CONFIRM_IMPOSSIBLE;
	}
	describe_revert(self, asked->culprit, &compared);
	return XB_CONFIRM_AGREES;
}

/* Its nodes are the caller's, to g_free. */
static Asked asked_of(const XbSearch *self, guint culprit, guint boots)
{
	Asked asked = { .culprit = culprit,
			.boots = boots,
			.parents = &self->graph->parent[self->graph->parent_start[culprit]],
			.n_parents = xb_graph_n_parents(self->graph, culprit) };
	bool clean = self->options->can_build;

	asked.nodes = g_new0(guint, asked.n_parents + 1);
	for (guint k = 0; k < asked.n_parents; k++)
		asked.nodes[k] = asked.parents[k];
	asked.nodes[asked.n_parents] = culprit;
	asked.image = clean ? XB_IMAGE_CLEAN : XB_IMAGE_NORMAL;
	asked.says = clean ? "clean rebuilds say " : "fresh boots say ";
	return asked;
}

/* All of one round: @round times the boots. True when nothing is missing. The revert comes first:
 * its build is followed by boots, those of the clean images can be made before. */
static bool gather_round(XbSearch *self, const Asked *asked, guint round)
{
	bool complete = !self->options->can_build ||
			gather_revert(self, asked->culprit, round * REVERT_BOOTS);

	if (asked->image == XB_IMAGE_CLEAN)
		complete &= gather_builds(self, asked->nodes, asked->n_parents + 1);
	return gather_boots(self, asked->nodes, asked->n_parents + 1, asked->image,
			    round * asked->boots) &&
	       complete;
}

bool xb_confirm_early(XbSearch *self, guint culprit, guint boots)
{
	Asked asked = asked_of(self, culprit, boots);
	g_autofree guint *nodes = asked.nodes;

	if (asked.image == XB_IMAGE_CLEAN && !can_be_clean(self, &asked))
		return false;
	return !gather_boots(self, nodes, asked.n_parents + 1, asked.image, boots);
}

XbConfirm xb_confirm(XbSearch *self, guint culprit, guint boots, const XbBelieved *believed)
{
	Asked asked = asked_of(self, culprit, boots);
	g_autofree guint *nodes = asked.nodes;
	GString *reason = self->plan->reason;
	gsize start = reason->len;
	XbConfirm said = XB_CONFIRM_DISAGREES;

	if (asked.image == XB_IMAGE_CLEAN && !images_differ(self, &asked)) {
		g_string_append(reason, "clean builds of it and its parent give one image");
		return XB_CONFIRM_DISAGREES;
	}
	if (asked.image == XB_IMAGE_CLEAN && !can_be_clean(self, &asked)) {
		g_string_append(reason, "it, or its parent, cannot be rebuilt clean");
		return XB_CONFIRM_IMPOSSIBLE;
	}
	for (guint round = 1; round <= ROUNDS_MAX; round++) {
		bool complete = gather_round(self, &asked, round);
		if (complete || round == 1)
			g_string_truncate(reason, start);
		if (!complete) {
			g_string_append(reason, round == 1 ? "confirming it"
							   : ", which disagrees: measuring again");
			return XB_CONFIRM_RUNNING;
		}
		g_string_append(reason, asked.says);
		said = judge(self, &asked, believed);
		if (said == XB_CONFIRM_IMPOSSIBLE ||
		    (said == XB_CONFIRM_AGREES && !revert_disagrees(self, culprit, believed)))
			return said;
	}
	if (said == XB_CONFIRM_AGREES)
		g_string_append(reason, ", so another change after it has the effect as well");
	return said;
}

static guint image_left(const XbSearch *self, guint node, XbImage image, XbStatus status, guint n)
{
	guint have = image_level(self, node, image).n;

	if (!xb_status_is_open(status))
		return 0;
	return (status == XB_STATUS_UNTRIED ? 1 : 0) + (have < n ? n - have : 0);
}

guint xb_confirm_left(const XbSearch *self, guint culprit, guint asked)
{
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
	if (culprit != self->graph->n - 1 && !self->options->no_revert)
		left += image_left(self, culprit, XB_IMAGE_REVERT,
				   self->nodes[culprit].revert_status, REVERT_BOOTS);
	return left;
}
