/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db.h - the database: the only state of the daemon. Callers see structs,
 * never columns; <sqlite3.h> is included in this folder only.
 *
 * One writer (the daemon); readers open read-only (WAL). Every function that
 * can fail returns false/NULL/-1 and sets @error. Strings in structs belong
 * to the struct and are freed with it; a setter copies what it gets. NULL
 * strings in a struct mean SQL NULL. Times are Unix milliseconds.
 */
#ifndef XB_DB_H
#define XB_DB_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "protocol.h"

typedef struct XbDb XbDb;

#define XB_DB_ERROR xb_db_error_quark()
GQuark xb_db_error_quark(void);
typedef enum {
	XB_DB_ERROR_SQL,
	XB_DB_ERROR_NEWER, /* the schema is newer than this program; versions in the message */
	XB_DB_ERROR_NOT_FOUND,
	XB_DB_ERROR_FULL, /* no space left */
	XB_DB_ERROR_CORRUPT,
} XbDbError;

/*
 * Open @path. Writer: made when missing; WAL with persistent WAL files,
 * foreign keys, synchronous=NORMAL... an older schema is migrated in one
 * transaction, after a copy to PATH.vN.backup (published by rename; only the
 * last copy is kept). A newer schema is refused. Reader (@read_only): never
 * writes; an older schema is refused too (the daemon must migrate it). What is
 * opened is for one thread.
 */
XbDb *xb_db_open(const char *path, bool read_only, GError **error);
void xb_db_close(XbDb *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbDb, xb_db_close)

/*
 * A transaction in a transaction is a savepoint: its rollback takes back what
 * itself did, its commit becomes durable with the outermost one's. A full disk
 * rolls all of them back; the outer commit fails then. Rollback never fails.
 */
bool xb_db_begin(XbDb *db, GError **error);
bool xb_db_commit(XbDb *db, GError **error);
void xb_db_rollback(XbDb *db);

/* A reader: all that is read until xb_db_rollback() is of one instant. */
bool xb_db_begin_read(XbDb *db, GError **error);

/* False when another program has migrated the database since it was opened: close it. */
bool xb_db_is_current(XbDb *db);

/* Changes whenever another connection has committed: for readers that poll. */
int64_t xb_db_data_version(XbDb *db);

/* Rows that this connection has changed so far: while it is the same, so is what the only writer
 * reads. */
int64_t xb_db_changes(const XbDb *db);

/* ---- jobs ---------------------------------------------------------------- */
typedef enum { XB_JOB_BISECT, XB_JOB_AB, XB_JOB_MEASURE } XbJobKind;
typedef enum {
	XB_JOB_QUEUED,
	XB_JOB_RUNNING,
	XB_JOB_DONE,
	XB_JOB_FAILED,
	XB_JOB_CANCELLED,
} XbJobState;
const char *xb_job_kind_name(XbJobKind kind);
const char *xb_job_state_name(XbJobState state);
bool xb_job_state_parse(const char *name, XbJobState *state);

typedef struct {
	int64_t id;
	XbJobKind kind;
	XbJobState state;
	int priority;
	uint32_t uid;
	int64_t created_ms, started_ms, finished_ms; /* 0 = not yet */
	char *spec;                                  /* JSON */
	char *verdict;                               /* JSON or NULL */
	char *detail;                                /* or NULL */
} XbJob;
void xb_job_free(XbJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbJob, xb_job_free)

/* id, started_ms and finished_ms of @job are ignored. Returns the new id or -1. */
int64_t xb_db_job_add(XbDb *db, const XbJob *job, GError **error);
XbJob *xb_db_job_get(XbDb *db, int64_t id, GError **error); /* NOT_FOUND */
/* Jobs that are queued or running, in the order they are served. Array of XbJob*, owned. */
GPtrArray *xb_db_jobs_open(XbDb *db, GError **error);
/* Newest first; @state NULL = all; of those older than job @before, 0 = the newest. */
GPtrArray *xb_db_jobs_list(XbDb *db, const XbJobState *state, int64_t before, int limit,
			   GError **error);
/* Of those done, not the measurements of single commits, which watched branches queue by the
 * hundred; newest first. */
GPtrArray *xb_db_jobs_found(XbDb *db, int limit, GError **error);
/* Sets started_ms (first time RUNNING) or finished_ms (DONE, FAILED, CANCELLED) to @now_ms.
 * @detail NULL keeps what is there. */
bool xb_db_job_set_state(XbDb *db, int64_t id, XbJobState state, const char *detail, int64_t now_ms,
			 GError **error);
bool xb_db_job_set_verdict(XbDb *db, int64_t id, const char *verdict_json, GError **error);
bool xb_db_job_set_spec(XbDb *db, int64_t id, const char *spec_json, GError **error);

typedef struct {
	int node;
	char *label;      /* commit in hex, or the path of an image */
	GArray *parents;  /* of int */
	int first_parent; /* of these; -1: none */
	char *tree;
	char *subject;
	int64_t variant_id;
	char *files; /* paths that differ from the first parent, one a line; NULL = not known */
} XbJobCommit;
void xb_job_commit_free(XbJobCommit *commit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbJobCommit, xb_job_commit_free)
bool xb_db_job_commit_add(XbDb *db, int64_t job_id, const XbJobCommit *commit, GError **error);
/* XbJobCommit* by node. */
GPtrArray *xb_db_job_commits(XbDb *db, int64_t job_id, GError **error);
/* How many there are, or -1. */
int xb_db_job_size(XbDb *db, int64_t job_id, GError **error);
/* One of them. */
XbJobCommit *xb_db_job_commit_get(XbDb *db, int64_t job_id, int node, GError **error);

/* An image made besides the range's own: clean or revert; see schema.h. */
typedef struct {
	int node;
	bool revert;        /* else clean */
	int64_t variant_id; /* 0: impossible */
	char *detail;
} XbJobImage;
void xb_job_image_free(XbJobImage *image);
/* A repeated (node, revert) replaces. */
bool xb_db_job_image_add(XbDb *db, int64_t job_id, const XbJobImage *image, GError **error);
GPtrArray *xb_db_job_images(XbDb *db, int64_t job_id, GError **error); /* XbJobImage* */

/* What a commit touches of what the workload executes; see schema.h. */
typedef struct {
	int node;
	char *kind;      /* unknown, idle, shared, executed */
	char *functions; /* one a line */
	int objects;
	double share; /* 0 to 1, of the most executed function */
} XbJobPath;
void xb_job_path_free(XbJobPath *path);
/* A repeated node replaces. */
bool xb_db_job_path_add(XbDb *db, int64_t job_id, const XbJobPath *path, GError **error);
GPtrArray *xb_db_job_paths(XbDb *db, int64_t job_id, GError **error); /* by node; XbJobPath* */
/* One of them; NULL without @error when there is none. */
XbJobPath *xb_db_job_path_get(XbDb *db, int64_t job_id, int node, GError **error);

/* The commit that a verdict names, kept because its repository may go away. */
typedef struct {
	char *facts; /* JSON: commit, subject, author, email, date, message, diffstat */
	char *patch; /* its diff, safe to show; cut when long */
} XbCulprit;
void xb_culprit_free(XbCulprit *culprit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbCulprit, xb_culprit_free)
bool xb_db_culprit_set(XbDb *db, int64_t job_id, const XbCulprit *culprit, GError **error);
/* NULL without @error when nothing was kept. */
XbCulprit *xb_db_culprit_get(XbDb *db, int64_t job_id, GError **error);

/* ---- variants ------------------------------------------------------------ */
typedef enum {
	XB_VARIANT_UNBUILT,
	XB_VARIANT_BUILT,
	XB_VARIANT_BUILD_FAILED,
	XB_VARIANT_BOOT_FAILED,
} XbVariantState;

typedef struct {
	int64_t id;
	char *key;
	char *source; /* JSON */
	bool clean;
	XbVariantState state;
	char *detail;
	char *image_sha256;
	char *config_sha256;
	char *toolchain;
	char *dir;      /* NULL: no artifact on disk */
	char *artifact; /* JSON event */
	int64_t size_bytes;
	int64_t used_ms;
	/* Of a job's range only: */
	int node;
	bool is_alike; /* another variant has its image */
	bool has_runs; /* somebody's; only by xb_db_variants_known() */
} XbVariant;
void xb_variant_free(XbVariant *variant);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbVariant, xb_variant_free)

/* Find by key, or add as unbuilt. Of one that is there @source is replaced: it may tell of another
 * place where the same tree is now. Returns the id or -1. */
int64_t xb_db_variant_ensure(XbDb *db, const char *key, const char *source, bool clean,
			     GError **error);
XbVariant *xb_db_variant_get(XbDb *db, int64_t id, GError **error);
/* Writes all members but id, key, source and clean. */
bool xb_db_variant_update(XbDb *db, const XbVariant *variant, GError **error);
bool xb_db_variant_touch(XbDb *db, int64_t id, int64_t now_ms, GError **error);
/* Variants of a job's nodes, XbVariant*, one for each node in order (repeats possible). */
GPtrArray *xb_db_variants_of_job(XbDb *db, int64_t job_id, GError **error);
/* Of these what people are shown, who look at 20,000 commits: only those that were built or tried,
 * are at work, or that the job has runs of; without source, detail, directory, size and use, and
 * without runs also without key, config, toolchain and artifact. */
GPtrArray *xb_db_variants_known(XbDb *db, int64_t job_id, GError **error);
/* Those with an artifact on disk, least recently used first. */
GPtrArray *xb_db_variants_on_disk(XbDb *db, GError **error);

/* ---- runs ---------------------------------------------------------------- */
typedef enum { XB_RUN_BUILD, XB_RUN_BOOT } XbRunKind;
typedef enum { XB_RUN_STARTING, XB_RUN_RUNNING, XB_RUN_DONE } XbRunState;

typedef struct {
	int64_t id;
	XbRunKind kind;
	int64_t job_id; /* 0 = none */
	int node;       /* -1 = none */
	int64_t variant_id;
	char *place;
	char *workload;
	int boot, perturb;
	char *purpose, *why;
	XbRunState state;
	bool has_outcome;
	XbOutcome outcome;
	char *detail;
	char *dir;
	uint64_t events_offset;
	int pid; /* 0 = none */
	char *phase;
	int64_t started_ms, finished_ms, deadline_ms;
	char *host_fp, *workload_fp;
	bool evicted;
} XbRun;
void xb_run_free(XbRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbRun, xb_run_free)

/* The purpose of a boot that is no measurement: it counts where time goes. */
#define XB_PURPOSE_NAME_EXPLAIN "explain"
bool xb_run_is_explain(const XbRun *run);

/* The phase of a run that was only a row when the daemon ended: nothing was done for it. */
#define XB_RUN_PHASE_LOST "lost"
bool xb_run_is_lost(const XbRun *run);

/* @dir may be a printf format with one %lld replaced by the new id ("runs/%lld"). State STARTING.
 */
int64_t xb_db_run_add(XbDb *db, const XbRun *run, const char *dir_format, GError **error);
XbRun *xb_db_run_get(XbDb *db, int64_t id, GError **error);
GPtrArray *xb_db_runs_active(XbDb *db, GError **error); /* XbRun* by id */
GPtrArray *xb_db_runs_of_job(XbDb *db, int64_t job_id, GError **error);
/* All runs (any job's, any state) on variants of the nodes of @job_id (0: none), on the variants
 * @more (of int64_t, may be NULL), and on all that share an image with one of @more. By id. */
GPtrArray *xb_db_runs_for_job(XbDb *db, int64_t job_id, const GArray *more, GError **error);
GPtrArray *xb_db_runs_of_variant(XbDb *db, int64_t variant_id, GError **error);
/* The last finished run of that kind on a place, any outcome; NULL without error when none. */
XbRun *xb_db_run_last(XbDb *db, XbRunKind kind, const char *place, GError **error);
/* The last @limit of them, the newest first. */
GPtrArray *xb_db_runs_recent(XbDb *db, XbRunKind kind, const char *place, int limit,
			     GError **error);
/* Finished runs whose files are still on disk, oldest first (for eviction). */
GPtrArray *xb_db_runs_on_disk(XbDb *db, int limit, GError **error);
bool xb_db_run_set_running(XbDb *db, int64_t id, int pid, GError **error);
bool xb_db_run_set_phase(XbDb *db, int64_t id, const char *phase, GError **error);
bool xb_db_run_set_offset(XbDb *db, int64_t id, uint64_t offset, GError **error);
bool xb_db_run_set_fingerprint(XbDb *db, int64_t id, const char *host_fp, const char *workload_fp,
			       GError **error);
bool xb_db_run_finish(XbDb *db, int64_t id, XbOutcome outcome, const char *detail, int64_t now_ms,
		      GError **error);
bool xb_db_run_set_evicted(XbDb *db, int64_t id, GError **error);
/* How many runs a job asked for first that are over; -1 with @error. */
int64_t xb_db_runs_done(XbDb *db, int64_t job_id, GError **error);
/* Mean seconds of the last @limit runs with outcome ok of this kind on this place (NULL = any);
 * NAN when there are none. */
double xb_db_run_seconds(XbDb *db, XbRunKind kind, const char *place, int limit, GError **error);

typedef struct {
	char *metric;
	char *unit;
	int iteration;
	double value;
} XbSample;
bool xb_db_sample_add(XbDb *db, int64_t run_id, const char *metric, int iteration, double value,
		      const char *unit,
		      GError **error); /* a repeated (metric, iteration) replaces */
/* Samples of one run by (metric, iteration); @metric NULL = all. GArray of XbSample with a
 * clear function set. */
GArray *xb_db_samples(XbDb *db, int64_t run_id, const char *metric, GError **error);
/* The samples for @metric of those of @runs (XbRun*) that are boots and ended well, in one query:
 * hash table from run id (int64 key) to GArray of double. */
GHashTable *xb_db_samples_of_runs(XbDb *db, const GPtrArray *runs, const char *metric,
				  GError **error);

/* One sample of an earlier boot. */
typedef struct {
	char *image; /* its hash, or the variant where it has none */
	int64_t run;
	double value;
} XbNoiseRow;
/* Samples of @metric of the last @boots ok boots (among the last 5,000 runs) with these
 * fingerprints that are not of job @job_id, by image, then by run. GArray of XbNoiseRow with a
 * clear function set. */
GArray *xb_db_noise_rows(XbDb *db, const char *host_fp, const char *workload_fp, const char *metric,
			 int64_t job_id, int boots, GError **error);

/* What was counted in one phase of a boot: in total, or at one place. */
typedef struct {
	char *phase, *name;
	char *symbol; /* function, hypercall, ...; "" = the total */
	char *offset; /* in the function, "0x47b"; "" = no address */
	int iteration;
	double value; /* for one unit of work */
	char *unit;   /* "1/page", "ns/page" */
} XbCounter;
void xb_counter_free(XbCounter *counter);
bool xb_db_counter_add(XbDb *db, int64_t run_id, const XbCounter *counter,
		       GError **error);                              /* a repeated one replaces */
GPtrArray *xb_db_counters(XbDb *db, int64_t run_id, GError **error); /* XbCounter*, sorted */

/* An event that is not a sample. @seq = its offset in events.jsonl: storing it twice is a no-op. */
bool xb_db_event_add(XbDb *db, int64_t run_id, uint64_t seq, const char *name, const char *body,
		     GError **error);
/* JSON bodies (char*) of a run's events of that name, in order. */
GPtrArray *xb_db_events(XbDb *db, int64_t run_id, const char *name, GError **error);
/* The same of all names, at most @limit. */
GPtrArray *xb_db_events_all(XbDb *db, int64_t run_id, int limit, GError **error);

/* How many jobs, or runs, there are of each kind in each state (a run that has ended: of each
 * outcome), and how many seconds those that ended took together. */
typedef struct {
	char *kind, *state;
	int64_t count;
	double seconds;
} XbTallyRow;
GPtrArray *xb_db_job_tally(XbDb *db, GError **error); /* XbTallyRow* */
GPtrArray *xb_db_run_tally(XbDb *db, GError **error);

/* ---- hosts --------------------------------------------------------------- */
/* What is known of a machine that is brought back after use (recovers). One that is not known to
 * be ready gets no boot of a job. */
typedef enum {
	XB_HOST_READY,       /* the known-good kernel runs, or the last worker ended well */
	XB_HOST_UNKNOWN,     /* anything may run there: it is recovered before it is used */
	XB_HOST_SUSPECT,     /* recovered after trouble: a health boot decides */
	XB_HOST_QUARANTINED, /* it did not come back; offline until a user says otherwise */
} XbHostCondition;
const char *xb_host_condition_name(XbHostCondition condition);

typedef struct {
	char *name;
	bool online;
	char *reason;
	int troubles;  /* host-troubles in a row */
	bool recovers; /* by the configuration; else condition stays READY */
	XbHostCondition condition;
	int recoveries;      /* that failed in a row */
	int64_t drained_ms;  /* a user keeps boots away since then; 0 = no */
	char *drained;       /* why */
	char *labels;        /* "KEY=VALUE KEY=VALUE", of the configuration */
	int64_t health_ms;   /* end of the last health boot; 0 = none yet */
	char *health;        /* what came of it */
	int outside;         /* health boots outside the control limits, in a row */
	int64_t health_from; /* health boots with an id up to this are not compared with */
} XbHostRow;
void xb_host_row_free(XbHostRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbHostRow, xb_host_row_free)
XbHostRow *xb_db_host_get(XbDb *db, const char *name,
			  GError **error); /* made online when missing */
bool xb_db_host_set(XbDb *db, const XbHostRow *row, GError **error);
GPtrArray *xb_db_hosts(XbDb *db, GError **error); /* XbHostRow*, all configured ones, by name */
/* Those are the hosts of the configuration (NULL at the end): others keep their rows, hidden. */
bool xb_db_hosts_configured(XbDb *db, const char *const *names, GError **error);
/* Does a job that asks for @wanted ("" any, a name, or "label:KEY=VALUE,KEY=VALUE") mean it? */
bool xb_host_is_selected(const char *name, const char *labels, const char *wanted);
/* May a job boot on it now, as far as its row says? */
bool xb_host_row_usable(const XbHostRow *row);
/* Why not: "lab1 is offline: no power". Caller frees; NULL when it is usable. */
char *xb_host_row_why(const XbHostRow *row);

/* ---- journal ------------------------------------------------------------- */
typedef struct {
	int64_t seq, time_ms;
	char *text;
} XbJournalLine;
void xb_journal_line_free(XbJournalLine *line);
bool xb_db_journal_add(XbDb *db, int64_t job_id /* 0 = daemon */, int64_t now_ms, const char *text,
		       GError **error);
/* Lines of a job with seq > @after, oldest first, at most @limit; XbJournalLine*. @limit < 0:
 * the last -@limit lines, still oldest first. */
GPtrArray *xb_db_journal(XbDb *db, int64_t job_id, int64_t after, int limit, GError **error);

#endif
