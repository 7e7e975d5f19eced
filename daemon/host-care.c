/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-care.c - from the end of a worker to a host that is ready, or away. */
#include "host-care.h"

#include <math.h>
#include <string.h>

#include "alert.h"
#include "executor.h"
#include "host-task.h"
#include "control-limits.h"
#include "outcome.h"
#include "probes.h"
#include "variants.h"
#include "workjob.h"

#define RECOVERIES_MAX 2
#define OUTSIDE_MAX    2  /* health boots outside the limits, in a row */
#define HISTORY        30 /* health boots that limits are learnt from */
#define TIMER_MAX_S    3600

static void replace(char **slot, const char *text)
{
	g_autofree char *old = *slot;

	*slot = g_strdup(text);
}

/* By itself: somebody has to be told. Only rows. */
static bool take_offline(XbDaemon *daemon, XbHostRow *row, const char *reason, GError **error)
{
	row->online = false;
	replace(&row->reason, reason);
	xb_journal(daemon, 0, "%s is offline: %s", row->name, reason);
	return xb_alert_host(daemon, row->name, reason, error);
}

/* ---- health ------------------------------------------------------------------ */

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

int64_t xb_care_start_health(XbDaemon *daemon, const XbHostConfig *host, const char *why,
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

static double mean_of(const GArray *samples)
{
	double mean = 0;

	for (guint i = 0; i < samples->len; i++)
		mean += g_array_index(samples, XbSample, i).value / samples->len;
	return mean;
}

/* One metric of a health boot: what is said of it is appended to @said; *outside is set when it is
 * out of its limits. */
static bool judge_metric(XbDaemon *daemon, const XbRun *run, const XbHostRow *row,
			 const XbMetricConfig *metric, GString *said, bool *outside, GError **error)
{
	g_autoptr(GArray) samples = xb_db_samples(daemon->db, run->id, metric->name, error);
	g_autoptr(GArray) levels = samples ? xb_db_health_levels(daemon->db, run, metric->name,
								 row->health_from, HISTORY, error)
					   : NULL;
	XbLimits limits;
	double level;

	if (!levels)
		return false;
	level = mean_of(samples);
	if (samples->len == 0 || !isfinite(level))
		return true;
	g_string_append_printf(said, "%s%s %.6g %s", said->len ? "; " : "", metric->name, level,
			       metric->unit);
	if (!xb_limits_learn((const double *)levels->data, levels->len, &limits)) {
		g_string_append_printf(said, " (boot %u of %d that limits are learnt from)",
				       levels->len + 1, XB_LIMITS_BOOTS_MIN);
		return true;
	}
	bool fine = level >= limits.low && level <= limits.high;
	*outside |= !fine;
	g_string_append_printf(said, " is %s %.6g to %.6g of %u boots", fine ? "within" : "outside",
			       limits.low, limits.high, levels->len);
	return true;
}

/* The known-good kernel has run the workload: is the host what it was? */
static bool judge_health(XbDaemon *daemon, const XbRun *run, XbHostRow *row, GError **error)
{
	const XbWorkloadConfig *workload = xb_config_workload(daemon->config, run->workload);
	g_autoptr(GString) said = g_string_new(NULL);
	bool outside = false;

	for (guint i = 0; workload && i < workload->metrics->len; i++)
		if (!judge_metric(daemon, run, row, workload->metrics->pdata[i], said, &outside,
				  error))
			return false;
	replace(&row->health, said->len ? said->str : "it ran");
	xb_journal(daemon, 0, "%s: health boot r%lld: %s", row->name, (long long)run->id,
		   row->health);
	row->outside = outside ? row->outside + 1 : 0;
	if (row->condition == XB_HOST_QUARANTINED)
		return true;
	row->condition = outside ? XB_HOST_SUSPECT : XB_HOST_READY;
	if (row->outside < OUTSIDE_MAX || !row->online)
		return true;
	g_autofree char *reason = g_strdup_printf(
		"its known-good kernel is not what it was, twice in a row: %s", said->str);
	return take_offline(daemon, row, reason, error);
}

/* ---- ends of workers ------------------------------------------------------------ */

bool xb_care_run_ended(XbDaemon *daemon, const XbRun *run, XbOutcome outcome, bool unwanted,
		       GError **error)
{
	bool health = strcmp(run->purpose, "health") == 0;
	bool trouble = outcome == XB_OUTCOME_HOST_TROUBLE || (health && outcome != XB_OUTCOME_OK);
	g_autoptr(XbHostRow) row = NULL;

	if (run->kind != XB_RUN_BOOT)
		return true;
	row = xb_db_host_get(daemon->db, run->place, error);
	if (!row)
		return false;
	/* nor is a host blamed for a boot that explains: its emulator does more than others' */
	if (!trouble || !(unwanted || xb_run_is_explain(run)))
		row->troubles = trouble ? row->troubles + 1 : 0;
	/* its worker has not said that all is as before */
	if (row->recovers && outcome != XB_OUTCOME_OK && row->condition != XB_HOST_QUARANTINED)
		row->condition = XB_HOST_UNKNOWN;
	if (health) {
		row->health_ms = xb_now_ms();
		if (outcome != XB_OUTCOME_OK)
			replace(&row->health, xb_outcome_name(outcome));
		else if (!judge_health(daemon, run, row, error))
			return false;
	}
	return xb_db_host_set(daemon->db, row, error);
}

static bool recovery_failed(XbDaemon *daemon, XbHostRow *row, const char *detail, GError **error)
{
	g_autofree char *reason = NULL;

	row->condition = XB_HOST_UNKNOWN;
	if (++row->recoveries < RECOVERIES_MAX)
		return true;
	row->condition = XB_HOST_QUARANTINED;
	reason = g_strdup_printf("quarantined: it did not come back to its known-good system, "
				 "twice in a row: %s",
				 detail);
	return !row->online || take_offline(daemon, row, reason, error);
}

/* The last three boots here were troubles of one kernel, and the one before was none: with a host
 * that came back after each, it is the kernel. A host that another kernel leaves in trouble
 * next, without one that went well in between, gets no such credit. */
static bool one_kernel_only(XbDaemon *daemon, const char *host)
{
	g_autoptr(GPtrArray) runs =
		xb_db_runs_recent(daemon->db, XB_RUN_BOOT, host, XB_TROUBLES_MAX + 1, NULL);

	if (!runs || runs->len <= XB_TROUBLES_MAX)
		return false;
	for (guint i = 0; i <= XB_TROUBLES_MAX; i++) {
		const XbRun *run = runs->pdata[i], *last = runs->pdata[0];
		bool trouble = run->outcome == XB_OUTCOME_HOST_TROUBLE;

		if (xb_run_is_lost(run) || trouble != (i < XB_TROUBLES_MAX) ||
		    (trouble && run->variant_id != last->variant_id))
			return false;
	}
	return true;
}

/* A recovery went well. Where a known-good kernel is configured, its health boot decides whether
 * the host is well; elsewhere the recovery itself is all there is. */
static void recovered(XbDaemon *daemon, const XbHostConfig *host, XbHostRow *row)
{
	bool doubt = host && host->known_good && (row->troubles > 0 || row->outside > 0);

	row->recoveries = 0;
	row->condition = doubt ? XB_HOST_SUSPECT : XB_HOST_READY;
	if (!doubt && row->troubles >= XB_TROUBLES_MAX && one_kernel_only(daemon, row->name)) {
		xb_journal(daemon, 0,
			   "%s came back each time: its last %d troubles are the kernel's",
			   row->name, row->troubles);
		row->troubles = 0;
	}
	/* who knows what was changed on it */
	xb_probes_forget(daemon->probes, row->name);
}

bool xb_care_task_ended(XbDaemon *daemon, const XbHostTask *task, XbOutcome outcome,
			const char *detail, bool counts, GError **error)
{
	const XbHostConfig *host = xb_config_host(daemon->config, task->host);
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, task->host, error);

	if (!row)
		return false;
	if (!counts || row->condition == XB_HOST_QUARANTINED)
		return true;
	if (outcome == XB_OUTCOME_OK) {
		recovered(daemon, host, row);
	} else if (task->kind == XB_HOST_CHECK) {
		row->condition = XB_HOST_UNKNOWN;
	} else if (!recovery_failed(daemon, row, detail, error)) {
		return false;
	}
	return xb_db_host_set(daemon->db, row, error);
}

/* ---- what is next ------------------------------------------------------------- */

/* The configuration as the row has it: readers of the database see no other. */
static bool sync_row(XbDaemon *daemon, const XbHostConfig *host, XbHostRow *row, GError **error)
{
	bool suspect = row->condition == XB_HOST_SUSPECT && !host->known_good;
	bool stuck = suspect ||
		     (row->condition != XB_HOST_READY && !host->recovers && !host->known_good);

	if (row->recovers == host->recovers && strcmp(row->labels, host->labels) == 0 && !stuck)
		return true;
	if (host->recovers && !row->recovers)
		row->condition = XB_HOST_UNKNOWN; /* nobody knows what was done on it before */
	else if (row->condition == XB_HOST_SUSPECT && !host->known_good && host->recovers)
		row->condition = XB_HOST_UNKNOWN; /* no health boot can clear it any more */
	else if (!host->recovers)
		row->condition = XB_HOST_READY;
	row->recovers = host->recovers;
	replace(&row->labels, host->labels);
	return xb_db_host_set(daemon->db, row, error);
}

static bool offline_now(XbDaemon *daemon, XbHostRow *row, const char *reason, GError **error)
{
	if (!xb_db_begin(daemon->db, error))
		return false;
	if (!take_offline(daemon, row, reason, error) || !xb_db_host_set(daemon->db, row, error) ||
	    !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return false;
	}
	xb_deliverer_round(daemon->deliverer);
	return true;
}

static bool start_or_leave(XbDaemon *daemon, const XbHostConfig *host, XbHostRow *row,
			   const char *why, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *reason = NULL;

	if (xb_care_start_health(daemon, host, why, &local) >= 0)
		return true;
	reason = g_strdup_printf("its known-good kernel can't be used: %s", local->message);
	return offline_now(daemon, row, reason, error);
}

static bool is_due(const XbHostConfig *host, const XbHostRow *row, int64_t now)
{
	return host->health_every_s > 0 &&
	       now - row->health_ms >= (int64_t)(host->health_every_s * 1000);
}

/* What the host needs before it takes boots of jobs; *used when something was started on it. */
static bool give(XbDaemon *daemon, const XbHostConfig *host, XbHostRow *row, bool *used,
		 GError **error)
{
	g_autoptr(XbRun) last = NULL;
	g_autofree char *reason = NULL;
	bool after_health;

	*used = true;
	last = xb_db_run_last(daemon->db, XB_RUN_BOOT, host->name, NULL);
	if (row->condition == XB_HOST_UNKNOWN)
		return xb_host_tasks_start(daemon->host_tasks, host, XB_HOST_RECOVER,
					   row->recoveries > 0 ? "once more"
					   : last ? "the last boot on it did not end well"
						  : "it is new here",
					   error) >= 0;
	after_health = last && !xb_run_is_lost(last) && strcmp(last->purpose, "health") == 0;
	if (row->troubles >= XB_TROUBLES_MAX && host->known_good && !after_health)
		return start_or_leave(daemon, host, row, "after three troubles in a row", error);
	if (row->troubles >= XB_TROUBLES_MAX) {
		reason = g_strdup_printf("%d troubles in a row, the last: %s", row->troubles,
					 last && last->detail ? last->detail : "unknown");
		return offline_now(daemon, row, reason, error);
	}
	if (row->condition == XB_HOST_SUSPECT)
		return start_or_leave(daemon, host, row,
				      row->outside ? "it was outside its control limits"
						   : "after trouble",
				      error);
	if (is_due(host, row, xb_now_ms()))
		return start_or_leave(daemon, host, row, "on schedule", error);
	*used = false;
	return true;
}

static bool care_for(XbDaemon *daemon, const XbHostConfig *host, GHashTable *busy, GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	bool used;

	if (!row || !sync_row(daemon, host, row, error))
		return false;
	if (!row->online || row->drained_ms || g_hash_table_contains(busy, host->name))
		return true;
	if (!give(daemon, host, row, &used, error))
		return false;
	if (used)
		g_hash_table_add(busy, g_strdup(host->name));
	return true;
}

static void wake_when_due(XbDaemon *daemon)
{
	int64_t now = xb_now_ms();
	double next_s = INFINITY;

	for (guint i = 0; i < daemon->config->hosts->len; i++) {
		const XbHostConfig *host = daemon->config->hosts->pdata[i];
		g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, NULL);

		/* one that is due and busy gets its turn when it is free */
		if (row && host->health_every_s > 0 && xb_host_row_usable(row) &&
		    !is_due(host, row, now))
			next_s = MIN(next_s,
				     host->health_every_s - (double)(now - row->health_ms) / 1000);
	}
	g_clear_handle_id(&daemon->care_source, g_source_remove);
	if (isfinite(next_s))
		xb_daemon_poke_later(daemon, &daemon->care_source,
				     (guint)(CLAMP(next_s, 0.1, TIMER_MAX_S) * 1000) + 50);
}

bool xb_care_round(XbDaemon *daemon, GHashTable *busy, GError **error)
{
	if (!xb_host_tasks_adopt(daemon->host_tasks, busy, error))
		return false;
	for (guint i = 0; i < daemon->config->hosts->len; i++)
		if (!care_for(daemon, daemon->config->hosts->pdata[i], busy, error))
			return false;
	/* what ended since the last round may have taken a host away */
	xb_deliverer_round(daemon->deliverer);
	wake_when_due(daemon);
	return true;
}

/* ---- by a user ------------------------------------------------------------------ */

/* Somebody may have worked on it. */
static void in_doubt(const XbHostConfig *host, XbHostRow *row)
{
	row->condition = host->recovers ? XB_HOST_UNKNOWN : XB_HOST_READY;
	row->recoveries = 0;
	row->troubles = 0;
	row->outside = 0;
}

static bool write_row(XbDaemon *daemon, const XbHostRow *row, bool back, GError **error)
{
	if (!xb_db_begin(daemon->db, error))
		return false;
	if ((back && !xb_alert_host_back(daemon, row->name, error)) ||
	    !xb_db_host_set(daemon->db, row, error) || !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return false;
	}
	if (back)
		xb_deliverer_round(daemon->deliverer);
	xb_daemon_poke(daemon);
	return true;
}

bool xb_care_set_online(XbDaemon *daemon, const XbHostConfig *host, const char *reason,
			GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);

	if (!row)
		return false;
	row->online = reason == NULL;
	replace(&row->reason, reason ? reason : "");
	row->troubles = 0;
	if (!reason)
		in_doubt(host, row);
	xb_journal(daemon, 0, "%s is %s%s%s", host->name, reason ? "offline" : "online",
		   reason ? ": " : "", reason ? reason : "");
	return write_row(daemon, row, !reason, error);
}

bool xb_care_set_drained(XbDaemon *daemon, const XbHostConfig *host, const char *reason,
			 GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);

	if (!row)
		return false;
	if (!reason && !row->drained_ms)
		return true;
	row->drained_ms = reason ? xb_now_ms() : 0;
	replace(&row->drained, reason ? reason : "");
	if (!reason && row->condition != XB_HOST_QUARANTINED)
		in_doubt(host, row);
	xb_journal(daemon, 0, "%s %s%s", host->name,
		   reason ? "is drained: " : "takes boots again after it was drained",
		   reason ? reason : "");
	return write_row(daemon, row, false, error);
}

bool xb_care_relearn(XbDaemon *daemon, const XbHostConfig *host, GError **error)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, host->name, error);
	g_autoptr(XbRun) last = xb_db_run_last(daemon->db, XB_RUN_BOOT, host->name, NULL);

	if (!row)
		return false;
	row->health_from = last ? last->id : 0;
	row->outside = 0;
	if (row->condition == XB_HOST_SUSPECT && row->troubles == 0)
		row->condition = XB_HOST_READY;
	xb_journal(daemon, 0, "%s: its control limits are learnt anew", host->name);
	return write_row(daemon, row, false, error);
}
