/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-host.c - hosts: what is known of each, what was done to bring it back,
 * what people noted; see db.h and host-tasks.h. And the journal.
 */
#include <math.h>
#include <string.h>

#include "db-private.h"
#include "host-tasks.h"

static const char *const condition_names[] = { "ready", "unknown", "suspect", "quarantined" };
static const char *const task_names[] = { "recover", "check" };

const char *xb_host_condition_name(XbHostCondition condition)
{
	g_return_val_if_fail(condition < G_N_ELEMENTS(condition_names), "unknown");
	return condition_names[condition];
}

const char *xb_host_task_name(XbHostTaskKind kind)
{
	g_return_val_if_fail(kind < G_N_ELEMENTS(task_names), "recover");
	return task_names[kind];
}

void xb_host_row_free(XbHostRow *row)
{
	if (row == NULL)
		return;
	g_free(row->name);
	g_free(row->reason);
	g_free(row->drained);
	g_free(row->labels);
	g_free(row->health);
	g_free(row);
}

bool xb_host_is_selected(const char *name, const char *labels, const char *wanted)
{
	g_auto(GStrv) has = NULL, asked = NULL;

	if (*wanted == '\0')
		return true;
	if (!g_str_has_prefix(wanted, "label:"))
		return g_str_equal(name, wanted);
	has = g_strsplit(labels, " ", -1);
	asked = g_strsplit(wanted + strlen("label:"), ",", -1);
	for (char **label = asked; *label != NULL; label++)
		if (!g_strv_contains((const char *const *)has, *label))
			return false;
	return *asked != NULL;
}

bool xb_host_row_usable(const XbHostRow *row)
{
	return row->online && row->drained_ms == 0 && row->condition == XB_HOST_READY;
}

char *xb_host_row_why(const XbHostRow *row)
{
	if (!row->online)
		return g_strdup_printf("%s is offline: %s", row->name, row->reason);
	if (row->drained_ms != 0)
		return g_strdup_printf("%s is drained: %s", row->name, row->drained);
	if (row->condition == XB_HOST_SUSPECT)
		return g_strdup_printf("%s had trouble and boots its known-good kernel first",
				       row->name);
	if (row->condition != XB_HOST_READY)
		return g_strdup_printf("%s is in an unknown state and is recovered first",
				       row->name);
	return NULL;
}

static void *read_host(sqlite3_stmt *row)
{
	XbHostRow *host = g_new0(XbHostRow, 1);

	host->name = xb_column_text(row, 0);
	host->online = g_strcmp0((const char *)sqlite3_column_text(row, 1), "online") == 0;
	host->reason = xb_column_text(row, 2);
	host->troubles = sqlite3_column_int(row, 3);
	host->recovers = sqlite3_column_int(row, 4) != 0;
	host->condition = (XbHostCondition)xb_column_word(row, 5, condition_names,
							  G_N_ELEMENTS(condition_names));
	host->recoveries = sqlite3_column_int(row, 6);
	host->drained_ms = xb_column_int(row, 7, 0);
	host->drained = xb_column_text(row, 8);
	host->labels = xb_column_text(row, 9);
	host->health_ms = xb_column_int(row, 10, 0);
	host->health = xb_column_text(row, 11);
	host->outside = sqlite3_column_int(row, 12);
	host->health_from = sqlite3_column_int64(row, 13);
	return host;
}

XbHostRow *xb_db_host_get(XbDb *db, const char *name, GError **error)
{
	const XbBind binds[] = { xb_bind_text(":name", name) };
	g_autoptr(GError) failure = NULL;
	XbHostRow *host = xb_db_row(db, XB_SQL_HOST_GET, binds, 1, read_host, &failure);

	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (host != NULL)
		return host;
	if (!db->read_only && !xb_db_exec(db, XB_SQL_HOST_ADD, binds, 1, error))
		return NULL;
	host = g_new0(XbHostRow, 1);
	host->name = g_strdup(name);
	host->online = true;
	host->reason = g_strdup("");
	host->drained = g_strdup("");
	host->labels = g_strdup("");
	host->health = g_strdup("");
	return host;
}

bool xb_db_host_set(XbDb *db, const XbHostRow *row, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":name", row->name),
		xb_bind_text(":state", row->online ? "online" : "offline"),
		xb_bind_text(":reason", row->reason),
		xb_bind_int(":troubles", row->troubles),
		xb_bind_int(":recovers", row->recovers),
		xb_bind_text(":condition", xb_host_condition_name(row->condition)),
		xb_bind_int(":recoveries", row->recoveries),
		xb_bind_int_or_null(":drained_ms", row->drained_ms, 0),
		xb_bind_text(":drained", row->drained),
		xb_bind_text(":labels", row->labels),
		xb_bind_int_or_null(":health_ms", row->health_ms, 0),
		xb_bind_text(":health", row->health),
		xb_bind_int(":outside", row->outside),
		xb_bind_int(":health_from", row->health_from),
	};

	return xb_db_exec(db, XB_SQL_HOST_SET, binds, G_N_ELEMENTS(binds), error);
}

static void free_host(void *host)
{
	xb_host_row_free(host);
}

bool xb_db_hosts_configured(XbDb *db, const char *const *names, GError **error)
{
	g_autoptr(GString) json = g_string_new("[");
	XbBind bind;

	/* names of hosts need no quoting (xb_config_is_name()), and others no row */
	for (; *names != NULL; names++) {
		g_autoptr(XbHostRow) row = xb_db_host_get(db, *names, error);

		if (row == NULL)
			return false;
		g_string_append_printf(json, "%s\"%s\"", json->len > 1 ? "," : "", *names);
	}
	g_string_append_c(json, ']');
	bind = xb_bind_text(":names", json->str);
	return xb_db_exec(db, XB_SQL_HOSTS_CONFIGURED, &bind, 1, error);
}

GPtrArray *xb_db_hosts(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_HOSTS, NULL, 0, read_host, free_host, error);
}

/* ---- tasks ------------------------------------------------------------------ */

void xb_host_task_free(XbHostTask *task)
{
	if (task == NULL)
		return;
	g_free(task->host);
	g_free(task->why);
	g_free(task->detail);
	g_free(task);
}

static void *read_task(sqlite3_stmt *row)
{
	XbHostTask *task = g_new0(XbHostTask, 1);

	task->id = sqlite3_column_int64(row, 0);
	task->host = xb_column_text(row, 1);
	task->kind = (XbHostTaskKind)xb_column_word(row, 2, task_names, G_N_ELEMENTS(task_names));
	task->why = xb_column_text(row, 3);
	task->done = g_strcmp0((const char *)sqlite3_column_text(row, 4), "done") == 0;
	if (!xb_outcome_parse((const char *)sqlite3_column_text(row, 5), &task->outcome))
		task->outcome = XB_OUTCOME_HOST_TROUBLE;
	task->detail = xb_column_text(row, 6);
	task->started_ms = sqlite3_column_int64(row, 7);
	task->finished_ms = xb_column_int(row, 8, 0);
	return task;
}

int64_t xb_db_host_task_add(XbDb *db, const char *host, XbHostTaskKind kind, const char *why,
			    int64_t now_ms, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":host", host),
		xb_bind_text(":kind", xb_host_task_name(kind)),
		xb_bind_text(":why", why),
		xb_bind_int(":now", now_ms),
	};

	return xb_db_insert(db, XB_SQL_HOST_TASK_ADD, binds, G_N_ELEMENTS(binds), error);
}

bool xb_db_host_task_finish(XbDb *db, int64_t id, XbOutcome outcome, const char *detail,
			    int64_t now_ms, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_text(":outcome", xb_outcome_name(outcome)),
		xb_bind_text(":detail", detail),
		xb_bind_int(":now", now_ms),
	};

	return xb_db_exec(db, XB_SQL_HOST_TASK_FINISH, binds, G_N_ELEMENTS(binds), error);
}

XbHostTask *xb_db_host_task_get(XbDb *db, int64_t id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id) };
	g_autoptr(GError) failure = NULL;
	XbHostTask *task = xb_db_row(db, XB_SQL_HOST_TASK_GET, binds, 1, read_task, &failure);

	if (failure != NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (task == NULL)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "no task %" G_GINT64_FORMAT " of a host", id);
	return task;
}

GPtrArray *xb_db_host_tasks_running(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_HOST_TASKS_RUNNING, NULL, 0, read_task,
			  (GDestroyNotify)xb_host_task_free, error);
}

GPtrArray *xb_db_host_tasks(XbDb *db, const char *host, int limit, GError **error)
{
	const XbBind binds[] = { xb_bind_text(":host", host), xb_bind_int(":limit", limit) };

	return xb_db_rows(db, XB_SQL_HOST_TASKS, binds, 2, read_task,
			  (GDestroyNotify)xb_host_task_free, error);
}

/* ---- notes ------------------------------------------------------------------- */

void xb_host_note_free(XbHostNote *note)
{
	if (note == NULL)
		return;
	g_free(note->text);
	g_free(note);
}

static void *read_note(sqlite3_stmt *row)
{
	XbHostNote *note = g_new0(XbHostNote, 1);

	note->time_ms = sqlite3_column_int64(row, 0);
	note->uid = sqlite3_column_int64(row, 1);
	note->text = xb_column_text(row, 2);
	return note;
}

bool xb_db_host_note_add(XbDb *db, const char *host, int64_t uid, const char *text, int64_t now_ms,
			 GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":host", host),
		xb_bind_int(":now", now_ms),
		xb_bind_int(":uid", uid),
		xb_bind_text(":text", text),
	};

	return xb_db_exec(db, XB_SQL_HOST_NOTE_ADD, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_host_notes(XbDb *db, const char *host, int limit, GError **error)
{
	const XbBind binds[] = { xb_bind_text(":host", host), xb_bind_int(":limit", limit) };

	return xb_db_rows(db, XB_SQL_HOST_NOTES, binds, 2, read_note,
			  (GDestroyNotify)xb_host_note_free, error);
}

/* ---- health ------------------------------------------------------------------ */

GArray *xb_db_health_levels(XbDb *db, const XbRun *like, const char *metric, int64_t from,
			    int limit, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":place", like->place),
		xb_bind_int(":variant", like->variant_id),
		xb_bind_text(":workload", like->workload),
		xb_bind_text(":host_fp", like->host_fp),
		xb_bind_text(":workload_fp", like->workload_fp),
		xb_bind_int(":from", from),
		xb_bind_int(":before", like->id),
		xb_bind_text(":metric", metric),
		xb_bind_int(":limit", limit),
	};
	g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(double));
	sqlite3_stmt *row =
		xb_db_query(db, XB_SQL_HEALTH_LEVELS, binds, G_N_ELEMENTS(binds), error);
	int step;

	if (row == NULL)
		return NULL;
	while ((step = xb_db_step(db, row, error)) == SQLITE_ROW) {
		double level = sqlite3_column_double(row, 1);

		if (isfinite(level))
			g_array_append_val(levels, level);
	}
	return step == SQLITE_DONE ? g_steal_pointer(&levels) : NULL;
}

/* ---- journal --------------------------------------------------------------- */

void xb_journal_line_free(XbJournalLine *line)
{
	if (line == NULL)
		return;
	g_free(line->text);
	g_free(line);
}

static void *read_journal_line(sqlite3_stmt *row)
{
	XbJournalLine *line = g_new0(XbJournalLine, 1);

	line->seq = sqlite3_column_int64(row, 0);
	line->time_ms = sqlite3_column_int64(row, 1);
	line->text = xb_column_text(row, 2);
	return line;
}

bool xb_db_journal_add(XbDb *db, int64_t job_id, int64_t now_ms, const char *text, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int_or_null(":job", job_id, 0),
		xb_bind_int(":now", now_ms),
		xb_bind_text(":text", text),
	};

	return xb_db_exec(db, XB_SQL_JOURNAL_ADD, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_journal(XbDb *db, int64_t job_id, int64_t after, int limit, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int_or_null(":job", job_id, 0),
		xb_bind_int(":after", after),
		xb_bind_int(":limit", ABS((int64_t)limit)),
	};

	return xb_db_rows(db, limit < 0 ? XB_SQL_JOURNAL_LAST : XB_SQL_JOURNAL_FIRST, binds,
			  G_N_ELEMENTS(binds), read_journal_line,
			  (GDestroyNotify)xb_journal_line_free, error);
}
