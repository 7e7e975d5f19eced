/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ab-metrics.h - a row for each metric of an A/B or measure job's workload:
 * the job's own metric as it was judged, the others beside it.
 */
#ifndef XB_AB_METRICS_H
#define XB_AB_METRICS_H

#include "ab.h"
#include "daemon.h"
#include "jobdata.h"

/*
 * The boots whose numbers the job may use, by side: one array of XbRun* each.
 * The samples of every metric are read once.
 */
typedef struct XbAbMetrics XbAbMetrics;

/* @runs[side]: GPtrArray of const XbRun*, borrowed, in order of time; a boot that did not end well
 * brings no number of any metric. NULL and an error where the database can't be read. */
XbAbMetrics *xb_ab_metrics_read(XbDb *db, const XbJobData *data, GPtrArray *const runs[2],
				GError **error);
void xb_ab_metrics_free(XbAbMetrics *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbAbMetrics, xb_ab_metrics_free)

/* The boots of the job's own metric on @side: XbAbBoot that live as long as @self. */
const XbAbBoot *xb_ab_metrics_own(const XbAbMetrics *self, guint side, guint *n);

/*
 * The rows: [{metric, unit, lower_is_better, decides, kind, base, test, base_sd,
 * test_sd, base_boots, test_boots, void_boots, ratio, ci_low, ci_high,
 * confidence, reason}], in the workload's order. @options as for the job's own
 * metric, which @plan judged. A new reference.
 */
json_t *xb_ab_metrics_rows(const XbAbMetrics *self, const XbAbOptions *options,
			   const XbAbPlan *plan);

const char *xb_ab_kind_name(XbAbKind kind);

#endif
