/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.c - see job.h. */
#include "job.h"

#include "text.h"

#include <string.h>

#define DEADLINE_DEFAULT_S 300

G_DEFINE_QUARK(xb - runner - job, runner_job_error)

char *runner_setting(const json_t *object, const char *name, const char *fallback)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	if (text && *text)
		return g_strdup(text);
	if (json_is_integer(value))
		return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_real(value))
		return json_dumps(value, JSON_ENCODE_ANY);
	if (json_is_boolean(value))
		return g_strdup(json_is_true(value) ? "yes" : "no");
	return g_strdup(fallback);
}

static bool bad_setting(const char *name, const char *text, const char *wanted, GError **error)
{
	g_autofree char *safe = xb_text_safe(text, -1, 100, false);

	g_set_error(error, RUNNER_JOB_ERROR, 0, "%s=%s is not %s", name, safe, wanted);
	return false;
}

bool runner_setting_bool(const json_t *object, const char *name, bool fallback, bool *value,
			 GError **error)
{
	g_autofree char *text = runner_setting(object, name, fallback ? "yes" : "no");

	*value = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
	if (*value || strcmp(text, "no") == 0 || strcmp(text, "false") == 0)
		return true;
	return bad_setting(name, text, "yes or no", error);
}

bool runner_setting_number(const json_t *object, const char *name, guint min, guint max,
			   guint fallback, guint *value, GError **error)
{
	g_autofree char *text = runner_setting(object, name, NULL);
	guint64 number = fallback;

	if (text && !g_ascii_string_to_unsigned(text, 10, min, max, &number, NULL)) {
		g_autofree char *wanted = g_strdup_printf("a number from %u to %u", min, max);
		return bad_setting(name, text, wanted, error);
	}
	*value = (guint)number;
	return true;
}

bool runner_setting_seconds(const json_t *object, const char *name, double fallback, double *value,
			    GError **error)
{
	g_autofree char *text = runner_setting(object, name, NULL);

	*value = fallback;
	if (text && (!xb_parse_duration(text, value) || *value <= 0))
		return bad_setting(name, text, "a duration such as 90s", error);
	return true;
}

const char *runner_setting_choice(const json_t *object, const char *name,
				  const char *const *choices, GError **error)
{
	g_autofree char *text = runner_setting(object, name, choices[0]);
	g_autofree char *all = NULL;

	for (guint i = 0; choices[i]; i++)
		if (strcmp(choices[i], text) == 0)
			return choices[i];
	all = g_strjoinv(" or ", (char **)choices);
	bad_setting(name, text, all, error);
	return NULL;
}

/* The object @name of the job; a job without it is refused. */
static const json_t *job_object(const json_t *json, const char *name, GError **error)
{
	const json_t *object = json_object_get(json, name);

	if (json_is_object(object))
		return object;
	g_set_error(error, RUNNER_JOB_ERROR, 0, "job: \"%s\" is missing or no object", name);
	return NULL;
}

bool runner_job_of_host(const RunnerJob *job)
{
	static const char *const kinds[] = { "check", "recover", "lock", NULL };

	return g_strv_contains(kinds, job->kind);
}

static bool fill(RunnerJob *job, GError **error)
{
	static const char *const kinds[] = {
		"run", "fingerprint", "check", "recover", "lock", NULL
	};

	if (!g_strv_contains(kinds, job->kind)) {
		g_set_error(error, RUNNER_JOB_ERROR, 0,
			    "job: \"kind\" is not \"run\", \"fingerprint\", \"check\", \"recover\" "
			    "or \"lock\"");
		return false;
	}
	job->host = job_object(job->json, "host", error);
	if (!job->host)
		return false;
	if (runner_job_of_host(job) && !json_object_get(job->json, "workload"))
		json_object_set_new(job->json, "workload", json_object());
	job->workload = job_object(job->json, "workload", error);
	if (!job->workload)
		return false;
	job->artifact = json_object_get(job->json, "artifact");
	if (strcmp(job->kind, "run") == 0 &&
	    !(job->artifact = job_object(job->json, "artifact", error)))
		return false;
	return runner_setting_seconds(job->json, "deadline_s", DEADLINE_DEFAULT_S, &job->deadline_s,
				      error) &&
	       runner_setting_number(job->json, "perturb", 0, G_MAXINT, 0, &job->perturb, error);
}

RunnerJob *runner_job_new(json_t *json, GError **error)
{
	g_autoptr(RunnerJob) job = g_new0(RunnerJob, 1);

	job->json = json_incref(json);
	job->kind = runner_setting(json, "kind", "");
	job->dir = runner_setting(json, "dir", ".");
	return fill(job, error) ? g_steal_pointer(&job) : NULL;
}

void runner_job_free(RunnerJob *job)
{
	if (!job)
		return;
	json_decref(job->json);
	g_free(job->kind);
	g_free(job->dir);
	g_free(job);
}

char *runner_job_system_map(const RunnerJob *job)
{
	g_autofree char *dir = runner_setting(job->artifact, "dir", ".");
	g_autofree char *named = runner_setting(job->artifact, "system_map", NULL);
	g_autofree char *kernel = runner_setting(job->artifact, "kernel", "");
	const char *version = g_str_has_prefix(kernel, "vmlinuz-") ? strchr(kernel, '-') : "";
	g_autofree char *usual = g_strconcat("System.map", version, NULL);
	g_autofree char *path = g_canonicalize_filename(named ? named : usual, dir);

	return named || g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer(&path) : NULL;
}
