/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exchange.h - a request and its answer, apart from any socket: pages are
 * functions from one to the other.
 */
#ifndef XB_EXCHANGE_H
#define XB_EXCHANGE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

#define XB_BODY_MAX   (8 * 1024 * 1024) /* of a request; patches travel in it */
#define XB_TARGET_MAX 4096              /* path and query */

typedef struct {
	char *method;
	char *target; /* path and query as they came */
	char *path;   /* decoded; absolute; valid UTF-8 without control characters, or there is a
		       * problem; never NULL */
	GHashTable *query;   /* name -> value, decoded; the first of a name counts */
	GHashTable *form;    /* the same of an urlencoded body; NULL without one */
	GHashTable *headers; /* lower-case name -> value; the first counts */
	GBytes *body;        /* or NULL */
	char *problem;       /* the request is malformed: why; NULL = it is fine */
} XbWebRequest;

/* @target as it stands in the request line. Never NULL: what is malformed has a problem. */
XbWebRequest *xb_web_request_new(const char *method, const char *target);
void xb_web_request_add_header(XbWebRequest *self, const char *name, const char *value);
/* The body, when all of it is there. */
void xb_web_request_set_body(XbWebRequest *self, GBytes *body);
void xb_web_request_free(XbWebRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbWebRequest, xb_web_request_free)

/* NULL when there is none. */
const char *xb_web_header(const XbWebRequest *self, const char *name);
const char *xb_web_query(const XbWebRequest *self, const char *name);
const char *xb_web_form(const XbWebRequest *self, const char *name); /* "" is NULL too */
/* A cookie's value, caller frees; NULL when there is none. */
char *xb_web_cookie(const XbWebRequest *self, const char *name);
/* A number of the query; @fallback when it is absent or none. */
int64_t xb_web_query_int(const XbWebRequest *self, const char *name, int64_t fallback);

/* May somebody be sent on to @target, which came from outside: is it an address of ours, and
 * nothing that a browser takes for another server's? */
bool xb_web_is_own_target(const char *target);

/* "a=1&b=%20": hash table of text, NULL when it is malformed. */
GHashTable *xb_web_parse_form(const char *text, gsize length);

typedef struct XbSite XbSite; /* site.h */

typedef struct XbWebResponse XbWebResponse;
struct XbWebResponse {
	guint status;
	const char *type; /* static */
	GBytes *body;     /* or NULL */
	char *tag;        /* checksum of body, when it is known */
	int fd;           /* -1, or a file to send in the place of body; owned */
	uint64_t size;    /* of it, from its beginning */
	char *location;   /* of a redirection */
	char *cookie;     /* Set-Cookie */
	char *filename;   /* of a download */
	bool immutable;   /* may be kept for long */
	char *live;       /* a stream of events: the page that is to be kept up to date */
	/* A change: what is to be asked of the daemon first; its answer (NULL with @problem when it
	 * could not be asked) makes the response. */
	json_t *control;
	XbWebResponse *(*finish)(const XbSite *site, const XbWebRequest *request, json_t *answer,
				 const char *problem);
};

XbWebResponse *xb_web_response_new(guint status, const char *type, GBytes *body /* steals */);
XbWebResponse *xb_web_response_text(guint status, const char *text);
XbWebResponse *xb_web_response_json(guint status, json_t *object /* steals */);
/* See other; @to is a path of ours. */
XbWebResponse *xb_web_response_redirect(const char *to);
void xb_web_response_free(XbWebResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbWebResponse, xb_web_response_free)

#endif
