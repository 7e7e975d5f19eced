/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What git prints of a range, as a graph. */
#include "revlist.h"

static XbRevlist *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	XbRevlist *list = xb_revlist_parse(text, &error);

	g_assert_no_error(error);
	return list;
}

static void assert_parents(const XbRevlist *list, guint node, guint n, guint first, guint second)
{
	const XbGraph *g = &list->graph;

	g_assert_cmpuint(g->parent_start[node + 1] - g->parent_start[node], ==, n);
	if (n > 0)
		g_assert_cmpuint(g->parent[g->parent_start[node]], ==, first);
	if (n > 1)
		g_assert_cmpuint(g->parent[g->parent_start[node] + 1], ==, second);
}

static void test_a_merge_has_two_parents(void)
{
	g_autoptr(XbRevlist) list = parse("aa old\nbb aa\ncc aa\ndd bb cc\n");

	g_assert_cmpuint(list->graph.n, ==, 5);
	assert_parents(list, 0, 0, 0, 0);
	assert_parents(list, 1, 1, 0, 0);
	assert_parents(list, 2, 1, 1, 0);
	assert_parents(list, 3, 1, 1, 0);
	assert_parents(list, 4, 2, 2, 3);
}

static void test_parents_outside_are_good(void)
{
	g_autoptr(XbRevlist) list = parse("aa old older\nbb\ncc aa bb oldest\n");

	assert_parents(list, 1, 1, 0, 0);
	assert_parents(list, 2, 1, 0, 0);
	assert_parents(list, 3, 3, 1, 2);
}

static void test_what_is_no_graph_is_refused(void)
{
	static const char *const bad[] = { "", "\n", "aa old\n\nbb aa\n", "aa old\naa old\n" };

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(xb_revlist_parse(bad[i], &error));
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/revlist/a merge has two parents", test_a_merge_has_two_parents);
	g_test_add_func("/revlist/parents outside are GOOD", test_parents_outside_are_good);
	g_test_add_func("/revlist/what is no graph is refused", test_what_is_no_graph_is_refused);
	return g_test_run();
}
