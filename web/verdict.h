/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.h - what a job has found, at the head of its page: the effect in
 * figures, the culprit with author, message and diff, all steps of a range that
 * was searched for more than one, and what the daemon warns of.
 */
#ifndef XB_VERDICT_H
#define XB_VERDICT_H

#include "page.h"

/* The section "verdict" of a bisect, and that with its further steps. @said: the verdict as the
 * planner wrote it. */
void xb_verdict_bisect(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view,
		       json_t *said);
/* A verdict *none* with less than the confidence that was asked for. */
bool xb_verdict_is_unsure(const json_t *view);

/* The section "verdict" of a comparison of two. */
void xb_verdict_ab(XbHtml *out, json_t *view);

/* Change, levels and confidence of @view, large; nothing while there is no effect. */
void xb_verdict_figures(XbHtml *out, json_t *view);

/* What the daemon warns of; nothing where there is no warning. */
void xb_verdict_warnings(XbHtml *out, json_t *view);

/* The head of a table of metrics, and a row for each of @rows ("metrics" of JOB); the body stays
 * open. @links: to the page with the plots of each. */
void xb_verdict_metric_rows(XbHtml *out, const json_t *rows, bool links);

#endif
