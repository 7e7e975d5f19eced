/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypotheses.h - which commits can be the culprit, in groups that the
 * measurements made so far can't tell apart.
 *
 * Under the hypothesis "h is the culprit" an image is on the bad side when its
 * commit is h or a descendant of h (BAD with h reverted is on the good side of
 * h only). Two hypotheses that put every measured image on the same sides have
 * one and the same likelihood: they form a group. On a line of commits the
 * groups are the stretches between measured commits.
 *
 * A commit whose image is that of one of its parents can't be the culprit, nor
 * can one that would put two commits with one image on different sides.
 */
#ifndef XB_HYPOTHESES_H
#define XB_HYPOTHESES_H

#include "observe.h"

#define XB_NO_GROUP G_MAXUINT

/* What "none" has before there are readings; the commits share the rest. Chosen, not measured: it
 * is worth less than one clear boot. */
#define XB_PRIOR_NONE 0.2
/* Scale of the Cauchy prior of a step, on the log scale. */
#define XB_PRIOR_STEP 0.05

typedef struct {
	guint n_nodes;
	guint n_columns; /* measured images */
	guint n_words;   /* 64-bit words of a signature */
	guint n_groups;
	guint *group_of;  /* node -> group, XB_NO_GROUP when it can't be the culprit */
	uint64_t *bad;    /* group -> n_words words: which columns are on the bad side */
	double *prior;    /* node -> prior weight, 0 when impossible; sums to 1 */
	guint can_matter; /* nodes that have, or may have, an image of their own */
	guint n_possible; /* hypotheses that are left */
} XbHypotheses;

XbHypotheses *xb_hypotheses_new(const XbGraph *graph, const XbNode *nodes,
				const XbObservations *seen);
void xb_hypotheses_free(XbHypotheses *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbHypotheses, xb_hypotheses_free)

static inline bool xb_hypotheses_is_bad(const XbHypotheses *self, guint group, guint column)
{
	return self->bad[(gsize)group * self->n_words + column / 64] >> (column % 64) & 1;
}

#endif
