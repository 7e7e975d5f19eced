/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch-measure.c - measurements of a watched branch: queue them, take their levels. */
#include <math.h>
#include <string.h>

#include "changepoint.h"
#include "jobdata.h"
#include "watch.h"

#define OPEN_MAX         2     /* measurements of one watch at once */
#define MEASURE_PRIORITY (-10) /* behind what people wait for */

/* ---- levels ------------------------------------------------------------------------- */

/* Means of one metric over the boots of a job. */
typedef struct {
	char *unit;
	GArray *means; /* of double */
} Means;

static void means_free(void *data)
{
	Means *means = data;

	g_free(means->unit);
	g_array_unref(means->means);
	g_free(means);
}

/* Add the mean of each metric of one boot. */
static bool add_boot(XbDb *db, int64_t run_id, GHashTable *metrics, GError **error)
{
	g_autoptr(GArray) samples = xb_db_samples(db, run_id, NULL, error);

	if (!samples)
		return false;
	for (guint i = 0; i < samples->len;) {
		const XbSample *first = &g_array_index(samples, XbSample, i);
		double sum = 0, mean;
		guint n = 0;
		Means *means = g_hash_table_lookup(metrics, first->metric);

		for (; i < samples->len; i++, n++) {
			const XbSample *sample = &g_array_index(samples, XbSample, i);

			if (strcmp(sample->metric, first->metric) != 0)
				break;
			sum += sample->value;
		}
		if (!means) {
			means = g_new0(Means, 1);
			means->unit = g_strdup(first->unit);
			means->means = g_array_new(FALSE, FALSE, sizeof(double));
			g_hash_table_insert(metrics, g_strdup(first->metric), means);
		}
		mean = sum / n;
		g_array_append_val(means->means, mean);
	}
	return true;
}

static bool store_level(XbDb *db, const XbWatchPoint *point, const XbJobData *data,
			const char *metric, const Means *means, GError **error)
{
	guint n = means->means->len;
	double sum = 0, squares = 0;
	XbWatchLevel level = { .seq = point->seq,
			       .unit = means->unit,
			       .sd = NAN,
			       .boots = (int)n,
			       .host_fp = (char *)data->host_fp,
			       .workload_fp = (char *)data->workload_fp };

	for (guint i = 0; i < n; i++)
		sum += g_array_index(means->means, double, i);
	level.level = sum / n;
	for (guint i = 0; i < n; i++)
		squares += pow(g_array_index(means->means, double, i) - level.level, 2);
	if (n > 1)
		level.sd = sqrt(squares / (n - 1)) / level.level;
	/* of what is not above zero no ratio can be made */
	return !(level.level > 0) ||
	       xb_db_watch_level_set(db, point->watch_id, point->workload, metric, &level, error);
}

/* All levels of a measurement; *@boots it took. */
static bool store_levels(XbDb *db, const XbWatchPoint *point, guint *boots, GError **error)
{
	g_autoptr(XbJobData) data = xb_jobdata_load(db, point->job_id, error);
	g_autoptr(GHashTable) metrics =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, means_free);
	GHashTableIter iter;
	gpointer name, means;

	for (guint i = 0; data && i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];

		*boots += run->kind == XB_RUN_BOOT && run->job_id == point->job_id;
		if (xb_jobdata_run_counts(data, run) && !add_boot(db, run->id, metrics, error))
			return false;
	}
	g_hash_table_iter_init(&iter, metrics);
	while (data && g_hash_table_iter_next(&iter, &name, &means)) {
		if (!store_level(db, point, data, name, means, error))
			return false;
	}
	return data != NULL;
}

/* The older range pays for its boots. */
static bool pay(XbDb *db, const XbWatchPoint *point, guint boots, GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(db, error);
	g_autoptr(GPtrArray) commits =
		watches ? xb_db_watch_commits(db, point->watch_id, error) : NULL;

	for (guint i = 0; commits && i < commits->len; i++) {
		const XbWatchCommit *commit = commits->pdata[i];

		if (commit->seq != point->seq || strcmp(commit->picked, "backfill") != 0)
			continue;
		for (guint w = 0; w < watches->len; w++) {
			XbWatch *watch = watches->pdata[w];

			if (watch->id != point->watch_id)
				continue;
			watch->budget = MAX(watch->budget - (int)MAX(boots, 1), 0);
			return xb_db_watch_update(db, watch, error);
		}
	}
	return commits != NULL;
}

static bool settle_point(XbDaemon *daemon, const XbWatchPoint *point, bool measured, GError **error)
{
	XbDb *db = daemon->db;
	guint boots = 0;

	if (!xb_db_begin(db, error))
		return false;
	if ((!measured || store_levels(db, point, &boots, error)) && pay(db, point, boots, error) &&
	    xb_db_watch_point_settle(db, point, measured ? XB_POINT_MEASURED : XB_POINT_FAILED,
				     error) &&
	    xb_db_commit(db, error))
		return true;
	xb_db_rollback(db);
	return false;
}

bool xb_watch_settle(XbDaemon *daemon, bool *changed, GError **error)
{
	g_autoptr(GPtrArray) open = xb_db_watch_points_open(daemon->db, error);

	for (guint i = 0; open && i < open->len; i++) {
		const XbWatchPoint *point = open->pdata[i];
		g_autoptr(XbJob) job = xb_db_job_get(daemon->db, point->job_id, error);

		if (!job)
			return false;
		if (job->state == XB_JOB_QUEUED || job->state == XB_JOB_RUNNING)
			continue;
		if (!settle_point(daemon, point, job->state == XB_JOB_DONE, error))
			return false;
		*changed = true;
	}
	return open != NULL;
}

/* ---- what to measure next -------------------------------------------------------------- */

typedef struct {
	XbDaemon *daemon;
	XbWatch *watch;
	XbWatchSpec spec;
	GPtrArray *commits;
	GHashTable *points; /* set of "SEQ WORKLOAD": measured, or being so */
	guint open;         /* being measured */
} Step;

static void step_clear(Step *step)
{
	json_decref(step->spec.json);
	g_clear_pointer(&step->commits, g_ptr_array_unref);
	g_clear_pointer(&step->points, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Step, step_clear)

static char *point_key(int64_t seq, const char *workload)
{
	return g_strdup_printf("%" G_GINT64_FORMAT " %s", seq, workload);
}

static bool has_point(const Step *step, int64_t seq, const char *workload)
{
	g_autofree char *key = point_key(seq, workload);

	return g_hash_table_contains(step->points, key);
}

/* Tried again with each round; the list of watches shows why. */
static bool note_refusal(Step *step, GError *refused, GError **error)
{
	XbWatch *watch = step->watch;

	step->open = OPEN_MAX; /* no more in this round */
	if (refused->domain == XB_DB_ERROR) {
		g_propagate_error(error, refused);
		return false;
	}
	if (*watch->trouble == '\0') {
		xb_journal(step->daemon, 0, "watch %s: %s", watch->name, refused->message);
		g_free(watch->trouble);
		watch->trouble = g_strdup(refused->message);
	}
	g_error_free(refused);
	return xb_db_watch_update(step->daemon->db, watch, error);
}

static bool queue_point(Step *step, const XbWatchCommit *commit, const char *workload,
			GError **error)
{
	g_autoptr(json_t) request =
		json_pack("{s:s,s:{s:s}}", "verb", "measure", "rev", "rev", commit->commit);
	json_t *boots = json_object_get(step->spec.json, "boots");
	XbDb *db = step->daemon->db;
	GError *refused = NULL;
	int64_t id;

	if (boots)
		json_object_set(request, "boots", boots);
	/* a crash leaves no job that the watch does not know: it would queue it again */
	if (!xb_db_begin(db, error))
		return false;
	id = xb_watch_queue(step->daemon, step->watch, &step->spec, workload, MEASURE_PRIORITY,
			    request, &refused);
	if (id < 0) {
		xb_db_rollback(db);
		return note_refusal(step, refused, error);
	}
	if (!xb_db_watch_point_add(db, step->watch->id, commit->seq, workload, id, error) ||
	    !xb_db_commit(db, error)) {
		xb_db_rollback(db);
		return false;
	}
	step->open++;
	g_hash_table_add(step->points, point_key(commit->seq, workload));
	return true;
}

/* Newest first: what just came matters most. */
static bool queue_picked(Step *step, GError **error)
{
	for (guint i = step->commits->len; i-- > 0 && step->open < OPEN_MAX;) {
		const XbWatchCommit *commit = step->commits->pdata[i];
		json_t *name;
		size_t w;

		if (commit->gone || *commit->picked == '\0')
			continue;
		json_array_foreach(step->spec.workloads, w, name)
		{
			const char *workload = json_string_value(name);

			if (step->open < OPEN_MAX && !has_point(step, commit->seq, workload) &&
			    xb_config_workload(step->daemon->config, workload) &&
			    !queue_point(step, commit, workload, error))
				return false;
		}
	}
	return true;
}

/* ---- the older range ------------------------------------------------------------------- */

/* Levels and the questions come in the order of the branch: *@at goes along. */
static double level_at(const GPtrArray *levels, int64_t seq, guint *at)
{
	while (*at < levels->len && ((XbWatchLevel *)levels->pdata[*at])->seq < seq)
		++*at;
	return *at < levels->len && ((XbWatchLevel *)levels->pdata[*at])->seq == seq
		       ? ((XbWatchLevel *)levels->pdata[*at])->level
		       : NAN;
}

/* The commits that are not measured between those that are, gap by gap. */
static void find_gaps(const Step *step, const GPtrArray *levels, const char *workload, GArray *gaps,
		      GPtrArray *insides)
{
	double before = NAN;
	GPtrArray *inside = g_ptr_array_new();
	guint at = 0;

	for (guint i = 0; i < step->commits->len; i++) {
		XbWatchCommit *commit = step->commits->pdata[i];
		double level;

		if (commit->gone)
			continue;
		if (!has_point(step, commit->seq, workload)) {
			g_ptr_array_add(inside, commit);
			continue;
		}
		level = level_at(levels, commit->seq, &at);
		if (isnan(level)) /* it can't be measured: its neighbours still can */
			continue;
		if (isfinite(before)) {
			XbGap gap = { inside->len, before, level };

			g_array_append_val(gaps, gap);
			g_ptr_array_add(insides, inside);
			inside = g_ptr_array_new();
		} else {
			g_ptr_array_set_size(inside, 0);
		}
		before = level;
	}
	g_ptr_array_unref(inside);
}

/* One boot more where the uncertainty is. */
static bool queue_older(Step *step, GError **error)
{
	const char *workload = json_string_value(json_array_get(step->spec.workloads, 0));
	const XbMetricConfig *metric =
		workload ? xb_watch_metric(step->daemon, &step->spec, workload) : NULL;
	g_autoptr(GArray) gaps = g_array_new(FALSE, FALSE, sizeof(XbGap));
	g_autoptr(GPtrArray) insides =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	g_autoptr(GPtrArray) levels = NULL;
	const GPtrArray *inside;
	const XbWatchCommit *commit;
	int chosen;

	if (!metric || step->open > 0 || step->watch->budget <= 0)
		return true;
	levels = xb_db_watch_levels(step->daemon->db, step->watch->id, workload, metric->name,
				    error);
	if (!levels)
		return false;
	find_gaps(step, levels, workload, gaps, insides);
	chosen = xb_change_choose_gap((const XbGap *)(gconstpointer)gaps->data, gaps->len,
				      step->spec.min_effect);
	if (chosen < 0)
		return true;
	inside = insides->pdata[chosen];
	commit = inside->pdata[inside->len / 2];
	return xb_db_watch_commit_pick(step->daemon->db, step->watch->id, commit->seq, "backfill",
				       error) &&
	       queue_point(step, commit, workload, error);
}

bool xb_watch_measure(XbDaemon *daemon, XbWatch *watch, GError **error)
{
	g_auto(Step) step = { .daemon = daemon, .watch = watch };
	g_autoptr(GPtrArray) points = NULL;

	if (!xb_watch_spec(watch, &step.spec))
		return true;
	if (!(step.commits = xb_db_watch_commits(daemon->db, watch->id, error)) ||
	    !(points = xb_db_watch_points(daemon->db, watch->id, error)))
		return false;
	step.points = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < points->len; i++) {
		const XbWatchPoint *point = points->pdata[i];

		step.open += point->state == XB_POINT_MEASURING;
		g_hash_table_add(step.points, point_key(point->seq, point->workload));
	}
	return queue_picked(&step, error) && queue_older(&step, error);
}
