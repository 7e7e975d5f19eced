/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-cells.h - cells that the tables of metrics and of variants share. A
 * row is one of JOB's "metrics" or "comparisons" (control.h). The caller frees.
 */
#ifndef XB_REPORT_CELLS_H
#define XB_REPORT_CELLS_H

#include <jansson.h>

/* A side's level in perf stat's form, of the members of these names. */
char *xb_report_level_cell(const json_t *row, const char *level, const char *sd, const char *boots);

/* "+1.0% .. +2.0%" */
char *xb_report_interval_cell(const json_t *row);

/* "different: worse", "same", or why there is no interval. */
char *xb_report_verdict_cell(const json_t *row);

#endif
