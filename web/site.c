/* SPDX-License-Identifier: GPL-2.0-or-later */
/* site.c - see site.h. */
#include "site.h"

#include <string.h>

#include "access.h"

#define CACHE_MAX    256
#define CACHED_MAX   (4 * 1024 * 1024)
#define CACHE_AGE_MS 5000 /* pages say how long something has been running */

/* A page as it was rendered for those with these rights. */
typedef struct {
	GBytes *body;
	char *tag;
	guint status;
	const char *type;
	int64_t made_ms;
} Cached;

struct XbSite {
	const XbWebConfig *config;
	const XbAssets *assets;
	bool has_plots;
	XbDb *db;          /* NULL: it can't be opened now */
	GHashTable *cache; /* "RIGHTS METHOD TARGET" -> Cached, of cache_version */
	int64_t cache_version;
	int64_t versions; /* data_version is of a connection: this goes on over a new one */
	int64_t seen_version;
};

static void cached_free(void *data)
{
	Cached *cached = data;

	g_bytes_unref(cached->body);
	g_free(cached->tag);
	g_free(cached);
}

XbSite *xb_site_new(const XbWebConfig *config, const XbAssets *assets)
{
	XbSite *self = g_new0(XbSite, 1);
	const char *type;

	self->config = config;
	self->assets = assets;
	self->has_plots = xb_assets_get(assets, "uPlot.iife.min.js", &type) &&
			  xb_assets_get(assets, "uPlot.min.css", &type);
	self->cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, cached_free);
	return self;
}

void xb_site_free(XbSite *self)
{
	if (!self)
		return;
	g_clear_pointer(&self->db, xb_db_close);
	g_hash_table_unref(self->cache);
	g_free(self);
}

/* ---- the database ---------------------------------------------------------------- */

/* False with @error while it is missing, older than this program (the daemon will migrate it) or
 * newer. Tried again at the next request. */
static bool open_database(XbSite *self, GError **error)
{
	g_autofree char *path = g_build_filename(self->config->state_dir, "xbisect.db", NULL);

	if (self->db && !xb_db_is_current(self->db)) {
		g_clear_pointer(&self->db, xb_db_close);
		self->versions++;
	}
	if (!self->db) {
		self->db = xb_db_open(path, true, error);
		self->versions++;
		self->seen_version = self->db ? xb_db_data_version(self->db) : -1;
	}
	return self->db != NULL;
}

int64_t xb_site_version(XbSite *self)
{
	if (open_database(self, NULL)) {
		int64_t now = xb_db_data_version(self->db);

		self->versions += now != self->seen_version;
		self->seen_version = now;
	}
	return self->versions;
}

/* ---- responses --------------------------------------------------------------------- */

static XbWebResponse *framed(const XbPage *page, const XbHtml *main)
{
	g_auto(XbHtml) out = { 0 };

	xb_html_init(&out);
	xb_page_frame(page, &out, main);
	return xb_web_response_new(page->status, "text/html; charset=utf-8", xb_html_take(&out));
}

XbWebResponse *xb_site_framed(const XbSite *self, const XbWebRequest *request, guint status,
			      const char *title, const XbHtml *main)
{
	g_autofree char *token = xb_access_token(self->config->token_file, NULL);
	const XbPage page = { .config = self->config,
			      .request = request,
			      .status = status,
			      .title = (char *)title,
			      .may_change = xb_access_of(token, request) != XB_ACCESS_NONE };

	return framed(&page, main);
}

static bool wants_json(const XbWebRequest *request)
{
	return request->path && g_str_has_prefix(request->path, "/api/");
}

XbWebResponse *xb_site_message(const XbSite *self, const XbWebRequest *request, guint status,
			       const char *title, const char *text)
{
	g_auto(XbHtml) main = { 0 };

	if (wants_json(request))
		return xb_web_response_json(status, json_pack("{s:b,s:s}", "ok", 0, "error", text));
	xb_html_init(&main);
	xb_html(&main, "<h1>%s</h1>\n<p class=\"message\">%s</p>\n", title, text);
	return xb_site_framed(self, request, status, title, &main);
}

static XbWebResponse *of_error(const XbSite *self, const XbWebRequest *request, const GError *error)
{
	if (g_error_matches(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND))
		return xb_site_message(self, request, 404, "Not found", error->message);
	g_warning("%s: %s", request->path, error ? error->message : "failed without a reason");
	return xb_site_message(self, request, 500, "Failed",
			       error ? error->message : "failed without a reason");
}

static XbWebResponse *no_database(const XbSite *self, const XbWebRequest *request,
				  const GError *error)
{
	return xb_site_message(self, request, 503, "The database cannot be read now",
			       error->message);
}

static XbWebResponse *asset(const XbSite *self, const XbWebRequest *request, const char *name)
{
	const char *type = NULL;
	GBytes *bytes = xb_assets_get(self->assets, name, &type);

	return bytes ? xb_web_response_new(200, type, g_bytes_ref(bytes))
		     : xb_site_message(self, request, 404, "Not found", "there is no such file");
}

/* ---- routes ------------------------------------------------------------------------ */

const XbRoute *const xb_site_routes[] = { xb_routes_pages,   xb_routes_runs,    xb_routes_api,
					  xb_routes_actions, xb_routes_queue,   xb_routes_branches,
					  xb_routes_alerts,  xb_routes_profile, NULL };

/* Segment by segment; % takes a number without leading zeros, * a name. */
static bool matches(const char *pattern, const char *path, int64_t *id, char **name)
{
	g_auto(GStrv) want = g_strsplit(pattern, "/", -1), have = g_strsplit(path, "/", -1);

	if (g_strv_length(want) != g_strv_length(have))
		return false;
	for (guint i = 0; want[i]; i++) {
		if (strcmp(want[i], "%") == 0) {
			if (have[i][0] == '0' ||
			    !g_ascii_string_to_signed(have[i], 10, 1, G_MAXINT64 / 2, id, NULL))
				return false;
		} else if (strcmp(want[i], "*") == 0) {
			if (!*have[i])
				return false;
			g_free(*name);
			*name = g_strdup(have[i]);
		} else if (strcmp(want[i], have[i]) != 0) {
			return false;
		}
	}
	return true;
}

/* NULL when nothing is there; *@other_method when it would be with another method. */
static const XbRoute *find_route(const XbWebRequest *request, int64_t *id, char **name,
				 bool *other_method)
{
	const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;

	for (guint t = 0; xb_site_routes[t]; t++) {
		for (const XbRoute *route = xb_site_routes[t]; route->method; route++) {
			if (!matches(route->path, request->path, id, name))
				continue;
			if (strcmp(route->method, method) == 0)
				return route;
			*other_method = true;
		}
	}
	return NULL;
}

static XbWebResponse *render(XbSite *self, XbPage *page, const XbRoute *route)
{
	g_autoptr(GError) error = NULL;
	g_auto(XbHtml) main = { 0 };
	XbWebResponse *response = NULL;

	if (route->answer) {
		response = route->answer(page, &error);
		return response ? response : of_error(self, page->request, error);
	}
	xb_html_init(&main);
	return route->page(page, &main, &error) ? framed(page, &main)
						: of_error(self, page->request, error);
}

/* ---- who may ----------------------------------------------------------------------- */

/* NULL: go on. *@access is set. */
static XbWebResponse *refuse(const XbSite *self, const XbWebRequest *request, const XbRoute *route,
			     XbAccess *access)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = xb_access_token(self->config->token_file, &error);
	bool reads_freely = g_strcmp0(self->config->read, "token") != 0;

	*access = xb_access_of(token, request);
	if (route->needs & XB_NEEDS_NOTHING)
		return NULL;
	if (!(route->needs & XB_NEEDS_CHANGE)) {
		if (reads_freely || *access != XB_ACCESS_NONE)
			return NULL;
		return wants_json(request) ? xb_site_message(self, request, 401, "Token",
							     "reading needs the token")
					   : xb_web_response_redirect("/login");
	}
	if (!token)
		return xb_site_message(self, request, 403, "Nothing can be changed from here",
				       error->message);
	if (*access == XB_ACCESS_NONE)
		return xb_site_message(self, request, 403, "The token is needed",
				       "changes need the token: show it first");
	/* a script shows its token each time, and no browser does that for another's page */
	if (*access == XB_ACCESS_COOKIE && !xb_access_origin_is_ours(request))
		return xb_site_message(self, request, 403, "Not from here",
				       "the request does not come from a page of this server");
	return NULL;
}

/* ---- the cache ---------------------------------------------------------------------- */

static char *cache_key(const XbWebRequest *request, bool may_change)
{
	GString *key = g_string_new(may_change ? "1 " : "0 ");
	GHashTableIter iter;
	gpointer name, value;

	g_string_append(key, request->path);
	g_hash_table_iter_init(&iter, request->query);
	while (g_hash_table_iter_next(&iter, &name, &value))
		g_string_append_printf(key, "\n%s=%s", (char *)name, (char *)value);
	return g_string_free(key, FALSE);
}

static XbWebResponse *from_cache(XbSite *self, const char *key, int64_t now_ms)
{
	int64_t version = xb_site_version(self);
	XbWebResponse *response;
	const Cached *cached;

	if (version != self->cache_version || g_hash_table_size(self->cache) >= CACHE_MAX) {
		g_hash_table_remove_all(self->cache);
		self->cache_version = version;
	}
	cached = g_hash_table_lookup(self->cache, key);
	if (!cached || now_ms - cached->made_ms > CACHE_AGE_MS || now_ms < cached->made_ms)
		return NULL;
	response = xb_web_response_new(cached->status, cached->type, g_bytes_ref(cached->body));
	response->tag = g_strdup(cached->tag);
	return response;
}

static void to_cache(XbSite *self, const char *key, XbWebResponse *response, int64_t now_ms)
{
	Cached *cached;

	if (!response->body || response->cookie || response->location || response->filename ||
	    response->control || response->status != 200 ||
	    g_bytes_get_size(response->body) > CACHED_MAX)
		return;
	response->tag = g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, response->body);
	cached = g_new0(Cached, 1);
	cached->body = g_bytes_ref(response->body);
	cached->tag = g_strdup(response->tag);
	cached->status = response->status;
	cached->type = response->type;
	cached->made_ms = now_ms;
	g_hash_table_insert(self->cache, g_strdup(key), cached);
}

/* ---- answering ------------------------------------------------------------------------ */

static XbWebResponse *with_database(XbSite *self, XbPage *page, const XbRoute *route)
{
	bool reads = strcmp(route->method, "GET") == 0;
	g_autofree char *key = reads ? cache_key(page->request, page->may_change) : NULL;
	g_autoptr(GError) error = NULL;
	XbWebResponse *response = NULL;

	if (!open_database(self, &error))
		return no_database(self, page->request, error);
	if (key && (response = from_cache(self, key, page->now_ms)))
		return response;
	if (!xb_db_begin_read(self->db, &error))
		return no_database(self, page->request, error);
	page->db = self->db;
	response = render(self, page, route);
	xb_db_rollback(self->db);
	if (key)
		to_cache(self, key, response, page->now_ms);
	return response;
}

XbWebResponse *xb_site_answer(XbSite *self, const XbWebRequest *request, int64_t now_ms)
{
	XbPage page = { .site = self,
			.config = self->config,
			.request = request,
			.now_ms = now_ms,
			.has_plots = self->has_plots,
			.status = 200 };
	g_autofree char *name = NULL;
	bool other_method = false;
	const XbRoute *route;
	XbWebResponse *response;
	XbAccess access;

	if (request->problem)
		return xb_site_message(self, request, 400, "Bad request", request->problem);
	if (!xb_access_host_is_ours(self->config, xb_web_header(request, "host")))
		return xb_site_message(
			self, request, 421, "Not this server",
			"this server does not go by that name: name it in [web] names=");
	if (g_str_has_prefix(request->path, "/static/") && strcmp(request->method, "POST") != 0)
		return asset(self, request, request->path + strlen("/static/"));
	if (strcmp(request->path, "/api/v1/openapi.json") == 0 &&
	    strcmp(request->method, "POST") != 0)
		return asset(self, request, "openapi.json");
	route = find_route(request, &page.id, &name, &other_method);
	if (!route)
		return xb_site_message(self, request, other_method ? 405 : 404,
				       other_method ? "Not like this" : "Not found",
				       other_method ? "this address takes another method"
						    : "there is no such page");
	response = refuse(self, request, route, &access);
	if (response)
		return response;
	page.may_change = access != XB_ACCESS_NONE;
	page.name = name;
	response = route->needs & XB_NEEDS_NO_DB ? render(self, &page, route)
						 : with_database(self, &page, route);
	g_free(page.title);
	return response;
}

char *xb_site_checksum(XbSite *self, const XbWebRequest *request, const char *path, int64_t now_ms)
{
	g_autoptr(XbWebRequest) inner = xb_web_request_new("GET", path);
	static const char *const rights[] = { "host", "cookie", "authorization" };
	g_autoptr(XbWebResponse) response = NULL;
	g_autofree char *name = NULL;
	bool other_method = false;
	int64_t id = 0;
	const XbRoute *route = find_route(inner, &id, &name, &other_method);

	/* A page only: nobody follows a file of a hundred megabytes. */
	if (!route || !route->page)
		return NULL;
	for (guint i = 0; i < G_N_ELEMENTS(rights); i++) {
		const char *value = xb_web_header(request, rights[i]);
		if (value)
			xb_web_request_add_header(inner, rights[i], value);
	}
	response = xb_site_answer(self, inner, now_ms);
	if (response->status != 200 || !response->body)
		return NULL;
	if (response->tag)
		return g_strdup(response->tag);
	return g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, response->body);
}
