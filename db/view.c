/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view.c - rows into the objects of --json. */
#include "view.h"

#include "profile-view.h"
#include "view-explain.h"
#include "view-progress.h"

#include <math.h>
#include <string.h>

#define LOG_MAX 10000 /* lines of one answer */

static void copy_string(json_t *to, const char *name, json_t *from)
{
	json_t *value = json_object_get(from, name);
	if (value)
		json_object_set(to, name, value);
}

static json_t *seconds_or_null(int64_t ms)
{
	return ms ? json_integer(ms / 1000) : json_null();
}

/* "base vs v1, v2, v3" */
static char *variants_title(json_t *names)
{
	g_autoptr(GString) title = g_string_new(NULL);
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name) g_string_append_printf(title, "%s%s",
								  i == 0   ? ""
								  : i == 1 ? " vs "
									   : ", ",
								  json_string_value(name));
	return g_string_free(g_steal_pointer(&title), FALSE);
}

/* What stands in the job's own row. */
static json_t *base_object(const XbJob *job, json_t *spec)
{
	static const char *const copied[] = { "repo",
					      "good",
					      "bad",
					      "workload",
					      "metric",
					      "unit",
					      "lower_is_better",
					      "host",
					      "min_effect",
					      "first_parent",
					      "all",
					      "warnings",
					      "names",
					      "resolve" };
	g_autofree char *good = xb_spec_revision(spec, "good"),
			*bad = xb_spec_revision(spec, "bad");
	json_t *names = json_object_get(spec, "names");
	g_autofree char *title = job->kind == XB_JOB_BISECT ? g_strdup_printf("%s..%s", good, bad)
				 : names                    ? variants_title(names)
				 : job->kind == XB_JOB_AB   ? g_strdup_printf("%s vs %s", good, bad)
							    : g_strdup(good);
	json_t *object = json_pack(
		"{s:I,s:s,s:s,s:s,s:i,s:o,s:o,s:o}", "id", (json_int_t)job->id, "kind",
		xb_job_kind_name(job->kind), "state", xb_job_state_name(job->state), "title", title,
		"priority", job->priority, "created", seconds_or_null(job->created_ms), "started",
		seconds_or_null(job->started_ms), "finished", seconds_or_null(job->finished_ms));

	g_assert(object);
	for (guint i = 0; i < G_N_ELEMENTS(copied); i++)
		copy_string(object, copied[i], spec);
	json_object_set(object, "confidence_asked", json_object_get(spec, "confidence"));
	if (job->detail)
		json_object_set_new(object, "reason", json_string(job->detail));
	return object;
}

static json_t *verdict_of(json_t *said)
{
	static const char *const members[] = { "kind", "confidence", "commits", "range_size",
					       "drift" };
	json_t *verdict = json_object();

	for (guint i = 0; i < G_N_ELEMENTS(members); i++)
		copy_string(verdict, members[i], said);
	return verdict;
}

/* verdict and effect, out of what the planner said last. */
static void add_verdict(json_t *object, const XbJob *job, json_t *said, json_t *spec)
{
	const char *kind = json_string_value(json_object_get(said, "kind"));
	json_t *effect = json_object_get(said, "effect");

	if (said && !json_object_get(object, "reason"))
		json_object_set(object, "reason", json_object_get(said, "reason"));
	if (job->state == XB_JOB_DONE && g_strcmp0(kind, "measured") != 0)
		json_object_set_new(object, "verdict", verdict_of(said));
	else
		json_object_set_new(object, "verdict", json_null());
	if (effect) {
		g_autoptr(json_t) copy = json_copy(effect);
		json_object_set(copy, "metric", json_object_get(spec, "metric"));
		json_object_set(copy, "unit", json_object_get(spec, "unit"));
		json_object_set(object, "effect", copy);
	} else {
		json_object_set_new(object, "effect", json_null());
	}
	copy_string(object, "can_matter", said);
	copy_string(object, "path", said);
	copy_string(object, "other_steps", said);
	copy_string(object, "steps", said);
	copy_string(object, "sides", said);
	copy_string(object, "metrics", said);
	copy_string(object, "comparisons", said);
}

static json_t *counts(const XbJobData *data)
{
	int builds = 0, prebuilt = 0, boots = 0, skipped = 0, reused = 0;
	g_autoptr(GHashTable) own = g_hash_table_new(g_int64_hash, g_int64_equal);

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		if (run->job_id != data->job->id || xb_run_is_lost(run))
			continue;
		if (run->kind == XB_RUN_BOOT) {
			boots += run->state == XB_RUN_DONE;
		} else {
			bool speculative = strcmp(run->purpose, "prebuild") == 0;
			prebuilt += speculative;
			builds += !speculative;
			g_hash_table_add(own, &((XbRun *)run)->variant_id);
		}
	}
	for (guint i = 0; i < data->variants->len; i++) {
		const XbVariant *variant = data->variants->pdata[i];

		if (!variant)
			continue;
		skipped += variant->state == XB_VARIANT_BUILD_FAILED;
		reused += variant->state == XB_VARIANT_BUILT && variant->artifact &&
			  !g_hash_table_contains(own, &variant->id);
	}
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		skipped += run->has_outcome && (run->outcome == XB_OUTCOME_BOOT_FAILED ||
						run->outcome == XB_OUTCOME_WORKLOAD_FAILED);
	}
	return json_pack("{s:i,s:i,s:i,s:i,s:i}", "builds", builds, "builds_reused", reused,
			 "prebuilt", prebuilt, "boots", boots, "skipped", skipped);
}

static json_t *measurements(const XbJobData *data)
{
	json_t *list = json_array();

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);
		const GArray *samples = g_hash_table_lookup(data->samples, &run->id);
		const XbVariant *variant = xb_jobdata_variant(data, run->variant_id);
		const XbJobCommit *commit =
			role ? xb_jobdata_commit(data, (guint)role->node) : NULL;
		json_t *values;

		if (run->kind != XB_RUN_BOOT || run->state != XB_RUN_DONE || !role ||
		    xb_run_is_lost(run) || xb_run_is_explain(run) ||
		    (*data->host_fp && !xb_jobdata_same_hosts(data, run) && run->host_fp))
			continue;
		/* what failed elsewhere is told all the same: it may be why this job did */
		if (data->own_boots && run->job_id != data->job->id &&
		    run->outcome == XB_OUTCOME_OK)
			continue;
		values = json_array();
		for (guint s = 0; samples && s < samples->len; s++)
			json_array_append_new(values, json_real(g_array_index(samples, double, s)));
		json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:s,s:i,s:i,s:s,s:o,s:I,s:s,s:s,s:s,s:i,s:f}", "commit",
				  commit->label, "subject", commit->subject, "variant",
				  variant && variant->key ? variant->key : "", "boot", run->boot,
				  "perturb", run->perturb, "outcome", xb_outcome_name(run->outcome),
				  "samples", values, "run", (json_int_t)run->id, "host", run->place,
				  "image", xb_role_image(role), "detail",
				  run->detail ? run->detail : "", "node", role->node, "seconds",
				  (double)(run->finished_ms - run->started_ms) / 1000));
	}
	return list;
}

/* Clean and reverted images: what each of them measured. */
static json_t *confirmation(const XbJobData *data)
{
	json_t *list = json_array();

	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];
		const XbVariant *variant = data->image_variants->pdata[i];
		bool same = xb_jobdata_image_is_normal(data, i);
		double sum = 0;
		int boots = 0;

		for (guint r = 0; r < data->runs->len; r++) {
			const XbRun *run = data->runs->pdata[r];
			const GArray *samples = g_hash_table_lookup(data->samples, &run->id);
			double mean = 0;
			if (!xb_jobdata_is_boot_of_image(data, i, run) ||
			    !xb_jobdata_run_counts(data, run) || samples->len == 0)
				continue;
			for (guint s = 0; s < samples->len; s++)
				mean += g_array_index(samples, double, s) / samples->len;
			sum += mean;
			boots++;
		}
		json_array_append_new(
			list, json_pack("{s:s,s:s,s:i,s:o,s:s,s:s?}", "commit",
					xb_jobdata_commit(data, (guint)image->node)->label, "image",
					image->revert ? "revert" : "clean", "boots", boots, "level",
					boots ? json_real(sum / boots) : json_null(), "detail",
					same      ? "the search built the same image"
					: variant ? ""
						  : image->detail,
					"image_sha256", variant ? variant->image_sha256 : NULL));
	}
	return list;
}

/* What the daemon kept of the culprit's commit: the repository may be gone by now. */
static void add_culprit(json_t *object, XbDb *db, int64_t job_id)
{
	g_autoptr(XbCulprit) culprit = xb_db_culprit_get(db, job_id, NULL);
	json_t *facts = culprit ? json_loads(culprit->facts, 0, NULL) : NULL;

	if (facts)
		json_object_set_new(object, "culprit", facts);
}

/* Of several variants: each that differs against the base, in its row of "comparisons". */
static void explain_variants(json_t *object, XbDb *db, const XbJobData *data)
{
	json_t *rows = json_deep_copy(json_object_get(object, "comparisons")), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *kind = json_string_value(json_object_get(row, "kind"));
		json_int_t node = json_integer_value(json_object_get(row, "node"));
		const int sides[2] = { 0, (int)node };
		json_t *explanation = NULL;

		if (g_strcmp0(kind, "different") == 0 && node > 0 && node < data->commits->len)
			explanation = xb_view_explanation_of(db, data, sides);
		if (explanation)
			json_object_set_new(row, "explanation", explanation);
	}
	if (rows)
		json_object_set_new(object, "comparisons", rows);
}

/* "explanation": why, from other instruments than the clock. */
static void add_explanation(json_t *object, XbDb *db, const XbJobData *data, const json_t *said)
{
	json_t *explanation;
	int sides[2];

	if (!xb_profile_sides(data, said, sides)) {
		explain_variants(object, db, data);
		return;
	}
	explanation = xb_view_explanation_of(db, data, sides);
	if (explanation)
		json_object_set_new(object, "explanation", explanation);
}

json_t *xb_view_summary(const XbJob *job)
{
	g_autoptr(json_t) spec = json_loads(job->spec, 0, NULL);
	g_autoptr(json_t) said = job->verdict ? json_loads(job->verdict, 0, NULL) : NULL;
	json_t *object = base_object(job, spec);

	add_verdict(object, job, said, spec);
	return object;
}

/* The host, or all that shapes a measurement, is another than when the job began: boots of then do
 * not count. */
static void add_left_aside(json_t *object, const XbJobData *data)
{
	json_t *warnings = json_object_get(object, "warnings");
	XbJobState state = data->job->state;
	/* only a bisect has them, and it may have ended before */
	bool endpoints = data->job->kind == XB_JOB_BISECT && state != XB_JOB_FAILED &&
			 state != XB_JOB_CANCELLED;
	guint boots = 0;

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];

		boots += run->job_id == data->job->id && run->kind == XB_RUN_BOOT &&
			 !xb_run_is_explain(run) && run->has_outcome &&
			 run->outcome == XB_OUTCOME_OK && run->host_fp && run->workload_fp &&
			 *data->host_fp && !xb_jobdata_same_hosts(data, run);
	}
	if (boots == 0)
		return;
	if (!warnings)
		json_object_set_new(object, "warnings", warnings = json_array());
	json_array_append_new(
		warnings,
		json_sprintf("the host, its emulator, hypervisor or workload is not that of the "
			     "job's first boots: %u boot%s made on another host class %s left "
			     "aside%s, since measurements of the two are never mixed",
			     boots, boots == 1 ? "" : "s", boots == 1 ? "was" : "were",
			     endpoints ? " and the endpoints are measured again" : ""));
}

/* How the kernels were made: of the last of the range that was built. */
static void add_kernel(json_t *object, const XbJobData *data)
{
	for (guint i = data->variants->len; i-- > 0;) {
		const XbVariant *variant = data->variants->pdata[i];

		if (!variant || variant->state != XB_VARIANT_BUILT || !variant->toolchain)
			continue;
		json_object_set_new(object, "kernel",
				    json_pack("{s:s,s:s?}", "toolchain", variant->toolchain,
					      "config_sha256", variant->config_sha256));
		return;
	}
}

static void add_range(json_t *object, const XbJobData *data)
{
	const XbJobCommit *first = xb_jobdata_commit(data, 0);
	const XbJobCommit *last = xb_jobdata_commit(data, data->commits->len - 1);

	json_object_set_new(object, "commits_in_range", json_integer(data->commits->len - 1));
	json_object_set_new(object, "good_id", json_string(first->label));
	json_object_set_new(object, "bad_id", json_string(last->label));
}

json_t *xb_view_data(XbDb *db, const XbJobData *data, XbViewDepth depth, int64_t now_ms)
{
	const XbJob *job = data->job;
	json_t *spec = data->spec, *object = xb_view_summary(job);
	g_autoptr(json_t) said = job->verdict ? json_loads(job->verdict, 0, NULL) : NULL;

	add_range(object, data);
	add_left_aside(object, data);
	json_object_set_new(object, "counts", counts(data));
	json_object_set_new(object, "confirmation", confirmation(data));
	if (job->state == XB_JOB_QUEUED || job->state == XB_JOB_RUNNING)
		json_object_set_new(object, "progress", xb_view_progress(db, data, said, now_ms));
	if (depth == XB_VIEW_FULL) {
		json_object_set_new(object, "measurements", measurements(data));
		add_kernel(object, data);
		json_object_set(object, "workload_settings",
				json_object_get(spec, "workload_settings"));
		copy_string(object, "host_fp", spec);
		copy_string(object, "workload_fp", spec);
		if (g_strcmp0(json_string_value(json_object_get(said, "kind")), "culprit") == 0)
			add_culprit(object, db, job->id);
		add_explanation(object, db, data, said);
	}
	return object;
}

json_t *xb_view_job(XbDb *db, int64_t id, XbViewDepth depth, int64_t now_ms, GError **error)
{
	g_autoptr(XbJobData) data = NULL;

	if (depth == XB_VIEW_SUMMARY) {
		g_autoptr(XbJob) job = xb_db_job_get(db, id, error);

		return job ? xb_view_summary(job) : NULL;
	}
	data = xb_jobdata_load_shown(db, id, error);
	return data ? xb_view_data(db, data, depth, now_ms) : NULL;
}

json_t *xb_view_log(XbDb *db, int64_t id, int64_t after, GError **error)
{
	g_autoptr(XbJob) job = xb_db_job_get(db, id, error);
	g_autoptr(GPtrArray) lines = job ? xb_db_journal(db, id, after, LOG_MAX, error) : NULL;
	json_t *list;

	if (!lines)
		return NULL;
	list = json_array();
	for (guint i = 0; i < lines->len; i++) {
		const XbJournalLine *line = lines->pdata[i];
		json_array_append_new(list, json_pack("{s:I,s:f,s:s}", "seq", (json_int_t)line->seq,
						      "time", (double)line->time_ms / 1000, "text",
						      line->text));
	}
	return json_pack("{s:b,s:o,s:s}", "ok", 1, "lines", list, "state",
			 xb_job_state_name(job->state));
}
