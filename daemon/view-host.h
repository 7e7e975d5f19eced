/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-host.h - a host as JSON for the client. */
#ifndef XB_VIEW_HOST_H
#define XB_VIEW_HOST_H

#include <jansson.h>
#include "daemon.h"

json_t *xb_view_host(XbDaemon *daemon, const XbHostConfig *host, GError **error);

/* What it is made of, as its worker told last: the "host" part of a fingerprint's facts. Null when
 * nobody has told. */
json_t *xb_view_host_facts(XbDaemon *daemon, const XbHostConfig *host);

#endif
