/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue-form.c - see queue-form.h. */
#include "queue-form.h"

#include <string.h>

#include "text.h"

const char *const xb_queue_fields[] = {
	"what",       "repo",         "like",       "good",         "bad",       "workload",
	"host",       "confidence",   "min_effect", "first_parent", "all",       "boots",
	"base_patch", "base_kconfig", "test_patch", "test_kconfig", "test_name", NULL,
};

const XbQueueVariant xb_queue_further[XB_QUEUE_FURTHER] = {
	{ "v2_rev", "v2_name", "v2_patch", "v2_kconfig" },
	{ "v3_rev", "v3_name", "v3_patch", "v3_kconfig" },
	{ "v4_rev", "v4_name", "v4_patch", "v4_kconfig" },
	{ "v5_rev", "v5_name", "v5_patch", "v5_kconfig" },
};

static void set_text(json_t *object, const char *name, const char *value)
{
	if (value)
		json_object_set_new(object, name, json_string(value));
}

static bool set_fraction(json_t *object, const XbWebRequest *request, const char *name)
{
	const char *text = xb_web_form(request, name);
	double fraction;

	if (!text)
		return true;
	if (!xb_parse_fraction(text, &fraction))
		return false;
	json_object_set_new(object, name, json_real(fraction));
	return true;
}

/* Browsers end the lines of what was pasted with CR and LF, and the last one may have no end: no
 * patch would apply. */
static void set_content(json_t *side, const char *member, const char *pasted, const char *name)
{
	g_autoptr(GString) text = g_string_new(pasted);

	if (!pasted)
		return;
	g_string_replace(text, "\r\n", "\n", 0);
	if (text->str[text->len - 1] != '\n')
		g_string_append_c(text, '\n');
	json_object_set_new(side, member,
			    json_pack("[{s:s,s:s}]", "name", name, "content", text->str));
}

static json_t *side_of(const XbWebRequest *request, const char *rev, const char *patch,
		       const char *kconfig)
{
	json_t *side = json_pack("{s:s}", "rev", rev ? rev : "");

	set_content(side, "patches", xb_web_form(request, patch), "from-the-page.patch");
	set_content(side, "kconfig", xb_web_form(request, kconfig), "from-the-page.config");
	return side;
}

static json_t *named(json_t *side, const char *name)
{
	set_text(side, "name", name);
	return side;
}

/* The test side and the further variants, of which each has at least a patch, a fragment, or a
 * revision of its own; NULL when there is no further one. */
static json_t *variants_of(const XbWebRequest *request)
{
	json_t *list = json_array();

	json_array_append_new(list, named(side_of(request, xb_web_form(request, "bad"),
						  "test_patch", "test_kconfig"),
					  xb_web_form(request, "test_name")));
	for (guint i = 0; i < XB_QUEUE_FURTHER; i++) {
		const char *rev = xb_web_form(request, xb_queue_further[i].rev);

		if (!rev && !xb_web_form(request, xb_queue_further[i].patch) &&
		    !xb_web_form(request, xb_queue_further[i].kconfig))
			continue;
		json_array_append_new(
			list, named(side_of(request, rev ? rev : xb_web_form(request, "good"),
					    xb_queue_further[i].patch, xb_queue_further[i].kconfig),
				    xb_web_form(request, xb_queue_further[i].name)));
	}
	if (json_array_size(list) > 1)
		return list;
	json_decref(list);
	return NULL;
}

static void set_sides(json_t *object, const XbWebRequest *request)
{
	json_t *variants = variants_of(request);

	json_object_set_new(
		object, "base",
		side_of(request, xb_web_form(request, "good"), "base_patch", "base_kconfig"));
	if (variants)
		json_object_set_new(object, "variants", variants);
	else
		json_object_set_new(object, "test",
				    side_of(request, xb_web_form(request, "bad"), "test_patch",
					    "test_kconfig"));
}

/* "WORKLOAD/METRIC" of the form. */
static void set_workload(json_t *object, const char *text)
{
	g_auto(GStrv) parts = text ? g_strsplit(text, "/", 2) : NULL;

	if (!parts || !parts[0])
		return;
	set_text(object, "workload", parts[0]);
	set_text(object, "metric", parts[1]);
}

json_t *xb_queue_form_request(const XbWebRequest *request, const char *verb, const char **problem)
{
	const char *what = xb_web_form(request, "what"), *like = xb_web_form(request, "like");
	const char *good = xb_web_form(request, "good"), *bad = xb_web_form(request, "bad");
	const char *boots = xb_web_form(request, "boots");
	json_t *object = json_object();

	set_text(object, "verb", verb);
	set_text(object, "what", what);
	set_text(object, "host", xb_web_form(request, "host"));
	set_workload(object, xb_web_form(request, "workload"));
	if (like)
		json_object_set_new(object, "like", json_integer(g_ascii_strtoll(like, NULL, 10)));
	else
		set_text(object, "repo", xb_web_form(request, "repo"));
	if (g_strcmp0(what, "bisect") == 0) {
		set_text(object, "good", good);
		set_text(object, "bad", bad);
		json_object_set_new(object, "first_parent",
				    json_boolean(xb_web_form(request, "first_parent") != NULL));
		if (xb_web_form(request, "all"))
			json_object_set_new(object, "all", json_true());
	} else if (g_strcmp0(what, "ab") == 0) {
		set_sides(object, request);
	} else if (g_strcmp0(what, "measure") == 0) {
		json_object_set_new(object, "rev",
				    side_of(request, good, "base_patch", "base_kconfig"));
	} else {
		*problem = "choose what is to be done";
	}
	if (boots && g_strcmp0(what, "bisect") != 0)
		json_object_set_new(object, "boots",
				    json_integer(g_ascii_strtoll(boots, NULL, 10)));
	if (!set_fraction(object, request, "confidence") ||
	    !set_fraction(object, request, "min_effect"))
		*problem = "confidence and smallest effect are numbers, such as 0.99 and 1%";
	if (!*problem)
		return object;
	json_decref(object);
	return NULL;
}
