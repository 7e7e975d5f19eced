/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ab-boots.h - the sides of a comparison as its page shows them: their names,
 * their boots by any metric, and which metric is drawn.
 */
#ifndef XB_AB_BOOTS_H
#define XB_AB_BOOTS_H

#include "page.h"
#include "plot.h"

/* "base", "test", or the name that the request gave. Borrowed. */
const char *xb_ab_name(const XbJobData *data, guint side);

/* The boots of one side by one metric: those that the verdict is made of. */
XbStrip *xb_ab_side(XbPage *page, const XbJobData *data, guint side, const char *metric);

/* Names and units of all metrics, of the first boot that counts; NULL while there is none. */
GArray *xb_ab_metrics(XbPage *page, const XbJobData *data);

/* The metric that the plots are of: the one asked for, where there is such a one, else the job's;
 * with its unit. Both belong to @metrics and @data. */
const char *xb_ab_plotted(XbPage *page, const XbJobData *data, const GArray *metrics,
			  const char **unit);

#endif
