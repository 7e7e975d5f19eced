/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts.h - which hosts a job may use: all of one class, never two. Hosts of
 * one fingerprint are a class.
 */
#ifndef XB_HOSTS_H
#define XB_HOSTS_H

#include "daemon.h"
#include "jobdata.h"

/* One boot of one image gives the same samples each time. */
bool xb_host_is_deterministic(const XbHostConfig *host);

/* A boot, recovery or check is under way on it. */
bool xb_hosts_busy(XbDaemon *daemon, const char *name);

/*
 * The fingerprints of @workload on @host, as xb_probes_host(); but a machine that has to be asked
 * itself is only asked while it is ready and idle. @busy: the names of hosts at work; NULL = look.
 */
bool xb_hosts_fingerprint(XbDaemon *daemon, const XbHostConfig *host, json_t *workload,
			  GHashTable *busy, const char **host_fp, const char **workload_fp);

/*
 * The hosts of the job's class that take boots, XbHostConfig*, not owned; @busy as above. NULL
 * without @error when it has to wait (for a fingerprint; for a host that is being recovered, or
 * that a user took away; before it has begun, for any host), or when trouble took its hosts away:
 * then *@failure says why (caller frees). The class, that with most hosts, is chosen when the job
 * is planned first and kept; when the hosts have another fingerprint now, the job moves to the new
 * class, says so, and measures its endpoints again (*@data is loaded anew then).
 */
GPtrArray *xb_hosts_of_job(XbDaemon *daemon, XbJobData **data, GHashTable *busy, char **failure,
			   GError **error);

#endif
