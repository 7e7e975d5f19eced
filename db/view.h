/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.h - a job as the JSON object that people and scripts see (JOB in
 * control.h): the daemon answers with it, and the pages are made of it.
 */
#ifndef XB_VIEW_H
#define XB_VIEW_H

#include "jobdata.h"

typedef enum {
	XB_VIEW_SUMMARY,  /* a line of a list: no rows but the job's own are read */
	XB_VIEW_PROGRESS, /* everything but the measurements */
	XB_VIEW_FULL,
} XbViewDepth;

/* A new reference; NULL with @error. @now_ms: for how long what runs has been running. */
json_t *xb_view_job(XbDb *db, int64_t id, XbViewDepth depth, int64_t now_ms, GError **error);

/* The same of rows that are in memory already. Never fail. */
json_t *xb_view_summary(const XbJob *job);
json_t *xb_view_data(XbDb *db, const XbJobData *data, XbViewDepth depth, int64_t now_ms);

/* What was done for job @id and why, after line @after, at most 10,000 lines:
 * {"ok", "lines": [{"seq", "time", "text"}], "state"}. A new reference; NULL with @error. */
json_t *xb_view_log(XbDb *db, int64_t id, int64_t after, GError **error);

#endif
