/* SPDX-License-Identifier: GPL-2.0-or-later */
/* actions.c - what pages change: the token's cookie here, all else by asking the daemon. */
#include <string.h>

#include "access.h"
#include "site.h"

static XbWebResponse *message(const XbPage *page, guint status, const char *title, const char *text)
{
	g_auto(XbHtml) main = { 0 }, out = { 0 };
	XbPage copy = *page;

	copy.title = NULL;
	xb_html_init(&main);
	xb_html_init(&out);
	xb_page_message(&copy, &main, status, title, text);
	xb_page_frame(&copy, &out, &main);
	g_free(copy.title);
	return xb_web_response_new(status, "text/html; charset=utf-8", xb_html_take(&out));
}

static XbWebResponse *login(XbPage *page, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *token = xb_access_token(page->config->token_file, &problem);
	XbWebResponse *response;
	(void)error;

	if (!xb_access_origin_is_ours(page->request))
		return message(page, 403, "Not from here",
			       "the request does not come from a page of this server");
	if (!token)
		return message(page, 403, "There is no token", problem->message);
	if (!xb_access_is_token(token, xb_web_form(page->request, "token")))
		return message(page, 403, "That is not the token", "Look it up and try again.");
	response = xb_web_response_redirect("/");
	response->cookie = xb_access_cookie(token);
	return response;
}

static XbWebResponse *logout(XbPage *page, GError **error)
{
	XbWebResponse *response = xb_web_response_redirect("/");
	(void)page;
	(void)error;

	response->cookie = xb_access_cookie(NULL);
	return response;
}

/* A stream about the page named by "page", which must be one of ours. */
static XbWebResponse *live(XbPage *page, GError **error)
{
	const char *what = xb_web_query(page->request, "page");
	XbWebResponse *response;
	(void)error;

	if (!what || *what != '/' || what[1] == '/')
		return message(page, 400, "Bad request", "live needs the page to look at");
	response = xb_web_response_text(200, "");
	response->live = g_strdup(what);
	return response;
}

const XbRoute xb_routes_actions[] = {
	{ "POST", "/login", NULL, login, XB_NEEDS_NOTHING | XB_NEEDS_NO_DB },
	{ "POST", "/logout", NULL, logout, XB_NEEDS_CHANGE | XB_NEEDS_NO_DB },
	{ "GET", "/live", NULL, live, XB_NEEDS_READ | XB_NEEDS_NO_DB },
	{ 0 },
};
