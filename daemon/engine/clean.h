/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clean.h - a clean rebuild stands for its commit.
 *
 * An image that was built incrementally, or only inferred, can be wrong: a
 * stale object, a list of inputs that missed a file. Where the clean rebuild of
 * a commit gave another image than the search has for it, only the clean image
 * says what the commit does: boots of the other one are set aside, and what is
 * booted of this commit from then on is the clean image. Builds that are not
 * reproducible make every clean image another one; then no more is lost than
 * the boots of the few commits that were rebuilt. Where the clean rebuild
 * failed, or does not boot, the commit is a broken one: an object left over from
 * another commit may be all that made its image.
 *
 * What is set aside is found again from the same input each time, so this is
 * no state. Private to the engine.
 */
#ifndef XB_CLEAN_H
#define XB_CLEAN_H

#include "engine.h"

typedef struct {
	const XbNode *nodes; /* as the search shall see them */
	const XbBoot *boots;
	guint n_boots;
	guint n_replaced; /* nodes for which the clean build stands */
	guint n_refuted;  /* of them: those that had another image of their own */
	guint n_broken;   /* those whose clean build failed */
	guint n_tried;    /* nodes of which a clean build was tried */
	/* Private. */
	bool *replaced;
	XbNode *own_nodes;
	XbBoot *own_boots;
} XbClean;

/* Borrows @nodes and @boots when nothing has to be replaced. */
XbClean *xb_clean_new(guint n, const XbNode *nodes, const XbBoot *boots, guint n_boots);
void xb_clean_free(XbClean *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbClean, xb_clean_free)

/* Make boots of a replaced node's normal image boots of its clean image. */
void xb_clean_actions(const XbClean *self, GArray *actions);

#endif
