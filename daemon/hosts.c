/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts.c - classes of hosts, and which of them a job may use. */
#include "hosts.h"

#include <string.h>

#include "host-task.h"
#include "probes.h"

bool xb_host_is_deterministic(const XbHostConfig *host)
{
	json_t *said = json_object_get(host->settings, "deterministic");
	const char *icount = json_string_value(json_object_get(host->settings, "icount"));

	if (said)
		return g_strcmp0(json_string_value(said), "yes") == 0;
	return strcmp(host->driver, "qemu") == 0 && g_strcmp0(icount, "no") != 0;
}

bool xb_hosts_busy(XbDaemon *daemon, const char *name)
{
	g_autoptr(GPtrArray) active = xb_db_runs_active(daemon->db, NULL);

	for (guint i = 0; active && i < active->len; i++) {
		const XbRun *run = active->pdata[i];
		if (run->kind == XB_RUN_BOOT && strcmp(run->place, name) == 0)
			return true;
	}
	return xb_host_tasks_busy(daemon->host_tasks, name);
}

bool xb_hosts_fingerprint(XbDaemon *daemon, const XbHostConfig *host, json_t *workload,
			  GHashTable *busy, const char **host_fp, const char **workload_fp)
{
	g_autoptr(XbHostRow) row = NULL;

	if (!host->recovers ||
	    xb_probes_known(daemon->probes, host->name, workload, host_fp, workload_fp))
		return xb_probes_host(daemon->probes, host, workload, host_fp, workload_fp);
	/* the machine itself is asked: its known-good system must be there, and at leisure */
	row = xb_db_host_get(daemon->db, host->name, NULL);
	if (!row || !row->recovers || !xb_host_row_usable(row) ||
	    xb_probes_asking(daemon->probes, host->name) ||
	    (busy ? g_hash_table_contains(busy, host->name) : xb_hosts_busy(daemon, host->name)))
		return false;
	return xb_probes_host(daemon->probes, host, workload, host_fp, workload_fp);
}

/* A host that a job could mean. */
typedef struct {
	XbHostConfig *host;
	const char *host_fp, *workload_fp; /* NULL: not known yet */
} Candidate;

typedef struct {
	GArray *candidates;  /* of Candidate: those that take boots */
	GString *reasons;    /* why others do not */
	const char *offline; /* the name of one that does not */
	bool by_user;        /* a user took it away, not trouble */
	bool coming;         /* one is on its way back, or its fingerprint is */
} Pool;

static void pool_clear(Pool *pool)
{
	g_clear_pointer(&pool->candidates, g_array_unref);
	if (pool->reasons)
		g_string_free(g_steal_pointer(&pool->reasons), TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pool, pool_clear)

/* Of which class the host was when it was last seen; false when nobody knows. */
static bool other_class(XbDaemon *daemon, const XbHostConfig *host, const XbJobData *data,
			json_t *workload)
{
	g_autoptr(XbRun) last = NULL;
	const char *host_fp, *workload_fp;

	if (!*data->host_fp)
		return false;
	if (xb_probes_known(daemon->probes, host->name, workload, &host_fp, &workload_fp))
		return strcmp(host_fp, data->host_fp) != 0;
	last = xb_db_run_last(daemon->db, XB_RUN_BOOT, host->name, NULL);
	return last && last->host_fp && strcmp(last->host_fp, data->host_fp) != 0;
}

static void pool_add(Pool *pool, XbDaemon *daemon, XbHostConfig *host, const XbJobData *data,
		     GHashTable *busy)
{
	json_t *workload = json_object_get(data->spec, "workload_settings");
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, NULL);
	g_autofree char *why = row ? xb_host_row_why(row) : NULL;
	Candidate candidate = { .host = host };

	if (row && row->online && !row->drained_ms && row->condition != XB_HOST_READY) {
		/* it comes back, or goes offline: a job of its class waits for it */
		pool->coming |= !other_class(daemon, host, data, workload);
		return;
	}
	if (why) {
		g_string_append_printf(pool->reasons, "%s%s", pool->reasons->len ? "; " : "", why);
		pool->offline = host->name;
		pool->by_user |= row->drained_ms != 0 || row->troubles == 0;
		pool->by_user &= row->condition != XB_HOST_QUARANTINED;
		return;
	}
	if (!xb_hosts_fingerprint(daemon, host, workload, busy, &candidate.host_fp,
				  &candidate.workload_fp)) {
		candidate.host_fp = NULL;
		pool->coming |= !other_class(daemon, host, data, workload);
	}
	g_array_append_val(pool->candidates, candidate);
}

static bool same_class(const Candidate *candidate, const char *host_fp, const char *workload_fp)
{
	return candidate->host_fp && strcmp(candidate->host_fp, host_fp) == 0 &&
	       strcmp(candidate->workload_fp, workload_fp) == 0;
}

/* The class with most hosts, of equals the first; NULL when none is known. */
static const Candidate *largest_class(const Pool *pool)
{
	const Candidate *best = NULL;
	guint best_count = 0;

	for (guint i = 0; i < pool->candidates->len; i++) {
		const Candidate *one = &g_array_index(pool->candidates, Candidate, i);
		guint count = 0;

		for (guint k = 0; one->host_fp && k < pool->candidates->len; k++)
			count += same_class(&g_array_index(pool->candidates, Candidate, k),
					    one->host_fp, one->workload_fp);
		if (count > best_count) {
			best = one;
			best_count = count;
		}
	}
	return best;
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

/* Nobody takes boots of the job, and nobody is on the way. */
static char *none_left(const Pool *pool, const XbJobData *data)
{
	/* what a user took away comes back, and a job that has not begun can wait; the one in
	 * whose work the trouble was fails with it */
	if (pool->offline && (pool->by_user || data->job->state == XB_JOB_QUEUED))
		return NULL;
	if (!pool->offline)
		return g_strdup("its host is not in the configuration any more");
	return g_strdup_printf("%s; put it back with `xbisect hosts online %s`, then `xbisect "
			       "retry %lld`",
			       pool->reasons->str, pool->offline, (long long)data->job->id);
}

GPtrArray *xb_hosts_of_job(XbDaemon *daemon, XbJobData **data, GHashTable *busy, char **failure,
			   GError **error)
{
	g_autoptr(GPtrArray) hosts = g_ptr_array_new();
	g_auto(Pool) pool = { .candidates = g_array_new(FALSE, FALSE, sizeof(Candidate)),
			      .reasons = g_string_new(NULL) };
	const char *wanted = xb_spec_string(*data, "host");
	const Candidate *class;

	for (guint i = 0; i < daemon->config->hosts->len; i++) {
		XbHostConfig *host = daemon->config->hosts->pdata[i];

		if (xb_host_is_selected(host->name, host->labels, wanted))
			pool_add(&pool, daemon, host, *data, busy);
	}
	for (guint i = 0; i < pool.candidates->len; i++) {
		const Candidate *one = &g_array_index(pool.candidates, Candidate, i);

		if (same_class(one, (*data)->host_fp, (*data)->workload_fp))
			g_ptr_array_add(hosts, one->host);
	}
	if (hosts->len > 0)
		return g_steal_pointer(&hosts);
	if (pool.candidates->len == 0 && !pool.coming)
		*failure = none_left(&pool, *data);
	class = pool.coming ? NULL : largest_class(&pool);
	if (!class)
		return NULL;
	if (*(*data)->host_fp)
		xb_journal(daemon, (*data)->job->id,
			   "the host, its emulator, hypervisor or workload changed: earlier boots "
			   "are left aside and the endpoints are measured again");
	if (!pin(daemon, data, class->host_fp, class->workload_fp, error))
		return NULL;
	return xb_hosts_of_job(daemon, data, busy, failure, error);
}
