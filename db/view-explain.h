/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-explain.h - the explanation of a job's verdict: the counters of its two
 * sides, read and compared (explain.h).
 */
#ifndef XB_VIEW_EXPLAIN_H
#define XB_VIEW_EXPLAIN_H

#include "jobdata.h"

/*
 * The culprit against its parent, or test against base, by all boots that
 * count. @said: what the planner said last. A new reference; NULL when there
 * is no difference to explain, or no counters.
 */
json_t *xb_view_explanation(XbDb *db, const XbJobData *data, json_t *said);

/*
 * Of two nodes, with what both instruments say: counters as above, and a
 * "profile" (profile-view.h) where there is one. A new reference; NULL when
 * there is neither.
 */
json_t *xb_view_explanation_of(XbDb *db, const XbJobData *data, const int nodes[2]);

#endif
