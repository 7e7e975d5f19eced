/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs.c - the table of verbs and one function for each. */
#include "verbs.h"

#include <string.h>
#include <unistd.h>

#include "alert-verbs.h"
#include "control-server.h"
#include "host-verbs.h"
#include "schedule.h"
#include "text.h"
#include "view.h"
#include "warn.h"
#include "watch-verbs.h"

#define LIST_MAX 1000

typedef json_t *(*Verb)(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			GError **error);

json_t *xb_verbs_error(const GError *error, const char *hint)
{
	g_autofree char *safe =
		xb_text_safe(error ? error->message : "unknown error", -1, 8192, true);
	return json_pack("{s:b,s:s,s:s*,s:i}", "ok", 0, "error", safe, "hint", hint, "exit", 1);
}

static int64_t id_of(json_t *request)
{
	return json_integer_value(json_object_get(request, "id"));
}

/* What the database cannot say, as it may have no room for a word more. */
static void note_no_room(const XbDaemon *daemon, json_t *progress)
{
	if (daemon->no_room && progress)
		json_object_set_new(progress, "phase",
				    json_sprintf("waiting: only %" G_GUINT64_FORMAT
						 " MiB free below %s: make room",
						 (guint64)(daemon->free_bytes >> 20),
						 daemon->config->state_dir));
}

/* The job as a client sees it, a new reference; NULL with @error. */
static json_t *view(const XbDaemon *daemon, int64_t id, XbViewDepth depth, GError **error)
{
	json_t *job = xb_view_job(daemon->db, id, depth, xb_now_ms(), error);

	note_no_room(daemon, json_object_get(job, "progress"));
	return job;
}

static json_t *with_job(XbDaemon *daemon, int64_t id, json_t *answer, GError **error)
{
	json_t *job = view(daemon, id, XB_VIEW_FULL, error);

	if (!job) {
		json_decref(answer);
		return NULL;
	}
	json_object_set_new(answer, "job", job);
	return answer;
}

static json_t *do_ping(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		       GError **error)
{
	(void)peer;
	(void)request;
	(void)hint;
	(void)error;
	return json_pack("{s:b,s:s,s:i,s:s}", "ok", 1, "version", XB_VERSION, "pid", (int)getpid(),
			 "state_dir", daemon->config->state_dir);
}

static json_t *queued(XbDaemon *daemon, int64_t id, json_t *warnings, GError **error)
{
	return with_job(
		daemon, id,
		json_pack("{s:b,s:I,s:O}", "ok", 1, "id", (json_int_t)id, "warnings", warnings),
		error);
}

static json_t *do_queue(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			GError **error)
{
	g_autoptr(json_t) warnings = NULL;
	int64_t id = xb_queue_request(daemon, peer, request, &warnings, hint, error);

	return id < 0 ? NULL : queued(daemon, id, warnings, error);
}

static json_t *do_list(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		       GError **error)
{
	const char *name = json_string_value(json_object_get(request, "state"));
	json_t *limit = json_object_get(request, "limit");
	g_autoptr(GPtrArray) jobs = NULL;
	XbJobState state;
	json_t *list;
	(void)peer;

	if (name && !xb_job_state_parse(name, &state)) {
		*hint = g_strdup("states: queued, running, done, failed, cancelled");
		g_set_error(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST, "no state \"%s\"", name);
		return NULL;
	}
	jobs = xb_db_jobs_list(daemon->db, name ? &state : NULL, 0,
			       (int)CLAMP(limit ? json_integer_value(limit) : 50, 1, LIST_MAX),
			       error);
	if (!jobs)
		return NULL;
	list = json_array();
	for (guint i = 0; i < jobs->len; i++)
		json_array_append_new(list, xb_view_summary(jobs->pdata[i]));
	return json_pack("{s:b,s:o}", "ok", 1, "jobs", list);
}

static json_t *do_show(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		       GError **error)
{
	(void)peer;
	(void)hint;
	return with_job(daemon, id_of(request), json_pack("{s:b}", "ok", 1), error);
}

static json_t *do_log(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		      GError **error)
{
	(void)peer;
	(void)hint;
	return xb_view_log(daemon->db, id_of(request),
			   json_integer_value(json_object_get(request, "after")), error);
}

static json_t *do_cancel(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			 GError **error)
{
	g_autoptr(XbJob) job = xb_db_job_get(daemon->db, id_of(request), error);
	(void)hint;

	if (!job)
		return NULL;
	if (!peer->may_name_paths && !peer->web && peer->uid != job->uid) {
		g_set_error(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST,
			    "job %lld belongs to another user", (long long)job->id);
		return NULL;
	}
	if (job->state != XB_JOB_QUEUED && job->state != XB_JOB_RUNNING) {
		g_set_error(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST,
			    "job %lld has ended already: %s", (long long)job->id,
			    xb_job_state_name(job->state));
		return NULL;
	}
	if (!xb_db_job_set_state(daemon->db, job->id, XB_JOB_CANCELLED, "cancelled by a user",
				 xb_now_ms(), error))
		return NULL;
	xb_journal(daemon, job->id, "cancelled");
	xb_schedule_stop_job(daemon, job->id);
	xb_control_server_job_ended(daemon->control, job->id);
	xb_daemon_poke(daemon);
	return with_job(daemon, job->id, json_pack("{s:b}", "ok", 1), error);
}

static json_t *do_retry(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			GError **error)
{
	g_autoptr(json_t) warnings = NULL;
	int64_t id = xb_queue_retry(daemon, peer, id_of(request), &warnings, hint, error);

	return id < 0 ? NULL : queued(daemon, id, warnings, error);
}

static json_t *do_check(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			GError **error)
{
	g_autoptr(json_t) warnings = NULL;
	json_t *estimate = xb_queue_check(daemon, peer, request, &warnings, hint, error);

	return estimate ? json_pack("{s:b,s:O,s:o}", "ok", 1, "warnings", warnings, "estimate",
				    estimate)
			: NULL;
}

static json_t *do_choices(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error)
{
	const XbConfig *config = daemon->config;
	json_t *repos = json_array(), *hosts = json_array(), *workloads = json_array();
	(void)peer;
	(void)request;
	(void)hint;
	(void)error;

	for (guint i = 0; i < config->repos->len; i++)
		json_array_append_new(repos,
				      json_string(((XbRepoConfig *)config->repos->pdata[i])->name));
	for (guint i = 0; i < config->hosts->len; i++)
		json_array_append_new(hosts,
				      json_string(((XbHostConfig *)config->hosts->pdata[i])->name));
	for (guint i = 0; i < config->workloads->len; i++) {
		const XbWorkloadConfig *workload = config->workloads->pdata[i];
		json_t *metrics = json_array();

		for (guint m = 0; m < workload->metrics->len; m++)
			json_array_append_new(
				metrics,
				json_string(((XbMetricConfig *)workload->metrics->pdata[m])->name));
		json_array_append_new(workloads, json_pack("{s:s,s:o}", "name", workload->name,
							   "metrics", metrics));
	}
	return json_pack("{s:b,s:o,s:b,s:o,s:o}", "ok", 1, "repos", repos, "default_repo",
			 config->repo != NULL, "hosts", hosts, "workloads", workloads);
}

static const struct {
	const char *name;
	Verb verb;
	bool web; /* xbisect-web may send it */
} verbs[] = {
	{ "ping", do_ping, true },
	{ "bisect", do_queue, true },
	{ "ab", do_queue, true },
	{ "measure", do_queue, true },
	{ "check", do_check, true },
	{ "choices", do_choices, true },
	{ "list", do_list, false },
	{ "show", do_show, false },
	{ "log", do_log, false },
	{ "cancel", do_cancel, true },
	{ "retry", do_retry, true },
	{ "hosts", xb_verb_hosts, false },
	{ "host-show", xb_verb_host_show, false },
	{ "host-check", xb_verb_host_check, false },
	{ "alerts", xb_verb_alerts, false },
	{ "alert-ack", xb_verb_alert_ack, true },
	{ "alert-snooze", xb_verb_alert_snooze, true },
	{ "alert-test", xb_verb_alert_test, false },
	{ "watches", xb_verb_watches, false },
	{ "watch-show", xb_verb_watch_show, false },
	{ "watch-add", xb_verb_watch_add, false },
	{ "watch-remove", xb_verb_watch_remove, false },
	{ "watch-look", xb_verb_watch_look, false },
	{ "watch-backfill", xb_verb_watch_backfill, false },
	{ "host-online", xb_verb_host_online, false },
	{ "host-offline", xb_verb_host_offline, false },
	{ "host-drain", xb_verb_host_drain, false },
	{ "host-undrain", xb_verb_host_undrain, false },
	{ "host-note", xb_verb_host_note, false },
	{ "host-relearn", xb_verb_host_relearn, false },
};

json_t *xb_verbs_answer(XbDaemon *daemon, const XbPeer *peer, json_t *request, int64_t *follow)
{
	const char *name = json_string_value(json_object_get(request, "verb"));
	g_autoptr(GError) error = NULL;
	g_autofree char *hint = NULL;
	json_t *answer;

	if (g_strcmp0(name, "follow") == 0 && !peer->web) {
		g_autoptr(XbJob) job = xb_db_job_get(daemon->db, id_of(request), &error);
		if (!job)
			return xb_verbs_error(error, NULL);
		*follow = job->id;
		return NULL;
	}
	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (g_strcmp0(name, verbs[i].name) != 0)
			continue;
		if (peer->web && !verbs[i].web)
			break;
		answer = verbs[i].verb(daemon, peer, request, &hint, &error);
		return answer ? answer : xb_verbs_error(error, hint);
	}
	g_set_error(&error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST, "no verb \"%s\"%s",
		    name ? name : "", peer->web ? " for xbisect-web" : "");
	return xb_verbs_error(error, NULL);
}

bool xb_verbs_is_open(const XbDaemon *daemon, const json_t *answer)
{
	return xb_warn_is_open(daemon, json_object_get(answer, "warnings"));
}

void xb_verbs_told(const XbDaemon *daemon, json_t *answer)
{
	json_t *job = json_object_get(answer, "job")
			      ? view(daemon, id_of(answer), XB_VIEW_FULL, NULL)
			      : NULL;

	if (job)
		json_object_set_new(answer, "job", job);
}

json_t *xb_verbs_follow(XbDaemon *daemon, int64_t id, bool *ended, GError **error)
{
	g_autoptr(XbJob) job = xb_db_job_get(daemon->db, id, error);

	if (!job)
		return NULL;
	*ended = job->state != XB_JOB_QUEUED && job->state != XB_JOB_RUNNING;
	return view(daemon, id, *ended ? XB_VIEW_FULL : XB_VIEW_PROGRESS, error);
}
