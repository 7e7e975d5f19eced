/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * search.h - what the parts of the planner share while one plan is made, and
 * wanted work turned into actions that fit the free slots. Private to the
 * engine.
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
} XbSearch;

/* Can the image of @node still be measured? False after a failed build or
 * boot, or when its boots bring no number of the metric. */
bool xb_search_testable(const XbSearch *self, guint node);

/* Is the build of @node's normal image in flight or in the plan? */
bool xb_search_build_planned(const XbSearch *self, guint node);

/* Is a boot of (@booted, @image) one of the image that @node has in the search? A clean rebuild
 * that gave the very same image, or that stands for its commit (clean.h), is that. */
bool xb_search_boots_image(const XbSearch *self, guint booted, XbImage image, guint node);

/* One boot (or, when @boot is false, the build) of @node's normal image. A
 * slot has to be free. */
void xb_search_act(XbSearch *self, guint node, bool boot, XbPurpose purpose, double gain_bits,
		   double cost_s, const char *why);

/*
 * Ask for @n boots in all of the image of (node, image), of which @have are
 * done; those in flight and in the plan count. Builds it first when it has to.
 * Perturbations are have, have + 1, ... Returns false when the image can't be
 * had or does not boot.
 */
bool xb_search_want(XbSearch *self, guint node, XbImage image, guint have, guint n,
		    XbPurpose purpose, const char *why);

#endif
