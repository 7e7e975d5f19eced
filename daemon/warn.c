/* SPDX-License-Identifier: GPL-2.0-or-later */
/* warn.c - noise that is too high for the effect, told beforehand. */
#include "warn.h"

#include <math.h>
#include <string.h>

#include "hosts.h"
#include "jobdata.h"
#include "noise.h"
#include "percent.h"
#include "probes.h"
#include "trials.h"

#define TRIALS      24
#define TRIALS_US   (3 * G_USEC_PER_SEC)
#define COMMITS_MAX 512 /* of the simulated range; boots grow with the logarithm only */
#define KNOWN_BOOTS 5   /* fewer tell nothing */
/* Effects of so many standard deviations of a boot are found at once: nothing to simulate. */
#define EASY 6.0
/* Worth a warning. */
#define OFTEN_RIGHT 0.8
#define MANY_BOOTS  80
/* And so many are enough to know that: what is planned with more takes ever longer to simulate. */
#define GIVEN_UP (2 * MANY_BOOTS)

typedef struct {
	XbDaemon *daemon;
	int64_t job_id;
	guint commits, boots_known, iterations, hosts;
	double boot_sd, run_sd, min_effect, confidence, boot_s, build_s;
} Question;

static bool in_time(guint done, void *data)
{
	const gint64 *end_us = data;
	return done < 4 || g_get_monotonic_time() < *end_us;
}

/* What would help: samples where those are the noise, else a larger effect or a quieter host. */
static char *advice(double boot_sd, double run_sd, guint iterations)
{
	if (run_sd * run_sd / MAX(iterations, 1) > 0.5 * boot_sd * boot_sd)
		return g_strdup("more iterations in a boot would help");
	return g_strdup_printf("a quieter host or --min-effect %.2g%% would help",
			       100 * expm1(3 * boot_sd));
}

char *xb_warn_text(guint commits, double boot_sd, double run_sd, guint boots_known,
		   guint iterations, double min_effect, double confidence, guint hosts,
		   double boot_s, double build_s)
{
	guint n = CLAMP(commits, 2, COMMITS_MAX);
	g_autofree guint *parent_start = NULL, *parent = NULL;
	gint64 end_us = g_get_monotonic_time() + TRIALS_US;
	XbTrials trials;

	if (boots_known < KNOWN_BOOTS || !(boot_sd > 0) || log1p(min_effect) > EASY * boot_sd)
		return NULL;
	XbWorld world = {
		.graph = xb_graph_line(n, &parent_start, &parent),
		.shift = 2 * min_effect,
		.boot_sd = boot_sd,
		.run_sd = run_sd,
		.iterations = MAX(iterations, 1),
		.build_cold_s = build_s,
		.build_near_s = build_s,
		.boot_s = boot_s,
		.boots_max = GIVEN_UP,
		.options = { .confidence = confidence,
			     .min_effect = min_effect,
			     .hosts = MAX(hosts, 1),
			     .builders = 1,
			     .history_boot_sd = boot_sd,
			     .history_n = MIN(boots_known, 20),
			     .history_level = NAN },
	};
	xb_trials_run(&world, TRIALS, 1, in_time, &end_us, &trials);
	double right = trials.n > 0 ? (double)trials.right / trials.n : 1;
	if (trials.n == 0 || (right >= OFTEN_RIGHT && trials.boots.mean <= MANY_BOOTS))
		return NULL;
	g_autofree char *help = advice(boot_sd, run_sd, iterations);
	g_autofree char *found = xb_percent_text(right, 0);
	return g_strdup_printf("boots of one image vary by %.2g %% here (%u earlier boots): a step "
			       "of %.2g %% in %u commits would take %s %.0f boots and %.0f "
			       "minutes, and be found%s in %s of such searches; %s",
			       100 * boot_sd, boots_known, 200 * min_effect, commits,
			       trials.given_up ? "more than" : "about", trials.boots.mean,
			       trials.total_min.mean, trials.given_up ? " by then" : "", found,
			       help);
}

static void run_question(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	const Question *q = data;
	(void)source;
	(void)cancellable;

	g_task_return_pointer(task,
			      xb_warn_text(q->commits, q->boot_sd, q->run_sd, q->boots_known,
					   q->iterations, q->min_effect, q->confidence, q->hosts,
					   q->boot_s, q->build_s),
			      g_free);
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
	const Question *q = g_task_get_task_data(G_TASK(result));
	g_autofree char *warning = g_task_propagate_pointer(G_TASK(result), NULL);
	g_autoptr(XbJob) job = warning ? xb_db_job_get(q->daemon->db, q->job_id, NULL) : NULL;
	g_autoptr(json_t) spec = job ? json_loads(job->spec, 0, NULL) : NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	(void)source;
	(void)data;

	if (!spec)
		return;
	json_object_set_new(spec, "warnings", json_pack("[s]", warning));
	text = json_dumps(spec, JSON_COMPACT);
	if (!xb_db_job_set_spec(q->daemon->db, q->job_id, text, &error))
		g_warning("job %lld: %s", (long long)q->job_id, error->message);
	xb_journal(q->daemon, q->job_id, "warning: %s", warning);
}

static double seconds_or(double seconds, double guess)
{
	return isfinite(seconds) && seconds > 0 ? seconds : guess;
}

/* A host of the job whose fingerprints are known; they are set. */
static const XbHostConfig *find_host(XbDaemon *daemon, const XbJobData *data, guint *count,
				     const char **host_fp, const char **workload_fp)
{
	json_t *workload = json_object_get(data->spec, "workload_settings");
	const char *wanted = xb_spec_string(data, "host");
	const XbHostConfig *found = NULL;

	*count = 0;
	for (guint i = 0; i < daemon->config->hosts->len; i++) {
		const XbHostConfig *host = daemon->config->hosts->pdata[i];

		if (!xb_host_is_selected(host->name, host->labels, wanted))
			continue;
		(*count)++;
		if (!found &&
		    xb_hosts_fingerprint(daemon, host, workload, NULL, host_fp, workload_fp))
			found = host;
	}
	return found;
}

void xb_warn_of_noise(XbDaemon *daemon, int64_t job_id)
{
	g_autoptr(XbJobData) data = xb_jobdata_load(daemon->db, job_id, NULL);
	const char *host_fp = NULL, *workload_fp = NULL;
	guint hosts = 0;
	const XbHostConfig *host =
		data ? find_host(daemon, data, &hosts, &host_fp, &workload_fp) : NULL;

	if (!host || xb_host_is_deterministic(host))
		return;
	XbNoise noise = xb_noise_read(daemon->db, host_fp, workload_fp, data->metric, job_id);
	if (noise.boots < KNOWN_BOOTS || !(noise.boot_sd > 0))
		return;
	json_t *settings = json_object_get(data->spec, "workload_settings");
	json_t *iterations = json_object_get(settings, "iterations");
	Question question = {
		.daemon = daemon,
		.job_id = job_id,
		.commits = data->commits->len - 1,
		.boots_known = noise.boots,
		.iterations = (guint)CLAMP(json_integer_value(iterations), 1, 1000),
		.hosts = hosts,
		.boot_sd = noise.boot_sd,
		.run_sd = noise.run_sd,
		.min_effect = xb_spec_number(data, "min_effect", 0.01),
		.confidence = xb_spec_number(data, "confidence", 0.99),
		.boot_s = seconds_or(xb_db_run_seconds(daemon->db, XB_RUN_BOOT, NULL, 8, NULL), 20),
		.build_s =
			seconds_or(xb_db_run_seconds(daemon->db, XB_RUN_BUILD, NULL, 8, NULL), 180),
	};
	g_autoptr(GTask) task = g_task_new(NULL, NULL, on_answer, NULL);
	g_task_set_task_data(task, g_memdup2(&question, sizeof(question)), g_free);
	g_task_run_in_thread(task, run_question);
}
