/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue-commits.c - what a request is about: a range, a list of images, one side or more. */
#include <string.h>

#include "compare.h"
#include "config-group.h"
#include "history-refs.h"
#include "probes.h"
#include "queue-request.h"
#include "text.h"
#include "variants.h"
#include "watch.h"

#define RANGE_MAX  200000 /* commits */
#define IMAGES_MAX 10000
#define FILES_MAX  5000 /* commits of a range whose files are listed: 1 ms each */

/* ---- where the commits are ------------------------------------------------ */

static const XbRepoConfig *configured_at(const XbConfig *config, const char *path)
{
	for (guint i = 0; i < config->repos->len; i++) {
		const XbRepoConfig *repo = config->repos->pdata[i];
		g_autofree char *canonical = xb_refs_discover(repo->path, false);

		if (g_strcmp0(canonical, path) == 0)
			return repo;
	}
	return NULL;
}

/* "like": the repository of an earlier job, which its owner was allowed to name. *@lost: what helps
 * when it is there no more; NULL or the caller's to free. */
static char *repo_of_job(XbRequest *r, char **lost, GError **error)
{
	json_t *like = json_object_get(r->request, "like");
	g_autoptr(XbJob) job = xb_db_job_get(r->daemon->db, json_integer_value(like), error);
	g_autoptr(json_t) spec = job ? json_loads(job->spec, 0, NULL) : NULL;
	const char *path = xb_request_text(spec, "repo");

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
	*lost = xb_request_remote_hint(spec);
	return g_strdup(path);
}

/* Of the copy of a watched branch: what it is a copy of, for who misses it some day. */
static bool note_remote(XbRequest *r, GError **error)
{
	g_autoptr(GPtrArray) watches = xb_db_watches(r->daemon->db, error);

	for (guint i = 0; watches && i < watches->len; i++) {
		const XbWatch *watch = watches->pdata[i];
		g_autofree char *path = xb_watch_repo_path(r->daemon->config, watch);
		g_autofree char *copy =
			xb_watch_is_remote(watch) ? xb_refs_discover(path, false) : NULL;

		if (g_strcmp0(copy, xb_history_repo_path(r->history)) != 0)
			continue;
		json_object_set_new(r->spec, "remote", json_string(watch->repo));
		json_object_set_new(r->spec, "remote_branch", json_string(watch->branch));
	}
	return watches != NULL;
}

static bool open_history(XbRequest *r, GError **error)
{
	const XbConfig *config = r->daemon->config;
	const char *repo = xb_request_text(r->request, "repo");
	const char *cwd = xb_request_text(r->request, "cwd");
	const XbRepoConfig *configured = repo ? xb_config_repo(config, repo) : NULL;
	g_autofree char *mirrors = xb_state_path(r->daemon, "mirrors", NULL);
	g_autofree char *like = NULL, *lost = NULL;
	const char *path = configured ? configured->path : repo;
	bool discover = false;

	if (json_object_get(r->request, "like")) {
		like = repo_of_job(r, &lost, error);
		if (!like)
			return false;
		path = like;
		configured = configured_at(config, like);
	}
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
		*r->hint = lost ? g_steal_pointer(&lost)
				: g_strdup("name the repository with --repo DIR, or a configured "
					   "[repo NAME]");
		return false;
	}
	/* named by its path, it is the configured one all the same */
	if (!configured)
		configured = configured_at(config, xb_history_repo_path(r->history));
	r->trust = configured ? configured->trust : XB_TRUST_DEFAULT;
	json_object_set_new(r->spec, "repo", json_string(xb_history_repo_path(r->history)));
	return note_remote(r, error);
}

static bool add_commit(XbRequest *r, const char *label, const char *tree, const char *subject,
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

static int64_t variant_of(XbRequest *r, const char *commit, const char *tree, json_t *patches,
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

static bool take_image_list(XbRequest *r, GError **error)
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
		const char *kernel = xb_request_text(image, "kernel"),
			   *label = xb_request_text(image, "label");
		g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(int));
		g_autofree char *safe = NULL;
		int before = (int)i - 1;
		int64_t id;

		if (!kernel || !g_path_is_absolute(kernel))
			return xb_queue_refuse(
				error, "image %zu: its kernel must be an absolute path", i + 1);
		id = xb_variant_of_image(r->daemon, kernel, xb_request_text(image, "modules"),
					 error);
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
static bool list_files(XbRequest *r, const XbRange *range, guint i, GError **error)
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

static bool take_range(XbRequest *r, GError **error)
{
	const char *good = xb_request_text(r->request, "good"),
		   *bad = xb_request_text(r->request, "bad");
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

bool xb_request_bisect(XbRequest *r, GError **error)
{
	if (json_is_false(json_object_get(r->request, "path_prior")))
		json_object_set_new(r->spec, "path_prior", json_false());
	json_object_set_new(r->spec, "all",
			    json_boolean(json_is_true(json_object_get(r->request, "all"))));
	return json_object_get(r->request, "images") ? take_image_list(r, error)
						     : take_range(r, error);
}

static bool take_side_image(XbRequest *r, json_t *image, GError **error)
{
	const char *kernel = xb_request_text(image, "kernel");
	g_autofree char *name = NULL;

	if (!r->peer->may_name_paths)
		return xb_queue_refuse(error, "images may be named by the daemon's own user only");
	if (!kernel || !g_path_is_absolute(kernel))
		return xb_queue_refuse(error, "image:PATH must be absolute");
	name = g_path_get_basename(kernel);
	return add_commit(
		r, kernel, "", name, NULL,
		xb_variant_of_image(r->daemon, kernel, xb_request_text(image, "modules"), error));
}

static bool take_side(XbRequest *r, json_t *side, const char *which, GError **error)
{
	const char *rev = xb_request_text(side, "rev");
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
	if (!xb_request_contents(r, json_object_get(side, "patches"), patches, "patch", error) ||
	    !xb_request_contents(r, json_object_get(side, "kconfig"), kconfig,
				 "kernel config fragment", error))
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

static const char *side_title(json_t *side)
{
	const char *rev = xb_request_text(side, "rev");
	const char *image = xb_request_text(json_object_get(side, "image"), "kernel");
	return rev ? rev : image ? image : "";
}

/* What people call the side: its "name", else @fallback. No two have one name. */
static bool take_name(json_t *side, const char *fallback, json_t *names, GError **error)
{
	json_t *given = json_object_get(side, "name"), *other;
	const char *name = given ? json_string_value(given) : fallback;
	size_t i;

	if (!name || !xb_config_is_name(name))
		return xb_queue_refuse(error,
				       "the name of a variant has letters, digits, . _ and - only, "
				       "at most 64");
	json_array_foreach(names, i, other)
	{
		if (strcmp(json_string_value(other), name) == 0)
			return xb_queue_refuse(error, "two variants are called %s", name);
	}
	json_array_append_new(names, json_string(name));
	return true;
}

/* The base against two variants or more. */
static bool take_variants(XbRequest *r, GError **error)
{
	json_t *variants = json_object_get(r->request, "variants"), *side;
	json_t *base = json_object_get(r->request, "base"), *names = json_array();
	g_autoptr(GString) titles = g_string_new(NULL);
	size_t i, n = json_array_size(variants);

	json_object_set_new(r->spec, "names", names);
	if (n < 2 || n >= XB_COMPARE_MAX)
		return xb_queue_refuse(error, "2 to %d variants can be compared with a base",
				       XB_COMPARE_MAX - 1);
	if (!take_side(r, base, "base", error) || !take_name(base, "base", names, error))
		return false;
	json_array_foreach(variants, i, side)
	{
		g_autofree char *fallback = g_strdup_printf("v%zu", i + 1);

		if (!take_side(r, side, fallback, error) ||
		    !take_name(side, fallback, names, error))
			return false;
		g_string_append_printf(titles, "%s%s", i ? " " : "", side_title(side));
	}
	json_object_set_new(r->spec, "good", json_string(side_title(base)));
	json_object_set_new(r->spec, "bad", json_string(titles->str));
	return true;
}

bool xb_request_ab(XbRequest *r, GError **error)
{
	json_t *base_side = json_object_get(r->request, "base");
	json_t *test_side = json_object_get(r->request, "test");
	const XbJobCommit *base, *test;

	if (json_object_get(r->request, "variants"))
		return take_variants(r, error);
	if (!take_side(r, base_side, "base", error) || !take_side(r, test_side, "test", error))
		return false;
	base = r->commits->pdata[0];
	test = r->commits->pdata[1];
	if (base->variant_id == test->variant_id)
		xb_request_warn(r,
				"both sides are the same variant: the answer can only be \"same\"");
	json_object_set_new(r->spec, "good", json_string(side_title(base_side)));
	json_object_set_new(r->spec, "bad", json_string(side_title(test_side)));
	return true;
}

bool xb_request_measure(XbRequest *r, GError **error)
{
	json_t *side = json_object_get(r->request, "rev");

	if (!take_side(r, side, "rev", error))
		return false;
	json_object_set_new(r->spec, "good", json_string(side_title(side)));
	return true;
}
