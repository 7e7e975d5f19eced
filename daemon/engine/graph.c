/* SPDX-License-Identifier: GPL-2.0-or-later */
/* graph.c - ancestry and weights on a commit graph in topological order. */
#include "graph.h"

#include <string.h>

#define NO_SEGMENT G_MAXUINT

struct XbGraphIndex {
	const XbGraph *graph;
	/* A segment is a run of commits with one way in and one way out; it is
	 * named by its topmost commit, and entered there only. */
	guint n_segments;
	guint *segment_of; /* node -> its segment */
	guint *bottom;     /* segment -> its lowest node */
	guint *top;        /* segment -> its highest node */
	guint *chain;      /* node -> first-parent chain, numbered from the tips down */
	guint n_chains;
	bool *chain_merges; /* chain -> does it hold a merge */
	guint *stamp;       /* segment -> chain that walked it last */
	guint *stack;
	double *sum; /* segment -> weight */
};

static void index_segments(XbGraphIndex *self)
{
	const XbGraph *graph = self->graph;
	g_autofree guint *n_children = g_new0(guint, graph->n);
	g_autofree guint *child = g_new0(guint, graph->n);

	for (guint i = 1; i < graph->n; i++) {
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++) {
			n_children[graph->parent[e]]++;
			child[graph->parent[e]] = i;
		}
	}
	/* From the tips down, so that a commit below finds its child's segment. */
	for (guint i = graph->n; i-- > 0;) {
		guint segment;
		if (n_children[i] == 1 && xb_graph_n_parents(graph, child[i]) == 1) {
			segment = self->segment_of[child[i]];
		} else {
			segment = self->n_segments++;
			self->top[segment] = i;
		}
		self->segment_of[i] = segment;
		self->bottom[segment] = i;
	}
}

static void index_chains(XbGraphIndex *self)
{
	const XbGraph *graph = self->graph;

	for (guint i = 0; i < graph->n; i++)
		self->chain[i] = NO_SEGMENT;
	for (guint i = graph->n; i-- > 0;) {
		if (self->chain[i] != NO_SEGMENT)
			continue;
		guint id = self->n_chains++;
		for (guint at = i; self->chain[at] == NO_SEGMENT;
		     at = graph->parent[graph->parent_start[at]]) {
			self->chain[at] = id;
			if (xb_graph_n_parents(graph, at) > 1)
				self->chain_merges[id] = true;
			if (xb_graph_n_parents(graph, at) == 0)
				break;
		}
	}
}

XbGraphIndex *xb_graph_index_new(const XbGraph *graph)
{
	g_return_val_if_fail(graph && graph->n >= 1, NULL);

	XbGraphIndex *self = g_new0(XbGraphIndex, 1);
	self->graph = graph;
	self->segment_of = g_new(guint, graph->n);
	self->bottom = g_new(guint, graph->n);
	self->top = g_new(guint, graph->n);
	self->chain = g_new(guint, graph->n);
	self->chain_merges = g_new0(bool, graph->n);
	self->stamp = g_new(guint, graph->n);
	self->stack = g_new(guint, graph->n);
	self->sum = g_new(double, graph->n);
	index_segments(self);
	index_chains(self);
	return self;
}

void xb_graph_index_free(XbGraphIndex *self)
{
	if (!self)
		return;
	g_free(self->segment_of);
	g_free(self->bottom);
	g_free(self->top);
	g_free(self->chain);
	g_free(self->chain_merges);
	g_free(self->stamp);
	g_free(self->stack);
	g_free(self->sum);
	g_free(self);
}

/* Weight of @segment and everything behind it that @chain has not met yet. */
static double walk_new(XbGraphIndex *self, guint chain, guint segment)
{
	const XbGraph *graph = self->graph;
	double total = 0;
	guint depth = 0;

	if (self->stamp[segment] == chain)
		return 0;
	self->stamp[segment] = chain;
	self->stack[depth++] = segment;
	while (depth > 0) {
		guint s = self->stack[--depth];
		guint low = self->bottom[s];
		total += self->sum[s];
		for (guint e = graph->parent_start[low]; e < graph->parent_start[low + 1]; e++) {
			guint next = self->segment_of[graph->parent[e]];
			if (self->stamp[next] != chain) {
				self->stamp[next] = chain;
				self->stack[depth++] = next;
			}
		}
	}
	return total;
}

/*
 * The merges of one first-parent chain, lowest first. Each adds to the walk
 * what its parents bring that the chain has not seen. Single-parent commits
 * inside the chain are in their parent's segment or open one of their own;
 * either way the walk meets them through the next merge's first parent.
 */
static void weigh_chain(XbGraphIndex *self, const guint *nodes, guint n_nodes, const double *weight,
			double *total)
{
	const XbGraph *graph = self->graph;
	double seen = 0;

	for (guint k = n_nodes; k-- > 0;) {
		guint node = nodes[k];
		for (guint e = graph->parent_start[node]; e < graph->parent_start[node + 1]; e++)
			seen += walk_new(self, self->chain[node],
					 self->segment_of[graph->parent[e]]);
		total[node] = seen + weight[node];
	}
}

void xb_graph_weigh(XbGraphIndex *self, const double *weight, double *total)
{
	const XbGraph *graph = self->graph;
	g_autofree guint *merges = g_new(guint, graph->n);

	memset(self->sum, 0, self->n_segments * sizeof(*self->sum));
	for (guint i = 0; i < graph->n; i++)
		self->sum[self->segment_of[i]] += weight[i];
	for (guint s = 0; s < self->n_segments; s++)
		self->stamp[s] = NO_SEGMENT;
	/* A chain is met first at its tip, so its number grows downwards. */
	guint next_chain = 0;
	for (guint i = graph->n; i-- > 0;) {
		if (self->chain[i] != next_chain)
			continue;
		guint n_merges = 0;
		for (guint at = i; self->chain[at] == next_chain;
		     at = graph->parent[graph->parent_start[at]]) {
			if (xb_graph_n_parents(graph, at) > 1)
				merges[n_merges++] = at;
			if (xb_graph_n_parents(graph, at) == 0)
				break;
		}
		if (n_merges > 0)
			weigh_chain(self, merges, n_merges, weight, total);
		next_chain++;
	}
	for (guint i = 0; i < graph->n; i++) {
		guint n_parents = xb_graph_n_parents(graph, i);
		if (n_parents == 0)
			total[i] = weight[i];
		else if (n_parents == 1)
			total[i] = total[graph->parent[graph->parent_start[i]]] + weight[i];
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
