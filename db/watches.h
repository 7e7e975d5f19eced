/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watches.h - watched branches: their commits, the levels measured on them,
 * and where a level changed; the tables watch*. Conventions as in db.h.
 */
#ifndef XB_WATCHES_H
#define XB_WATCHES_H

#include "db.h"

typedef struct {
	int64_t id;
	char *name, *repo, *branch;
	int64_t uid;
	char *spec; /* JSON */
	int64_t every_ms, created_ms;
	char *tip;                  /* or NULL */
	int64_t fetched_ms, due_ms; /* fetched 0 = never */
	char *trouble;
	int troubles;
	int64_t picked_ms; /* 0 = never */
	int budget;
} XbWatch;
void xb_watch_free(XbWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbWatch, xb_watch_free)

/* Writes name, repo, branch, uid, spec, every_ms, created_ms, due_ms and budget. The new id or
 * -1. */
int64_t xb_db_watch_add(XbDb *db, const XbWatch *watch, GError **error);
/* NULL without @error when there is none of that name. */
XbWatch *xb_db_watch_find(XbDb *db, const char *name, GError **error);
GPtrArray *xb_db_watches(XbDb *db, GError **error); /* XbWatch* by name */
/* Writes tip, fetched_ms, due_ms, trouble, troubles, picked_ms and budget. */
bool xb_db_watch_update(XbDb *db, const XbWatch *watch, GError **error);
bool xb_db_watch_remove(XbDb *db, int64_t id, GError **error); /* and all that belongs to it */

typedef struct {
	int64_t seq;
	char *commit, *subject;
	int64_t time_ms;
	char *picked; /* "" = not */
	bool gone;
} XbWatchCommit;
void xb_watch_commit_free(XbWatchCommit *commit);
/* A commit that was gone and returns gets the new seq. */
bool xb_db_watch_commit_add(XbDb *db, int64_t watch_id, const XbWatchCommit *commit,
			    GError **error);
GPtrArray *xb_db_watch_commits(XbDb *db, int64_t watch_id, GError **error); /* by seq */
bool xb_db_watch_commit_pick(XbDb *db, int64_t watch_id, int64_t seq, const char *why,
			     GError **error);
/* Those after @seq have left the branch. */
bool xb_db_watch_commits_gone(XbDb *db, int64_t watch_id, int64_t seq, GError **error);

typedef enum { XB_POINT_MEASURING, XB_POINT_MEASURED, XB_POINT_FAILED } XbPointState;
const char *xb_point_state_name(XbPointState state);
typedef struct {
	int64_t watch_id, seq;
	char *workload;
	int64_t job_id;
	XbPointState state;
} XbWatchPoint;
void xb_watch_point_free(XbWatchPoint *point);
/* Measuring; a repeated one replaces. */
bool xb_db_watch_point_add(XbDb *db, int64_t watch_id, int64_t seq, const char *workload,
			   int64_t job_id, GError **error);
bool xb_db_watch_point_settle(XbDb *db, const XbWatchPoint *point, XbPointState state,
			      GError **error);
GPtrArray *xb_db_watch_points(XbDb *db, int64_t watch_id, GError **error); /* XbWatchPoint* */
GPtrArray *xb_db_watch_points_open(XbDb *db, GError **error);              /* of all watches */

typedef struct {
	int64_t seq;
	char *commit, *subject; /* set by xb_db_watch_levels() only */
	int64_t time_ms;        /* likewise */
	int64_t job_id;         /* likewise: where it was measured; 0 = gone */
	int64_t run_id;         /* likewise: the last boot of it; 0 = unknown */
	char *unit;
	double level, sd; /* sd relative to level; NAN for one boot */
	int boots;
	char *host_fp, *workload_fp;
} XbWatchLevel;
void xb_watch_level_free(XbWatchLevel *level);
bool xb_db_watch_level_set(XbDb *db, int64_t watch_id, const char *workload, const char *metric,
			   const XbWatchLevel *level, GError **error);
/* By seq, without commits that are gone. XbWatchLevel*. */
GPtrArray *xb_db_watch_levels(XbDb *db, int64_t watch_id, const char *workload, const char *metric,
			      GError **error);
/* "WORKLOAD\nMETRIC" (char*) of each series that has a level, sorted. */
GPtrArray *xb_db_watch_series(XbDb *db, int64_t watch_id, GError **error);

typedef struct {
	int64_t id, watch_id;
	char *workload, *metric;
	int64_t from_seq, to_seq;
	double before, after;
	int64_t created_ms;
	int64_t job_id; /* 0 = none */
	char *detail;
} XbWatchChange;
void xb_watch_change_free(XbWatchChange *change);
/* The new id; 0 when that change is known already; -1 with @error. */
int64_t xb_db_watch_change_add(XbDb *db, const XbWatchChange *change, GError **error);
bool xb_db_watch_change_set_job(XbDb *db, int64_t id, int64_t job_id, const char *detail,
				GError **error);
GPtrArray *xb_db_watch_changes(XbDb *db, int64_t watch_id, GError **error); /* by to_seq */

#endif
