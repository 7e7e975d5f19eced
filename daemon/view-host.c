/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-host.c - a host's row, its configuration and its fingerprint as one object. */
#include "view-host.h"

#include <math.h>
#include <string.h>

#include "host-locks.h"
#include "host-tasks.h"
#include "hosts.h"
#include "probes.h"

static json_t *seconds_or_null(int64_t ms)
{
	return ms ? json_real((double)ms / 1000) : json_null();
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
static json_t *lock_of(XbDaemon *daemon, const char *name, GError **error)
{
	g_autoptr(GPtrArray) active = xb_db_runs_active(daemon->db, error);
	g_autoptr(GPtrArray) tasks = active ? xb_db_host_tasks_running(daemon->db, error) : NULL;

	if (!tasks)
		return NULL;
	for (guint i = 0; i < active->len; i++) {
		const XbRun *run = active->pdata[i];
		if (run->kind == XB_RUN_BOOT && strcmp(run->place, name) == 0)
			return lock_of_run(run);
	}
	for (guint i = 0; i < tasks->len; i++) {
		const XbHostTask *task = tasks->pdata[i];
		if (strcmp(task->host, name) == 0)
			return lock_of_task(task);
	}
	return json_null();
}

static json_t *labels_of(const XbHostConfig *host)
{
	g_auto(GStrv) words = g_strsplit(host->labels, " ", -1);
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

static void add_pool(json_t *view, const XbHostConfig *host, const XbHostRow *row)
{
	json_object_set_new(view, "labels", labels_of(host));
	json_object_set_new(view, "recovers", json_boolean(row->recovers));
	json_object_set_new(view, "condition", json_string(xb_host_condition_name(row->condition)));
	json_object_set_new(view, "troubles", json_integer(row->troubles));
	json_object_set_new(view, "drained",
			    row->drained_ms ? json_pack("{s:f,s:s}", "since",
							(double)row->drained_ms / 1000, "reason",
							row->drained)
					    : json_null());
	json_object_set_new(view, "health",
			    json_pack("{s:o,s:s,s:b,s:o}", "time", seconds_or_null(row->health_ms),
				      "detail", row->health, "ok", row->outside == 0, "every",
				      host->health_every_s > 0 ? json_real(host->health_every_s)
							       : json_null()));
}

json_t *xb_view_host(XbDaemon *daemon, const XbHostConfig *host, GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	const char *host_fp = NULL, *workload_fp = NULL;
	g_autoptr(GPtrArray) notes =
		row ? xb_db_host_notes(daemon->db, host->name, 1, error) : NULL;
	json_t *lock = notes ? lock_of(daemon, host->name, error) : NULL, *view;
	double boot_s;

	if (!lock)
		return NULL;
	boot_s = xb_db_run_seconds(daemon->db, XB_RUN_BOOT, host->name, 8, NULL);
	xb_hosts_fingerprint(daemon, host, workload->settings, NULL, &host_fp, &workload_fp);
	view = json_pack("{s:s,s:s,s:s,s:s,s:s?,s:o,s:b,s:o,s:s}", "name", host->name, "driver",
			 host->driver, "state", row->online ? "online" : "offline", "reason",
			 row->reason, "fingerprint", host_fp, "boot_s",
			 isfinite(boot_s) ? json_real(boot_s) : json_null(), "running",
			 !json_is_null(lock), "lock", lock, "note",
			 notes->len ? ((XbHostNote *)notes->pdata[0])->text : "");
	json_object_set_new(view, "held", xb_host_locks_view(daemon->host_locks, host));
	add_pool(view, host, row);
	return view;
}

json_t *xb_view_host_facts(XbDaemon *daemon, const XbHostConfig *host)
{
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	g_autoptr(json_t) known = xb_probes_facts(daemon->probes, host->name, workload->settings);
	g_autoptr(XbRun) last = NULL;
	g_autoptr(GPtrArray) told = NULL;
	g_autoptr(json_t) event = NULL;
	json_t *facts = json_object_get(known, "host");

	if (!facts && (last = xb_db_run_last(daemon->db, XB_RUN_BOOT, host->name, NULL)))
		told = xb_db_events(daemon->db, last->id, "fingerprint", NULL);
	if (told && told->len > 0) {
		event = json_loads(told->pdata[told->len - 1], 0, NULL);
		facts = json_object_get(json_object_get(event, "facts"), "host");
	}
	return facts ? json_incref(facts) : json_null();
}
