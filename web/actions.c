/* SPDX-License-Identifier: GPL-2.0-or-later */
/* actions.c - what can be changed: the cookie here, all else by asking the daemon. */
#include "actions.h"

#include <stdlib.h>
#include <string.h>

#include "access.h"

/* ---- the token ------------------------------------------------------------------------ */

static XbWebResponse *login(XbPage *page, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *token = xb_access_token(page->config->token_file, &problem);
	const char *to = xb_web_form(page->request, "to");
	XbWebResponse *response;
	(void)error;

	if (!xb_access_origin_is_ours(page->request))
		return xb_site_message(page->site, page->request, 403, "Not from here",
				       "the request does not come from a page of this server");
	if (!token)
		return xb_site_message(page->site, page->request, 403, "There is no token",
				       problem->message);
	if (!xb_access_is_token(token, xb_web_form(page->request, "token")))
		return xb_site_message(page->site, page->request, 403, "That is not the token",
				       "Look it up and try again.");
	response = xb_web_response_redirect(to && xb_web_is_own_target(to) ? to : "/");
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
		return xb_site_message(page->site, page->request, 400, "Bad request",
				       "live needs the page to look at");
	response = xb_web_response_text(200, "");
	response->live = g_strdup(what);
	return response;
}

/* ---- asking the daemon ------------------------------------------------------------------- */

XbWebResponse *xb_action(json_t *control, XbFinish finish)
{
	XbWebResponse *response = xb_web_response_text(500, "the daemon was not asked\n");

	response->control = control;
	response->finish = finish;
	return response;
}

char *xb_action_problem(json_t *answer, const char *problem)
{
	const char *error = xb_json_text(answer, "error"), *hint = xb_json_text(answer, "hint");

	if (!answer)
		return g_strdup(problem);
	if (json_is_true(json_object_get(answer, "ok")))
		return NULL;
	return g_strdup_printf("%s%s%s", error ? error : "refused", hint ? "\n" : "",
			       hint ? hint : "");
}

XbWebResponse *xb_action_refused(const XbSite *site, const XbWebRequest *request,
				 const json_t *answer, const char *problem)
{
	return xb_site_message(site, request, answer ? 400 : 502, "Refused", problem);
}

/* To the job that the answer is about. */
static XbWebResponse *to_job(const XbSite *site, const XbWebRequest *request, json_t *answer,
			     const char *problem)
{
	g_autofree char *refusal = xb_action_problem(answer, problem), *path = NULL;
	json_t *id = json_object_get(answer, "id");

	if (refusal)
		return xb_action_refused(site, request, answer, refusal);
	if (!id)
		id = json_object_get(json_object_get(answer, "job"), "id");
	path = g_strdup_printf("/job/%lld", (long long)json_integer_value(id));
	return xb_web_response_redirect(path);
}

static XbWebResponse *to_alerts(const XbSite *site, const XbWebRequest *request, json_t *answer,
				const char *problem)
{
	g_autofree char *refusal = xb_action_problem(answer, problem);

	return refusal ? xb_action_refused(site, request, answer, refusal)
		       : xb_web_response_redirect("/alerts");
}

/* To a script: what the daemon said. */
static XbWebResponse *as_json(const XbSite *site, const XbWebRequest *request, json_t *answer,
			      const char *problem)
{
	(void)site;
	(void)request;
	if (!answer)
		return xb_web_response_json(502, json_pack("{s:b,s:s}", "ok", 0, "error", problem));
	json_object_del(answer, "exit");
	return xb_web_response_json(json_is_true(json_object_get(answer, "ok")) ? 200 : 400,
				    json_incref(answer));
}

static json_t *about(const char *verb, const XbPage *page)
{
	return json_pack("{s:s,s:I}", "verb", verb, "id", (json_int_t)page->id);
}

static XbWebResponse *cancel(XbPage *page, GError **error)
{
	(void)error;
	return xb_action(about("cancel", page), to_job);
}

static XbWebResponse *retry(XbPage *page, GError **error)
{
	(void)error;
	return xb_action(about("retry", page), to_job);
}

static XbWebResponse *api_cancel(XbPage *page, GError **error)
{
	(void)error;
	return xb_action(about("cancel", page), as_json);
}

static XbWebResponse *api_retry(XbPage *page, GError **error)
{
	(void)error;
	return xb_action(about("retry", page), as_json);
}

static XbWebResponse *acknowledge(XbPage *page, GError **error)
{
	(void)error;
	return xb_action(about("alert-ack", page), to_alerts);
}

static XbWebResponse *api_acknowledge(XbPage *page, GError **error)
{
	(void)error;
	return xb_action(about("alert-ack", page), as_json);
}

static XbWebResponse *snooze(XbPage *page, GError **error)
{
	const char *days = xb_web_form(page->request, "days");
	json_t *control = about("alert-snooze", page);
	(void)error;

	json_object_set_new(control, "seconds",
			    json_integer(86400 * CLAMP(days ? atoi(days) : 1, 1, 365)));
	return xb_action(control, to_alerts);
}

/* ---- of scripts ----------------------------------------------------------------------------- */

static XbWebResponse *bad_body(void)
{
	return xb_web_response_json(
		400, json_pack("{s:b,s:s}", "ok", 0, "error", "the body must be one JSON object"));
}

/* The body as an object, a new reference; NULL when it is none. */
static json_t *body_of(const XbPage *page)
{
	gsize length = 0;
	const char *text =
		page->request->body ? g_bytes_get_data(page->request->body, &length) : NULL;
	json_t *object = text ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static XbWebResponse *api_snooze(XbPage *page, GError **error)
{
	g_autoptr(json_t) body = body_of(page);
	json_t *control;
	(void)error;

	if (!body)
		return bad_body();
	control = about("alert-snooze", page);
	json_object_set(control, "seconds", json_object_get(body, "seconds"));
	return xb_action(control, as_json);
}

/* The three verbs that make a job; the daemon checks all else. */
static XbWebResponse *queue_or_check(XbPage *page, bool check)
{
	json_t *body = body_of(page);
	const char *verb = xb_json_text(body, "verb");

	if (!body)
		return bad_body();
	if (g_strcmp0(verb, "bisect") != 0 && g_strcmp0(verb, "ab") != 0 &&
	    g_strcmp0(verb, "measure") != 0) {
		json_decref(body);
		return xb_web_response_json(400, json_pack("{s:b,s:s}", "ok", 0, "error",
							   "verb must be bisect, ab or measure"));
	}
	if (check) {
		json_object_set(body, "what", json_object_get(body, "verb"));
		json_object_set_new(body, "verb", json_string("check"));
	}
	return xb_action(body, as_json);
}

static XbWebResponse *api_queue(XbPage *page, GError **error)
{
	(void)error;
	return queue_or_check(page, false);
}

static XbWebResponse *api_check(XbPage *page, GError **error)
{
	(void)error;
	return queue_or_check(page, true);
}

#define CHANGE (XB_NEEDS_CHANGE | XB_NEEDS_NO_DB)

const XbRoute xb_routes_actions[] = {
	{ "POST", "/login", NULL, login, XB_NEEDS_NOTHING | XB_NEEDS_NO_DB },
	{ "POST", "/logout", NULL, logout, CHANGE },
	{ "GET", "/live", NULL, live, XB_NEEDS_READ | XB_NEEDS_NO_DB },
	{ "POST", "/job/%/cancel", NULL, cancel, CHANGE },
	{ "POST", "/job/%/retry", NULL, retry, CHANGE },
	{ "POST", "/alert/%/ack", NULL, acknowledge, CHANGE },
	{ "POST", "/alert/%/snooze", NULL, snooze, CHANGE },
	{ "POST", "/api/v1/jobs", NULL, api_queue, CHANGE },
	{ "POST", "/api/v1/check", NULL, api_check, CHANGE },
	{ "POST", "/api/v1/jobs/%/cancel", NULL, api_cancel, CHANGE },
	{ "POST", "/api/v1/jobs/%/retry", NULL, api_retry, CHANGE },
	{ "POST", "/api/v1/alerts/%/ack", NULL, api_acknowledge, CHANGE },
	{ "POST", "/api/v1/alerts/%/snooze", NULL, api_snooze, CHANGE },
	{ 0 },
};
