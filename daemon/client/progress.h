/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * progress.h - a running job as lines: a view of several lines for a
 * terminal, and one line a change for a pipe. Pure.
 */
#ifndef XB_PROGRESS_H
#define XB_PROGRESS_H

#include <glib.h>
#include <jansson.h>

/*
 * @job as lines (of XbLine, term.h) of at most @columns, at most @rows of them.
 * @age_s: seconds since @job came; what is running has gone on for so long.
 * @now: Unix seconds.
 */
GPtrArray *xb_progress_view(const json_t *job, double age_s, double now, int columns, int rows);

/* What happened between @before (NULL at the first call) and @job: one line
 * (char*, owned) a change, empty when nothing worth a line did. */
GPtrArray *xb_progress_changes(const json_t *before, const json_t *job);

#endif
