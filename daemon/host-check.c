/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-check.c - the steps of `xbisect hosts check`. */
#include "host-check.h"

#include <string.h>

#include "host-care.h"
#include "host-task.h"
#include "hosts.h"
#include "probes.h"
#include "text.h"

#define ADVICE_MAX 2000

static void add_step(json_t *steps, const char *name, bool ok, const char *detail)
{
	json_array_append_new(steps,
			      json_pack("{s:s,s:b,s:s}", "name", name, "ok", ok, "detail", detail));
}

static char *safe_member(json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return xb_text_safe(text ? text : "", -1, ADVICE_MAX, false);
}

/* What the worker tried, as it says it. */
static void add_operations(XbDaemon *daemon, int64_t task, json_t *steps)
{
	g_autoptr(json_t) events = xb_host_tasks_steps(daemon->host_tasks, task);
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event)
	{
		g_autofree char *name = safe_member(event, "operation");
		g_autofree char *detail = safe_member(event, "detail");
		g_autofree char *advice = safe_member(event, "advice");
		json_t *step =
			json_pack("{s:s,s:b,s:s}", "name", name, "ok",
				  json_is_true(json_object_get(event, "ok")), "detail", detail);

		if (*advice)
			json_object_set_new(step, "advice", json_string(advice));
		json_array_append_new(steps, step);
	}
}

/* The recovery that runs on the host, 0 when none does. */
static int64_t recovery_of(XbDaemon *daemon, const char *host)
{
	g_autoptr(GPtrArray) tasks = xb_db_host_tasks_running(daemon->db, NULL);

	for (guint i = 0; tasks && i < tasks->len; i++) {
		const XbHostTask *task = tasks->pdata[i];
		if (task->kind == XB_HOST_RECOVER && strcmp(task->host, host) == 0)
			return task->id;
	}
	return 0;
}

/* A host that is new or was put back is recovered at once, and would get no check just when it
 * needs one: that is waited for, as the check's first task. False while it runs. */
static bool is_recovered(XbDaemon *daemon, const XbHostConfig *host, XbHostCheck *check)
{
	g_autoptr(XbHostTask) task =
		check->task > 0 ? xb_db_host_task_get(daemon->db, check->task, NULL) : NULL;

	if (task && task->kind == XB_HOST_RECOVER && task->done)
		check->task = 0;
	if (check->task == 0)
		check->task = recovery_of(daemon, host->name);
	else if (!task || task->kind != XB_HOST_RECOVER)
		return true;
	return check->task == 0;
}

/* Try its operations. True when that is over (or there is nothing to try). */
static bool check_operations(XbDaemon *daemon, const XbHostConfig *host, XbHostCheck *check,
			     json_t *steps, GError **error)
{
	g_autoptr(XbHostTask) task = NULL;

	if (!host->recovers)
		return true;
	if (!is_recovered(daemon, host, check))
		return false;
	if (check->task == 0 && xb_hosts_busy(daemon, host->name)) {
		add_step(steps, "operations", true, "not tried now: the host is at work");
		return true;
	}
	if (check->task == 0)
		check->task = xb_host_tasks_start(daemon->host_tasks, host, XB_HOST_CHECK,
						  "asked for", error);
	task = check->task > 0 ? xb_db_host_task_get(daemon->db, check->task, error) : NULL;
	if (!task)
		return false;
	add_operations(daemon, task->id, steps);
	if (task->done && task->outcome != XB_OUTCOME_OK)
		add_step(steps, "operations", false, task->detail);
	return task->done;
}

static void say_known_good(const XbRun *run, const GError *error, json_t *steps)
{
	bool ok = run && run->outcome == XB_OUTCOME_OK;

	add_step(steps, "known-good kernel", ok,
		 !run && error ? error->message
		 : !run        ? "it could not be started"
		 : ok          ? "boots and runs the workload"
			       : run->detail);
}

/* Start the boot of the known-good kernel, or look what came of it. */
static void check_known_good(XbDaemon *daemon, const XbHostConfig *host, XbHostCheck *check,
			     json_t *steps)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, NULL);
	g_autoptr(XbRun) run = NULL;
	const char *name = "known-good kernel";

	if (!host->known_good) {
		add_step(steps, name, true,
			 "none configured (known_good=image:KERNEL), so nothing tells a sick host "
			 "from a sick kernel: three troubles in a row take the host offline");
	} else if (check->run == 0 && row && row->recovers &&
		   (row->condition == XB_HOST_UNKNOWN || row->condition == XB_HOST_QUARANTINED)) {
		add_step(steps, name, false, "not booted: the host is in an unknown state");
	} else if (check->run == 0 && xb_hosts_busy(daemon, host->name)) {
		add_step(steps, name, true, "not booted now: the host is at work");
	} else {
		if (check->run == 0)
			check->run = xb_care_start_health(daemon, host, "asked for", &error);
		run = check->run > 0 ? xb_db_run_get(daemon->db, check->run, &error) : NULL;
		if (run && run->state != XB_RUN_DONE)
			return;
		say_known_good(run, error, steps);
	}
	*check = (XbHostCheck){ 0 };
}

static void add_state(XbDaemon *daemon, const XbHostConfig *host, const XbHostRow *row,
		      json_t *steps)
{
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	g_autofree char *why = row->online && !row->drained_ms ? NULL : xb_host_row_why(row);
	g_autofree char *text = NULL;
	const char *host_fp, *workload_fp;

	add_step(steps, "online", row->online, why ? why : "yes");
	if (xb_hosts_fingerprint(daemon, host, workload->settings, NULL, &host_fp, &workload_fp)) {
		text = g_strdup_printf("host %.12s, workload %s %.12s", host_fp, workload->name,
				       workload_fp);
		add_step(steps, "fingerprint", true, text);
	} else {
		add_step(steps, "fingerprint", true,
			 host->recovers ? "asked for when the host is ready and idle"
					: "being asked for");
	}
}

json_t *xb_host_check(XbDaemon *daemon, const XbHostConfig *host, XbHostCheck *check,
		      GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	g_autoptr(XbRun) last = NULL;
	g_autoptr(GError) failure = NULL;
	json_t *steps;

	if (!row)
		return NULL;
	steps = json_array();
	add_state(daemon, host, row, steps);
	last = xb_db_run_last(daemon->db, XB_RUN_BOOT, host->name, NULL);
	if (last)
		add_step(steps, "last boot", last->outcome == XB_OUTCOME_OK,
			 last->outcome == XB_OUTCOME_OK ? "ok" : last->detail);
	if (*row->health)
		add_step(steps, "health", row->outside == 0, row->health);
	if (check_operations(daemon, host, check, steps, &failure)) {
		check_known_good(daemon, host, check, steps);
	} else if (failure) {
		json_decref(steps);
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	return steps;
}
