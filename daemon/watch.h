/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - branches that are followed: look for new tips, measure them, see
 * where the level changed, queue the bisect between, and give the boots of a
 * budget to the older range. All state is in the database (watches.h); what is
 * kept here are the fetches that run.
 */
#ifndef XB_WATCH_H
#define XB_WATCH_H

#include "daemon.h"
#include "history.h"
#include "watches.h"

XbWatcher *xb_watcher_new(XbDaemon *daemon);
void xb_watcher_free(XbWatcher *self); /* fetches go on */

/* One step of each watch, as far as it can go now; called with each planning round, and by
 * itself when a watch is due. */
void xb_watcher_round(XbWatcher *self);

/* A watch was changed: the next round looks at all of them. */
void xb_watcher_touch(XbWatcher *self);

/* The watch is being removed: nobody waits for its fetch any more. */
void xb_watcher_forget(XbWatcher *self, int64_t id);

/* ---- what its files share ------------------------------------------------------- */

/* True when @repo is a URL, which is fetched; else it is a path, which is read where it is. */
bool xb_watch_is_remote(const XbWatch *watch);

/* The repository that holds the branch here. Caller frees. */
char *xb_watch_repo_path(const XbConfig *config, const XbWatch *watch);
XbHistory *xb_watch_history(XbDaemon *daemon, const XbWatch *watch, GError **error);

/* Members of the watch's spec. */
typedef struct {
	json_t *json;
	json_t *workloads;                            /* of string */
	const char *metric, *host, *pick, *repo_name; /* "" = not said */
	int64_t nth;
	double min_effect;
	guint min_segment;
} XbWatchSpec;
bool xb_watch_spec(const XbWatch *watch, XbWatchSpec *spec); /* free spec->json */

/* The metric that is looked at: the spec's, else the workload's first. NULL when the
 * configuration has none of them any more. */
const XbMetricConfig *xb_watch_metric(XbDaemon *daemon, const XbWatchSpec *spec,
				      const char *workload);

/* Queue a job of this watch: @request without repo, workload, host and priority. The id or -1. */
int64_t xb_watch_queue(XbDaemon *daemon, const XbWatch *watch, const XbWatchSpec *spec,
		       const char *workload, int priority, json_t *request, GError **error);

/* The branch is at @tip now: new commits, those that a forced push took away, and which of them
 * are measured. */
bool xb_watch_advance(XbDaemon *daemon, XbWatch *watch, const char *tip, GError **error);

/* Add the commits before the oldest one down to @from, and @budget boots for them. */
bool xb_watch_backfill(XbDaemon *daemon, XbWatch *watch, const char *from, int budget,
		       GError **error);

/* Take the levels of the measurements that have ended; *@changed when there were any. */
bool xb_watch_settle(XbDaemon *daemon, bool *changed, GError **error);

/* Queue what was picked and is not measured yet, and the next of the older range. */
bool xb_watch_measure(XbDaemon *daemon, XbWatch *watch, GError **error);

/* Find changes of level, queue their bisects, and see what is fixed. */
bool xb_watch_detect(XbDaemon *daemon, XbWatch *watch, GError **error);

#endif
