/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path-view.h - what commits of a range touch of what the workload executes
 * (table job_path), as JSON and for people.
 */
#ifndef XB_PATH_VIEW_H
#define XB_PATH_VIEW_H

#include "jobdata.h"

/* What node @node touches: {"kind" (as in the table), "functions": [NAME...], "objects": N,
 * "share": 0 to 1, "text"}; NULL when nothing is known. New reference. */
json_t *xb_path_commit(const XbJobData *data, guint node);

/* The range: {"phase": "" or the phase that was looked at, "objects": executed ones, "executed": N,
 * "shared": N, "idle": N commits, "text"}; NULL when nobody looked. New reference. */
json_t *xb_path_summary(const XbJobData *data);

#endif
