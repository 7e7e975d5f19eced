/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-verdict.h"

#include <math.h>

#include "graph.h"
#include "path-view.h"
#include "plan-sides.h"

#define LISTED_MAX 32   /* commits with a probability that a verdict lists */
#define RANGE_MAX  1000 /* of a range, which is listed as a whole */

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

/* Every commit that can be the culprit, the likeliest first, of equals the oldest. */
static GArray *rank_commits(const XbPlan *plan, guint n)
{
	GArray *ranked = g_array_new(FALSE, FALSE, sizeof(Ranked));

	for (guint i = 1; i < n; i++) {
		Ranked one = { i, plan->probability[i] };
		if (one.probability > 0)
			g_array_append_val(ranked, one);
	}
	g_array_sort(ranked, by_probability);
	return ranked;
}

/* How many of the likeliest a range is. The plan of several steps doesn't say: so many as it is
 * confident of. */
static guint range_size(const XbPlan *plan, const GArray *ranked)
{
	double sum = 0;
	guint size = 0;

	if (plan->kind != XB_VERDICT_RANGE)
		return 0;
	if (plan->range_size > 0)
		return plan->range_size;
	while (size < ranked->len && sum < plan->confidence - 1e-9)
		sum += g_array_index(ranked, Ranked, size++).probability;
	return size;
}

/* All that a range is; else those that a person may care for. */
static json_t *list_commits(const XbJobData *data, const GArray *ranked, guint size)
{
	guint n = MIN(ranked->len, size > 0 ? MIN(size, RANGE_MAX) : LISTED_MAX);
	json_t *list = json_array();

	for (guint i = 0; i < n; i++) {
		const Ranked *one = &g_array_index(ranked, Ranked, i);
		if (size == 0 && one->probability <= 1e-4)
			break;
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
	g_autoptr(GArray) ranked = rank_commits(plan, data->commits->len);
	guint size = range_size(plan, ranked);
	json_t *verdict = json_pack(
		"{s:s,s:f,s:o,s:{s:o,s:o,s:o,s:o,s:o},s:i,s:o,s:i,s:i,s:f,s:s}", "kind",
		verdict_names[plan->kind], "confidence", plan->confidence, "commits",
		list_commits(data, ranked, size), "effect", "base",
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
	if (size > 0)
		json_object_set_new(verdict, "range_size", json_integer(size));
	json_object_set_new(verdict, "drift", json_real(plan->drift));
	json_object_set_new(verdict, "alike", alike_nodes(graph, nodes));
	path = xb_path_summary(data);
	if (path)
		json_object_set_new(verdict, "path", path);
	return verdict;
}
