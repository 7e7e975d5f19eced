/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-run.c - runs: one worker process, one directory, one outcome.
 */
#include "db-private.h"

#include <math.h>

static const char *const kind_names[] = { "build", "boot" };
static const char *const state_names[] = { "starting", "running", "done" };

void xb_run_free(XbRun *run)
{
	if (run == NULL)
		return;
	g_free(run->place);
	g_free(run->workload);
	g_free(run->purpose);
	g_free(run->why);
	g_free(run->detail);
	g_free(run->dir);
	g_free(run->phase);
	g_free(run->host_fp);
	g_free(run->workload_fp);
	g_free(run);
}

bool xb_run_is_explain(const XbRun *run)
{
	return run->purpose && strcmp(run->purpose, XB_PURPOSE_NAME_EXPLAIN) == 0;
}

bool xb_run_is_lost(const XbRun *run)
{
	return run->state == XB_RUN_DONE && g_strcmp0(run->phase, XB_RUN_PHASE_LOST) == 0;
}

static void *read_run(sqlite3_stmt *row)
{
	XbRun *run = g_new0(XbRun, 1);

	run->id = sqlite3_column_int64(row, 0);
	run->kind = (XbRunKind)xb_column_word(row, 1, kind_names, G_N_ELEMENTS(kind_names));
	run->job_id = xb_column_int(row, 2, 0);
	run->node = (int)xb_column_int(row, 3, -1);
	run->variant_id = sqlite3_column_int64(row, 4);
	run->place = xb_column_text(row, 5);
	run->workload = xb_column_text(row, 6);
	run->boot = sqlite3_column_int(row, 7);
	run->perturb = sqlite3_column_int(row, 8);
	run->purpose = xb_column_text(row, 9);
	run->why = xb_column_text(row, 10);
	run->state = (XbRunState)xb_column_word(row, 11, state_names, G_N_ELEMENTS(state_names));
	run->has_outcome =
		xb_outcome_parse((const char *)sqlite3_column_text(row, 12), &run->outcome);
	run->detail = xb_column_text(row, 13);
	run->dir = xb_column_text(row, 14);
	run->events_offset = (uint64_t)sqlite3_column_int64(row, 15);
	run->pid = (int)xb_column_int(row, 16, 0);
	run->phase = xb_column_text(row, 17);
	run->started_ms = sqlite3_column_int64(row, 18);
	run->finished_ms = xb_column_int(row, 19, 0);
	run->deadline_ms = sqlite3_column_int64(row, 20);
	run->host_fp = xb_column_text(row, 21);
	run->workload_fp = xb_column_text(row, 22);
	run->evicted = g_strcmp0((const char *)sqlite3_column_text(row, 23), "evicted") == 0;
	return run;
}

/* ---- adding and reading ---------------------------------------------------- */

int64_t xb_db_run_add(XbDb *db, const XbRun *run, const char *dir_format, GError **error)
{
	g_return_val_if_fail(run->kind < G_N_ELEMENTS(kind_names), -1);
	const XbBind binds[] = {
		xb_bind_text(":kind", kind_names[run->kind]),
		xb_bind_int_or_null(":job", run->job_id, 0),
		xb_bind_int_or_null(":node", run->node, -1),
		xb_bind_int(":variant", run->variant_id),
		xb_bind_text(":place", run->place),
		xb_bind_text(":workload", run->workload),
		xb_bind_int(":boot", run->boot),
		xb_bind_int(":perturb", run->perturb),
		xb_bind_text(":purpose", run->purpose),
		xb_bind_text(":why", run->why),
		xb_bind_text(":dir", dir_format),
		xb_bind_int_or_null(":pid", run->pid, 0),
		xb_bind_text(":phase", run->phase),
		xb_bind_int(":started", run->started_ms),
		xb_bind_int(":deadline", run->deadline_ms),
		xb_bind_text(":host_fp", run->host_fp),
		xb_bind_text(":workload_fp", run->workload_fp),
	};

	return xb_db_insert(db, XB_SQL_RUN_ADD, binds, G_N_ELEMENTS(binds), error);
}

XbRun *xb_db_run_get(XbDb *db, int64_t id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id) };
	g_autoptr(GError) failure = NULL;
	XbRun *run = xb_db_row(db, XB_SQL_RUN_GET, binds, G_N_ELEMENTS(binds), read_run, &failure);

	if (failure != NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (run == NULL)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND, "no run %" G_GINT64_FORMAT,
			    id);
	return run;
}

static GPtrArray *read_runs(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error)
{
	return xb_db_rows(db, sql, binds, n, read_run, (GDestroyNotify)xb_run_free, error);
}

GPtrArray *xb_db_runs_active(XbDb *db, GError **error)
{
	return read_runs(db, XB_SQL_RUNS_ACTIVE, NULL, 0, error);
}

GPtrArray *xb_db_runs_of_job(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return read_runs(db, XB_SQL_RUNS_OF_JOB, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_runs_for_job(XbDb *db, int64_t job_id, const GArray *more, GError **error)
{
	g_autofree char *ids = xb_json_ids(more);
	const XbBind binds[] = { xb_bind_int(":job", job_id), xb_bind_text(":more", ids) };

	return read_runs(db, XB_SQL_RUNS_FOR_JOB, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_runs_of_variant(XbDb *db, int64_t variant_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":variant", variant_id) };

	return read_runs(db, XB_SQL_RUNS_OF_VARIANT, binds, G_N_ELEMENTS(binds), error);
}

XbRun *xb_db_run_last(XbDb *db, XbRunKind kind, const char *place, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":kind", kind_names[kind]),
		xb_bind_text(":place", place),
	};

	return xb_db_row(db, XB_SQL_RUN_LAST, binds, G_N_ELEMENTS(binds), read_run, error);
}

GPtrArray *xb_db_runs_recent(XbDb *db, XbRunKind kind, const char *place, int limit, GError **error)
{
	const XbBind binds[] = { xb_bind_text(":kind", kind_names[kind]),
				 xb_bind_text(":place", place), xb_bind_int(":limit", limit) };

	return read_runs(db, XB_SQL_RUNS_RECENT, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_runs_on_disk(XbDb *db, int limit, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":limit", limit) };

	return read_runs(db, XB_SQL_RUNS_ON_DISK, binds, G_N_ELEMENTS(binds), error);
}

/* ---- progress -------------------------------------------------------------- */

bool xb_db_run_set_running(XbDb *db, int64_t id, int pid, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int_or_null(":pid", pid, 0) };

	return xb_db_change(db, XB_SQL_RUN_SET_RUNNING, binds, G_N_ELEMENTS(binds), "active run",
			    id, error);
}

bool xb_db_run_set_phase(XbDb *db, int64_t id, const char *phase, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_text(":phase", phase) };

	return xb_db_change(db, XB_SQL_RUN_SET_PHASE, binds, G_N_ELEMENTS(binds), "run", id, error);
}

bool xb_db_run_set_offset(XbDb *db, int64_t id, uint64_t offset, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int(":offset", (int64_t)offset) };

	return xb_db_change(db, XB_SQL_RUN_SET_OFFSET, binds, G_N_ELEMENTS(binds), "run", id,
			    error);
}

bool xb_db_run_set_fingerprint(XbDb *db, int64_t id, const char *host_fp, const char *workload_fp,
			       GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_text(":host_fp", host_fp),
		xb_bind_text(":workload_fp", workload_fp),
	};

	return xb_db_change(db, XB_SQL_RUN_SET_FINGERPRINT, binds, G_N_ELEMENTS(binds), "run", id,
			    error);
}

bool xb_db_run_finish(XbDb *db, int64_t id, XbOutcome outcome, const char *detail, int64_t now_ms,
		      GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_text(":outcome", xb_outcome_name(outcome)),
		xb_bind_text(":detail", detail),
		xb_bind_int(":now", now_ms),
	};

	return xb_db_change(db, XB_SQL_RUN_FINISH, binds, G_N_ELEMENTS(binds), "active run", id,
			    error);
}

bool xb_db_run_set_evicted(XbDb *db, int64_t id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id) };

	return xb_db_change(db, XB_SQL_RUN_SET_EVICTED, binds, G_N_ELEMENTS(binds), "run", id,
			    error);
}

int64_t xb_db_runs_done(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return xb_db_integer(db, XB_SQL_RUNS_DONE, binds, 1, -1, error);
}

double xb_db_run_seconds(XbDb *db, XbRunKind kind, const char *place, int limit, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":kind", kind_names[kind]),
		xb_bind_int(":limit", limit),
		xb_bind_text(":place", place),
	};
	sqlite3_stmt *row =
		xb_db_query(db, place != NULL ? XB_SQL_RUN_SECONDS_AT : XB_SQL_RUN_SECONDS, binds,
			    place != NULL ? 3 : 2, error);
	double seconds = NAN;

	if (row == NULL)
		return NAN;
	while (xb_db_step(db, row, error) == SQLITE_ROW) {
		if (sqlite3_column_type(row, 0) != SQLITE_NULL)
			seconds = sqlite3_column_double(row, 0);
	}
	return seconds;
}
