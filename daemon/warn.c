/* SPDX-License-Identifier: GPL-2.0-or-later */
/* warn.c - noise that is too high for the effect, told beforehand. */
#include "warn.h"

#include <math.h>
#include <string.h>

#include "control-server.h"
#include "hosts.h"
#include "jobdata.h"
#include "noise.h"
#include "percent.h"
#include "probes.h"
#include "trials.h"

#define TRIALS      24
#define TRIALS_US   (3 * G_USEC_PER_SEC)
#define COMMITS_MAX 512  /* of the simulated range; boots grow with the logarithm only */
#define RECALLED    200  /* boots of a host that are looked at for one of the workload */
#define HELD_MS     8000 /* so long is waited for it */
/* Effects of so many standard deviations of a boot are found at once: nothing to simulate. */
#define EASY 6.0
/* Worth a warning. */
#define OFTEN_RIGHT 0.8
#define MANY_BOOTS  80
/* And so many are enough to know that: what is planned with more takes ever longer to simulate. */
#define GIVEN_UP (2 * MANY_BOOTS)

typedef struct {
	guint commits, boots_known, iterations, hosts;
	double boot_sd, run_sd, min_effect, confidence, boot_s, build_s;
} Question;

/* A request that is being thought about. */
typedef struct {
	XbDaemon *daemon;
	int64_t job_id;   /* 0: nothing is queued */
	XbJobData *data;  /* NULL once the simulation has begun */
	json_t *warnings; /* of the answer */
	guint deadline;   /* 0: nothing waits for it any more */
	GCancellable *cancellable;
} Ask;

struct XbWarner {
	GPtrArray *asks; /* Ask*; owned */
};

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

	if (boots_known < XB_NOISE_BOOTS_MIN || !(boot_sd > 0) ||
	    log1p(min_effect) > EASY * boot_sd)
		return NULL;
	XbWorld world = {
		.graph = xb_graph_line(n, &parent_start, &parent),
		.shift = 2 * min_effect,
		/* of means of samples: what those vary by is in it */
		.boot_sd = boot_sd,
		.iterations = 1,
		.build_cold_s = build_s,
		.build_near_s = build_s,
		.boot_s = boot_s,
		.boots_max = GIVEN_UP,
		.options = { .confidence = confidence,
			     .min_effect = min_effect,
			     .hosts = MAX(hosts, 1),
			     .builders = 1,
			     .history_level = NAN },
	};
	xb_noise_expect(&(XbNoise){ .boot_sd = boot_sd, .boots = boots_known }, &world.options);
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

static void ask_free(gpointer data)
{
	Ask *ask = data;

	g_cancellable_cancel(ask->cancellable);
	g_object_unref(ask->cancellable);
	g_clear_handle_id(&ask->deadline, g_source_remove);
	g_clear_pointer(&ask->data, xb_jobdata_free);
	json_decref(ask->warnings);
	g_free(ask);
}

XbWarner *xb_warner_new(void)
{
	XbWarner *self = g_new0(XbWarner, 1);

	self->asks = g_ptr_array_new_with_free_func(ask_free);
	return self;
}

void xb_warner_free(XbWarner *self)
{
	if (!self)
		return;
	g_ptr_array_unref(self->asks);
	g_free(self);
}

/* Whoever waits for it goes on. */
static void let_go(XbDaemon *daemon)
{
	xb_control_server_told(daemon->control);
	xb_daemon_poke(daemon);
}

static void ask_end(Ask *ask)
{
	XbDaemon *daemon = ask->daemon;

	g_ptr_array_remove(daemon->warner->asks, ask);
	let_go(daemon);
}

/* What comes now is still told in the journal and the report. */
static gboolean on_deadline(gpointer data)
{
	Ask *ask = data;

	ask->deadline = 0;
	let_go(ask->daemon);
	return G_SOURCE_REMOVE;
}

static void write_warning(const Ask *ask, const char *warning)
{
	g_autoptr(XbJob) job = xb_db_job_get(ask->daemon->db, ask->job_id, NULL);
	g_autoptr(json_t) spec = job ? json_loads(job->spec, 0, NULL) : NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	if (!spec)
		return;
	json_object_set_new(spec, "warnings", json_pack("[s]", warning));
	text = json_dumps(spec, JSON_COMPACT);
	if (!xb_db_job_set_spec(ask->daemon->db, ask->job_id, text, &error))
		g_warning("job %lld: %s", (long long)ask->job_id, error->message);
	xb_journal(ask->daemon, ask->job_id, "warning: %s", warning);
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
	Ask *ask = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *warning = g_task_propagate_pointer(G_TASK(result), &error);
	(void)source;

	if (error)
		return; /* cancelled: the ask is gone */
	if (warning)
		json_array_append_new(ask->warnings, json_string(warning));
	if (warning && ask->job_id)
		write_warning(ask, warning);
	ask_end(ask);
}

static double seconds_or(double seconds, double guess)
{
	return isfinite(seconds) && seconds > 0 ? seconds : guess;
}

/* The hosts of a request, and by which fingerprints earlier boots on them are found. */
typedef struct {
	guint hosts;
	char *host_fp, *workload_fp; /* NULL: there are none */
	bool known;                  /* they are today's; else of the last boot on such a host */
	bool coming;                 /* a worker is being asked for today's */
} Class;

static void class_clear(Class *class)
{
	g_clear_pointer(&class->host_fp, g_free);
	g_clear_pointer(&class->workload_fp, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Class, class_clear)

static void class_set(Class *class, const char *host_fp, const char *workload_fp)
{
	class_clear(class);
	class->host_fp = g_strdup(host_fp);
	class->workload_fp = g_strdup(workload_fp);
}

/* False: @host never booted @workload, or long ago. */
static bool class_recall(Class *class, XbDb *db, const char *host, const char *workload)
{
	g_autoptr(GPtrArray) boots = xb_db_runs_recent(db, XB_RUN_BOOT, host, RECALLED, NULL);

	for (guint i = 0; boots && i < boots->len; i++) {
		const XbRun *boot = boots->pdata[i];

		if (!boot->host_fp || !boot->workload_fp || strcmp(boot->workload, workload) != 0)
			continue;
		if (!class->host_fp)
			class_set(class, boot->host_fp, boot->workload_fp);
		return true;
	}
	return false;
}

static void class_find(Class *class, XbDaemon *daemon, const XbJobData *data)
{
	json_t *settings = json_object_get(data->spec, "workload_settings");
	const char *workload = xb_spec_string(data, "workload");
	const char *wanted = xb_spec_string(data, "host");

	for (guint i = 0; i < daemon->config->hosts->len; i++) {
		const XbHostConfig *host = daemon->config->hosts->pdata[i];
		const char *host_fp, *workload_fp;

		if (!xb_host_is_selected(host->name, host->labels, wanted))
			continue;
		class->hosts++;
		if (class->known || xb_host_is_deterministic(host))
			continue;
		class->known =
			xb_hosts_fingerprint(daemon, host, settings, NULL, &host_fp, &workload_fp);
		if (class->known)
			class_set(class, host_fp, workload_fp);
		/* without such boots there is nothing to wait for */
		else if (class_recall(class, daemon->db, host->name, workload))
			class->coming |= xb_probes_asking(daemon->probes, host->name);
	}
}

/* Begin the simulation, where it is known what to simulate. False: there is nothing to tell. */
static bool ask_look(Ask *ask)
{
	XbDb *db = ask->daemon->db;
	const XbJobData *data = ask->data;
	json_t *settings = json_object_get(data->spec, "workload_settings");
	json_t *iterations = json_object_get(settings, "iterations");
	g_auto(Class) class = { 0 };

	class_find(&class, ask->daemon, data);
	if (!class.known && class.coming)
		return true;
	if (!class.host_fp)
		return false;
	XbNoise noise =
		xb_noise_read(db, class.host_fp, class.workload_fp, data->metric, data->job->id);
	if (noise.boots < XB_NOISE_BOOTS_MIN || !(noise.boot_sd > 0))
		return false;
	const Question question = {
		.commits = data->commits->len - 1,
		.boots_known = noise.boots,
		.iterations = (guint)CLAMP(json_integer_value(iterations), 1, 1000),
		.hosts = class.hosts,
		.boot_sd = noise.boot_sd,
		.run_sd = noise.run_sd,
		.min_effect = xb_spec_number(data, "min_effect", 0.01),
		.confidence = xb_spec_number(data, "confidence", 0.99),
		.boot_s = seconds_or(xb_db_run_seconds(db, XB_RUN_BOOT, NULL, 8, NULL), 20),
		.build_s = seconds_or(xb_db_run_seconds(db, XB_RUN_BUILD, NULL, 8, NULL), 180),
	};
	g_autoptr(GTask) task = g_task_new(NULL, ask->cancellable, on_answer, ask);
	g_task_set_task_data(task, g_memdup2(&question, sizeof(question)), g_free);
	g_task_run_in_thread(task, run_question);
	g_clear_pointer(&ask->data, xb_jobdata_free);
	return true;
}

void xb_warn_of_noise(XbDaemon *daemon, int64_t job_id, bool queued, json_t *warnings)
{
	g_autoptr(XbJobData) data = xb_jobdata_load(daemon->db, job_id, NULL);
	Ask *ask;

	if (!data || data->job->kind != XB_JOB_BISECT)
		return;
	ask = g_new0(Ask, 1);
	ask->daemon = daemon;
	ask->job_id = queued ? job_id : 0;
	ask->data = g_steal_pointer(&data);
	ask->warnings = json_incref(warnings);
	ask->cancellable = g_cancellable_new();
	if (!ask_look(ask)) {
		ask_free(ask);
		return;
	}
	ask->deadline = g_timeout_add(HELD_MS, on_deadline, ask);
	g_ptr_array_add(daemon->warner->asks, ask);
}

bool xb_warn_is_open(const XbDaemon *daemon, const json_t *warnings)
{
	const GPtrArray *asks = daemon->warner ? daemon->warner->asks : NULL;

	for (guint i = 0; asks && i < asks->len; i++) {
		const Ask *ask = asks->pdata[i];
		if (ask->deadline && ask->warnings == warnings)
			return true;
	}
	return false;
}

bool xb_warn_holds(const XbDaemon *daemon, int64_t job_id)
{
	const GPtrArray *asks = daemon->warner->asks;

	for (guint i = 0; i < asks->len; i++) {
		const Ask *ask = asks->pdata[i];
		if (ask->deadline && ask->job_id == job_id)
			return true;
	}
	return false;
}

void xb_warn_round(XbDaemon *daemon)
{
	GPtrArray *asks = daemon->warner->asks;

	for (guint i = asks->len; i-- > 0;) {
		Ask *ask = asks->pdata[i];
		if (ask->data && !ask_look(ask))
			ask_end(ask);
	}
}
