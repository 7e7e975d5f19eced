/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-view.c - see host-view.h. */
#include "host-view.h"

#include <math.h>
#include <string.h>

bool xb_host_work_read(XbDb *db, XbHostWork *work, GError **error)
{
	*work = (XbHostWork){ .runs = xb_db_runs_active(db, error) };
	if (work->runs)
		work->tasks = xb_db_host_tasks_running(db, error);
	return work->tasks != NULL;
}

void xb_host_work_clear(XbHostWork *work)
{
	g_clear_pointer(&work->runs, g_ptr_array_unref);
	g_clear_pointer(&work->tasks, g_ptr_array_unref);
}

static json_t *lock_of_run(const XbRun *run)
{
	return json_pack("{s:s,s:I,s:o,s:s,s:s,s:f}", "kind", "boot", "id", (json_int_t)run->id,
			 "job_id", run->job_id ? json_integer(run->job_id) : json_null(), "for",
			 run->purpose, "phase", run->phase, "since",
			 (double)run->started_ms / 1000);
}

static json_t *lock_of_task(const XbHostTask *task)
{
	return json_pack("{s:s,s:I,s:n,s:s,s:s,s:f}", "kind", xb_host_task_name(task->kind), "id",
			 (json_int_t)task->id, "job_id", "for", task->why, "phase", "", "since",
			 (double)task->started_ms / 1000);
}

/* What holds the host now, null when nothing does. */
static json_t *lock_of(const XbHostWork *work, const char *name)
{
	for (guint i = 0; i < work->runs->len; i++) {
		const XbRun *run = work->runs->pdata[i];
		if (run->kind == XB_RUN_BOOT && strcmp(run->place, name) == 0)
			return lock_of_run(run);
	}
	for (guint i = 0; i < work->tasks->len; i++) {
		const XbHostTask *task = work->tasks->pdata[i];
		if (strcmp(task->host, name) == 0)
			return lock_of_task(task);
	}
	return json_null();
}

static json_t *labels_of(const XbHostRow *row)
{
	g_auto(GStrv) words = g_strsplit(row->labels, " ", -1);
	json_t *labels = json_object();

	for (char **word = words; *word != NULL; word++) {
		char *equals = strchr(*word, '=');

		if (equals == NULL)
			continue;
		*equals = '\0';
		json_object_set_new(labels, *word, json_string(equals + 1));
	}
	return labels;
}

static json_t *drained_of(const XbHostRow *row)
{
	return row->drained_ms ? json_pack("{s:f,s:s}", "since", (double)row->drained_ms / 1000,
					   "reason", row->drained)
			       : json_null();
}

static json_t *health_of(const XbHostRow *row)
{
	return json_pack("{s:o,s:s,s:b}", "time",
			 row->health_ms ? json_real((double)row->health_ms / 1000) : json_null(),
			 "detail", row->health, "ok", row->outside == 0);
}

json_t *xb_view_host_row(XbDb *db, const XbHostRow *row, const XbHostWork *work, GError **error)
{
	g_autoptr(GPtrArray) notes = xb_db_host_notes(db, row->name, 1, error);
	double boot_s = xb_db_run_seconds(db, XB_RUN_BOOT, row->name, 8, NULL);
	json_t *lock, *view;

	if (!notes)
		return NULL;
	lock = lock_of(work, row->name);
	view = json_pack("{s:s,s:s,s:s,s:o,s:b,s:o,s:s,s:o,s:b,s:s,s:i,s:o,s:o}", "name", row->name,
			 "state", row->online ? "online" : "offline", "reason", row->reason,
			 "boot_s", isfinite(boot_s) ? json_real(boot_s) : json_null(), "running",
			 !json_is_null(lock), "lock", lock, "note",
			 notes->len ? ((XbHostNote *)notes->pdata[0])->text : "", "labels",
			 labels_of(row), "recovers", row->recovers, "condition",
			 xb_host_condition_name(row->condition), "troubles", row->troubles,
			 "drained", drained_of(row), "health", health_of(row));
	if (!view)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT, "host %s cannot be shown",
			    row->name);
	return view;
}
