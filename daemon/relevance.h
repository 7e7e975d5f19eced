/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relevance.h - which commits of a range cannot change the image: those whose
 * files the build of this configuration does not read. They are marked as
 * sharing their parent's image (image_inferred), cost no build, and can't be
 * named: the engine builds a culprit and its parent for real.
 */
#ifndef XB_RELEVANCE_H
#define XB_RELEVANCE_H

#include "engine.h"
#include "daemon.h"
#include "jobdata.h"

/* How much of a build the commits of a range change, one entry each. */
typedef struct {
	guint objects; /* of a whole build; 0: no list tells */
	guint *widest; /* objects that read the file of the commit that most read */
	guint *files;  /* of the commit, that a build reads */
} XbReach;
void xb_reach_clear(XbReach *reach);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XbReach, xb_reach_clear)

/* Set image_class, image_inferred and, from what a commit touches of what is executed or else how
 * many objects read its files, the prior weight of the nodes (data->commits->len of them). @reach
 * is filled in, to xb_reach_clear(). */
void xb_relevance_infer(XbDaemon *daemon, const XbJobData *data, XbNode *nodes, XbReach *reach);

/*
 * least[i] = min(least[i], objects that a work tree at node @tree compiles to become node i), for
 * @n nodes. By the files of the commits between, in the order of the range: those that read the
 * widest one (wide headers have much the same readers) and one for each other file. A branch
 * beside them counts as if it lay between.
 */
void xb_reach_from(const XbReach *reach, guint n, guint tree, guint *least);

#endif
