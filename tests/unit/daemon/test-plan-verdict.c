/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-plan-verdict.c - which commits a stored verdict lists, and how many it says they are. */
#include "plan-verdict.h"

#include <math.h>

#define N 1501 /* GOOD included */

typedef struct {
	XbJobData data;
	XbGraph graph;
	XbNode nodes[N];
	XbPlan plan;
	double probability[N];
	guint parent_start[N + 1], parent[N];
} World;

static World *world_new(void)
{
	World *w = g_new0(World, 1);

	w->data.commits = g_ptr_array_new_with_free_func((GDestroyNotify)xb_job_commit_free);
	w->data.paths = g_ptr_array_new();
	for (guint i = 0; i < N; i++) {
		XbJobCommit *commit = g_new0(XbJobCommit, 1);

		commit->label = g_strdup_printf("%040u", i);
		commit->subject = g_strdup("s");
		g_ptr_array_add(w->data.commits, commit);
		w->nodes[i].image_class = i + 1;
		w->parent_start[i] = i > 0 ? i - 1 : 0;
		w->parent[i] = i;
	}
	w->parent_start[N] = N - 1;
	w->graph = (XbGraph){ N, w->parent_start, w->parent };
	w->plan = (XbPlan){ .probability = w->probability, .effect = { NAN, NAN, NAN, NAN, NAN } };
	return w;
}

static void world_free(World *w)
{
	g_ptr_array_unref(w->data.commits);
	g_ptr_array_unref(w->data.paths);
	g_free(w);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* The last @size commits share @of evenly, the others the rest. */
static void spread(World *w, guint size, double of)
{
	for (guint i = 1; i < N; i++)
		w->probability[i] = i >= N - size ? of / size : (1 - of) / (N - 1 - size);
}

static json_t *verdict_of(const World *w)
{
	return xb_plan_verdict(&w->data, &w->graph, w->nodes, &w->plan);
}

static void test_a_range_lists_all_that_it_is(void)
{
	static const struct {
		guint size, told, listed, size_told;
	} ranges[] = {
		{ 2, 2, 2, 2 },    { 40, 40, 40, 40 },         { 1000, 1000, 1000, 1000 },
		{ 40, 0, 40, 40 }, { 1200, 1200, 1000, 1200 }, { 1, 1, 1, 1 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(ranges); i++) {
		g_autoptr(World) w = world_new();
		json_t *list, *one;
		size_t k;

		spread(w, ranges[i].size, 0.99);
		w->plan.kind = XB_VERDICT_RANGE;
		w->plan.confidence = 0.99;
		w->plan.range_size = ranges[i].told;
		g_autoptr(json_t) verdict = verdict_of(w);
		list = json_object_get(verdict, "commits");
		g_assert_cmpuint(json_array_size(list), ==, ranges[i].listed);
		g_assert_cmpint(json_integer_value(json_object_get(verdict, "range_size")), ==,
				ranges[i].size_told);
		json_array_foreach(list, k, one)
		{
			json_int_t node = json_integer_value(json_object_get(one, "node"));

			g_assert_cmpint(node, ==, (json_int_t)(N - ranges[i].size + k));
		}
	}
}

static void test_else_the_likeliest_are_listed(void)
{
	g_autoptr(World) w = world_new();

	spread(w, 40, 0.99);
	w->plan.kind = XB_VERDICT_PENDING;
	g_autoptr(json_t) many = verdict_of(w);
	g_assert_cmpuint(json_array_size(json_object_get(many, "commits")), ==, 32);
	g_assert_null(json_object_get(many, "range_size"));
	spread(w, 3, 0.99);
	w->plan.kind = XB_VERDICT_CULPRIT;
	g_autoptr(json_t) few = verdict_of(w);
	g_assert_cmpuint(json_array_size(json_object_get(few, "commits")), ==, 3);
	g_assert_null(json_object_get(few, "range_size"));
}

static void test_drift_is_a_number(void)
{
	static const double drifts[] = { 0, 0.018, -0.002 };
	g_autoptr(World) w = world_new();

	for (guint i = 0; i < G_N_ELEMENTS(drifts); i++) {
		w->plan.drift = drifts[i];
		g_autoptr(json_t) verdict = verdict_of(w);
		g_assert_cmpfloat(json_real_value(json_object_get(verdict, "drift")), ==,
				  drifts[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan-verdict/a-range-lists-all-that-it-is",
			test_a_range_lists_all_that_it_is);
	g_test_add_func("/plan-verdict/else-the-likeliest-are-listed",
			test_else_the_likeliest_are_listed);
	g_test_add_func("/plan-verdict/drift-is-a-number", test_drift_is_a_number);
	return g_test_run();
}
