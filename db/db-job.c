/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-job.c - jobs and the commits of their ranges.
 */
#include "db-private.h"

static const char *const kind_names[] = { "bisect", "ab", "measure" };
static const char *const state_names[] = { "queued", "running", "done", "failed", "cancelled" };

const char *xb_job_kind_name(XbJobKind kind)
{
	g_return_val_if_fail(kind < G_N_ELEMENTS(kind_names), "bisect");
	return kind_names[kind];
}

const char *xb_job_state_name(XbJobState state)
{
	g_return_val_if_fail(state < G_N_ELEMENTS(state_names), "failed");
	return state_names[state];
}

bool xb_job_state_parse(const char *name, XbJobState *state)
{
	for (guint i = 0; i < G_N_ELEMENTS(state_names); i++) {
		if (g_strcmp0(name, state_names[i]) == 0) {
			*state = (XbJobState)i;
			return true;
		}
	}
	return false;
}

void xb_job_free(XbJob *job)
{
	if (job == NULL)
		return;
	g_free(job->spec);
	g_free(job->verdict);
	g_free(job->detail);
	g_free(job);
}

static void *read_job(sqlite3_stmt *row)
{
	XbJob *job = g_new0(XbJob, 1);

	job->id = sqlite3_column_int64(row, 0);
	job->kind = (XbJobKind)xb_column_word(row, 1, kind_names, G_N_ELEMENTS(kind_names));
	job->state = (XbJobState)xb_column_word(row, 2, state_names, G_N_ELEMENTS(state_names));
	job->priority = sqlite3_column_int(row, 3);
	job->uid = (uint32_t)sqlite3_column_int64(row, 4);
	job->created_ms = sqlite3_column_int64(row, 5);
	job->started_ms = xb_column_int(row, 6, 0);
	job->finished_ms = xb_column_int(row, 7, 0);
	job->spec = xb_column_text(row, 8);
	job->verdict = xb_column_text(row, 9);
	job->detail = xb_column_text(row, 10);
	return job;
}

int64_t xb_db_job_add(XbDb *db, const XbJob *job, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":kind", xb_job_kind_name(job->kind)),
		xb_bind_text(":state", xb_job_state_name(job->state)),
		xb_bind_int(":priority", job->priority),
		xb_bind_int(":uid", job->uid),
		xb_bind_int(":created", job->created_ms),
		xb_bind_text(":spec", job->spec),
		xb_bind_text(":verdict", job->verdict),
		xb_bind_text(":detail", job->detail),
	};

	return xb_db_insert(db, XB_SQL_JOB_ADD, binds, G_N_ELEMENTS(binds), error);
}

XbJob *xb_db_job_get(XbDb *db, int64_t id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id) };
	g_autoptr(GError) failure = NULL;
	XbJob *job = xb_db_row(db, XB_SQL_JOB_GET, binds, G_N_ELEMENTS(binds), read_job, &failure);

	if (failure != NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (job == NULL)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND, "no job %" G_GINT64_FORMAT,
			    id);
	return job;
}

GPtrArray *xb_db_jobs_open(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_JOBS_OPEN, NULL, 0, read_job, (GDestroyNotify)xb_job_free,
			  error);
}

GPtrArray *xb_db_jobs_list(XbDb *db, const XbJobState *state, int64_t before, int limit,
			   GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":limit", limit),
		xb_bind_int(":before", before > 0 ? before : G_MAXINT64),
		xb_bind_text(":state", state != NULL ? xb_job_state_name(*state) : NULL),
	};

	return xb_db_rows(db, state != NULL ? XB_SQL_JOBS_IN_STATE : XB_SQL_JOBS_ALL, binds,
			  state != NULL ? 3 : 2, read_job, (GDestroyNotify)xb_job_free, error);
}

GPtrArray *xb_db_jobs_found(XbDb *db, int limit, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":limit", limit) };

	return xb_db_rows(db, XB_SQL_JOBS_FOUND, binds, 1, read_job, (GDestroyNotify)xb_job_free,
			  error);
}

bool xb_db_job_set_state(XbDb *db, int64_t id, XbJobState state, const char *detail, int64_t now_ms,
			 GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_text(":state", xb_job_state_name(state)),
		xb_bind_text(":detail", detail),
		xb_bind_int(":now", now_ms),
	};

	return xb_db_change(db, XB_SQL_JOB_SET_STATE, binds, G_N_ELEMENTS(binds), "job", id, error);
}

bool xb_db_job_set_verdict(XbDb *db, int64_t id, const char *verdict_json, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_text(":verdict", verdict_json),
	};

	return xb_db_change(db, XB_SQL_JOB_SET_VERDICT, binds, G_N_ELEMENTS(binds), "job", id,
			    error);
}

bool xb_db_job_set_spec(XbDb *db, int64_t id, const char *spec_json, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":id", id),
		xb_bind_text(":spec", spec_json),
	};

	return xb_db_change(db, XB_SQL_JOB_SET_SPEC, binds, G_N_ELEMENTS(binds), "job", id, error);
}

/* ---- commits of a job ------------------------------------------------------ */

void xb_job_commit_free(XbJobCommit *commit)
{
	if (commit == NULL)
		return;
	g_free(commit->label);
	g_free(commit->tree);
	g_free(commit->subject);
	g_free(commit->files);
	g_clear_pointer(&commit->parents, g_array_unref);
	g_free(commit);
}

static char *nodes_to_json(const GArray *nodes)
{
	GString *json = g_string_new("[");

	for (guint i = 0; nodes != NULL && i < nodes->len; i++)
		g_string_append_printf(json, "%s%d", i > 0 ? "," : "",
				       g_array_index(nodes, int, i));
	g_string_append_c(json, ']');
	return g_string_free(json, FALSE);
}

/* What nodes_to_json() wrote: numbers with one character between them. */
static GArray *nodes_from_json(const char *json)
{
	GArray *nodes = g_array_new(FALSE, FALSE, sizeof(int));

	while (json != NULL && (*json == '[' || *json == ',') && json[1] != ']') {
		char *end;
		int node = (int)g_ascii_strtoll(json + 1, &end, 10);

		if (end == json + 1)
			break;
		g_array_append_val(nodes, node);
		json = end;
	}
	return nodes;
}

static void *read_job_commit(sqlite3_stmt *row)
{
	XbJobCommit *commit = g_new0(XbJobCommit, 1);

	commit->node = sqlite3_column_int(row, 0);
	commit->label = xb_column_text(row, 1);
	commit->parents = nodes_from_json((const char *)sqlite3_column_text(row, 2));
	commit->first_parent =
		commit->parents->len > 0 ? g_array_index(commit->parents, int, 0) : -1;
	commit->subject = xb_column_text(row, 3);
	commit->variant_id = sqlite3_column_int64(row, 4);
	commit->tree = xb_column_text(row, 5);
	commit->files = xb_column_text(row, 6);
	return commit;
}

bool xb_db_job_commit_add(XbDb *db, int64_t job_id, const XbJobCommit *commit, GError **error)
{
	g_autofree char *parents = nodes_to_json(commit->parents);
	const XbBind binds[] = {
		xb_bind_int(":job", job_id),
		xb_bind_int(":node", commit->node),
		xb_bind_text(":label", commit->label),
		xb_bind_text(":parents", parents),
		xb_bind_text(":tree", commit->tree),
		xb_bind_text(":subject", commit->subject),
		xb_bind_int(":variant", commit->variant_id),
		xb_bind_text(":files", commit->files),
	};

	return xb_db_exec(db, XB_SQL_JOB_COMMIT_ADD, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_job_commits(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return xb_db_rows(db, XB_SQL_JOB_COMMITS, binds, G_N_ELEMENTS(binds), read_job_commit,
			  (GDestroyNotify)xb_job_commit_free, error);
}

int xb_db_job_size(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return (int)xb_db_integer(db, XB_SQL_JOB_SIZE, binds, G_N_ELEMENTS(binds), -1, error);
}

XbJobCommit *xb_db_job_commit_get(XbDb *db, int64_t job_id, int node, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id), xb_bind_int(":node", node) };
	g_autoptr(GError) failure = NULL;
	XbJobCommit *commit = xb_db_row(db, XB_SQL_JOB_COMMIT_GET, binds, G_N_ELEMENTS(binds),
					read_job_commit, &failure);

	if (failure != NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (commit == NULL)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "job %" G_GINT64_FORMAT " has no commit %d", job_id, node);
	return commit;
}

/* ---- further images of a job ----------------------------------------------- */

void xb_job_image_free(XbJobImage *image)
{
	if (image == NULL)
		return;
	g_free(image->detail);
	g_free(image);
}

static void *read_job_image(sqlite3_stmt *row)
{
	XbJobImage *image = g_new0(XbJobImage, 1);

	image->node = sqlite3_column_int(row, 0);
	image->revert = g_strcmp0((const char *)sqlite3_column_text(row, 1), "revert") == 0;
	image->variant_id = xb_column_int(row, 2, 0);
	image->detail = xb_column_text(row, 3);
	return image;
}

bool xb_db_job_image_add(XbDb *db, int64_t job_id, const XbJobImage *image, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":job", job_id),
		xb_bind_int(":node", image->node),
		xb_bind_text(":image", image->revert ? "revert" : "clean"),
		xb_bind_int_or_null(":variant", image->variant_id, 0),
		xb_bind_text(":detail", image->detail),
	};

	return xb_db_exec(db, XB_SQL_JOB_IMAGE_ADD, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_job_images(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return xb_db_rows(db, XB_SQL_JOB_IMAGES, binds, G_N_ELEMENTS(binds), read_job_image,
			  (GDestroyNotify)xb_job_image_free, error);
}

/* ---- what commits touch ---------------------------------------------------- */

void xb_job_path_free(XbJobPath *path)
{
	if (path == NULL)
		return;
	g_free(path->kind);
	g_free(path->functions);
	g_free(path);
}

static void *read_job_path(sqlite3_stmt *row)
{
	XbJobPath *path = g_new0(XbJobPath, 1);

	path->node = sqlite3_column_int(row, 0);
	path->kind = xb_column_text(row, 1);
	path->functions = xb_column_text(row, 2);
	path->objects = sqlite3_column_int(row, 3);
	path->share = sqlite3_column_double(row, 4);
	return path;
}

bool xb_db_job_path_add(XbDb *db, int64_t job_id, const XbJobPath *path, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":job", job_id),
		xb_bind_int(":node", path->node),
		xb_bind_text(":kind", path->kind),
		xb_bind_text(":functions", path->functions),
		xb_bind_int(":objects", path->objects),
		xb_bind_real(":share", path->share),
	};

	return xb_db_exec(db, XB_SQL_JOB_PATH_ADD, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_job_paths(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return xb_db_rows(db, XB_SQL_JOB_PATHS, binds, G_N_ELEMENTS(binds), read_job_path,
			  (GDestroyNotify)xb_job_path_free, error);
}

XbJobPath *xb_db_job_path_get(XbDb *db, int64_t job_id, int node, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id), xb_bind_int(":node", node) };

	return xb_db_row(db, XB_SQL_JOB_PATH_GET, binds, G_N_ELEMENTS(binds), read_job_path, error);
}

/* ---- the culprit ----------------------------------------------------------- */

void xb_culprit_free(XbCulprit *culprit)
{
	if (culprit == NULL)
		return;
	g_free(culprit->facts);
	g_free(culprit->patch);
	g_free(culprit);
}

static void *read_culprit(sqlite3_stmt *row)
{
	XbCulprit *culprit = g_new0(XbCulprit, 1);

	culprit->facts = xb_column_text(row, 0);
	culprit->patch = xb_column_text(row, 1);
	return culprit;
}

bool xb_db_culprit_set(XbDb *db, int64_t job_id, const XbCulprit *culprit, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id),
				 xb_bind_text(":facts", culprit->facts),
				 xb_bind_text(":patch", culprit->patch) };

	return xb_db_exec(db, XB_SQL_CULPRIT_SET, binds, G_N_ELEMENTS(binds), error);
}

XbCulprit *xb_db_culprit_get(XbDb *db, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return xb_db_row(db, XB_SQL_CULPRIT_GET, binds, 1, read_culprit, error);
}

/* ---- counts ---------------------------------------------------------------- */

static void free_tally(void *data)
{
	XbTallyRow *tally = data;

	g_free(tally->kind);
	g_free(tally->state);
	g_free(tally);
}

static void *read_tally(sqlite3_stmt *row)
{
	XbTallyRow *tally = g_new0(XbTallyRow, 1);

	tally->kind = xb_column_text(row, 0);
	tally->state = xb_column_text(row, 1);
	tally->count = sqlite3_column_int64(row, 2);
	tally->seconds = sqlite3_column_double(row, 3);
	return tally;
}

GPtrArray *xb_db_job_tally(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_JOB_TALLY, NULL, 0, read_tally, free_tally, error);
}

GPtrArray *xb_db_run_tally(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_RUN_TALLY, NULL, 0, read_tally, free_tally, error);
}
