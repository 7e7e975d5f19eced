/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-queue.c - queueing from a page: the form, what it would cost, and then the job. */
#include <math.h>
#include <string.h>

#include "actions.h"
#include "queue-form.h"

/* The value that was filled in, or that the address proposes. */
static const char *value_of(const XbWebRequest *request, const char *name)
{
	const char *value = xb_web_form(request, name);

	return value ? value : xb_web_query(request, name);
}

/* ---- the form -------------------------------------------------------------------------------- */

static void put_radio(XbHtml *out, const char *value, const char *label, const char *chosen)
{
	xb_html(out,
		strcmp(value, chosen) == 0
			? "<label><input type=\"radio\" name=\"what\" value=\"%s\" checked> "
			  "%s</label> "
			: "<label><input type=\"radio\" name=\"what\" value=\"%s\"> %s</label> ",
		value, label);
}

static void put_option(XbHtml *out, const char *value, const char *label, const char *chosen)
{
	xb_html(out,
		g_strcmp0(value, chosen) == 0 ? "<option value=\"%s\" selected>%s</option>"
					      : "<option value=\"%s\">%s</option>",
		value, label);
}

static void put_repo(XbHtml *out, const XbWebRequest *request, json_t *choices)
{
	const char *like = value_of(request, "like"), *chosen = value_of(request, "repo");
	json_t *repos = json_object_get(choices, "repos"), *one;
	size_t i;

	if (like) {
		xb_html(out,
			"<input type=\"hidden\" name=\"like\" value=\"%s\"><p>The repository is "
			"that of <a href=\"/job/%s\">job %s</a>.</p>\n",
			like, like, like);
		return;
	}
	xb_html(out, "<p class=\"field\"><label for=\"f-repo\">Repository</label><select "
		     "id=\"f-repo\" name=\"repo\">");
	if (json_is_true(json_object_get(choices, "default_repo")))
		put_option(out, "", "the default one", chosen);
	json_array_foreach(repos, i, one)
		put_option(out, json_string_value(one), json_string_value(one), chosen);
	xb_html(out, "</select></p>\n");
	if (json_array_size(repos) == 0 && !json_is_true(json_object_get(choices, "default_repo")))
		xb_html(out,
			"<p class=\"message\">No repository is configured: pages may use those "
			"of [repo NAME] only.</p>\n");
}

static void put_workloads(XbHtml *out, const XbWebRequest *request, json_t *choices)
{
	const char *chosen = value_of(request, "workload");
	json_t *list = json_object_get(choices, "workloads"), *workload, *metric;
	size_t i, m;

	xb_html(out, "<p class=\"field\"><label for=\"f-workload\">Workload and metric</label>"
		     "<select id=\"f-workload\" name=\"workload\">");
	json_array_foreach(list, i, workload)
	{
		const char *name = xb_json_text(workload, "name");

		json_array_foreach(json_object_get(workload, "metrics"), m, metric)
		{
			g_autofree char *value =
				g_strdup_printf("%s/%s", name, json_string_value(metric));
			put_option(out, value, value, chosen);
		}
	}
	xb_html(out, "</select></p>\n<p class=\"field\"><label for=\"f-host\">Host</label><select "
		     "id=\"f-host\" name=\"host\"><option value=\"\">any</option>");
	json_array_foreach(json_object_get(choices, "hosts"), i, workload)
		put_option(out, json_string_value(workload), json_string_value(workload),
			   value_of(request, "host"));
	xb_html(out, "</select></p>\n");
}

static void put_area(XbHtml *out, const XbWebRequest *request, const char *name, const char *label)
{
	xb_html(out,
		"<p class=\"field\"><label for=\"f-%s\">%s</label><textarea id=\"f-%s\" "
		"name=\"%s\" rows=\"3\">%s</textarea></p>\n",
		name, label, name, name, value_of(request, name));
}

/* Four more variants, folded up until one is filled in. */
static void put_further(XbHtml *out, const XbWebRequest *request)
{
	bool filled = false;

	for (guint i = 0; i < XB_QUEUE_FURTHER; i++)
		filled |= value_of(request, xb_queue_further[i].rev) ||
			  value_of(request, xb_queue_further[i].patch);
	xb_html(out, filled ? "<details open>" : "<details>");
	xb_html(out, "<summary>More variants against the same base</summary>\n");
	xb_page_field(out, "test_name", "Name of the test side", value_of(request, "test_name"),
		      "default v1");
	for (guint i = 0; i < XB_QUEUE_FURTHER; i++) {
		xb_html(out, "<fieldset><legend>Variant %u</legend>\n", i + 2);
		xb_page_field(out, xb_queue_further[i].rev, "Revision",
			      value_of(request, xb_queue_further[i].rev),
			      "empty, with a patch or fragment: that of the base");
		xb_page_field(out, xb_queue_further[i].name, "Name",
			      value_of(request, xb_queue_further[i].name), NULL);
		put_area(out, request, xb_queue_further[i].patch, "Patch");
		put_area(out, request, xb_queue_further[i].kconfig, "Kernel config fragment");
		xb_html(out, "</fieldset>\n");
	}
	xb_html(out, "</details>\n");
}

static void put_form(XbHtml *out, const XbWebRequest *request, json_t *choices)
{
	const char *what = value_of(request, "what");

	if (!what)
		what = "bisect";
	xb_html(out, "<form method=\"post\" action=\"/queue/check\" class=\"form queue\"><fieldset>"
		     "<legend>What</legend>");
	put_radio(out, "bisect", "Bisect a range", what);
	put_radio(out, "ab", "Compare two or more", what);
	put_radio(out, "measure", "Measure one", what);
	xb_html(out, "</fieldset>\n");
	put_repo(out, request, choices);
	xb_page_field(out, "good", "GOOD, base, or the one to measure", value_of(request, "good"),
		      "a branch, a tag or a commit");
	xb_html(out, "<div data-for=\"bisect ab\">");
	xb_page_field(out, "bad", "BAD or test", value_of(request, "bad"), NULL);
	xb_html(out, "</div>\n");
	put_workloads(out, request, choices);
	xb_page_field(out, "confidence", "Confidence", value_of(request, "confidence"),
		      "default 0.99");
	xb_html(out, "<div data-for=\"bisect\">");
	xb_page_field(out, "min_effect", "Smallest effect that matters",
		      value_of(request, "min_effect"), "default 1%");
	xb_html(out,
		"<p><label><input type=\"checkbox\" name=\"first_parent\" value=\"1\"%s> first "
		"parents only</label><br><label><input type=\"checkbox\" name=\"all\" "
		"value=\"1\"%s> "
		"search for every step, not only the largest</label></p></div>\n<div data-for=\"ab "
		"measure\">",
		value_of(request, "first_parent") ? " checked" : "",
		value_of(request, "all") ? " checked" : "");
	xb_page_field(out, "boots", "Boots a side", value_of(request, "boots"),
		      "empty: as many as are needed");
	put_area(out, request, "base_patch", "Patch for the base, or for the one to measure");
	put_area(out, request, "base_kconfig", "Kernel config fragment for it");
	xb_html(out, "</div><div data-for=\"ab\">");
	put_area(out, request, "test_patch", "Patch for the test side");
	put_area(out, request, "test_kconfig", "Kernel config fragment for the test side");
	put_further(out, request);
	xb_html(out, "</div><p><button>Check it</button></p></form>\n");
}

static XbWebResponse *show_form(const XbSite *site, const XbWebRequest *request, json_t *answer,
				const char *problem)
{
	g_autofree char *refusal = xb_action_problem(answer, problem);
	g_auto(XbHtml) main = { 0 };

	if (refusal)
		return xb_action_refused(site, request, answer, refusal);
	xb_html_init(&main);
	xb_html(&main, "<h1>Queue a job</h1>\n");
	put_form(&main, request, answer);
	return xb_site_framed(site, request, 200, "Queue a job", &main);
}

/* The commits that are left, and the one before them: what "narrower" proposes. */
static char *narrower(XbPage *page, int64_t like)
{
	g_autoptr(XbJob) job = xb_db_job_get(page->db, like, NULL);
	int n = job ? xb_db_job_size(page->db, like, NULL) : 0;
	g_autoptr(json_t) said = job && job->verdict ? json_loads(job->verdict, 0, NULL) : NULL;
	json_t *commits = json_object_get(said, "commits"), *one;
	json_int_t low = 0, high = 0;
	size_t i;

	if (n < 2)
		return NULL;
	/* of a range too large to be listed as a whole none is left out */
	if ((size_t)json_integer_value(json_object_get(said, "range_size")) >
	    json_array_size(commits))
		commits = NULL;
	json_array_foreach(commits, i, one)
	{
		json_int_t node = json_integer_value(json_object_get(one, "node"));

		if (node < 1 || node >= n)
			continue;
		low = low ? MIN(low, node) : node;
		high = MAX(high, node);
	}
	if (!low)
		low = 1, high = n - 1;
	g_autoptr(XbJobCommit) before = xb_db_job_commit_get(page->db, like, (int)low - 1, NULL);
	g_autoptr(XbJobCommit) last = xb_db_job_commit_get(page->db, like, (int)high, NULL);
	if (!before || !last)
		return NULL;
	g_autofree char *good = xb_url(before->label), *bad = xb_url(last->label);
	return g_strdup_printf("/queue?what=bisect&like=%lld&good=%s&bad=%s", (long long)like, good,
			       bad);
}

static XbWebResponse *queue_page(XbPage *page, GError **error)
{
	int64_t like = xb_web_query_int(page->request, "like", 0);
	(void)error;

	if (like > 0 && !xb_web_query(page->request, "good")) {
		g_autofree char *to = narrower(page, like);
		if (to)
			return xb_web_response_redirect(to);
	}
	if (!page->may_change) {
		/* and back to what was proposed */
		g_autofree char *here = xb_url(page->request->target);
		g_autofree char *to = g_strconcat("/login?to=", here, NULL);
		return xb_web_response_redirect(to);
	}
	return xb_action(json_pack("{s:s}", "verb", "choices"), show_form);
}

/* ---- the check ---------------------------------------------------------------------------------
 */

/* What a bisect is about and would cost. */
static void put_range(XbHtml *out, json_t *estimate)
{
	double steps = xb_json_number(estimate, "steps_left");
	double matter = xb_json_number(estimate, "can_matter");
	g_autofree char *time = xb_seconds_text(xb_json_number(estimate, "seconds_left"));

	xb_html(out, "<dl class=\"facts\"><div><dt>Commits</dt><dd>%.0f</dd></div>",
		xb_json_number(estimate, "commits_in_range"));
	if (isfinite(matter))
		xb_html(out, "<div><dt>Can matter, as far as is known</dt><dd>%.0f</dd></div>",
			matter);
	if (isfinite(steps))
		xb_html(out, "<div><dt>Expected</dt><dd>%.0f builds and boots, %s</dd></div>",
			steps, time);
	xb_html(out,
		"<div><dt>From</dt><dd><code>%s</code></dd></div><div><dt>To</dt><dd>"
		"<code>%s</code></dd></div></dl>\n",
		xb_json_text(estimate, "good_id"), xb_json_text(estimate, "bad_id"));
}

/* What the sides of an A/B, or the one to measure, are and would cost. */
static void put_sides(XbHtml *out, json_t *estimate)
{
	json_t *sides = json_object_get(estimate, "sides"), *side;
	double builds = xb_json_number(estimate, "builds");
	double least = xb_json_number(estimate, "boots");
	double most = xb_json_number(estimate, "boots_most");
	g_autofree char *time = xb_seconds_text(xb_json_number(estimate, "seconds_left"));
	size_t i;

	xb_html(out, "<div class=\"wide\"><table><thead><tr><th>Side</th><th>Commit</th>"
		     "<th>Subject</th></tr></thead><tbody>\n");
	json_array_foreach(sides, i, side)
	{
		const char *commit = xb_json_text(side, "commit");
		g_autofree char *id = xb_short_id(commit ? commit : "");

		xb_html(out,
			"<tr><th scope=\"row\">%s</th><td><code>%s</code></td><td>%s</td></tr>\n",
			xb_json_text(side, "name"), id, xb_json_text(side, "subject"));
	}
	xb_html(out, "</tbody></table></div>\n");
	if (!isfinite(builds) || !isfinite(least))
		return;
	xb_html(out, "<p>Expected: %.0f build%s and %.0f boots, about %s", builds,
		builds == 1 ? "" : "s", least, time);
	if (most > least)
		xb_html(out, "; where boots vary up to %.0f boots", most);
	xb_html(out, ".</p>\n");
}

/* What was filled in, for the job that may follow. Of a line's end as browsers send it the CR would
 * be shown as text that it is not. */
static void put_hidden(XbHtml *out, const XbWebRequest *request, const char *name)
{
	const char *value = xb_web_form(request, name);
	g_autoptr(GString) text = g_string_new(value);

	g_string_replace(text, "\r\n", "\n", 0);
	if (value)
		xb_html(out, "<input type=\"hidden\" name=\"%s\" value=\"%s\">", name, text->str);
}

static XbWebResponse *show_check(const XbSite *site, const XbWebRequest *request, json_t *answer,
				 const char *problem)
{
	g_autofree char *refusal = xb_action_problem(answer, problem);
	json_t *estimate = json_object_get(answer, "estimate"), *warning;
	g_auto(XbHtml) main = { 0 };
	size_t i;

	if (refusal)
		return xb_action_refused(site, request, answer, refusal);
	xb_html_init(&main);
	xb_html(&main, "<h1>Queue this?</h1>\n");
	if (json_object_get(estimate, "sides"))
		put_sides(&main, estimate);
	else
		put_range(&main, estimate);
	json_array_foreach(json_object_get(answer, "warnings"), i, warning)
		xb_html(&main, "<p class=\"message\">%s</p>\n", json_string_value(warning));
	xb_html(&main, "<form method=\"post\" action=\"/queue\">");
	for (i = 0; xb_queue_fields[i]; i++)
		put_hidden(&main, request, xb_queue_fields[i]);
	for (i = 0; i < XB_QUEUE_FURTHER; i++) {
		put_hidden(&main, request, xb_queue_further[i].rev);
		put_hidden(&main, request, xb_queue_further[i].name);
		put_hidden(&main, request, xb_queue_further[i].patch);
		put_hidden(&main, request, xb_queue_further[i].kconfig);
	}
	xb_html(&main, "<button>Queue it</button></form>\n");
	return xb_site_framed(site, request, 200, "Queue this?", &main);
}

static XbWebResponse *check(XbPage *page, GError **error)
{
	const char *problem = NULL;
	json_t *request = xb_queue_form_request(page->request, "check", &problem);
	(void)error;

	return request ? xb_action(request, show_check)
		       : xb_site_message(page->site, page->request, 400, "Refused", problem);
}

static XbWebResponse *to_new_job(const XbSite *site, const XbWebRequest *request, json_t *answer,
				 const char *problem)
{
	g_autofree char *refusal = xb_action_problem(answer, problem);
	g_autofree char *path = NULL;

	if (refusal)
		return xb_action_refused(site, request, answer, refusal);
	path = g_strdup_printf("/job/%lld",
			       (long long)json_integer_value(json_object_get(answer, "id")));
	return xb_web_response_redirect(path);
}

static XbWebResponse *queue(XbPage *page, GError **error)
{
	const char *problem = NULL, *what = xb_web_form(page->request, "what");
	json_t *request = xb_queue_form_request(page->request, what, &problem);
	(void)error;

	if (!request)
		return xb_site_message(page->site, page->request, 400, "Refused", problem);
	json_object_del(request, "what");
	return xb_action(request, to_new_job);
}

const XbRoute xb_routes_queue[] = {
	{ "GET", "/queue", NULL, queue_page, XB_NEEDS_READ },
	{ "POST", "/queue/check", NULL, check, XB_NEEDS_CHANGE | XB_NEEDS_NO_DB },
	{ "POST", "/queue", NULL, queue, XB_NEEDS_CHANGE | XB_NEEDS_NO_DB },
	{ 0 },
};
