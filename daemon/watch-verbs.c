/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch-verbs.c - what clients ask about watched branches. */
#include "watch-verbs.h"

#include <git2.h>
#include <string.h>

#include "config-group.h"
#include "watch-view.h"
#include "watch.h"

#define EVERY_S     3600
#define EVERY_MAX_S (365 * 86400.0)
#define BUDGET      20
#define BUDGET_MAX  100000
#define NTH_MAX     100000

static const char *member(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static json_t *answer_with(XbDaemon *daemon, const char *name, bool full, GError **error)
{
	g_autoptr(XbWatch) watch = xb_db_watch_find(daemon->db, name, error);
	json_t *view = watch ? xb_view_watch(daemon->db, watch, full, error) : NULL;

	return view ? json_pack("{s:b,s:o}", "ok", 1, "watch", view) : NULL;
}

json_t *xb_verb_watches(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(daemon->db, error);
	g_autoptr(json_t) list = json_array();
	(void)peer;
	(void)request;
	(void)hint;

	for (guint i = 0; watches && i < watches->len; i++) {
		json_t *view = xb_view_watch(daemon->db, watches->pdata[i], false, error);

		if (!view)
			return NULL;
		json_array_append_new(list, view);
	}
	return watches ? json_pack("{s:b,s:O}", "ok", 1, "watches", list) : NULL;
}

static XbWatch *find(XbDaemon *daemon, json_t *request, GError **error)
{
	const char *name = member(request, "name");
	g_autoptr(GError) failure = NULL;
	XbWatch *watch = name ? xb_db_watch_find(daemon->db, name, &failure) : NULL;

	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!watch)
		xb_queue_refuse(error, "there is no watch \"%s\"", name ? name : "");
	return watch;
}

/* A watch queues work by itself, for ever. */
static XbWatch *find_to_change(XbDaemon *daemon, const XbPeer *peer, json_t *request,
			       GError **error)
{
	if (!peer->may_name_paths) {
		xb_queue_refuse(error, "watches are changed by the daemon's own user only");
		return NULL;
	}
	return find(daemon, request, error);
}

json_t *xb_verb_watch_show(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error)
{
	g_autoptr(XbWatch) watch = find(daemon, request, error);
	(void)peer;
	(void)hint;

	return watch ? answer_with(daemon, watch->name, true, error) : NULL;
}

/* ---- adding ------------------------------------------------------------------------ */

/* What is asked for, checked; strings belong to the request, the configuration, or @path. */
typedef struct {
	XbWatch watch;
	json_t *spec;
	char *path, *text;
} Wanted;

static void wanted_clear(Wanted *wanted)
{
	json_decref(wanted->spec);
	g_free(wanted->path);
	g_free(wanted->text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static bool has_password(const char *url)
{
	const char *start = strstr(url, "://") + 3;
	const char *end = start + strcspn(start, "/?#");
	const char *at = g_strrstr_len(start, end - start, "@");

	return at && memchr(start, ':', (size_t)(at - start));
}

static bool take_repo(XbDaemon *daemon, json_t *request, Wanted *wanted, GError **error)
{
	static const char *const schemes[] = { "file", "git", "http", "https", "ssh" };
	const char *repo = member(request, "repo") ? member(request, "repo") : daemon->config->repo;
	const XbRepoConfig *configured = repo ? xb_config_repo(daemon->config, repo) : NULL;
	g_autofree char *scheme = repo ? g_uri_parse_scheme(repo) : NULL;
	g_autofree char *mirrors = xb_state_path(daemon, "mirrors", NULL);
	g_autoptr(XbHistory) history = NULL;
	bool known = false;

	if (!repo)
		repo = member(request, "cwd");
	if (!repo)
		return xb_queue_refuse(error, "no repository is named");
	for (guint i = 0; scheme && i < G_N_ELEMENTS(schemes); i++)
		known |= g_ascii_strcasecmp(scheme, schemes[i]) == 0;
	if (strstr(repo, "://") && !configured) {
		if (has_password(repo))
			return xb_queue_refuse(error,
					       "a password does not belong into a URL, which "
					       "everybody sees: [remote NAME] "
					       "password_file= keeps it");
		wanted->watch.repo = (char *)repo;
		return known ||
		       xb_queue_refuse(error, "\"%s\" is no URL of file, git, http, https or ssh",
				       repo);
	}
	history = xb_history_open(mirrors, configured ? configured->path : repo,
				  !member(request, "repo") && !daemon->config->repo, error);
	if (!history)
		return false;
	wanted->path = g_strdup(xb_history_repo_path(history));
	wanted->watch.repo = wanted->path;
	if (configured)
		json_object_set_new(wanted->spec, "repo_name", json_string(configured->name));
	return true;
}

static bool take_names(json_t *request, Wanted *wanted, GError **error)
{
	const char *name = member(request, "name"), *branch = member(request, "branch");
	g_autofree char *full = branch ? g_strconcat("refs/heads/", branch, NULL) : NULL;

	if (!name || !xb_config_is_name(name))
		return xb_queue_refuse(
			error, "a watch's name has letters, digits, . _ and - only, at most "
			       "64");
	if (!branch || !git_reference_is_valid_name(full))
		return xb_queue_refuse(error, "\"%s\" is no name of a branch",
				       branch ? branch : "");
	wanted->watch.name = (char *)name;
	wanted->watch.branch = (char *)branch;
	return true;
}

static bool take_workloads(XbDaemon *daemon, json_t *request, Wanted *wanted, GError **error)
{
	json_t *asked = json_object_get(request, "workloads"), *item;
	const char *metric = member(request, "metric"), *host = member(request, "host");
	json_t *list = json_array();
	size_t i;

	json_object_set_new(wanted->spec, "workloads", list);
	json_array_foreach(asked, i, item)
	{
		const char *name = json_string_value(item);

		if (!name || !xb_config_workload(daemon->config, name))
			return xb_queue_refuse(error, "no workload \"%s\" is configured",
					       name ? name : "");
		json_array_append(list, item);
	}
	if (json_array_size(list) == 0)
		json_array_append_new(list,
				      json_string(xb_config_workload(daemon->config, NULL)->name));
	json_array_foreach(list, i, item)
	{
		const XbWorkloadConfig *workload =
			xb_config_workload(daemon->config, json_string_value(item));

		if (metric && !xb_workload_metric(workload, metric))
			return xb_queue_refuse(error, "workload %s has no metric \"%s\"",
					       workload->name, metric);
	}
	if (host && !xb_config_host(daemon->config, host))
		return xb_queue_refuse(error, "no host \"%s\" is configured", host);
	if (metric)
		json_object_set_new(wanted->spec, "metric", json_string(metric));
	if (host)
		json_object_set_new(wanted->spec, "host", json_string(host));
	return true;
}

/* "tip", "all", "daily", or a number N: each Nth. */
static bool take_pick(json_t *request, Wanted *wanted, GError **error)
{
	const char *pick = member(request, "pick") ? member(request, "pick") : "tip";
	gint64 nth = 0;

	if (g_ascii_string_to_signed(pick, 10, 1, NTH_MAX, &nth, NULL)) {
		json_object_set_new(wanted->spec, "nth", json_integer(nth));
		pick = "nth";
	} else if (strcmp(pick, "tip") != 0 && strcmp(pick, "all") != 0 &&
		   strcmp(pick, "daily") != 0) {
		return xb_queue_refuse(error, "\"%s\" is not tip, all, daily or a number", pick);
	}
	json_object_set_new(wanted->spec, "pick", json_string(pick));
	return true;
}

static bool take_number(json_t *request, Wanted *wanted, const char *name, double low, double high,
			GError **error)
{
	json_t *value = json_object_get(request, name);

	if (!value || json_is_null(value))
		return true;
	if (!json_is_number(value) || !(json_number_value(value) >= low) ||
	    !(json_number_value(value) <= high))
		return xb_queue_refuse(error, "%s must be from %g to %g", name, low, high);
	json_object_set(wanted->spec, name, value);
	return true;
}

static bool take_times(json_t *request, Wanted *wanted, GError **error)
{
	json_t *every = json_object_get(request, "every_s");
	double seconds = json_is_number(every) ? json_number_value(every) : EVERY_S;

	if (!(seconds >= 1 && seconds <= EVERY_MAX_S))
		return xb_queue_refuse(error, "the time between two looks is from 1s to a year");
	wanted->watch.every_ms = (int64_t)(seconds * 1000);
	wanted->watch.created_ms = wanted->watch.due_ms = xb_now_ms();
	return take_number(request, wanted, "confidence", 0.51, 0.999999, error) &&
	       take_number(request, wanted, "min_effect", 1e-6, 9, error) &&
	       take_number(request, wanted, "min_segment", 2, 100, error) &&
	       take_number(request, wanted, "boots", 1, 1000, error);
}

json_t *xb_verb_watch_add(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error)
{
	g_auto(Wanted) wanted = { .spec = json_object() };
	g_autoptr(XbWatch) there = NULL;

	if (!peer->may_name_paths) {
		xb_queue_refuse(error, "watches are changed by the daemon's own user only");
		return NULL;
	}
	if (!take_names(request, &wanted, error) || !take_repo(daemon, request, &wanted, error) ||
	    !take_workloads(daemon, request, &wanted, error) ||
	    !take_pick(request, &wanted, error) || !take_times(request, &wanted, error))
		return NULL;
	there = xb_db_watch_find(daemon->db, wanted.watch.name, NULL);
	if (there) {
		*hint = g_strdup("remove it first, or choose another name");
		xb_queue_refuse(error, "there is a watch \"%s\" already", there->name);
		return NULL;
	}
	wanted.text = json_dumps(wanted.spec, JSON_COMPACT);
	wanted.watch.spec = wanted.text;
	wanted.watch.uid = peer->uid;
	if (xb_db_watch_add(daemon->db, &wanted.watch, error) < 0)
		return NULL;
	xb_journal(daemon, 0, "watch %s: branch %s of %s", wanted.watch.name, wanted.watch.branch,
		   wanted.watch.repo);
	xb_watcher_touch(daemon->watcher);
	return answer_with(daemon, wanted.watch.name, false, error);
}

json_t *xb_verb_watch_remove(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error)
{
	g_autoptr(XbWatch) watch = find_to_change(daemon, peer, request, error);
	(void)hint;

	if (!watch || !xb_db_watch_remove(daemon->db, watch->id, error))
		return NULL;
	xb_watcher_forget(daemon->watcher, watch->id);
	xb_journal(daemon, 0, "watch %s is removed", watch->name);
	return json_pack("{s:b}", "ok", 1);
}

json_t *xb_verb_watch_look(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error)
{
	g_autoptr(XbWatch) watch = find_to_change(daemon, peer, request, error);
	(void)hint;

	if (!watch)
		return NULL;
	watch->due_ms = xb_now_ms();
	if (!xb_db_watch_update(daemon->db, watch, error))
		return NULL;
	xb_watcher_touch(daemon->watcher);
	return answer_with(daemon, watch->name, false, error);
}

json_t *xb_verb_watch_backfill(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			       GError **error)
{
	g_autoptr(XbWatch) watch = find_to_change(daemon, peer, request, error);
	json_t *value = json_object_get(request, "budget");
	json_int_t budget = json_is_integer(value) ? json_integer_value(value) : BUDGET;
	const char *from = member(request, "from");
	(void)hint;

	if (!watch)
		return NULL;
	if (budget < 1 || budget > BUDGET_MAX || !from) {
		xb_queue_refuse(error, "an older range needs where it begins, and 1 to %d boots",
				BUDGET_MAX);
		return NULL;
	}
	if (!xb_watch_backfill(daemon, watch, from, (int)budget, error))
		return NULL;
	xb_watcher_touch(daemon->watcher);
	return answer_with(daemon, watch->name, false, error);
}
