/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch.c - the round of the watched branches, and fetching. */
#include "watch.h"

#include <fcntl.h>
#include <string.h>

#include "queue.h"
#include "removal.h"
#include "space.h"
#include "task.h"

#define FETCH_DEADLINE_S 1800
#define FETCHES_MAX      2
#define TROUBLE_MAX      6 /* doublings of the pause while a remote is in trouble */
#define TROUBLE_TEXT_MAX 500
#define ROUND_MAX_S      3600

struct XbWatcher {
	XbDaemon *daemon;
	GHashTable *tasks; /* watch id -> XbTask */
	guint timer;
	bool dirty; /* there may be something to measure or to detect */
};

XbWatcher *xb_watcher_new(XbDaemon *daemon)
{
	XbWatcher *self = g_new0(XbWatcher, 1);

	self->daemon = daemon;
	self->dirty = true;
	self->tasks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
					    (GDestroyNotify)xb_task_free);
	return self;
}

static char *fetch_dir(XbDaemon *daemon, int64_t id)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, id);

	return xb_state_path(daemon, "fetch", name, NULL);
}

void xb_watcher_touch(XbWatcher *self)
{
	self->dirty = true;
	xb_daemon_poke(self->daemon);
}

void xb_watcher_forget(XbWatcher *self, int64_t id)
{
	g_autofree char *dir = fetch_dir(self->daemon, id);
	gpointer key, task;

	if (g_hash_table_steal_extended(self->tasks, &id, &key, &task)) {
		g_free(key);
		xb_task_kill(task);
	}
	xb_remove_at(AT_FDCWD, dir);
}

void xb_watcher_free(XbWatcher *self)
{
	if (!self)
		return;
	g_clear_handle_id(&self->timer, g_source_remove);
	g_hash_table_unref(self->tasks);
	g_free(self);
}

/* ---- where the branch is ------------------------------------------------------------ */

bool xb_watch_is_remote(const XbWatch *watch)
{
	return strstr(watch->repo, "://") != NULL;
}

char *xb_watch_repo_path(const XbConfig *config, const XbWatch *watch)
{
	g_autofree char *key = NULL, *name = NULL;

	if (!xb_watch_is_remote(watch))
		return g_strdup(watch->repo);
	/* two watches of one remote share its objects */
	key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, watch->repo, -1);
	name = g_strdup_printf("%.24s.git", key);
	return g_build_filename(config->state_dir, "remotes", name, NULL);
}

XbHistory *xb_watch_history(XbDaemon *daemon, const XbWatch *watch, GError **error)
{
	g_autofree char *mirrors = xb_state_path(daemon, "mirrors", NULL);
	g_autofree char *path = xb_watch_repo_path(daemon->config, watch);

	return xb_history_open(mirrors, path, false, error);
}

static const char *word(json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

bool xb_watch_spec(const XbWatch *watch, XbWatchSpec *spec)
{
	json_t *json = json_loads(watch->spec, 0, NULL);
	json_t *effect = json_object_get(json, "min_effect");
	int64_t segment = json_integer_value(json_object_get(json, "min_segment"));

	*spec = (XbWatchSpec){
		.json = json,
		.workloads = json_object_get(json, "workloads"),
		.metric = word(json, "metric"),
		.host = word(json, "host"),
		.pick = word(json, "pick"),
		.repo_name = word(json, "repo_name"),
		.nth = MAX(json_integer_value(json_object_get(json, "nth")), 1),
		.min_effect = json_is_number(effect) ? json_number_value(effect) : 0.01,
		.min_segment = (guint)CLAMP(segment, 2, 100),
	};
	return json != NULL;
}

const XbMetricConfig *xb_watch_metric(XbDaemon *daemon, const XbWatchSpec *spec,
				      const char *workload)
{
	const XbWorkloadConfig *config = xb_config_workload(daemon->config, workload);

	return config ? xb_workload_metric(config, *spec->metric ? spec->metric : NULL) : NULL;
}

int64_t xb_watch_queue(XbDaemon *daemon, const XbWatch *watch, const XbWatchSpec *spec,
		       const char *workload, int priority, json_t *request, GError **error)
{
	/* whoever added the watch was allowed to name its repository */
	const XbPeer peer = { .uid = (uint32_t)watch->uid, .may_name_paths = true };
	const XbMetricConfig *metric = xb_watch_metric(daemon, spec, workload);
	g_autofree char *path = xb_watch_repo_path(daemon->config, watch);
	g_autofree char *hint = NULL;
	g_autoptr(json_t) warnings = NULL;

	json_object_set_new(request, "repo",
			    json_string(*spec->repo_name ? spec->repo_name : path));
	json_object_set_new(request, "workload", json_string(workload));
	json_object_set_new(request, "priority", json_integer(priority));
	json_object_set_new(request, "min_effect", json_real(spec->min_effect));
	if (metric)
		json_object_set_new(request, "metric", json_string(metric->name));
	if (*spec->host)
		json_object_set_new(request, "host", json_string(spec->host));
	if (json_object_get(spec->json, "confidence"))
		json_object_set(request, "confidence", json_object_get(spec->json, "confidence"));
	return xb_queue_request(daemon, &peer, request, &warnings, &hint, error);
}

/* ---- looking ------------------------------------------------------------------------ */

/* Write down that the repository was looked at, and what is wrong with it (NULL: nothing). */
static bool looked(XbDaemon *daemon, XbWatch *watch, const char *trouble, GError **error)
{
	int64_t now = xb_now_ms();
	g_autofree char *cut = g_strndup(trouble ? trouble : "", TROUBLE_TEXT_MAX);
	g_autofree char *valid = g_utf8_make_valid(cut, -1);

	if (trouble && g_strcmp0(watch->trouble, valid) != 0)
		xb_journal(daemon, 0, "watch %s: %s", watch->name, trouble);
	else if (!trouble && watch->troubles > 0)
		xb_journal(daemon, 0, "watch %s: it answers again", watch->name);
	watch->troubles = trouble ? MIN(watch->troubles + 1, TROUBLE_MAX) : 0;
	watch->due_ms = now + (watch->every_ms << MAX(watch->troubles - 1, 0));
	if (!trouble)
		watch->fetched_ms = now;
	g_free(watch->trouble);
	watch->trouble = g_steal_pointer(&valid);
	return xb_db_watch_update(daemon->db, watch, error);
}

/* @tip NULL: @trouble says why. A branch whose history can't be read is in trouble, too. */
static bool take_tip(XbDaemon *daemon, XbWatch *watch, const char *tip, const char *trouble,
		     GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (tip && !xb_watch_advance(daemon, watch, tip, &problem)) {
		if (problem->domain == XB_DB_ERROR) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		trouble = problem->message;
	}
	return looked(daemon, watch, trouble, error);
}

static bool look_at_path(XbDaemon *daemon, XbWatch *watch, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(XbHistory) history = xb_watch_history(daemon, watch, &problem);
	g_autofree char *name = g_strconcat("refs/heads/", watch->branch, NULL);
	g_autofree char *tip = history ? xb_history_resolve(history, name, &problem) : NULL;
	g_autofree char *trouble =
		tip ? NULL
		: g_error_matches(problem, XB_HISTORY_ERROR, XB_HISTORY_ERROR_REVISION)
			? g_strdup_printf("%s has no branch \"%s\" (any more)", watch->repo,
					  watch->branch)
			: g_strdup(problem->message);

	return take_tip(daemon, watch, tip, trouble, error);
}

/* What the fetch said. */
static bool take_fetch(XbWatcher *self, XbWatch *watch, GError **error)
{
	g_autofree char *dir = fetch_dir(self->daemon, watch->id);
	g_autoptr(json_t) tip = xb_task_event(dir, "tip"), gone = xb_task_event(dir, "gone");
	g_autoptr(json_t) done = xb_task_event(dir, "done");
	const char *commit = json_string_value(json_object_get(tip, "commit"));
	const char *said = json_string_value(json_object_get(gone ? gone : done, "detail"));
	bool fine = take_tip(self->daemon, watch, commit,
			     commit          ? NULL
			     : said && *said ? said
					     : "the fetch did not end in time",
			     error);

	if (fine)
		xb_remove_at(AT_FDCWD, dir);
	return fine;
}

static void on_fetched(XbTask *task, void *user)
{
	XbWatcher *self = user;
	int64_t id = xb_task_id(task);

	g_hash_table_remove(self->tasks, &id);
	/* its directory tells the next round */
	xb_daemon_poke(self->daemon);
}

static bool start_fetch(XbWatcher *self, XbWatch *watch, GError **error)
{
	XbDaemon *daemon = self->daemon;
	const XbRemoteConfig *remote = xb_config_remote(daemon->config, watch->repo);
	g_autofree char *repo = xb_watch_repo_path(daemon->config, watch);
	g_autofree char *dir = fetch_dir(daemon, watch->id);
	g_autoptr(json_t) none = json_object();
	g_autoptr(json_t) job =
		json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:i,s:I,s:O}", "protocol", XB_PROTOCOL_VERSION,
			  "kind", "fetch", "id", watch->name, "url", watch->repo, "branch",
			  watch->branch, "repo", repo, "deadline_s", FETCH_DEADLINE_S, "keep_free",
			  (json_int_t)xb_space_low_mark(daemon->config->state_dir), "credentials",
			  remote ? remote->settings : none);
	g_autoptr(GError) trouble = NULL;
	XbTask *task = xb_task_start(dir, daemon->config->fetch_command, job, watch->id,
				     FETCH_DEADLINE_S + 30, on_fetched, self, &trouble);

	if (!task) {
		/* or the next round would take it for a fetch that has ended */
		xb_remove_at(AT_FDCWD, dir);
		return looked(daemon, watch, trouble->message, error);
	}
	g_hash_table_replace(self->tasks, g_memdup2(&watch->id, sizeof(watch->id)), task);
	return true;
}

/* Look at the repository when it is time, or take what a fetch has brought. */
static bool look(XbWatcher *self, XbWatch *watch, GError **error)
{
	g_autofree char *dir = NULL;
	XbTask *task;

	if (!xb_watch_is_remote(watch))
		return watch->due_ms > xb_now_ms() || look_at_path(self->daemon, watch, error);
	if (g_hash_table_contains(self->tasks, &watch->id))
		return true;
	dir = fetch_dir(self->daemon, watch->id);
	if (g_file_test(dir, G_FILE_TEST_IS_DIR)) {
		task = xb_task_adopt(dir, watch->id, FETCH_DEADLINE_S, on_fetched, self);
		if (!task)
			return take_fetch(self, watch, error);
		g_hash_table_replace(self->tasks, g_memdup2(&watch->id, sizeof(watch->id)), task);
		return true;
	}
	if (watch->due_ms > xb_now_ms() || g_hash_table_size(self->tasks) >= FETCHES_MAX)
		return true;
	return start_fetch(self, watch, error);
}

/* ---- the round ---------------------------------------------------------------------- */

static gboolean on_timer(gpointer data)
{
	XbWatcher *self = data;

	self->timer = 0;
	self->dirty = true;
	xb_watcher_round(self);
	return G_SOURCE_REMOVE;
}

static void again_in(XbWatcher *self, double seconds)
{
	g_clear_handle_id(&self->timer, g_source_remove);
	self->timer =
		g_timeout_add((guint)(CLAMP(seconds, 0.1, ROUND_MAX_S) * 1000), on_timer, self);
}

static bool step(XbWatcher *self, XbWatch *watch, bool work, GError **error)
{
	g_autofree char *tip = g_strdup(watch->tip);

	if (!look(self, watch, error))
		return false;
	work |= g_strcmp0(tip, watch->tip) != 0;
	return !work || (xb_watch_detect(self->daemon, watch, error) &&
			 xb_watch_measure(self->daemon, watch, error));
}

void xb_watcher_round(XbWatcher *self)
{
	g_autoptr(GError) error = NULL;
	bool work = self->dirty;
	int64_t next = G_MAXINT64;
	g_autoptr(GPtrArray) watches = NULL;

	if (self->daemon->stopping)
		return;
	/* settling changes the rows of watches */
	if (!xb_watch_settle(self->daemon, &work, &error) ||
	    !(watches = xb_db_watches(self->daemon->db, &error))) {
		g_warning("watches: %s", error->message);
		again_in(self, 5);
		return;
	}
	for (guint i = 0; i < watches->len; i++) {
		XbWatch *watch = watches->pdata[i];
		g_autoptr(GError) problem = NULL;

		if (!step(self, watch, work, &problem)) {
			g_warning("watch %s: %s", watch->name, problem->message);
			next = 0;
		}
		/* the end of a fetch pokes */
		if (!g_hash_table_contains(self->tasks, &watch->id))
			next = MIN(next, watch->due_ms);
	}
	self->dirty = false;
	if (next == 0)
		again_in(self, 5);
	else if (next < G_MAXINT64)
		again_in(self, (double)(next - xb_now_ms()) / 1000);
}
