/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * range.h - a range as it looks to people: what is known of each commit, and
 * the picture of it, one column a commit.
 */
#ifndef XB_RANGE_H
#define XB_RANGE_H

#include "html.h"
#include "plot.h"
#include "view.h"

typedef enum {
	XB_COLUMN_UNTRIED,
	XB_COLUMN_ALIKE, /* its image is its parent's: it can't matter */
	XB_COLUMN_BUILT, /* not booted yet */
	XB_COLUMN_UNBUILDABLE,
	XB_COLUMN_SKIPPED, /* it does not boot, or the workload fails on it */
	XB_COLUMN_MEASURED,
	XB_COLUMN_KINDS
} XbColumnKind;

typedef struct {
	XbColumnKind kind;
	XbSpread level;     /* of the means of its boots; n = 0: none */
	double low, high;   /* of its only boot: the range of the iterations */
	double probability; /* that it is the culprit */
} XbColumn;

/* One for each commit; caller frees. @said: what the planner said last, or NULL. */
XbColumn *xb_range_columns(const XbJobData *data, const json_t *said);

const char *xb_column_kind_word(XbColumnKind kind);

/* @culprit: its node, 0 = none. @from: as below, for what the picture links to. */
void xb_range_picture(XbHtml *out, const XbJobData *data, const XbColumn *columns, guint culprit,
		      const char *unit, int64_t from);
#define XB_RANGE_ROWS 500 /* of one page of the table */

/* The picture's table. Of a large range one page: from the commit @from, or (-1) those of which
 * something is known. */
void xb_range_table(XbHtml *out, const XbJobData *data, const XbColumn *columns, const char *unit,
		    int64_t from);

#endif
