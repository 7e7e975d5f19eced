/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-watch.c - watched branches; see watches.h.
 */
#include <math.h>

#include "db-private.h"
#include "watches.h"

static const char *const point_names[] = { "measuring", "measured", "failed" };

const char *xb_point_state_name(XbPointState state)
{
	g_return_val_if_fail(state < G_N_ELEMENTS(point_names), "failed");
	return point_names[state];
}

void xb_watch_free(XbWatch *watch)
{
	if (watch == NULL)
		return;
	g_free(watch->name);
	g_free(watch->repo);
	g_free(watch->branch);
	g_free(watch->spec);
	g_free(watch->tip);
	g_free(watch->trouble);
	g_free(watch);
}

static void *read_watch(sqlite3_stmt *row)
{
	XbWatch *watch = g_new0(XbWatch, 1);

	watch->id = sqlite3_column_int64(row, 0);
	watch->name = xb_column_text(row, 1);
	watch->repo = xb_column_text(row, 2);
	watch->branch = xb_column_text(row, 3);
	watch->uid = sqlite3_column_int64(row, 4);
	watch->spec = xb_column_text(row, 5);
	watch->every_ms = sqlite3_column_int64(row, 6);
	watch->created_ms = sqlite3_column_int64(row, 7);
	watch->tip = xb_column_text(row, 8);
	watch->fetched_ms = xb_column_int(row, 9, 0);
	watch->due_ms = sqlite3_column_int64(row, 10);
	watch->trouble = xb_column_text(row, 11);
	watch->troubles = sqlite3_column_int(row, 12);
	watch->picked_ms = xb_column_int(row, 13, 0);
	watch->budget = sqlite3_column_int(row, 14);
	return watch;
}

int64_t xb_db_watch_add(XbDb *db, const XbWatch *watch, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":name", watch->name),         xb_bind_text(":repo", watch->repo),
		xb_bind_text(":branch", watch->branch),     xb_bind_int(":uid", watch->uid),
		xb_bind_text(":spec", watch->spec),         xb_bind_int(":every", watch->every_ms),
		xb_bind_int(":created", watch->created_ms), xb_bind_int(":due", watch->due_ms),
		xb_bind_int(":budget", watch->budget),
	};

	return xb_db_insert(db, XB_SQL_WATCH_ADD, binds, G_N_ELEMENTS(binds), error);
}

XbWatch *xb_db_watch_find(XbDb *db, const char *name, GError **error)
{
	const XbBind binds[] = { xb_bind_text(":name", name) };

	return xb_db_row(db, XB_SQL_WATCH_FIND, binds, 1, read_watch, error);
}

GPtrArray *xb_db_watches(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_WATCHES, NULL, 0, read_watch, (GDestroyNotify)xb_watch_free,
			  error);
}

bool xb_db_watch_update(XbDb *db, const XbWatch *watch, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", watch->id),
		xb_bind_text(":tip", watch->tip),
		xb_bind_int_or_null(":fetched", watch->fetched_ms, 0),
		xb_bind_int(":due", watch->due_ms),
		xb_bind_text(":trouble", watch->trouble),
		xb_bind_int(":troubles", watch->troubles),
		xb_bind_int_or_null(":picked", watch->picked_ms, 0),
		xb_bind_int(":budget", watch->budget),
	};

	return xb_db_change(db, XB_SQL_WATCH_UPDATE, binds, G_N_ELEMENTS(binds), "watch", watch->id,
			    error);
}

bool xb_db_watch_remove(XbDb *db, int64_t id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id) };

	return xb_db_change(db, XB_SQL_WATCH_REMOVE, binds, 1, "watch", id, error);
}

/* ---- commits ---------------------------------------------------------------- */

void xb_watch_commit_free(XbWatchCommit *commit)
{
	if (commit == NULL)
		return;
	g_free(commit->commit);
	g_free(commit->subject);
	g_free(commit->picked);
	g_free(commit);
}

static void *read_commit(sqlite3_stmt *row)
{
	XbWatchCommit *commit = g_new0(XbWatchCommit, 1);

	commit->seq = sqlite3_column_int64(row, 0);
	commit->commit = xb_column_text(row, 1);
	commit->time_ms = sqlite3_column_int64(row, 2);
	commit->subject = xb_column_text(row, 3);
	commit->picked = xb_column_text(row, 4);
	commit->gone = sqlite3_column_int(row, 5) != 0;
	return commit;
}

bool xb_db_watch_commit_add(XbDb *db, int64_t watch_id, const XbWatchCommit *commit, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":watch", watch_id),           xb_bind_int(":seq", commit->seq),
		xb_bind_text(":commit", commit->commit),   xb_bind_int(":time", commit->time_ms),
		xb_bind_text(":subject", commit->subject),
	};

	return xb_db_exec(db, XB_SQL_WATCH_COMMIT_ADD, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_watch_commits(XbDb *db, int64_t watch_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":watch", watch_id) };

	return xb_db_rows(db, XB_SQL_WATCH_COMMITS, binds, 1, read_commit,
			  (GDestroyNotify)xb_watch_commit_free, error);
}

bool xb_db_watch_commit_pick(XbDb *db, int64_t watch_id, int64_t seq, const char *why,
			     GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":watch", watch_id),
		xb_bind_int(":seq", seq),
		xb_bind_text(":why", why),
	};

	return xb_db_change(db, XB_SQL_WATCH_COMMIT_PICK, binds, G_N_ELEMENTS(binds), "commit", seq,
			    error);
}

bool xb_db_watch_commits_gone(XbDb *db, int64_t watch_id, int64_t seq, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":watch", watch_id), xb_bind_int(":seq", seq) };

	return xb_db_exec(db, XB_SQL_WATCH_COMMITS_GONE, binds, G_N_ELEMENTS(binds), error);
}

/* ---- points and levels ------------------------------------------------------- */

void xb_watch_point_free(XbWatchPoint *point)
{
	if (point == NULL)
		return;
	g_free(point->workload);
	g_free(point);
}

static void *read_point(sqlite3_stmt *row)
{
	XbWatchPoint *point = g_new0(XbWatchPoint, 1);

	point->watch_id = sqlite3_column_int64(row, 0);
	point->seq = sqlite3_column_int64(row, 1);
	point->workload = xb_column_text(row, 2);
	point->job_id = sqlite3_column_int64(row, 3);
	point->state = (XbPointState)xb_column_word(row, 4, point_names, G_N_ELEMENTS(point_names));
	return point;
}

bool xb_db_watch_point_add(XbDb *db, int64_t watch_id, int64_t seq, const char *workload,
			   int64_t job_id, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":watch", watch_id),
		xb_bind_int(":seq", seq),
		xb_bind_text(":workload", workload),
		xb_bind_int(":job", job_id),
	};

	return xb_db_exec(db, XB_SQL_WATCH_POINT_ADD, binds, G_N_ELEMENTS(binds), error);
}

bool xb_db_watch_point_settle(XbDb *db, const XbWatchPoint *point, XbPointState state,
			      GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":watch", point->watch_id),
		xb_bind_int(":seq", point->seq),
		xb_bind_text(":workload", point->workload),
		xb_bind_text(":state", xb_point_state_name(state)),
	};

	return xb_db_change(db, XB_SQL_WATCH_POINT_SETTLE, binds, G_N_ELEMENTS(binds), "point",
			    point->seq, error);
}

GPtrArray *xb_db_watch_points(XbDb *db, int64_t watch_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":watch", watch_id) };

	return xb_db_rows(db, XB_SQL_WATCH_POINTS, binds, 1, read_point,
			  (GDestroyNotify)xb_watch_point_free, error);
}

GPtrArray *xb_db_watch_points_open(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_WATCH_POINTS_OPEN, NULL, 0, read_point,
			  (GDestroyNotify)xb_watch_point_free, error);
}

void xb_watch_level_free(XbWatchLevel *level)
{
	if (level == NULL)
		return;
	g_free(level->commit);
	g_free(level->subject);
	g_free(level->unit);
	g_free(level->host_fp);
	g_free(level->workload_fp);
	g_free(level);
}

static void *read_level(sqlite3_stmt *row)
{
	XbWatchLevel *level = g_new0(XbWatchLevel, 1);

	level->seq = sqlite3_column_int64(row, 0);
	level->commit = xb_column_text(row, 1);
	level->subject = xb_column_text(row, 2);
	level->time_ms = sqlite3_column_int64(row, 3);
	level->job_id = xb_column_int(row, 4, 0);
	level->unit = xb_column_text(row, 5);
	level->level = sqlite3_column_double(row, 6);
	level->sd =
		sqlite3_column_type(row, 7) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 7);
	level->boots = sqlite3_column_int(row, 8);
	level->host_fp = xb_column_text(row, 9);
	level->workload_fp = xb_column_text(row, 10);
	level->run_id = xb_column_int(row, 11, 0);
	return level;
}

bool xb_db_watch_level_set(XbDb *db, int64_t watch_id, const char *workload, const char *metric,
			   const XbWatchLevel *level, GError **error)
{
	XbBind binds[] = {
		xb_bind_int(":watch", watch_id),
		xb_bind_text(":workload", workload),
		xb_bind_text(":metric", metric),
		xb_bind_int(":seq", level->seq),
		xb_bind_text(":unit", level->unit),
		xb_bind_real(":level", level->level),
		xb_bind_real(":sd", level->sd), /* SQLite stores NAN as NULL */
		xb_bind_int(":boots", level->boots),
		xb_bind_text(":host_fp", level->host_fp),
		xb_bind_text(":workload_fp", level->workload_fp),
	};

	return xb_db_exec(db, XB_SQL_WATCH_LEVEL_SET, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_watch_levels(XbDb *db, int64_t watch_id, const char *workload, const char *metric,
			      GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":watch", watch_id),
		xb_bind_text(":workload", workload),
		xb_bind_text(":metric", metric),
	};

	return xb_db_rows(db, XB_SQL_WATCH_LEVELS, binds, G_N_ELEMENTS(binds), read_level,
			  (GDestroyNotify)xb_watch_level_free, error);
}

static void *read_series(sqlite3_stmt *row)
{
	return g_strdup_printf("%s\n%s", (const char *)sqlite3_column_text(row, 0),
			       (const char *)sqlite3_column_text(row, 1));
}

GPtrArray *xb_db_watch_series(XbDb *db, int64_t watch_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":watch", watch_id) };

	return xb_db_rows(db, XB_SQL_WATCH_SERIES, binds, 1, read_series, g_free, error);
}

/* ---- changes ----------------------------------------------------------------- */

void xb_watch_change_free(XbWatchChange *change)
{
	if (change == NULL)
		return;
	g_free(change->workload);
	g_free(change->metric);
	g_free(change->detail);
	g_free(change);
}

static void *read_change(sqlite3_stmt *row)
{
	XbWatchChange *change = g_new0(XbWatchChange, 1);

	change->id = sqlite3_column_int64(row, 0);
	change->watch_id = sqlite3_column_int64(row, 1);
	change->workload = xb_column_text(row, 2);
	change->metric = xb_column_text(row, 3);
	change->from_seq = sqlite3_column_int64(row, 4);
	change->to_seq = sqlite3_column_int64(row, 5);
	change->before = sqlite3_column_double(row, 6);
	change->after = sqlite3_column_double(row, 7);
	change->created_ms = sqlite3_column_int64(row, 8);
	change->job_id = xb_column_int(row, 9, 0);
	change->detail = xb_column_text(row, 10);
	return change;
}

int64_t xb_db_watch_change_add(XbDb *db, const XbWatchChange *change, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":watch", change->watch_id),
		xb_bind_text(":workload", change->workload),
		xb_bind_text(":metric", change->metric),
		xb_bind_int(":from", change->from_seq),
		xb_bind_int(":to", change->to_seq),
		xb_bind_real(":before", change->before),
		xb_bind_real(":after", change->after),
		xb_bind_int(":created", change->created_ms),
	};
	g_autoptr(GError) failure = NULL;
	int64_t known = xb_db_integer(db, XB_SQL_WATCH_CHANGE_FIND, binds, 5, -1, &failure);

	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return -1;
	}
	return known >= 0 ? 0
			  : xb_db_insert(db, XB_SQL_WATCH_CHANGE_ADD, binds, G_N_ELEMENTS(binds),
					 error);
}

bool xb_db_watch_change_set_job(XbDb *db, int64_t id, int64_t job_id, const char *detail,
				GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_int_or_null(":job", job_id, 0),
		xb_bind_text(":detail", detail),
	};

	return xb_db_change(db, XB_SQL_WATCH_CHANGE_SET_JOB, binds, G_N_ELEMENTS(binds), "change",
			    id, error);
}

GPtrArray *xb_db_watch_changes(XbDb *db, int64_t watch_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":watch", watch_id) };

	return xb_db_rows(db, XB_SQL_WATCH_CHANGES, binds, 1, read_change,
			  (GDestroyNotify)xb_watch_change_free, error);
}
