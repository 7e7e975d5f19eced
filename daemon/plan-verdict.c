/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-verdict.h"

#include <math.h>

#include "graph.h"
#include "path-view.h"
#include "plan-sides.h"

#define LISTED_MAX 32 /* commits with a probability that a verdict lists */

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

static json_t *ranked_commits(const XbJobData *data, const XbPlan *plan)
{
	g_autoptr(GArray) ranked = g_array_new(FALSE, FALSE, sizeof(Ranked));
	json_t *list = json_array();

	for (guint i = 1; i < data->commits->len; i++) {
		Ranked one = { i, plan->probability[i] };
		if (one.probability > 1e-4)
			g_array_append_val(ranked, one);
	}
	g_array_sort(ranked, by_probability);
	for (guint i = 0; i < ranked->len && i < LISTED_MAX; i++) {
		const Ranked *one = &g_array_index(ranked, Ranked, i);
		const XbJobCommit *commit = data->commits->pdata[one->node];
		json_t *path = xb_path_commit(data, one->node);
		json_t *entry = json_pack("{s:s,s:s,s:f,s:i}", "id", commit->label, "subject",
					  commit->subject, "probability", one->probability, "node",
					  (int)one->node);

		if (path)
			json_object_set_new(entry, "path", path);
		json_array_append_new(list, entry);
	}
	return list;
}

/* The one parent's; a merge has an image of its own. */
static bool has_parents_image(const XbGraph *graph, const XbNode *nodes, guint i)
{
	return xb_graph_n_parents(graph, i) == 1 &&
	       nodes[i].image_class == nodes[graph->parent[graph->parent_start[i]]].image_class;
}

/* Runs of nodes, [first, last], whose image is their first parent's: they can't be the culprit.
 * For people; a range of which every other commit is one would make a long list. */
#define ALIKE_MAX 2000
static json_t *alike_nodes(const XbGraph *graph, const XbNode *nodes)
{
	json_t *list = json_array();
	guint first = 0;

	for (guint i = 1; i <= graph->n && json_array_size(list) < ALIKE_MAX; i++) {
		bool alike = i < graph->n && has_parents_image(graph, nodes, i);

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

json_t *xb_plan_verdict(const XbJobData *data, const XbGraph *graph, const XbNode *nodes,
			const XbPlan *plan)
{
	json_t *verdict = json_pack(
		"{s:s,s:f,s:o,s:{s:o,s:o,s:o,s:o,s:o},s:i,s:o,s:i,s:i,s:f,s:s}", "kind",
		verdict_names[plan->kind], "confidence", plan->confidence, "commits",
		ranked_commits(data, plan), "effect", "base",
		xb_json_number_or_null(plan->effect.base), "test",
		xb_json_number_or_null(plan->effect.test), "ratio",
		xb_json_number_or_null(plan->effect.ratio), "ci_low",
		xb_json_number_or_null(plan->effect.ci_low), "ci_high",
		xb_json_number_or_null(plan->effect.ci_high), "culprit_node", (int)plan->culprit,
		"other_steps", xb_json_number_or_null(plan->other_steps), "can_matter",
		(int)plan->can_matter, "steps_left", (int)plan->steps_left, "seconds_left",
		isfinite(plan->seconds_left) ? plan->seconds_left : 0.0, "reason",
		plan->reason ? plan->reason->str : "");
	json_t *path;

	g_assert(verdict);
	json_object_set_new(verdict, "alike", alike_nodes(graph, nodes));
	path = xb_path_summary(data);
	if (path)
		json_object_set_new(verdict, "path", path);
	return verdict;
}
