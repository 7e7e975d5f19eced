/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome.c - from a finished worker to rows: artifact, variant, host. */
#include "outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "host-care.h"
#include "probes.h"
#include "space.h"
#include "text.h"
#include "variants.h"

#define STDERR_TAIL 400

/* The end of what the worker wrote to stderr, for a stream without "done". */
static char *stderr_tail(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "stderr", NULL);
	char text[STDERR_TAIL];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	ssize_t length =
		fd >= 0 ? pread(fd, text, sizeof(text), MAX(end - (off_t)sizeof(text), 0)) : 0;

	if (fd >= 0)
		close(fd);
	while (length > 0 && g_ascii_isspace(text[length - 1]))
		length--;
	if (length <= 0)
		return g_strdup("");
	g_autofree char *safe = xb_text_safe(text, length, 1024, false);
	return g_strconcat(": ", safe, NULL);
}

/* The job that wanted the run has ended (cancelled, or decided without it): its end is nobody's
 * fault. */
static bool is_unwanted(const XbJob *job)
{
	return job && job->state != XB_JOB_QUEUED && job->state != XB_JOB_RUNNING;
}

static uint64_t tree_bytes(const char *path, int depth)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	uint64_t sum = 0;
	const char *name;

	while (dir && depth < 16 && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		GStatBuf st;
		if (g_lstat(child, &st) == 0)
			sum += S_ISDIR(st.st_mode) ? tree_bytes(child, depth + 1)
						   : (uint64_t)st.st_size;
	}
	return sum;
}

/* runs/ID/out -> artifacts/VARIANT. After a crash in between only the target is there. */
static char *publish(XbDaemon *daemon, const XbRun *run, GError **error)
{
	g_autofree char *out = g_build_filename(run->dir, "out", NULL);
	g_autofree char *parent = xb_state_path(daemon, "artifacts", NULL);
	g_autofree char *name = g_strdup_printf("%lld", (long long)run->variant_id);
	char *target = g_build_filename(parent, name, NULL);

	g_mkdir_with_parents(parent, 0755);
	if (g_file_test(out, G_FILE_TEST_IS_DIR)) {
		xb_remove_tree(target);
		if (g_rename(out, target) != 0) {
			g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
				    "%s -> %s: %s", out, target, g_strerror(errno));
			g_free(target);
			return NULL;
		}
	}
	return target;
}

static void replace(char **slot, const char *value)
{
	g_free(*slot);
	*slot = g_strdup(value);
}

static bool file_inside(const char *dir, json_t *artifact, const char *member)
{
	const char *name = json_string_value(json_object_get(artifact, member));
	g_autofree char *path = NULL;

	if (!name || strchr(name, '/') || name[0] == '.')
		return false;
	path = g_build_filename(dir, name, NULL);
	return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

/* A builder that tells what it built with had to have what the recipe says. */
static bool has_other_toolchain(XbDaemon *daemon, const XbVariant *variant, json_t *artifact)
{
	g_autoptr(json_t) source = json_loads(variant->source, 0, NULL);
	const char *builder = json_string_value(json_object_get(artifact, "builder"));
	XbRecipe recipe;

	if (!builder || !xb_recipe_unpack(source, &recipe))
		return false;
	xb_probes_builder_reported(daemon->probes, builder);
	return !xb_probes_builder_is(daemon->probes, recipe.builder_fp);
}

/* Fill @variant from the artifact event; NULL when fine, else what is wrong (static). */
static const char *take_artifact(XbDaemon *daemon, const XbRun *run, XbVariant *variant,
				 GError **error)
{
	g_autoptr(GPtrArray) bodies = xb_db_events(daemon->db, run->id, "artifact", error);
	g_autoptr(json_t) artifact = NULL;
	g_autofree char *dir = NULL;

	if (!bodies)
		return "the database could not be read";
	if (bodies->len == 0)
		return "done ok without an artifact event";
	artifact = json_loads(bodies->pdata[bodies->len - 1], 0, NULL);
	if (!json_is_string(json_object_get(artifact, "image_sha256")))
		return "the artifact event has no image_sha256";
	if (has_other_toolchain(daemon, variant, artifact))
		return "the compiler, or another tool of the builder, has changed since the job "
		       "was "
		       "queued";
	dir = publish(daemon, run, error);
	if (!dir)
		return "the artifact could not be published";
	if (!file_inside(dir, artifact, "kernel"))
		return "the artifact's kernel is not in its directory";
	variant->state = XB_VARIANT_BUILT;
	replace(&variant->detail, NULL);
	replace(&variant->dir, dir);
	replace(&variant->artifact, bodies->pdata[bodies->len - 1]);
	replace(&variant->image_sha256,
		json_string_value(json_object_get(artifact, "image_sha256")));
	replace(&variant->config_sha256,
		json_string_value(json_object_get(artifact, "config_sha256")));
	replace(&variant->toolchain, json_string_value(json_object_get(artifact, "toolchain")));
	variant->size_bytes = (int64_t)tree_bytes(dir, 0);
	variant->used_ms = xb_now_ms();
	return NULL;
}

static bool conclude_build(XbDaemon *daemon, const XbRun *run, XbOutcome *outcome, char **detail,
			   GError **error)
{
	g_autoptr(XbVariant) variant = xb_db_variant_get(daemon->db, run->variant_id, error);

	if (!variant)
		return false;
	if (*outcome == XB_OUTCOME_OK) {
		g_autoptr(GError) local = NULL;
		const char *wrong = take_artifact(daemon, run, variant, &local);
		if (wrong) {
			*outcome = XB_OUTCOME_HOST_TROUBLE;
			g_free(*detail);
			*detail = g_strdup_printf("%s%s%s", wrong, local ? ": " : "",
						  local ? local->message : "");
			return true;
		}
	} else if (*outcome == XB_OUTCOME_BUILD_FAILED) {
		variant->state = XB_VARIANT_BUILD_FAILED;
		replace(&variant->detail, *detail);
	} else {
		/* a builder can't say how a kernel boots */
		*outcome = XB_OUTCOME_HOST_TROUBLE;
		return true;
	}
	return xb_db_variant_update(daemon->db, variant, error);
}

/* The first sample of which no ratio can be made; NULL when there is none. */
static const XbSample *find_unusable(const GArray *samples)
{
	for (guint i = 0; i < samples->len; i++) {
		const XbSample *sample = &g_array_index(samples, XbSample, i);

		if (!(sample->value > 0))
			return sample;
	}
	return NULL;
}

/* The first sample in another unit than the job's; NULL when there is none, or no unit is known. */
static const XbSample *find_other_unit(const GArray *samples, const char *unit)
{
	for (guint i = 0; unit && *unit && i < samples->len; i++) {
		const XbSample *sample = &g_array_index(samples, XbSample, i);

		if (sample->unit && *sample->unit && strcmp(sample->unit, unit) != 0)
			return sample;
	}
	return NULL;
}

/* A boot that went well, but whose numbers the job can't use. */
static bool judge_boot(XbDaemon *daemon, const XbRun *run, const XbJob *job, XbOutcome *outcome,
		       char **detail, GError **error)
{
	g_autoptr(json_t) spec = job ? json_loads(job->spec, 0, NULL) : NULL;
	const char *metric = json_string_value(json_object_get(spec, "metric"));
	const char *host_fp = json_string_value(json_object_get(spec, "host_fp"));
	const char *workload_fp = json_string_value(json_object_get(spec, "workload_fp"));
	const char *unit = json_string_value(json_object_get(spec, "unit"));
	g_autoptr(GArray) samples = NULL;
	const XbSample *unusable;

	/* a profiling boot has a fingerprint of its own, and its numbers are not used */
	if (*outcome != XB_OUTCOME_OK || !metric || is_unwanted(job) || xb_run_is_explain(run))
		return true;
	samples = xb_db_samples(daemon->db, run->id, metric, error);
	if (!samples)
		return false;
	if ((g_strcmp0(run->host_fp, host_fp) != 0 ||
	     g_strcmp0(run->workload_fp, workload_fp) != 0) &&
	    !xb_probes_reported(daemon->probes, run->place,
				json_object_get(spec, "workload_settings"), run->host_fp,
				run->workload_fp)) {
		*outcome = XB_OUTCOME_HOST_TROUBLE;
		g_free(*detail);
		*detail = g_strdup("the host, its emulator, hypervisor or workload is another one "
				   "than was asked for: its fingerprint changed");
	} else if (samples->len == 0) {
		*outcome = XB_OUTCOME_WORKLOAD_FAILED;
		g_free(*detail);
		*detail = g_strdup_printf("the workload gave no sample of \"%s\"", metric);
	} else if ((unusable = find_unusable(samples))) {
		*outcome = XB_OUTCOME_WORKLOAD_FAILED;
		g_free(*detail);
		*detail = g_strdup_printf("the workload gave %g for \"%s\": only samples above "
					  "zero can be compared",
					  unusable->value, metric);
	} else if ((unusable = find_other_unit(samples, unit))) {
		*outcome = XB_OUTCOME_WORKLOAD_FAILED;
		g_free(*detail);
		*detail = g_strdup_printf("the workload gave \"%s\" in \"%s\", which cannot be "
					  "compared with \"%s\"",
					  metric, unusable->unit, unit);
	}
	return true;
}

static bool judge(XbDaemon *daemon, const XbRun *run, const XbJob *job, XbOutcome *outcome,
		  char **detail, GError **error)
{
	if (run->kind == XB_RUN_BUILD)
		return conclude_build(daemon, run, outcome, detail, error);
	if (*outcome == XB_OUTCOME_BUILD_FAILED)
		*outcome = XB_OUTCOME_HOST_TROUBLE;
	return judge_boot(daemon, run, job, outcome, detail, error);
}

/* What a boot brought, for people: ", unmap 0.02226 s (5 samples)"; "" when it is not a job's. */
static char *say_level(XbDaemon *daemon, const XbRun *run)
{
	g_autoptr(XbJob) job = run->job_id ? xb_db_job_get(daemon->db, run->job_id, NULL) : NULL;
	g_autoptr(json_t) spec = job ? json_loads(job->spec, 0, NULL) : NULL;
	const char *metric = json_string_value(json_object_get(spec, "metric"));
	g_autoptr(GArray) samples =
		metric ? xb_db_samples(daemon->db, run->id, metric, NULL) : NULL;
	double mean = 0;

	if (!samples || samples->len == 0)
		return g_strdup("");
	for (guint i = 0; i < samples->len; i++)
		mean += g_array_index(samples, XbSample, i).value / samples->len;
	return g_strdup_printf(", %s %.6g %s (%u samples)", metric, mean,
			       g_array_index(samples, XbSample, 0).unit, samples->len);
}

/* Twelve digits of the commit, or the prebuilt kernel's name. */
static char *say_variant(XbDaemon *daemon, const XbRun *run)
{
	g_autoptr(XbVariant) variant = xb_db_variant_get(daemon->db, run->variant_id, NULL);
	g_autoptr(json_t) source = variant ? json_loads(variant->source, 0, NULL) : NULL;
	const char *commit = json_string_value(json_object_get(source, "commit"));
	const char *kernel = json_string_value(json_object_get(source, "kernel"));

	return commit ? g_strndup(commit, 12) : g_path_get_basename(kernel ? kernel : "?");
}

static void say_outcome(XbDaemon *daemon, const XbRun *run, XbOutcome outcome, const char *detail)
{
	const char *what = run->kind == XB_RUN_BUILD ? "build b" : "boot r";
	g_autofree char *of = say_variant(daemon, run);
	g_autofree char *level = NULL;

	if (outcome != XB_OUTCOME_OK) {
		xb_journal(daemon, run->job_id, "%s%lld of %s: %s: %s", what, (long long)run->id,
			   of, xb_outcome_name(outcome), detail);
		return;
	}
	level = say_level(daemon, run);
	xb_journal(daemon, run->job_id, "%s%lld of %s: ok, %.1f s%s", what, (long long)run->id, of,
		   (double)(xb_now_ms() - run->started_ms) / 1000, level);
}

static bool finish(XbDaemon *daemon, const XbRun *run, XbOutcome outcome, char **detail,
		   GError **error)
{
	XbDb *db = daemon->db;
	g_autoptr(XbJob) job = run->job_id ? xb_db_job_get(db, run->job_id, NULL) : NULL;
	bool ok;

	if (!xb_db_begin(db, error))
		return false;
	ok = judge(daemon, run, job, &outcome, detail, error);
	if (outcome == XB_OUTCOME_HOST_TROUBLE && is_unwanted(job)) {
		g_free(*detail);
		*detail = g_strdup("ended: its job has ended");
	}
	ok = ok && xb_db_run_finish(db, run->id, outcome, *detail, xb_now_ms(), error);
	ok = ok && xb_care_run_ended(daemon, run, outcome, is_unwanted(job), error);
	if (!ok || !xb_db_commit(db, error)) {
		xb_db_rollback(db);
		return false;
	}
	say_outcome(daemon, run, outcome, *detail);
	return true;
}

bool xb_outcome_conclude(XbDaemon *daemon, int64_t run_id, const XbIngest *ingest, const char *how,
			 GError **error)
{
	g_autoptr(XbRun) run = xb_db_run_get(daemon->db, run_id, error);
	XbOutcome outcome = XB_OUTCOME_HOST_TROUBLE;
	g_autofree char *detail = NULL;

	if (!run)
		return false;
	if (run->state == XB_RUN_DONE)
		return true;
	if (xb_ingest_broken(ingest)) {
		detail = g_strdup_printf("the worker's output is not what the protocol allows: %s",
					 xb_ingest_broken(ingest));
	} else if (xb_ingest_done(ingest)) {
		outcome = xb_ingest_outcome(ingest);
		detail = g_strdup(xb_ingest_detail(ingest));
	} else {
		g_autofree char *tail = stderr_tail(run->dir);
		detail = g_strdup_printf("the worker ended without saying done%s%s%s%s",
					 how ? " (" : "", how ? how : "", how ? ")" : "", tail);
	}
	return finish(daemon, run, outcome, &detail, error);
}

bool xb_outcome_trouble(XbDaemon *daemon, const XbRun *run, const char *text, GError **error)
{
	g_autofree char *detail = g_strdup(text);
	return finish(daemon, run, XB_OUTCOME_HOST_TROUBLE, &detail, error);
}

bool xb_outcome_lost(XbDaemon *daemon, const XbRun *run, GError **error)
{
	return xb_db_run_set_phase(daemon->db, run->id, XB_RUN_PHASE_LOST, error) &&
	       xb_db_run_finish(daemon->db, run->id, XB_OUTCOME_HOST_TROUBLE,
				"never started: the daemon ended before", xb_now_ms(), error);
}
