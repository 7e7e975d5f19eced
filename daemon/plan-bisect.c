/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-bisect.c - a bisect job's rows into the engine's words, and its actions back. */
#include "planner.h"

#include <math.h>
#include <string.h>

#include "engine.h"
#include "noise.h"
#include "outcome.h"
#include "plan-images.h"
#include "plan-steps.h"
#include "plan-verdict.h"
#include "relevance.h"
#include "variants.h"

typedef struct {
	XbDaemon *daemon;
	const XbJobData *data;
	const XbCapacity *capacity;
	GHashTable *tallies;
	guint n;
	guint *parent_start;
	GArray *parent; /* of guint */
	XbNode *nodes;
	const XbVariant **on_disk; /* by class: one that can be booted now, NULL when none can */
	GArray *boots;             /* XbBoot */
	GArray *in_flight;         /* XbInFlight */
} Input;

static void input_clear(Input *in)
{
	g_clear_pointer(&in->tallies, g_hash_table_unref);
	g_free(in->parent_start);
	g_clear_pointer(&in->parent, g_array_unref);
	g_free(in->nodes);
	g_free(in->on_disk);
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

/* What a build of all objects takes, and what one more of this range does. */
typedef struct {
	double all_s, more_s;
} Learnt;

/* The longest of this range's builds is the cold one, and the mean of the others is what one more
 * takes: after the first alone a quarter of it; before, what builds took at other times. */
static Learnt learn_builds(const Input *in)
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
	if (n == 0)
		return (Learnt){ in->capacity->build_s, in->capacity->build_s };
	return (Learnt){ longest, n == 1 ? longest / 4 : (sum - longest) / (n - 1) };
}

/* The nodes that work trees stand at: the last build in each slot. Trees of slots that build now
 * are left out unless all do: the next build starts elsewhere. */
#define XB_SLOTS_MAX 64
static guint find_trees(const Input *in, guint trees[XB_SLOTS_MAX])
{
	guint64 seen = 0;
	guint busy[XB_SLOTS_MAX] = { 0 }, n = 0, n_busy = 0;

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

/* From the nearest work tree. Where builds told which objects read what: a tenth of the time of a
 * whole build, for links and the like, and of the rest the share of the objects that are compiled
 * again. Else half the usual time for a neighbour, one and a half times for a tree that is half the
 * range away or more. */
static void expect_builds(Input *in, const XbReach *reach)
{
	guint trees[XB_SLOTS_MAX], n_trees = find_trees(in, trees);
	g_autofree guint *objects = g_new(guint, in->n);
	Learnt learnt = learn_builds(in);

	for (guint i = 0; i < in->n; i++)
		objects[i] = reach->objects;
	for (guint k = 0; k < n_trees && reach->objects > 0; k++)
		xb_reach_from(reach, in->n, trees[k], objects);
	for (guint i = 0; i < in->n; i++) {
		guint distance = n_trees > 0 ? in->n : in->n / 4;

		if (in->nodes[i].build_s <= 0)
			continue;
		for (guint k = 0; k < n_trees; k++)
			distance = MIN(distance, i > trees[k] ? i - trees[k] : trees[k] - i);
		in->nodes[i].build_s =
			reach->objects > 0 && n_trees > 0
				? learnt.all_s * (0.1 + 0.9 * objects[i] / reach->objects)
				: learnt.more_s * fmin(1.5, 0.5 + 2.0 * distance / in->n);
	}
}

static bool is_on_disk(const XbVariant *variant)
{
	return variant->state == XB_VARIANT_BUILT && (variant->dir || xb_variant_is_image(variant));
}

/* The first of each class. */
static void find_images(Input *in)
{
	in->on_disk = g_new0(const XbVariant *, in->data->classes + 1);
	for (guint i = in->n; i-- > 0;) {
		const XbVariant *variant = in->data->variants->pdata[i];

		if (is_on_disk(variant))
			in->on_disk[xb_jobdata_class(in->data, variant)] = variant;
	}
}

static void make_nodes(Input *in)
{
	in->nodes = g_new0(XbNode, in->n);
	find_images(in);
	for (guint i = 0; i < in->n; i++) {
		const XbVariant *variant = in->data->variants->pdata[i];
		XbNode *node = &in->nodes[i];

		node->status = status_of(in, variant);
		node->image_class = xb_jobdata_class(in->data, variant);
		node->prior = 1;
		/* built, and removed from the disk since: to be built again */
		if (node->status == XB_STATUS_UNTRIED ||
		    (node->status == XB_STATUS_BUILT && !in->on_disk[node->image_class]))
			node->build_s = in->capacity->build_s;
	}
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

/* Those of another job led to where this one begins; where one boot says what all say, that is no
 * matter. See xb_jobdata_is_boot_of_image(). */
static bool is_fresh(const Input *in, const XbRun *run)
{
	return strcmp(run->purpose, "confirm") == 0 &&
	       (in->capacity->deterministic || run->job_id == in->data->job->id);
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
		} else if (xb_jobdata_run_counts(in->data, run) ||
			   xb_jobdata_run_is_void(in->data, run)) {
			const GArray *samples = g_hash_table_lookup(in->data->samples, &run->id);
			XbBoot boot = { .node = (guint)role->node,
					.image = image_of(role),
					.perturb = (guint)run->perturb,
					.sequence = (guint)run->id,
					.confirm = is_fresh(in, run),
					.earlier = run->job_id != in->data->job->id };
			if (samples) {
				boot.n_samples = samples->len;
				boot.samples = (const double *)(gconstpointer)samples->data;
			}
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
		.free_hosts = in->capacity->free_hosts,
		.free_builders = in->capacity->free_builders,
		.hosts = in->capacity->hosts,
		.builders = in->capacity->builders,
		.boot_s = in->capacity->boot_s,
		.can_build = !xb_spec_bool(data, "images"),
		.history_level = NAN,
	};
}

/* The noise of earlier boots on this class of hosts. Not of hosts that repeat themselves, whose
 * boots vary by nothing. GOOD's level needs no prior: its earlier boots are boots of this job. */
static void add_history(const Input *in, XbOptions *options)
{
	const XbJobData *data = in->data;

	if (in->capacity->deterministic || !*data->host_fp)
		return;
	XbNoise noise = xb_noise_read(in->daemon->db, data->host_fp, data->workload_fp,
				      data->metric, data->job->id);

	xb_noise_expect(&noise, options);
}

/* Of the nodes with one image, one that is on disk; @node itself when none is. */
static const XbVariant *bootable_mate(const Input *in, guint node)
{
	const XbVariant *own = in->data->variants->pdata[node];
	const XbVariant *mate = in->on_disk[in->nodes[node].image_class];

	return is_on_disk(own) || !mate ? own : mate;
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
		bool known = true;

		if (action->image == XB_IMAGE_NORMAL)
			variant = kind == XB_RUN_BOOT ? bootable_mate(in, action->node)
						      : in->data->variants->pdata[action->node];
		else
			variant = xb_plan_image(in->data, action->node,
						action->image == XB_IMAGE_REVERT, &known);
		if (!known && !xb_plan_image_add(in->daemon, in->data, action->node,
						 action->image == XB_IMAGE_REVERT, error))
			return false;
		if (!variant)
			continue;
		xb_want_add(out->wants, kind, variant, (int)action->node, (int)action->perturb,
			    purposes[action->purpose], action->why);
	}
	return true;
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

		/* one that was built, and removed from the disk since, is still XB_VARIANT_BUILT */
		if (build_is_given_up(tally) && variant->state != XB_VARIANT_BUILD_FAILED)
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
	g_auto(XbReach) reach = { 0 };
	XbOptions options;

	in.tallies = xb_tally_runs(daemon, data);
	make_graph(&in);
	make_nodes(&in);
	xb_relevance_infer(daemon, data, in.nodes, &reach);
	expect_builds(&in, &reach);
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
		out->verdict = xb_plan_verdict(data, &graph, in.nodes, plan);
		xb_plan_steps_store(data, segments, out->verdict);
	} else {
		plan = xb_plan_bisect(&graph, &options, in.nodes, boots, in.boots->len, flying,
				      in.in_flight->len);
		plan->other_steps =
			xb_plan_other_steps(&graph, &options, in.nodes, boots, in.boots->len, plan);
		out->verdict = xb_plan_verdict(data, &graph, in.nodes, plan);
		xb_plan_steps_store_one(data, plan, out->verdict);
	}
	/* for those who show its boots */
	json_object_set_new(out->verdict, "own_confirmation",
			    json_boolean(!capacity->deterministic));
	out->decided = plan->kind != XB_VERDICT_PENDING;
	return out->decided || add_wants(&in, plan, out, error);
}
