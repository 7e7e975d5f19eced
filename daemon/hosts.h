/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts.h - which hosts a job may use, and the care for hosts in trouble:
 * three host-troubles in a row take a host offline, unless its known-good
 * kernel (where one is configured) boots and runs the workload.
 */
#ifndef XB_HOSTS_H
#define XB_HOSTS_H

#include "daemon.h"
#include "jobdata.h"

/* One boot of one image gives the same samples each time. */
bool xb_host_is_deterministic(const XbHostConfig *host);

/*
 * The online hosts of the job's class (one fingerprint), XbHostConfig*, not
 * owned. NULL without @error when it has to wait (for a fingerprint; for a
 * host that a user took offline; before it has begun, for any host), or when
 * trouble took its hosts away: then *@failure says why (caller frees). The class is
 * chosen when the job is planned first and kept; when the hosts have another
 * fingerprint now, the job moves to the new class, says so, and measures its
 * endpoints again (*@data is loaded anew then).
 */
GPtrArray *xb_hosts_of_job(XbDaemon *daemon, XbJobData **data, char **failure, GError **error);

/* Start health boots, take sick hosts offline. Hosts it uses are added to @busy. */
bool xb_hosts_care(XbDaemon *daemon, GHashTable *busy, GError **error);

/* The steps of `hosts check`: [{"name","ok","detail"}]. With a known-good kernel configured it
 * boots that: *@run_id is its run while the boot goes on (call again with it), 0 at the end. */
json_t *xb_hosts_check(XbDaemon *daemon, const XbHostConfig *host, int64_t *run_id, GError **error);

#endif
