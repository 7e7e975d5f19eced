/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue-retry.c - an old job's rows once more, where its kernels can still be had. */
#include "queue-request.h"
#include "variants.h"
#include "warn.h"

char *xb_request_remote_hint(json_t *spec)
{
	const char *url = xb_request_text(spec, "remote");
	const char *branch = xb_request_text(spec, "remote_branch");

	return url && branch
		       ? g_strdup_printf("its repository was the copy of a watched branch; this "
					 "fetches it again:\nxbisect watch add NAME --repo %s "
					 "--branch %s",
					 url, branch)
		       : NULL;
}

/* Is there anything on disk to boot of @variant? */
static bool has_image(const XbVariant *variant)
{
	return variant->state == XB_VARIANT_BUILD_FAILED || xb_variant_is_image(variant) ||
	       (variant->state == XB_VARIANT_BUILT && variant->dir);
}

/* The repository that @spec names still has @commit. A prebuilt image has no tree. */
static bool has_commit(XbHistory *history, const XbJobCommit *commit, GError **error)
{
	g_autoptr(XbCommitFacts) facts = NULL;

	if (!commit->tree || !*commit->tree)
		return true;
	facts = xb_history_facts(history, commit->label, error);
	return facts != NULL;
}

/* Builds ask for the repository, and not before the job has waited for its turn: say it now. Of a
 * range the ends tell. */
static bool can_build(XbDaemon *daemon, int64_t id, json_t *spec, const GPtrArray *commits,
		      char **hint, GError **error)
{
	const char *repo = xb_request_text(spec, "repo");
	g_autofree char *mirrors = xb_state_path(daemon, "mirrors", NULL);
	g_autoptr(GError) problem = NULL;
	g_autoptr(XbHistory) history = NULL;

	if (!repo || !*repo)
		return true;
	history = xb_history_open(mirrors, repo, false, &problem);
	if (history && has_commit(history, commits->pdata[0], &problem) &&
	    has_commit(history, commits->pdata[commits->len - 1], &problem))
		return true;
	*hint = xb_request_remote_hint(spec);
	return xb_queue_refuse(error,
			       "job %lld needs kernels that are not kept any more and cannot be "
			       "built again: %s",
			       (long long)id, problem->message);
}

/* The rows of @commits under the job @id, by today's builder; *@builds: some must be built. */
static bool add_commits(XbDaemon *daemon, int64_t id, GPtrArray *commits, bool *builds,
			GError **error)
{
	for (guint i = 0; i < commits->len; i++) {
		XbJobCommit *commit = commits->pdata[i];
		g_autoptr(XbVariant) variant = NULL;

		commit->variant_id = xb_variant_renewed(daemon, commit->variant_id, error);
		if (commit->variant_id < 0 ||
		    !(variant = xb_db_variant_get(daemon->db, commit->variant_id, error)) ||
		    !xb_db_job_commit_add(daemon->db, id, commit, error))
			return false;
		*builds |= !has_image(variant);
	}
	return true;
}

int64_t xb_queue_retry(XbDaemon *daemon, const XbPeer *peer, int64_t id, json_t **warnings,
		       char **hint, GError **error)
{
	g_autoptr(XbJob) old = xb_db_job_get(daemon->db, id, error);
	g_autoptr(GPtrArray) commits = NULL;
	g_autoptr(json_t) spec = NULL;
	g_autofree char *text = NULL;
	bool builds = false;
	int64_t new_id;

	*warnings = json_array();
	if (!old || !(commits = xb_db_job_commits(daemon->db, id, error)))
		return -1;
	/* its paths were named by its owner, who may name them */
	if (!peer->may_name_paths && !peer->web && peer->uid != old->uid) {
		xb_queue_refuse(error, "job %lld belongs to another user", (long long)id);
		return -1;
	}
	if (old->state == XB_JOB_QUEUED || old->state == XB_JOB_RUNNING) {
		xb_queue_refuse(error, "job %lld has not ended yet", (long long)id);
		return -1;
	}
	spec = json_loads(old->spec, 0, NULL);
	json_object_del(spec, "host_fp");
	json_object_del(spec, "workload_fp");
	json_object_del(spec, "warnings");
	text = json_dumps(spec, JSON_COMPACT);
	XbJob job = { .kind = old->kind,
		      .state = XB_JOB_QUEUED,
		      .uid = peer->web ? old->uid : peer->uid,
		      .priority = old->priority,
		      .created_ms = xb_now_ms(),
		      .spec = text };
	if (!xb_db_begin(daemon->db, error))
		return -1;
	new_id = xb_db_job_add(daemon->db, &job, error);
	if (new_id >= 0 && (!add_commits(daemon, new_id, commits, &builds, error) ||
			    (builds && !can_build(daemon, id, spec, commits, hint, error))))
		new_id = -1;
	if (new_id < 0 || !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return -1;
	}
	xb_journal(daemon, new_id, "queued again after job %lld", (long long)id);
	xb_warn_of_noise(daemon, new_id, true, *warnings);
	xb_daemon_poke(daemon);
	return new_id;
}
