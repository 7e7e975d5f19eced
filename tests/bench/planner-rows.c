/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "planner-rows.h"
#include "worlds.h"

#include <math.h>
#include <time.h>

#define COMMITS   20000
#define CULPRIT   12345
#define STEPS_MAX 100
#define SAMPLES   5

/* A search under way, on a host without noise. */
typedef struct {
	XbGraph graph;
	XbOptions options;
	XbNode *nodes;
	bool *slow; /* the culprit and what has it in its history */
	GArray *boots;
	double level[2][SAMPLES];
} Search;

static void search_begin(Search *search, XbGraph graph)
{
	*search = (Search){
		.graph = graph,
		.options = world_default().options,
		.nodes = g_new0(XbNode, graph.n),
		.slow = g_new0(bool, graph.n),
		.boots = g_array_new(FALSE, FALSE, sizeof(XbBoot)),
	};
	search->options.free_hosts = search->options.free_builders = 1;
	search->options.boot_s = 12;
	search->options.can_build = true;
	for (guint i = 0; i < graph.n; i++) {
		search->nodes[i].prior = 1;
		search->nodes[i].build_s = 60;
		search->slow[i] = i == CULPRIT;
		for (guint e = graph.parent_start[i]; e < graph.parent_start[i + 1]; e++)
			search->slow[i] |= search->slow[graph.parent[e]];
	}
	/* a little from sample to sample, as any host has it; the same in each boot */
	for (guint i = 0; i < SAMPLES; i++) {
		search->level[0][i] = 0.022 * (1 + 1e-5 * i);
		search->level[1][i] = 0.043 * (1 + 1e-5 * i);
	}
}

static void search_end(Search *search)
{
	g_free(search->nodes);
	g_free(search->slow);
	g_array_unref(search->boots);
}

static void search_do(Search *search, const XbAction *action)
{
	XbNode *node = &search->nodes[action->node];
	bool slow = search->slow[action->node] && action->image != XB_IMAGE_REVERT;
	XbBoot boot = { .node = action->node,
			.image = action->image,
			.perturb = action->perturb,
			.sequence = search->boots->len,
			.n_samples = SAMPLES,
			.samples = search->level[slow],
			.confirm = action->purpose == XB_PURPOSE_CONFIRM };

	if (action->kind == XB_ACTION_BUILD && action->image == XB_IMAGE_NORMAL)
		node->build_s = 0;
	if (action->kind == XB_ACTION_BOOT)
		g_array_append_val(search->boots, boot);
	else if (action->image == XB_IMAGE_NORMAL)
		node->status = XB_STATUS_BUILT;
	else if (action->image == XB_IMAGE_CLEAN)
		node->clean_status = XB_STATUS_BUILT;
	else
		node->revert_status = XB_STATUS_BUILT;
}

/* Processor time of the slowest step of a whole search, in ms: the machine may be busy. */
static void planner_step(Bench *bench)
{
	const char *name = "planner step, 20,000 commits with merges: ms";
	guint *start, *parent, steps = 0;
	double slowest = 0, sum = 0;
	XbVerdictKind kind = XB_VERDICT_PENDING;
	Search search;

	if (!bench_wants(bench, name))
		return;
	search_begin(&search, xb_graph_random(COMMITS, 0.1, 5, &start, &parent));
	while (kind == XB_VERDICT_PENDING && steps < STEPS_MAX) {
		clock_t before = clock();
		XbPlan *plan = xb_plan_bisect(&search.graph, &search.options, search.nodes,
					      (XbBoot *)(void *)search.boots->data,
					      search.boots->len, NULL, 0);
		double ms = 1e3 * (double)(clock() - before) / CLOCKS_PER_SEC;

		slowest = MAX(slowest, ms);
		sum += ms;
		steps++;
		kind = plan->kind;
		for (guint i = 0; i < plan->actions->len; i++)
			search_do(&search, &g_array_index(plan->actions, XbAction, i));
		xb_plan_free(plan);
	}
	g_autofree char *detail =
		g_strdup_printf("\"steps\": %u, \"mean_ms\": %.1f, \"culprit\": %s", steps,
				sum / steps, kind == XB_VERDICT_CULPRIT ? "true" : "false");
	row_at_most(bench, name, kind == XB_VERDICT_CULPRIT ? slowest : NAN, 50, detail);
	search_end(&search);
	g_free(start);
	g_free(parent);
}

/* What `xbisect simulate --commits 1024 --trials 1000` takes. */
static void simulate_row(Bench *bench)
{
	const char *name = "simulate, 1,000 trials of N=1024: seconds of one processor";
	XbWorld world = world_default();
	Summary ours;

	if (!bench_wants(bench, name))
		return;
	world.graph = world_line(1025);
	bench_worlds(bench, &world, bench->trials, 1, &ours);
	g_autofree char *detail = summary_detail(&ours);
	row_at_most(bench, name, ours.ms, 60, detail); /* ms a trial: seconds a thousand */
}

void planner_rows(Bench *bench)
{
	planner_step(bench);
	simulate_row(bench);
}
