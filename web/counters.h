/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.h - what was counted in one boot, as a table: by phase, totals
 * first, then the places that count most.
 */
#ifndef XB_COUNTERS_H
#define XB_COUNTERS_H

#include "run.h"

/* The section "counters" of a run's page; nothing where nothing was counted. */
void xb_counters_section(XbHtml *out, const XbRunData *data);

/* The same as rows of JSON: phase, name, symbol, offset, iteration, value, unit. A new reference.
 */
json_t *xb_counters_view(const XbRunData *data);

#endif
