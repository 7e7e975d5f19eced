/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict.c - see verdict.h. */
#include "verdict.h"

#include <math.h>
#include <string.h>

#include "text.h"

#define DIFF_OPEN_MAX  60   /* lines of a diff that is shown at once */
#define SECOND_STEP    0.05 /* the probability of one from which on it is told */
#define CANDIDATES_MAX 32   /* of a range; the table of the range has them all */

/* ---- figures -------------------------------------------------------------------- */

/* Was a change found? Two levels alone always differ a little. A bisect that still searches shows
 * the figures of the commit that leads. */
static bool is_change(json_t *view)
{
	const char *kind = xb_json_text(json_object_get(view, "verdict"), "kind");

	if (!kind)
		return g_strcmp0(xb_json_text(view, "kind"), "bisect") == 0;
	return strcmp(kind, "culprit") == 0 || strcmp(kind, "range") == 0 ||
	       strcmp(kind, "different") == 0;
}

/* "worse", "better" or "" for the class and the word of a change. */
static const char *direction(json_t *view, double ratio)
{
	bool lower = json_is_true(json_object_get(view, "lower_is_better"));

	if (!is_change(view) || ratio == 1)
		return "";
	return (ratio > 1) == lower ? "worse" : "better";
}

static void put_figure(XbHtml *out, const char *name, const char *value, const char *class,
		       const char *below)
{
	xb_html(out,
		"<div><dt>%s</dt><dd class=\"big %s\">%s</dd><dd class=\"below\">%s</dd></div>",
		name, class, value, below);
}

void xb_verdict_figures(XbHtml *out, json_t *view)
{
	json_t *effect = json_object_get(view, "effect");
	const char *unit = xb_json_text(effect, "unit");
	double ratio = xb_json_number(effect, "ratio");
	double confidence = xb_json_number(json_object_get(view, "verdict"), "confidence");
	const char *word = direction(view, ratio);
	g_autofree char *base = xb_value_text(xb_json_number(effect, "base"), unit);
	g_autofree char *test = xb_value_text(xb_json_number(effect, "test"), unit);
	g_autofree char *change = xb_change_text(ratio);
	g_autofree char *low = xb_change_text(xb_json_number(effect, "ci_low"));
	g_autofree char *high = xb_change_text(xb_json_number(effect, "ci_high"));
	g_autofree char *between = *low ? g_strdup_printf("%s to %s", low, high) : g_strdup("");
	g_autofree char *sure = xb_probability_text(confidence);
	g_autofree char *name =
		g_strdup_printf("%s%s%s", xb_json_text(effect, "metric"), *word ? ", " : "", word);

	if (!isfinite(ratio))
		return;
	xb_html(out, "<dl class=\"figures\">");
	put_figure(out, name, change, word, between);
	put_figure(out, "Before", base, "", "");
	put_figure(out, "After", test, "", "");
	if (isfinite(confidence))
		put_figure(out, "Sure by", sure, "", "");
	xb_html(out, "</dl>\n");
}

/* ---- the culprit ---------------------------------------------------------------- */

/* How many commits a range is; as many as are listed where the daemon was too old to say. */
static size_t range_size(json_t *said)
{
	size_t listed = json_array_size(json_object_get(said, "commits"));

	return MAX((size_t)json_integer_value(json_object_get(said, "range_size")), listed);
}

static void put_candidates(XbHtml *out, json_t *said)
{
	size_t i, n = range_size(said);
	json_t *one;

	xb_html(out, "<ol class=\"candidates\">");
	json_array_foreach(json_object_get(said, "commits"), i, one)
	{
		if (i >= CANDIDATES_MAX)
			break;
		g_autofree char *id = xb_short_id(xb_json_text(one, "id"));
		g_autofree char *p = xb_probability_text(xb_json_number(one, "probability"));
		const char *path = xb_json_text(json_object_get(one, "path"), "text");

		xb_html(out, "<li><code>%s</code> %s <span class=\"p\">%s</span>%s%s</li>", id,
			xb_json_text(one, "subject"), p, path ? " " : "", path);
	}
	xb_html(out, "</ol>\n");
	if (n > CANDIDATES_MAX)
		xb_html(out, "<p>And %zu more: see <a href=\"#range\">the range</a>.</p>\n",
			n - CANDIDATES_MAX);
}

/* A line of a diff by its first character. */
static void put_patch(XbHtml *out, const char *patch)
{
	g_auto(GStrv) lines = g_strsplit(patch, "\n", -1);

	xb_html(out, g_strv_length(lines) <= DIFF_OPEN_MAX
			     ? "<details open><summary>Diff</summary><pre class=\"diff\">"
			     : "<details><summary>Diff</summary><pre class=\"diff\">");
	for (guint i = 0; lines[i]; i++) {
		const char *line = lines[i];

		if (*line == '+')
			xb_html(out, "<ins>%s</ins>\n", line);
		else if (*line == '-')
			xb_html(out, "<del>%s</del>\n", line);
		else if (*line == '@' || g_str_has_prefix(line, "diff "))
			xb_html(out, "<b>%s</b>\n", line);
		else
			xb_html(out, "%s\n", line);
	}
	xb_html(out, "</pre></details>\n");
}

static void put_culprit(XbPage *page, XbHtml *out, int64_t job_id)
{
	g_autoptr(XbCulprit) culprit = xb_db_culprit_get(page->db, job_id, NULL);
	g_autoptr(json_t) facts = culprit ? json_loads(culprit->facts, 0, NULL) : NULL;

	if (!facts)
		return;
	xb_html(out, "<p class=\"author\">%s &lt;%s&gt;, ", xb_json_text(facts, "author"),
		xb_json_text(facts, "email"));
	xb_page_time(out, (int64_t)xb_json_number(facts, "date") * 1000);
	xb_html(out, "</p>\n<details><summary>Message</summary><pre>%s</pre></details>\n",
		xb_json_text(facts, "message"));
	xb_html(out, "<pre class=\"diffstat\">%s</pre>\n", xb_json_text(facts, "diffstat"));
	if (*culprit->patch)
		put_patch(out, culprit->patch);
}

/* What the commit touches of what is executed. */
static void put_path(XbHtml *out, json_t *commits)
{
	json_t *path = json_object_get(json_array_get(commits, 0), "path");

	if (path)
		xb_html(out, "<p class=\"path\">It %s.</p>\n", xb_json_text(path, "text"));
}

/* ---- further steps --------------------------------------------------------------- */

static void put_step(XbHtml *out, json_t *step, const char *unit)
{
	json_t *effect = json_object_get(step, "effect");
	bool worse = json_is_true(json_object_get(step, "regression"));
	g_autofree char *id = xb_short_id(xb_json_text(step, "id"));
	g_autofree char *change = xb_change_text(xb_json_number(effect, "ratio"));
	g_autofree char *low = xb_change_text(xb_json_number(effect, "ci_low"));
	g_autofree char *high = xb_change_text(xb_json_number(effect, "ci_high"));
	g_autofree char *base = xb_value_text(xb_json_number(effect, "base"), unit);
	g_autofree char *test = xb_value_text(xb_json_number(effect, "test"), unit);
	g_autofree char *sure = xb_probability_text(xb_json_number(step, "probability"));

	xb_html(out,
		"<tr><td><a href=\"#c%d\"><code>%s</code></a> %s</td><td class=\"n %s\">%s %s</td>"
		"<td class=\"n\">%s%s%s</td><td class=\"n\">%s to %s</td><td class=\"n\">%s</td>"
		"</tr>\n",
		(int)json_integer_value(json_object_get(step, "node")), id,
		xb_json_text(step, "subject"), worse ? "worse" : "better", change,
		worse ? "worse" : "better", low, *low ? " to " : "", high, base, test, sure);
}

/* Of --all: each step that was found, the largest first. */
static void put_all_steps(XbHtml *out, json_t *view)
{
	json_t *steps = json_object_get(view, "steps"), *step;
	size_t i;

	if (!json_is_true(json_object_get(view, "all")) || json_array_size(steps) == 0)
		return;
	xb_html(out,
		"<section id=\"all-steps\"><h2>%s: %zu</h2>\n<div class=\"wide\"><table><thead><tr>"
		"<th>Commit</th><th>Change</th><th>Interval</th><th>Level</th><th>Sure by</th></tr>"
		"</thead><tbody>\n",
		json_is_object(json_object_get(view, "verdict")) ? "Steps in the range"
								 : "Steps found so far",
		json_array_size(steps));
	json_array_foreach(steps, i, step) put_step(out, step, xb_json_text(view, "unit"));
	xb_html(out, "</tbody></table></div></section>\n");
}

void xb_verdict_warnings(XbHtml *out, json_t *view)
{
	json_t *warnings = json_object_get(view, "warnings"), *one;
	size_t i;

	if (json_array_size(warnings) == 0)
		return;
	xb_html(out, "<section id=\"warnings\" class=\"warnings\"><h2>Warnings</h2>\n<ul>");
	json_array_foreach(warnings, i, one) xb_html(out, "<li>%s</li>", json_string_value(one));
	xb_html(out, "</ul></section>\n");
}

/* ---- the sections ----------------------------------------------------------------- */

bool xb_verdict_is_unsure(const json_t *view)
{
	const json_t *verdict = json_object_get(view, "verdict");

	return g_strcmp0(xb_json_text(verdict, "kind"), "none") == 0 &&
	       xb_json_number(verdict, "confidence") < xb_json_number(view, "confidence_asked");
}

static void put_none(XbHtml *out, json_t *view)
{
	g_autofree char *asked = xb_asked_text(xb_json_number(view, "confidence_asked"));
	g_autofree char *sure =
		xb_probability_text(xb_json_number(json_object_get(view, "verdict"), "confidence"));

	if (xb_verdict_is_unsure(view))
		xb_html(out,
			" No regression found</h2>\n<p>Sure by %s only: less than the %s asked "
			"for, and no boots are left that could tell more.</p>\n",
			sure, asked);
	else
		xb_html(out, " No regression in this range</h2>\n");
}

/* Why it is a range the planner's reason says, below. */
static void put_heading(XbHtml *out, const char *kind, json_t *view, json_t *said)
{
	json_t *first = json_array_get(json_object_get(said, "commits"), 0);
	size_t n = range_size(said);
	g_autofree char *id = first ? xb_short_id(xb_json_text(first, "id")) : NULL;

	xb_html(out, "<h2>");
	xb_page_badge(out, kind);
	if (strcmp(kind, "culprit") == 0)
		xb_html(out, " <code>%s</code> %s</h2>\n", id, xb_json_text(first, "subject"));
	else if (strcmp(kind, "range") == 0 && n > 1)
		xb_html(out, " One of these %zu commits</h2>\n", n);
	else if (strcmp(kind, "range") == 0)
		xb_html(out, " Probably this commit</h2>\n");
	else
		put_none(out, view);
}

static void put_other_steps(XbHtml *out, json_t *view)
{
	const char *kind = xb_json_text(json_object_get(view, "verdict"), "kind");
	double other = xb_json_number(view, "other_steps");

	if (!(other > SECOND_STEP) || json_is_true(json_object_get(view, "all")))
		return;
	g_autofree char *text = xb_probability_text(other);
	xb_html(out,
		"<p>%s range may hold a second step (%s): <code>--all</code> searches for "
		"each.</p>\n",
		g_strcmp0(kind, "range") == 0 ? "If the likeliest is the culprit, the" : "The",
		text);
}

static void put_drift(XbHtml *out, json_t *view)
{
	double drift = xb_json_number(json_object_get(view, "verdict"), "drift");

	if (!isfinite(drift) || drift == 0)
		return;
	g_autofree char *change = xb_change_text(1 + drift);
	xb_html(out, "<p>The host drifted by %s over the job's boots.</p>\n", change);
}

void xb_verdict_bisect(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view, json_t *said)
{
	const char *kind = xb_json_text(json_object_get(view, "verdict"), "kind");
	const char *reason = xb_json_text(view, "reason");

	xb_html(out, "<section id=\"verdict\" class=\"verdict %s\">", kind ? kind : "pending");
	if (!kind) {
		if (json_array_size(json_object_get(said, "commits"))) {
			xb_html(out, "<h2>The biggest step so far</h2>\n");
			xb_verdict_figures(out, view);
			put_candidates(out, said);
		}
		xb_html(out, "</section>\n");
		put_all_steps(out, view);
		return;
	}
	put_heading(out, kind, view, said);
	xb_verdict_figures(out, view);
	if (strcmp(kind, "range") == 0)
		put_candidates(out, said);
	if (reason && *reason)
		xb_html(out, "<p class=\"why\">%s</p>\n", reason);
	put_other_steps(out, view);
	put_drift(out, view);
	if (strcmp(kind, "culprit") == 0)
		put_culprit(page, out, data->job->id);
	put_path(out, json_object_get(said, "commits"));
	xb_html(out, "</section>\n");
	put_all_steps(out, view);
}

void xb_verdict_ab(XbHtml *out, json_t *view)
{
	const char *kind = xb_json_text(json_object_get(view, "verdict"), "kind");
	const char *reason = xb_json_text(view, "reason");
	const char *metric = xb_json_text(json_object_get(view, "effect"), "metric");
	/* Of several, the one that differs most. */
	const char *variant = xb_json_text(json_object_get(view, "effect"), "variant");

	if (!kind && !metric)
		return;
	xb_html(out, "<section id=\"verdict\" class=\"verdict %s\"><h2>", kind ? kind : "pending");
	if (kind)
		xb_page_badge(out, kind);
	xb_html(out, " %s</h2>\n",
		!kind ? "What is known so far"
		: strcmp(kind, "different") == 0
			? (variant ? "Not all are as the base" : "The two differ")
		: strcmp(kind, "same") == 0 ? "No difference that matters"
					    : "Not decided");
	if (variant)
		xb_html(out, "<p>%s, which differs most:</p>\n", variant);
	xb_verdict_figures(out, view);
	if (reason && *reason)
		xb_html(out, "<p class=\"why\">%s</p>\n", reason);
	xb_html(out, "</section>\n");
}

/* ---- metrics ----------------------------------------------------------------------- */

/* What the planner said of a metric: of the boots that it counts, at the confidence it keeps. */
static void put_metric(XbHtml *out, const json_t *row, bool links)
{
	const char *unit = xb_json_text(row, "unit"), *metric = xb_json_text(row, "metric");
	const char *kind = xb_json_text(row, "kind");
	double ratio = xb_json_number(row, "ratio"), confidence = xb_json_number(row, "confidence");
	bool lower = json_is_true(json_object_get(row, "lower_is_better"));
	bool differs = g_strcmp0(kind, "different") == 0;
	g_autofree char *base = xb_value_text(xb_json_number(row, "base"), unit);
	g_autofree char *test = xb_value_text(xb_json_number(row, "test"), unit);
	g_autofree char *change = xb_change_text(ratio), *name = xb_url(metric ? metric : "");
	g_autofree char *low = xb_change_text(xb_json_number(row, "ci_low"));
	g_autofree char *high = xb_change_text(xb_json_number(row, "ci_high"));

	xb_html(out, "<tr><th scope=\"row\">");
	if (links)
		xb_html(out, "<a href=\"?metric=%s\">%s</a>", name, metric);
	else
		xb_html(out, "%s", metric);
	xb_html(out,
		"</th><td class=\"n\">%s</td>"
		"<td class=\"n\">%s</td><td class=\"n %s\">%s</td><td class=\"n\">%s%s%s",
		base, test,
		!differs               ? ""
		: (ratio > 1) == lower ? "worse"
				       : "better",
		change, low, *low && *high ? " to " : "", high);
	if (*low && *high && isfinite(confidence))
		xb_html(out, " (%.4g %%)", 100 * confidence);
	xb_html(out, "</td><td>");
	xb_page_badge(out, kind);
	xb_html(out, "</td><td class=\"n\">%lld / %lld</td></tr>\n",
		(long long)json_integer_value(json_object_get(row, "base_boots")),
		(long long)json_integer_value(json_object_get(row, "test_boots")));
}

void xb_verdict_metric_rows(XbHtml *out, const json_t *rows, bool links)
{
	const json_t *row;
	size_t i;

	xb_html(out, "<thead><tr><th>Metric</th><th>Base</th><th>Test</th><th>Change</th><th>"
		     "Interval</th><th>Verdict</th><th>Boots</th></tr></thead><tbody>\n");
	json_array_foreach(rows, i, row) put_metric(out, row, links);
}
