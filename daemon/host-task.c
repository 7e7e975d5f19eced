/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-task.c - workers that bring a host back, or try its operations. */
#include "host-task.h"

#include <fcntl.h>
#include <string.h>

#include "host-care.h"
#include "removal.h"
#include "spawn.h"
#include "task.h"
#include "text.h"

#define DEADLINE_BOOTS 3  /* a recovery may boot that often */
#define MARGIN_S       30 /* a worker enforces its own deadline; we are the second line */
#define KEPT           10 /* directories of a host */
#define RETRY_S        2
#define DETAIL_MAX     4000

typedef struct {
	XbHostTasks *tasks;
	XbTask *task;
	char *host;
} Running;

struct XbHostTasks {
	XbDaemon *daemon;
	GHashTable *running; /* id -> Running */
	guint retry;
};

static void running_free(void *data)
{
	Running *running = data;

	xb_task_free(running->task);
	g_free(running->host);
	g_free(running);
}

XbHostTasks *xb_host_tasks_new(XbDaemon *daemon)
{
	XbHostTasks *self = g_new0(XbHostTasks, 1);

	self->daemon = daemon;
	self->running = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, running_free);
	return self;
}

void xb_host_tasks_free(XbHostTasks *self)
{
	if (!self)
		return;
	g_clear_handle_id(&self->retry, g_source_remove);
	g_hash_table_unref(self->running);
	g_free(self);
}

static char *dir_of(const XbHostTasks *self, int64_t id)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, id);

	return xb_state_path(self->daemon, "hosts", name, NULL);
}

/* The evidence of the last few stays. */
static void trim(const XbHostTasks *self, const char *host)
{
	g_autoptr(GPtrArray) tasks = xb_db_host_tasks(self->daemon->db, host, KEPT + 10, NULL);

	for (guint i = KEPT; tasks && i < tasks->len; i++) {
		const XbHostTask *task = tasks->pdata[i];
		g_autofree char *dir = dir_of(self, task->id);

		if (task->done && g_file_test(dir, G_FILE_TEST_IS_DIR))
			xb_remove_at(AT_FDCWD, dir);
	}
}

static bool write_end(XbDaemon *daemon, const XbHostTask *task, XbOutcome outcome,
		      const char *detail, bool counts, GError **error)
{
	if (!xb_db_begin(daemon->db, error))
		return false;
	if (!xb_db_host_task_finish(daemon->db, task->id, outcome, detail, xb_now_ms(), error) ||
	    !xb_care_task_ended(daemon, task, outcome, detail, counts, error) ||
	    !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return false;
	}
	return true;
}

/* The worker of @id is gone: write down what it said. */
static bool conclude(XbHostTasks *self, int64_t id, GError **error)
{
	XbDaemon *daemon = self->daemon;
	g_autoptr(XbHostTask) task = xb_db_host_task_get(daemon->db, id, error);
	g_autofree char *dir = dir_of(self, id), *detail = NULL;
	g_autoptr(json_t) done = xb_task_event(dir, "done");
	const char *said = json_string_value(json_object_get(done, "detail"));
	XbOutcome outcome = XB_OUTCOME_HOST_TROUBLE;
	/* what never began says nothing about the host */
	bool counts = done || xb_spawn_read_pid(dir) != 0;

	if (!task)
		return false;
	if (task->done)
		return true;
	if (done &&
	    !xb_outcome_parse(json_string_value(json_object_get(done, "outcome")), &outcome))
		outcome = XB_OUTCOME_HOST_TROUBLE;
	detail = xb_text_safe(done      ? (said ? said : "")
			      : !counts ? "never started: the daemon ended before"
					: "the worker ended without saying done",
			      -1, DETAIL_MAX, false);
	if (!write_end(daemon, task, outcome, detail, counts, error))
		return false;
	xb_journal(daemon, 0, "%s: %s t%lld: %s%s%s", task->host, xb_host_task_name(task->kind),
		   (long long)id, xb_outcome_name(outcome), *detail ? ": " : "", detail);
	trim(self, task->host);
	return true;
}

static void retry_later(XbHostTasks *self)
{
	if (!self->retry)
		xb_daemon_poke_later(self->daemon, &self->retry, RETRY_S * 1000);
}

static void on_ended(XbTask *task, void *user)
{
	XbHostTasks *self = user;
	g_autoptr(GError) error = NULL;
	int64_t id = xb_task_id(task);

	if (!conclude(self, id, &error)) {
		/* not followed any more, still running for the database: the next round tries
		 * again */
		g_warning("host task %lld: %s", (long long)id, error->message);
		retry_later(self);
	}
	g_hash_table_remove(self->running, &id);
	xb_daemon_poke(self->daemon);
}

static void follow(XbHostTasks *self, int64_t id, const char *host, XbTask *task)
{
	Running *running = g_new0(Running, 1);

	running->tasks = self;
	running->task = task;
	running->host = g_strdup(host);
	g_hash_table_replace(self->running, g_memdup2(&id, sizeof(id)), running);
}

static double deadline_of(const XbHostConfig *host)
{
	return host ? DEADLINE_BOOTS * host->deadline_s : 60;
}

bool xb_host_tasks_adopt(XbHostTasks *self, GHashTable *busy, GError **error)
{
	g_autoptr(GPtrArray) rows = xb_db_host_tasks_running(self->daemon->db, error);

	for (guint i = 0; rows && i < rows->len; i++) {
		const XbHostTask *row = rows->pdata[i];
		const XbHostConfig *host = xb_config_host(self->daemon->config, row->host);
		g_autofree char *dir = dir_of(self, row->id);

		if (!g_hash_table_contains(self->running, &row->id)) {
			XbTask *task = xb_task_adopt(dir, row->id, deadline_of(host) + MARGIN_S,
						     on_ended, self);
			if (!task && !conclude(self, row->id, error))
				return false;
			if (!task)
				continue;
			follow(self, row->id, row->host, task);
		}
		if (busy)
			g_hash_table_add(busy, g_strdup(row->host));
	}
	return rows != NULL;
}

int64_t xb_host_tasks_start(XbHostTasks *self, const XbHostConfig *host, XbHostTaskKind kind,
			    const char *why, GError **error)
{
	XbDaemon *daemon = self->daemon;
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	double deadline_s = deadline_of(host);
	int64_t id = xb_db_host_task_add(daemon->db, host->name, kind, why, xb_now_ms(), error);
	g_autofree char *name = g_strdup_printf("t%" G_GINT64_FORMAT, id), *dir = NULL;
	g_autoptr(json_t) job =
		json_pack("{s:i,s:s,s:s,s:O,s:O,s:i}", "protocol", XB_PROTOCOL_VERSION, "kind",
			  xb_host_task_name(kind), "id", name, "host", host->settings, "workload",
			  workload->settings, "deadline_s", (int)deadline_s);
	g_autoptr(GError) trouble = NULL;
	XbTask *task;

	if (id < 0)
		return -1;
	dir = dir_of(self, id);
	xb_journal(daemon, 0, "%s: %s %s: %s", host->name, xb_host_task_name(kind), name, why);
	task = xb_task_start(dir, daemon->config->runner_command, job, id, deadline_s + MARGIN_S,
			     on_ended, self, &trouble);
	if (task) {
		follow(self, id, host->name, task);
		return id;
	}
	g_autoptr(XbHostTask) row = xb_db_host_task_get(daemon->db, id, error);
	g_autofree char *detail = g_strdup_printf(
		"%s could not be started: %s", daemon->config->runner_command[0], trouble->message);
	xb_journal(daemon, 0, "%s: %s", host->name, detail);
	/* it never began, which says nothing about the host */
	retry_later(self);
	return row && write_end(daemon, row, XB_OUTCOME_HOST_TROUBLE, detail, false, error) ? id
											    : -1;
}

bool xb_host_tasks_busy(const XbHostTasks *self, const char *host)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, self->running);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (strcmp(((Running *)value)->host, host) == 0)
			return true;
	return false;
}

json_t *xb_host_tasks_steps(const XbHostTasks *self, int64_t id)
{
	g_autofree char *dir = dir_of(self, id);

	return xb_task_events(dir, "check");
}
