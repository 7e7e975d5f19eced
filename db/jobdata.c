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
	g_clear_pointer(&self->classes, g_hash_table_unref);
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

static char *class_key(const XbVariant *variant)
{
	if (variant->image_sha256 && *variant->image_sha256)
		return g_strdup(variant->image_sha256);
	return g_strdup_printf("v%lld", (long long)variant->id);
}

static void add_role(XbJobData *self, int64_t variant_id, XbRole role)
{
	if (!g_hash_table_contains(self->roles, &variant_id))
		g_hash_table_insert(self->roles, g_memdup2(&variant_id, sizeof(variant_id)),
				    g_memdup2(&role, sizeof(role)));
}

static void add_variant(XbJobData *self, const XbVariant *variant, int node, bool clean,
			bool revert)
{
	g_autofree char *key = class_key(variant);

	add_role(self, variant->id, (XbRole){ node, clean, revert });
	if (!g_hash_table_contains(self->classes, key)) {
		guint number = g_hash_table_size(self->classes) + 1;
		g_hash_table_insert(self->classes, g_steal_pointer(&key), GUINT_TO_POINTER(number));
	}
}

/* Runs of variants that are not the job's own but have one of its images: their numbers count
 * for the first node with that image. */
static bool add_foreign_runs(XbJobData *self, XbDb *db, GError **error)
{
	g_autoptr(GHashTable) by_image = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < self->variants->len; i++) {
		const XbVariant *variant = self->variants->pdata[i];
		if (variant->image_sha256 &&
		    !g_hash_table_contains(by_image, variant->image_sha256))
			g_hash_table_insert(by_image, variant->image_sha256, GUINT_TO_POINTER(i));
	}
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
		if (variant->image_sha256 &&
		    g_hash_table_lookup_extended(by_image, variant->image_sha256, NULL, &node))
			add_role(self, run->variant_id,
				 (XbRole){ (int)GPOINTER_TO_UINT(node), false, false });
	}
	return true;
}

static bool load_images(XbJobData *self, XbDb *db, GArray *extra, GError **error)
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
			g_array_append_val(extra, image->variant_id);
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

static bool load_paths(XbJobData *self, XbDb *db, GError **error)
{
	g_autoptr(GPtrArray) rows = xb_db_job_paths(db, self->job->id, error);

	if (!rows)
		return false;
	self->paths = g_ptr_array_new_with_free_func(free_path);
	if (rows->len == 0)
		return true;
	g_ptr_array_set_size(self->paths, (gint)self->commits->len);
	while (rows->len > 0) {
		XbJobPath *row = g_ptr_array_steal_index(rows, rows->len - 1);

		if (row->node >= 0 && (guint)row->node < self->paths->len)
			self->paths->pdata[row->node] = row;
		else
			xb_job_path_free(row);
	}
	return true;
}

static void free_variant(gpointer data)
{
	if (data)
		xb_variant_free(data);
}

static bool uses_own_boots(const XbJob *job)
{
	g_autoptr(json_t) verdict = NULL;

	if (job->kind == XB_JOB_BISECT)
		return false;
	verdict = job->verdict ? json_loads(job->verdict, 0, NULL) : NULL;
	return !verdict || json_is_true(json_object_get(verdict, "own_boots"));
}

XbJobData *xb_jobdata_load(XbDb *db, int64_t job_id, GError **error)
{
	g_autoptr(XbJobData) self = g_new0(XbJobData, 1);
	g_autoptr(GArray) extra = g_array_new(FALSE, FALSE, sizeof(int64_t));

	self->image_variants = g_ptr_array_new_with_free_func(free_variant);
	self->roles = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	self->classes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!(self->job = xb_db_job_get(db, job_id, error)) ||
	    !(self->commits = xb_db_job_commits(db, job_id, error)) ||
	    !(self->variants = xb_db_variants_of_job(db, job_id, error)) ||
	    !load_images(self, db, extra, error) || !load_paths(self, db, error) ||
	    !(self->runs = xb_db_runs_for_job(db, job_id, extra, error)))
		return NULL;
	self->spec = json_loads(self->job->spec, 0, NULL);
	if (!self->spec || self->variants->len != self->commits->len) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT, "job %lld: its rows disagree",
			    (long long)job_id);
		return NULL;
	}
	self->metric = xb_spec_string(self, "metric");
	self->host_fp = xb_spec_string(self, "host_fp");
	self->workload_fp = xb_spec_string(self, "workload_fp");
	self->own_boots = uses_own_boots(self->job);
	self->samples = xb_db_samples_for_job(db, job_id, extra, self->metric, error);
	if (!self->samples)
		return NULL;
	for (guint i = 0; i < self->variants->len; i++)
		add_variant(self, self->variants->pdata[i], (int)i, false, false);
	for (guint i = 0; i < self->images->len; i++) {
		const XbJobImage *image = self->images->pdata[i];
		if (self->image_variants->pdata[i])
			add_variant(self, self->image_variants->pdata[i], image->node,
				    !image->revert, image->revert);
	}
	if (!add_foreign_runs(self, db, error))
		return NULL;
	return g_steal_pointer(&self);
}

guint xb_jobdata_class(const XbJobData *self, const XbVariant *variant)
{
	g_autofree char *key = class_key(variant);
	return GPOINTER_TO_UINT(g_hash_table_lookup(self->classes, key));
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

	return !image->revert && variant && variant->image_sha256 &&
	       g_strcmp0(variant->image_sha256, normal->image_sha256) == 0;
}

bool xb_jobdata_is_boot_of_image(const XbJobData *self, guint i, const XbRun *run)
{
	const XbJobImage *image = self->images->pdata[i];
	const XbVariant *variant = self->image_variants->pdata[i];
	const XbVariant *normal = self->variants->pdata[image->node];

	return (variant && run->variant_id == variant->id) ||
	       (run->variant_id == normal->id && strcmp(run->purpose, "confirm") == 0 &&
		xb_jobdata_image_is_normal(self, i));
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
