/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * site.h - from a request to its response: who may, which page, from which
 * database. No socket: the server calls it, and so do tests and the fuzzer.
 */
#ifndef XB_SITE_H
#define XB_SITE_H

#include "assets.h"
#include "exchange.h"
#include "page.h"
#include "web-config.h"

/* Both must outlive the site; @assets may be NULL. */
XbSite *xb_site_new(const XbWebConfig *config, const XbAssets *assets);
void xb_site_free(XbSite *self);

/* Never NULL. What is asked of the daemon (response->control) is the caller's to do. */
XbWebResponse *xb_site_answer(XbSite *self, const XbWebRequest *request, int64_t now_ms);

/* Changes when the database did: what was rendered before may be old. */
int64_t xb_site_version(XbSite *self);

/* The page at @path as it is now, by its checksum: for streams of events. NULL when there is none.
 * @request: whose; its rights count. Caller frees. */
char *xb_site_checksum(XbSite *self, const XbWebRequest *request, const char *path, int64_t now_ms);

/* A page that needs no database: @main within the frame, or only a message. To an address of the
 * API a message is an object. */
XbWebResponse *xb_site_framed(const XbSite *self, const XbWebRequest *request, guint status,
			      const char *title, const XbHtml *main);
XbWebResponse *xb_site_message(const XbSite *self, const XbWebRequest *request, guint status,
			       const char *title, const char *text);

/* One way in: a method, a path in which % is a number and * a name, and who answers. */
typedef struct {
	const char *method, *path;
	XbPageFunction page; /* a page, or ... */
	/* ... a function that makes the whole response; NULL with @error as of a page. */
	XbWebResponse *(*answer)(XbPage *page, GError **error);
	enum {
		XB_NEEDS_READ = 0,
		XB_NEEDS_NOTHING = 1,
		XB_NEEDS_CHANGE = 2,
		XB_NEEDS_NO_DB = 4
	} needs;
} XbRoute;

/* Tables of routes; each ends with a NULL method. */
extern const XbRoute xb_routes_pages[];
extern const XbRoute xb_routes_api[];
extern const XbRoute xb_routes_actions[];
extern const XbRoute xb_routes_runs[];
extern const XbRoute xb_routes_queue[];
extern const XbRoute xb_routes_branches[];
extern const XbRoute xb_routes_alerts[];
extern const XbRoute xb_routes_profile[];
/* All of them, NULL at the end. */
extern const XbRoute *const xb_site_routes[];

#endif
