/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds of the planner in any world: random histories with merges, a known
 * culprit or none, seeded noise, broken commits, outliers. Each failure names
 * its seed.
 */
#include "options.h"
#include "random.h"
#include "simulate.h"

#include <math.h>

typedef struct {
	XbGraph graph;
	guint *start, *parent;
} History;

static void history_clear(History *self)
{
	g_free(self->start);
	g_free(self->parent);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(History, history_clear)

static History history(guint n, uint64_t seed)
{
	History self = { 0 };

	self.graph = xb_graph_random(n, 0.2, seed, &self.start, &self.parent);
	return self;
}

static XbWorld world_of(const XbGraph *graph)
{
	return (XbWorld){
		.graph = *graph,
		.shift = 0.05,
		.boot_sd = 0.005,
		.run_sd = 0.002,
		.iterations = 3,
		.outlier_size = 0.1,
		.build_cold_s = 60,
		.build_near_s = 20,
		.build_each_s = 0.5,
		.boot_s = 10,
		.options = { .confidence = 0.99,
			     .min_effect = 0.01,
			     .hosts = 1,
			     .builders = 1,
			     .history_level = NAN },
	};
}

/* ---- whole searches ------------------------------------------------------------------ */

typedef struct {
	guint trials, right, wrong, none, range, stuck;
} Tally;

static void add(Tally *tally, const XbWorld *world, uint64_t seed)
{
	XbTrial trial;

	xb_simulate(world, seed, &trial);
	tally->trials++;
	tally->stuck += trial.stuck;
	if (trial.kind == XB_VERDICT_RANGE)
		*(trial.right ? &tally->range : &tally->wrong) += 1;
	else if (trial.right)
		tally->right++;
	else
		*(trial.kind == XB_VERDICT_NONE ? &tally->none : &tally->wrong) += 1;
	if (trial.stuck || (trial.kind == XB_VERDICT_CULPRIT && !trial.right))
		g_test_message("seed %" G_GUINT64_FORMAT ": kind %d, said %u, is %u, stuck %d",
			       seed, trial.kind, trial.culprit, trial.truth, trial.stuck);
}

static void test_culprits_of_histories_with_merges_are_found(void)
{
	Tally tally = { 0 };

	for (uint64_t seed = 1; seed <= 60; seed++) {
		g_auto(History) h = history(20 + seed % 7 * 20, seed);
		XbWorld world = world_of(&h.graph);

		world.shift = seed % 2 ? 0.05 : -0.05;
		add(&tally, &world, seed);
	}
	g_assert_cmpuint(tally.stuck, ==, 0);
	g_assert_cmpuint(tally.right, >=, 58);
	g_assert_cmpuint(tally.wrong, <=, 1);
}

static void test_broken_commits_and_outliers_blame_nobody_else(void)
{
	Tally tally = { 0 };

	for (uint64_t seed = 1; seed <= 40; seed++) {
		g_auto(History) h = history(60, 100 + seed);
		XbWorld world = world_of(&h.graph);

		world.unbuildable = 0.1;
		world.unbootable = 0.05;
		world.outliers = 0.05;
		world.host_trouble = 0.05;
		world.culprit_broken = seed % 3 == 0;
		world.matter = seed % 2 ? 0.4 : 0;
		add(&tally, &world, seed);
	}
	g_assert_cmpuint(tally.stuck, ==, 0);
	g_assert_cmpuint(tally.right + tally.range, >=, 38);
	g_assert_cmpuint(tally.wrong, <=, 1);
}

static void test_flat_histories_blame_nobody(void)
{
	Tally tally = { 0 };

	for (uint64_t seed = 1; seed <= 30; seed++) {
		g_auto(History) h = history(80, 200 + seed);
		XbWorld world = world_of(&h.graph);

		world.no_culprit = true;
		add(&tally, &world, seed);
	}
	g_assert_cmpuint(tally.stuck, ==, 0);
	g_assert_cmpuint(tally.right, >=, 29);
}

static void test_more_hosts_and_builders_change_no_answer(void)
{
	Tally tally = { 0 };

	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_auto(History) h = history(50, 300 + seed);
		XbWorld world = world_of(&h.graph);

		world.options.hosts = 1 + seed % 6;
		world.options.builders = 1 + seed % 3;
		add(&tally, &world, seed);
	}
	g_assert_cmpuint(tally.stuck, ==, 0);
	g_assert_cmpuint(tally.right, >=, 19);
}

/* ---- one look at what was measured ------------------------------------------------------ */

#define N_BOOTS 24

typedef struct {
	History h;
	guint n, culprit;
	bool *bad;
	XbNode *nodes;
	XbBoot boots[N_BOOTS];
	double samples[N_BOOTS][3];
} Scene;

static void scene_clear(Scene *self)
{
	history_clear(&self->h);
	g_free(self->bad);
	g_free(self->nodes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scene, scene_clear)

/* Boots of both ends and of commits at random. */
static void scene_make(Scene *self, guint n, double shift, uint64_t seed)
{
	XbRandom random = { seed };

	*self = (Scene){ .h = history(n, seed), .n = n };
	self->culprit = xb_random_below(&random, 1, n);
	self->bad = g_new0(bool, n);
	self->nodes = g_new0(XbNode, n);
	for (guint i = 0; i < n; i++) {
		self->bad[i] = i == self->culprit;
		for (guint e = self->h.start[i]; e < self->h.start[i + 1]; e++)
			self->bad[i] |= self->bad[self->h.parent[e]];
		self->nodes[i].prior = 1;
		self->nodes[i].build_s = 60;
	}
	for (guint k = 0; k < N_BOOTS; k++) {
		guint node = k < 4   ? (k % 2 ? n - 1 : 0)
			     : k < 8 ? xb_random_below(&random, 1, n)
				     : self->boots[4 + k % 4].node;
		double level = self->bad[node] * log1p(shift) + 0.003 * xb_random_normal(&random);

		self->nodes[node].status = XB_STATUS_BUILT;
		self->nodes[node].build_s = 0;
		for (guint i = 0; i < 3; i++)
			self->samples[k][i] = 0.04 * exp(level + 0.001 * xb_random_normal(&random));
		self->boots[k] = (XbBoot){ .node = node,
					   .perturb = k,
					   .sequence = k,
					   .n_samples = 3,
					   .samples = self->samples[k] };
	}
}

static XbPlan *look(const Scene *scene, const XbBoot *boots, double confidence)
{
	XbOptions options = plain_options();

	options.confidence = confidence;
	return xb_plan_bisect(&scene->h.graph, &options, scene->nodes, boots, N_BOOTS, NULL, 0);
}

static double sum_of(const XbPlan *plan, guint n)
{
	double sum = 0;

	for (guint i = 0; i < n; i++) {
		g_assert_cmpfloat(plan->probability[i], >=, 0);
		sum += plan->probability[i];
	}
	return sum;
}

static void test_probabilities_sum_to_one_and_names_can_be(void)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		g_auto(Scene) scene;
		scene_make(&scene, 40, 0.05, seed);
		g_autoptr(XbPlan) plan = look(&scene, scene.boots, 0.99);

		g_assert_cmpfloat(fabs(sum_of(plan, 40) - 1), <, 1e-6);
		g_assert_cmpuint(plan->culprit, <, 40);
		/* The truth is never ruled out by what was measured of it. */
		g_assert_cmpfloat(plan->probability[scene.culprit], >, 1e-4);
		for (guint i = 0; i < plan->actions->len; i++)
			g_assert_cmpuint(g_array_index(plan->actions, XbAction, i).node, <, 40);
	}
}

static void test_a_commit_with_its_parents_image_is_never_named(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		g_auto(Scene) scene;
		scene_make(&scene, 40, 0.05, seed);
		XbRandom random = { seed };

		/* Commits with one parent share its image now and then; not the culprit. */
		for (guint i = 0; i < 40; i++)
			scene.nodes[i].image_class = i + 1;
		for (guint i = 1; i < 39; i++) {
			guint e = scene.h.start[i];
			if (scene.h.start[i + 1] - e == 1 && i != scene.culprit &&
			    xb_random_unit(&random) < 0.5)
				scene.nodes[i].image_class =
					scene.nodes[scene.h.parent[e]].image_class;
		}
		g_autoptr(XbPlan) plan = look(&scene, scene.boots, 0.99);

		g_assert_cmpfloat(fabs(sum_of(plan, 40) - 1), <, 1e-6);
		for (guint i = 1; i < 40; i++)
			if (scene.nodes[i].image_class != i + 1)
				g_assert_cmpfloat(plan->probability[i], ==, 0);
	}
}

static void test_the_same_input_gives_the_same_plan(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_auto(Scene) scene;
		scene_make(&scene, 60, 0.05, seed);
		g_autoptr(XbPlan) a = look(&scene, scene.boots, 0.99);
		g_autoptr(XbPlan) b = look(&scene, scene.boots, 0.99);

		g_assert_cmpmem(a->probability, 60 * sizeof(double), b->probability,
				60 * sizeof(double));
		g_assert_cmpuint(a->actions->len, ==, b->actions->len);
		for (guint i = 0; i < a->actions->len; i++)
			g_assert_cmpuint(g_array_index(a->actions, XbAction, i).node, ==,
					 g_array_index(b->actions, XbAction, i).node);
	}
}

static void test_the_order_of_boots_in_memory_does_not_matter(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_auto(Scene) scene;
		scene_make(&scene, 60, 0.05, seed);
		XbBoot shuffled[N_BOOTS];
		XbRandom random = { seed };

		for (guint k = 0; k < N_BOOTS; k++)
			shuffled[k] = scene.boots[k];
		for (guint k = N_BOOTS - 1; k > 0; k--) {
			guint j = xb_random_below(&random, 0, k + 1);
			XbBoot held = shuffled[k];
			shuffled[k] = shuffled[j];
			shuffled[j] = held;
		}
		g_autoptr(XbPlan) a = look(&scene, scene.boots, 0.99);
		g_autoptr(XbPlan) b = look(&scene, shuffled, 0.99);

		for (guint i = 0; i < 60; i++)
			g_assert_cmpfloat(fabs(a->probability[i] - b->probability[i]), <, 1e-6);
	}
}

static void test_the_unit_of_the_metric_does_not_matter(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		g_auto(Scene) scene, scaled;
		scene_make(&scene, 60, 0.05, seed);
		scene_make(&scaled, 60, 0.05, seed);
		for (guint k = 0; k < N_BOOTS; k++)
			for (guint i = 0; i < 3; i++)
				scaled.samples[k][i] *= 1000;
		for (guint k = 0; k < N_BOOTS; k++)
			scaled.boots[k].samples = scaled.samples[k];
		g_autoptr(XbPlan) a = look(&scene, scene.boots, 0.99);
		g_autoptr(XbPlan) b = look(&scaled, scaled.boots, 0.99);

		for (guint i = 0; i < 60; i++)
			g_assert_cmpfloat(fabs(a->probability[i] - b->probability[i]), <, 1e-3);
	}
}

static void test_a_culprit_is_stated_at_what_was_asked(void)
{
	static const double asked[] = { 0.9, 0.99, 0.9999 };
	guint boots[3] = { 0 };

	for (uint64_t seed = 1; seed <= 12; seed++) {
		g_auto(History) h = history(40, 400 + seed);

		for (guint k = 0; k < G_N_ELEMENTS(asked); k++) {
			XbWorld world = world_of(&h.graph);
			XbTrial trial;

			world.prebuilt = true;
			world.boot_sd = 0.02;
			world.options.confidence = asked[k];
			xb_simulate(&world, seed, &trial);
			if (trial.kind == XB_VERDICT_CULPRIT)
				g_assert_cmpfloat(trial.confidence, >=, asked[k]);
			boots[k] += trial.boots;
		}
	}
	/* Being surer costs boots. */
	g_assert_cmpuint(boots[0], <, boots[1]);
	g_assert_cmpuint(boots[1], <, boots[2]);
}

static void test_what_was_measured_good_is_not_the_culprit(void)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		g_auto(Scene) scene;
		scene_make(&scene, 40, 0.3, seed);
		g_autoptr(XbPlan) plan = look(&scene, scene.boots, 0.99);

		/* A step of 30 % at noise of 0.3 %: a commit that was measured bad is
		 * the culprit or has it among its ancestors, one measured good is not it. */
		for (guint k = 0; k < N_BOOTS; k++)
			if (!scene.bad[scene.boots[k].node] && scene.boots[k].node > 0)
				g_assert_cmpfloat(plan->probability[scene.boots[k].node], <, 1e-3);
		g_assert_cmpfloat(plan->probability[0], <, 1e-3);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "culprits of histories with merges are found",
	  test_culprits_of_histories_with_merges_are_found },
	{ "broken commits and outliers blame nobody else",
	  test_broken_commits_and_outliers_blame_nobody_else },
	{ "flat histories blame nobody", test_flat_histories_blame_nobody },
	{ "more hosts and builders change no answer",
	  test_more_hosts_and_builders_change_no_answer },
	{ "probabilities sum to one and names can be",
	  test_probabilities_sum_to_one_and_names_can_be },
	{ "a commit with its parent's image is never named",
	  test_a_commit_with_its_parents_image_is_never_named },
	{ "the same input gives the same plan", test_the_same_input_gives_the_same_plan },
	{ "the order of boots in memory does not matter",
	  test_the_order_of_boots_in_memory_does_not_matter },
	{ "the unit of the metric does not matter", test_the_unit_of_the_metric_does_not_matter },
	{ "a culprit is stated at what was asked", test_a_culprit_is_stated_at_what_was_asked },
	{ "what was measured good is not the culprit",
	  test_what_was_measured_good_is_not_the_culprit },
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/property/", tests[i].name, NULL);
		g_test_add_func(path, tests[i].run);
	}
	return g_test_run();
}
