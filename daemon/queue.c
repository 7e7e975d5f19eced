/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue.c - a request into a job's rows. */
#include "queue.h"

#include <math.h>
#include <string.h>

#include "history.h"
#include "jobdata.h"
#include "probes.h"
#include "schedule.h"
#include "text.h"
#include "variants.h"
#include "warn.h"

#define RANGE_MAX   200000 /* commits */
#define IMAGES_MAX  10000
#define FILES_MAX   5000              /* commits of a range whose files are listed: 1 ms each */
#define CONTENT_MAX (8 * 1024 * 1024) /* one patch or fragment */

G_DEFINE_QUARK(xb - queue - error - quark, xb_queue_error)

/* What a request turns into, step by step. */
typedef struct {
	XbDaemon *daemon;
	const XbPeer *peer;
	json_t *request;
	json_t *spec;
	json_t *warnings;
	char **hint;
	XbJobKind kind;
	XbHistory *history;
	const char *trust;
	json_t *kconfig;     /* blob paths for all sides */
	GPtrArray *commits;  /* XbJobCommit* */
	const char *between; /* its two revisions, where people read them */
} Request;

static void request_clear(Request *r)
{
	json_decref(r->spec);
	json_decref(r->kconfig);
	g_clear_pointer(&r->history, xb_history_free);
	g_clear_pointer(&r->commits, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Request, request_clear)

bool xb_queue_refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error,
			  g_error_new_valist(XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST, format, args));
	va_end(args);
	return false;
}

static const char *member(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void warn(Request *r, const char *text)
{
	json_array_append_new(r->warnings, json_string(text));
}

/* ---- options ------------------------------------------------------------- */

typedef struct {
	const char *name;
	double fallback, low, high; /* low and high exclusive */
	const char *range;
} NumberOption;
static const NumberOption number_options[] = {
	{ "confidence", 0.99, 0.5, 1, "between 0.5 and 1" },
	{ "min_effect", 0.01, -1e-12, 10, "0 or more, such as 0.01 for 1 %" },
	{ "resolve", 0.01, 0, 10, "more than 0, such as 0.005 for 0.5 %" },
};

static bool take_numbers(Request *r, GError **error)
{
	json_t *boots = json_object_get(r->request, "boots");

	for (guint i = 0; i < G_N_ELEMENTS(number_options); i++) {
		const NumberOption *option = &number_options[i];
		json_t *value = json_object_get(r->request, option->name);
		double number = json_is_number(value) ? json_number_value(value) : option->fallback;

		if ((value && !json_is_number(value) && !json_is_null(value)) ||
		    !(number > option->low && number < option->high))
			return xb_queue_refuse(error, "%s must be %s", option->name, option->range);
		if (value || strcmp(option->name, "resolve") != 0)
			json_object_set_new(r->spec, option->name, json_real(number));
	}
	if (boots && !json_is_null(boots)) {
		if (!json_is_integer(boots) || json_integer_value(boots) < 1 ||
		    json_integer_value(boots) > 1000)
			return xb_queue_refuse(error, "boots must be 1 to 1000");
		json_object_set(r->spec, "boots", boots);
	}
	return true;
}

/* "WHAT: a, b"; all of the configuration's structs begin with their name. */
static char *names_of(const GPtrArray *items, const char *what)
{
	GString *text = g_string_new(what);

	for (guint i = 0; i < items->len; i++)
		g_string_append_printf(text, "%s%s", i ? ", " : ": ",
				       *(char *const *)items->pdata[i]);
	return g_string_free(text, FALSE);
}

static bool take_workload(Request *r, GError **error)
{
	const XbConfig *config = r->daemon->config;
	const char *name = member(r->request, "workload");
	const char *metric_name = member(r->request, "metric");
	const XbWorkloadConfig *workload = xb_config_workload(config, name);
	const XbMetricConfig *metric;

	if (!workload) {
		*r->hint = names_of(config->workloads, "workloads");
		return xb_queue_refuse(error, "no workload \"%s\" is configured", name);
	}
	metric = xb_workload_metric(workload, metric_name);
	if (!metric)
		return xb_queue_refuse(error, "workload %s has no metric \"%s\"", workload->name,
				       metric_name);
	json_object_set_new(r->spec, "workload", json_string(workload->name));
	json_object_set(r->spec, "workload_settings", workload->settings);
	json_object_set_new(r->spec, "metric", json_string(metric->name));
	json_object_set_new(r->spec, "unit", json_string(metric->unit));
	json_object_set_new(r->spec, "lower_is_better", json_boolean(metric->lower_is_better));
	return true;
}

static bool take_host(Request *r, GError **error)
{
	const XbConfig *config = r->daemon->config;
	const char *name = member(r->request, "host");
	guint online = 0;

	if (name && !xb_config_host(config, name)) {
		*r->hint = names_of(config->hosts, "hosts");
		return xb_queue_refuse(error, "no host \"%s\" is configured", name);
	}
	for (guint i = 0; i < config->hosts->len; i++) {
		const XbHostConfig *host = config->hosts->pdata[i];
		g_autoptr(XbHostRow) row = xb_db_host_get(r->daemon->db, host->name, error);
		if (!row)
			return false;
		if (!name || strcmp(name, host->name) == 0)
			online += row->online;
	}
	if (online == 0) {
		*r->hint = g_strdup("see `xbisect hosts`; put one back with `xbisect hosts online "
				    "NAME`");
		return xb_queue_refuse(error, "no host is online");
	}
	json_object_set_new(r->spec, "host", json_string(name ? name : ""));
	return true;
}

/* [{"name","content"}] -> blob paths, appended to @paths. */
static bool store_contents(Request *r, json_t *list, json_t *paths, const char *what,
			   GError **error)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		json_t *content = json_object_get(item, "content");
		g_autofree char *path = NULL;

		if (!json_is_string(content) || json_string_length(content) == 0 ||
		    json_string_length(content) > CONTENT_MAX)
			return xb_queue_refuse(error, "%s %zu is empty or larger than 8 MiB", what,
					       i + 1);
		path = xb_blob_store(r->daemon, json_string_value(content),
				     json_string_length(content), error);
		if (!path)
			return false;
		json_array_append_new(paths, json_string(path));
	}
	return true;
}

/* The configuration's fragments are kept by content too: they may change while the job runs. */
static bool take_kconfig(Request *r, GError **error)
{
	char **files = r->daemon->config->kconfig;

	r->kconfig = json_array();
	for (guint i = 0; files && files[i]; i++) {
		g_autofree char *text = NULL, *path = NULL;
		gsize length;
		if (!g_file_get_contents(files[i], &text, &length, error) ||
		    !(path = xb_blob_store(r->daemon, text, length, error)))
			return false;
		json_array_append_new(r->kconfig, json_string(path));
	}
	return store_contents(r, json_object_get(r->request, "kconfig"), r->kconfig,
			      "kernel config fragment", error);
}

/* ---- where the commits are ------------------------------------------------ */

static const XbRepoConfig *configured_at(const XbConfig *config, const char *path)
{
	for (guint i = 0; i < config->repos->len; i++) {
		const XbRepoConfig *repo = config->repos->pdata[i];

		if (strcmp(repo->path, path) == 0)
			return repo;
	}
	return NULL;
}

/* "like": the repository of an earlier job, which its owner was allowed to name. */
static char *repo_of_job(Request *r, GError **error)
{
	json_t *like = json_object_get(r->request, "like");
	g_autoptr(XbJob) job = xb_db_job_get(r->daemon->db, json_integer_value(like), error);
	g_autoptr(json_t) spec = job ? json_loads(job->spec, 0, NULL) : NULL;
	const char *path = member(spec, "repo");

	if (!job)
		return NULL;
	if (!r->peer->may_name_paths && !r->peer->web && r->peer->uid != job->uid) {
		xb_queue_refuse(error, "job %lld belongs to another user", (long long)job->id);
		return NULL;
	}
	if (!path || !*path) {
		xb_queue_refuse(error, "job %lld is not about a repository", (long long)job->id);
		return NULL;
	}
	return g_strdup(path);
}

static bool open_history(Request *r, GError **error)
{
	const XbConfig *config = r->daemon->config;
	const char *repo = member(r->request, "repo");
	const char *cwd = member(r->request, "cwd");
	const XbRepoConfig *configured = repo ? xb_config_repo(config, repo) : NULL;
	g_autofree char *mirrors = xb_state_path(r->daemon, "mirrors", NULL);
	g_autofree char *like = NULL;
	const char *path = configured ? configured->path : repo;
	bool discover = false;

	if (json_object_get(r->request, "like")) {
		like = repo_of_job(r, error);
		if (!like)
			return false;
		path = like;
		configured = configured_at(config, like);
	}
	r->trust = configured ? configured->trust : "default";
	if (!path && config->repo)
		path = config->repo;
	if (!path && cwd) {
		path = cwd;
		discover = true;
	}
	if (!path)
		return xb_queue_refuse(error, "no repository is named");
	if (!configured && !like && path != config->repo && !r->peer->may_name_paths)
		return xb_queue_refuse(error,
				       "paths may be named by the daemon's own user only; use one "
				       "of the configured [repo NAME]s");
	r->history = xb_history_open(mirrors, path, discover, error);
	if (!r->history) {
		*r->hint = g_strdup("name the repository with --repo DIR, or a configured [repo "
				    "NAME]");
		return false;
	}
	json_object_set_new(r->spec, "repo", json_string(xb_history_repo_path(r->history)));
	return true;
}

static bool add_commit(Request *r, const char *label, const char *tree, const char *subject,
		       const GArray *parents, int64_t variant_id)
{
	XbJobCommit *commit = g_new0(XbJobCommit, 1);

	commit->node = (int)r->commits->len;
	commit->label = g_strdup(label);
	commit->tree = g_strdup(tree);
	commit->subject = g_strdup(subject);
	commit->parents = g_array_new(FALSE, FALSE, sizeof(int));
	if (parents)
		g_array_append_vals(commit->parents, parents->data, parents->len);
	commit->variant_id = variant_id;
	g_ptr_array_add(r->commits, commit);
	return variant_id >= 0;
}

static int64_t variant_of(Request *r, const char *commit, const char *tree, json_t *patches,
			  json_t *kconfig, GError **error)
{
	const XbRecipe recipe = {
		.repo = xb_history_repo_path(r->history),
		.trust = r->trust,
		.commit = commit,
		.tree = tree,
		.patches = patches,
		.kconfig = kconfig,
		.kconfig_base = r->daemon->config->kconfig_base,
		.arch = r->daemon->config->arch,
		.builder_fp = xb_probes_builder(r->daemon->probes),
	};
	return xb_variant_of_recipe(r->daemon, &recipe, error);
}

/* ---- the three kinds ------------------------------------------------------ */

static bool take_image_list(Request *r, GError **error)
{
	json_t *images = json_object_get(r->request, "images"), *image;
	size_t i, count = json_array_size(images);

	if (!r->peer->may_name_paths)
		return xb_queue_refuse(error, "images may be named by the daemon's own user only");
	if (count < 2 || count > IMAGES_MAX)
		return xb_queue_refuse(error, "a list of images needs 2 to %d lines, it has %zu",
				       IMAGES_MAX, count);
	json_array_foreach(images, i, image)
	{
		const char *kernel = member(image, "kernel"), *label = member(image, "label");
		g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(int));
		g_autofree char *safe = NULL;
		int before = (int)i - 1;
		int64_t id;

		if (!kernel || !g_path_is_absolute(kernel))
			return xb_queue_refuse(
				error, "image %zu: its kernel must be an absolute path", i + 1);
		id = xb_variant_of_image(r->daemon, kernel, member(image, "modules"), error);
		if (i > 0)
			g_array_append_val(parents, before);
		safe = xb_text_safe(label ? label : kernel, -1, 200, false);
		if (!add_commit(r, kernel, "", safe, parents, id))
			return false;
	}
	json_object_set_new(r->spec, "images", json_true());
	json_object_set(r->spec, "good", json_object_get(json_array_get(images, 0), "kernel"));
	json_object_set(r->spec, "bad",
			json_object_get(json_array_get(images, count - 1), "kernel"));
	json_object_set_new(r->spec, "repo", json_string(""));
	return true;
}

/* What node @i changed against its first parent, for relevance.h. */
static bool list_files(Request *r, const XbRange *range, guint i, GError **error)
{
	const XbRangeCommit *commit = range->commits->pdata[i];
	XbJobCommit *row = r->commits->pdata[i];
	const XbRangeCommit *parent;
	g_autoptr(GPtrArray) files = NULL;

	if (commit->parents->len != 1)
		return true;
	parent = range->commits->pdata[g_array_index(commit->parents, int, 0)];
	files = xb_history_diff_files(r->history, parent->id, commit->id, error);
	if (!files)
		return false;
	g_ptr_array_add(files, NULL);
	row->files = g_strjoinv("\n", (char **)files->pdata);
	return true;
}

static bool take_range(Request *r, GError **error)
{
	const char *good = member(r->request, "good"), *bad = member(r->request, "bad");
	bool first_parent = json_is_true(json_object_get(r->request, "first_parent"));
	g_autofree char *good_id = NULL, *bad_id = NULL;
	g_autoptr(XbRange) range = NULL;
	g_autoptr(json_t) none = json_array();

	if (!good || !bad || !*good || !*bad)
		return xb_queue_refuse(error, "a range is GOOD..BAD, such as v6.0..v6.1");
	if (!open_history(r, error) || !(good_id = xb_history_resolve(r->history, good, error)) ||
	    !(bad_id = xb_history_resolve(r->history, bad, error)) ||
	    !(range = xb_history_range(r->history, good_id, bad_id, first_parent, RANGE_MAX,
				       error)))
		return false;
	for (guint i = 0; i < range->commits->len; i++) {
		const XbRangeCommit *commit = range->commits->pdata[i];
		int64_t id = variant_of(r, commit->id, commit->tree, none, r->kconfig, error);

		if (!add_commit(r, commit->id, commit->tree, commit->subject, commit->parents, id))
			return false;
		if (i > 0 && range->commits->len <= FILES_MAX && !list_files(r, range, i, error))
			return false;
	}
	json_object_set_new(r->spec, "good", json_string(good));
	json_object_set_new(r->spec, "bad", json_string(bad));
	json_object_set_new(r->spec, "first_parent", json_boolean(first_parent));
	return true;
}

static bool take_bisect(Request *r, GError **error)
{
	json_object_set_new(r->spec, "all",
			    json_boolean(json_is_true(json_object_get(r->request, "all"))));
	return json_object_get(r->request, "images") ? take_image_list(r, error)
						     : take_range(r, error);
}

static bool take_side_image(Request *r, json_t *image, GError **error)
{
	const char *kernel = member(image, "kernel");
	g_autofree char *name = NULL;

	if (!r->peer->may_name_paths)
		return xb_queue_refuse(error, "images may be named by the daemon's own user only");
	if (!kernel || !g_path_is_absolute(kernel))
		return xb_queue_refuse(error, "image:PATH must be absolute");
	name = g_path_get_basename(kernel);
	return add_commit(r, kernel, "", name, NULL,
			  xb_variant_of_image(r->daemon, kernel, member(image, "modules"), error));
}

static bool take_side(Request *r, const char *which, GError **error)
{
	json_t *side = json_object_get(r->request, which);
	const char *rev = member(side, "rev");
	json_t *image = json_object_get(side, "image");
	g_autoptr(json_t) patches = json_array(), kconfig = json_copy(r->kconfig);
	g_autofree char *id = NULL, *label = NULL;
	g_autoptr(XbCommitFacts) facts = NULL;
	size_t extra;

	if (image) {
		if (json_array_size(json_object_get(side, "patches")) ||
		    json_array_size(json_object_get(side, "kconfig")))
			return xb_queue_refuse(error,
					       "%s is a prebuilt image: patches and configuration "
					       "can't be applied to it",
					       which);
		return take_side_image(r, image, error);
	}
	if (!rev || !*rev)
		return xb_queue_refuse(error, "%s needs a revision or image:PATH", which);
	if (!store_contents(r, json_object_get(side, "patches"), patches, "patch", error) ||
	    !store_contents(r, json_object_get(side, "kconfig"), kconfig, "kernel config fragment",
			    error))
		return false;
	if ((!r->history && !open_history(r, error)) ||
	    !(id = xb_history_resolve(r->history, rev, error)) ||
	    !(facts = xb_history_facts(r->history, id, error)))
		return false;
	extra = json_array_size(patches) + json_array_size(json_object_get(side, "kconfig"));
	label = extra ? g_strdup_printf("%s (+%zu patches or fragments)", facts->subject, extra)
		      : g_strdup(facts->subject);
	return add_commit(r, id, facts->tree, label, NULL,
			  variant_of(r, id, facts->tree, patches, kconfig, error));
}

static const char *side_title(json_t *request, const char *which)
{
	json_t *side = json_object_get(request, which);
	const char *rev = member(side, "rev");
	const char *image = member(json_object_get(side, "image"), "kernel");
	return rev ? rev : image ? image : "";
}

static bool take_ab(Request *r, GError **error)
{
	const XbJobCommit *base, *test;

	if (!take_side(r, "base", error) || !take_side(r, "test", error))
		return false;
	base = r->commits->pdata[0];
	test = r->commits->pdata[1];
	if (base->variant_id == test->variant_id)
		warn(r, "both sides are the same variant: the answer can only be \"same\"");
	json_object_set_new(r->spec, "good", json_string(side_title(r->request, "base")));
	json_object_set_new(r->spec, "bad", json_string(side_title(r->request, "test")));
	return true;
}

static bool take_measure(Request *r, GError **error)
{
	if (!take_side(r, "rev", error))
		return false;
	json_object_set_new(r->spec, "good", json_string(side_title(r->request, "rev")));
	return true;
}

typedef struct {
	const char *verb;
	XbJobKind kind;
	bool (*take)(Request *r, GError **error);
	const char *between; /* its two revisions, where people read them */
} Kind;
static const Kind kinds[] = {
	{ "bisect", XB_JOB_BISECT, take_bisect, ".." },
	{ "ab", XB_JOB_AB, take_ab, " vs " },
	{ "measure", XB_JOB_MEASURE, take_measure, "" },
};

static int64_t write_job(Request *r, GError **error)
{
	g_autofree char *spec = json_dumps(r->spec, JSON_COMPACT);
	json_t *priority = json_object_get(r->request, "priority");
	XbJob job = { .kind = r->kind,
		      .state = XB_JOB_QUEUED,
		      .uid = r->peer->uid,
		      .priority = (int)CLAMP(json_integer_value(priority), -100, 100),
		      .created_ms = xb_now_ms(),
		      .spec = spec };
	int64_t id = xb_db_job_add(r->daemon->db, &job, error);

	for (guint i = 0; id >= 0 && i < r->commits->len; i++)
		if (!xb_db_job_commit_add(r->daemon->db, id, r->commits->pdata[i], error))
			return -1;
	return id;
}

/* The rows of a job, in the transaction that is open; -1 with @error. */
static int64_t add_rows(Request *r, const char *verb, GError **error)
{
	const Kind *kind = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(verb, kinds[i].verb) == 0)
			kind = &kinds[i];
	if (!kind) {
		xb_queue_refuse(error, "what is to be done is bisect, ab or measure");
		return -1;
	}
	r->spec = json_object();
	r->commits = g_ptr_array_new_with_free_func((GDestroyNotify)xb_job_commit_free);
	r->kind = kind->kind;
	r->between = kind->between;
	return take_numbers(r, error) && take_workload(r, error) && take_host(r, error) &&
			       take_kconfig(r, error) && kind->take(r, error)
		       ? write_job(r, error)
		       : -1;
}

int64_t xb_queue_request(XbDaemon *daemon, const XbPeer *peer, json_t *request, json_t **warnings,
			 char **hint, GError **error)
{
	const char *verb = member(request, "verb");
	int64_t id;

	*warnings = json_array();
	g_auto(Request) r = { .daemon = daemon,
			      .peer = peer,
			      .request = request,
			      .warnings = *warnings,
			      .hint = hint };
	/* one transaction: a refused request leaves no variants behind */
	if (!xb_db_begin(daemon->db, error))
		return -1;
	id = add_rows(&r, verb, error);
	if (id < 0 || !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return -1;
	}
	g_autofree char *good = xb_spec_revision(r.spec, "good");
	g_autofree char *bad = xb_spec_revision(r.spec, "bad");
	xb_journal(daemon, id, "queued: %s %s%s%s", verb, good, r.between,
		   r.kind == XB_JOB_MEASURE ? "" : bad);
	if (r.kind == XB_JOB_BISECT)
		xb_warn_of_noise(daemon, id);
	xb_daemon_poke(daemon);
	return id;
}

json_t *xb_queue_check(XbDaemon *daemon, const XbPeer *peer, json_t *request, json_t **warnings,
		       char **hint, GError **error)
{
	json_t *estimate = NULL;
	int64_t id;

	*warnings = json_array();
	g_auto(Request) r = { .daemon = daemon,
			      .peer = peer,
			      .request = request,
			      .warnings = *warnings,
			      .hint = hint };
	if (!xb_db_begin(daemon->db, error))
		return NULL;
	id = add_rows(&r, member(request, "what"), error);
	if (id >= 0)
		estimate = xb_schedule_estimate(daemon, id, error);
	xb_db_rollback(daemon->db);
	return estimate;
}

int64_t xb_queue_retry(XbDaemon *daemon, const XbPeer *peer, int64_t id, GError **error)
{
	g_autoptr(XbJob) old = xb_db_job_get(daemon->db, id, error);
	g_autoptr(GPtrArray) commits = NULL;
	g_autoptr(json_t) spec = NULL;
	g_autofree char *text = NULL;
	int64_t new_id;

	if (!old || !(commits = xb_db_job_commits(daemon->db, id, error)))
		return -1;
	/* its paths were named by its owner, who may name them */
	if (!peer->may_name_paths && !peer->web && peer->uid != old->uid) {
		xb_queue_refuse(error, "job %lld belongs to another user", (long long)id);
		return -1;
	}
	if (old->state == XB_JOB_QUEUED || old->state == XB_JOB_RUNNING) {
		xb_queue_refuse(error, "job %lld has not ended yet", (long long)id);
		return -1;
	}
	spec = json_loads(old->spec, 0, NULL);
	json_object_del(spec, "host_fp");
	json_object_del(spec, "workload_fp");
	json_object_del(spec, "warnings");
	text = json_dumps(spec, JSON_COMPACT);
	XbJob job = { .kind = old->kind,
		      .state = XB_JOB_QUEUED,
		      .uid = peer->web ? old->uid : peer->uid,
		      .priority = old->priority,
		      .created_ms = xb_now_ms(),
		      .spec = text };
	if (!xb_db_begin(daemon->db, error))
		return -1;
	new_id = xb_db_job_add(daemon->db, &job, error);
	for (guint i = 0; new_id >= 0 && i < commits->len; i++)
		if (!xb_db_job_commit_add(daemon->db, new_id, commits->pdata[i], error))
			new_id = -1;
	if (new_id < 0 || !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return -1;
	}
	xb_journal(daemon, new_id, "queued again after job %lld", (long long)id);
	xb_daemon_poke(daemon);
	return new_id;
}
