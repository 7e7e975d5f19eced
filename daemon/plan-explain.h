/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan-explain.h - what a job still wants to know when it has its verdict:
 * one boot each of the two sides of the change that it found, which counts
 * every instruction (purpose "explain"; see xbisect-run(1), profile).
 *
 * These boots are not measurements: no planner counts them, whatever comes of
 * them, and no host is blamed for them. Only embedded hosts can make them.
 */
#ifndef XB_PLAN_EXPLAIN_H
#define XB_PLAN_EXPLAIN_H

#include "planner.h"

/* The kind of profile that explains on this host: "flat", "stacks"; NULL: none. Static or the
 * host's. */
const char *xb_explain_mode(const XbHostConfig *host);

/*
 * Of a job that is decided: add the boots that are missing, and make it
 * undecided until they have ended. Each side is tried at most twice. @hosts:
 * XbHostConfig* of the job's class. Pure.
 */
void xb_plan_explain(const XbJobData *data, const GPtrArray *hosts, const XbCapacity *capacity,
		     XbPlanned *planned);

#endif
