/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exchange.c - see exchange.h. */
#include "exchange.h"

#include <string.h>
#include <unistd.h>

#define PARAMETERS_MAX 200

/* ---- decoding ----------------------------------------------------------------- */

static bool is_clean(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* Without zero bytes; of a form, + is a blank. NULL when it is malformed. */
static char *decode(const char *text, gsize length, bool form)
{
	g_autofree char *copy = g_strndup(text, length);

	if (strlen(copy) != length)
		return NULL;
	for (char *at = copy; form && *at; at++)
		if (*at == '+')
			*at = ' ';
	return g_uri_unescape_string(copy, NULL);
}

GHashTable *xb_web_parse_form(const char *text, gsize length)
{
	g_autoptr(GHashTable) table =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	const char *end = text + length;

	for (guint i = 0; text < end; i++) {
		const char *stop = memchr(text, '&', (gsize)(end - text));
		const char *equals;
		g_autofree char *name = NULL, *value = NULL;

		if (!stop)
			stop = end;
		equals = memchr(text, '=', (gsize)(stop - text));
		name = decode(text, (gsize)((equals ? equals : stop) - text), true);
		value = equals ? decode(equals + 1, (gsize)(stop - equals - 1), true)
			       : g_strdup("");
		if (!name || !value || i >= PARAMETERS_MAX || !g_utf8_validate(value, -1, NULL) ||
		    !is_clean(name))
			return NULL;
		if (*name && !g_hash_table_contains(table, name))
			g_hash_table_insert(table, g_steal_pointer(&name), g_steal_pointer(&value));
		text = stop + 1;
	}
	return g_steal_pointer(&table);
}

bool xb_web_is_own_target(const char *target)
{
	if (*target != '/' || target[1] == '/' || target[1] == '\\' ||
	    strlen(target) > XB_TARGET_MAX)
		return false;
	for (const char *at = target; *at; at++)
		if (!g_ascii_isgraph(*at) || *at == '\\')
			return false;
	return true;
}

/* ---- requests ------------------------------------------------------------------ */

XbWebRequest *xb_web_request_new(const char *method, const char *target)
{
	XbWebRequest *self = g_new0(XbWebRequest, 1);
	const char *question = strchr(target, '?');
	gsize length = question ? (gsize)(question - target) : strlen(target);

	self->method = g_strdup(method);
	self->target = g_strdup(target);
	self->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (strlen(target) <= XB_TARGET_MAX && *target == '/') {
		self->path = decode(target, length, false);
		self->query = xb_web_parse_form(question ? question + 1 : "",
						question ? strlen(question + 1) : 0);
	}
	if (!self->path || !self->query || !is_clean(self->path))
		self->problem = g_strdup("the address is malformed");
	if (!self->path)
		self->path = g_strdup("");
	if (!self->query)
		self->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return self;
}

void xb_web_request_add_header(XbWebRequest *self, const char *name, const char *value)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);

	if (!g_hash_table_contains(self->headers, lower))
		g_hash_table_insert(self->headers, g_steal_pointer(&lower), g_strdup(value));
}

void xb_web_request_set_body(XbWebRequest *self, GBytes *body)
{
	const char *type = xb_web_header(self, "content-type");
	gsize length;
	const char *data = g_bytes_get_data(body, &length);

	self->body = g_bytes_ref(body);
	if (!type || !g_str_has_prefix(type, "application/x-www-form-urlencoded"))
		return;
	self->form = xb_web_parse_form(data ? data : "", length);
	if (!self->form && !self->problem)
		self->problem = g_strdup("the form is malformed");
}

void xb_web_request_free(XbWebRequest *self)
{
	if (!self)
		return;
	g_free(self->method);
	g_free(self->target);
	g_free(self->path);
	g_clear_pointer(&self->query, g_hash_table_unref);
	g_clear_pointer(&self->form, g_hash_table_unref);
	g_clear_pointer(&self->headers, g_hash_table_unref);
	g_clear_pointer(&self->body, g_bytes_unref);
	g_free(self->problem);
	g_free(self);
}

const char *xb_web_header(const XbWebRequest *self, const char *name)
{
	return g_hash_table_lookup(self->headers, name);
}

const char *xb_web_query(const XbWebRequest *self, const char *name)
{
	return self->query ? g_hash_table_lookup(self->query, name) : NULL;
}

const char *xb_web_form(const XbWebRequest *self, const char *name)
{
	const char *value = self->form ? g_hash_table_lookup(self->form, name) : NULL;

	return value && *value ? value : NULL;
}

char *xb_web_cookie(const XbWebRequest *self, const char *name)
{
	const char *header = xb_web_header(self, "cookie");
	g_auto(GStrv) parts = header ? g_strsplit(header, ";", 100) : NULL;
	gsize length = strlen(name);

	for (guint i = 0; parts && parts[i]; i++) {
		const char *part = g_strstrip(parts[i]);

		if (strncmp(part, name, length) == 0 && part[length] == '=')
			return g_strdup(part + length + 1);
	}
	return NULL;
}

int64_t xb_web_query_int(const XbWebRequest *self, const char *name, int64_t fallback)
{
	const char *text = xb_web_query(self, name);
	gint64 number;

	return text && g_ascii_string_to_signed(text, 10, G_MININT32, G_MAXINT64 / 2, &number, NULL)
		       ? number
		       : fallback;
}

/* ---- responses ------------------------------------------------------------------ */

XbWebResponse *xb_web_response_new(guint status, const char *type, GBytes *body)
{
	XbWebResponse *self = g_new0(XbWebResponse, 1);

	self->status = status;
	self->type = type;
	self->body = body;
	self->fd = -1;
	return self;
}

XbWebResponse *xb_web_response_text(guint status, const char *text)
{
	return xb_web_response_new(status, "text/plain; charset=utf-8",
				   g_bytes_new(text, strlen(text)));
}

XbWebResponse *xb_web_response_json(guint status, json_t *object)
{
	/* as that of the command line: whoever looks at it in a terminal sees no mark that turns
	 * text around */
	char *text = object ? json_dumps(object,
					 JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(17))
			    : NULL;
	GBytes *body;

	json_decref(object);
	/* a number that is none, or text that is no UTF-8, in a damaged database */
	if (!text)
		return xb_web_response_text(500, "the answer cannot be written as JSON\n");
	body = g_bytes_new(text, strlen(text));
	free(text);
	return xb_web_response_new(status, "application/json", body);
}

XbWebResponse *xb_web_response_redirect(const char *to)
{
	XbWebResponse *self = xb_web_response_text(303, "see there\n");

	self->location = g_strdup(to);
	return self;
}

void xb_web_response_free(XbWebResponse *self)
{
	if (!self)
		return;
	g_clear_pointer(&self->body, g_bytes_unref);
	if (self->fd >= 0)
		close(self->fd);
	g_free(self->tag);
	g_free(self->location);
	g_free(self->cookie);
	g_free(self->filename);
	g_free(self->live);
	json_decref(self->control);
	g_free(self);
}
