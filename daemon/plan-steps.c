/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-steps.c - the steps of a range as JSON, and back. */
#include "plan-steps.h"

#include <math.h>

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static double number(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool load_one(const XbJobData *data, json_t *item, XbSegment *segment)
{
	int from, to, kind, culprit, can_matter, settled;
	const char *reason;
	double confidence;

	if (json_unpack(item, "{s:i,s:i,s:b,s:i,s:i,s:i,s:F,s:s}", "from", &from, "to", &to,
			"settled", &settled, "kind", &kind, "culprit", &culprit, "can_matter",
			&can_matter, "confidence", &confidence, "reason", &reason) != 0)
		return false;
	int n = (int)data->commits->len;
	if (from < 0 || to <= from || to >= n || culprit < 0 || culprit >= n || kind < 0 ||
	    kind > XB_VERDICT_NONE || can_matter < 0)
		return false;
	*segment = (XbSegment){
		.from = (guint)from,
		.to = (guint)to,
		.settled = settled != 0,
		.kind = (XbVerdictKind)kind,
		.culprit = (guint)culprit,
		.confidence = confidence,
		.can_matter = (guint)can_matter,
		.effect = { number(item, "base"), number(item, "test"), number(item, "ratio"),
			    number(item, "ci_low"), number(item, "ci_high") },
		.drift = json_number_value(json_object_get(item, "drift")),
	};
	g_strlcpy(segment->reason, reason, sizeof(segment->reason));
	return true;
}

GArray *xb_plan_steps_load(const XbJobData *data)
{
	GArray *segments = g_array_new(FALSE, FALSE, sizeof(XbSegment));
	g_autoptr(json_t) said =
		data->job->verdict ? json_loads(data->job->verdict, 0, NULL) : NULL;
	json_t *list = json_object_get(said, "segments"), *item;
	const char *host_fp = json_string_value(json_object_get(said, "segments_host"));
	const char *workload_fp = json_string_value(json_object_get(said, "segments_workload"));
	size_t i;

	if (g_strcmp0(host_fp, data->host_fp) != 0 ||
	    g_strcmp0(workload_fp, data->workload_fp) != 0)
		return segments;
	json_array_foreach(list, i, item)
	{
		XbSegment segment;
		if (!load_one(data, item, &segment)) {
			g_array_set_size(segments, 0);
			break;
		}
		g_array_append_val(segments, segment);
	}
	return segments;
}

static json_t *effect_json(const XbEffect *effect)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "base", number_or_null(effect->base), "test",
			 number_or_null(effect->test), "ratio", number_or_null(effect->ratio),
			 "ci_low", number_or_null(effect->ci_low), "ci_high",
			 number_or_null(effect->ci_high));
}

static json_t *step_json(const XbJobData *data, guint node, double confidence,
			 const XbEffect *effect)
{
	const XbJobCommit *commit = data->commits->pdata[node];
	bool lower = xb_spec_bool(data, "lower_is_better");

	return json_pack("{s:s,s:s,s:i,s:f,s:o,s:b}", "id", commit->label, "subject",
			 commit->subject, "node", (int)node, "probability", confidence, "effect",
			 effect_json(effect), "regression", lower == (effect->ratio > 1));
}

static int by_size(gconstpointer a, gconstpointer b)
{
	const XbSegment *const *x = a, *const *y = b;
	double p = fabs(log((*x)->effect.ratio)), q = fabs(log((*y)->effect.ratio));
	return (p < q) - (p > q);
}

void xb_plan_steps_store(const XbJobData *data, const GArray *segments, json_t *verdict)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	json_t *list = json_array(), *steps = json_array();

	for (guint i = 0; i < segments->len; i++) {
		XbSegment *it = &g_array_index(segments, XbSegment, i);
		json_t *item = effect_json(&it->effect);
		json_object_update_new(
			item, json_pack("{s:i,s:i,s:b,s:i,s:i,s:i,s:f,s:s,s:f}", "from",
					(int)it->from, "to", (int)it->to, "settled", it->settled,
					"kind", (int)it->kind, "culprit", (int)it->culprit,
					"can_matter", (int)it->can_matter, "confidence",
					it->confidence, "reason", it->reason, "drift", it->drift));
		json_array_append_new(list, item);
		if (it->settled && it->kind == XB_VERDICT_CULPRIT)
			g_ptr_array_add(found, it);
	}
	g_ptr_array_sort(found, by_size);
	for (guint i = 0; i < found->len; i++) {
		const XbSegment *it = found->pdata[i];
		json_array_append_new(steps,
				      step_json(data, it->culprit, it->confidence, &it->effect));
	}
	json_object_set_new(verdict, "segments", list);
	json_object_set_new(verdict, "segments_host", json_string(data->host_fp));
	json_object_set_new(verdict, "segments_workload", json_string(data->workload_fp));
	json_object_set_new(verdict, "steps", steps);
}

void xb_plan_steps_store_one(const XbJobData *data, const XbPlan *plan, json_t *verdict)
{
	json_t *steps = json_array();

	if (plan->kind == XB_VERDICT_CULPRIT)
		json_array_append_new(
			steps, step_json(data, plan->culprit, plan->confidence, &plan->effect));
	json_object_set_new(verdict, "steps", steps);
}

static bool is_measured(const XbNode *nodes, const XbBoot *boots, guint n_boots, guint node)
{
	guint class = nodes[node].image_class;

	/* what its incremental image said is set aside */
	if (!xb_status_is_open(nodes[node].clean_status))
		return false;
	for (guint i = 0; i < n_boots; i++) {
		if (boots[i].image == XB_IMAGE_REVERT || boots[i].n_samples == 0)
			continue;
		if (boots[i].node == node ||
		    (class != 0 && nodes[boots[i].node].image_class == class))
			return true;
	}
	return false;
}

double xb_plan_other_steps(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
			   const XbBoot *boots, guint n_boots, const XbPlan *plan)
{
	guint culprit = plan->culprit;

	if (culprit == 0 || plan->kind == XB_VERDICT_PENDING || plan->kind == XB_VERDICT_NONE)
		return 0;
	if (plan->kind == XB_VERDICT_RANGE &&
	    (!is_measured(nodes, boots, n_boots, culprit) ||
	     !is_measured(nodes, boots, n_boots, graph->parent[graph->parent_start[culprit]])))
		return 0;
	return xb_other_steps(graph, options, nodes, boots, n_boots, culprit);
}
