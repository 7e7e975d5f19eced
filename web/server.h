/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.h - the site on a socket: libmicrohttpd inside of a GMainLoop, one
 * thread. Bounds what clients can hold: connections, bytes, time.
 */
#ifndef XB_SERVER_H
#define XB_SERVER_H

#include <gio/gio.h>

#include "site.h"

typedef struct XbServer XbServer;

/* Serves @site on @listener (listening; a copy of its descriptor is kept) in the default main
 * context.
 * @config must outlive the server. */
XbServer *xb_server_new(XbSite *site, const XbWebConfig *config, GSocket *listener, GError **error);
/* Ends streams and connections; waits for what was asked of the daemon. */
void xb_server_free(XbServer *self);

#endif
