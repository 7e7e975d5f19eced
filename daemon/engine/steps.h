/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * steps.h - several steps in one range.
 *
 * The planner (engine.h) looks for one step. When it has named commit c, the
 * range falls into two *segments*: from GOOD to the parent of c, and from c to
 * BAD. Each is a range of its own, whose levels are those of its own ends, and
 * is searched until the planner says *none* of it (or a range). What is left is
 * a list of steps, each found and confirmed as the only one of a range is.
 *
 * A segment from a to b holds the commits that descend from a and are ancestors
 * of b. A side branch that left before a and joined after it is seen as its
 * merge: a step that came with it is that merge's. Steps that cancel each other
 * between two measured commits are not seen, nor is a step below the least
 * effect. Each segment is judged at the job's confidence: of k steps that are
 * named up to k (1 - confidence) are wrong on average. There are at most 64
 * segments; what lies in others is not searched, and the reason says so. The revert
 * is tried in segments that end with BAD only: elsewhere BAD
 * holds later steps as well.
 *
 * Steps close to each other can leave the planner, which knows of one step,
 * with a range that others would fit. Such a range is searched again by itself,
 * cut in the middle where that commit has an image, with the levels of its ends:
 * the last commit that is an ancestor of all of it, and the first that descends
 * from all of it. It is not cut at a commit that has one of its commits on a branch
 * beside it.
 *
 * Segments that were settled stay so: the boots made later in one of them would
 * move the posterior of the whole range, which knows of one step only. The list
 * is therefore both argument and result, and the caller keeps it.
 */
#ifndef XB_STEPS_H
#define XB_STEPS_H

#include "engine.h"

typedef struct {
	guint from, to;
	bool settled;
	XbVerdictKind kind; /* when settled; PENDING: cut into others */
	guint culprit;
	double confidence;
	XbEffect effect;
	double drift; /* XbPlan */
	guint can_matter;
	char reason[512];
} XbSegment;

/*
 * As xb_plan_bisect(), for all steps. @segments: GArray of XbSegment, empty at
 * first; settled ones are marked and new ones added. The plan's verdict is
 * pending until all are settled, then that of the largest step; its culprit and
 * effect are the largest step's that is known so far.
 */
XbPlan *xb_plan_steps(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
		      const XbBoot *boots, guint n_boots, const XbInFlight *in_flight,
		      guint n_in_flight, GArray *segments);

/*
 * The probability that the range holds another step than @culprit's, from the
 * boots made so far: the larger of both sides', each with a prior of 0.1: the odds
 * of a step in the posterior of that side over its odds before the readings, times
 * 0.1 / 0.9. With one boot at each end of a side that is what their difference says.
 */
double xb_other_steps(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
		      const XbBoot *boots, guint n_boots, guint culprit);

#endif
