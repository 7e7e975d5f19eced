/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-progress.c - see view-progress.h. */
#include "view-progress.h"

#include <math.h>
#include <string.h>

#define LAST_LINES 6

/* What an open job is at: of several runs the last one's, a build ahead of need only where there
 * is nothing else. */
static void note_phase(const XbRun *run, const char **phase)
{
	if (strcmp(run->purpose, "prebuild") != 0 || !*phase)
		*phase = strcmp(run->purpose, "confirm") == 0 ? "confirming"
			 : xb_run_is_explain(run)             ? "explaining"
			 : run->kind == XB_RUN_BUILD          ? "building"
							      : "booting";
}

static json_t *running(XbDb *db, const XbJobData *data, int64_t now, const char **phase)
{
	json_t *list = json_array();

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);
		const XbJobCommit *commit =
			role ? xb_jobdata_commit(data, (guint)role->node) : NULL;
		double expected;

		if (run->state == XB_RUN_DONE || !commit)
			continue;
		expected = xb_db_run_seconds(db, run->kind, NULL, 8, NULL);
		note_phase(run, phase);
		json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:s,s:s,s:f,s:o,s:s,s:s,s:s}", "kind",
				  run->kind == XB_RUN_BUILD ? "build" : "boot", "commit",
				  commit->label, "subject", commit->subject, "where", run->place,
				  "seconds", (double)(now - run->started_ms) / 1000, "expected_s",
				  isfinite(expected) ? json_real(expected) : json_null(), "detail",
				  run->phase, "purpose", run->purpose, "image",
				  xb_role_image(role)));
	}
	return list;
}

/* Why no host that the job could run on is online; NULL when one is. Caller frees. */
static char *hosts_missing(XbDb *db, const char *wanted)
{
	g_autoptr(GPtrArray) hosts = xb_db_hosts(db, NULL);
	g_autoptr(GString) reasons = g_string_new(NULL);

	for (guint i = 0; hosts && i < hosts->len; i++) {
		const XbHostRow *host = hosts->pdata[i];

		g_autofree char *why = xb_host_row_why(host);

		if (!xb_host_is_selected(host->name, host->labels, wanted))
			continue;
		if (!why)
			return NULL;
		g_string_append_printf(reasons, "%s%s", reasons->len ? "; " : "", why);
	}
	return reasons->len ? g_strdup(reasons->str) : NULL;
}

/* @phase: of what runs, or NULL. Caller frees. */
static char *phase_text(XbDb *db, const XbJob *job, const char *phase, const char *host)
{
	g_autofree char *missing = phase ? NULL : hosts_missing(db, host);

	if (missing)
		return g_strdup_printf("waiting: %s", missing);
	if (!phase)
		phase = job->state == XB_JOB_QUEUED ? "waiting for a host" : "planning";
	return g_strdup(phase);
}

/* What the planner said of it, as far as it goes. */
static void add_plan(json_t *object, json_t *said)
{
	static const char *const copied[] = { "steps_left", "seconds_left" };
	json_t *first = json_array_get(json_object_get(said, "commits"), 0);

	for (guint i = 0; i < G_N_ELEMENTS(copied); i++) {
		json_t *value = json_object_get(said, copied[i]);
		if (value)
			json_object_set(object, copied[i], value);
	}
	if (first)
		json_object_set_new(object, "leading",
				    json_pack("{s:O,s:O,s:O}", "commit",
					      json_object_get(first, "id"), "subject",
					      json_object_get(first, "subject"), "probability",
					      json_object_get(first, "probability")));
}

json_t *xb_view_progress(XbDb *db, const XbJobData *data, json_t *said, int64_t now_ms)
{
	const char *phase = NULL;
	json_t *run_list = running(db, data, now_ms, &phase);
	g_autofree char *text = phase_text(db, data->job, phase, xb_spec_string(data, "host"));
	g_autoptr(GPtrArray) lines = xb_db_journal(db, data->job->id, 0, -LAST_LINES, NULL);
	json_t *last = json_array(), *object;
	int done = 0;

	for (guint i = 0; lines && i < lines->len; i++)
		json_array_append_new(last, json_string(((XbJournalLine *)lines->pdata[i])->text));
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		done += run->job_id == data->job->id && run->state == XB_RUN_DONE;
	}
	object = json_pack("{s:s,s:o,s:i,s:o}", "phase", text, "running", run_list, "steps_done",
			   done, "last", last);
	add_plan(object, said);
	return object;
}

json_t *xb_view_progress_brief(XbDb *db, const XbJob *job, const GPtrArray *active, GError **error)
{
	g_autoptr(json_t) spec = json_loads(job->spec, 0, NULL);
	g_autoptr(json_t) said = job->verdict ? json_loads(job->verdict, 0, NULL) : NULL;
	const char *host = json_string_value(json_object_get(spec, "host")), *phase = NULL;
	int64_t done = xb_db_runs_done(db, job->id, error);
	g_autofree char *text = NULL;
	json_t *object;

	if (done < 0)
		return NULL;
	for (guint i = 0; i < active->len; i++) {
		const XbRun *run = active->pdata[i];
		if (run->job_id == job->id)
			note_phase(run, &phase);
	}
	text = phase_text(db, job, phase, host ? host : "");
	object = json_pack("{s:s,s:I}", "phase", text, "steps_done", (json_int_t)done);
	add_plan(object, said);
	return object;
}
