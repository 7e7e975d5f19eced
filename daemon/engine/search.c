/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search.c - wanted work turned into actions that fit the free slots. */
#include "search.h"

#include <math.h>

/* So many boots without a number of the metric, and the image counts as one
 * that cannot run the workload. */
#define VOID_BOOTS_MAX 3

static bool same_work(const XbSearch *self, guint a, guint b, XbImage image)
{
	if (a == b)
		return true;
	return image == XB_IMAGE_NORMAL && a < self->graph->n && b < self->graph->n &&
	       self->seen->unit_of[a] == self->seen->unit_of[b];
}

bool xb_search_boots_image(const XbSearch *self, guint booted, XbImage image, guint node)
{
	if (MAX(booted, node) >= self->graph->n || image == XB_IMAGE_REVERT)
		return false;
	if (image == XB_IMAGE_NORMAL)
		return self->seen->unit_of[booted] == self->seen->unit_of[node];
	guint class = self->nodes[booted].clean_class;
	return class != 0 && class == xb_node_class(&self->nodes[node]);
}

static bool same_boot(const XbSearch *self, guint a, XbImage image_a, guint b, XbImage image_b)
{
	if (image_a == image_b && same_work(self, a, b, image_a))
		return true;
	if (image_b == XB_IMAGE_NORMAL)
		return xb_search_boots_image(self, a, image_a, b);
	return image_b == XB_IMAGE_CLEAN && image_a == XB_IMAGE_NORMAL &&
	       xb_search_boots_image(self, b, image_b, a);
}

/* Work of this kind that is in flight or in the plan: builds of this very image, boots of one that
 * is the same, whichever build made it. */
static guint count_work(const XbSearch *self, bool build, guint node, XbImage image)
{
	guint n = 0;

	for (guint i = 0; i < self->n_in_flight; i++) {
		const XbInFlight *work = &self->in_flight[i];
		if (work->build != build)
			continue;
		n += build ? work->image == image && same_work(self, work->node, node, image)
			   : same_boot(self, work->node, work->image, node, image);
	}
	for (guint i = 0; i < self->plan->actions->len; i++) {
		const XbAction *action = &g_array_index(self->plan->actions, XbAction, i);
		if ((action->kind == XB_ACTION_BUILD) != build)
			continue;
		n += build ? action->image == image && same_work(self, action->node, node, image)
			   : same_boot(self, action->node, action->image, node, image);
	}
	return n;
}

bool xb_search_build_planned(const XbSearch *self, guint node)
{
	return count_work(self, true, node, XB_IMAGE_NORMAL) > 0;
}

bool xb_search_testable(const XbSearch *self, guint node)
{
	const XbUnit *unit = &self->seen->units[self->seen->unit_of[node]];
	XbStatus status = self->nodes[node].status;

	if (unit->n == 0 && unit->n_void >= VOID_BOOTS_MAX)
		return false;
	if (status == XB_STATUS_UNBOOTABLE)
		return false;
	return unit->built != G_MAXUINT || status == XB_STATUS_UNTRIED;
}

static void add_action(XbSearch *self, const XbAction *action, const char *why)
{
	XbAction copy = *action;

	g_strlcpy(copy.why, why, sizeof(copy.why));
	g_array_append_val(self->plan->actions, copy);
	if (copy.kind == XB_ACTION_BUILD)
		self->free_builders--;
	else
		self->free_hosts--;
}

static guint image_node(const XbSearch *self, guint node)
{
	guint built = self->seen->units[self->seen->unit_of[node]].built;
	return built != G_MAXUINT ? built : node;
}

void xb_search_act(XbSearch *self, guint node, bool boot, XbPurpose purpose, double gain_bits,
		   double cost_s, const char *why)
{
	const XbUnit *unit = &self->seen->units[self->seen->unit_of[node]];
	XbAction action = {
		.kind = boot ? XB_ACTION_BOOT : XB_ACTION_BUILD,
		.purpose = purpose,
		.node = boot ? image_node(self, node) : node,
		.image = XB_IMAGE_NORMAL,
		.gain_bits = gain_bits,
		.cost_s = cost_s,
	};

	if (boot)
		action.perturb =
			unit->n + unit->n_void + count_work(self, false, node, XB_IMAGE_NORMAL);
	add_action(self, &action, why);
}

static XbStatus image_status(const XbSearch *self, guint node, XbImage image)
{
	switch (image) {
	case XB_IMAGE_CLEAN:
		return self->nodes[node].clean_status;
	case XB_IMAGE_REVERT:
		return self->nodes[node].revert_status;
	case XB_IMAGE_NORMAL:
		break;
	}
	if (!xb_search_testable(self, node))
		return XB_STATUS_UNBOOTABLE;
	bool built = self->seen->units[self->seen->unit_of[node]].built != G_MAXUINT;
	return built || !self->options->can_build ? XB_STATUS_BUILT : XB_STATUS_UNTRIED;
}

bool xb_search_want(XbSearch *self, guint node, XbImage image, guint have, guint n,
		    XbPurpose purpose, const char *why)
{
	XbStatus status = image_status(self, node, image);
	XbAction action = {
		.purpose = purpose,
		.node = node,
		.image = image,
		.gain_bits = NAN,
	};

	if (!xb_status_is_open(status))
		return false;
	if (status == XB_STATUS_UNTRIED) {
		if (self->free_builders > 0 && count_work(self, true, node, image) == 0) {
			action.kind = XB_ACTION_BUILD;
			action.cost_s = self->nodes[node].build_s;
			add_action(self, &action, why);
		}
		return true;
	}
	if (image == XB_IMAGE_NORMAL)
		action.node = image_node(self, node);
	action.kind = XB_ACTION_BOOT;
	action.cost_s = self->options->boot_s;
	for (guint i = have + count_work(self, false, node, image); i < n; i++) {
		if (self->free_hosts == 0)
			break;
		action.perturb = i;
		add_action(self, &action, why);
	}
	return true;
}
