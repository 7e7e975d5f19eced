/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-host.c - a host's row, its configuration and its fingerprint as one object. */
#include "view-host.h"

#include <math.h>
#include <string.h>

#include "probes.h"

json_t *xb_view_host(XbDaemon *daemon, const XbHostConfig *host, GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	g_autoptr(GPtrArray) active = NULL;
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, NULL);
	const char *host_fp = NULL, *workload_fp = NULL;
	double boot_s;
	bool busy = false;

	if (!row || !(active = xb_db_runs_active(daemon->db, error)))
		return NULL;
	for (guint i = 0; i < active->len; i++) {
		const XbRun *run = active->pdata[i];
		busy |= run->kind == XB_RUN_BOOT && strcmp(run->place, host->name) == 0;
	}
	boot_s = xb_db_run_seconds(daemon->db, XB_RUN_BOOT, host->name, 8, NULL);
	xb_probes_host(daemon->probes, host, workload->settings, &host_fp, &workload_fp);
	return json_pack("{s:s,s:s,s:s,s:s,s:s?,s:o,s:b}", "name", host->name, "driver",
			 host->driver, "state", row->online ? "online" : "offline", "reason",
			 row->reason, "fingerprint", host_fp, "boot_s",
			 isfinite(boot_s) ? json_real(boot_s) : json_null(), "running", busy);
}
