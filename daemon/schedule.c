/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schedule.c - read, plan, start. */
#include "schedule.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "alert.h"
#include "control-server.h"
#include "culprit-metrics.h"
#include "culprit.h"
#include "executor.h"
#include "host-care.h"
#include "hosts.h"
#include "outcome.h"
#include "measured-path.h"
#include "plan-explain.h"
#include "plan-sides.h"
#include "planner.h"
#include "probes.h"
#include "space.h"
#include "variants.h"
#include "warn.h"
#include "watch.h"
#include "workjob.h"

#define RETRY_S       5 /* after a round that could not write or had no room */
#define BUILD_S_GUESS 180
#define BOOT_S_GUESS  20

/* What is taken in this round, so that one round does not give one thing twice. */
typedef struct {
	XbDaemon *daemon;
	GPtrArray *active;      /* XbRun* */
	GHashTable *busy_hosts; /* name set */
	guint64 busy_slots;     /* bit set */
	GHashTable *keep;       /* variants that must stay on disk: int64 set */
	bool no_room;           /* nothing new is started */
} Round;

static void round_clear(Round *round)
{
	g_clear_pointer(&round->active, g_ptr_array_unref);
	g_clear_pointer(&round->busy_hosts, g_hash_table_unref);
	g_clear_pointer(&round->keep, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Round, round_clear)

/* The job of @run is closed: cancelled or decided while the daemon could not end the worker. */
static void stop_unwanted(const Round *round, const XbRun *run)
{
	g_autoptr(XbJob) job =
		run->job_id ? xb_db_job_get(round->daemon->db, run->job_id, NULL) : NULL;

	if (job && job->state != XB_JOB_QUEUED && job->state != XB_JOB_RUNNING)
		xb_executor_stop(round->daemon->executor, run->id);
}

static bool round_begin(Round *round, GError **error)
{
	if (!xb_executor_adopt(round->daemon->executor, error))
		return false;
	round->active = xb_db_runs_active(round->daemon->db, error);
	if (!round->active)
		return false;
	round->busy_hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	round->keep = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	for (guint i = 0; i < round->active->len; i++) {
		const XbRun *run = round->active->pdata[i];
		stop_unwanted(round, run);
		if (run->kind == XB_RUN_BOOT)
			g_hash_table_add(round->busy_hosts, g_strdup(run->place));
		else
			round->busy_slots |= G_GUINT64_CONSTANT(1) << (atoi(run->place) & 63);
		g_hash_table_add(round->keep, g_memdup2(&run->variant_id, sizeof(run->variant_id)));
	}
	for (guint i = 0; i < round->daemon->config->hosts->len; i++) {
		const XbHostConfig *host = round->daemon->config->hosts->pdata[i];
		/* a machine that is asked is left in peace */
		if (host->recovers && xb_probes_asking(round->daemon->probes, host->name))
			g_hash_table_add(round->busy_hosts, g_strdup(host->name));
	}
	return true;
}

static guint free_slots(const Round *round)
{
	guint count = 0;

	for (int i = 0; i < round->daemon->config->slots; i++)
		count += !(round->busy_slots & (G_GUINT64_CONSTANT(1) << i));
	return count;
}

/* The free slot whose last build was the nearest: by the distance of the nodes' numbers in the job,
 * which follow a range in topological order, so across a merge it is only a guess at how much the
 * trees differ. A slot that last built what is not in the job comes after those; of equal ones the
 * first. */
static int choose_slot(const Round *round, const XbJobData *data, const XbWant *want)
{
	int best = -1;
	double best_distance = INFINITY;

	for (int i = 0; i < round->daemon->config->slots; i++) {
		g_autofree char *place = g_strdup_printf("%d", i);
		g_autoptr(XbRun) last = NULL;
		const XbRole *role;
		double distance = 1e9;

		if (round->busy_slots & (G_GUINT64_CONSTANT(1) << i))
			continue;
		last = xb_db_run_last(round->daemon->db, XB_RUN_BUILD, place, NULL);
		role = last ? xb_jobdata_role(data, last) : NULL;
		if (role)
			distance = abs(role->node - want->node);
		if (distance < best_distance) {
			best = i;
			best_distance = distance;
		}
	}
	return best;
}

static bool start_build(Round *round, const XbJobData *data, const XbWant *want, GError **error)
{
	XbDaemon *daemon = round->daemon;
	g_autoptr(XbVariant) variant = xb_db_variant_get(daemon->db, want->variant_id, error);
	int slot = choose_slot(round, data, want);
	g_autofree char *place = g_strdup_printf("%d", slot);
	g_autoptr(json_t) job = NULL;
	XbRun run = { .kind = XB_RUN_BUILD,
		      .job_id = data->job->id,
		      .node = want->node,
		      .variant_id = want->variant_id,
		      .place = place,
		      .workload = (char *)"",
		      .purpose = (char *)want->purpose,
		      .why = want->why,
		      .phase = (char *)"",
		      .started_ms = xb_now_ms() };

	if (!variant || slot < 0)
		return variant != NULL;
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *other = data->runs->pdata[i];
		/* an evicted image that is being built again still counts as built */
		if (other->kind == XB_RUN_BUILD && other->variant_id == variant->id &&
		    other->state != XB_RUN_DONE)
			return true;
	}
	run.deadline_ms = run.started_ms + (int64_t)(daemon->config->build_deadline_s * 1000);
	job = xb_workjob_build(daemon, variant, slot, error);
	if (!job)
		return false;
	round->busy_slots |= G_GUINT64_CONSTANT(1) << slot;
	xb_journal(daemon, data->job->id, "build %.12s%s (%s): %s",
		   ((XbJobCommit *)data->commits->pdata[want->node])->label,
		   variant->clean ? " clean" : "", want->purpose, want->why);
	return xb_executor_start(daemon->executor, &run, daemon->config->builder_command, job,
				 error) >= 0;
}

static bool start_boot(Round *round, const XbJobData *data, const XbWant *want,
		       const XbHostConfig *host, GError **error)
{
	XbDaemon *daemon = round->daemon;
	g_autoptr(XbVariant) variant = xb_db_variant_get(daemon->db, want->variant_id, error);
	g_autoptr(json_t) job = NULL;
	XbRun run = { .kind = XB_RUN_BOOT,
		      .job_id = data->job->id,
		      .node = want->node,
		      .variant_id = want->variant_id,
		      .place = host->name,
		      .workload = (char *)xb_spec_string(data, "workload"),
		      .perturb = want->perturb,
		      .purpose = (char *)want->purpose,
		      .why = want->why,
		      .phase = (char *)"",
		      .started_ms = xb_now_ms(),
		      .host_fp = (char *)data->host_fp,
		      .workload_fp = (char *)data->workload_fp };

	if (!variant)
		return false;
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *other = data->runs->pdata[i];
		run.boot += other->kind == XB_RUN_BOOT && other->variant_id == want->variant_id;
	}
	run.deadline_ms = run.started_ms + (int64_t)(host->deadline_s * 1000);
	job = xb_workjob_boot(variant, host, json_object_get(data->spec, "workload_settings"),
			      run.boot, want->perturb);
	if (xb_run_is_explain(&run))
		json_object_set_new(job, "profile", json_string(xb_explain_mode(host)));
	g_hash_table_add(round->busy_hosts, g_strdup(host->name));
	if (!xb_db_variant_touch(daemon->db, variant->id, run.started_ms, error))
		return false;
	xb_journal(daemon, data->job->id, "boot %.12s on %s (%s): %s",
		   ((XbJobCommit *)data->commits->pdata[want->node])->label, host->name,
		   want->purpose, want->why);
	return xb_executor_start(daemon->executor, &run, daemon->config->runner_command, job,
				 error) >= 0;
}

static bool start_wants(Round *round, const XbJobData *data, GArray *wants, GPtrArray *hosts,
			GError **error)
{
	for (guint i = 0; i < wants->len; i++) {
		const XbWant *want = &g_array_index(wants, XbWant, i);

		if (want->kind == XB_RUN_BUILD) {
			if (free_slots(round) > 0 && !start_build(round, data, want, error))
				return false;
			continue;
		}
		for (guint h = 0; h < hosts->len; h++) {
			const XbHostConfig *host = hosts->pdata[h];
			if (g_hash_table_contains(round->busy_hosts, host->name) ||
			    (strcmp(want->purpose, XB_PURPOSE_NAME_EXPLAIN) == 0 &&
			     !xb_explain_mode(host)))
				continue;
			if (!start_boot(round, data, want, host, error))
				return false;
			break;
		}
	}
	return true;
}

static double learnt(XbDb *db, XbRunKind kind, const char *place, double guess)
{
	double seconds = xb_db_run_seconds(db, kind, place, 8, NULL);
	return isfinite(seconds) && seconds > 0 ? seconds : guess;
}

static void measure_capacity(const Round *round, const XbJobData *data, GPtrArray *hosts,
			     XbCapacity *capacity)
{
	*capacity = (XbCapacity){
		.hosts = hosts->len,
		.builders = xb_spec_bool(data, "images") ? 0 : (guint)round->daemon->config->slots,
		.boot_s = learnt(round->daemon->db, XB_RUN_BOOT, NULL, BOOT_S_GUESS),
		.build_s = learnt(round->daemon->db, XB_RUN_BUILD, NULL, BUILD_S_GUESS),
		.deterministic = hosts->len > 0,
	};
	capacity->free_builders = capacity->builders ? free_slots(round) : 0;
	for (guint i = 0; i < hosts->len; i++) {
		const XbHostConfig *host = hosts->pdata[i];
		capacity->free_hosts += !g_hash_table_contains(round->busy_hosts, host->name);
		capacity->deterministic &= xb_host_is_deterministic(host);
	}
}

/* The job's end, or what it thinks so far. */
static bool write_rows(XbDaemon *daemon, const XbJobData *data, const XbPlanned *planned,
		       GError **error)
{
	const char *kind = json_string_value(json_object_get(planned->verdict, "kind"));
	bool culprit = planned->decided && g_strcmp0(kind, "culprit") == 0;
	g_autofree char *text = NULL;
	XbDb *db = daemon->db;

	if (culprit && !xb_culprit_add_metrics(daemon, data, planned->verdict, error))
		return false;
	text = planned->verdict ? json_dumps(planned->verdict, JSON_COMPACT) : NULL;
	if (text && g_strcmp0(text, data->job->verdict) != 0 &&
	    !xb_db_job_set_verdict(db, data->job->id, text, error))
		return false;
	if (planned->failure) {
		/* it may hold the cut name of a file */
		g_autofree char *why = g_utf8_make_valid(planned->failure, -1);
		xb_journal(daemon, data->job->id, "failed: %s", why);
		return xb_db_job_set_state(db, data->job->id, XB_JOB_FAILED, why, xb_now_ms(),
					   error);
	}
	if (planned->decided) {
		if (culprit && !xb_culprit_keep(daemon, data, planned->verdict, error))
			return false;
		xb_journal(daemon, data->job->id, "verdict: %s", kind);
		return xb_alert_verdict(daemon, data, planned->verdict, error) &&
		       xb_db_job_set_state(db, data->job->id, XB_JOB_DONE, NULL, xb_now_ms(),
					   error);
	}
	return true;
}

/* In one transaction: a verdict that nobody is told of does not exist. */
static bool write_verdict(XbDaemon *daemon, const XbJobData *data, const XbPlanned *planned,
			  GError **error)
{
	if (!xb_db_begin(daemon->db, error))
		return false;
	if (!write_rows(daemon, data, planned, error) || !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return false;
	}
	if (planned->decided)
		xb_deliverer_round(daemon->deliverer);
	/* a watch may wait for it */
	if (planned->decided || planned->failure)
		xb_daemon_poke(daemon);
	return true;
}

typedef bool (*Planner)(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			XbPlanned *out, GError **error);
static const Planner planners[] = {
	[XB_JOB_BISECT] = xb_plan_bisect_job,
	[XB_JOB_AB] = xb_plan_ab_job,
	[XB_JOB_MEASURE] = xb_plan_measure_job,
};

static void keep_variants(Round *round, const XbJobData *data)
{
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, data->roles);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		g_hash_table_add(round->keep, g_memdup2(id, sizeof(int64_t)));
}

/* Nothing runs, nothing is wanted, no verdict: say so instead of waiting for ever. */
static bool is_stuck(const Round *round, const XbJobData *data, const XbPlanned *planned,
		     const XbCapacity *capacity)
{
	if (planned->decided || planned->failure || planned->wants->len > 0 ||
	    round->daemon->plan_source || capacity->free_hosts < capacity->hosts ||
	    (capacity->builders && capacity->free_builders < capacity->builders))
		return false;
	for (guint i = 0; i < data->runs->len; i++)
		if (((XbRun *)data->runs->pdata[i])->state != XB_RUN_DONE)
			return false;
	return true;
}

/* What a job that is over still runs is stopped, and those who wait for it are told. */
static void finish_planning(XbDaemon *daemon, int64_t job_id, XbPlanned *planned)
{
	if (planned->decided || planned->failure) {
		xb_schedule_stop_job(daemon, job_id);
		xb_control_server_job_ended(daemon->control, job_id);
	}
	xb_planned_clear(planned);
}

static bool plan_job(Round *round, int64_t job_id, GError **error)
{
	XbDaemon *daemon = round->daemon;
	g_autoptr(XbJobData) data = xb_jobdata_load(daemon->db, job_id, error);
	g_autoptr(GPtrArray) hosts = NULL;
	XbPlanned planned = { .wants = g_array_new(FALSE, FALSE, sizeof(XbWant)) };
	XbCapacity capacity;
	bool ok = true;

	g_array_set_clear_func(planned.wants, (GDestroyNotify)xb_want_clear);
	if (!data) {
		xb_planned_clear(&planned);
		return false;
	}
	keep_variants(round, data);
	hosts = xb_warn_holds(daemon, job_id) ? NULL
					      : xb_hosts_of_job(daemon, &data, round->busy_hosts,
								&planned.failure, error);
	if (!hosts) {
		ok = !error || !*error;
		if (planned.failure)
			xb_plan_take_explained(data, &planned);
		if (planned.decided || planned.failure)
			ok = ok && write_verdict(daemon, data, &planned, error);
		finish_planning(daemon, job_id, &planned);
		return ok;
	}
	if (data->job->state == XB_JOB_QUEUED)
		ok = xb_db_job_set_state(daemon->db, job_id, XB_JOB_RUNNING, NULL, xb_now_ms(),
					 error);
	ok = ok && xb_measured_path_note(daemon, &data, error);
	if (!ok) {
		xb_planned_clear(&planned);
		return false;
	}
	measure_capacity(round, data, hosts, &capacity);
	ok = planners[data->job->kind](daemon, data, &capacity, &planned, error);
	if (ok)
		xb_plan_explain(data, hosts, &capacity, &planned);
	if (ok)
		xb_plan_path(data, hosts, &capacity, &planned);
	if (ok && !round->no_room && is_stuck(round, data, &planned, &capacity))
		planned.failure = g_strdup("the planner has neither a verdict nor a next step; "
					   "please report this with the job's log");
	ok = ok && write_verdict(daemon, data, &planned, error) &&
	     (planned.decided || planned.failure || round->no_room ||
	      start_wants(round, data, planned.wants, hosts, error));
	finish_planning(daemon, job_id, &planned);
	return ok;
}

json_t *xb_schedule_estimate(XbDaemon *daemon, int64_t job_id, GError **error)
{
	static const char *const shown[] = { "can_matter", "steps_left", "seconds_left", "reason" };
	g_autoptr(XbJobData) data = xb_jobdata_load(daemon->db, job_id, error);
	g_autoptr(GPtrArray) hosts = g_ptr_array_new();
	Round idle = { .daemon = daemon, .busy_hosts = g_hash_table_new(g_str_hash, g_str_equal) };
	XbPlanned planned = { .wants = g_array_new(FALSE, FALSE, sizeof(XbWant)) };
	XbCapacity capacity;
	json_t *estimate = NULL;

	g_array_set_clear_func(planned.wants, (GDestroyNotify)xb_want_clear);
	for (guint i = 0; data && i < daemon->config->hosts->len; i++) {
		XbHostConfig *host = daemon->config->hosts->pdata[i];
		const char *wanted = xb_spec_string(data, "host");

		if (xb_host_is_selected(host->name, host->labels, wanted))
			g_ptr_array_add(hosts, host);
	}
	if (data)
		measure_capacity(&idle, data, hosts, &capacity);
	if (data && planners[data->job->kind](daemon, data, &capacity, &planned, error)) {
		const XbJobCommit *last = data->commits->pdata[data->commits->len - 1];

		estimate = json_pack(
			"{s:i,s:s,s:s}", "commits_in_range", (int)data->commits->len - 1, "good_id",
			((XbJobCommit *)data->commits->pdata[0])->label, "bad_id", last->label);
		for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
			json_t *value = json_object_get(planned.verdict, shown[i]);
			if (value)
				json_object_set(estimate, shown[i], value);
		}
		if (data->job->kind != XB_JOB_BISECT)
			xb_sides_estimate(data, &capacity, &planned, estimate);
		if (planned.failure)
			json_object_set_new(estimate, "reason", json_string(planned.failure));
	}
	xb_planned_clear(&planned);
	round_clear(&idle);
	return estimate;
}

static void trim_space(XbDaemon *daemon, GHashTable *keep)
{
	g_autoptr(GError) error = NULL;

	if (xb_space_trim(daemon->db, daemon->config, keep, &error) < 0)
		g_warning("making room: %s", error->message);
}

/* On a small file system a tenth of it is enough. */
static bool room_is_low(XbDaemon *daemon)
{
	const char *path = daemon->config->state_dir;
	uint64_t left = UINT64_MAX;
	struct statvfs fs;

	if (statvfs(path, &fs) == 0)
		left = (uint64_t)fs.f_bavail * fs.f_frsize;
	daemon->free_bytes = left;
	if ((left < xb_space_low_mark(path)) == daemon->no_room)
		return daemon->no_room;
	daemon->no_room = !daemon->no_room;
	if (daemon->no_room)
		g_warning("only %" G_GUINT64_FORMAT " MiB free below %s: nothing new is started",
			  (guint64)(left >> 20), path);
	else
		g_message("there is room again below %s", path);
	xb_control_server_look_again(daemon->control);
	return daemon->no_room;
}

static void retry_later(XbDaemon *daemon)
{
	if (!daemon->retry_source)
		xb_daemon_poke_later(daemon, &daemon->retry_source, RETRY_S * 1000);
}

/* What is wrong with the disk or the database now may be right later; all else is the job's. */
static void job_failed(XbDaemon *daemon, int64_t job_id, const GError *failure)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *why =
		g_utf8_make_valid(failure ? failure->message : "could not be planned", -1);

	g_warning("job %lld: %s", (long long)job_id, why);
	if (g_error_matches(failure, XB_DB_ERROR, XB_DB_ERROR_FULL) ||
	    g_error_matches(failure, XB_DB_ERROR, XB_DB_ERROR_SQL) ||
	    g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ||
	    !xb_db_job_set_state(daemon->db, job_id, XB_JOB_FAILED, why, xb_now_ms(), &error)) {
		retry_later(daemon);
		return;
	}
	xb_journal(daemon, job_id, "failed: %s", why);
	xb_schedule_stop_job(daemon, job_id);
	xb_control_server_job_ended(daemon->control, job_id);
}

void xb_schedule_round(XbDaemon *daemon)
{
	g_auto(Round) round = { .daemon = daemon };
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) jobs = NULL;

	xb_watcher_round(daemon->watcher);
	xb_warn_round(daemon);
	jobs = xb_db_jobs_open(daemon->db, &error);
	/* before anything is written: that may fail for this reason */
	if (jobs && jobs->len > 0)
		round.no_room = room_is_low(daemon);
	else if (jobs)
		daemon->no_room = false; /* nobody waits for it */
	if (!jobs || !round_begin(&round, &error) ||
	    !xb_care_round(daemon, round.busy_hosts, &error)) {
		g_warning("planning: %s", error->message);
		retry_later(daemon);
		return;
	}
	for (guint i = 0; i < jobs->len && !daemon->stopping; i++) {
		const XbJob *job = jobs->pdata[i];
		g_autoptr(GError) failure = NULL;

		if (!plan_job(&round, job->id, &failure))
			job_failed(daemon, job->id, failure);
	}
	trim_space(daemon, round.keep);
	if (round.no_room)
		retry_later(daemon);
	/* what a large job took is given back when the daemon has nothing to do */
	if (xb_executor_running(daemon->executor) == 0)
		malloc_trim(0);
}

void xb_schedule_stop_job(XbDaemon *daemon, int64_t job_id)
{
	g_autoptr(GPtrArray) active = xb_db_runs_active(daemon->db, NULL);

	for (guint i = 0; active && i < active->len; i++) {
		const XbRun *run = active->pdata[i];
		if (run->job_id == job_id)
			xb_executor_stop(daemon->executor, run->id);
	}
}
