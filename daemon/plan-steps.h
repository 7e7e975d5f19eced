/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan-steps.h - the steps of a range in what a job thinks so far: its verdict
 * holds "segments" (what is settled, for the next round of planning) and
 * "steps" (the same for people: each step found, the largest first). Segments
 * of another class of hosts are not looked at: what was settled there is
 * measured again.
 */
#ifndef XB_PLAN_STEPS_H
#define XB_PLAN_STEPS_H

#include "jobdata.h"
#include "steps.h"

/* GArray of XbSegment, owned; empty when nothing is settled. */
GArray *xb_plan_steps_load(const XbJobData *data);

/* Put both into @verdict. */
void xb_plan_steps_store(const XbJobData *data, const GArray *segments, json_t *verdict);

/* "steps" of a verdict that names one culprit. */
void xb_plan_steps_store_one(const XbJobData *data, const XbPlan *plan, json_t *verdict);

/* The probability of another step than the culprit's of @plan. Of a range: than its likeliest
 * commit's, and 0 where that or its parent is not measured, since nothing tells then. 0 of all
 * else. */
double xb_plan_other_steps(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
			   const XbBoot *boots, guint n_boots, const XbPlan *plan);

#endif
