/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path-view.c - see path-view.h. */
#include "path-view.h"

#include <string.h>

#define NAMES_SHOWN 5
#define SHARE_SHOWN 0.001

/* "touches 3 functions on the measured path: a, b, c (up to 3.4 % of it)". Caller frees. */
static char *text_of(const XbJobPath *path, const json_t *functions)
{
	size_t n = json_array_size(functions);
	GString *text = g_string_new(NULL);

	if (n > 0) {
		g_string_printf(text, "touches %zu function%s on the measured path", n,
				n == 1 ? "" : "s");
		for (size_t i = 0; i < n && i < NAMES_SHOWN; i++)
			g_string_append_printf(text, "%s %s", i ? "," : ":",
					       json_string_value(json_array_get(functions, i)));
		if (n > NAMES_SHOWN)
			g_string_append(text, ", ...");
		if (path->share >= SHARE_SHOWN)
			g_string_append_printf(text, " (%s%.*f %% of it)", n > 1 ? "up to " : "",
					       path->share < 0.1 ? 1 : 0, 100 * path->share);
	} else if (strcmp(path->kind, "shared") == 0 && path->objects > 0) {
		g_string_printf(text, "touches a type or macro of %d object%s on the measured path",
				path->objects, path->objects == 1 ? "" : "s");
	} else if (strcmp(path->kind, "shared") == 0) {
		g_string_assign(text, "touches a file on the measured path, outside of functions "
				      "that are executed");
	} else {
		g_string_assign(text, "touches nothing on the measured path");
	}
	return g_string_free(text, FALSE);
}

json_t *xb_path_commit(const XbJobData *data, guint node)
{
	const XbJobPath *path = node > 0 ? xb_jobdata_path(data, node) : NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) names = NULL;
	json_t *list;

	if (!path)
		return NULL;
	list = json_array();
	names = g_strsplit(path->functions, "\n", -1);
	for (guint i = 0; names[i]; i++)
		if (*names[i])
			json_array_append_new(list, json_string(names[i]));
	text = text_of(path, list);
	return json_pack("{s:s,s:o,s:i,s:f,s:s}", "kind", path->kind, "functions", list, "objects",
			 path->objects, "share", path->share, "text", text);
}

static int count(const XbJobData *data, const char *kind)
{
	int n = 0;

	for (guint i = 1; i < data->paths->len; i++) {
		const XbJobPath *path = xb_jobdata_path(data, i);

		n += path && strcmp(path->kind, kind) == 0;
	}
	return n;
}

json_t *xb_path_summary(const XbJobData *data)
{
	const XbJobPath *whole = xb_jobdata_path(data, 0);
	g_autofree char *text = NULL;
	int executed, shared, idle;

	if (!whole || strcmp(whole->kind, "unknown") == 0)
		return NULL;
	executed = count(data, "executed");
	shared = count(data, "shared");
	idle = count(data, "idle");
	text = g_strdup_printf("%d commit%s functions on the measured path, %d its headers or "
			       "data, %d nothing of it",
			       executed, executed == 1 ? " touches" : "s touch", shared, idle);
	return json_pack("{s:s,s:i,s:i,s:i,s:i,s:s}", "phase", whole->functions, "objects",
			 whole->objects, "executed", executed, "shared", shared, "idle", idle,
			 "text", text);
}
