/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps.c - several steps in one range, segment by segment. */
#include "steps.h"
#include "graph.h"
#include "hypotheses.h"

#include <math.h>
#include <string.h>

#define NONE         0
#define PRIOR_SECOND 0.1
#define SEGMENTS_MAX 64
/* Less likely commits are no part of a range. */
#define CANDIDATE 0.005

/* A segment as a range of its own. */
typedef struct {
	guint n;
	guint *node;  /* its node -> node of the range */
	guint *index; /* node of the range -> its node; G_MAXUINT outside */
	guint *parent_start, *parent;
	XbNode *nodes;
	XbBoot *boots;
	guint n_boots;
	XbInFlight *in_flight;
	guint n_in_flight;
} Part;

static void part_clear(Part *part)
{
	g_free(part->node);
	g_free(part->index);
	g_free(part->parent_start);
	g_free(part->parent);
	g_free(part->nodes);
	g_free(part->boots);
	g_free(part->in_flight);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Part, part_clear)

static void take_nodes(Part *part, const XbGraph *graph, const XbNode *nodes, guint from, guint to)
{
	g_autofree guint8 *mark = g_new0(guint8, graph->n);
	guint edges = 0;

	xb_graph_mark_descendants(graph, from, 1, mark);
	xb_graph_mark_ancestors(graph, to, 2, mark);
	part->node = g_new(guint, graph->n);
	part->index = g_new(guint, graph->n);
	part->parent_start = g_new0(guint, graph->n + 1);
	part->parent = g_new(guint, graph->parent_start[graph->n] + 1);
	part->nodes = g_new(XbNode, graph->n);
	for (guint i = 0; i < graph->n; i++) {
		part->index[i] = G_MAXUINT;
		if (mark[i] != 3)
			continue;
		part->parent_start[part->n] = edges;
		for (guint e = graph->parent_start[i]; i != from && e < graph->parent_start[i + 1];
		     e++)
			if (part->index[graph->parent[e]] != G_MAXUINT)
				part->parent[edges++] = part->index[graph->parent[e]];
		part->nodes[part->n] = nodes[i];
		part->node[part->n] = i;
		part->index[i] = part->n++;
	}
	part->parent_start[part->n] = edges;
}

static void part_init(Part *part, const XbGraph *graph, const XbNode *nodes, const XbBoot *boots,
		      guint n_boots, const XbInFlight *in_flight, guint n_in_flight, guint from,
		      guint to)
{
	bool tip = to == graph->n - 1;

	*part = (Part){ .boots = g_new(XbBoot, n_boots + 1),
			.in_flight = g_new(XbInFlight, n_in_flight + 1) };
	take_nodes(part, graph, nodes, from, to);
	for (guint i = 0; i < n_boots; i++) {
		XbBoot boot = boots[i];
		boot.node = boot.node < graph->n ? part->index[boot.node] : G_MAXUINT;
		if (boot.node != G_MAXUINT && (tip || boot.image != XB_IMAGE_REVERT))
			part->boots[part->n_boots++] = boot;
	}
	for (guint i = 0; i < n_in_flight; i++) {
		XbInFlight work = in_flight[i];
		work.node = work.node < graph->n ? part->index[work.node] : G_MAXUINT;
		if (work.node != G_MAXUINT)
			part->in_flight[part->n_in_flight++] = work;
	}
}

/* NULL: the ends are no ends of a segment, by rows that something else wrote. */
static XbPlan *plan_part(const Part *part, const XbOptions *options)
{
	if (part->n < 2)
		return NULL;
	const XbGraph graph = { part->n, part->parent_start, part->parent };

	return xb_plan_bisect(&graph, options, part->nodes, part->boots, part->n_boots,
			      part->in_flight, part->n_in_flight);
}

/* What is known of the range, while its segments are gone through. */
typedef struct {
	const XbGraph *graph;
	XbOptions options; /* with the slots that are left */
	XbPlan *whole;
	GArray *segments;
	bool shown; /* the first open segment has given its probabilities */
} Steps;

static void add_segment(Steps *self, guint from, guint to)
{
	XbSegment segment = { .from = from, .to = to };

	if (from != to && self->segments->len < SEGMENTS_MAX)
		g_array_append_val(self->segments, segment);
}

/* Where a segment is cut. */
typedef struct {
	guint n;      /* commits that may be it */
	guint lower;  /* the last commit that is an ancestor of each of them, and none of them; of
		       * one commit its first parent */
	guint upper;  /* the first that descends from each of them, or is the last of them */
	guint middle; /* the middle one of the commits between these that have an image and are an
		       * ancestor or a descendant of each of them; NONE without */
} Cut;

/* The segment's own ends hold everything, so there always are lower and upper. */
static Cut find_cut(const Part *part, const XbPlan *plan)
{
	const XbGraph graph = { part->n, part->parent_start, part->parent };
	g_autofree guint8 *common = g_malloc(part->n), *mark = g_malloc(part->n);
	g_autofree guint *built = g_new(guint, part->n);
	enum { ABOVE = 1, BELOW = 2, BESIDE = 4 };
	Cut cut = { 0 };
	guint n_built = 0;

	memset(common, ABOVE | BELOW, part->n);
	for (guint c = 1; c < part->n; c++) {
		if (plan->kind == XB_VERDICT_CULPRIT ? c != plan->culprit
						     : plan->probability[c] < CANDIDATE)
			continue;
		cut.n++;
		cut.lower = part->parent[part->parent_start[c]];
		memset(mark, 0, part->n);
		xb_graph_mark_ancestors(&graph, c, ABOVE, mark);
		xb_graph_mark_descendants(&graph, c, BELOW, mark);
		mark[c] = BELOW;
		for (guint i = 0; i < part->n; i++)
			common[i] = (common[i] & (mark[i] | BESIDE)) | (mark[i] ? 0 : BESIDE);
	}
	for (guint i = 0; cut.n > 1 && i < part->n; i++)
		if (common[i] & ABOVE)
			cut.lower = i;
	for (guint i = part->n; i-- > 0;)
		if (common[i] & BELOW)
			cut.upper = i;
	for (guint i = cut.lower + 1; cut.n > 1 && i < cut.upper; i++)
		if (!(common[i] & BESIDE) && part->nodes[i].status == XB_STATUS_BUILT)
			built[n_built++] = i;
	cut.middle = n_built > 0 ? built[n_built / 2] : NONE;
	return cut;
}

/* The parts of the segment before and behind what was found are segments of their own. */
static void settle(Steps *self, guint k, const Part *part, const XbPlan *plan)
{
	XbSegment *segment = &g_array_index(self->segments, XbSegment, k);
	guint from = segment->from, to = segment->to;

	segment->settled = true;
	segment->kind = plan->kind;
	segment->confidence = plan->confidence;
	segment->culprit = part->node[plan->culprit];
	segment->effect = plan->effect;
	segment->drift = plan->drift;
	g_strlcpy(segment->reason, plan->reason->str, sizeof(segment->reason));
	if (plan->kind == XB_VERDICT_NONE)
		return;
	Cut cut = find_cut(part, plan);
	if (cut.n == 0)
		return;
	guint lower = part->node[cut.lower], upper = part->node[cut.upper];
	bool lower_open = xb_status_is_open(part->nodes[cut.lower].status);
	bool upper_open = xb_status_is_open(part->nodes[cut.upper].status);
	bool smaller = lower != from || upper != to;
	if (plan->kind == XB_VERDICT_RANGE && lower_open && upper_open &&
	    (cut.middle != NONE || smaller)) {
		/* No single step fits all of it; one may fit what is left. */
		segment->kind = XB_VERDICT_PENDING;
		guint middle = cut.middle != NONE ? part->node[cut.middle] : upper;
		add_segment(self, lower, middle);
		add_segment(self, middle, upper);
	}
	if (lower_open)
		add_segment(self, from, lower);
	if (upper_open)
		add_segment(self, upper, to);
}

/* What a segment wants, and what it thinks, as the range's. */
static void take_plan(Steps *self, const Part *part, const XbPlan *plan)
{
	XbPlan *whole = self->whole;

	for (guint i = 0; i < plan->actions->len; i++) {
		XbAction action = g_array_index(plan->actions, XbAction, i);
		action.node = part->node[action.node];
		g_array_append_val(whole->actions, action);
		if (action.kind == XB_ACTION_BUILD)
			self->options.free_builders--;
		else
			self->options.free_hosts--;
	}
	whole->steps_left += plan->steps_left;
	whole->seconds_left += plan->seconds_left;
	whole->refuted += plan->refuted;
	if (self->shown)
		return;
	self->shown = true;
	for (guint i = 0; i < part->n; i++)
		whole->probability[i == NONE ? NONE : part->node[i]] = plan->probability[i];
	whole->culprit = plan->culprit == NONE ? NONE : part->node[plan->culprit];
	whole->effect = plan->effect;
	g_string_append(whole->reason, plan->reason->str);
}

/* The largest step so far; NULL when there is none. */
static const XbSegment *largest(const GArray *segments)
{
	const XbSegment *best = NULL;

	for (guint i = 0; i < segments->len; i++) {
		const XbSegment *it = &g_array_index(segments, XbSegment, i);
		if (it->settled && it->kind == XB_VERDICT_CULPRIT &&
		    (!best || fabs(log(it->effect.ratio)) > fabs(log(best->effect.ratio))))
			best = it;
	}
	return best;
}

static guint count_kind(const GArray *segments, XbVerdictKind kind)
{
	guint n = 0;

	for (guint i = 0; i < segments->len; i++) {
		const XbSegment *it = &g_array_index(segments, XbSegment, i);
		n += it->settled && it->kind == kind;
	}
	return n;
}

/* The probabilities of a part's plan, which are the verdict's when it finds no step. */
static void spread(Steps *self, const Part *part, const XbPlan *plan)
{
	XbPlan *whole = self->whole;

	memset(whole->probability, 0, self->graph->n * sizeof(double));
	for (guint i = 0; i < part->n; i++)
		whole->probability[i == NONE ? NONE : part->node[i]] = plan->probability[i];
	whole->range_size = plan->range_size;
}

/* A segment of which a range is left; NULL when there is none. */
static const XbSegment *first_range(const GArray *segments)
{
	for (guint i = 0; i < segments->len; i++) {
		const XbSegment *it = &g_array_index(segments, XbSegment, i);
		if (it->settled && it->kind == XB_VERDICT_RANGE)
			return it;
	}
	return NULL;
}

/* All is settled: the verdict of the largest step, or of the range. */
static void conclude(Steps *self)
{
	XbPlan *whole = self->whole;
	const XbSegment *first = &g_array_index(self->segments, XbSegment, 0);
	const XbSegment *best = largest(self->segments);
	const XbSegment *says = best ? best : first_range(self->segments);
	guint ranges = count_kind(self->segments, XB_VERDICT_RANGE);

	if (!says)
		says = first;
	whole->kind = says->kind == XB_VERDICT_PENDING ? XB_VERDICT_RANGE : says->kind;
	whole->confidence = says->confidence;
	whole->culprit = says->kind == XB_VERDICT_NONE ? NONE : says->culprit;
	whole->effect = says->effect;
	if (best)
		g_string_printf(whole->reason, "%u step%s, the largest: ",
				count_kind(self->segments, XB_VERDICT_CULPRIT),
				count_kind(self->segments, XB_VERDICT_CULPRIT) == 1 ? "" : "s");
	else
		g_string_truncate(whole->reason, 0);
	g_string_append(whole->reason, says->reason);
	if (best && ranges > 0)
		g_string_append_printf(whole->reason,
				       "; %u more could not be narrowed down to a commit", ranges);
	if (self->segments->len >= SEGMENTS_MAX)
		g_string_append_printf(
			whole->reason,
			"; the range has more steps than the %u stretches of it that "
			"are searched at most can show",
			SEGMENTS_MAX);
	whole->other_steps = best && count_kind(self->segments, XB_VERDICT_CULPRIT) > 1;
	whole->steps_left = 0;
	whole->seconds_left = 0;
}

/* The largest is the range's. */
static void take_drift(XbPlan *whole, double drift)
{
	if (fabs(drift) > fabs(whole->drift))
		whole->drift = drift;
}

static XbPlan *plan_new(guint n)
{
	XbPlan *plan = g_new0(XbPlan, 1);

	plan->probability = g_new0(double, n);
	plan->reason = g_string_new(NULL);
	plan->actions = g_array_new(FALSE, FALSE, sizeof(XbAction));
	plan->effect = (XbEffect){ NAN, NAN, NAN, NAN, NAN };
	return plan;
}

XbPlan *xb_plan_steps(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
		      const XbBoot *boots, guint n_boots, const XbInFlight *in_flight,
		      guint n_in_flight, GArray *segments)
{
	Steps self = { .graph = graph,
		       .options = *options,
		       .whole = plan_new(graph->n),
		       .segments = segments };
	bool open = false;

	if (segments->len == 0)
		add_segment(&self, 0, graph->n - 1);
	for (guint k = 0; k < segments->len; k++) {
		const XbSegment *segment = &g_array_index(segments, XbSegment, k);
		g_auto(Part) part = { 0 };

		if (segment->settled) {
			take_drift(self.whole, segment->drift);
			continue;
		}
		part_init(&part, graph, nodes, boots, n_boots, in_flight, n_in_flight,
			  segment->from, segment->to);
		self.options.no_revert = segment->to != graph->n - 1;
		g_autoptr(XbPlan) plan = plan_part(&part, &self.options);
		if (!plan) {
			g_array_index(segments, XbSegment, k).settled = true;
			g_array_index(segments, XbSegment, k).kind = XB_VERDICT_NONE;
			continue;
		}
		g_array_index(segments, XbSegment, k).can_matter = plan->can_matter;
		take_drift(self.whole, plan->drift);
		if (k == 0)
			spread(&self, &part, plan);
		if (plan->kind != XB_VERDICT_PENDING) {
			settle(&self, k, &part, plan);
			continue;
		}
		open = true;
		take_plan(&self, &part, plan);
	}
	const XbSegment *best = largest(segments);
	self.whole->can_matter = g_array_index(segments, XbSegment, 0).can_matter;
	if (!open) {
		conclude(&self);
	} else if (best) {
		self.whole->culprit = best->culprit;
		self.whole->effect = best->effect;
	}
	const XbSegment *range = first_range(segments);
	/* Cut, and no part of it has a step: it is said of the whole. */
	if (!range && g_array_index(segments, XbSegment, 0).kind == XB_VERDICT_PENDING)
		range = &g_array_index(segments, XbSegment, 0);
	if (!open && !best && range) {
		g_auto(Part) part = { 0 };
		part_init(&part, graph, nodes, boots, n_boots, NULL, 0, range->from, range->to);
		self.options.free_hosts = self.options.free_builders = 0;
		g_autoptr(XbPlan) plan = plan_part(&part, &self.options);
		if (plan)
			spread(&self, &part, plan);
	}
	if (best) {
		memset(self.whole->probability, 0, graph->n * sizeof(double));
		self.whole->probability[best->culprit] = best->confidence;
		self.whole->probability[NONE] = 1 - best->confidence;
	}
	return self.whole;
}

/* P(a step within the segment), by its ends' and its own boots. */
static double step_in(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
		      const XbBoot *boots, guint n_boots, guint from, guint to)
{
	g_auto(Part) part = { 0 };
	XbOptions idle = *options;

	if (from == to)
		return 0;
	part_init(&part, graph, nodes, boots, n_boots, NULL, 0, from, to);
	idle.free_hosts = idle.free_builders = 0;
	idle.no_revert = true;
	g_autoptr(XbPlan) plan = plan_part(&part, &idle);
	if (!plan)
		return 0;
	double none = plan->kind == XB_VERDICT_NONE ? plan->confidence : plan->probability[NONE];
	if (none <= 0)
		return plan->kind == XB_VERDICT_RANGE || plan->probability[NONE] > 0;
	/* What "none" had before the readings: steps below the least effect are in it. */
	double before = XB_PRIOR_NONE + (1 - XB_PRIOR_NONE) * M_2_PI *
						atan(log1p(options->min_effect) / XB_PRIOR_STEP);
	double odds = (1 - none) / none * before / (1 - before) * PRIOR_SECOND / (1 - PRIOR_SECOND);
	return odds / (1 + odds);
}

double xb_other_steps(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
		      const XbBoot *boots, guint n_boots, guint culprit)
{
	g_return_val_if_fail(culprit > 0 && culprit < graph->n, 0);
	guint parent = graph->parent[graph->parent_start[culprit]];

	return fmax(step_in(graph, options, nodes, boots, n_boots, 0, parent),
		    step_in(graph, options, nodes, boots, n_boots, culprit, graph->n - 1));
}
