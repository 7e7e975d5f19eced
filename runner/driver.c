/* SPDX-License-Identifier: GPL-2.0-or-later */
/* driver.c - the table of drivers, and the fingerprint made from their facts. */
#include "driver.h"

#include "text.h"

#include <string.h>

const RunnerDriver *const runner_drivers[] = { &runner_driver_qemu, &runner_driver_command,
					       &runner_driver_null, &runner_driver_ssh, NULL };

const RunnerDriver *runner_driver_of(const RunnerJob *job, GError **error)
{
	g_autofree char *name = runner_setting(job->host, "driver", runner_drivers[0]->name);
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; runner_drivers[i]; i++) {
		if (strcmp(runner_drivers[i]->name, name) == 0)
			return runner_drivers[i];
		g_string_append_printf(names, "%s%s", i ? ", " : "", runner_drivers[i]->name);
	}
	g_set_error(error, RUNNER_JOB_ERROR, 0, "driver=%s is not known; there are %s", name,
		    names->str);
	return NULL;
}

static char *hash_of(const json_t *facts)
{
	g_autofree char *text = json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS);

	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

json_t *runner_fingerprint_of(const RunnerDriver *driver, json_t *host, json_t *workload)
{
	g_autofree char *host_hash = NULL;
	g_autofree char *workload_hash = NULL;

	json_object_set_new(host, "driver", json_string(driver->name));
	host_hash = hash_of(host);
	workload_hash = hash_of(workload);
	return json_pack("{s:s,s:s,s:s,s:{s:o,s:o}}", "event", "fingerprint", "host", host_hash,
			 "workload", workload_hash, "facts", "host", host, "workload", workload);
}

json_t *runner_fingerprint(const RunnerDriver *driver, const RunnerJob *job, GError **error)
{
	json_t *host = NULL;
	json_t *workload = NULL;

	if (!driver->facts(job, &host, &workload, error)) {
		json_decref(host);
		json_decref(workload);
		return NULL;
	}
	return runner_fingerprint_of(driver, host, workload);
}

void runner_check_event(RunnerRun *run, const char *operation, bool ok, const char *detail,
			const char *advice)
{
	g_autofree char *safe = xb_text_safe(detail, -1, 2000, false);
	g_autofree char *safe_advice = advice ? xb_text_safe(advice, -1, 2000, false) : NULL;

	runner_run_emit(run, json_pack("{s:s,s:s,s:b,s:s,s:s}", "event", "check", "operation",
				       operation, "ok", ok, "detail", safe, "advice",
				       safe_advice ? safe_advice : ""));
}
