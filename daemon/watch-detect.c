/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch-detect.c - changes of level on a watched branch, their bisects, and what is fixed. */
#include <string.h>

#include "alert.h"
#include "changepoint.h"
#include "watch.h"

#define POINTS_MAX      500  /* of a series that are looked at */
#define BISECT_PRIORITY (-5) /* behind what people wait for, before more of the branch */

/* One metric of one workload along the branch. */
typedef struct {
	XbDaemon *daemon;
	XbWatch *watch;
	const XbWatchSpec *spec;
	const char *workload, *metric;
	GPtrArray *levels; /* XbWatchLevel*, of the class of hosts that measured last */
	GArray *segments;
	XbChangeOptions options;
} Series;

static void series_clear(Series *series)
{
	g_clear_pointer(&series->levels, g_ptr_array_unref);
	g_clear_pointer(&series->segments, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Series, series_clear)

static const XbWatchLevel *level_at(const Series *series, guint i)
{
	return series->levels->pdata[i];
}

/* Of the newest POINTS_MAX, those that can be compared with the last. */
static void keep_comparable(GPtrArray *levels)
{
	const XbWatchLevel *last = levels->len ? levels->pdata[levels->len - 1] : NULL;

	for (guint i = levels->len; i-- > 0;) {
		const XbWatchLevel *level = levels->pdata[i];

		if (levels->len - i > POINTS_MAX || strcmp(level->host_fp, last->host_fp) != 0 ||
		    strcmp(level->workload_fp, last->workload_fp) != 0)
			g_ptr_array_remove_index(levels, i);
	}
}

static bool series_load(Series *series, GError **error)
{
	g_autofree double *values = NULL;

	series->levels = xb_db_watch_levels(series->daemon->db, series->watch->id, series->workload,
					    series->metric, error);
	if (!series->levels)
		return false;
	keep_comparable(series->levels);
	values = g_new(double, series->levels->len + 1);
	for (guint i = 0; i < series->levels->len; i++)
		values[i] = level_at(series, i)->level;
	series->segments = xb_change_segments(values, series->levels->len, &series->options);
	return true;
}

/* ---- changes -------------------------------------------------------------------------- */

/* A change moves a little when more of the branch is measured: one that overlaps or touches it and
 * goes the same way is the same. */
static bool is_known(const GPtrArray *known, const XbWatchChange *change)
{
	for (guint i = 0; i < known->len; i++) {
		const XbWatchChange *other = known->pdata[i];

		if (strcmp(other->workload, change->workload) == 0 &&
		    strcmp(other->metric, change->metric) == 0 &&
		    (other->after > other->before) == (change->after > change->before) &&
		    MAX(other->from_seq, change->from_seq) <= MIN(other->to_seq, change->to_seq))
			return true;
	}
	return false;
}

static bool add_changes(const Series *series, GError **error)
{
	g_autoptr(GArray) found = xb_change_report(series->segments, &series->options);
	g_autoptr(GPtrArray) known =
		xb_db_watch_changes(series->daemon->db, series->watch->id, error);

	for (guint i = 0; known && i < found->len; i++) {
		const XbChange *one = &g_array_index(found, XbChange, i);
		const XbWatchLevel *from = level_at(series, one->from);
		const XbWatchLevel *to = level_at(series, one->to);
		const XbWatchChange change = { .watch_id = series->watch->id,
					       .workload = (char *)series->workload,
					       .metric = (char *)series->metric,
					       .from_seq = from->seq,
					       .to_seq = to->seq,
					       .before = one->before,
					       .after = one->after,
					       .created_ms = xb_now_ms() };

		if (is_known(known, &change))
			continue;
		if (xb_db_watch_change_add(series->daemon->db, &change, error) < 0)
			return false;
		xb_journal(series->daemon, 0,
			   "watch %s: %s of %s changed by %+.1f %% in %.12s..%.12s",
			   series->watch->name, series->metric, series->workload,
			   (one->after / one->before - 1) * 100, from->commit, to->commit);
	}
	return known != NULL;
}

static const XbWatchCommit *commit_at(const GPtrArray *commits, int64_t seq)
{
	for (guint i = 0; i < commits->len; i++) {
		const XbWatchCommit *commit = commits->pdata[i];

		if (commit->seq == seq)
			return commit;
	}
	return NULL;
}

static bool queue_bisect(XbDaemon *daemon, XbWatch *watch, const XbWatchSpec *spec,
			 const GPtrArray *commits, const XbWatchChange *change, GError **error)
{
	const XbWatchCommit *from = commit_at(commits, change->from_seq);
	const XbWatchCommit *to = commit_at(commits, change->to_seq);
	g_autoptr(GError) refused = NULL;
	g_autoptr(json_t) request = NULL;
	int64_t id;

	if (!from || !to || from->gone || to->gone)
		return xb_db_watch_change_set_job(daemon->db, change->id, 0,
						  "the branch lost these commits", error);
	request = json_pack("{s:s,s:s,s:s}", "verb", "bisect", "good", from->commit, "bad",
			    to->commit);
	/* a crash leaves no job that its change does not know: it would queue it again */
	if (!xb_db_begin(daemon->db, error))
		return false;
	id = xb_watch_queue(daemon, watch, spec, change->workload, BISECT_PRIORITY, request,
			    &refused);
	if (id < 0 && refused->domain == XB_DB_ERROR)
		g_propagate_error(error, g_steal_pointer(&refused));
	else if (xb_db_watch_change_set_job(daemon->db, change->id, MAX(id, 0),
					    id < 0 ? refused->message : "", error) &&
		 xb_db_commit(daemon->db, error))
		return true;
	xb_db_rollback(daemon->db);
	return false;
}

/* Those without a job and without a reason for that: also what a crash left so. */
static bool queue_bisects(XbDaemon *daemon, XbWatch *watch, const XbWatchSpec *spec, GError **error)
{
	g_autoptr(GPtrArray) changes = xb_db_watch_changes(daemon->db, watch->id, error);
	g_autoptr(GPtrArray) commits = NULL;

	for (guint i = 0; changes && i < changes->len; i++) {
		const XbWatchChange *change = changes->pdata[i];

		if (change->job_id || *change->detail)
			continue;
		if (!commits)
			commits = xb_db_watch_commits(daemon->db, watch->id, error);
		if (!commits || !queue_bisect(daemon, watch, spec, commits, change, error))
			return false;
	}
	return changes != NULL;
}

/* ---- fixed ---------------------------------------------------------------------------- */

static bool fix_one(const Series *series, const XbAlert *alert, const XbFinding *finding,
		    int64_t since_seq, GError **error)
{
	const XbLevelRun *last =
		&g_array_index(series->segments, XbLevelRun, series->segments->len - 1);
	const XbWatchLevel *first = level_at(series, last->first);
	XbDb *db = series->daemon->db;

	if (finding->fixed_ms || first->seq <= since_seq ||
	    strcmp(finding->workload, series->workload) != 0 ||
	    strcmp(finding->metric, series->metric) != 0 ||
	    strcmp(finding->host_fp, first->host_fp) != 0 ||
	    !xb_change_is_back(finding->base, finding->test, last->level))
		return true;
	xb_journal(series->daemon, 0, "watch %s: %s of alert %lld is fixed with %.12s",
		   series->watch->name, series->metric, (long long)alert->id, first->commit);
	if (!xb_db_begin(db, error))
		return false;
	if (xb_alert_fixed(series->daemon, alert, finding, first->commit, error) &&
	    xb_db_commit(db, error)) {
		xb_deliverer_round(series->daemon->deliverer);
		return true;
	}
	xb_db_rollback(db);
	return false;
}

static bool fix(const Series *series, const XbAlert *alert, int64_t since_seq, GError **error)
{
	g_autoptr(GPtrArray) findings = xb_db_findings(series->daemon->db, alert->id, error);

	for (guint i = 0; findings && !alert->fixed_ms && i < findings->len; i++) {
		if (!fix_one(series, alert, findings->pdata[i], since_seq, error))
			return false;
	}
	return findings != NULL;
}

/* The alerts of this branch's own bisects, when the branch is back where it was. */
static bool find_fixed(const Series *series, GError **error)
{
	g_autoptr(GPtrArray) changes =
		xb_db_watch_changes(series->daemon->db, series->watch->id, error);

	for (guint i = 0; changes && series->segments->len && i < changes->len; i++) {
		const XbWatchChange *change = changes->pdata[i];
		g_autoptr(GPtrArray) alerts = NULL;

		if (!change->job_id || strcmp(change->workload, series->workload) != 0)
			continue;
		alerts = xb_db_alerts_of_job(series->daemon->db, change->job_id, error);
		for (guint a = 0; alerts && a < alerts->len; a++) {
			if (!fix(series, alerts->pdata[a], change->to_seq, error))
				return false;
		}
		if (!alerts)
			return false;
	}
	return changes != NULL;
}

bool xb_watch_detect(XbDaemon *daemon, XbWatch *watch, GError **error)
{
	XbWatchSpec spec;
	json_t *name;
	size_t i;
	bool fine = xb_watch_spec(watch, &spec);

	json_array_foreach(spec.workloads, i, name)
	{
		const char *workload = json_string_value(name);
		const XbMetricConfig *metric = xb_watch_metric(daemon, &spec, workload);
		g_auto(Series) series = {
			.daemon = daemon,
			.watch = watch,
			.spec = &spec,
			.workload = workload,
			.metric = metric ? metric->name : "",
			.options = { .floor = spec.min_effect, .min_segment = spec.min_segment },
		};

		fine = fine &&
		       (!metric || (series_load(&series, error) && add_changes(&series, error) &&
				    find_fixed(&series, error)));
	}
	fine = fine && queue_bisects(daemon, watch, &spec, error);
	json_decref(spec.json);
	return fine;
}
