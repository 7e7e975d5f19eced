/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch-view.c - a watched branch as JSON. */
#include "watch-view.h"

#include <math.h>
#include <string.h>

static json_t *seconds_or_null(int64_t ms)
{
	return ms != 0 ? json_real((double)ms / 1000) : json_null();
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static const char *commit_of(const GPtrArray *commits, int64_t seq)
{
	for (guint i = 0; i < commits->len; i++) {
		const XbWatchCommit *commit = commits->pdata[i];

		if (commit->seq == seq)
			return commit->commit;
	}
	return "";
}

static json_t *view_changes(XbDb *db, const XbWatch *watch, const GPtrArray *commits,
			    GError **error)
{
	g_autoptr(GPtrArray) changes = xb_db_watch_changes(db, watch->id, error);
	json_t *list = changes != NULL ? json_array() : NULL;

	for (guint i = 0; changes != NULL && i < changes->len; i++) {
		const XbWatchChange *change = changes->pdata[i];

		json_array_append_new(
			list,
			json_pack("{s:I,s:s,s:s,s:s,s:s,s:f,s:f,s:f,s:o,s:o,s:s}", "id",
				  (json_int_t)change->id, "workload", change->workload, "metric",
				  change->metric, "from", commit_of(commits, change->from_seq),
				  "to", commit_of(commits, change->to_seq), "before",
				  change->before, "after", change->after, "ratio",
				  change->after / change->before, "created",
				  seconds_or_null(change->created_ms), "job_id",
				  change->job_id != 0 ? json_integer(change->job_id) : json_null(),
				  "detail", change->detail));
	}
	return list;
}

static json_t *view_points(const GPtrArray *levels)
{
	json_t *list = json_array();

	for (guint i = 0; i < levels->len; i++) {
		const XbWatchLevel *level = levels->pdata[i];

		json_array_append_new(
			list,
			json_pack("{s:I,s:s,s:s,s:o,s:f,s:o,s:i,s:o,s:s}", "seq",
				  (json_int_t)level->seq, "commit", level->commit, "subject",
				  level->subject, "time", seconds_or_null(level->time_ms), "level",
				  level->level, "sd", number_or_null(level->sd), "boots",
				  level->boots, "job_id",
				  level->job_id != 0 ? json_integer(level->job_id) : json_null(),
				  "host_fp", level->host_fp));
	}
	return list;
}

static json_t *view_series(XbDb *db, const XbWatch *watch, GError **error)
{
	g_autoptr(GPtrArray) series = xb_db_watch_series(db, watch->id, error);
	g_autoptr(json_t) list = json_array();

	for (guint i = 0; series != NULL && i < series->len; i++) {
		g_auto(GStrv) names = g_strsplit(series->pdata[i], "\n", 2);
		g_autoptr(GPtrArray) levels =
			xb_db_watch_levels(db, watch->id, names[0], names[1], error);

		if (levels == NULL)
			return NULL;
		if (levels->len > 0)
			json_array_append_new(list,
					      json_pack("{s:s,s:s,s:s,s:o}", "workload", names[0],
							"metric", names[1], "unit",
							((XbWatchLevel *)levels->pdata[0])->unit,
							"points", view_points(levels)));
	}
	return series != NULL ? json_incref(list) : NULL;
}

static void add_counts(json_t *object, const GPtrArray *commits, const GPtrArray *points)
{
	int present = 0, by_state[3] = { 0, 0, 0 };

	for (guint i = 0; i < commits->len; i++)
		present += !((XbWatchCommit *)commits->pdata[i])->gone;
	for (guint i = 0; i < points->len; i++)
		by_state[((XbWatchPoint *)points->pdata[i])->state]++;
	json_object_set_new(object, "commits", json_integer(present));
	for (guint i = 0; i < G_N_ELEMENTS(by_state); i++)
		json_object_set_new(object, xb_point_state_name((XbPointState)i),
				    json_integer(by_state[i]));
}

json_t *xb_view_watch(XbDb *db, const XbWatch *watch, bool full, GError **error)
{
	g_autoptr(GPtrArray) commits = xb_db_watch_commits(db, watch->id, error);
	g_autoptr(GPtrArray) points =
		commits != NULL ? xb_db_watch_points(db, watch->id, error) : NULL;
	json_t *changes = points != NULL ? view_changes(db, watch, commits, error) : NULL;
	json_t *series = changes != NULL && full ? view_series(db, watch, error) : NULL;
	json_t *object, *spec;

	if (changes == NULL || (full && series == NULL)) {
		json_decref(changes);
		return NULL;
	}
	spec = json_loads(watch->spec, 0, NULL);
	object = json_pack("{s:I,s:s,s:s,s:s,s:f,s:s?,s:o,s:o,s:s,s:i,s:o,s:o}", "id",
			   (json_int_t)watch->id, "name", watch->name, "repo", watch->repo,
			   "branch", watch->branch, "every_s", (double)watch->every_ms / 1000,
			   "tip", watch->tip, "looked", seconds_or_null(watch->fetched_ms), "due",
			   seconds_or_null(watch->due_ms), "trouble", watch->trouble, "budget",
			   watch->budget, "spec", spec != NULL ? spec : json_object(), "changes",
			   changes);
	add_counts(object, commits, points);
	if (series != NULL)
		json_object_set_new(object, "series", series);
	return object;
}
