/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * graph.h - what the engine asks of a commit graph: who is an ancestor of
 * whom, and how much weight lies behind each node.
 */
#ifndef XB_GRAPH_H
#define XB_GRAPH_H

#include "engine.h"

/* The shape of a graph worked out once: linear runs of commits are one
 * segment, so that walks over history touch merges and forks only. Keeps a
 * pointer to @graph, which has to outlive it. */
typedef struct XbGraphIndex XbGraphIndex;

XbGraphIndex *xb_graph_index_new(const XbGraph *graph);
void xb_graph_index_free(XbGraphIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbGraphIndex, xb_graph_index_free)

/*
 * total[i] = sum of weight[j] over j = i and all ancestors of i, each counted
 * once. Exact on any DAG. Along single-parent commits this is a running sum; a
 * merge needs the union of its parents' histories. First-parent histories are
 * walked upwards, and a branch begins with what was known where it left:
 * O(n + sum over first-parent branches of what their merges bring), in segments.
 */
void xb_graph_weigh(XbGraphIndex *index, const double *weight, double *total);

/* mark[i] |= bit for @node and all its ancestors. O(n). */
void xb_graph_mark_ancestors(const XbGraph *graph, guint node, guint8 bit, guint8 *mark);

/* mark[i] |= bit for @node and all its descendants. O(n). */
void xb_graph_mark_descendants(const XbGraph *graph, guint node, guint8 bit, guint8 *mark);

static inline guint xb_graph_n_parents(const XbGraph *graph, guint node)
{
	return graph->parent_start[node + 1] - graph->parent_start[node];
}

#endif
