/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-ab.c - A/B and measure jobs: one or two variants, booted until decided. */
#include "planner.h"

#include <math.h>
#include <string.h>

#include "ab-metrics.h"
#include "outcome.h"
#include "variants.h"

static const char *const side_names[] = { "base", "test" };

/* "base (COMMIT)", or only the commit where there is one side. */
static char *side_name(const XbJobData *data, guint node)
{
	const XbJobCommit *commit = data->commits->pdata[node];

	return data->commits->len == 1
		       ? g_strdup_printf("%.40s", commit->label)
		       : g_strdup_printf("%s (%.40s)", side_names[node], commit->label);
}

/* Why a side can't be measured, or NULL. */
static char *side_failure(const XbJobData *data, GHashTable *tallies, guint node,
			  bool deterministic)
{
	const XbVariant *variant = data->variants->pdata[node];
	const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
	g_autofree char *name = side_name(data, node);

	if (variant->state == XB_VARIANT_BUILD_FAILED)
		return g_strdup_printf("%s does not build: %s", name, variant->detail);
	if (xb_tally_unbootable(tally, deterministic))
		return g_strdup_printf("%s cannot be measured: %s", name,
				       tally->last_failure ? tally->last_failure : "host trouble");
	if (tally && tally->build_trouble >= XB_TROUBLES_MAX && !tally->active_builds)
		return g_strdup_printf("building %s failed %u times for reasons of this machine, "
				       "the last time: %s",
				       name, tally->build_trouble, tally->last_build_trouble);
	return NULL;
}

/* True when every side has an image; else builds are wanted. */
static bool want_images(const XbJobData *data, GHashTable *tallies, const XbCapacity *capacity,
			XbPlanned *out)
{
	guint free_builders = capacity->free_builders;
	bool ready = true;

	for (guint i = 0; i < data->variants->len; i++) {
		const XbVariant *variant = data->variants->pdata[i];
		const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
		bool there = variant->state == XB_VARIANT_BUILT &&
			     (variant->dir || xb_variant_is_image(variant));

		if (there)
			continue;
		ready = false;
		if (!(tally && tally->active_builds) && free_builders > 0) {
			xb_want_add(out->wants, XB_RUN_BUILD, variant, (int)i, 0, "ab",
				    "its image is needed");
			free_builders--;
		}
	}
	return ready;
}

/* The boots of one side that a verdict may use. On hosts that are not deterministic only this
 * job's own: boots of another day do not interleave with ours. */
static GPtrArray *side_runs(const XbJobData *data, guint node, bool deterministic)
{
	GPtrArray *runs = g_ptr_array_new();

	for (guint i = 0; i < data->runs->len; i++) {
		XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);

		if (role && xb_jobdata_run_counts(data, run) && (guint)role->node == node &&
		    (deterministic || run->job_id == data->job->id))
			g_ptr_array_add(runs, run);
	}
	return runs;
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *ab_verdict(const XbAbPlan *plan, guint n_base, guint n_test)
{
	json_t *verdict = json_pack(
		"{s:s,s:f,s:[],s:{s:o,s:o,s:o,s:o,s:o},s:{s:{s:o,s:o,s:i},s:{s:o,s:o,s:i}},s:i,s:"
		"s}",
		"kind", xb_ab_kind_name(plan->kind), "confidence", plan->confidence, "commits",
		"effect", "base", number_or_null(plan->base), "test", number_or_null(plan->test),
		"ratio", number_or_null(plan->ratio), "ci_low", number_or_null(plan->ci_low),
		"ci_high", number_or_null(plan->ci_high), "sides", "base", "level",
		number_or_null(plan->base), "sd", number_or_null(plan->base_sd), "boots",
		(int)n_base, "test", "level", number_or_null(plan->test), "sd",
		number_or_null(plan->test_sd), "boots", (int)n_test, "steps_left",
		(int)plan->boots_left, "reason", plan->reason);
	g_assert(verdict);
	return verdict;
}

/* Both sides gave one image: there is nothing to measure. */
static bool same_image(const XbJobData *data)
{
	const XbVariant *base = data->variants->pdata[0], *test = data->variants->pdata[1];
	return xb_jobdata_class(data, base) == xb_jobdata_class(data, test);
}

/* Both sides are one image. */
static void tell_same_image(XbPlanned *out)
{
	const XbAbPlan plan = { .kind = XB_AB_SAME,
				.confidence = 1,
				.base = NAN,
				.test = NAN,
				.base_sd = NAN,
				.test_sd = NAN,
				.ratio = 1,
				.ci_low = 1,
				.ci_high = 1,
				.reason = "both sides build to one and the same image" };

	out->verdict = ab_verdict(&plan, 0, 0);
	out->decided = true;
}

static bool plan_boots(const XbJobData *data, const XbCapacity *capacity,
		       const XbAbMetrics *metrics, const guint in_flight[2], XbPlanned *out)
{
	const XbAbOptions options = {
		.confidence = xb_spec_number(data, "confidence", 0.99),
		.resolve =
			xb_spec_number(data, "resolve", xb_spec_number(data, "min_effect", 0.01)),
		.fixed_boots = (guint)xb_spec_number(data, "boots", 0),
		.seed = (uint64_t)data->job->id,
	};
	XbAbPlan plan = { 0 };
	guint n_base, n_test;
	const XbAbBoot *base = xb_ab_metrics_own(metrics, 0, &n_base);
	const XbAbBoot *test = xb_ab_metrics_own(metrics, 1, &n_test);

	xb_plan_ab(&options, base, n_base, test, n_test, in_flight, &plan);
	out->verdict = ab_verdict(&plan, n_base, n_test);
	json_object_set_new(out->verdict, "metrics", xb_ab_metrics_rows(metrics, &options, &plan));
	out->decided = plan.kind != XB_AB_PENDING;
	for (guint i = 0; !out->decided && i < plan.n_next && i < capacity->free_hosts; i++)
		xb_want_add(out->wants, XB_RUN_BOOT, data->variants->pdata[plan.next[i].side],
			    (int)plan.next[i].side, (int)plan.next[i].perturb, "ab",
			    "interleaved in random order");
	return true;
}

bool xb_plan_ab_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
		    XbPlanned *out, GError **error)
{
	g_autoptr(GHashTable) tallies = xb_tally_runs(daemon, data);
	g_autoptr(GPtrArray) base = side_runs(data, 0, capacity->deterministic);
	g_autoptr(GPtrArray) test = side_runs(data, 1, capacity->deterministic);
	GPtrArray *const runs[2] = { base, test };
	g_autoptr(XbAbMetrics) metrics = NULL;
	guint in_flight[2] = { 0, 0 };

	for (guint i = 0; i < 2; i++) {
		const XbVariant *variant = data->variants->pdata[i];
		const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
		out->failure = side_failure(data, tallies, i, capacity->deterministic);
		if (out->failure)
			return true;
		in_flight[i] = tally ? tally->active_boots : 0;
	}
	if (!want_images(data, tallies, capacity, out))
		return true;
	if (same_image(data)) {
		tell_same_image(out);
		return true;
	}
	metrics = xb_ab_metrics_read(daemon->db, data, runs, error);
	return metrics && plan_boots(data, capacity, metrics, in_flight, out);
}

/* The level and its spread are the planner's own summary of one side against itself. */
static void tell_measured(const XbAbMetrics *metrics, guint asked, XbPlanned *out)
{
	const XbAbOptions options = { .confidence = 0.99, .resolve = 0.01, .fixed_boots = 1 };
	const guint none[2] = { 0, 0 };
	XbAbPlan plan = { 0 };
	guint n;
	const XbAbBoot *boots = xb_ab_metrics_own(metrics, 0, &n);

	xb_plan_ab(&options, boots, n, boots, n, none, &plan);
	plan.reason[0] = '\0';
	plan.boots_left = asked > n ? asked - n : 0;
	out->verdict = ab_verdict(&plan, n, 0);
	json_object_set_new(out->verdict, "kind", json_string("measured"));
	/* One side alone has levels and nothing to compare. */
	plan = (XbAbPlan){ .ratio = NAN, .ci_low = NAN, .ci_high = NAN };
	json_object_set_new(out->verdict, "metrics", xb_ab_metrics_rows(metrics, &options, &plan));
	out->decided = n >= asked;
}

bool xb_plan_measure_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			 XbPlanned *out, GError **error)
{
	g_autoptr(GHashTable) tallies = xb_tally_runs(daemon, data);
	g_autoptr(GPtrArray) boots = side_runs(data, 0, capacity->deterministic);
	g_autoptr(GPtrArray) nothing = g_ptr_array_new();
	GPtrArray *const runs[2] = { boots, nothing };
	g_autoptr(XbAbMetrics) metrics = NULL;
	const XbVariant *variant = data->variants->pdata[0];
	const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
	guint asked = (guint)xb_spec_number(data, "boots", capacity->deterministic ? 1 : 3);
	guint running = tally ? tally->active_boots : 0;

	out->failure = side_failure(data, tallies, 0, capacity->deterministic);
	if (out->failure || !want_images(data, tallies, capacity, out))
		return true;
	for (guint i = 0; boots->len + running + i < asked && i < capacity->free_hosts; i++)
		xb_want_add(out->wants, XB_RUN_BOOT, variant, 0, (int)(boots->len + running + i),
			    "measure", "asked for");
	metrics = xb_ab_metrics_read(daemon->db, data, runs, error);
	if (!metrics)
		return false;
	tell_measured(metrics, asked, out);
	return true;
}
