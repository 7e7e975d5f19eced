/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live.c - see live.h. */
#include "live.h"

#include <string.h>

#define TICK_MS 1000
#define PING_S  15 /* a hang-up shows only when something is written */

struct XbLive {
	XbSite *site;
	guint viewers_max;
	void (*woken)(void *data);
	void *data;
	GHashTable *viewers; /* Viewer set */
	guint tick_source;
	int64_t version;
	bool stopping;
};

typedef struct {
	XbLive *live;
	struct MHD_Connection *connection;
	XbWebRequest *request; /* its rights */
	char *page, *group;    /* group: viewers with one answer */
	char *checksum;
	GString *pending;
	gint64 written_us;
	bool suspended;
} Viewer;

static void viewer_free(void *data)
{
	Viewer *viewer = data;

	if (viewer->live)
		g_hash_table_remove(viewer->live->viewers, viewer);
	xb_web_request_free(viewer->request);
	g_free(viewer->page);
	g_free(viewer->group);
	g_free(viewer->checksum);
	g_string_free(viewer->pending, TRUE);
	g_free(viewer);
}

static void wake(Viewer *viewer)
{
	if (!viewer->suspended)
		return;
	viewer->suspended = false;
	MHD_resume_connection(viewer->connection);
}

static ssize_t on_read(void *data, uint64_t position, char *buffer, size_t max)
{
	Viewer *viewer = data;
	gsize length = MIN(viewer->pending->len, max);
	(void)position;

	if (length == 0) {
		if (viewer->live->stopping)
			return MHD_CONTENT_READER_END_OF_STREAM;
		viewer->suspended = true;
		MHD_suspend_connection(viewer->connection);
		return 0;
	}
	memcpy(buffer, viewer->pending->str, length);
	g_string_erase(viewer->pending, 0, (gssize)length);
	viewer->written_us = g_get_monotonic_time();
	return (ssize_t)length;
}

/* Viewers of one page with the same rights are told the same. */
static const char *checksum_of(GHashTable *known, const Viewer *viewer)
{
	char *sum;

	if (!g_hash_table_contains(known, viewer->group)) {
		sum = xb_site_checksum(viewer->live->site, viewer->request, viewer->page,
				       g_get_real_time() / 1000);
		g_hash_table_insert(known, viewer->group, sum);
	}
	return g_hash_table_lookup(known, viewer->group);
}

static gboolean on_tick(void *data)
{
	XbLive *self = data;
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	int64_t version = xb_site_version(self->site);
	gint64 now = g_get_monotonic_time();
	GHashTableIter iter;
	gpointer key;
	bool any = false;

	g_hash_table_iter_init(&iter, self->viewers);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		Viewer *viewer = key;
		const char *sum = version != self->version ? checksum_of(known, viewer) : NULL;

		if (sum && g_strcmp0(sum, viewer->checksum) != 0) {
			g_free(viewer->checksum);
			viewer->checksum = g_strdup(sum);
			g_string_append_printf(viewer->pending, "event: page\ndata: %s\n\n", sum);
		} else if (now - viewer->written_us > PING_S * G_USEC_PER_SEC) {
			g_string_append(viewer->pending, ":\n\n");
		}
		if (viewer->pending->len) {
			wake(viewer);
			any = true;
		}
	}
	self->version = version;
	if (any)
		self->woken(self->data);
	return G_SOURCE_CONTINUE;
}

XbLive *xb_live_new(XbSite *site, int viewers_max, void (*woken)(void *data), void *data)
{
	XbLive *self = g_new0(XbLive, 1);

	self->site = site;
	self->viewers_max = (guint)viewers_max;
	self->woken = woken;
	self->data = data;
	self->viewers = g_hash_table_new(NULL, NULL);
	self->version = xb_site_version(site);
	self->tick_source = g_timeout_add(TICK_MS, on_tick, self);
	return self;
}

void xb_live_stop(XbLive *self)
{
	GHashTableIter iter;
	gpointer key;

	self->stopping = true;
	g_clear_handle_id(&self->tick_source, g_source_remove);
	g_hash_table_iter_init(&iter, self->viewers);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		wake(key);
}

void xb_live_free(XbLive *self)
{
	g_hash_table_unref(self->viewers);
	g_free(self);
}

struct MHD_Response *xb_live_open(XbLive *self, struct MHD_Connection *connection,
				  const XbWebRequest *request, const char *page)
{
	const char *cookie = xb_web_header(request, "cookie");
	const char *bearer = xb_web_header(request, "authorization");
	const char *host = xb_web_header(request, "host");
	Viewer *viewer;

	if (g_hash_table_size(self->viewers) >= self->viewers_max)
		return NULL;
	viewer = g_new0(Viewer, 1);
	viewer->live = self;
	viewer->connection = connection;
	viewer->request = xb_web_request_new("GET", "/");
	if (cookie)
		xb_web_request_add_header(viewer->request, "cookie", cookie);
	if (bearer)
		xb_web_request_add_header(viewer->request, "authorization", bearer);
	if (host)
		xb_web_request_add_header(viewer->request, "host", host);
	viewer->page = g_strdup(page);
	viewer->group = g_strdup_printf("%s\n%s\n%s\n%s", page, cookie ? cookie : "",
					bearer ? bearer : "", host ? host : "");
	viewer->pending = g_string_new("retry: 3000\n\n");
	viewer->written_us = g_get_monotonic_time();
	viewer->checksum =
		xb_site_checksum(self->site, viewer->request, page, g_get_real_time() / 1000);
	if (viewer->checksum)
		g_string_append_printf(viewer->pending, "event: page\ndata: %s\n\n",
				       viewer->checksum);
	g_hash_table_add(self->viewers, viewer);
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 512, on_read, viewer,
						 viewer_free);
}
