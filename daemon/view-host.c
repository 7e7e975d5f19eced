/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-host.c - a host's row, its configuration and its fingerprint as one object. */
#include "view-host.h"

#include "host-locks.h"
#include "host-view.h"
#include "hosts.h"
#include "probes.h"

json_t *xb_view_host(XbDaemon *daemon, const XbHostConfig *host, GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	const char *host_fp = NULL, *workload_fp = NULL;
	g_auto(XbHostWork) work = { 0 };
	json_t *view;

	if (!row || !xb_host_work_read(daemon->db, &work, error))
		return NULL;
	/* the row follows the configuration with the next round */
	g_free(row->labels);
	row->labels = g_strdup(host->labels);
	view = xb_view_host_row(daemon->db, row, &work, error);
	if (!view)
		return NULL;
	xb_hosts_fingerprint(daemon, host, workload->settings, NULL, &host_fp, &workload_fp);
	json_object_set_new(view, "held", xb_host_locks_view(daemon->host_locks, host));
	json_object_set_new(view, "driver", json_string(host->driver));
	json_object_set_new(view, "fingerprint", host_fp ? json_string(host_fp) : json_null());
	json_object_set_new(json_object_get(view, "health"), "every",
			    host->health_every_s > 0 ? json_real(host->health_every_s)
						     : json_null());
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
