/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-branches.c - watched branches: the list, and each with its timelines. */
#include <string.h>

#include "site.h"
#include "timeline.h"
#include "watch-view.h"

/* ---- pages ---------------------------------------------------------------------------------- */

static bool page_branches(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(page->db, error);

	if (!watches)
		return false;
	page->title = g_strdup("Branches");
	page->live = true;
	xb_html(out, "<h1>Watched branches</h1>\n<section id=\"list\">");
	if (watches->len == 0)
		xb_html(out,
			"<p>None. <code>xbisect watch add NAME --repo URL --branch B</code> adds "
			"one.</p></section>\n");
	if (watches->len == 0)
		return true;
	xb_html(out, "<div class=\"wide\"><table><thead><tr><th>Name</th><th>Repository</th><th>"
		     "Branch</th><th>Tip</th><th>Fetched</th></tr></thead><tbody>\n");
	for (guint i = 0; i < watches->len; i++) {
		const XbWatch *watch = watches->pdata[i];
		g_autofree char *name = xb_url(watch->name);

		xb_html(out,
			"<tr><th scope=\"row\"><a "
			"href=\"/branch/%s\">%s</a></th><td>%s</td><td>%s</td>"
			"<td><code>%.12s</code></td><td>",
			name, watch->name, watch->repo, watch->branch, watch->tip);
		xb_page_time(out, watch->fetched_ms);
		xb_html(out, " %s</td></tr>\n", watch->trouble);
	}
	xb_html(out, "</tbody></table></div></section>\n");
	return true;
}

static XbWatch *find_watch(XbPage *page, GError **error)
{
	g_autoptr(GError) failure = NULL;
	XbWatch *watch = xb_db_watch_find(page->db, page->name, &failure);

	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!watch)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "no branch is watched by that name");
	return watch;
}

static bool page_branch(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(XbWatch) watch = find_watch(page, error);
	g_autoptr(GPtrArray) names = watch ? xb_db_watch_series(page->db, watch->id, error) : NULL;
	g_autoptr(GPtrArray) changes =
		names ? xb_db_watch_changes(page->db, watch->id, error) : NULL;

	if (!changes)
		return false;
	page->title = g_strdup(watch->name);
	page->live = true;
	xb_html(out,
		"<h1>%s</h1>\n<section id=\"head\"><dl class=\"facts\"><div><dt>Repository</dt>"
		"<dd>%s</dd></div><div><dt>Branch</dt><dd>%s</dd></div>",
		watch->name, watch->repo, watch->branch);
	xb_page_hash(out, "Tip", watch->tip);
	xb_html(out, "<div><dt>Fetched</dt><dd>");
	xb_page_time(out, watch->fetched_ms);
	xb_html(out, "</dd></div></dl>\n");
	if (*watch->trouble)
		xb_html(out, "<p class=\"message\">%s</p>\n", watch->trouble);
	if (names->len == 0)
		xb_html(out, "<p>Nothing has been measured on it yet.</p>\n");
	xb_html(out, "</section>\n");
	for (guint i = 0; i < names->len; i++)
		if (!xb_timeline(page, out, watch, changes, names->pdata[i], i, error))
			return false;
	return true;
}

/* ---- the API --------------------------------------------------------------------------------- */

static XbWebResponse *api_branch(XbPage *page, GError **error)
{
	g_autoptr(XbWatch) watch = find_watch(page, error);
	json_t *view = watch ? xb_view_watch(page->db, watch, true, error) : NULL;

	return view ? xb_web_response_json(200, view) : NULL;
}

static XbWebResponse *api_branches(XbPage *page, GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(page->db, error);
	json_t *list;

	if (!watches)
		return NULL;
	list = json_array();
	for (guint i = 0; i < watches->len; i++) {
		json_t *view = xb_view_watch(page->db, watches->pdata[i], false, error);
		if (!view) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, view);
	}
	return xb_web_response_json(200, json_pack("{s:b,s:o}", "ok", 1, "watches", list));
}

const XbRoute xb_routes_branches[] = {
	{ "GET", "/branches", page_branches, NULL, XB_NEEDS_READ },
	{ "GET", "/branch/*", page_branch, NULL, XB_NEEDS_READ },
	{ "GET", "/api/v1/branches", NULL, api_branches, XB_NEEDS_READ },
	{ "GET", "/api/v1/branches/*", NULL, api_branch, XB_NEEDS_READ },
	{ 0 },
};
