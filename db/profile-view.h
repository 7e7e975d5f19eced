/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile-view.h - what the profiling boots of both sides of a change say, as
 * the member "profile" of a job's "explanation":
 *
 *   {"base_run": ID, "test_run": ID, "unit": "instructions",
 *    "phases": [{"phase", "base", "test",           for each time it was entered
 *                "base_xen", "test_xen",            shares of it, 0 to 1
 *                "base_kernel", "test_kernel", "base_file", "test_file",
 *                "functions": [{"name", "base", "test"}]}]}   the largest change first
 *
 * Files lie in the runs' directories. The phase that the job's metric is called
 * after comes first, then those that changed most.
 */
#ifndef XB_PROFILE_VIEW_H
#define XB_PROFILE_VIEW_H

#include "jobdata.h"

/* The nodes on both sides of the change that @verdict names: a culprit and its first parent, or the
 * two of a comparison; false when there is none. */
bool xb_profile_sides(const XbJobData *data, const json_t *verdict, int sides[2]);

/* All nodes that @verdict sets against each other, the base first: those two, or of a comparison of
 * more the base and each variant that differs. Array of int, empty when there is nothing to
 * explain. Caller unrefs. */
GArray *xb_profile_nodes(const XbJobData *data, const json_t *verdict);

/* The boots of two nodes that explain what lies between them; false when one of them is not
 * there. */
bool xb_profile_runs(const XbJobData *data, const int sides[2], const XbRun *runs[2]);

/* A run's "profile" event; NULL when it has none, or none that can be used. New reference. */
json_t *xb_profile_event(XbDb *db, int64_t run_id);

/* Of two nodes. A new reference; NULL when there is nothing. */
json_t *xb_profile_view(XbDb *db, const XbJobData *data, const int sides[2]);

#endif
