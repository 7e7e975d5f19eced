/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-check.h - `xbisect hosts check`: what is known of a host; each of its
 * operations, tried; and its known-good kernel, booted.
 */
#ifndef XB_HOST_CHECK_H
#define XB_HOST_CHECK_H

#include "daemon.h"

/* Where a check is: both 0 at first and at the end. */
typedef struct {
	int64_t task; /* that tries the operations */
	int64_t run;  /* of the known-good kernel */
} XbHostCheck;

/* The steps so far: [{"name","ok","detail"[,"advice"]}], a new reference; call again until *@check
 * is back at its beginning. NULL with @error. */
json_t *xb_host_check(XbDaemon *daemon, const XbHostConfig *host, XbHostCheck *check,
		      GError **error);

#endif
