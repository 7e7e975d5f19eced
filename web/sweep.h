/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sweep.h - plots of metrics that belong together because one boot measured
 * them over sizes of a batch: NAME.bPAGES, level over pages in one call, a line
 * for each side, and the table.
 */
#ifndef XB_SWEEP_H
#define XB_SWEEP_H

#include "page.h"

/* Of all sweeps among @metrics (XbSample, see xb_ab_metrics()), by the boots that the verdict is
 * made of; nothing where there is none. @sides: the job's first so many. */
void xb_sweep_plots(XbPage *page, XbHtml *out, const XbJobData *data, const GArray *metrics,
		    guint sides);

#endif
