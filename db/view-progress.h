/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-progress.h - how far an open job is: "progress" of JOB in control.h.
 */
#ifndef XB_VIEW_PROGRESS_H
#define XB_VIEW_PROGRESS_H

#include "jobdata.h"

/* @said: what the planner said last, or NULL. A new reference. */
json_t *xb_view_progress(XbDb *db, const XbJobData *data, json_t *said, int64_t now_ms);

/* Its members phase, steps_done, steps_left, seconds_left and leading, without a look at the job's
 * range: for lists, however long the ranges are. @active: all runs that are not done; a run that
 * another job asked for does not count here. A new reference; NULL with @error. */
json_t *xb_view_progress_brief(XbDb *db, const XbJob *job, const GPtrArray *active, GError **error);

#endif
