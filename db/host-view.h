/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-view.h - a host as JSON, as far as the database knows it: what clients
 * and scripts see. The daemon adds what the configuration says.
 */
#ifndef XB_HOST_VIEW_H
#define XB_HOST_VIEW_H

#include <jansson.h>

#include "host-tasks.h"

/* What all hosts do now: read once for a list of them. */
typedef struct {
	GPtrArray *runs;  /* XbRun* that are active */
	GPtrArray *tasks; /* XbHostTask* that are running */
} XbHostWork;
bool xb_host_work_read(XbDb *db, XbHostWork *work, GError **error);
void xb_host_work_clear(XbHostWork *work);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XbHostWork, xb_host_work_clear)

/*
 * {"name", "state": online or offline, "reason", "boot_s", "running", "lock": what holds it (null),
 * "note": the last, "labels": {KEY: VALUE}, "recovers", "condition", "troubles", "drained":
 * {"since", "reason"} or null, "health": {"time", "detail", "ok"}}. A new reference; NULL with
 * @error.
 */
json_t *xb_view_host_row(XbDb *db, const XbHostRow *row, const XbHostWork *work, GError **error);

#endif
