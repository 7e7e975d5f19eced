/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search.c - wanted work turned into actions that fit the free slots. */
#include "search.h"

#include <math.h>

/* So many boots without a number of the metric, and the image counts as one
 * that cannot run the workload. */
#define VOID_BOOTS_MAX 3

guint xb_search_in_flight(const XbSearch *self, bool build, guint node, XbImage image)
{
	guint n = 0;

	for (guint i = 0; i < self->n_in_flight; i++) {
		const XbInFlight *work = &self->in_flight[i];
		if (work->build != build || work->image != image || work->node >= self->graph->n)
			continue;
		bool same = work->node == node;
		if (image == XB_IMAGE_NORMAL)
			same = self->seen->unit_of[work->node] == self->seen->unit_of[node];
		n += same;
	}
	return n;
}

/* Boots that ended well and yet brought no number of this metric, and none that did. */
static bool gives_no_number(const XbSearch *self, guint node)
{
	guint unit = self->seen->unit_of[node];

	return self->seen->n[unit] == 0 && self->seen->n_void[unit] >= VOID_BOOTS_MAX;
}

bool xb_search_testable(const XbSearch *self, guint node)
{
	if (gives_no_number(self, node))
		return false;
	guint built = self->seen->built[self->seen->unit_of[node]];

	if (built != G_MAXUINT)
		return true;
	XbStatus status = self->nodes[node].status;
	if (!self->options->can_build && status == XB_STATUS_UNTRIED)
		return true;
	return status == XB_STATUS_UNTRIED || status == XB_STATUS_BUILT;
}

static void add_action(XbSearch *self, XbActionKind kind, XbPurpose purpose, guint node,
		       XbImage image, guint perturb, const char *why)
{
	XbAction action = {
		.kind = kind,
		.purpose = purpose,
		.node = node,
		.image = image,
		.perturb = perturb,
		.gain_bits = NAN,
		.cost_s = self->options->boot_s,
	};

	if (kind == XB_ACTION_BUILD)
		action.cost_s = self->nodes[node].build_s;
	g_strlcpy(action.why, why, sizeof(action.why));
	g_array_append_val(self->plan->actions, action);
}

static guint boots_planned(const XbSearch *self, guint node, XbImage image)
{
	guint n = 0;

	for (guint i = 0; i < self->plan->actions->len; i++) {
		const XbAction *action = &g_array_index(self->plan->actions, XbAction, i);
		n += action->kind == XB_ACTION_BOOT && action->node == node &&
		     action->image == image;
	}
	return n;
}

static bool build_planned(const XbSearch *self, guint node, XbImage image)
{
	for (guint i = 0; i < self->plan->actions->len; i++) {
		const XbAction *action = &g_array_index(self->plan->actions, XbAction, i);
		if (action->kind == XB_ACTION_BUILD && action->node == node &&
		    action->image == image)
			return true;
	}
	return false;
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
	if (self->seen->built[self->seen->unit_of[node]] != G_MAXUINT || !self->options->can_build)
		return XB_STATUS_BUILT;
	return self->nodes[node].status;
}

bool xb_search_want(XbSearch *self, guint node, XbImage image, guint have, guint n,
		    XbPurpose purpose, const char *why)
{
	XbStatus status = image_status(self, node, image);

	if (status != XB_STATUS_UNTRIED && status != XB_STATUS_BUILT)
		return false;
	if (status == XB_STATUS_UNTRIED) {
		if (xb_search_in_flight(self, true, node, image) > 0) {
			self->running++;
		} else if (self->free_builders > 0 && !build_planned(self, node, image)) {
			self->free_builders--;
			add_action(self, XB_ACTION_BUILD, purpose, node, image, 0, why);
		}
		return true;
	}
	if (image == XB_IMAGE_NORMAL) {
		guint built = self->seen->built[self->seen->unit_of[node]];
		node = built != G_MAXUINT ? built : node;
	}
	guint flying = xb_search_in_flight(self, false, node, image);
	self->running += flying;
	for (guint i = have + flying + boots_planned(self, node, image);
	     i < n && self->free_hosts > 0; i++) {
		self->free_hosts--;
		add_action(self, XB_ACTION_BOOT, purpose, node, image, i, why);
	}
	return true;
}
