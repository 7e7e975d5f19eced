/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-verdict.h - what a bisect job thinks so far, as the JSON that is stored with it. */
#ifndef XB_PLAN_VERDICT_H
#define XB_PLAN_VERDICT_H

#include "engine.h"
#include "jobdata.h"

/* The likeliest commits (of a range all, up to 1,000, and "range_size", how many they are), effect,
 * confidence, drift of the host, what is left to do, and which runs of commits share an image. A
 * new reference. */
json_t *xb_plan_verdict(const XbJobData *data, const XbGraph *graph, const XbNode *nodes,
			const XbPlan *plan);

#endif
