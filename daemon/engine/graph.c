/* SPDX-License-Identifier: GPL-2.0-or-later */
/* graph.c - ancestry and weights on a commit graph in topological order. */
#include "graph.h"

#include <string.h>

/* A place to come back to: a commit that several commits build on. */
typedef struct {
	guint node;
	guint next;   /* of those commits: which comes after this */
	guint logged; /* length of the log there */
	double seen;
} Fork;

struct XbGraphIndex {
	const XbGraph *graph;
	/* A segment is a run of commits with one way in and one way out; it is
	 * entered at its topmost commit only. */
	guint n_segments;
	guint *segment_of;   /* node -> its segment */
	guint *behind_start; /* segment -> its first entry in behind; n_segments + 1 entries */
	guint *behind;       /* the segments of its lowest commit's parents */
	guint *child_start;  /* node -> its first entry in child; n + 1 entries */
	guint *child;        /* nodes whose first parent it is */
	/* Where a walk is. */
	double *sum; /* segment -> weight */
	bool *seen;  /* segment -> behind the commit where the walk is */
	guint *log;  /* segments seen, in that order */
	guint n_logged;
	guint *stack;
	Fork *forks;
};

static void index_segments(XbGraphIndex *self)
{
	const XbGraph *graph = self->graph;
	g_autofree guint *n_children = g_new0(guint, graph->n);
	g_autofree guint *child = g_new0(guint, graph->n);
	g_autofree guint *bottom = g_new(guint, graph->n);
	guint n = 0;

	for (guint i = 1; i < graph->n; i++) {
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++) {
			n_children[graph->parent[e]]++;
			child[graph->parent[e]] = i;
		}
	}
	/* From the tips down, so that a commit below finds its child's segment. */
	for (guint i = graph->n; i-- > 0;) {
		guint segment;
		if (n_children[i] == 1 && xb_graph_n_parents(graph, child[i]) == 1)
			segment = self->segment_of[child[i]];
		else
			segment = self->n_segments++;
		self->segment_of[i] = segment;
		bottom[segment] = i;
	}
	/* The walk is what costs: what it reads lies in a row. */
	for (guint s = 0; s < self->n_segments; s++) {
		guint low = bottom[s];

		self->behind_start[s] = n;
		for (guint e = graph->parent_start[low]; e < graph->parent_start[low + 1]; e++)
			self->behind[n++] = self->segment_of[graph->parent[e]];
	}
	self->behind_start[self->n_segments] = n;
}

static bool is_root(const XbGraph *graph, guint node)
{
	return xb_graph_n_parents(graph, node) == 0;
}

static guint first_parent(const XbGraph *graph, guint node)
{
	return graph->parent[graph->parent_start[node]];
}

static void index_children(XbGraphIndex *self)
{
	const XbGraph *graph = self->graph;
	guint *start = self->child_start;

	/* counted one entry further on, so that filling moves each start to its place */
	memset(start, 0, (graph->n + 2) * sizeof(*start));
	for (guint i = 0; i < graph->n; i++) {
		if (!is_root(graph, i))
			start[first_parent(graph, i) + 2]++;
	}
	for (guint i = 2; i <= graph->n; i++)
		start[i] += start[i - 1];
	for (guint i = 0; i < graph->n; i++) {
		if (!is_root(graph, i))
			self->child[start[first_parent(graph, i) + 1]++] = i;
	}
}

XbGraphIndex *xb_graph_index_new(const XbGraph *graph)
{
	g_return_val_if_fail(graph && graph->n >= 1, NULL);

	XbGraphIndex *self = g_new0(XbGraphIndex, 1);
	self->graph = graph;
	self->segment_of = g_new(guint, graph->n);
	self->behind_start = g_new(guint, graph->n + 1);
	self->behind = g_new(guint, MAX(1, graph->parent_start[graph->n]));
	self->child_start = g_new(guint, graph->n + 2);
	self->child = g_new(guint, graph->n);
	index_segments(self);
	index_children(self);
	self->sum = g_new(double, self->n_segments);
	self->seen = g_new0(bool, self->n_segments);
	self->log = g_new(guint, self->n_segments);
	self->stack = g_new(guint, self->n_segments);
	self->forks = g_new(Fork, self->n_segments);
	return self;
}

void xb_graph_index_free(XbGraphIndex *self)
{
	if (!self)
		return;
	g_free(self->segment_of);
	g_free(self->behind_start);
	g_free(self->behind);
	g_free(self->child_start);
	g_free(self->child);
	g_free(self->sum);
	g_free(self->seen);
	g_free(self->log);
	g_free(self->stack);
	g_free(self->forks);
	g_free(self);
}

static void see(XbGraphIndex *self, guint segment, guint *depth)
{
	if (self->seen[segment])
		return;
	self->seen[segment] = true;
	self->log[self->n_logged++] = segment;
	self->stack[(*depth)++] = segment;
}

/* Weight of @segment and everything behind it that has not been seen yet. */
static double walk_new(XbGraphIndex *self, guint segment)
{
	double total = 0;
	guint depth = 0;

	see(self, segment, &depth);
	while (depth > 0) {
		guint s = self->stack[--depth];

		total += self->sum[s];
		for (guint e = self->behind_start[s]; e < self->behind_start[s + 1]; e++)
			see(self, self->behind[e], &depth);
	}
	return total;
}

static void forget_since(XbGraphIndex *self, guint logged)
{
	while (self->n_logged > logged)
		self->seen[self->log[--self->n_logged]] = false;
}

/* Of @node, whose first parent has its total. @seen: the weight of what has been seen. */
static void weigh_node(XbGraphIndex *self, guint node, const double *weight, double *seen,
		       double *total)
{
	const XbGraph *graph = self->graph;

	if (is_root(graph, node)) {
		total[node] = weight[node];
	} else if (xb_graph_n_parents(graph, node) == 1) {
		total[node] = total[first_parent(graph, node)] + weight[node];
	} else {
		for (guint e = graph->parent_start[node]; e < graph->parent_start[node + 1]; e++)
			*seen += walk_new(self, self->segment_of[graph->parent[e]]);
		total[node] = *seen + weight[node];
	}
}

/*
 * Upwards from @root through the commits whose first-parent history begins with
 * it. What has been seen is behind the commit where the walk is; a merge adds
 * what its other parents bring. Where several commits build on one, what was seen
 * above it is forgotten before the next one's turn.
 */
static void weigh_tree(XbGraphIndex *self, guint root, const double *weight, double *total)
{
	guint node = root, n_forks = 0;
	double seen = 0;

	for (;;) {
		guint first = self->child_start[node], end = self->child_start[node + 1];

		weigh_node(self, node, weight, &seen, total);
		if (end - first > 1) {
			seen += walk_new(self, self->segment_of[node]);
			self->forks[n_forks++] = (Fork){ node, first + 1, self->n_logged, seen };
		}
		if (end > first) {
			node = self->child[first];
			continue;
		}
		if (n_forks == 0)
			break;
		Fork *fork = &self->forks[n_forks - 1];
		forget_since(self, fork->logged);
		seen = fork->seen;
		node = self->child[fork->next++];
		if (fork->next == self->child_start[fork->node + 1])
			n_forks--;
	}
	forget_since(self, 0);
}

void xb_graph_weigh(XbGraphIndex *self, const double *weight, double *total)
{
	const XbGraph *graph = self->graph;

	memset(self->sum, 0, self->n_segments * sizeof(*self->sum));
	for (guint i = 0; i < graph->n; i++)
		self->sum[self->segment_of[i]] += weight[i];
	for (guint i = 0; i < graph->n; i++) {
		if (is_root(graph, i))
			weigh_tree(self, i, weight, total);
	}
}

void xb_graph_mark_ancestors(const XbGraph *graph, guint node, guint8 bit, guint8 *mark)
{
	mark[node] |= bit;
	/* Parents are below their children: one pass downwards is enough, but a
	 * bit set before by another call must not spread further than it did;
	 * it is closed under ancestry already, so spreading it is harmless. */
	for (guint i = node + 1; i-- > 0;) {
		if (!(mark[i] & bit))
			continue;
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++)
			mark[graph->parent[e]] |= bit;
	}
}

void xb_graph_mark_descendants(const XbGraph *graph, guint node, guint8 bit, guint8 *mark)
{
	mark[node] |= bit;
	for (guint i = node + 1; i < graph->n; i++) {
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++) {
			if (mark[graph->parent[e]] & bit) {
				mark[i] |= bit;
				break;
			}
		}
	}
}
