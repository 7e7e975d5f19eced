/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.c - read and check the members of a builder job. */
#include "job.h"

#include <math.h>
#include <string.h>

#include "failure.h"
#include "text.h"

#define DEADLINE_DEFAULT_S 3600.0
#define JOBS_MAX           1024

static bool bad(GError **error, const char *name, const char *wanted)
{
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_JOB, "job member \"%s\" must be %s", name,
		    wanted);
	return false;
}

static bool is_given(const json_t *value)
{
	return value && !json_is_null(value);
}

/* A string without NUL; @fallback (NULL: required) where it is absent. */
static bool get_string(const json_t *object, const char *name, const char *fallback, char **out,
		       GError **error)
{
	const json_t *value = json_object_get(object, name);

	if (!is_given(value) && fallback) {
		*out = g_strdup(fallback);
		return true;
	}
	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
		return bad(error, name, "a string");
	*out = g_strdup(json_string_value(value));
	return true;
}

static bool get_path(const json_t *object, const char *name, char **out, GError **error)
{
	if (!get_string(object, name, NULL, out, error))
		return false;
	return g_path_is_absolute(*out) || bad(error, name, "an absolute path");
}

static bool get_paths(const json_t *object, const char *name, GStrv *out, GError **error)
{
	const json_t *list = json_object_get(object, name);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	const json_t *item;
	size_t i;

	if (is_given(list) && !json_is_array(list))
		return bad(error, name, "a list of absolute paths");
	json_array_foreach(list, i, item)
	{
		if (!json_is_string(item) || !g_path_is_absolute(json_string_value(item)))
			return bad(error, name, "a list of absolute paths");
		g_ptr_array_add(paths, g_strdup(json_string_value(item)));
	}
	g_ptr_array_add(paths, NULL);
	*out = (GStrv)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
	return true;
}

static bool get_bool(const json_t *object, const char *name, bool *out, GError **error)
{
	const json_t *value = json_object_get(object, name);

	*out = json_is_true(value);
	return !is_given(value) || json_is_boolean(value) || bad(error, name, "true or false");
}

static bool get_limits(const json_t *object, XbBuildJob *job, GError **error)
{
	const json_t *deadline = json_object_get(object, "deadline_s");
	const json_t *jobs = json_object_get(object, "jobs");
	const json_t *size = json_object_get(object, "ccache_max_size");
	uint64_t bytes = 0;

	job->deadline_s = is_given(deadline) ? json_number_value(deadline) : DEADLINE_DEFAULT_S;
	if (!isfinite(job->deadline_s) || job->deadline_s <= 0 || job->deadline_s > 1e7)
		return bad(error, "deadline_s", "a number of seconds above zero");
	job->jobs = (int)g_get_num_processors();
	if (is_given(jobs)) {
		if (!json_is_integer(jobs) || json_integer_value(jobs) < 1 ||
		    json_integer_value(jobs) > JOBS_MAX)
			return bad(error, "jobs", "a whole number from 1 to 1024");
		job->jobs = (int)json_integer_value(jobs);
	}
	if (!is_given(size))
		return true;
	if (json_is_integer(size) && json_integer_value(size) > 0)
		bytes = (uint64_t)json_integer_value(size);
	else if (!json_is_string(size) || !xb_parse_size(json_string_value(size), &bytes))
		return bad(error, "ccache_max_size", "a size such as \"5G\"");
	job->ccache_max_size = g_strdup_printf("%" G_GUINT64_FORMAT "Ki", bytes / 1024);
	return true;
}

static bool check_commit(const char *commit, GError **error)
{
	size_t length = strspn(commit, "0123456789abcdef");

	return (length == 40 && commit[length] == '\0') ||
	       bad(error, "commit", "40 lower-case hexadecimal digits");
}

static bool check_base(const XbBuildJob *job, GError **error)
{
	return g_str_equal(job->kconfig_base, "tinyconfig") ||
	       g_str_equal(job->kconfig_base, "defconfig") ||
	       g_path_is_absolute(job->kconfig_base) ||
	       bad(error, "kconfig_base", "\"tinyconfig\", \"defconfig\" or an absolute path");
}

bool xb_build_job_sandbox(const json_t *object, XbSandboxKind *kind, GError **error)
{
	g_autofree char *name = NULL;

	if (!get_string(object, "sandbox", "bwrap", &name, error))
		return false;
	if (g_str_equal(name, "bwrap"))
		*kind = XB_SANDBOX_BWRAP;
	else if (g_str_equal(name, "none"))
		*kind = XB_SANDBOX_NONE;
	else
		return bad(error, "sandbox", "\"bwrap\" or \"none\"");
	return true;
}

XbBuildJob *xb_build_job_new(const json_t *object, GError **error)
{
	g_autoptr(XbBuildJob) job = g_new0(XbBuildJob, 1);
	bool has_cache = is_given(json_object_get(object, "ccache_dir"));

	if (!get_string(object, "id", "build", &job->id, error) ||
	    !get_path(object, "repo", &job->repo, error) ||
	    !get_string(object, "commit", NULL, &job->commit, error) ||
	    !check_commit(job->commit, error) ||
	    !get_paths(object, "patches", &job->patches, error) ||
	    !get_paths(object, "kconfig", &job->kconfig, error) ||
	    !get_string(object, "kconfig_base", "tinyconfig", &job->kconfig_base, error) ||
	    !check_base(job, error) || !get_string(object, "arch", "x86_64", &job->arch, error) ||
	    !get_path(object, "work_dir", &job->work_dir, error) ||
	    !get_path(object, "out_dir", &job->out_dir, error) ||
	    !get_bool(object, "clean", &job->clean, error) || !get_limits(object, job, error) ||
	    !xb_build_job_sandbox(object, &job->sandbox, error) ||
	    (has_cache && !get_path(object, "ccache_dir", &job->ccache_dir, error)) ||
	    !get_bool(object, "ccache_readonly", &job->ccache_readonly, error) ||
	    !get_string(object, "trust", "", &job->trust, error))
		return NULL;
	return g_steal_pointer(&job);
}

void xb_build_job_free(XbBuildJob *job)
{
	if (!job)
		return;
	g_free(job->id);
	g_free(job->repo);
	g_free(job->commit);
	g_strfreev(job->patches);
	g_strfreev(job->kconfig);
	g_free(job->kconfig_base);
	g_free(job->arch);
	g_free(job->work_dir);
	g_free(job->out_dir);
	g_free(job->ccache_dir);
	g_free(job->ccache_max_size);
	g_free(job->trust);
	g_free(job);
}
