/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-tasks.h - what was done to a host besides booting kernels on it, what
 * people noted about it, and its earlier health boots; the tables host_task
 * and host_note. Conventions as in db.h.
 */
#ifndef XB_HOST_TASKS_H
#define XB_HOST_TASKS_H

#include "db.h"

typedef enum {
	XB_HOST_RECOVER, /* back to the known-good kernel */
	XB_HOST_CHECK,   /* each operation is tried */
} XbHostTaskKind;
const char *xb_host_task_name(XbHostTaskKind kind);

typedef struct {
	int64_t id;
	char *host;
	XbHostTaskKind kind;
	char *why;
	bool done;
	XbOutcome outcome; /* when done */
	char *detail;
	int64_t started_ms, finished_ms; /* 0 = not yet */
} XbHostTask;
void xb_host_task_free(XbHostTask *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbHostTask, xb_host_task_free)

/* A row, running. Its id, or -1. */
int64_t xb_db_host_task_add(XbDb *db, const char *host, XbHostTaskKind kind, const char *why,
			    int64_t now_ms, GError **error);
bool xb_db_host_task_finish(XbDb *db, int64_t id, XbOutcome outcome, const char *detail,
			    int64_t now_ms, GError **error);
XbHostTask *xb_db_host_task_get(XbDb *db, int64_t id, GError **error); /* NOT_FOUND */
GPtrArray *xb_db_host_tasks_running(XbDb *db, GError **error);         /* XbHostTask* by id */
/* Newest first. */
GPtrArray *xb_db_host_tasks(XbDb *db, const char *host, int limit, GError **error);

typedef struct {
	int64_t time_ms, uid;
	char *text;
} XbHostNote;
void xb_host_note_free(XbHostNote *note);
bool xb_db_host_note_add(XbDb *db, const char *host, int64_t uid, const char *text, int64_t now_ms,
			 GError **error);
/* Newest first; XbHostNote*. */
GPtrArray *xb_db_host_notes(XbDb *db, const char *host, int limit, GError **error);

/*
 * The mean of @metric in each ok health boot of @like's place, variant, workload and fingerprints
 * whose id is above @from and below @like's; newest first. GArray of double.
 */
GArray *xb_db_health_levels(XbDb *db, const XbRun *like, const char *metric, int64_t from,
			    int limit, GError **error);

#endif
