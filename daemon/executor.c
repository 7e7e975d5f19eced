/* SPDX-License-Identifier: GPL-2.0-or-later */
/* executor.c - worker processes: start, adopt, follow, end. */
#include "executor.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest.h"
#include "outcome.h"
#include "spawn.h"

#define TICK_MS            250   /* how soon an event is seen while something runs */
#define STOP_GRACE_MS      10000 /* from SIGTERM to SIGKILL */
#define STOP_GRACE_LAB_MS  60000 /* of a machine that is switched off and on meanwhile */
#define DEADLINE_MARGIN_MS 20000 /* a worker enforces its own deadline; we are the second line */
#define RETRY_MS           2000  /* between attempts to write an outcome (disk full) */
#define OUTPUT_MAX_BYTES   (64 * 1024 * 1024) /* more than that is an endless worker */
#define OUTPUT_KEPT_BYTES  (1024 * 1024)      /* of it */

typedef struct {
	XbExecutor *executor;
	int64_t run_id;
	int pid;
	int pidfd;
	guint exit_source;
	XbIngest *ingest;
	/* by clock_ms() */
	int64_t deadline_ms;
	int64_t kill_ms;  /* SIGKILL when now is past it; 0 = nothing asked */
	int64_t retry_ms; /* no attempt to write the outcome before */
	int64_t stop_grace_ms;
	char *dir;
	char *how; /* it ended, or why it was killed; NULL = not known */
	bool exited;
} Worker;

struct XbExecutor {
	XbDaemon *daemon;
	GHashTable *workers; /* run id -> Worker */
	guint tick_source;
};

/* Milliseconds of a clock that nobody sets: a jump of the wall clock ends no worker. */
static int64_t clock_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

static void worker_free(Worker *worker)
{
	g_clear_handle_id(&worker->exit_source, g_source_remove);
	if (worker->pidfd >= 0)
		close(worker->pidfd);
	xb_ingest_free(worker->ingest);
	g_free(worker->dir);
	g_free(worker->how);
	g_free(worker);
}

XbExecutor *xb_executor_new(XbDaemon *daemon)
{
	XbExecutor *self = g_new0(XbExecutor, 1);

	self->daemon = daemon;
	self->workers = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
					      (GDestroyNotify)worker_free);
	return self;
}

void xb_executor_free(XbExecutor *self)
{
	g_clear_handle_id(&self->tick_source, g_source_remove);
	g_hash_table_unref(self->workers);
	g_free(self);
}

guint xb_executor_running(const XbExecutor *self)
{
	return g_hash_table_size(self->workers);
}

/* What an endless worker wrote is kept in part only. */
static void cut_file(const Worker *worker, const char *name)
{
	g_autofree char *path = g_build_filename(worker->dir, name, NULL);
	GStatBuf st;

	if (g_stat(path, &st) == 0 && st.st_size > OUTPUT_MAX_BYTES &&
	    truncate(path, OUTPUT_KEPT_BYTES) != 0)
		g_warning("%s: %s", path, g_strerror(errno));
}

/* The worker is gone: read the rest, end stragglers of its group, write the outcome. */
static bool worker_conclude(Worker *worker)
{
	XbExecutor *self = worker->executor;
	g_autoptr(GError) error = NULL;

	if (!xb_ingest_rest(worker->ingest, &error) ||
	    !xb_outcome_conclude(self->daemon, worker->run_id, worker->ingest, worker->how,
				 &error)) {
		/* disk full or locked: keep the worker and try again */
		g_warning("run %lld: %s", (long long)worker->run_id, error->message);
		worker->retry_ms = clock_ms() + RETRY_MS;
		/* a planning round sees whether there is room, and says so to who waits */
		xb_daemon_poke(self->daemon);
		return false;
	}
	cut_file(worker, "events.jsonl");
	cut_file(worker, "stderr");
	return true;
}

static bool stderr_is_endless(const Worker *worker)
{
	g_autofree char *path = g_build_filename(worker->dir, "stderr", NULL);
	GStatBuf st;

	return g_stat(path, &st) == 0 && st.st_size > OUTPUT_MAX_BYTES;
}

static void worker_kill(Worker *worker, int64_t now, const char *why)
{
	worker->kill_ms = now;
	g_free(worker->how);
	worker->how = g_strdup(why);
}

/* What a running worker has said, and whether it has to go. */
static void worker_watch(Worker *worker, int64_t now)
{
	g_autoptr(GError) error = NULL;

	if (now >= worker->retry_ms && !xb_ingest_some(worker->ingest, &error)) {
		g_warning("run %lld: %s", (long long)worker->run_id, error->message);
		worker->retry_ms = now + RETRY_MS;
	}
	if (!worker->kill_ms) {
		if (xb_ingest_broken(worker->ingest))
			worker_kill(worker, now, "killed for its output");
		else if (xb_ingest_done(worker->ingest))
			worker->kill_ms = now + STOP_GRACE_MS;
		else if (stderr_is_endless(worker))
			worker_kill(worker, now, "killed for its endless stderr");
		else if (now > worker->deadline_ms + DEADLINE_MARGIN_MS)
			worker_kill(worker, now, "killed after its deadline");
	}
	if (worker->kill_ms && now >= worker->kill_ms)
		xb_spawn_signal(worker->pid, SIGKILL);
}

static gboolean on_tick(gpointer data)
{
	XbExecutor *self = data;
	int64_t now = clock_ms();
	GHashTableIter iter;
	gpointer value;
	bool concluded = false;

	g_hash_table_iter_init(&iter, self->workers);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Worker *worker = value;

		if (!worker->exited) {
			worker_watch(worker, now);
		} else if (now >= worker->retry_ms && worker_conclude(worker)) {
			g_hash_table_iter_remove(&iter);
			concluded = true;
		}
	}
	if (concluded)
		xb_daemon_poke(self->daemon);
	if (g_hash_table_size(self->workers) == 0) {
		self->tick_source = 0;
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

static void start_ticking(XbExecutor *self)
{
	if (!self->tick_source)
		self->tick_source = g_timeout_add(TICK_MS, on_tick, self);
}

static gboolean on_exit_seen(int fd, GIOCondition condition, gpointer data)
{
	Worker *worker = data;
	XbExecutor *self = worker->executor;
	int status;
	(void)fd;
	(void)condition;

	worker->exited = true;
	worker->exit_source = 0;
	/* stragglers first: until it is reaped the worker's pid, and so its group's, is its own */
	xb_spawn_signal(worker->pid, SIGKILL);
	xb_spawn_end_session(worker->pid);
	/* an adopted worker is somebody else's child: nothing to reap then */
	if (waitpid(worker->pid, &status, WNOHANG) == worker->pid && !worker->how)
		worker->how = WIFSIGNALED(status)
				      ? g_strdup_printf("killed by signal %d", WTERMSIG(status))
				      : g_strdup_printf("exit status %d", WEXITSTATUS(status));
	if (worker_conclude(worker)) {
		g_hash_table_remove(self->workers, &worker->run_id);
		xb_daemon_poke(self->daemon);
	}
	return G_SOURCE_REMOVE;
}

/* A machine that a worker is just bringing back must not be left switched off by its end. */
static int64_t stop_grace_ms(const XbDaemon *daemon, const XbRun *run)
{
	const XbHostConfig *host =
		run->kind == XB_RUN_BOOT ? xb_config_host(daemon->config, run->place) : NULL;

	return host && host->recovers ? STOP_GRACE_LAB_MS : STOP_GRACE_MS;
}

static bool worker_add(XbExecutor *self, const XbRun *run, int pid, GError **error)
{
	Worker *worker = g_new0(Worker, 1);

	worker->executor = self;
	worker->run_id = run->id;
	worker->dir = g_strdup(run->dir);
	worker->deadline_ms = clock_ms() + (run->deadline_ms - xb_now_ms());
	worker->stop_grace_ms = stop_grace_ms(self->daemon, run);
	worker->pid = pid;
	worker->pidfd = -1;
	worker->ingest = xb_ingest_new(self->daemon, run, error);
	if (!worker->ingest) {
		worker_free(worker);
		return false;
	}
	worker->pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	if (worker->pidfd >= 0) {
		worker->exit_source = g_unix_fd_add(worker->pidfd, G_IO_IN, on_exit_seen, worker);
	} else {
		/* children of it may live on, one of them with the lock: then @pid is known */
		xb_spawn_signal(pid, SIGKILL);
		xb_spawn_end_orphans(run->dir);
		worker->exited = true;
	}
	g_hash_table_replace(self->workers, &worker->run_id, worker);
	start_ticking(self);
	return true;
}

/* Follow @run's worker, or write the outcome when there is none any more. */
static bool adopt(XbExecutor *self, const XbRun *run, GError **error)
{
	const char *what = run->kind == XB_RUN_BUILD ? "build" : "boot";
	int pid = xb_spawn_lock_holder(run->dir);

	if (!pid && run->state == XB_RUN_STARTING && !xb_spawn_read_pid(run->dir)) {
		g_message("run %lld (%s on %s): never started", (long long)run->id, what,
			  run->place);
		return xb_outcome_lost(self->daemon, run, error);
	}
	g_message("run %lld (%s on %s): %s", (long long)run->id, what, run->place,
		  pid ? "still running, adopted" : "ended while the daemon was away");
	return worker_add(self, run, pid, error);
}

bool xb_executor_adopt(XbExecutor *self, GError **error)
{
	g_autoptr(GPtrArray) runs = xb_db_runs_active(self->daemon->db, error);

	if (!runs)
		return false;
	for (guint i = 0; i < runs->len; i++) {
		const XbRun *run = runs->pdata[i];

		if (!g_hash_table_contains(self->workers, &run->id) && !adopt(self, run, error))
			return false;
	}
	return true;
}

int64_t xb_executor_start(XbExecutor *self, const XbRun *template, char *const *argv, json_t *job,
			  GError **error)
{
	XbDb *db = self->daemon->db;
	g_autofree char *format = xb_state_path(self->daemon, "runs", "%lld", NULL);
	g_autofree char *name = NULL, *out_dir = NULL;
	g_autoptr(GError) trouble = NULL;
	g_autoptr(XbRun) run = NULL;
	int pid = 0;
	int64_t id = xb_db_run_add(db, template, format, error);

	if (id < 0 || !(run = xb_db_run_get(db, id, error)))
		return -1;
	name = g_strdup_printf("%c%lld", run->kind == XB_RUN_BUILD ? 'b' : 'r', (long long)id);
	json_object_set_new(job, "id", json_string(name));
	if (run->kind == XB_RUN_BUILD) {
		out_dir = g_build_filename(run->dir, "out", NULL);
		json_object_set_new(job, "out_dir", json_string(out_dir));
	}
	if (!xb_spawn_write_job(run->dir, job, &trouble) ||
	    !xb_spawn(run->dir, argv, &pid, &trouble)) {
		g_autofree char *detail =
			g_strdup_printf("%s could not be started: %s", argv[0], trouble->message);
		/* nobody's exit will bring the next round */
		xb_daemon_poke(self->daemon);
		return xb_outcome_trouble(self->daemon, run, detail, error) ? id : -1;
	}
	/* it runs, whether the row can say so or not; xb_executor_adopt() finds what is not
	 * followed here */
	if (!xb_db_run_set_running(db, id, pid, &trouble))
		g_warning("run %lld: %s", (long long)id, trouble->message);
	return worker_add(self, run, pid, error) ? id : -1;
}

void xb_executor_stop(XbExecutor *self, int64_t run_id)
{
	Worker *worker = g_hash_table_lookup(self->workers, &run_id);

	if (!worker || worker->exited || worker->kill_ms)
		return;
	xb_spawn_signal(worker->pid, SIGTERM);
	worker->kill_ms = clock_ms() + worker->stop_grace_ms;
}
