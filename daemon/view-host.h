/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-host.h - a host as the JSON object that people and scripts see (verb hosts in control.h). */
#ifndef XB_VIEW_HOST_H
#define XB_VIEW_HOST_H

#include "daemon.h"

/* A new reference; NULL with @error. */
json_t *xb_view_host(XbDaemon *daemon, const XbHostConfig *host, GError **error);

#endif
