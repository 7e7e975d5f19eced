/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan-sides.h - what the planners of A/B, measure and compare jobs share. A
 * side is a node of the job: 0 is the base.
 */
#ifndef XB_PLAN_SIDES_H
#define XB_PLAN_SIDES_H

#include "planner.h"

/* What the side is called: "base", "test", or the name that the request gave it. Borrowed. */
const char *xb_side_word(const XbJobData *data, guint node);

/* "base (COMMIT)", or only the commit where there is one side. Caller frees. */
char *xb_side_name(const XbJobData *data, guint node);

/* Why a side can't be measured, or NULL. Caller frees. */
char *xb_side_failure(const XbJobData *data, GHashTable *tallies, guint node, bool deterministic);

/* True when every side has an image, but for those that are @left_out (by node; NULL: none); else
 * builds are wanted. */
bool xb_sides_want_images(const XbJobData *data, GHashTable *tallies, const XbCapacity *capacity,
			  const bool *left_out, XbPlanned *out);

/* The boots of one side that a verdict may use, and those that brought no number
 * (xb_jobdata_run_is_void()): XbRun*, borrowed. On hosts that are not deterministic only this job's
 * own: boots of another day do not interleave with ours. */
GPtrArray *xb_side_runs(const XbJobData *data, guint node, bool deterministic);

/* How many of them brought a number; 0 of NULL. */
guint xb_side_boots(const GPtrArray *runs);

/* Boots that a measurement takes. */
guint xb_sides_boots_asked(const XbJobData *data, bool deterministic);

/* Of a job that is only asked about: what its sides are, and what they would cost at least and at
 * most, into @estimate: sides, builds, boots, boots_most, steps_left, seconds_left. Boots that are
 * there already and would count are not taken off. */
void xb_sides_estimate(const XbJobData *data, const XbCapacity *capacity, const XbPlanned *planned,
		       json_t *estimate);

json_t *xb_json_number_or_null(double value);

#endif
