/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts.c - classes of hosts, and their health. */
#include "hosts.h"

#include <string.h>

#include "executor.h"
#include "outcome.h"
#include "probes.h"
#include "variants.h"
#include "workjob.h"

bool xb_host_is_deterministic(const XbHostConfig *host)
{
	json_t *said = json_object_get(host->settings, "deterministic");
	const char *icount = json_string_value(json_object_get(host->settings, "icount"));

	if (said)
		return g_strcmp0(json_string_value(said), "yes") == 0;
	return strcmp(host->driver, "qemu") == 0 && g_strcmp0(icount, "no") != 0;
}

/* Why hosts that could be meant are no candidates. */
typedef struct {
	GString *reasons;
	const char *offline; /* the name of one */
	bool by_user;        /* one of them was taken offline by a user, not by trouble */
} Missing;

static bool host_is_candidate(XbDaemon *daemon, const XbHostConfig *host, const char *wanted,
			      Missing *missing)
{
	g_autoptr(XbHostRow) row = NULL;

	if (*wanted && strcmp(host->name, wanted) != 0)
		return false;
	row = xb_db_host_get(daemon->db, host->name, NULL);
	if (row && !row->online) {
		g_string_append_printf(missing->reasons, "%s%s is offline: %s",
				       missing->reasons->len ? "; " : "", host->name, row->reason);
		missing->offline = host->name;
		missing->by_user |= row->troubles == 0;
		return false;
	}
	return true;
}

/* Pin the job to a class; load its data anew, since what counts has changed. */
static bool pin(XbDaemon *daemon, XbJobData **data, const char *host_fp, const char *workload_fp,
		GError **error)
{
	g_autofree char *text = NULL;
	int64_t id = (*data)->job->id;

	json_object_set_new((*data)->spec, "host_fp", json_string(host_fp));
	json_object_set_new((*data)->spec, "workload_fp", json_string(workload_fp));
	text = json_dumps((*data)->spec, JSON_COMPACT);
	if (!xb_db_job_set_spec(daemon->db, id, text, error))
		return false;
	xb_jobdata_free(*data);
	*data = xb_jobdata_load(daemon->db, id, error);
	return *data != NULL;
}

GPtrArray *xb_hosts_of_job(XbDaemon *daemon, XbJobData **data, char **failure, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	g_autoptr(GPtrArray) hosts = g_ptr_array_new();
	g_autoptr(GString) reasons = g_string_new(NULL);
	json_t *workload = json_object_get((*data)->spec, "workload_settings");
	const char *first_host = NULL, *first_workload = NULL;
	Missing missing = { .reasons = reasons };
	bool waiting = false;

	for (guint i = 0; i < daemon->config->hosts->len; i++) {
		XbHostConfig *host = daemon->config->hosts->pdata[i];
		const char *host_fp, *workload_fp;

		if (!host_is_candidate(daemon, host, xb_spec_string(*data, "host"), &missing))
			continue;
		g_ptr_array_add(all, host);
		if (!xb_probes_host(daemon->probes, host, workload, &host_fp, &workload_fp)) {
			waiting = true;
			continue;
		}
		if (!first_host) {
			first_host = host_fp;
			first_workload = workload_fp;
		}
		if (strcmp(host_fp, (*data)->host_fp) == 0 &&
		    strcmp(workload_fp, (*data)->workload_fp) == 0)
			g_ptr_array_add(hosts, host);
	}
	/* what a user took away comes back, and a job that has not begun can wait; the one in
	 * whose work the trouble was fails with it */
	if (all->len == 0 && missing.offline &&
	    (missing.by_user || (*data)->job->state == XB_JOB_QUEUED))
		return NULL;
	if (all->len == 0) {
		*failure = missing.offline
				   ? g_strdup_printf("%s; put it back with `xbisect hosts online "
						     "%s`, then `xbisect retry %lld`",
						     reasons->str, missing.offline,
						     (long long)(*data)->job->id)
				   : g_strdup("its host is not in the configuration any more");
		return NULL;
	}
	if (hosts->len > 0)
		return g_steal_pointer(&hosts);
	if (waiting || !first_host)
		return NULL;
	if (*(*data)->host_fp)
		xb_journal(daemon, (*data)->job->id,
			   "the host, its emulator, hypervisor or workload changed: earlier boots "
			   "are left aside and the endpoints are measured again");
	if (!pin(daemon, data, first_host, first_workload, error))
		return NULL;
	return xb_hosts_of_job(daemon, data, failure, error);
}

/* ---- health -------------------------------------------------------------- */

/* "image:KERNEL[:MODULES]" -> variant */
static int64_t known_good_variant(XbDaemon *daemon, const XbHostConfig *host, GError **error)
{
	const char *text = host->known_good;
	g_auto(GStrv) parts = NULL;

	if (g_str_has_prefix(text, "image:"))
		text += strlen("image:");
	parts = g_strsplit(text, ":", 2);
	return xb_variant_of_image(daemon, parts[0], parts[0] ? parts[1] : NULL, error);
}

static int64_t start_health(XbDaemon *daemon, const XbHostConfig *host, const char *why,
			    GError **error)
{
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	g_autoptr(XbVariant) variant = NULL;
	g_autoptr(json_t) job = NULL;
	int64_t now = xb_now_ms();
	XbRun run = { .kind = XB_RUN_BOOT,
		      .node = -1,
		      .place = host->name,
		      .workload = workload->name,
		      .purpose = (char *)"health",
		      .why = (char *)why,
		      .phase = (char *)"",
		      .started_ms = now,
		      .deadline_ms = now + (int64_t)(host->deadline_s * 1000) };

	run.variant_id = known_good_variant(daemon, host, error);
	if (run.variant_id < 0 || !(variant = xb_db_variant_get(daemon->db, run.variant_id, error)))
		return -1;
	job = xb_workjob_boot(variant, host, workload->settings, 0, 0);
	xb_journal(daemon, 0, "%s: booting the known-good kernel: %s", host->name, why);
	return xb_executor_start(daemon->executor, &run, daemon->config->runner_command, job,
				 error);
}

static bool take_offline(XbDaemon *daemon, XbHostRow *row, const char *reason, GError **error)
{
	row->online = false;
	g_free(row->reason);
	row->reason = g_strdup(reason);
	xb_journal(daemon, 0, "%s is offline: %s", row->name, reason);
	return xb_db_host_set(daemon->db, row, error);
}

static bool care_for(XbDaemon *daemon, const XbHostConfig *host, GHashTable *busy, GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	g_autoptr(XbRun) last = NULL;
	g_autoptr(GError) local = NULL;
	g_autofree char *reason = NULL;

	if (!row)
		return false;
	if (!row->online || row->troubles < XB_TROUBLES_MAX ||
	    g_hash_table_contains(busy, host->name))
		return true;
	last = xb_db_run_last(daemon->db, XB_RUN_BOOT, host->name, NULL);
	if (host->known_good && !(last && strcmp(last->purpose, "health") == 0)) {
		if (start_health(daemon, host, "after three troubles in a row", &local) >= 0) {
			g_hash_table_add(busy, g_strdup(host->name));
			return true;
		}
		reason = g_strdup_printf("its known-good kernel can't be used: %s", local->message);
	} else {
		reason = g_strdup_printf("%d troubles in a row, the last: %s", row->troubles,
					 last && last->detail ? last->detail : "unknown");
	}
	return take_offline(daemon, row, reason, error);
}

bool xb_hosts_care(XbDaemon *daemon, GHashTable *busy, GError **error)
{
	for (guint i = 0; i < daemon->config->hosts->len; i++)
		if (!care_for(daemon, daemon->config->hosts->pdata[i], busy, error))
			return false;
	return true;
}

static void add_step(json_t *steps, const char *name, bool ok, const char *detail)
{
	json_array_append_new(steps,
			      json_pack("{s:s,s:b,s:s}", "name", name, "ok", ok, "detail", detail));
}

/* Is a boot under way on the host? */
static bool is_busy(XbDaemon *daemon, const char *name)
{
	g_autoptr(GPtrArray) active = xb_db_runs_active(daemon->db, NULL);

	for (guint i = 0; active && i < active->len; i++) {
		const XbRun *run = active->pdata[i];
		if (run->kind == XB_RUN_BOOT && strcmp(run->place, name) == 0)
			return true;
	}
	return false;
}

/* Start the boot of the known-good kernel, or look what came of it. */
static void check_known_good(XbDaemon *daemon, const XbHostConfig *host, int64_t *run_id,
			     json_t *steps)
{
	const char *name = "known-good kernel";
	g_autoptr(GError) error = NULL;
	g_autoptr(XbRun) run = NULL;

	if (!host->known_good) {
		add_step(steps, name, true,
			 "none configured, so three troubles in a row take the host offline");
	} else if (*run_id == 0 && is_busy(daemon, host->name)) {
		add_step(steps, name, true, "not booted now: the host is at work");
	} else {
		if (*run_id == 0)
			*run_id = start_health(daemon, host, "asked for", &error);
		run = *run_id > 0 ? xb_db_run_get(daemon->db, *run_id, &error) : NULL;
		if (run && run->state != XB_RUN_DONE)
			return;
		add_step(steps, name, run && run->outcome == XB_OUTCOME_OK,
			 !run && error                   ? error->message
			 : !run                          ? "it could not be started"
			 : run->outcome == XB_OUTCOME_OK ? "boots and runs the workload"
							 : run->detail);
	}
	*run_id = 0;
}

json_t *xb_hosts_check(XbDaemon *daemon, const XbHostConfig *host, int64_t *run_id, GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	g_autoptr(XbRun) last = NULL;
	const char *host_fp, *workload_fp;
	g_autofree char *text = NULL;
	json_t *steps;

	if (!row)
		return NULL;
	steps = json_array();
	add_step(steps, "online", row->online, row->online ? "yes" : row->reason);
	if (xb_probes_host(daemon->probes, host, workload->settings, &host_fp, &workload_fp)) {
		text = g_strdup_printf("host %.12s, workload %s %.12s", host_fp, workload->name,
				       workload_fp);
		add_step(steps, "fingerprint", true, text);
	} else {
		add_step(steps, "fingerprint", true, "being asked for");
	}
	last = xb_db_run_last(daemon->db, XB_RUN_BOOT, host->name, NULL);
	if (last)
		add_step(steps, "last boot", last->outcome == XB_OUTCOME_OK,
			 last->outcome == XB_OUTCOME_OK ? "ok" : last->detail);
	check_known_good(daemon, host, run_id, steps);
	return steps;
}
