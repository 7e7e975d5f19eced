/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timeline.h - one metric of one workload over the commits of a watched branch:
 * a drawing, which a script replaces by a plot that can be zoomed, and the
 * table behind it, which is also the form that queues a bisect between two of
 * its rows.
 */
#ifndef XB_TIMELINE_H
#define XB_TIMELINE_H

#include "page.h"
#include "watches.h"

/* A section of @page. @changes: XbWatchChange*, of the whole branch. @name: "WORKLOAD\nMETRIC", as
 * xb_db_watch_series() has it. @number tells sections apart. False with @error. */
bool xb_timeline(XbPage *page, XbHtml *out, const XbWatch *watch, GPtrArray *changes,
		 const char *name, guint number, GError **error);

#endif
