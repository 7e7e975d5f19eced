/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue.c - a request into a job's rows. */
#include "queue.h"

#include "jobdata.h"
#include "queue-request.h"
#include "schedule.h"
#include "warn.h"

G_DEFINE_QUARK(xb - queue - error - quark, xb_queue_error)

static void request_clear(XbRequest *r)
{
	json_decref(r->spec);
	json_decref(r->kconfig);
	g_clear_pointer(&r->history, xb_history_free);
	g_clear_pointer(&r->commits, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XbRequest, request_clear)

bool xb_queue_refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error,
			  g_error_new_valist(XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST, format, args));
	va_end(args);
	return false;
}

const char *xb_request_text(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

void xb_request_warn(XbRequest *r, const char *text)
{
	json_array_append_new(r->warnings, json_string(text));
}

typedef struct {
	const char *verb;
	XbJobKind kind;
	bool (*take)(XbRequest *r, GError **error);
	const char *between; /* its two revisions, where people read them */
} Kind;
static const Kind kinds[] = {
	{ "bisect", XB_JOB_BISECT, xb_request_bisect, ".." },
	{ "ab", XB_JOB_AB, xb_request_ab, " vs " },
	{ "measure", XB_JOB_MEASURE, xb_request_measure, "" },
};

static int64_t write_job(XbRequest *r, GError **error)
{
	g_autofree char *spec = json_dumps(r->spec, JSON_COMPACT);
	json_t *priority = json_object_get(r->request, "priority");
	XbJob job = { .kind = r->kind,
		      .state = XB_JOB_QUEUED,
		      .uid = r->peer->uid,
		      .priority = (int)CLAMP(json_integer_value(priority), -100, 100),
		      .created_ms = xb_now_ms(),
		      .spec = spec };
	int64_t id = xb_db_job_add(r->daemon->db, &job, error);

	for (guint i = 0; id >= 0 && i < r->commits->len; i++)
		if (!xb_db_job_commit_add(r->daemon->db, id, r->commits->pdata[i], error))
			return -1;
	return id;
}

/* The rows of a job, in the transaction that is open; -1 with @error. */
static int64_t add_rows(XbRequest *r, const char *verb, GError **error)
{
	const Kind *kind = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(verb, kinds[i].verb) == 0)
			kind = &kinds[i];
	if (!kind) {
		xb_queue_refuse(error, "what is to be done is bisect, ab or measure");
		return -1;
	}
	r->spec = json_object();
	r->commits = g_ptr_array_new_with_free_func((GDestroyNotify)xb_job_commit_free);
	r->kind = kind->kind;
	r->between = kind->between;
	return xb_request_numbers(r, error) && xb_request_workload(r, error) &&
			       xb_request_host(r, error) && xb_request_kconfig(r, error) &&
			       kind->take(r, error)
		       ? write_job(r, error)
		       : -1;
}

int64_t xb_queue_request(XbDaemon *daemon, const XbPeer *peer, json_t *request, json_t **warnings,
			 char **hint, GError **error)
{
	const char *verb = xb_request_text(request, "verb");
	int64_t id;

	*warnings = json_array();
	g_auto(XbRequest) r = { .daemon = daemon,
				.peer = peer,
				.request = request,
				.warnings = *warnings,
				.hint = hint };
	/* one transaction: a refused request leaves no variants behind */
	if (!xb_db_begin(daemon->db, error))
		return -1;
	id = add_rows(&r, verb, error);
	if (id < 0 || !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return -1;
	}
	g_autofree char *good = xb_spec_revision(r.spec, "good");
	g_autofree char *bad = xb_spec_revision(r.spec, "bad");
	xb_journal(daemon, id, "queued: %s %s%s%s", verb, good, r.between,
		   r.kind == XB_JOB_MEASURE ? "" : bad);
	xb_warn_of_noise(daemon, id, true, *warnings);
	xb_daemon_poke(daemon);
	return id;
}

json_t *xb_queue_check(XbDaemon *daemon, const XbPeer *peer, json_t *request, json_t **warnings,
		       char **hint, GError **error)
{
	json_t *estimate = NULL;
	int64_t id;

	*warnings = json_array();
	g_auto(XbRequest) r = { .daemon = daemon,
				.peer = peer,
				.request = request,
				.warnings = *warnings,
				.hint = hint };
	if (!xb_db_begin(daemon->db, error))
		return NULL;
	id = add_rows(&r, xb_request_text(request, "what"), error);
	if (id >= 0)
		estimate = xb_schedule_estimate(daemon, id, error);
	if (estimate)
		xb_warn_of_noise(daemon, id, false, *warnings);
	xb_db_rollback(daemon->db);
	return estimate;
}
