/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-relevance.c - which commits share their parent's image without a build. */
#include <glib/gstdio.h>
#include <string.h>

#include "relevance.h"
#include "space.h"

/* A linear range; node 0 is built and has a list of inputs. */
typedef struct {
	char *dir;
	XbJobData data;
	XbNode *nodes;
	XbReach reach;
	guint n;
} Range;

static void add_node(Range *range, const char *files)
{
	XbJobCommit *commit = g_new0(XbJobCommit, 1);
	XbVariant *variant = g_new0(XbVariant, 1);
	int parent = (int)range->n - 1;

	commit->node = (int)range->n;
	commit->parents = g_array_new(FALSE, FALSE, sizeof(int));
	if (range->n > 0)
		g_array_append_val(commit->parents, parent);
	commit->files = g_strdup(files);
	variant->id = range->n + 1;
	g_ptr_array_add(range->data.commits, commit);
	g_ptr_array_add(range->data.variants, variant);
	range->n++;
}

static void set_built(Range *range, guint node, const char *image)
{
	XbVariant *variant = range->data.variants->pdata[node];

	variant->image_sha256 = g_strdup(image);
	variant->state = XB_VARIANT_BUILT;
}

static void range_init(Range *range, const char *const *files, guint n)
{
	g_autofree char *inputs = NULL;
	XbVariant *good;

	memset(range, 0, sizeof(*range));
	range->dir = g_dir_make_tmp("xbisect-relevance-XXXXXX", NULL);
	range->data.commits = g_ptr_array_new_with_free_func((GDestroyNotify)xb_job_commit_free);
	range->data.variants = g_ptr_array_new_with_free_func((GDestroyNotify)xb_variant_free);
	for (guint i = 0; i < n; i++)
		add_node(range, files[i]);
	inputs = g_build_filename(range->dir, "inputs.txt", NULL);
	g_file_set_contents(inputs,
			    "mm/memory.c\ninclude/linux/mm.h\nmm/Makefile\nKconfig\nREADME.txt\n"
			    "arch/x86/mm/fault.c\ntools/objtool/check.c\n",
			    -1, NULL);
	good = range->data.variants->pdata[0];
	good->dir = g_strdup(range->dir);
	good->artifact = g_strdup("{\"inputs\":\"inputs.txt\",\"reach\":\"reach.txt\"}");
	set_built(range, 0, "good");
}

/* Infer with the classes that the caller of the real thing would give: one for each image. */
static void infer(Range *range)
{
	g_free(range->nodes);
	range->nodes = g_new0(XbNode, range->n);
	for (guint i = 0; i < range->n; i++) {
		const XbVariant *variant = range->data.variants->pdata[i];
		XbNode *node = &range->nodes[i];
		node->status = variant->image_sha256 ? XB_STATUS_BUILT : XB_STATUS_UNTRIED;
		node->image_class =
			variant->image_sha256 ? 1 + g_str_hash(variant->image_sha256) : 1000 + i;
		node->build_s = variant->image_sha256 ? 0 : 100;
	}
	xb_reach_clear(&range->reach);
	xb_relevance_infer(NULL, &range->data, range->nodes, &range->reach);
}

static void range_clear(Range *range)
{
	xb_remove_tree(range->dir);
	g_free(range->dir);
	g_ptr_array_unref(range->data.commits);
	g_ptr_array_unref(range->data.variants);
	xb_reach_clear(&range->reach);
	g_free(range->nodes);
}

static void test_files_decide(void)
{
	static const struct {
		const char *files;
		bool shares;
	} cases[] = {
		{ "mm/memory.c", false },
		{ "drivers/gpu/drm/drm.c", true },
		{ "Documentation/mm.rst\ndrivers/a.c", true },
		{ "drivers/a.c\nmm/memory.c", false },
		{ "arch/arm/include/asm/mm.h", false }, /* shadows include/linux/mm.h by name */
		{ "arch/arm/include/asm/other.h", true },
		{ "README.txt", false }, /* the build reads it */
		{ "MAINTAINERS", true },
		{ "mm/Makefile", false },
		{ "drivers/gpu/Makefile", true },
		{ "Makefile", false },
		{ "drivers/gpu/Kconfig", false },
		{ "scripts/gen.sh", false },
		{ "arch/mips/Kbuild", true }, /* no build was there */
		{ "tools/perf/Makefile.config", true },
		{ "tools/objtool/check.c", false }, /* the build reads it */
		{ "Documentation/sphinx/parse.py", true },
		{ "drivers/.gitignore", true },
		{ "arch/x86/entry/syscalls/syscall_64.tbl", false },
		{ NULL, false }, /* a merge: what it changed is not known */
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *files[] = { NULL, cases[i].files, "mm/memory.c" };
		Range range;

		range_init(&range, files, G_N_ELEMENTS(files));
		infer(&range);
		g_test_message("%s", cases[i].files ? cases[i].files : "(not known)");
		g_assert_cmpint(range.nodes[1].image_inferred, ==, cases[i].shares);
		g_assert_cmpint(range.nodes[1].image_class == range.nodes[0].image_class, ==,
				cases[i].shares);
		g_assert_false(range.nodes[2].image_inferred);
		range_clear(&range);
	}
}

static void test_group_without_a_built_member_has_one_representative(void)
{
	const char *files[] = { NULL, "mm/memory.c", "drivers/a.c", "drivers/b.c", "mm/memory.c" };
	Range range;

	range_init(&range, files, G_N_ELEMENTS(files));
	infer(&range);
	g_assert_false(range.nodes[1].image_inferred);
	g_assert_true(range.nodes[2].image_inferred);
	g_assert_cmpuint(range.nodes[2].image_class, ==, range.nodes[1].image_class);
	g_assert_cmpuint(range.nodes[3].image_class, ==, range.nodes[1].image_class);
	g_assert_cmpuint(range.nodes[4].image_class, !=, range.nodes[1].image_class);
	range_clear(&range);
}

static void test_a_proof_against_the_guess_ends_guessing(void)
{
	const char *files[] = { NULL, "drivers/a.c", "drivers/b.c", "mm/memory.c" };
	Range range;

	range_init(&range, files, G_N_ELEMENTS(files));
	set_built(&range, 2, "another");
	infer(&range);
	g_assert_false(range.nodes[1].image_inferred);
	g_assert_false(range.nodes[2].image_inferred);
	range_clear(&range);
}

static void test_nothing_is_inferred_without_a_list(void)
{
	const char *files[] = { NULL, "drivers/a.c", "mm/memory.c" };
	Range range;

	range_init(&range, files, G_N_ELEMENTS(files));
	g_clear_pointer(&((XbVariant *)range.data.variants->pdata[0])->dir, g_free);
	infer(&range);
	g_assert_false(range.nodes[1].image_inferred);
	range_clear(&range);
}

static void test_weight_grows_with_reach(void)
{
	const char *files[] = {
		NULL,      "mm/memory.c",          "include/linux/mm.h\nmm/memory.c",
		"Kconfig", "Kconfig\nmm/Makefile", NULL
	};
	static const double expected[] = { 0, 2, 10, 0.3, 1, 1 };
	g_autofree char *reach = NULL;
	Range range;

	range_init(&range, files, G_N_ELEMENTS(files));
	reach = g_build_filename(range.dir, "reach.txt", NULL);
	g_file_set_contents(reach, "1 mm/memory.c\n511 include/linux/mm.h\nx y\n7\n-\n", -1, NULL);
	infer(&range);
	/* the last commit's files must be known, or nothing is inferred */
	g_assert_cmpfloat(range.nodes[1].prior, ==, 0);
	range_clear(&range);

	files[5] = "mm/Makefile";
	range_init(&range, files, G_N_ELEMENTS(files));
	g_free(reach);
	reach = g_build_filename(range.dir, "reach.txt", NULL);
	g_file_set_contents(reach, "1 mm/memory.c\n511 include/linux/mm.h\nx y\n7\n-\n", -1, NULL);
	infer(&range);
	for (guint i = 1; i < G_N_ELEMENTS(files); i++)
		g_assert_cmpfloat_with_epsilon(range.nodes[i].prior, expected[i], 1e-9);
	range_clear(&range);
}

static void test_what_is_executed_weighs_more_than_reach(void)
{
	static const char *const kinds[] = { "executed", "idle", "executed", "shared", "unknown" };
	const char *files[] = { NULL,          "mm/memory.c",
				"mm/memory.c", "include/linux/mm.h",
				"mm/Makefile", "include/linux/mm.h" };
	g_autofree char *reach = NULL;
	Range range;

	range_init(&range, files, G_N_ELEMENTS(files));
	reach = g_build_filename(range.dir, "reach.txt", NULL);
	g_file_set_contents(reach, "1 mm/memory.c\n511 include/linux/mm.h\n", -1, NULL);
	range.data.paths = g_ptr_array_new_with_free_func((GDestroyNotify)xb_job_path_free);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		XbJobPath *path = g_new0(XbJobPath, 1);

		path->node = (int)i;
		path->kind = g_strdup(kinds[i]);
		path->objects = i == 3 ? 15 : 0;
		path->share = i == 2 ? 0.5 : 0;
		g_ptr_array_add(range.data.paths, path);
	}
	infer(&range);
	g_assert_cmpfloat(range.nodes[1].prior, ==, 0.5); /* never zero */
	g_assert_cmpfloat(range.nodes[2].prior, ==, 20);
	g_assert_cmpfloat(range.nodes[3].prior, ==, 3); /* 15 executed objects, not 511 */
	g_assert_cmpfloat(range.nodes[4].prior, ==, 1); /* nothing is known: as without */
	g_assert_cmpfloat(range.nodes[5].prior, ==, 10);
	g_ptr_array_unref(range.data.paths);
	range_clear(&range);
}

static void test_moving_a_tree_compiles_what_lies_between(void)
{
	const char *files[] = { NULL,
				"mm/memory.c",
				"include/linux/mm.h",
				"drivers/a.c",
				"mm/memory.c\narch/x86/mm/fault.c",
				"mm/memory.c",
				"Kconfig" };
	static const guint from_good[] = { 0, 1, 301, 301, 303, 304, 304 };
	static const guint from_bad[] = { 304, 303, 3, 3, 1, 0, 0 };
	guint least[G_N_ELEMENTS(files)];
	g_autofree char *reach = NULL;
	Range range;

	range_init(&range, files, G_N_ELEMENTS(files));
	infer(&range);
	g_assert_cmpuint(range.reach.objects, ==, 0); /* no list tells */
	reach = g_build_filename(range.dir, "reach.txt", NULL);
	g_file_set_contents(reach,
			    "1 mm/memory.c\n1 arch/x86/mm/fault.c\n300 include/linux/mm.h\n"
			    "500 include/linux/kconfig.h\n",
			    -1, NULL);
	infer(&range);
	g_assert_cmpuint(range.reach.objects, ==, 500);
	memset(least, 0xff, sizeof(least));
	xb_reach_from(&range.reach, range.n, 0, least);
	for (guint i = 0; i < range.n; i++)
		g_assert_cmpuint(least[i], ==, from_good[i]);
	/* another tree at the other end: the nearer one counts */
	xb_reach_from(&range.reach, range.n, range.n - 1, least);
	for (guint i = 0; i < range.n; i++)
		g_assert_cmpuint(least[i], ==, MIN(from_good[i], from_bad[i]));
	range_clear(&range);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relevance/files decide", test_files_decide);
	g_test_add_func("/relevance/a group without a built member has one representative",
			test_group_without_a_built_member_has_one_representative);
	g_test_add_func("/relevance/a proof against the guess ends guessing",
			test_a_proof_against_the_guess_ends_guessing);
	g_test_add_func("/relevance/nothing is inferred without a list",
			test_nothing_is_inferred_without_a_list);
	g_test_add_func("/relevance/weight grows with reach", test_weight_grows_with_reach);
	g_test_add_func("/relevance/moving a tree compiles what lies between",
			test_moving_a_tree_compiles_what_lies_between);
	g_test_add_func("/relevance/what is executed weighs more than reach",
			test_what_is_executed_weighs_more_than_reach);
	return g_test_run();
}
