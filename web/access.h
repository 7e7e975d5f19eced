/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * access.h - who may read and who may change something. The token is one line
 * of a file that only its owner can read; a browser that has shown it holds a
 * cookie made from it, a script sends it as "Authorization: Bearer TOKEN".
 */
#ifndef XB_ACCESS_H
#define XB_ACCESS_H

#include "exchange.h"
#include "web-config.h"

/* NULL with @error: no file, not ours, readable for others, or too short. Caller frees. */
char *xb_access_token(const char *path, GError **error);

/* Make the file with a new token, mode 0600; the token, caller frees. An existing file is
 * replaced. */
char *xb_access_new_token(const char *path, GError **error);

typedef enum {
	XB_ACCESS_NONE,   /* nobody in particular */
	XB_ACCESS_COOKIE, /* a browser that has shown the token */
	XB_ACCESS_BEARER, /* a script that shows it now */
} XbAccess;
XbAccess xb_access_of(const char *token, const XbWebRequest *request);

/* True when @shown is the token, in time that does not depend on where they differ. */
bool xb_access_is_token(const char *token, const char *shown);

/* The Set-Cookie of one who has shown @token; NULL: forget it. Caller frees. */
char *xb_access_cookie(const char *token);

/* The name by which we were asked for is ours: an address, localhost, or one of @config->names.
 * Else a page elsewhere could have its name point to us and read what is here. */
bool xb_access_host_is_ours(const XbWebConfig *config, const char *host);

/* A change is asked for by a page of ours: Origin is the host that was asked. */
bool xb_access_origin_is_ours(const XbWebRequest *request);

#endif
