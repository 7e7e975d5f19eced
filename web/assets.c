/* SPDX-License-Identifier: GPL-2.0-or-later */
/* assets.c - see assets.h. */
#include "assets.h"

#include <string.h>

static const struct {
	const char *name, *type;
} files[] = {
	{ "style.css", "text/css; charset=utf-8" },
	{ "page.js", "text/javascript; charset=utf-8" },
	{ "icon.svg", "image/svg+xml" },
	{ "openapi.json", "application/json" },
	{ "uPlot.iife.min.js", "text/javascript; charset=utf-8" },
	{ "uPlot.min.css", "text/css; charset=utf-8" },
	{ "uPlot-LICENSE", "text/plain; charset=utf-8" },
};

struct XbAssets {
	GBytes *bytes[G_N_ELEMENTS(files)];
};

static GBytes *read_file(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	char *text;
	gsize length;

	return g_file_get_contents(path, &text, &length, NULL) ? g_bytes_new_take(text, length)
							       : NULL;
}

XbAssets *xb_assets_new(const char *directory)
{
	static const char *const places[] = { "../share/xbisect/web", "../../web/assets",
					      "../uplot", XB_DATADIR "/web" };
	XbAssets *self = g_new0(XbAssets, 1);
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *here = g_path_get_dirname(program ? program : "/");

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		if (directory)
			self->bytes[i] = read_file(directory, files[i].name);
		for (guint p = 0; !directory && !self->bytes[i] && p < G_N_ELEMENTS(places); p++) {
			g_autofree char *place = g_canonicalize_filename(places[p], here);
			self->bytes[i] = read_file(place, files[i].name);
		}
	}
	return self;
}

void xb_assets_free(XbAssets *self)
{
	if (!self)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		g_clear_pointer(&self->bytes[i], g_bytes_unref);
	g_free(self);
}

GBytes *xb_assets_get(const XbAssets *self, const char *name, const char **type)
{
	for (guint i = 0; self && i < G_N_ELEMENTS(files); i++) {
		if (strcmp(files[i].name, name) == 0 && self->bytes[i]) {
			*type = files[i].type;
			return self->bytes[i];
		}
	}
	return NULL;
}
