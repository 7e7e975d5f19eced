/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - what a job found, as documents for kernel developers. Pure: the
 * same JOB gives the same bytes. The caller frees each result.
 */
#ifndef XB_REPORT_H
#define XB_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "writer.h"

/* The whole report. */
void xb_report_write(XbWriter *writer, const json_t *job);
char *xb_report_text(const json_t *job);
char *xb_report_markdown(const json_t *job);

/*
 * The text report as a draft mail in an mbox of one message, from @from
 * ("Name <address>"), to the culprit's author when there is one. Sent by hand
 * or by git send-email; nothing is ever sent by xbisect itself.
 */
char *xb_report_mbox(const json_t *job, const char *from);

/* A few lines: verdict, effect, what to mind about them, levels, confirmation, and where to read
 * more. */
char *xb_report_summary(const json_t *job);

/* Parts, some of which `xbisect show` has as well. */
void xb_report_facts(XbWriter *writer, const json_t *job);
void xb_report_steps(XbWriter *writer, const json_t *job);
void xb_report_levels(XbWriter *writer, const json_t *job);
/* A row for each metric of the workload, of A/B and measure jobs. */
void xb_report_metrics(XbWriter *writer, const json_t *job);
/* A row for each variant, and what each does to the other metrics. False where there is one
 * variant only. */
bool xb_report_comparisons(XbWriter *writer, const json_t *job);
/* Why: the counters that differ, as a sentence and a table; of each variant that differs. */
void xb_report_explanation(XbWriter *writer, const json_t *job);
void xb_report_confirmation(XbWriter *writer, const json_t *job);
/* Where instructions went, by phase and function; in each variant that differs. */
void xb_report_profile(XbWriter *writer, const json_t *job);
void xb_report_commits(XbWriter *writer, const json_t *job);
/* The command that asks for the job again. */
void xb_report_reproduce(XbWriter *writer, const json_t *job);

#endif
