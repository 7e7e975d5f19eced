/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-range.c - GOOD..BAD as a graph. Commits are walked newest first from
 * both ends, as git does, until all that is left is reachable from GOOD. A
 * walk of our own, because in a shallow clone GOOD's own history may be cut
 * off, which libgit2's takes for damage.
 */
#include <string.h>

#include "history-private.h"

/* Steps to go on when all that is left looks older than the range: clocks are wrong at times. */
#define SLOP 64

typedef struct {
	git_oid id;
	git_oid *parents;
	guint n_parents;
	git_time_t time;
	bool parsed, queued, taken; /* read; put into the queue; out of it again */
	bool hidden;                /* GOOD or reachable from it */
	bool placed;                /* has its node */
	int node;
	XbRangeCommit *commit; /* owned until placed */
} Visit;

typedef struct {
	XbHistory *history;
	GHashTable *visits; /* git_oid* -> Visit*, owned */
	GSequence *queue;   /* of Visit*, newest first */
	guint waiting;      /* in the queue and not hidden */
	guint found;        /* out of the queue and not hidden */
	git_time_t oldest;  /* of those found */
} Walk;

static void free_range_commit(void *data)
{
	XbRangeCommit *commit = data;

	if (commit == NULL)
		return;
	g_free(commit->subject);
	g_array_unref(commit->parents);
	g_free(commit);
}

void xb_range_free(XbRange *range)
{
	if (range == NULL)
		return;
	g_ptr_array_unref(range->commits);
	g_free(range);
}

static void free_visit(void *data)
{
	Visit *visit = data;

	free_range_commit(visit->commit);
	g_free(visit->parents);
	g_free(visit);
}

static Visit *visit_of(Walk *walk, const git_oid *id)
{
	Visit *visit = g_hash_table_lookup(walk->visits, id);

	if (visit == NULL) {
		visit = g_new0(Visit, 1);
		git_oid_cpy(&visit->id, id);
		g_hash_table_insert(walk->visits, &visit->id, visit);
	}
	return visit;
}

static XbRangeCommit *range_commit_new(git_commit *commit)
{
	XbRangeCommit *self = g_new0(XbRangeCommit, 1);

	git_oid_tostr(self->id, sizeof(self->id), git_commit_id(commit));
	git_oid_tostr(self->tree, sizeof(self->tree), git_commit_tree_id(commit));
	self->subject = xb_history_subject(commit);
	self->parents = g_array_new(FALSE, FALSE, sizeof(int));
	return self;
}

/* Read a commit's parents and date. A missing one is an error only where it matters. */
static bool parse(Walk *walk, Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(git_commit) commit = NULL;

	if (visit->parsed)
		return true;
	commit = xb_history_commit(walk->history, &visit->id, &problem);
	visit->parsed = true;
	if (commit == NULL) {
		if (visit->hidden)
			return true;
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	visit->time = git_commit_time(commit);
	/* A shallow clone has none of the parents that this commit names. */
	if (!g_hash_table_contains(walk->history->shallow, &visit->id))
		visit->n_parents = git_commit_parentcount(commit);
	visit->parents = g_new(git_oid, visit->n_parents);
	for (guint i = 0; i < visit->n_parents; i++)
		git_oid_cpy(&visit->parents[i], git_commit_parent_id(commit, i));
	visit->commit = range_commit_new(commit);
	return true;
}

/* ---- walking -------------------------------------------------------------------- */

static int newest_first(const void *a, const void *b, void *unused)
{
	const Visit *x = a, *y = b;

	(void)unused;
	return x->time > y->time ? -1 : x->time < y->time ? 1 : git_oid_cmp(&x->id, &y->id);
}

static bool enqueue(Walk *walk, Visit *visit, GError **error)
{
	if (visit->queued)
		return true;
	if (!parse(walk, visit, error))
		return false;
	visit->queued = true;
	walk->waiting += !visit->hidden;
	g_sequence_insert_sorted(walk->queue, visit, newest_first, NULL);
	return true;
}

/* Hide @visit and all of its ancestors that have been seen; the others are hidden when the walk
 * comes to them. */
static void hide(Walk *walk, Visit *visit)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();

	g_ptr_array_add(stack, visit);
	while (stack->len > 0) {
		Visit *next = g_ptr_array_steal_index_fast(stack, stack->len - 1);

		if (next->hidden)
			continue;
		next->hidden = true;
		if (next->taken)
			walk->found--;
		else if (next->queued)
			walk->waiting--;
		for (guint i = 0; i < next->n_parents; i++) {
			Visit *parent = g_hash_table_lookup(walk->visits, &next->parents[i]);

			if (parent != NULL)
				g_ptr_array_add(stack, parent);
		}
	}
}

static Visit *take_newest(Walk *walk)
{
	GSequenceIter *first = g_sequence_get_begin_iter(walk->queue);
	Visit *visit = g_sequence_get(first);

	g_sequence_remove(first);
	visit->taken = true;
	if (!visit->hidden) {
		walk->waiting--;
		walk->found++;
		walk->oldest = MIN(walk->oldest, visit->time);
	}
	return visit;
}

static bool too_large(guint found, guint max, GError **error)
{
	if (found <= max)
		return false;
	g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_RANGE,
		    "the range has more than %u commits: choose a GOOD that is nearer to BAD", max);
	return true;
}

/* Until nothing is left that could be in the range, or make something in it hidden. */
static bool walk_all(Walk *walk, guint max, GError **error)
{
	guint slop = SLOP;

	while (!g_sequence_is_empty(walk->queue)) {
		Visit *visit = take_newest(walk);

		if (walk->waiting > 0 || !visit->hidden || visit->time >= walk->oldest)
			slop = SLOP;
		else if (slop-- == 0)
			break;
		for (guint i = 0; i < visit->n_parents; i++) {
			Visit *parent = visit_of(walk, &visit->parents[i]);

			if (visit->hidden)
				hide(walk, parent);
			if (!enqueue(walk, parent, error))
				return false;
		}
		/* Some of these may yet turn out to be GOOD's: a margin for them. */
		if (walk->found > max + max / 4 + 1000 && too_large(walk->found, max, error))
			return false;
	}
	return !too_large(walk->found, max, error);
}

/* ---- why GOOD is no ancestor of BAD ------------------------------------------------ */

static char *describe(XbHistory *self, const git_oid *id)
{
	g_autoptr(git_commit) commit = xb_history_commit(self, id, NULL);
	g_autofree char *subject = commit != NULL ? xb_history_subject(commit) : g_strdup("?");
	char hex[GIT_OID_HEXSZ + 1];

	return g_strdup_printf("%.12s (\"%s\")", git_oid_tostr(hex, sizeof(hex), id), subject);
}

static void no_ancestor(XbHistory *self, const git_oid *good, const git_oid *bad, GError **error)
{
	g_autofree char *good_text = describe(self, good), *bad_text = describe(self, bad);
	g_autofree char *base_text = NULL;
	char good_hex[GIT_OID_HEXSZ + 1], bad_hex[GIT_OID_HEXSZ + 1], hex[GIT_OID_HEXSZ + 1];
	git_oid base;

	git_oid_tostr(good_hex, sizeof(good_hex), good);
	git_oid_tostr(bad_hex, sizeof(bad_hex), bad);
	if (git_graph_descendant_of(self->repo, good, bad) == 1) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_RANGE,
			    "the range is reversed: GOOD %s comes after BAD %s; did you mean "
			    "%.12s..%.12s?",
			    good_text, bad_text, bad_hex, good_hex);
	} else if (git_merge_base(&base, self->repo, good, bad) == 0) {
		base_text = describe(self, &base);
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_RANGE,
			    "GOOD %s is not an ancestor of BAD %s: test their merge base %s and, "
			    "if it is good, use %.12s..%.12s",
			    good_text, bad_text, base_text, git_oid_tostr(hex, sizeof(hex), &base),
			    bad_hex);
	} else if (g_hash_table_size(self->shallow) > 0) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OBJECT,
			    "%s is a shallow clone that lacks the range between GOOD %s and BAD "
			    "%s: deepen it with git fetch --unshallow",
			    self->path, good_text, bad_text);
	} else {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_RANGE,
			    "GOOD %s and BAD %s have no common history", good_text, bad_text);
	}
}

/* GOOD is an ancestor of BAD exactly when it is a parent of a commit that is one of BAD and not
 * of GOOD. */
static bool is_ancestor(const Walk *walk, const git_oid *good)
{
	GHashTableIter iter;
	Visit *visit;

	g_hash_table_iter_init(&iter, walk->visits);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&visit)) {
		for (guint i = 0; visit->taken && !visit->hidden && i < visit->n_parents; i++) {
			if (git_oid_equal(&visit->parents[i], good))
				return true;
		}
	}
	return false;
}

/* ---- order -------------------------------------------------------------------------- */

static void place(XbRange *range, Visit *visit)
{
	visit->placed = true;
	visit->node = (int)range->commits->len;
	g_ptr_array_add(range->commits, g_steal_pointer(&visit->commit));
}

/* The parents of @visit that are in the range; @n_parents of them count. */
static void link_parents(const Walk *walk, const Visit *visit, guint n_parents, GArray *parents)
{
	for (guint i = 0; i < n_parents; i++) {
		const Visit *parent = g_hash_table_lookup(walk->visits, &visit->parents[i]);
		int node = parent->hidden || !parent->placed ? 0 : parent->node;
		bool known = false;

		for (guint j = 0; j < parents->len; j++)
			known = known || g_array_index(parents, int, j) == node;
		if (!known)
			g_array_append_val(parents, node);
	}
	/* The root of another history: what it grew from counts as good. */
	if (parents->len == 0)
		g_array_append_vals(parents, &(int){ 0 }, 1);
}

/* Parents before children, by a depth-first walk that needs no recursion: a commit is placed
 * when it comes to the top of the stack again, after its parents. */
static void place_graph(Walk *walk, Visit *bad, XbRange *range)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();

	g_ptr_array_add(stack, bad);
	while (stack->len > 0) {
		Visit *visit = stack->pdata[stack->len - 1];
		guint before = stack->len;

		for (guint i = visit->placed ? 0 : visit->n_parents; i-- > 0;) {
			Visit *parent = g_hash_table_lookup(walk->visits, &visit->parents[i]);

			if (!parent->hidden && !parent->placed)
				g_ptr_array_add(stack, parent);
		}
		if (stack->len > before)
			continue;
		g_ptr_array_set_size(stack, (int)stack->len - 1);
		if (visit->placed)
			continue;
		place(range, visit);
		link_parents(walk, visit, visit->n_parents,
			     ((XbRangeCommit *)range->commits->pdata[visit->node])->parents);
	}
}

static void place_first_parents(Walk *walk, Visit *bad, XbRange *range)
{
	g_autoptr(GPtrArray) chain = g_ptr_array_new();
	Visit *visit = bad;

	while (visit != NULL && !visit->hidden) {
		g_ptr_array_add(chain, visit);
		visit = visit->n_parents > 0 ? g_hash_table_lookup(walk->visits, &visit->parents[0])
					     : NULL;
	}
	for (guint i = chain->len; i-- > 0;) {
		visit = chain->pdata[i];
		place(range, visit);
		link_parents(walk, visit, MIN(visit->n_parents, 1),
			     ((XbRangeCommit *)range->commits->pdata[visit->node])->parents);
	}
}

static bool build(Walk *walk, const git_oid *good_id, const git_oid *bad_id, bool first_parent,
		  guint max, XbRange *range, GError **error)
{
	Visit *good = visit_of(walk, good_id), *bad = visit_of(walk, bad_id);

	if (!enqueue(walk, bad, error) || !parse(walk, good, error))
		return false;
	good->hidden = true;
	if (!enqueue(walk, good, error) || !walk_all(walk, max, error))
		return false;
	if (bad->hidden || !is_ancestor(walk, good_id)) {
		no_ancestor(walk->history, good_id, bad_id, error);
		return false;
	}
	place(range, good);
	if (first_parent)
		place_first_parents(walk, bad, range);
	else
		place_graph(walk, bad, range);
	return true;
}

XbRange *xb_history_range(XbHistory *self, const char *good, const char *bad, bool first_parent,
			  guint max, GError **error)
{
	g_autoptr(XbRange) range = NULL;
	g_autofree char *text = NULL;
	Walk walk = { .history = self, .oldest = G_MAXINT64 };
	git_oid good_id, bad_id;
	bool fine;

	if (git_oid_fromstr(&good_id, good) != 0 || git_oid_fromstr(&bad_id, bad) != 0) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_REVISION,
			    "a range needs two commit ids");
		return NULL;
	}
	if (git_oid_equal(&good_id, &bad_id)) {
		text = describe(self, &good_id);
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_RANGE,
			    "the range is empty: GOOD and BAD are one commit, %s", text);
		return NULL;
	}
	walk.visits = g_hash_table_new_full(xb_oid_hash, xb_oid_equal, NULL, free_visit);
	walk.queue = g_sequence_new(NULL);
	range = g_new0(XbRange, 1);
	range->commits = g_ptr_array_new_with_free_func(free_range_commit);
	fine = build(&walk, &good_id, &bad_id, first_parent, max, range, error);
	g_sequence_free(walk.queue);
	g_hash_table_unref(walk.visits);
	return fine ? g_steal_pointer(&range) : NULL;
}
