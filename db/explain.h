/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - why one side costs more than the other, by what Xen and the
 * kernel were counted doing on each (runner/counters.h). Pure: counts in,
 * table and sentence out.
 *
 * A counter is in the table when its means differ by more than noise: by more
 * than what boots of one side differ among themselves, than 2 % of the
 * larger, and than 0.002 for one unit of work. Rows come by falling share of
 * the difference of instructions (or of time, where the host does not count
 * instructions): the change times what one such event costs. Those costs are
 * typical ones, in instructions of Xen's path, so a share is an estimate; it is
 * there to order by. It is one of the whole difference, or of what all rows
 * together are estimated to have added to it where that is more: those that add
 * sum up to one at most, those that save are negative.
 */
#ifndef XB_EXPLAIN_H
#define XB_EXPLAIN_H

#include <jansson.h>

#include "db.h"

/* One side: its boots' counters. */
typedef struct {
	const char *word;       /* "the parent", as in the sentence */
	const GPtrArray *boots; /* GPtrArray of XbCounter*, one for each boot */
} XbExplainSide;

/*
 * Compare @base with @test in the phase that @metric names: its own name, or
 * that up to a '_' or '.' ("unmap_page", "unmap.hypercall"); else "total",
 * else all phases together. NULL when a side has no counters of it.
 *
 *   {"phase", "per": "page", "sentence", "cost": {"name", "unit", "base", "test", "change"},
 *    "base_boots", "test_boots", "overhead": 0.19 (of tracing, relative; null),
 *    "rows": [{"name", "what", "symbol", "offset", "unit", "base", "test", "change", "share"}]}
 *
 * "symbol" is absent for a total, "offset" when there are several of a
 * function, "share" is null where there is no estimate. The caller's
 * reference.
 */
json_t *xb_explain(const char *metric, const XbExplainSide *base, const XbExplainSide *test);

#endif
