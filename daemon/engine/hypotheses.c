/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypotheses.c - possible culprits, grouped by what the measurements see of
 * them. */
#include "hypotheses.h"

#include <string.h>

/* Two images that are known to be one: by class, or by a clean rebuild. */
static bool same_image(const XbNode *a, const XbNode *b)
{
	guint class = xb_node_class(a);

	if (class != 0 && class == xb_node_class(b))
		return true;
	return a->clean_class != 0 &&
	       (a->clean_class == b->clean_class || a->clean_class == xb_node_class(b));
}

static bool has_own_image(const XbGraph *graph, const XbNode *nodes, guint node)
{
	for (guint e = graph->parent_start[node]; e < graph->parent_start[node + 1]; e++)
		if (same_image(&nodes[node], &nodes[graph->parent[e]]))
			return false;
	return true;
}

/* signature[i] |= signature of each child: who has a measured descendant. */
static void spread_to_ancestors(const XbGraph *graph, uint64_t *signature, guint n_words)
{
	for (guint i = graph->n; i-- > 1;) {
		const uint64_t *from = &signature[(gsize)i * n_words];
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++) {
			uint64_t *to = &signature[(gsize)graph->parent[e] * n_words];
			for (guint w = 0; w < n_words; w++)
				to[w] |= from[w];
		}
	}
}

static inline void set_bit(uint64_t *words, guint bit)
{
	words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* Which measured images each hypothesis puts on the bad side. */
static uint64_t *sign_nodes(XbHypotheses *self, const XbGraph *graph, const XbObservations *seen)
{
	uint64_t *signature = g_new0(uint64_t, (gsize)graph->n * self->n_words);
	guint bad = graph->n - 1;

	for (guint column = 0; column < self->n_columns; column++) {
		guint unit = g_array_index(seen->measured, guint, column);
		guint node = seen->units[unit].revert ? bad : seen->units[unit].node;
		set_bit(&signature[(gsize)node * self->n_words], column);
	}
	spread_to_ancestors(graph, signature, self->n_words);
	for (guint column = 0; column < self->n_columns; column++) {
		const XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, column)];
		if (unit->revert)
			signature[(gsize)unit->node * self->n_words + column / 64] &=
				~(UINT64_C(1) << (column % 64));
	}
	return signature;
}

/*
 * An image that turns up on several branches of history, or again after it
 * was gone: a single culprit can't stand between two of its commits. Each
 * stretch of commits that carry it one after the other counts once; at most
 * 64 stretches are looked at, which more than covers reverts and their likes.
 */
static void exclude_by_repeated_images(const XbGraph *graph, const XbObservations *seen,
				       bool *possible)
{
	g_autofree guint8 *stretches = g_new0(guint8, seen->n_units);
	g_autofree uint64_t *mark = NULL;
	g_autoptr(GArray) roots = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < graph->n; i++) {
		guint unit = seen->unit_of[i];
		bool carried = false;
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++)
			carried |= seen->unit_of[graph->parent[e]] == unit;
		if (!carried && stretches[unit] < 255)
			stretches[unit]++;
	}
	for (guint i = 0; i < graph->n && roots->len < 64; i++) {
		bool carried = false;
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++)
			carried |= seen->unit_of[graph->parent[e]] == seen->unit_of[i];
		if (!carried && stretches[seen->unit_of[i]] > 1)
			g_array_append_val(roots, i);
	}
	if (roots->len < 2)
		return;
	mark = g_new0(uint64_t, graph->n);
	for (guint k = 0; k < roots->len; k++)
		mark[g_array_index(roots, guint, k)] |= UINT64_C(1) << k;
	spread_to_ancestors(graph, mark, 1);
	for (guint k = 0; k < roots->len; k++) {
		guint a = seen->unit_of[g_array_index(roots, guint, k)];
		for (guint l = k + 1; l < roots->len; l++) {
			if (seen->unit_of[g_array_index(roots, guint, l)] != a)
				continue;
			for (guint i = 1; i < graph->n; i++)
				if ((mark[i] >> k & 1) != (mark[i] >> l & 1))
					possible[i] = false;
		}
	}
}

static guint hash_words(const uint64_t *words, guint n)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (guint i = 0; i < n; i++) {
		hash ^= words[i];
		hash *= UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (guint)(hash >> 16);
}

/* Equal signatures become one group; an open-addressed table of group + 1. */
static void form_groups(XbHypotheses *self, const uint64_t *signature, const bool *possible)
{
	guint n_slots = 64;
	while (n_slots < 2 * self->n_nodes)
		n_slots *= 2;
	g_autofree guint *slots = g_new0(guint, n_slots);
	g_autoptr(GArray) bad = g_array_new(FALSE, FALSE, sizeof(uint64_t));

	for (guint i = 0; i < self->n_nodes; i++) {
		self->group_of[i] = XB_NO_GROUP;
		if (i == 0 || !possible[i])
			continue;
		const uint64_t *words = &signature[(gsize)i * self->n_words];
		guint slot = hash_words(words, self->n_words) & (n_slots - 1);
		while (slots[slot] != 0 &&
		       memcmp(&g_array_index(bad, uint64_t, (slots[slot] - 1) * self->n_words),
			      words, self->n_words * sizeof(*words)) != 0)
			slot = (slot + 1) & (n_slots - 1);
		if (slots[slot] == 0) {
			g_array_append_vals(bad, words, self->n_words);
			slots[slot] = ++self->n_groups;
		}
		self->group_of[i] = slots[slot] - 1;
	}
	self->bad = g_memdup2(bad->data, (gsize)bad->len * sizeof(uint64_t));
}

static void weigh_priors(XbHypotheses *self, const XbNode *nodes, const bool *possible)
{
	double sum = 0;

	for (guint i = 1; i < self->n_nodes; i++) {
		if (!possible[i])
			continue;
		self->prior[i] = nodes[i].prior > 0 ? nodes[i].prior : 1;
		sum += self->prior[i];
		self->n_possible++;
	}
	for (guint i = 1; i < self->n_nodes && sum > 0; i++)
		self->prior[i] /= sum;
}

XbHypotheses *xb_hypotheses_new(const XbGraph *graph, const XbNode *nodes,
				const XbObservations *seen)
{
	XbHypotheses *self = g_new0(XbHypotheses, 1);
	g_autofree bool *possible = g_new0(bool, graph->n);

	self->n_nodes = graph->n;
	self->n_columns = seen->measured->len;
	self->n_words = MAX(1, (self->n_columns + 63) / 64);
	self->group_of = g_new(guint, graph->n);
	self->prior = g_new0(double, graph->n);
	for (guint i = 1; i < graph->n; i++) {
		possible[i] = has_own_image(graph, nodes, i);
		self->can_matter += possible[i];
	}
	exclude_by_repeated_images(graph, seen, possible);
	g_autofree uint64_t *signature = sign_nodes(self, graph, seen);
	form_groups(self, signature, possible);
	weigh_priors(self, nodes, possible);
	return self;
}

void xb_hypotheses_free(XbHypotheses *self)
{
	if (!self)
		return;
	g_free(self->group_of);
	g_free(self->bad);
	g_free(self->prior);
	g_free(self);
}
