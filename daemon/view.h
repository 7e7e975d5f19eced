/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view.h - a job as the JSON object that people and scripts see (JOB in control.h). */
#ifndef XB_VIEW_H
#define XB_VIEW_H

#include "daemon.h"

typedef enum {
	XB_VIEW_SUMMARY,  /* a line of a list: no rows but the job's own are read */
	XB_VIEW_PROGRESS, /* everything but the measurements */
	XB_VIEW_FULL,
} XbViewDepth;

/* A new reference; NULL with @error. */
json_t *xb_view_job(XbDaemon *daemon, int64_t id, XbViewDepth depth, GError **error);

/* The object of one host (control.h, verb hosts). */
json_t *xb_view_host(XbDaemon *daemon, const XbHostConfig *host, GError **error);

#endif
