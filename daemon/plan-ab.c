/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-ab.c - A/B and measure jobs: one or two variants, booted until decided. More than
 * two are plan-compare.c's. */
#include "planner.h"

#include <math.h>

#include "ab-metrics.h"
#include "plan-sides.h"
#include "variants.h"

/* "own_boots": what other jobs measured does not count (xb_side_runs()), nor is it shown. */
static json_t *ab_verdict(const XbAbPlan *plan, guint n_base, guint n_test, bool deterministic)
{
	json_t *verdict = json_pack(
		"{s:s,s:f,s:[],s:{s:o,s:o,s:o,s:o,s:o},s:{s:{s:o,s:o,s:i},s:{s:o,s:o,s:i}},s:i,s:"
		"s,s:b}",
		"kind", xb_ab_kind_name(plan->kind), "confidence", plan->confidence, "commits",
		"effect", "base", xb_json_number_or_null(plan->base), "test",
		xb_json_number_or_null(plan->test), "ratio", xb_json_number_or_null(plan->ratio),
		"ci_low", xb_json_number_or_null(plan->ci_low), "ci_high",
		xb_json_number_or_null(plan->ci_high), "sides", "base", "level",
		xb_json_number_or_null(plan->base), "sd", xb_json_number_or_null(plan->base_sd),
		"boots", (int)n_base, "test", "level", xb_json_number_or_null(plan->test), "sd",
		xb_json_number_or_null(plan->test_sd), "boots", (int)n_test, "steps_left",
		(int)plan->boots_left, "reason", plan->reason, "own_boots", !deterministic);
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
static void tell_same_image(bool deterministic, XbPlanned *out)
{
	const XbAbPlan plan = xb_ab_one_image("both sides build to one and the same image");

	out->verdict = ab_verdict(&plan, 0, 0, deterministic);
	out->decided = true;
}

static void plan_boots(const XbJobData *data, const XbCapacity *capacity,
		       const XbAbMetrics *metrics, GPtrArray *const runs[2],
		       const guint in_flight[2], XbPlanned *out)
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
	out->verdict = ab_verdict(&plan, xb_side_boots(runs[0]), xb_side_boots(runs[1]),
				  capacity->deterministic);
	json_object_set_new(out->verdict, "metrics", xb_ab_metrics_rows(metrics, &options, &plan));
	out->decided = plan.kind != XB_AB_PENDING;
	for (guint i = 0; !out->decided && i < plan.n_next && i < capacity->free_hosts; i++)
		xb_want_add(out->wants, XB_RUN_BOOT, data->variants->pdata[plan.next[i].side],
			    (int)plan.next[i].side, (int)plan.next[i].perturb, "ab",
			    "interleaved in random order");
}

bool xb_plan_ab_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
		    XbPlanned *out, GError **error)
{
	g_autoptr(GHashTable) tallies = xb_tally_runs(daemon, data);
	g_autoptr(GPtrArray) base = xb_side_runs(data, 0, capacity->deterministic);
	g_autoptr(GPtrArray) test = xb_side_runs(data, 1, capacity->deterministic);
	GPtrArray *const runs[2] = { base, test };
	g_autoptr(XbAbMetrics) metrics = NULL;
	guint in_flight[2] = { 0, 0 };

	if (data->variants->len > 2)
		return xb_plan_compare_job(daemon, data, capacity, out, error);
	for (guint i = 0; i < 2; i++) {
		const XbVariant *variant = data->variants->pdata[i];
		const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
		out->failure = xb_side_failure(data, tallies, i, capacity->deterministic);
		if (out->failure)
			return true;
		in_flight[i] = tally ? tally->active_boots : 0;
	}
	if (!xb_sides_want_images(data, tallies, capacity, NULL, out))
		return true;
	if (same_image(data)) {
		tell_same_image(capacity->deterministic, out);
		return true;
	}
	metrics = xb_ab_metrics_read(daemon->db, data, runs, error);
	if (!metrics)
		return false;
	plan_boots(data, capacity, metrics, runs, in_flight, out);
	return true;
}

/* The level and its spread are the planner's own summary of one side against itself. */
static void tell_measured(const XbAbMetrics *metrics, guint measured, guint asked,
			  bool deterministic, XbPlanned *out)
{
	const XbAbOptions options = { .confidence = 0.99, .resolve = 0.01, .fixed_boots = 1 };
	const guint none[2] = { 0, 0 };
	XbAbPlan plan = { 0 };
	guint n;
	const XbAbBoot *boots = xb_ab_metrics_own(metrics, 0, &n);

	xb_plan_ab(&options, boots, n, boots, n, none, &plan);
	plan.reason[0] = '\0';
	plan.boots_left = asked > measured ? asked - measured : 0;
	out->verdict = ab_verdict(&plan, measured, 0, deterministic);
	json_object_set_new(out->verdict, "kind", json_string("measured"));
	/* One side alone has levels and nothing to compare. */
	plan = (XbAbPlan){ .ratio = NAN, .ci_low = NAN, .ci_high = NAN };
	json_object_set_new(out->verdict, "metrics", xb_ab_metrics_rows(metrics, &options, &plan));
	out->decided = measured >= asked;
}

bool xb_plan_measure_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			 XbPlanned *out, GError **error)
{
	g_autoptr(GHashTable) tallies = xb_tally_runs(daemon, data);
	g_autoptr(GPtrArray) boots = xb_side_runs(data, 0, capacity->deterministic);
	g_autoptr(GPtrArray) nothing = g_ptr_array_new();
	GPtrArray *const runs[2] = { boots, nothing };
	g_autoptr(XbAbMetrics) metrics = NULL;
	const XbVariant *variant = data->variants->pdata[0];
	const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
	guint asked = xb_sides_boots_asked(data, capacity->deterministic);
	guint running = tally ? tally->active_boots : 0, measured = xb_side_boots(boots);

	out->failure = xb_side_failure(data, tallies, 0, capacity->deterministic);
	if (out->failure || !xb_sides_want_images(data, tallies, capacity, NULL, out))
		return true;
	for (guint i = 0; measured + running + i < asked && i < capacity->free_hosts; i++)
		xb_want_add(out->wants, XB_RUN_BOOT, variant, 0, (int)(boots->len + running + i),
			    "measure", "asked for");
	metrics = xb_ab_metrics_read(daemon->db, data, runs, error);
	if (!metrics)
		return false;
	tell_measured(metrics, measured, asked, capacity->deterministic, out);
	return true;
}
