/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jobdata.c - one job's rows, joined. */
#include "jobdata.h"

#include <string.h>

void xb_jobdata_free(XbJobData *self)
{
	if (!self)
		return;
	g_clear_pointer(&self->job, xb_job_free);
	json_decref(self->spec);
	g_clear_pointer(&self->commits, g_ptr_array_unref);
	g_clear_pointer(&self->variants, g_ptr_array_unref);
	g_clear_pointer(&self->images, g_ptr_array_unref);
	g_clear_pointer(&self->image_variants, g_ptr_array_unref);
	g_clear_pointer(&self->paths, g_ptr_array_unref);
	g_clear_pointer(&self->runs, g_ptr_array_unref);
	g_clear_pointer(&self->samples, g_hash_table_unref);
	g_clear_pointer(&self->roles, g_hash_table_unref);
	g_clear_pointer(&self->images_seen, g_hash_table_unref);
	g_free(self);
}

const char *xb_spec_string(const XbJobData *self, const char *name)
{
	const char *value = json_string_value(json_object_get(self->spec, name));
	return value ? value : "";
}

double xb_spec_number(const XbJobData *self, const char *name, double fallback)
{
	json_t *value = json_object_get(self->spec, name);
	return json_is_number(value) ? json_number_value(value) : fallback;
}

bool xb_spec_bool(const XbJobData *self, const char *name)
{
	return json_is_true(json_object_get(self->spec, name));
}

char *xb_spec_revision(json_t *spec, const char *name)
{
	const char *text = json_string_value(json_object_get(spec, name));
	bool is_id = text && strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40;

	return is_id ? g_strndup(text, 12) : g_strdup(text ? text : "");
}

static void add_role(XbJobData *self, XbRole role)
{
	XbRole *own = g_memdup2(&role, sizeof(role));

	g_hash_table_insert(self->roles, &own->variant_id, own);
}

/* A variant without an image is a class of its own. */
static guint class_of(XbJobData *self, const XbVariant *variant)
{
	char *image = variant->image_sha256;
	guint known = image && *image
			      ? GPOINTER_TO_UINT(g_hash_table_lookup(self->images_seen, image))
			      : 0;

	if (known)
		return known;
	self->classes++;
	if (image && *image)
		g_hash_table_insert(self->images_seen, image, GUINT_TO_POINTER(self->classes));
	return self->classes;
}

static void add_variant(XbJobData *self, const XbVariant *variant, int node, bool clean,
			bool revert)
{
	if (!g_hash_table_contains(self->roles, &variant->id))
		add_role(self,
			 (XbRole){ variant->id, class_of(self, variant), node, clean, revert });
}

/* Of the range all, or (@asked: set of ids) those that are asked for; and of all further images. */
static void add_variants(XbJobData *self, GHashTable *asked)
{
	for (guint i = 0; i < self->variants->len; i++) {
		const XbVariant *variant = self->variants->pdata[i];

		if (variant && (!asked || g_hash_table_contains(asked, &variant->id)))
			add_variant(self, variant, (int)i, false, false);
	}
	for (guint i = 0; i < self->images->len; i++) {
		const XbJobImage *image = self->images->pdata[i];

		if (self->image_variants->pdata[i])
			add_variant(self, self->image_variants->pdata[i], image->node,
				    !image->revert, image->revert);
	}
}

/* The ids of the variants that runs are about. The keys are those of the runs. */
static GHashTable *variants_of_runs(const XbJobData *self)
{
	GHashTable *ids = g_hash_table_new(g_int64_hash, g_int64_equal);

	for (guint i = 0; i < self->runs->len; i++)
		g_hash_table_add(ids, &((XbRun *)self->runs->pdata[i])->variant_id);
	return ids;
}

/* Hash of an image -> the first node that has it. */
static GHashTable *nodes_by_image(const XbJobData *self)
{
	GHashTable *nodes = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = self->variants->len; i-- > 0;) {
		const XbVariant *variant = self->variants->pdata[i];

		if (variant && variant->image_sha256)
			g_hash_table_insert(nodes, variant->image_sha256, GUINT_TO_POINTER(i));
	}
	return nodes;
}

/* Runs of variants that are not the job's own but have one of its images: their numbers count
 * for the first node with that image. */
static bool add_foreign_runs(XbJobData *self, XbDb *db, GError **error)
{
	g_autoptr(GHashTable) by_image = NULL;

	for (guint i = 0; i < self->runs->len; i++) {
		const XbRun *run = self->runs->pdata[i];
		g_autoptr(XbVariant) variant = NULL;
		gpointer node;

		if (run->kind != XB_RUN_BOOT ||
		    g_hash_table_contains(self->roles, &run->variant_id))
			continue;
		variant = xb_db_variant_get(db, run->variant_id, error);
		if (!variant)
			return false;
		if (!by_image)
			by_image = nodes_by_image(self);
		if (variant->image_sha256 &&
		    g_hash_table_lookup_extended(by_image, variant->image_sha256, NULL, &node))
			add_role(self,
				 (XbRole){ .variant_id = run->variant_id,
					   .image_class = class_of(
						   self,
						   self->variants->pdata[GPOINTER_TO_UINT(node)]),
					   .node = (int)GPOINTER_TO_UINT(node) });
	}
	return true;
}

/* ---- rows that do not fit together ----------------------------------------------- */

static bool corrupt(const XbJobData *self, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static bool corrupt(const XbJobData *self, GError **error, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT, "job %lld: %s",
		    (long long)self->job->id, what);
	return false;
}

static bool has_node(const XbJobData *self, int node)
{
	return node >= 0 && (guint)node < self->commits->len;
}

static bool check_parents(const XbJobData *self, const XbJobCommit *commit, GError **error)
{
	for (guint i = 0; i < commit->parents->len; i++) {
		int parent = g_array_index(commit->parents, int, i);

		if (parent < 0 || parent >= commit->node)
			return corrupt(self, error,
				       "commit %d has the parent %d, which is not before it",
				       commit->node, parent);
	}
	return true;
}

/* What planners take for granted: nodes are indices, and a range grows from its first. The sides of
 * an A/B have no parents. */
static bool check_graph(const XbJobData *self, GError **error)
{
	if (self->commits->len == 0)
		return corrupt(self, error, "it has no commits");
	for (guint i = 0; i < self->commits->len; i++) {
		const XbJobCommit *commit = self->commits->pdata[i];

		if (commit->node != (int)i)
			return corrupt(self, error, "it has no commit %u", i);
		if (i > 0 && self->job->kind == XB_JOB_BISECT && commit->parents->len == 0)
			return corrupt(self, error, "commit %u has no parent", i);
		if (!check_parents(self, commit, error))
			return false;
	}
	return true;
}

static bool check_images(const XbJobData *self, GError **error)
{
	for (guint i = 0; i < self->images->len; i++) {
		const XbJobImage *image = self->images->pdata[i];

		if (!has_node(self, image->node))
			return corrupt(self, error,
				       "an image is of commit %d, which it does not have",
				       image->node);
	}
	return true;
}

/* ---- reading --------------------------------------------------------------------- */

static bool load_images(XbJobData *self, XbDb *db, GArray *more, GError **error)
{
	self->images = xb_db_job_images(db, self->job->id, error);
	if (!self->images)
		return false;
	for (guint i = 0; i < self->images->len; i++) {
		const XbJobImage *image = self->images->pdata[i];
		XbVariant *variant = NULL;

		if (image->variant_id) {
			variant = xb_db_variant_get(db, image->variant_id, error);
			if (!variant)
				return false;
			g_array_append_val(more, image->variant_id);
		}
		g_ptr_array_add(self->image_variants, variant);
	}
	return true;
}

static void free_path(gpointer data)
{
	if (data)
		xb_job_path_free(data);
}

static void free_commit(gpointer data)
{
	if (data)
		xb_job_commit_free(data);
}

static void free_variant(gpointer data)
{
	if (data)
		xb_variant_free(data);
}

/* An array of @n times NULL. */
static GPtrArray *empty_slots(guint n, GDestroyNotify free_slot)
{
	GPtrArray *slots = g_ptr_array_new_with_free_func(free_slot);

	g_ptr_array_set_size(slots, (gint)n);
	return slots;
}

static bool load_paths(XbJobData *self, XbDb *db, GError **error)
{
	g_autoptr(GPtrArray) rows = xb_db_job_paths(db, self->job->id, error);

	if (!rows)
		return false;
	self->paths = empty_slots(rows->len ? self->commits->len : 0, free_path);
	while (rows->len > 0) {
		XbJobPath *row = g_ptr_array_steal_index(rows, rows->len - 1);

		if (row->node >= 0 && (guint)row->node < self->paths->len)
			self->paths->pdata[row->node] = row;
		else
			xb_job_path_free(row);
	}
	return true;
}

/* The range with all that is known of it, and its runs. @more: the variants of load_images(). */
static bool load_whole(XbJobData *self, XbDb *db, GArray *more, GError **error)
{
	int64_t id = self->job->id;

	if (!(self->commits = xb_db_job_commits(db, id, error)) ||
	    !(self->variants = xb_db_variants_of_job(db, id, error)) ||
	    !load_paths(self, db, error))
		return false;
	for (guint i = 0; i < self->variants->len; i++) {
		const XbVariant *variant = self->variants->pdata[i];

		if (variant->is_alike)
			g_array_append_val(more, variant->id);
	}
	self->runs = xb_db_runs_for_job(db, id, more, error);
	return self->runs != NULL;
}

/* The same without what nobody may ask for. */
static bool load_shown(XbJobData *self, XbDb *db, GArray *more, GError **error)
{
	int n = xb_db_job_size(db, self->job->id, error);
	g_autoptr(GPtrArray) known = n < 0 ? NULL : xb_db_variants_known(db, self->job->id, error);
	g_autoptr(GError) failure = NULL;
	XbJobPath *whole = known ? xb_db_job_path_get(db, self->job->id, 0, &failure) : NULL;

	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	if (!known || failure)
		return false;
	self->db = db;
	self->commits = empty_slots((guint)n, free_commit);
	self->variants = empty_slots((guint)n, free_variant);
	self->paths = empty_slots(whole ? (guint)n : 0, free_path);
	if (whole)
		self->paths->pdata[0] = whole;
	while (known->len > 0) {
		XbVariant *variant = g_ptr_array_steal_index(known, known->len - 1);

		if (!has_node(self, variant->node)) {
			xb_variant_free(variant);
			return corrupt(self, error, "its rows disagree");
		}
		if (variant->is_alike || variant->has_runs)
			g_array_append_val(more, variant->id);
		self->variants->pdata[variant->node] = variant;
	}
	self->runs = xb_db_runs_for_job(db, 0, more, error);
	return self->runs != NULL;
}

/* What the planner wrote into the verdict; true until there is one. */
static bool verdict_says(const XbJob *job, const char *member)
{
	g_autoptr(json_t) verdict = job->verdict ? json_loads(job->verdict, 0, NULL) : NULL;

	return !verdict || json_is_true(json_object_get(verdict, member));
}

static XbJobData *load(XbDb *db, int64_t job_id, bool whole, GError **error)
{
	g_autoptr(XbJobData) self = g_new0(XbJobData, 1);
	g_autoptr(GArray) more = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GHashTable) asked = NULL;

	self->image_variants = g_ptr_array_new_with_free_func(free_variant);
	self->roles = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	self->images_seen = g_hash_table_new(g_str_hash, g_str_equal);
	if (!(self->job = xb_db_job_get(db, job_id, error)) ||
	    !load_images(self, db, more, error) ||
	    !(whole ? load_whole : load_shown)(self, db, more, error))
		return NULL;
	self->spec = json_loads(self->job->spec, 0, NULL);
	if (!self->spec || self->variants->len != self->commits->len) {
		corrupt(self, error, "its rows disagree");
		return NULL;
	}
	if (!check_images(self, error) || (whole && !check_graph(self, error)))
		return NULL;
	self->metric = xb_spec_string(self, "metric");
	self->host_fp = xb_spec_string(self, "host_fp");
	self->workload_fp = xb_spec_string(self, "workload_fp");
	if (self->job->kind == XB_JOB_BISECT)
		self->own_confirmation = verdict_says(self->job, "own_confirmation");
	else
		self->own_boots = verdict_says(self->job, "own_boots");
	self->samples = xb_db_samples_of_runs(db, self->runs, self->metric, error);
	if (!self->samples)
		return NULL;
	asked = whole ? NULL : variants_of_runs(self);
	add_variants(self, asked);
	if (!add_foreign_runs(self, db, error))
		return NULL;
	return g_steal_pointer(&self);
}

XbJobData *xb_jobdata_load(XbDb *db, int64_t job_id, GError **error)
{
	return load(db, job_id, true, error);
}

XbJobData *xb_jobdata_load_shown(XbDb *db, int64_t job_id, GError **error)
{
	return load(db, job_id, false, error);
}

const XbJobCommit *xb_jobdata_commit(const XbJobData *self, guint node)
{
	static const XbJobCommit unreadable = {
		.node = -1, .label = (char *)"", .first_parent = -1, .subject = (char *)""
	};
	g_autoptr(GError) error = NULL;
	gpointer *slot;

	g_return_val_if_fail(node < self->commits->len, &unreadable);
	slot = &self->commits->pdata[node];
	if (!*slot && self->db) {
		*slot = xb_db_job_commit_get(self->db, self->job->id, (int)node, &error);
		if (*slot && !check_parents(self, *slot, &error))
			g_clear_pointer(slot, free_commit);
	}
	if (error)
		g_warning("%s", error->message);
	return *slot ? *slot : &unreadable;
}

const XbJobPath *xb_jobdata_path(const XbJobData *self, guint node)
{
	g_autoptr(GError) error = NULL;
	gpointer *slot;

	if (node >= self->paths->len)
		return NULL;
	slot = &self->paths->pdata[node];
	if (!*slot && self->db)
		*slot = xb_db_job_path_get(self->db, self->job->id, (int)node, &error);
	if (error)
		g_warning("%s", error->message);
	return *slot;
}

guint xb_jobdata_class(const XbJobData *self, const XbVariant *variant)
{
	const XbRole *role = g_hash_table_lookup(self->roles, &variant->id);

	return role ? role->image_class : 0;
}

bool xb_jobdata_same_hosts(const XbJobData *self, const XbRun *run)
{
	return *self->host_fp && g_strcmp0(run->host_fp, self->host_fp) == 0 &&
	       g_strcmp0(run->workload_fp, self->workload_fp) == 0;
}

bool xb_jobdata_run_counts(const XbJobData *self, const XbRun *run)
{
	return run->kind == XB_RUN_BOOT && !xb_run_is_explain(run) && run->state == XB_RUN_DONE &&
	       run->has_outcome && run->outcome == XB_OUTCOME_OK &&
	       xb_jobdata_same_hosts(self, run) && g_hash_table_contains(self->samples, &run->id);
}

bool xb_jobdata_run_is_void(const XbJobData *self, const XbRun *run)
{
	return run->kind == XB_RUN_BOOT && !xb_run_is_explain(run) && run->state == XB_RUN_DONE &&
	       run->has_outcome && run->outcome == XB_OUTCOME_WORKLOAD_FAILED &&
	       run->job_id == self->job->id && xb_jobdata_same_hosts(self, run);
}

bool xb_jobdata_run_is_used(const XbJobData *self, const XbRun *run)
{
	return xb_jobdata_run_counts(self, run) &&
	       (!self->own_boots || run->job_id == self->job->id);
}

const XbVariant *xb_jobdata_variant(const XbJobData *self, int64_t id)
{
	const XbRole *role = g_hash_table_lookup(self->roles, &id);

	if (!role)
		return NULL;
	if (!role->clean && !role->revert)
		return self->variants->pdata[role->node];
	for (guint i = 0; i < self->images->len; i++) {
		const XbJobImage *image = self->images->pdata[i];
		if (image->variant_id == id)
			return self->image_variants->pdata[i];
	}
	return NULL;
}

bool xb_jobdata_image_is_normal(const XbJobData *self, guint i)
{
	const XbJobImage *image = self->images->pdata[i];
	const XbVariant *variant = self->image_variants->pdata[i];
	const XbVariant *normal = self->variants->pdata[image->node];

	return !image->revert && variant && normal && variant->image_sha256 &&
	       g_strcmp0(variant->image_sha256, normal->image_sha256) == 0;
}

bool xb_jobdata_is_boot_of_image(const XbJobData *self, guint i, const XbRun *run)
{
	const XbJobImage *image = self->images->pdata[i];
	const XbVariant *variant = self->image_variants->pdata[i];
	const XbRole *role = xb_jobdata_role(self, run);

	if (!variant || !role)
		return false;
	if (image->revert || role->revert)
		return run->variant_id == variant->id;
	return strcmp(run->purpose, "confirm") == 0 &&
	       (!self->own_confirmation || run->job_id == self->job->id) &&
	       (run->variant_id == variant->id ||
		role->image_class == xb_jobdata_class(self, variant));
}

bool xb_jobdata_run_is_refuted(const XbJobData *self, const XbRun *run)
{
	const XbRole *role = xb_jobdata_role(self, run);

	if (!role || role->clean || role->revert)
		return false;
	for (guint i = 0; i < self->images->len; i++) {
		const XbJobImage *image = self->images->pdata[i];
		const XbVariant *clean = self->image_variants->pdata[i];

		if (image->node == role->node && !image->revert && clean &&
		    clean->state == XB_VARIANT_BUILT)
			return xb_jobdata_class(self, clean) != role->image_class;
	}
	return false;
}

const char *xb_role_image(const XbRole *role)
{
	return role->revert ? "revert" : role->clean ? "clean" : "normal";
}

/* A run of another job's variant that has the same image counts for ours. */
const XbRole *xb_jobdata_role(const XbJobData *self, const XbRun *run)
{
	return g_hash_table_lookup(self->roles, &run->variant_id);
}
