/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * culprit-metrics.h - what the workload's other metrics say of a culprit: it was
 * found by one, and who reads of it wants to know what else it changed.
 */
#ifndef XB_CULPRIT_METRICS_H
#define XB_CULPRIT_METRICS_H

#include "daemon.h"
#include "jobdata.h"

/* Adds "metrics" to @verdict (a "culprit"): rows as those of an A/B, of all boots of the culprit
 * and its parent that count. Nothing where there is no second metric. False with @error. */
bool xb_culprit_add_metrics(XbDaemon *daemon, const XbJobData *data, json_t *verdict,
			    GError **error);

#endif
