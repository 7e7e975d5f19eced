/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-locks.h - who else has a lab machine: another controller, or a run by hand. A worker
 * (kind "lock") is asked when somebody wants to know; what it said is kept for some seconds, and
 * only in memory.
 */
#ifndef XB_HOST_LOCKS_H
#define XB_HOST_LOCKS_H

#include "daemon.h"

XbHostLocks *xb_host_locks_new(XbDaemon *daemon);
void xb_host_locks_free(XbHostLocks *self); /* workers go on, and end by themselves */

/* Ask, unless that is being done or was just now, or the host is at work for us: then the lock is
 * ours, and a question could disturb what is measured. */
void xb_host_locks_ask(XbHostLocks *self, const XbHostConfig *host);

/*
 * {"asking":BOOL,"holders":[{"where":W,"owner":WHO,"pid":N,"age_s":S},...],"problem":TEXT}, a new
 * reference. "holders" is null while nothing is known; "problem" says why the machine could not be
 * asked, or is null. A JSON null for hosts that have no such lock.
 */
json_t *xb_host_locks_view(const XbHostLocks *self, const XbHostConfig *host);

#endif
