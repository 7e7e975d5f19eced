/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver-null.c - boots nothing: samples come from a seeded generator. It
 * tests what is around a boot (daemon, planners, database) at full speed, and
 * is documented for that use only.
 *
 * Settings of the host:
 *   table=FILE   lines "COMMIT VALUE" or "COMMIT OUTCOME [DETAIL]"; COMMIT is
 *                a prefix of the artifact's commit, or * for all others
 *   mean=0.02    of what the table does not name
 *   sd=0.001     relative standard deviation of samples in one boot
 *   boot_sd=0    relative standard deviation between boots
 *   seed=1       the same seed, commit and boot give the same samples
 *   boot_s=0     how long a boot takes
 * Every metric of the workload gets such samples but "map", which is always
 * at `mean`: a metric that did not change.
 */
#include "driver.h"

#include "workload.h"

#include <math.h>
#include <string.h>

typedef struct {
	double mean, sd, boot_sd, boot_s;
	guint seed, iterations;
	char *table;
} Null;

static bool setting_double(const json_t *object, const char *name, const char *fallback,
			   double *value, GError **error)
{
	g_autofree char *text = runner_setting(object, name, fallback);
	char *end;

	*value = g_ascii_strtod(text, &end);
	if (*text && !*end && isfinite(*value) && *value >= 0)
		return true;
	g_set_error(error, RUNNER_JOB_ERROR, 0, "%s=%s is not a number", name, text);
	return false;
}

static bool read_settings(const RunnerJob *job, Null *null, GError **error)
{
	null->table = runner_setting(job->host, "table", NULL);
	return setting_double(job->host, "mean", "0.02", &null->mean, error) &&
	       setting_double(job->host, "sd", "0.001", &null->sd, error) &&
	       setting_double(job->host, "boot_sd", "0", &null->boot_sd, error) &&
	       setting_double(job->host, "boot_s", "0", &null->boot_s, error) &&
	       runner_setting_number(job->host, "seed", 0, G_MAXINT, 1, &null->seed, error) &&
	       runner_setting_number(job->workload, "iterations", 1, 100000, 5, &null->iterations,
				     error);
}

static bool facts(const RunnerJob *job, json_t **host, json_t **workload, GError **error)
{
	Null null = { 0 };
	bool ok = read_settings(job, &null, error);

	if (ok) {
		*host = json_pack("{s:f,s:f,s:f,s:i,s:s}", "mean", null.mean, "sd", null.sd,
				  "boot_sd", null.boot_sd, "seed", (int)null.seed, "table",
				  null.table ? null.table : "");
		*workload = json_pack("{s:i,s:O?}", "iterations", (int)null.iterations, "params",
				      json_object_get(job->workload, "params"));
	}
	g_free(null.table);
	return ok;
}

/* The words after the longest COMMIT of the table that is a prefix of
 * @commit; NULL when none is. Caller frees. */
static char *look_up(const char *table, const char *commit)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autofree char *best = NULL;
	gssize best_length = -1;

	if (!table || !g_file_get_contents(table, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		gsize length = strcspn(lines[i], " \t");
		bool all = length == 1 && lines[i][0] == '*';
		gssize score = all ? 0 : (gssize)length;

		if (!lines[i][length] || score <= best_length ||
		    (!all && (length == 0 || strncmp(lines[i], commit, length) != 0)))
			continue;
		g_free(best);
		best = g_strdup(g_strstrip(lines[i] + length));
		best_length = score;
	}
	return g_steal_pointer(&best);
}

/* Standard normal, by Box and Muller. */
static double normal(GRand *rand)
{
	double u = 1 - g_rand_double(rand), v = g_rand_double(rand);

	return sqrt(-2 * log(u)) * cos(2 * G_PI * v);
}

/* Streams of one (seed, text, boot) are the same, of different ones unrelated. */
static GRand *stream(guint seed, const char *text, int boot)
{
	g_autofree char *all = g_strdup_printf("%u %s %d", seed, text, boot);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
	guint32 words[4];

	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *part = g_strndup(hash + i * 8, 8);

		words[i] = (guint32)g_ascii_strtoull(part, NULL, 16);
	}
	return g_rand_new_with_seed_array(words, G_N_ELEMENTS(words));
}

static void emit_samples(RunnerRun *run, const Null *null, const char *commit, double mean)
{
	int boot = (int)json_integer_value(json_object_get(run->job->json, "boot"));
	g_autofree char *metrics = runner_setting(run->job->workload, "metrics", "unmap:s:lower");
	g_auto(GStrv) items = g_strsplit(metrics, ";", -1);

	for (guint m = 0; items[m]; m++) {
		g_auto(GStrv) parts = g_strsplit(g_strstrip(items[m]), ":", 3);
		double level = g_strcmp0(parts[0], "map") == 0 ? null->mean : mean;
		g_autofree char *name = g_strconcat(commit, " ", parts[0], NULL);
		g_autoptr(GRand) rand = stream(null->seed, name, boot);

		if (!parts[0] || !*parts[0])
			continue;
		level *= 1 + null->boot_sd * normal(rand);
		for (guint i = 0; i < null->iterations; i++)
			runner_run_emit(run,
					json_pack("{s:s,s:s,s:f,s:s,s:i}", "event", "sample",
						  "metric", parts[0], "value",
						  level * (1 + null->sd * normal(rand)), "unit",
						  parts[1] ? parts[1] : "s", "iteration", (int)i));
	}
}

static gboolean on_booted(gpointer data)
{
	RunnerRun *run = data;

	g_main_loop_quit(run->loop);
	return G_SOURCE_REMOVE;
}

static void boot(RunnerRun *run, const Null *null)
{
	g_autofree char *commit = runner_setting(run->job->artifact, "commit", NULL);
	g_autofree char *found = NULL;
	double mean = null->mean;
	XbOutcome outcome;
	char *end;

	if (!commit)
		commit = runner_setting(run->job->artifact, "kernel", "");
	runner_run_phase(run, "boot");
	if (null->boot_s > 0) {
		g_timeout_add((guint)(null->boot_s * 1000), on_booted, run);
		runner_run_loop(run);
	}
	found = look_up(null->table, commit);
	if (found) {
		g_auto(GStrv) words = g_strsplit(found, " ", 2);

		mean = g_ascii_strtod(words[0], &end);
		if (*end && xb_outcome_parse(words[0], &outcome)) {
			runner_run_end(run, outcome, "%s",
				       words[1] ? words[1] : "as the table says");
			return;
		}
	}
	runner_run_phase(run, "workload");
	emit_samples(run, null, commit, mean);
	runner_run_end(run, XB_OUTCOME_OK, "%s", "");
}

static void run_null(RunnerRun *run)
{
	Null null = { 0 };
	g_autoptr(GError) error = NULL;

	if (read_settings(run->job, &null, &error))
		boot(run, &null);
	else
		runner_run_end(run, XB_OUTCOME_HOST_TROUBLE, "%s", error->message);
	g_free(null.table);
}

const RunnerDriver runner_driver_null = {
	.name = "null",
	.summary = "boots nothing, samples from a generator: for tests of the harness",
	.facts = facts,
	.run = run_null,
};
