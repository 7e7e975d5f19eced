/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counter.h - counts of a boot that a search can follow like a time, because
 * runner and daemon have to mean the same ones.
 */
#ifndef XB_COUNTER_H
#define XB_COUNTER_H

#include <stdbool.h>

/*
 * The least that a count is taken for as a sample, for one unit of work:
 * samples are compared by their ratio, and less than one event in a thousand
 * is none.
 */
#define XB_COUNTER_LEAST 0.001

/* @name is a total whose samples are the metric PHASE.NAME: "ptwr-emulation". */
bool xb_counter_is_sampled(const char *name);

/* @metric is such a metric: "unmap.ptwr-emulation". */
bool xb_counter_is_metric(const char *metric);

#endif
