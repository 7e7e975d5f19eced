/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-bisect.c - a bisect job's rows into the engine's words, and its actions back. */
#include "planner.h"

#include <math.h>
#include <string.h>

#include "engine.h"
#include "history.h"
#include "noise.h"
#include "outcome.h"
#include "path-view.h"
#include "plan-steps.h"
#include "relevance.h"
#include "variants.h"

#define LISTED_MAX 32 /* commits with a probability that a verdict lists */

typedef struct {
	XbDaemon *daemon;
	const XbJobData *data;
	const XbCapacity *capacity;
	GHashTable *tallies;
	guint n;
	guint *parent_start;
	GArray *parent; /* of guint */
	XbNode *nodes;
	GArray *boots;     /* XbBoot */
	GArray *in_flight; /* XbInFlight */
} Input;

static void input_clear(Input *in)
{
	g_clear_pointer(&in->tallies, g_hash_table_unref);
	g_free(in->parent_start);
	g_clear_pointer(&in->parent, g_array_unref);
	g_free(in->nodes);
	g_clear_pointer(&in->boots, g_array_unref);
	g_clear_pointer(&in->in_flight, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Input, input_clear)

static void make_graph(Input *in)
{
	in->parent_start = g_new0(guint, in->n + 1);
	in->parent = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < in->n; i++) {
		const XbJobCommit *commit = in->data->commits->pdata[i];
		in->parent_start[i] = in->parent->len;
		for (guint p = 0; p < commit->parents->len; p++) {
			guint node = (guint)g_array_index(commit->parents, int, p);
			g_array_append_val(in->parent, node);
		}
	}
	in->parent_start[in->n] = in->parent->len;
}

/* Three troubles: set aside like one that does not build. */
static bool build_is_given_up(const XbTally *tally)
{
	return tally && tally->build_trouble >= XB_TROUBLES_MAX && !tally->active_builds;
}

static XbStatus status_of(const Input *in, const XbVariant *variant)
{
	const XbTally *tally = g_hash_table_lookup(in->tallies, &variant->id);

	if (variant->state == XB_VARIANT_BUILD_FAILED || build_is_given_up(tally))
		return XB_STATUS_UNBUILDABLE;
	if (xb_tally_unbootable(tally, in->capacity->deterministic))
		return XB_STATUS_UNBOOTABLE;
	return variant->state == XB_VARIANT_BUILT ? XB_STATUS_BUILT : XB_STATUS_UNTRIED;
}

/* A build of the search: neither clean nor of a revert. */
static bool is_search_build(const Input *in, const XbRun *run, const XbRole **role)
{
	*role = xb_jobdata_role(in->data, run);
	return run->kind == XB_RUN_BUILD && *role && !(*role)->clean && !(*role)->revert;
}

/* What one build more takes: the mean of this range's builds without the longest, which is the cold
 * one. After that one alone a quarter of it; before, what builds took at other times. */
static double learnt_build_s(const Input *in)
{
	double sum = 0, longest = 0;
	guint n = 0;

	for (guint i = 0; i < in->data->runs->len; i++) {
		const XbRun *run = in->data->runs->pdata[i];
		const XbRole *role;

		if (!is_search_build(in, run, &role) || run->state != XB_RUN_DONE ||
		    run->outcome != XB_OUTCOME_OK)
			continue;
		double seconds = (double)(run->finished_ms - run->started_ms) / 1000;
		sum += seconds;
		longest = fmax(longest, seconds);
		n++;
	}
	return n == 0 ? in->capacity->build_s : n == 1 ? longest / 4 : (sum - longest) / (n - 1);
}

/* The nodes that work trees stand at: the last build in each slot. Trees of slots that build now
 * are left out unless all do: the next build starts elsewhere. */
#define XB_SLOTS_MAX 64
static guint find_trees(const Input *in, guint trees[XB_SLOTS_MAX])
{
	guint64 seen = 0;
	guint busy[XB_SLOTS_MAX], n = 0, n_busy = 0;

	for (guint i = in->data->runs->len; i-- > 0;) {
		const XbRun *run = in->data->runs->pdata[i];
		const XbRole *role;
		guint slot = run->place ? (guint)g_ascii_strtoull(run->place, NULL, 10) : 0;

		if (slot >= XB_SLOTS_MAX || (seen >> slot & 1) || !is_search_build(in, run, &role))
			continue;
		seen |= G_GUINT64_CONSTANT(1) << slot;
		if (run->state == XB_RUN_DONE)
			trees[n++] = (guint)role->node;
		else
			busy[n_busy++] = (guint)role->node;
	}
	if (n == 0)
		memcpy(trees, busy, n_busy * sizeof(*trees));
	return n > 0 ? n : n_busy;
}

/* From the nearest work tree: half the usual time for a neighbour, one and a half times for a tree
 * that is half the range away or more. */
static void expect_builds(Input *in)
{
	guint trees[XB_SLOTS_MAX], n_trees = find_trees(in, trees);
	double build_s = learnt_build_s(in);

	for (guint i = 0; i < in->n; i++) {
		guint distance = n_trees > 0 ? in->n : in->n / 4;

		if (in->nodes[i].build_s <= 0)
			continue;
		for (guint k = 0; k < n_trees; k++)
			distance = MIN(distance, i > trees[k] ? i - trees[k] : trees[k] - i);
		in->nodes[i].build_s = build_s * fmin(1.5, 0.5 + 2.0 * distance / in->n);
	}
}

static void make_nodes(Input *in)
{
	in->nodes = g_new0(XbNode, in->n);
	for (guint i = 0; i < in->n; i++) {
		const XbVariant *variant = in->data->variants->pdata[i];
		XbNode *node = &in->nodes[i];

		node->status = status_of(in, variant);
		node->image_class = xb_jobdata_class(in->data, variant);
		node->prior = 1;
		if (node->status == XB_STATUS_UNTRIED ||
		    (node->status == XB_STATUS_BUILT && !variant->dir &&
		     !xb_variant_is_image(variant)))
			node->build_s = in->capacity->build_s;
	}
	expect_builds(in);
	for (guint i = 0; i < in->data->images->len; i++) {
		const XbJobImage *image = in->data->images->pdata[i];
		const XbVariant *variant = in->data->image_variants->pdata[i];
		XbNode *node = &in->nodes[image->node];

		if (image->revert) {
			node->revert_status =
				variant ? status_of(in, variant) : XB_STATUS_IMPOSSIBLE;
		} else if (variant) {
			node->clean_status = status_of(in, variant);
			node->clean_class = xb_jobdata_class(in->data, variant);
		}
	}
}

static XbImage image_of(const XbRole *role)
{
	return role->revert ? XB_IMAGE_REVERT : role->clean ? XB_IMAGE_CLEAN : XB_IMAGE_NORMAL;
}

static void make_boots(Input *in)
{
	in->boots = g_array_new(FALSE, FALSE, sizeof(XbBoot));
	in->in_flight = g_array_new(FALSE, FALSE, sizeof(XbInFlight));
	for (guint i = 0; i < in->data->runs->len; i++) {
		const XbRun *run = in->data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(in->data, run);

		if (!role || xb_run_is_explain(run))
			continue;
		if (run->state != XB_RUN_DONE) {
			XbInFlight flight = { run->kind == XB_RUN_BUILD, (guint)role->node,
					      image_of(role), (guint)run->perturb };
			g_array_append_val(in->in_flight, flight);
		} else if (xb_jobdata_run_counts(in->data, run)) {
			const GArray *samples = g_hash_table_lookup(in->data->samples, &run->id);
			XbBoot boot = { .node = (guint)role->node,
					.image = image_of(role),
					.perturb = (guint)run->perturb,
					.sequence = (guint)run->id,
					.n_samples = samples->len,
					.samples = (const double *)(gconstpointer)samples->data,
					.confirm = strcmp(run->purpose, "confirm") == 0 };
			g_array_append_val(in->boots, boot);
		}
	}
}

static void make_options(const Input *in, XbOptions *options)
{
	const XbJobData *data = in->data;

	*options = (XbOptions){
		.confidence = xb_spec_number(data, "confidence", 0.99),
		.min_effect = xb_spec_number(data, "min_effect", 0.01),
		.lower_is_better = xb_spec_bool(data, "lower_is_better"),
		.free_hosts = in->capacity->free_hosts,
		.free_builders = in->capacity->free_builders,
		.hosts = in->capacity->hosts,
		.builders = in->capacity->builders,
		.boot_s = in->capacity->boot_s,
		.can_build = !xb_spec_bool(data, "images"),
		.history_level = NAN,
		.seed = (uint64_t)data->job->id,
	};
}

/* What is known of images that differ in layout only, relative: earlier boots of one image tell
 * nothing of it. */
#define IMAGE_SD 0.003
/* History is worth no more boots than this: the job's own have to be able to speak against it. */
#define HISTORY_BOOTS_MAX 20
#define HISTORY_BOOTS_MIN 5

/* The noise of earlier boots on this class of hosts. Not of hosts that repeat themselves, whose
 * boots vary by nothing. GOOD's level needs no prior: its earlier boots are boots of this job. */
static void add_history(const Input *in, XbOptions *options)
{
	const XbJobData *data = in->data;

	if (in->capacity->deterministic || !*data->host_fp)
		return;
	XbNoise noise = xb_noise_read(in->daemon->db, data->host_fp, data->workload_fp,
				      data->metric, data->job->id);
	if (noise.boots < HISTORY_BOOTS_MIN || !(noise.boot_sd > 0))
		return;
	options->history_boot_sd = hypot(noise.boot_sd, IMAGE_SD);
	options->history_run_sd = noise.run_sd;
	options->history_n = MIN(noise.boots, HISTORY_BOOTS_MAX);
}

/* ---- actions back into variants ------------------------------------------ */

/* The recipe of @node with changes; adds the row of the image. NULL variant id: impossible. */
static const XbJobImage *find_image(const XbJobData *data, int node, bool revert, guint *index)
{
	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];
		if (image->node == node && image->revert == revert) {
			*index = i;
			return image;
		}
	}
	return NULL;
}

static int64_t ensure_clean(Input *in, guint node, GError **error)
{
	const XbVariant *variant = in->data->variants->pdata[node];
	g_autoptr(json_t) source = json_loads(variant->source, 0, NULL);
	XbRecipe recipe;

	if (!xb_recipe_unpack(source, &recipe)) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT, "variant %lld: bad recipe",
			    (long long)variant->id);
		return -1;
	}
	recipe.clean = true;
	return xb_variant_of_recipe(in->daemon, &recipe, error);
}

/* BAD with the culprit reverted, as a patch in the recipe. 0: it does not apply (@detail). */
static int64_t ensure_revert(Input *in, guint node, char **detail, GError **error)
{
	const XbVariant *tip = in->data->variants->pdata[in->n - 1];
	const XbJobCommit *culprit = in->data->commits->pdata[node];
	g_autoptr(json_t) source = json_loads(tip->source, 0, NULL);
	g_autofree char *mirrors = xb_state_path(in->daemon, "mirrors", NULL);
	g_autoptr(XbHistory) history = NULL;
	g_autofree char *patch = NULL, *blob = NULL;
	g_autoptr(json_t) patches = NULL;
	g_autoptr(GError) conflict = NULL;
	XbRecipe recipe;

	if (!xb_recipe_unpack(source, &recipe)) {
		*detail = g_strdup("the recipe of the tip is damaged");
		return 0;
	}
	history = xb_history_open(mirrors, recipe.repo, false, &conflict);
	if (history)
		patch = xb_history_revert_patch(history, culprit->label, recipe.commit, &conflict);
	if (!patch) {
		*detail = g_strdup(conflict->message);
		return 0;
	}
	blob = xb_blob_store(in->daemon, patch, strlen(patch), error);
	if (!blob)
		return -1;
	patches = json_copy(recipe.patches);
	json_array_append_new(patches, json_string(blob));
	recipe.patches = patches;
	return xb_variant_of_recipe(in->daemon, &recipe, error);
}

/* The variant of an action that is not of the normal image; the row is added when missing, and
 * then the next round, which sees it, goes on. */
static bool add_image(Input *in, const XbAction *action, GError **error)
{
	XbJobImage image = { (int)action->node, action->image == XB_IMAGE_REVERT, 0, NULL };
	g_autofree char *detail = NULL;
	int64_t id = image.revert ? ensure_revert(in, action->node, &detail, error)
				  : ensure_clean(in, action->node, error);

	if (id < 0)
		return false;
	if (id == 0)
		xb_journal(in->daemon, in->data->job->id, "the revert is not tried: %s", detail);
	image.variant_id = id;
	image.detail = detail ? detail : (char *)"";
	xb_daemon_poke(in->daemon);
	return xb_db_job_image_add(in->daemon->db, in->data->job->id, &image, error);
}

/* Of the nodes with one image, one that is on disk; @node itself when none is. */
static const XbVariant *bootable_mate(const Input *in, guint node)
{
	const XbVariant *own = in->data->variants->pdata[node];

	if (own->dir || xb_variant_is_image(own) || !in->nodes[node].image_class)
		return own;
	for (guint i = 0; i < in->n; i++) {
		const XbVariant *mate = in->data->variants->pdata[i];
		if (in->nodes[i].image_class == in->nodes[node].image_class && mate->dir)
			return mate;
	}
	return own;
}

static const char *const purposes[] = {
	[XB_PURPOSE_ENDPOINT] = "endpoint",
	[XB_PURPOSE_SEARCH] = "search",
	[XB_PURPOSE_CONFIRM] = "confirm",
	[XB_PURPOSE_PREBUILD] = "prebuild",
};

static bool add_wants(Input *in, const XbPlan *plan, XbPlanned *out, GError **error)
{
	for (guint i = 0; i < plan->actions->len; i++) {
		const XbAction *action = &g_array_index(plan->actions, XbAction, i);
		XbRunKind kind = action->kind == XB_ACTION_BUILD ? XB_RUN_BUILD : XB_RUN_BOOT;
		const XbVariant *variant;
		guint index;

		if (action->image == XB_IMAGE_NORMAL) {
			variant = kind == XB_RUN_BOOT ? bootable_mate(in, action->node)
						      : in->data->variants->pdata[action->node];
		} else if (find_image(in->data, (int)action->node, action->image == XB_IMAGE_REVERT,
				      &index)) {
			variant = in->data->image_variants->pdata[index];
			if (!variant)
				continue;
		} else {
			if (!add_image(in, action, error))
				return false;
			continue;
		}
		xb_want_add(out->wants, kind, variant, (int)action->node, (int)action->perturb,
			    purposes[action->purpose], action->why);
	}
	return true;
}

/* ---- the verdict --------------------------------------------------------- */

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

typedef struct {
	guint node;
	double probability;
} Ranked;

static int by_probability(gconstpointer a, gconstpointer b)
{
	const Ranked *x = a, *y = b;

	if (x->probability != y->probability)
		return x->probability < y->probability ? 1 : -1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static json_t *ranked_commits(const Input *in, const XbPlan *plan)
{
	g_autoptr(GArray) ranked = g_array_new(FALSE, FALSE, sizeof(Ranked));
	json_t *list = json_array();

	for (guint i = 1; i < in->n; i++) {
		Ranked one = { i, plan->probability[i] };
		if (one.probability > 1e-4)
			g_array_append_val(ranked, one);
	}
	g_array_sort(ranked, by_probability);
	for (guint i = 0; i < ranked->len && i < LISTED_MAX; i++) {
		const Ranked *one = &g_array_index(ranked, Ranked, i);
		const XbJobCommit *commit = in->data->commits->pdata[one->node];
		json_t *path = xb_path_commit(in->data, one->node);
		json_t *entry = json_pack("{s:s,s:s,s:f,s:i}", "id", commit->label, "subject",
					  commit->subject, "probability", one->probability, "node",
					  (int)one->node);

		if (path)
			json_object_set_new(entry, "path", path);
		json_array_append_new(list, entry);
	}
	return list;
}

/* Runs of nodes, [first, last], whose image is their first parent's: they can't be the culprit.
 * For people; a range of which every other commit is one would make a long list. */
#define ALIKE_MAX 2000
static json_t *alike_nodes(const Input *in)
{
	json_t *list = json_array();
	guint first = 0;

	for (guint i = 1; i <= in->n && json_array_size(list) < ALIKE_MAX; i++) {
		const XbNode *node = &in->nodes[i];
		bool alike =
			i < in->n && in->parent_start[i + 1] - in->parent_start[i] == 1 &&
			node->image_class ==
				in->nodes[g_array_index(in->parent, guint, in->parent_start[i])]
					.image_class;

		if (alike && !first)
			first = i;
		if (!alike && first) {
			json_array_append_new(list, json_pack("[i,i]", (int)first, (int)i - 1));
			first = 0;
		}
	}
	return list;
}

static const char *const verdict_names[] = {
	[XB_VERDICT_PENDING] = "pending",
	[XB_VERDICT_CULPRIT] = "culprit",
	[XB_VERDICT_RANGE] = "range",
	[XB_VERDICT_NONE] = "none",
};

static json_t *verdict_json(const Input *in, const XbPlan *plan)
{
	json_t *verdict = json_pack(
		"{s:s,s:f,s:o,s:{s:o,s:o,s:o,s:o,s:o},s:i,s:o,s:i,s:i,s:f,s:s}", "kind",
		verdict_names[plan->kind], "confidence", plan->confidence, "commits",
		ranked_commits(in, plan), "effect", "base", number_or_null(plan->effect.base),
		"test", number_or_null(plan->effect.test), "ratio",
		number_or_null(plan->effect.ratio), "ci_low", number_or_null(plan->effect.ci_low),
		"ci_high", number_or_null(plan->effect.ci_high), "culprit_node", (int)plan->culprit,
		"other_steps", number_or_null(plan->other_steps), "can_matter",
		(int)plan->can_matter, "steps_left", (int)plan->steps_left, "seconds_left",
		isfinite(plan->seconds_left) ? plan->seconds_left : 0.0, "reason",
		plan->reason ? plan->reason->str : "");
	json_t *path;

	g_assert(verdict);
	json_object_set_new(verdict, "alike", alike_nodes(in));
	path = xb_path_summary(in->data);
	if (path)
		json_object_set_new(verdict, "path", path);
	return verdict;
}

/* How many troubles of builds in a row are the machine's: one variant more than there are builders,
 * three times each, is not the variants' fault. */
static guint sick_after(const Input *in)
{
	return (1 + MAX(in->capacity->builders, 1)) * XB_TROUBLES_MAX;
}

/* That many troubles of this job's builds in a row, up to now? @detail: of the last. */
static bool builders_are_sick(const Input *in, const char **detail)
{
	guint row = 0;

	for (guint i = in->data->runs->len; i-- > 0 && row < sick_after(in);) {
		const XbRun *run = in->data->runs->pdata[i];

		if (run->kind != XB_RUN_BUILD || run->job_id != in->data->job->id ||
		    run->state != XB_RUN_DONE || xb_run_is_lost(run))
			continue;
		if (run->outcome != XB_OUTCOME_HOST_TROUBLE)
			return false;
		if (row++ == 0)
			*detail = run->detail;
	}
	return row >= sick_after(in);
}

/* What ends a job: an endpoint that can't be measured, a machine that can't build. */
static char *find_failure(const Input *in)
{
	static const char *const names[] = { "GOOD", "BAD" };
	const char *detail = NULL;

	if (builders_are_sick(in, &detail))
		return g_strdup_printf("builds failed %u times in a row for reasons of this "
				       "machine, the last time: %s",
				       sick_after(in), detail);
	for (guint e = 0; e < 2; e++) {
		guint node = e == 0 ? 0 : in->n - 1;
		const XbVariant *variant = in->data->variants->pdata[node];
		const XbJobCommit *commit = in->data->commits->pdata[node];
		const XbTally *tally = g_hash_table_lookup(in->tallies, &variant->id);

		if (build_is_given_up(tally) && variant->state == XB_VARIANT_UNBUILT)
			return g_strdup_printf("building %s (%.12s) failed %u times for reasons of "
					       "this machine, the last time: %s",
					       names[e], commit->label, tally->build_trouble,
					       tally->last_build_trouble);
		if (in->nodes[node].status == XB_STATUS_UNBUILDABLE)
			return g_strdup_printf("%s (%.12s) does not build, so there is nothing to "
					       "compare with: %s",
					       names[e], commit->label, variant->detail);
		if (in->nodes[node].status == XB_STATUS_UNBOOTABLE)
			return g_strdup_printf("%s (%.12s) cannot be measured, so there is "
					       "nothing to compare with: %s",
					       names[e], commit->label,
					       tally && tally->last_failure ? tally->last_failure
									    : "host trouble");
	}
	return NULL;
}

bool xb_plan_bisect_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			XbPlanned *out, GError **error)
{
	g_auto(Input) in = {
		.daemon = daemon, .data = data, .capacity = capacity, .n = data->commits->len
	};
	g_autoptr(XbPlan) plan = NULL;
	XbOptions options;

	in.tallies = xb_tally_runs(daemon, data);
	make_graph(&in);
	make_nodes(&in);
	xb_relevance_infer(daemon, data, in.nodes);
	make_boots(&in);
	out->failure = find_failure(&in);
	if (out->failure)
		return true;
	make_options(&in, &options);
	add_history(&in, &options);
	const XbGraph graph = { in.n, in.parent_start,
				(const guint *)(gconstpointer)in.parent->data };
	const XbBoot *boots = (const XbBoot *)(gconstpointer)in.boots->data;
	const XbInFlight *flying = (const XbInFlight *)(gconstpointer)in.in_flight->data;
	if (xb_spec_bool(data, "all")) {
		g_autoptr(GArray) segments = xb_plan_steps_load(data);
		plan = xb_plan_steps(&graph, &options, in.nodes, boots, in.boots->len, flying,
				     in.in_flight->len, segments);
		out->verdict = verdict_json(&in, plan);
		xb_plan_steps_store(data, segments, out->verdict);
	} else {
		plan = xb_plan_bisect(&graph, &options, in.nodes, boots, in.boots->len, flying,
				      in.in_flight->len);
		if (plan->kind == XB_VERDICT_CULPRIT)
			plan->other_steps = xb_other_steps(&graph, &options, in.nodes, boots,
							   in.boots->len, plan->culprit);
		out->verdict = verdict_json(&in, plan);
		xb_plan_steps_store_one(data, plan, out->verdict);
	}
	out->decided = plan->kind != XB_VERDICT_PENDING;
	return out->decided || add_wants(&in, plan, out, error);
}
