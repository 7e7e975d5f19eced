/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Weights of histories against what a count commit by commit says. */
#include "graph.h"
#include "simulate.h"

typedef struct {
	guint n;
	guint *start, *parent;
} Made;

static void made_clear(Made *made)
{
	g_free(made->start);
	g_free(made->parent);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

/* Anything goes: several roots, octopus merges, parents named twice, tips that nobody merges. */
static void make_wild(Made *made, guint n, GRand *rand)
{
	GArray *parents = g_array_new(FALSE, FALSE, sizeof(guint));

	made->n = n;
	made->start = g_new0(guint, n + 1);
	for (guint i = 0; i < n; i++) {
		gint32 want = i == 0 || g_rand_double(rand) < 0.05 ? 0
			      : g_rand_double(rand) < 0.6          ? 1
								   : g_rand_int_range(rand, 2, 5);
		made->start[i] = parents->len;
		for (gint32 k = 0; k < want; k++) {
			gint32 low = g_rand_double(rand) < 0.7 ? MAX(0, (gint32)i - 6) : 0;
			guint parent = (guint)g_rand_int_range(rand, low, (gint32)i);
			g_array_append_val(parents, parent);
		}
	}
	made->start[n] = parents->len;
	made->parent = (guint *)(void *)g_array_free(parents, FALSE);
}

static void check(const Made *made, GRand *rand)
{
	XbGraph graph = { made->n, made->start, made->parent };
	g_autoptr(XbGraphIndex) index = xb_graph_index_new(&graph);
	g_autofree double *weight = g_new(double, made->n);
	g_autofree double *total = g_new(double, made->n);

	/* twice: a walk must leave the index as it found it. Whole numbers: sums are exact. */
	for (int round = 0; round < 2; round++) {
		for (guint i = 0; i < made->n; i++)
			weight[i] = g_rand_int_range(rand, 0, 100);
		xb_graph_weigh(index, weight, total);
		for (guint i = 0; i < made->n; i++) {
			g_autofree guint8 *mark = g_new0(guint8, made->n);
			double sum = 0;

			xb_graph_mark_ancestors(&graph, i, 1, mark);
			for (guint j = 0; j < made->n; j++)
				sum += mark[j] ? weight[j] : 0;
			g_assert_cmpfloat(total[i], ==, sum);
		}
	}
}

static void test_wild_histories(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);

	for (guint k = 0; k < 300; k++) {
		g_auto(Made) made = { 0 };
		make_wild(&made, 1 + k % 60, rand);
		check(&made, rand);
	}
}

static void test_histories_as_projects_have_them(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(2);

	for (guint seed = 1; seed <= 20; seed++) {
		g_auto(Made) made = { .n = 200 };
		xb_graph_random(made.n, 0.02 * seed, seed, &made.start, &made.parent);
		check(&made, rand);
	}
}

/* One commit, and one that many others build on. */
static void test_small_shapes(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(3);
	guint lone_start[] = { 0, 0 };
	guint star_start[] = { 0, 0, 1, 2, 3, 6 };
	guint star_parent[] = { 0, 0, 0, 1, 2, 3 };
	Made lone = { 1, lone_start, NULL }, star = { 5, star_start, star_parent };

	check(&lone, rand);
	check(&star, rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/graph/wild histories", test_wild_histories);
	g_test_add_func("/graph/histories as projects have them",
			test_histories_as_projects_have_them);
	g_test_add_func("/graph/small shapes", test_small_shapes);
	return g_test_run();
}
