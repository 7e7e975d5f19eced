/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * search.h - what the parts of the planner share while one plan is made.
 * Private to the engine.
 */
#ifndef XB_SEARCH_H
#define XB_SEARCH_H

#include "graph.h"
#include "observe.h"

typedef struct {
	const XbGraph *graph;
	const XbOptions *options;
	const XbNode *nodes;
	const XbBoot *boots;
	guint n_boots;
	const XbInFlight *in_flight;
	guint n_in_flight;
	XbObservations *seen;
	XbGraphIndex *index;
	XbPlan *plan;
	guint free_hosts, free_builders; /* what actions have not used yet */
	guint running;                   /* wanted work that is in flight already */
} XbSearch;

/* Work of this kind that is in flight. */
guint xb_search_in_flight(const XbSearch *self, bool build, guint node, XbImage image);

/*
 * Ask for @n boots in all of the image of (node, image), counting those in
 * flight; @have of them are done. Builds it first when it has to. Perturbations
 * are have, have + 1, ... Returns false when the image can't be had or does
 * not boot.
 */
bool xb_search_want(XbSearch *self, guint node, XbImage image, guint have, guint n,
                    XbPurpose purpose, const char *why);

/* Can the image of @node still be measured? False after a failed build or boot. */
bool xb_search_testable(const XbSearch *self, guint node);

/*
 * The confirmation of a culprit: clean rebuilds of it and of its parents,
 * alternating fresh boots under several layout perturbations, and the revert
 * on BAD. Fills the plan: actions while it is under way, else the verdict.
 * @log_effect: the step as the search saw it. Returns false when the evidence
 * contradicts the culprit.
 */
bool xb_confirm(XbSearch *self, guint culprit, double log_effect, double confidence);

#endif
