/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clean.c - a clean rebuild stands for its commit. */
#include "clean.h"

static bool is_other_image(const XbNode *node)
{
	return node->clean_status == XB_STATUS_BUILT && node->clean_class != 0 &&
	       (node->image_inferred || node->image_class != node->clean_class) &&
	       (node->status == XB_STATUS_BUILT || node->image_class != 0);
}

/* GOOD and BAD stay what they were measured as: without them there is no range. */
static bool is_broken(const XbNode *nodes, guint i, guint n)
{
	return i > 0 && i + 1 < n && !xb_status_is_open(nodes[i].clean_status);
}

/* A node that has the image @class for certain; G_MAXUINT when none has. */
static guint holder_of(const XbClean *self, guint n, guint class)
{
	for (guint i = 0; class != 0 && i < n; i++)
		if (!self->replaced[i] && self->own_nodes[i].image_class == class &&
		    !self->own_nodes[i].image_inferred)
			return i;
	return G_MAXUINT;
}

/* Boots of a refuted image speak for whoever else has it, or for nobody. */
static void sort_boots(XbClean *self, guint n, const XbNode *nodes)
{
	const XbBoot *boots = self->boots;
	guint kept = 0;

	self->own_boots = g_new(XbBoot, self->n_boots + 1);
	for (guint i = 0; i < self->n_boots; i++) {
		XbBoot boot = boots[i];
		bool aside =
			boot.image == XB_IMAGE_NORMAL && boot.node < n && self->replaced[boot.node];
		if (aside)
			boot.node = holder_of(self, n, nodes[boot.node].image_class);
		if (boot.node != G_MAXUINT)
			self->own_boots[kept++] = boot;
	}
	self->boots = self->own_boots;
	self->n_boots = kept;
}

XbClean *xb_clean_new(guint n, const XbNode *nodes, const XbBoot *boots, guint n_boots)
{
	XbClean *self = g_new0(XbClean, 1);

	*self = (XbClean){ .nodes = nodes, .boots = boots, .n_boots = n_boots };
	for (guint i = 0; i < n; i++) {
		self->n_tried += nodes[i].clean_status != XB_STATUS_UNTRIED;
		self->n_broken += is_broken(nodes, i, n);
		self->n_replaced += is_other_image(&nodes[i]) || is_broken(nodes, i, n);
	}
	if (self->n_replaced == 0)
		return self;
	self->replaced = g_new0(bool, n);
	self->own_nodes = g_memdup2(nodes, n * sizeof(*nodes));
	for (guint i = 0; i < n; i++) {
		XbNode *node = &self->own_nodes[i];
		if (is_broken(nodes, i, n)) {
			self->replaced[i] = true;
			node->status = node->clean_status;
			node->image_class = 0;
			node->image_inferred = false;
			continue;
		}
		if (!is_other_image(node))
			continue;
		self->replaced[i] = true;
		self->n_refuted += node->status == XB_STATUS_BUILT && !node->image_inferred;
		node->status = XB_STATUS_BUILT;
		node->image_class = node->clean_class;
		node->image_inferred = false;
		node->build_s = 0;
	}
	self->nodes = self->own_nodes;
	sort_boots(self, n, nodes);
	return self;
}

void xb_clean_free(XbClean *self)
{
	if (!self)
		return;
	g_free(self->replaced);
	g_free(self->own_nodes);
	g_free(self->own_boots);
	g_free(self);
}

void xb_clean_actions(const XbClean *self, GArray *actions)
{
	for (guint i = 0; self->replaced && i < actions->len; i++) {
		XbAction *action = &g_array_index(actions, XbAction, i);
		if (action->kind == XB_ACTION_BOOT && action->image == XB_IMAGE_NORMAL &&
		    self->replaced[action->node])
			action->image = XB_IMAGE_CLEAN;
	}
}
