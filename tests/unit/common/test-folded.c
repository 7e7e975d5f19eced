/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-folded.c - folded stacks of two profiles. */
#include "folded.h"

#include <string.h>

static XbFolded *parse(const char *base, const char *test)
{
	g_autoptr(GError) error = NULL;
	XbFolded *tree = xb_folded_new();

	g_assert_true(xb_folded_add(tree, 0, base, strlen(base), 1, &error));
	g_assert_true(xb_folded_add(tree, 1, test, strlen(test), 0.5, &error));
	g_assert_no_error(error);
	return tree;
}

static const XbFoldedNode *find(const XbFolded *tree, const char *name)
{
	for (guint i = 0; i < tree->nodes->len; i++)
		if (strcmp(g_array_index(tree->nodes, XbFoldedNode, i).name, name) == 0)
			return &g_array_index(tree->nodes, XbFoldedNode, i);
	g_error("there is no %s", name);
}

static void two_profiles_share_a_tree(void)
{
	g_autoptr(XbFolded) tree = parse("# a comment\na;b 10\na;b 5\n\na 1\n", "a;c 8\na;b;d 2");

	g_assert_cmpfloat(find(tree, "b")->self[0], ==, 15);
	g_assert_cmpfloat(find(tree, "a")->total[0], ==, 16);
	g_assert_cmpfloat(find(tree, "a")->total[1], ==, 5);
	g_assert_cmpfloat(find(tree, "b")->total[1], ==, 1);
	g_assert_cmpfloat(find(tree, "b")->self[1], ==, 0);
	g_assert_cmpfloat(find(tree, "all")->total[1], ==, 5);
	g_assert_cmpuint(find(tree, "d")->depth, ==, 3);
}

static void children_are_by_name(void)
{
	g_autoptr(XbFolded) tree = parse("z 1\nb 1\na;x 1\n", "");
	g_autoptr(GPtrArray) children = xb_folded_children(tree);
	const GArray *tops = children->pdata[0];

	g_assert_cmpuint(tops->len, ==, 3);
	g_assert_cmpstr(
		g_array_index(tree->nodes, XbFoldedNode, g_array_index(tops, guint, 0)).name, ==,
		"a");
	g_assert_cmpstr(
		g_array_index(tree->nodes, XbFoldedNode, g_array_index(tops, guint, 2)).name, ==,
		"z");
}

static void functions_are_by_their_change(void)
{
	g_autoptr(XbFolded) tree = parse("a;f 10\nb;f 10\ng 100\n", "a;f 2\ng 202\nh 40\n");
	g_autoptr(GArray) functions = xb_folded_functions(tree);

	g_assert_cmpuint(functions->len, ==, 3); /* a and b do nothing themselves */
	g_assert_cmpstr(g_array_index(functions, XbFoldedFunction, 0).name, ==, "h");
	g_assert_cmpstr(g_array_index(functions, XbFoldedFunction, 1).name, ==, "f");
	g_assert_cmpfloat(g_array_index(functions, XbFoldedFunction, 1).self[0], ==, 20);
	g_assert_cmpfloat(g_array_index(functions, XbFoldedFunction, 2).self[1], ==, 101);
}

static void what_is_no_stack_is_refused(void)
{
	g_autofree char *deep = g_strnfill(2 * 600, 'a');
	g_autofree char *deep_line = NULL, *long_line = NULL;
	for (guint i = 1; i < 2 * 600 - 1; i += 2)
		deep[i] = ';';
	deep_line = g_strconcat(deep, " 1", NULL);
	g_autofree char *long_name = g_strnfill(600, 'a');
	long_line = g_strconcat(long_name, " 1", NULL);
	const char *const bad[] = { "a",
				    "a b",
				    "a 0",
				    "a -1",
				    "a 1.5",
				    "a;;b 1",
				    ";a 1",
				    "a; 1",
				    " 1",
				    "a 1 ",
				    deep_line,
				    long_line,
				    "a 1234567890123456789012" };

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(XbFolded) tree = xb_folded_new();
		g_autoptr(GError) error = NULL;
		g_autofree char *text = g_strconcat("x 1\n", bad[i], "\n", NULL);

		if (xb_folded_add(tree, 0, text, strlen(text), 1, &error))
			g_error("taken: %s", bad[i]);
		g_assert_nonnull(strstr(error->message, "line 2"));
	}
}

/* ---- recorded ------------------------------------------------------------------------ */

/* The plugin's stacks of unmap on the demo's culprit and its parent, five iterations each, as
 * xbisect-run folded them: the hundred largest and the rest. */
#define FIXTURES "tests/unit/common/folded.fixtures/"

static char *recorded(const char *name, gsize *length)
{
	g_autofree char *path = g_strconcat(FIXTURES, name, "-unmap.folded", NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_file_get_contents(path, &text, length, &error);
	g_assert_no_error(error);
	return text;
}

static XbFolded *recorded_pair(void)
{
	XbFolded *tree = xb_folded_new();

	for (guint side = 0; side < 2; side++) {
		gsize length;
		g_autofree char *text = recorded(side ? "culprit" : "parent", &length);
		g_autoptr(GError) error = NULL;

		g_assert_true(xb_folded_add(tree, side, text, length, 1.0 / 5, &error));
		g_assert_no_error(error);
	}
	return tree;
}

static void the_recorded_pair_tells_its_cause(void)
{
	g_autoptr(XbFolded) tree = recorded_pair();
	g_autoptr(GArray) functions = xb_folded_functions(tree);
	const XbFoldedNode *root = &g_array_index(tree->nodes, XbFoldedNode, 0);
	double added = root->total[1] - root->total[0], emulation = 0, xen[2] = { 0 };

	g_assert_cmpfloat_with_epsilon(root->total[0], 111273468 / 5.0, 1);
	g_assert_cmpfloat_with_epsilon(root->total[1], 215593416 / 5.0, 1);
	for (guint i = 0; i < tree->nodes->len; i++) {
		const XbFoldedNode *node = &g_array_index(tree->nodes, XbFoldedNode, i);

		if (strcmp(node->name, "pv_ro_page_fault_[x]") == 0)
			emulation += node->total[1] - node->total[0];
		for (guint side = 0; side < 2; side++)
			xen[side] += g_str_has_suffix(node->name, "_[x]") ? node->self[side] : 0;
	}
	/* what the culprit adds is Xen's emulation of a write to a page table, and more than all of
	 * the change: the hypercalls of the parent are saved */
	g_assert_cmpfloat(emulation / added, >, 0.8);
	g_assert_cmpstr(g_array_index(functions, XbFoldedFunction, 0).name, ==, "x86_emulate_[x]");
	g_assert_cmpfloat(g_array_index(functions, XbFoldedFunction, 0).self[0], ==, 0);
	g_assert_cmpfloat_with_epsilon(xen[0] / root->total[0], 0.328, 0.01);
	g_assert_cmpfloat_with_epsilon(xen[1] / root->total[1], 0.714, 0.01);
}

/* Cut anywhere it is refused, or a part of the whole: never more. */
static void a_cut_recording_is_never_more(void)
{
	gsize length;
	g_autofree char *text = recorded("culprit", &length);

	for (gsize cut = 0; cut < length; cut += 101) {
		g_autofree char *copy = g_memdup2(text, cut + 1);
		g_autoptr(XbFolded) tree = xb_folded_new();

		if (xb_folded_add(tree, 0, copy, cut, 1, NULL))
			g_assert_cmpfloat(g_array_index(tree->nodes, XbFoldedNode, 0).total[0], <=,
					  215593416);
	}
}

static void a_damaged_recording_is_refused_or_read(void)
{
	static const char bytes[] = { '\0', (char)0xff, '\n', ';', ' ', '9' };
	gsize length;
	g_autofree char *text = recorded("parent", &length);
	guint refused = 0, taken = 0;

	for (gsize at = 7; at < length; at += 211) {
		for (guint i = 0; i < G_N_ELEMENTS(bytes); i++) {
			g_autofree char *copy = g_memdup2(text, length);
			g_autoptr(XbFolded) tree = xb_folded_new();
			g_autoptr(GError) error = NULL;

			copy[at] = bytes[i];
			if (xb_folded_add(tree, 0, copy, length, 1, &error)) {
				taken++;
			} else {
				refused++;
				g_assert_nonnull(strstr(error->message, "line"));
			}
		}
	}
	g_assert_cmpuint(refused, >, 0);
	g_assert_cmpuint(taken, >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/folded/two-profiles-share-a-tree", two_profiles_share_a_tree);
	g_test_add_func("/folded/children-are-by-name", children_are_by_name);
	g_test_add_func("/folded/functions-are-by-their-change", functions_are_by_their_change);
	g_test_add_func("/folded/what-is-no-stack-is-refused", what_is_no_stack_is_refused);
	g_test_add_func("/folded/the-recorded-pair-tells-its-cause",
			the_recorded_pair_tells_its_cause);
	g_test_add_func("/folded/a-cut-recording-is-never-more", a_cut_recording_is_never_more);
	g_test_add_func("/folded/a-damaged-recording-is-refused-or-read",
			a_damaged_recording_is_refused_or_read);
	return g_test_run();
}
