/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-bisect.c - one bisect: the range, the verdict, the culprit, how it was confirmed. */
#include <math.h>
#include <string.h>

#include "page.h"
#include "range.h"

/* ---- verdict -------------------------------------------------------------------- */

static void put_effect(XbHtml *out, json_t *view)
{
	json_t *effect = json_object_get(view, "effect");
	const char *unit = xb_json_text(effect, "unit");
	double ratio = xb_json_number(effect, "ratio");
	g_autofree char *base = xb_value_text(xb_json_number(effect, "base"), unit);
	g_autofree char *test = xb_value_text(xb_json_number(effect, "test"), unit);
	g_autofree char *change = xb_change_text(ratio);
	g_autofree char *low = xb_change_text(xb_json_number(effect, "ci_low"));
	g_autofree char *high = xb_change_text(xb_json_number(effect, "ci_high"));
	bool lower = json_is_true(json_object_get(view, "lower_is_better"));

	if (!isfinite(ratio))
		return;
	xb_html(out,
		"<p class=\"effect\"><strong>%s %s</strong> (%s to %s), from %s to %s: %s</p>\n",
		xb_json_text(effect, "metric"), change, low, high, base, test,
		ratio == 1             ? "no change"
		: (ratio > 1) == lower ? "worse"
				       : "better");
}

static void put_candidates(XbHtml *out, json_t *commits)
{
	size_t i;
	json_t *one;

	xb_html(out, "<ol class=\"candidates\">");
	json_array_foreach(commits, i, one)
	{
		g_autofree char *id = xb_short_id(xb_json_text(one, "id"));
		g_autofree char *p = xb_probability_text(xb_json_number(one, "probability"));

		xb_html(out, "<li><code>%s</code> %s <span class=\"p\">%s</span></li>", id,
			xb_json_text(one, "subject"), p);
	}
	xb_html(out, "</ol>\n");
}

/* A line of a diff by its first character. */
static void put_patch(XbHtml *out, const char *patch)
{
	g_auto(GStrv) lines = g_strsplit(patch, "\n", -1);

	xb_html(out, "<details><summary>Diff</summary><pre class=\"diff\">");
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
	xb_html(out, "<p>%s &lt;%s&gt;, ", xb_json_text(facts, "author"),
		xb_json_text(facts, "email"));
	xb_page_time(out, (int64_t)xb_json_number(facts, "date") * 1000);
	xb_html(out, "</p>\n<details><summary>Message</summary><pre>%s</pre></details>\n",
		xb_json_text(facts, "message"));
	xb_html(out, "<pre class=\"diffstat\">%s</pre>\n", xb_json_text(facts, "diffstat"));
	if (*culprit->patch)
		put_patch(out, culprit->patch);
}

static void put_verdict(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view,
			json_t *said)
{
	json_t *verdict = json_object_get(view, "verdict");
	json_t *commits = json_object_get(said, "commits");
	const char *kind = xb_json_text(verdict, "kind");
	g_autofree char *sure = xb_probability_text(xb_json_number(verdict, "confidence"));
	double other = xb_json_number(view, "other_steps");

	xb_html(out, "<section id=\"verdict\" class=\"verdict %s\">", kind ? kind : "pending");
	if (!kind) {
		json_t *first = json_array_get(commits, 0);
		if (first) {
			xb_html(out, "<h2>The biggest step so far</h2>\n");
			put_candidates(out, commits);
			put_effect(out, view);
		}
		xb_html(out, "</section>\n");
		return;
	}
	if (strcmp(kind, "culprit") == 0) {
		json_t *first = json_array_get(commits, 0);
		g_autofree char *id = xb_short_id(xb_json_text(first, "id"));

		xb_html(out, "<h2>Culprit: <code>%s</code> %s</h2>\n<p>", id,
			xb_json_text(first, "subject"));
		xb_page_badge(out, kind);
		xb_html(out, " sure by %s</p>\n", sure);
		put_effect(out, view);
		put_culprit(page, out, data->job->id);
	} else if (strcmp(kind, "range") == 0) {
		xb_html(out, "<h2>One of these; what lies between them cannot be built or "
			     "booted</h2>\n");
		put_candidates(out, commits);
		put_effect(out, view);
	} else {
		xb_html(out, "<h2>No regression in this range</h2>\n<p>");
		xb_page_badge(out, kind);
		xb_html(out, " sure by %s</p>\n", sure);
		put_effect(out, view);
	}
	if (isfinite(other) && other > 0.05) {
		g_autofree char *text = xb_probability_text(other);
		xb_html(out, "<p>The range may hold a second step: %s.</p>\n", text);
	}
	xb_html(out, "</section>\n");
}

/* ---- confirmation ------------------------------------------------------------------ */

static XbStrip *strip_of(const XbJobData *data, int64_t variant_id, const char *label,
			 const char *class)
{
	XbStrip *strip = xb_strip_new(label, class);

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		const GArray *samples = g_hash_table_lookup(data->samples, &run->id);

		if (run->variant_id == variant_id && xb_jobdata_run_counts(data, run) &&
		    samples->len)
			xb_strip_add(strip, run->id, samples);
	}
	return strip;
}

static void put_confirmation(XbHtml *out, const XbJobData *data, guint culprit)
{
	g_autoptr(GPtrArray) strips = g_ptr_array_new_with_free_func((GDestroyNotify)xb_strip_free);

	if (data->images->len == 0)
		return;
	xb_html(out, "<section id=\"confirmation\"><h2>Confirmation</h2>\n");
	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];
		const XbVariant *variant = data->image_variants->pdata[i];
		const XbJobCommit *commit = data->commits->pdata[image->node];
		g_autofree char *id = xb_short_id(commit->label);
		bool is_culprit = (guint)image->node == culprit;
		g_autofree char *label =
			image->revert ? g_strdup_printf("tip without %s", id)
				      : g_strdup_printf("%s %s, clean",
							is_culprit ? "culprit" : "parent", id);

		if (!variant)
			xb_html(out, "<p>%s: %s</p>\n", label, image->detail);
		else
			g_ptr_array_add(strips, strip_of(data, variant->id, label,
							 image->revert ? "revert"
							 : is_culprit  ? "test"
								       : "base"));
	}
	xb_plot_strips(
		out, strips, xb_spec_string(data, "unit"),
		"Clean rebuilds in alternating boots, and the tip with the culprit reverted");
	xb_html(out, "</section>\n");
}

bool xb_page_bisect(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view, GError **error)
{
	g_autoptr(json_t) said =
		data->job->verdict ? json_loads(data->job->verdict, 0, NULL) : NULL;
	g_autofree XbColumn *columns = xb_range_columns(data, said);
	const char *kind = xb_json_text(json_object_get(view, "verdict"), "kind");
	json_int_t node = json_integer_value(json_object_get(said, "culprit_node"));
	bool found = g_strcmp0(kind, "culprit") == 0 && node > 0 && node < data->commits->len;
	guint culprit = found ? (guint)node : 0;
	int matter = (int)json_integer_value(json_object_get(said, "can_matter"));
	(void)error;

	xb_page_job_head(page, out, data, view);
	put_verdict(page, out, data, view, said);
	xb_html(out, "<section id=\"range\"><h2>Range</h2>\n<p>%u commits", data->commits->len - 1);
	if (matter)
		xb_html(out, ", of which %d can matter", matter);
	xb_html(out, ".</p>\n");
	xb_range_picture(out, data, columns, culprit, xb_spec_string(data, "unit"));
	xb_range_table(out, data, columns, xb_spec_string(data, "unit"));
	xb_html(out, "</section>\n");
	put_confirmation(out, data, culprit);
	xb_page_steps(out, data, columns[0].level.n ? columns[0].level.mean : NAN);
	xb_page_job_tail(page, out, data);
	return true;
}
