/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan-explain.h - what a job still wants to know when it has its verdict:
 * one boot each of the two sides of the change that it found, or of a base and
 * of each variant that differs from it, which counts
 * every instruction (purpose "explain"; see xbisect-run(1), profile).
 *
 * These boots are not measurements: no planner counts them, whatever comes of
 * them, and no host is blamed for them. Embedded hosts make them unless they
 * are told not to (profile=no), machines of a lab and commands when they are
 * told that they can.
 */
#ifndef XB_PLAN_EXPLAIN_H
#define XB_PLAN_EXPLAIN_H

#include "planner.h"

/* The kind of profile that explains on this host: "flat", "stacks", "traps" (which tells of entries
 * into Xen alone), "perf" (samples); NULL: none. Static or the host's. */
const char *xb_explain_mode(const XbHostConfig *host);

/*
 * Of a job that is decided: add the boots that are missing, and make it
 * undecided until they have ended. Of a bisect whose culprit waits for the
 * builds of its confirmation: add them while no boot is wanted, since a host
 * would idle. Each side is tried at most twice. @hosts:
 * XbHostConfig* of the job's class. Pure.
 */
void xb_plan_explain(const XbJobData *data, const GPtrArray *hosts, const XbCapacity *capacity,
		     XbPlanned *planned);

/* Of a job that no host is left for: where only those boots were missing, the verdict that it has
 * is its end (@planned becomes decided), and no failure. */
void xb_plan_take_explained(const XbJobData *data, XbPlanned *planned);

/*
 * Of a bisect that is not decided: one boot of GOOD that counts which functions are executed, once
 * its first boot has ended, when a host has nothing else to do while something is built, and when
 * it is worth it: at least 16 commits can matter, and the boot (with a quarter more for the
 * counting) takes less than the build and boot that it is to save. It is the same boot as explains
 * GOOD should its child be the culprit. See measured-path.h. Pure.
 */
void xb_plan_path(const XbJobData *data, const GPtrArray *hosts, const XbCapacity *capacity,
		  XbPlanned *planned);

#endif
