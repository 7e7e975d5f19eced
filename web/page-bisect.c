/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-bisect.c - one bisect: what was found, the range, how it was confirmed. */
#include <math.h>
#include <string.h>

#include "explanation.h"
#include "page-profile.h"
#include "range.h"
#include "verdict.h"

/* ---- confirmation ------------------------------------------------------------------ */

/* Of the image @i. */
static XbStrip *strip_of(const XbJobData *data, guint i, const char *label, const char *class)
{
	XbStrip *strip = xb_strip_new(label, class);

	for (guint r = 0; r < data->runs->len; r++) {
		const XbRun *run = data->runs->pdata[r];
		const GArray *samples = g_hash_table_lookup(data->samples, &run->id);

		if (xb_jobdata_is_boot_of_image(data, i, run) && xb_jobdata_run_counts(data, run) &&
		    samples->len)
			xb_strip_add(strip, run->id, samples);
	}
	return strip;
}

/* Also what a node's parents are, unless they are something themselves. */
static void call(const char **roles, const XbJobData *data, json_int_t node, const char *role)
{
	const GArray *parents;

	if (node <= 0 || node >= data->commits->len)
		return;
	roles[node] = role;
	parents = xb_jobdata_commit(data, (guint)node)->parents;
	for (guint i = 0; parents && i < parents->len; i++) {
		int parent = g_array_index(parents, int, i);

		if (!roles[parent])
			roles[parent] = "parent";
	}
}

/* By node what the verdict calls it; NULL: nothing, as a suspect that was refuted. */
static const char **roles_of(const XbJobData *data, const json_t *said, guint culprit)
{
	const char **roles = g_new0(const char *, data->commits->len);
	const json_t *step;
	size_t i;

	if (culprit)
		call(roles, data, culprit, "culprit");
	else if (g_strcmp0(xb_json_text(said, "kind"), "none") != 0)
		call(roles, data, json_integer_value(json_object_get(said, "culprit_node")),
		     "suspect");
	json_array_foreach(json_object_get(said, "steps"), i, step)
		call(roles, data, json_integer_value(json_object_get(step, "node")), "culprit");
	return roles;
}

static void put_confirmation(XbHtml *out, const XbJobData *data, const json_t *said, guint culprit)
{
	g_autoptr(GPtrArray) strips = g_ptr_array_new_with_free_func((GDestroyNotify)xb_strip_free);
	g_autofree const char **roles = roles_of(data, said, culprit);

	if (data->images->len == 0)
		return;
	xb_html(out, "<section id=\"confirmation\"><h2>Confirmation</h2>\n");
	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];
		const XbVariant *variant = data->image_variants->pdata[i];
		g_autofree char *id =
			xb_short_id(xb_jobdata_commit(data, (guint)image->node)->label);
		const char *role = roles[image->node] ? roles[image->node] : "";
		bool is_test = *role && strcmp(role, "parent") != 0;
		g_autofree char *label = image->revert ? g_strdup_printf("tip without %s", id)
						       : g_strdup_printf("%s%s%s, clean", role,
									 *role ? " " : "", id);

		if (!variant)
			xb_html(out, "<p>%s: %s</p>\n", label, image->detail);
		else
			g_ptr_array_add(strips, strip_of(data, i, label,
							 image->revert ? "revert"
							 : is_test     ? "test"
								       : "base"));
	}
	xb_plot_strips(
		out, strips, xb_spec_string(data, "unit"),
		"Clean rebuilds in alternating boots, and the tip with the culprit reverted");
	xb_html(out, "</section>\n");
}

/* What else the culprit changed. */
static void put_metrics(XbHtml *out, const json_t *view)
{
	const json_t *rows = json_object_get(view, "metrics");

	if (json_array_size(rows) == 0)
		return;
	xb_html(out,
		"<section id=\"metrics\"><h2>All metrics, the culprit against its parent</h2>\n"
		"<div class=\"wide\"><table>");
	xb_verdict_metric_rows(out, rows, false);
	xb_html(out, "</tbody></table></div></section>\n");
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
	int64_t from = xb_web_query_int(page->request, "commits", -1);
	const char *path = xb_json_text(json_object_get(said, "path"), "text");
	int matter = (int)json_integer_value(json_object_get(said, "can_matter"));
	(void)error;

	xb_page_job_head(page, out, data, view);
	xb_verdict_bisect(page, out, data, view, said);
	xb_explanation_section(page, out, data);
	xb_html(out, "<section id=\"range\"><h2>Range</h2>\n<p>%u commits", data->commits->len - 1);
	if (matter)
		xb_html(out, ", of which %d can matter", matter);
	xb_html(out, ".");
	if (path)
		xb_html(out, " %s.", path);
	xb_html(out, "</p>\n");
	xb_range_picture(out, data, columns, culprit, xb_spec_string(data, "unit"), from);
	xb_range_table(out, data, columns, xb_spec_string(data, "unit"), from);
	xb_html(out, "</section>\n");
	put_confirmation(out, data, said, culprit);
	put_metrics(out, view);
	xb_page_profile_job(page, out, data);
	xb_page_steps(page, out, data, columns[0].level.n ? columns[0].level.mean : NAN);
	xb_page_job_tail(page, out, data);
	return true;
}
