/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-job.c - what pages of all kinds of jobs share: head, steps, journal; and lists of jobs. */
#include <math.h>
#include <string.h>

#include "page.h"
#include "plot.h"
#include "text.h"
#include "verdict.h"

#define STEPS_MAX  500 /* on one page: the latest, at first */
#define JOBS_SHOWN 100
#define LOG_TAIL   12
#define LOG_MAX    5000

/* ---- lists ---------------------------------------------------------------------- */

static void put_finding(XbHtml *out, const json_t *view)
{
	json_t *verdict = json_object_get(view, "verdict");
	json_t *effect = json_object_get(view, "effect");
	json_t *first = json_array_get(json_object_get(verdict, "commits"), 0);
	g_autofree char *change = xb_change_text(xb_json_number(effect, "ratio"));

	if (json_is_object(verdict))
		xb_page_badge(out, xb_json_text(verdict, "kind"));
	if (json_is_object(verdict) && json_is_object(effect))
		xb_html(out, " %s %s", xb_json_text(effect, "metric"), change);
	if (xb_verdict_is_unsure(view)) {
		g_autofree char *sure = xb_probability_text(xb_json_number(verdict, "confidence"));
		xb_html(out, " (only %s sure)", sure);
	}
	if (first && g_strcmp0(xb_json_text(verdict, "kind"), "culprit") == 0) {
		g_autofree char *id = xb_short_id(xb_json_text(first, "id"));
		xb_html(out, " <code>%s</code> %s", id, xb_json_text(first, "subject"));
	}
	if (!json_is_object(verdict) && xb_json_text(view, "reason"))
		xb_html(out, "%s", xb_json_text(view, "reason"));
}

void xb_page_job_rows(XbHtml *out, const GPtrArray *jobs)
{
	xb_html(out, "<div class=\"wide\"><table class=\"jobs\"><thead><tr><th>Job</th><th>State"
		     "</th><th>What</th><th>Workload</th><th>Finding</th><th>Queued</th></tr>"
		     "</thead><tbody>\n");
	for (guint i = 0; i < jobs->len; i++) {
		const XbJob *job = jobs->pdata[i];
		g_autoptr(json_t) view = xb_view_summary(job);

		xb_html(out, "<tr><td class=\"n\"><a href=\"/job/%lld\">%lld</a></td><td>",
			(long long)job->id, (long long)job->id);
		xb_page_badge(out, xb_job_state_name(job->state));
		xb_html(out, "</td><td>%s <a href=\"/job/%lld\">%s</a></td><td>%s</td><td>",
			xb_page_kind(job->kind), (long long)job->id, xb_json_text(view, "title"),
			xb_json_text(view, "workload"));
		put_finding(out, view);
		xb_html(out, "</td><td>");
		xb_page_time(out, job->created_ms);
		xb_html(out, "</td></tr>\n");
	}
	xb_html(out, "</tbody></table></div>\n");
}

bool xb_page_jobs(XbPage *page, XbHtml *out, GError **error)
{
	const char *name = xb_web_query(page->request, "state");
	int64_t before = xb_web_query_int(page->request, "before", 0);
	XbJobState state;
	bool of_state = name && xb_job_state_parse(name, &state);
	g_autoptr(GPtrArray) jobs =
		xb_db_jobs_list(page->db, of_state ? &state : NULL, before, JOBS_SHOWN, error);
	static const char *const states[] = { "queued", "running", "done", "failed", "cancelled" };

	if (!jobs)
		return false;
	page->title = g_strdup("Jobs");
	page->live = true;
	xb_html(out, "<h1>Jobs</h1>\n<nav class=\"filter\" aria-label=\"States\">");
	xb_html(out, of_state ? "<a href=\"/jobs\">all</a>"
			      : "<a href=\"/jobs\" aria-current=\"page\">all</a>");
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		xb_html(out,
			of_state && strcmp(states[i], name) == 0
				? "<a href=\"/jobs?state=%s\" aria-current=\"page\">%s</a>"
				: "<a href=\"/jobs?state=%s\">%s</a>",
			states[i], states[i]);
	xb_html(out, "</nav>\n<section id=\"list\">");
	if (jobs->len)
		xb_page_job_rows(out, jobs);
	else
		xb_html(out, "<p>There are none.</p>\n");
	xb_html(out, "</section>\n");
	if (jobs->len == JOBS_SHOWN)
		xb_html(out, "<p><a href=\"/jobs?before=%lld%s%s\">Older ones</a></p>\n",
			(long long)((XbJob *)jobs->pdata[jobs->len - 1])->id,
			of_state ? "&state=" : "", of_state ? name : "");
	return true;
}

/* ---- head ----------------------------------------------------------------------- */

/* "8 builds, 17 boots"; what was spared and lost besides, where there is any. Caller frees. */
static char *cost_text(json_t *counts)
{
	static const struct {
		const char *member, *one, *many;
		bool always;
	} parts[] = {
		{ "builds", "build", "builds", true },
		{ "boots", "boot", "boots", true },
		{ "builds_reused", "build reused", "builds reused", false },
		{ "prebuilt", "built ahead", "built ahead", false },
		{ "skipped", "skipped", "skipped", false },
	};
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		json_int_t n = json_integer_value(json_object_get(counts, parts[i].member));

		if (n || parts[i].always)
			g_string_append_printf(text, "%s%" JSON_INTEGER_FORMAT " %s",
					       text->len ? ", " : "", n,
					       n == 1 ? parts[i].one : parts[i].many);
	}
	return g_string_free(text, FALSE);
}

static void put_when(XbHtml *out, const char *name, int64_t ms)
{
	if (!ms)
		return;
	xb_html(out, "<div><dt>%s</dt><dd>", name);
	xb_page_time(out, ms);
	xb_html(out, "</dd></div>");
}

static void put_facts(XbHtml *out, const XbJobData *data, json_t *view)
{
	const XbJob *job = data->job;
	g_autofree char *asked = xb_asked_text(xb_json_number(view, "confidence_asked"));
	g_autofree char *cost = cost_text(json_object_get(view, "counts"));
	g_autofree char *measured = g_strdup_printf("%s of %s", xb_json_text(view, "metric"),
						    xb_json_text(view, "workload"));
	g_autofree char *took =
		job->started_ms && job->finished_ms
			? xb_seconds_text((double)(job->finished_ms - job->started_ms) / 1000)
			: NULL;

	xb_html(out, "<dl class=\"facts\">");
	xb_page_fact(out, "Repository", xb_json_text(view, "repo"));
	xb_page_fact(out, "Measured", measured);
	xb_page_fact(out, "Host", xb_json_text(view, "host"));
	xb_page_fact(out, "Confidence asked", asked);
	xb_page_fact(out, "Cost", cost);
	xb_page_fact(out, "Took", took);
	put_when(out, "Queued", job->created_ms);
	put_when(out, "Started", job->started_ms);
	put_when(out, "Ended", job->finished_ms);
	xb_page_hash(out, "Class of hosts", data->host_fp);
	xb_html(out, "</dl>\n");
}

static void put_running(XbHtml *out, json_t *view)
{
	json_t *progress = json_object_get(view, "progress"), *one;
	json_t *running = json_object_get(progress, "running");
	double done = xb_json_number(progress, "steps_done");
	double left = xb_json_number(progress, "steps_left");
	g_autofree char *time = xb_seconds_text(xb_json_number(progress, "seconds_left"));
	size_t i;

	if (!progress)
		return;
	xb_html(out, "<section id=\"progress\" class=\"progress\"><h2>%s</h2>\n",
		xb_json_text(progress, "phase"));
	if (isfinite(done) && isfinite(left))
		xb_html(out,
			"<p><progress max=\"%.0f\" value=\"%.0f\" aria-label=\"Steps "
			"done\"></progress> "
			"%.0f steps done, about %.0f to go, %s</p>\n",
			done + left, done, done, left, time);
	xb_html(out, "<ul>");
	json_array_foreach(running, i, one)
	{
		g_autofree char *id = xb_short_id(xb_json_text(one, "commit"));
		g_autofree char *expected = xb_seconds_text(xb_json_number(one, "expected_s"));

		xb_html(out, "<li>%s <code>%s</code> %s on %s: %s (usually %s)</li>",
			xb_json_text(one, "kind"), id, xb_json_text(one, "subject"),
			xb_json_text(one, "where"), xb_json_text(one, "detail"), expected);
	}
	xb_html(out, "</ul></section>\n");
}

void xb_page_job_head(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view)
{
	const XbJob *job = data->job;
	bool open = job->state == XB_JOB_QUEUED || job->state == XB_JOB_RUNNING;
	g_autofree char *cancel = g_strdup_printf("/job/%lld/cancel", (long long)job->id);
	g_autofree char *retry = g_strdup_printf("/job/%lld/retry", (long long)job->id);

	page->title = g_strdup_printf("%lld %s", (long long)job->id, xb_json_text(view, "title"));
	page->live = open;
	xb_html(out,
		"<section id=\"head\"><h1><span class=\"kind\">%s %lld</span> <span "
		"class=\"what\">%s</span> ",
		xb_page_kind(job->kind), (long long)job->id, xb_json_text(view, "title"));
	xb_page_badge(out, xb_job_state_name(job->state));
	xb_html(out, "</h1>\n");
	put_facts(out, data, view);
	if (page->may_change) {
		xb_html(out, "<div class=\"actions\">");
		xb_page_action(page, out, open ? cancel : retry, open ? "Cancel" : "Run again");
		if (!open && job->kind == XB_JOB_BISECT && !xb_spec_bool(data, "images"))
			xb_html(out,
				"<a class=\"button\" href=\"/queue?like=%lld\">Bisect a "
				"narrower range</a>",
				(long long)job->id);
		xb_html(out, "</div>\n");
	}
	xb_html(out, "</section>\n");
	put_running(out, view);
	xb_verdict_warnings(out, view);
	/* of a verdict it is told with that */
	if (!json_is_object(json_object_get(view, "verdict")) && xb_json_text(view, "reason") &&
	    *xb_json_text(view, "reason"))
		xb_html(out, "<section id=\"reason\"><p class=\"reason\">%s</p></section>\n",
			xb_json_text(view, "reason"));
}

/* ---- steps ---------------------------------------------------------------------- */

/* What a step taught: a boot its level, and how far that is from GOOD's; a build its image. */
static void put_lesson(XbHtml *out, const XbJobData *data, const XbRun *run, double reference)
{
	const GArray *samples = g_hash_table_lookup(data->samples, &run->id);
	const XbVariant *variant = xb_jobdata_variant(data, run->variant_id);

	if (!run->has_outcome) {
		xb_html(out, "%s", run->phase);
	} else if (run->outcome != XB_OUTCOME_OK) {
		xb_page_badge(out, xb_outcome_name(run->outcome));
		xb_html(out, " %s", run->detail);
	} else if (run->kind == XB_RUN_BOOT && samples && samples->len) {
		XbSpread spread =
			xb_spread_of((const double *)(gconstpointer)samples->data, samples->len);
		g_autofree char *mean = xb_value_text(spread.mean, xb_spec_string(data, "unit"));
		g_autofree char *change = xb_change_text(spread.mean / reference);

		xb_html(out, "%s over %u iterations", mean, spread.n);
		if (isfinite(reference) && reference > 0)
			xb_html(out, ", %s against the first", change);
	} else if (run->kind == XB_RUN_BUILD && variant && variant->image_sha256) {
		xb_html(out, "image <code>%.12s</code>", variant->image_sha256);
	} else {
		xb_page_badge(out, "ok");
	}
}

static void put_step(XbHtml *out, const XbJobData *data, const XbRun *run, double reference)
{
	const XbRole *role = xb_jobdata_role(data, run);
	const XbJobCommit *commit = role ? xb_jobdata_commit(data, (guint)role->node) : NULL;
	g_autofree char *id = commit ? xb_short_id(commit->label) : g_strdup("");
	g_autofree char *took = xb_seconds_text(
		run->state == XB_RUN_DONE ? (double)(run->finished_ms - run->started_ms) / 1000
					  : NAN);

	xb_html(out,
		"<tr><td class=\"n\"><a href=\"/run/%lld\">%lld</a></td><td>%s, %s%s</td>"
		"<td><code>%s</code> %s</td><td>%s</td><td>%s%s</td><td class=\"n\">%s</td><td>",
		(long long)run->id, (long long)run->id,
		run->kind == XB_RUN_BUILD ? "build" : "boot", run->purpose,
		role && role->clean    ? ", clean"
		: role && role->revert ? ", culprit reverted"
				       : "",
		id, commit ? commit->subject : "", run->why,
		run->kind == XB_RUN_BUILD ? "slot " : "", run->place, took);
	put_lesson(out, data, run, reference);
	xb_html(out, "</td></tr>\n");
}

/* Of the job's own runs, those that count as steps; a new array of the same rows. */
static GPtrArray *steps_of(const XbJobData *data)
{
	GPtrArray *steps = g_ptr_array_new();

	for (guint i = 0; i < data->runs->len; i++) {
		XbRun *run = data->runs->pdata[i];

		if (run->job_id == data->job->id && !xb_run_is_lost(run))
			g_ptr_array_add(steps, run);
	}
	return steps;
}

void xb_page_steps(XbPage *page, XbHtml *out, const XbJobData *data, double reference)
{
	g_autoptr(GPtrArray) steps = steps_of(data);
	guint latest = steps->len > STEPS_MAX ? steps->len - STEPS_MAX : 0;
	guint from = (guint)CLAMP(xb_web_query_int(page->request, "steps", latest), 0, latest);

	xb_html(out, "<section id=\"steps\"><h2>Steps</h2>\n<div class=\"wide\"><table "
		     "class=\"steps\"><thead><tr>"
		     "<th>Run</th><th>What</th><th>Commit</th><th>Why</th><th>Where</th>"
		     "<th>Took</th><th>Taught</th></tr></thead><tbody>\n");
	for (guint i = from; i < steps->len && i < from + STEPS_MAX; i++)
		put_step(out, data, steps->pdata[i], reference);
	xb_html(out, "</tbody></table></div>\n");
	if (from > 0)
		xb_html(out, "<p><a href=\"?steps=%u#steps\">%u earlier steps</a></p>\n",
			from > STEPS_MAX ? from - STEPS_MAX : 0, from);
	if (from < latest)
		xb_html(out, "<p><a href=\"?steps=%u#steps\">Later steps</a></p>\n",
			MIN(from + STEPS_MAX, latest));
	xb_html(out, "</section>\n");
}

/* ---- journal -------------------------------------------------------------------- */

static void put_lines(XbHtml *out, const GPtrArray *lines)
{
	xb_html(out, "<ol class=\"log\">");
	for (guint i = 0; i < lines->len; i++) {
		const XbJournalLine *line = lines->pdata[i];

		xb_html(out, "<li id=\"l%lld\">", (long long)line->seq);
		xb_page_time(out, line->time_ms);
		xb_html(out, " %s</li>\n", line->text);
	}
	xb_html(out, "</ol>\n");
}

void xb_page_job_tail(XbPage *page, XbHtml *out, const XbJobData *data)
{
	g_autoptr(GPtrArray) lines = xb_db_journal(page->db, data->job->id, 0, -LOG_TAIL, NULL);

	xb_html(out, "<section id=\"log\"><h2>Log</h2>\n");
	if (lines)
		put_lines(out, lines);
	xb_html(out,
		"<p><a href=\"/job/%lld/log\">The whole log</a>, <a "
		"href=\"/api/v1/jobs/%lld\">this job as JSON</a></p></section>\n",
		(long long)data->job->id, (long long)data->job->id);
}

bool xb_page_journal(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(XbJob) job = xb_db_job_get(page->db, page->id, error);
	g_autoptr(GPtrArray) lines =
		job ? xb_db_journal(page->db, job->id, xb_web_query_int(page->request, "after", 0),
				    LOG_MAX, error)
		    : NULL;

	if (!lines)
		return false;
	page->title = g_strdup_printf("Log of job %lld", (long long)job->id);
	page->live = job->state == XB_JOB_RUNNING || job->state == XB_JOB_QUEUED;
	xb_html(out, "<h1>Log of <a href=\"/job/%lld\">job %lld</a></h1>\n<section id=\"lines\">",
		(long long)job->id, (long long)job->id);
	put_lines(out, lines);
	xb_html(out, "</section>\n");
	if (lines->len == LOG_MAX)
		xb_html(out, "<p><a href=\"/job/%lld/log?after=%lld\">More</a></p>\n",
			(long long)job->id,
			(long long)((XbJournalLine *)lines->pdata[lines->len - 1])->seq);
	return true;
}

bool xb_page_job(XbPage *page, XbHtml *out, GError **error)
{
	g_autoptr(XbJobData) data = xb_jobdata_load_shown(page->db, page->id, error);
	g_autoptr(json_t) view = NULL;

	if (!data)
		return false;
	view = xb_view_data(page->db, data, XB_VIEW_PROGRESS, page->now_ms);
	return data->job->kind == XB_JOB_BISECT ? xb_page_bisect(page, out, data, view, error)
						: xb_page_ab(page, out, data, view, error);
}
