/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.h - streams of server-sent events: a viewer hears when the page that
 * it looks at has changed, and gets the page itself anew as any other.
 */
#ifndef XB_LIVE_H
#define XB_LIVE_H

#include <microhttpd.h>

#include "site.h"

typedef struct XbLive XbLive;

/* @woken is called (with @data) after streams got something to write. */
XbLive *xb_live_new(XbSite *site, int viewers_max, void (*woken)(void *data), void *data);
/* Ends all streams: before the daemon of HTTP is stopped. */
void xb_live_stop(XbLive *self);
void xb_live_free(XbLive *self);

/* A stream for @connection about @page; NULL when there are too many viewers. */
struct MHD_Response *xb_live_open(XbLive *self, struct MHD_Connection *connection,
				  const XbWebRequest *request, const char *page);

#endif
