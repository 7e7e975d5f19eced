/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-care.h - the care for hosts: what every end of a worker means for the
 * host that it was on, and what is done next to have it ready.
 *
 * A host that "recovers" (a machine with a state of its own) is ready only
 * after a boot that went well or a recovery. All else leaves it unknown: it is
 * recovered, twice at most, then quarantined. After host-trouble its
 * known-good kernel (where one is configured) must run the workload within the
 * control limits of earlier such boots (engine/control-limits.h); outside twice in a
 * row takes it offline. So do three host-troubles in a row, on every host, but for one that
 * recovers and has no known-good kernel: there, troubles of one kernel that the host came
 * back from each time are that kernel's.
 */
#ifndef XB_HOST_CARE_H
#define XB_HOST_CARE_H

#include "daemon.h"
#include "host-tasks.h"

/* Start recoveries and health boots, take sick hosts offline. Hosts that it uses are added to
 * @busy (names). Called in every planning round; pokes one when the next health boot is due. */
bool xb_care_round(XbDaemon *daemon, GHashTable *busy, GError **error);

/* A boot has ended so. @unwanted: its job had ended before, and the end is nobody's fault. Only
 * rows: the caller has a transaction open. */
bool xb_care_run_ended(XbDaemon *daemon, const XbRun *run, XbOutcome outcome, bool unwanted,
		       GError **error);

/* A recovery or check has ended so; without @counts it never began. Only rows, as above. */
bool xb_care_task_ended(XbDaemon *daemon, const XbHostTask *task, XbOutcome outcome,
			const char *detail, bool counts, GError **error);

/* Boot the known-good kernel. The run's id, or -1 with @error. */
int64_t xb_care_start_health(XbDaemon *daemon, const XbHostConfig *host, const char *why,
			     GError **error);

/* By a user. With @reason the host goes offline, else it comes back, to be recovered first. */
bool xb_care_set_online(XbDaemon *daemon, const XbHostConfig *host, const char *reason,
			GError **error);
/* With @reason no boot is started any more; else it takes boots again, to be recovered first. */
bool xb_care_set_drained(XbDaemon *daemon, const XbHostConfig *host, const char *reason,
			 GError **error);
/* Health boots so far are not compared with any more: the host was changed. */
bool xb_care_relearn(XbDaemon *daemon, const XbHostConfig *host, GError **error);

#endif
