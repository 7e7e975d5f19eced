/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-plan-explain.c - which boots that count are wanted, and when. */
#include <string.h>

#include "plan-explain.h"

/* A range of 20 commits; GOOD is built and booted once, BAD is being built. */
typedef struct {
	XbJob job;
	XbJobData data;
	GPtrArray *hosts;
	XbHostConfig host;
	XbCapacity capacity;
	XbPlanned planned;
	int64_t next_run;
} World;

#define N 21

static void add_node(World *w)
{
	XbJobCommit *commit = g_new0(XbJobCommit, 1);
	XbVariant *variant = g_new0(XbVariant, 1);
	int node = (int)w->data.commits->len, parent = node - 1;
	XbRole role = { .node = node };

	commit->node = node;
	commit->first_parent = parent;
	commit->label = g_strdup_printf("%040d", node);
	commit->parents = g_array_new(FALSE, FALSE, sizeof(int));
	if (node > 0)
		g_array_append_val(commit->parents, parent);
	variant->id = node + 1;
	variant->source = g_strdup("{\"commit\":\"x\"}");
	g_ptr_array_add(w->data.commits, commit);
	g_ptr_array_add(w->data.variants, variant);
	g_hash_table_insert(w->data.roles, g_memdup2(&variant->id, sizeof(variant->id)),
			    g_memdup2(&role, sizeof(role)));
}

static XbRun *add_run(World *w, XbRunKind kind, int node, const char *purpose, XbRunState state,
		      XbOutcome outcome)
{
	XbRun *run = g_new0(XbRun, 1);
	GArray *samples = g_array_new(FALSE, FALSE, sizeof(double));

	run->id = ++w->next_run;
	run->kind = kind;
	run->job_id = w->job.id;
	run->node = node;
	run->variant_id = node + 1;
	run->purpose = g_strdup(purpose);
	run->state = state;
	run->has_outcome = state == XB_RUN_DONE;
	run->outcome = outcome;
	run->host_fp = g_strdup("host");
	run->workload_fp = g_strdup("workload");
	g_ptr_array_add(w->data.runs, run);
	g_hash_table_insert(w->data.samples, g_memdup2(&run->id, sizeof(run->id)), samples);
	return run;
}

static void set_built(World *w, int node, const char *artifact)
{
	XbVariant *variant = w->data.variants->pdata[node];

	g_free(variant->dir);
	g_free(variant->artifact);
	variant->state = XB_VARIANT_BUILT;
	variant->dir = g_strdup("/artifacts/x");
	variant->artifact = g_strdup(artifact);
}

static void free_samples(gpointer samples)
{
	g_array_unref(samples);
}

static void say(World *w, json_t *verdict, bool decided)
{
	json_decref(w->planned.verdict);
	w->planned.verdict = verdict;
	w->planned.decided = decided;
	g_array_set_size(w->planned.wants, 0);
}

static World *world_new(void)
{
	World *w = g_new0(World, 1);

	w->job = (XbJob){ .id = 7, .kind = XB_JOB_BISECT };
	w->data = (XbJobData){
		.job = &w->job,
		.spec = json_object(),
		.commits = g_ptr_array_new_with_free_func((GDestroyNotify)xb_job_commit_free),
		.variants = g_ptr_array_new_with_free_func((GDestroyNotify)xb_variant_free),
		.images = g_ptr_array_new(),
		.image_variants = g_ptr_array_new(),
		.paths = g_ptr_array_new(),
		.runs = g_ptr_array_new_with_free_func((GDestroyNotify)xb_run_free),
		.samples = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_samples),
		.roles = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free),
		.metric = "unmap",
		.host_fp = "host",
		.workload_fp = "workload",
	};
	for (guint i = 0; i < N; i++)
		add_node(w);
	w->host = (XbHostConfig){ .name = (char *)"q", .driver = (char *)"qemu" };
	w->host.settings = json_object();
	w->hosts = g_ptr_array_new();
	g_ptr_array_add(w->hosts, &w->host);
	w->capacity = (XbCapacity){
		.hosts = 1, .builders = 1, .free_hosts = 1, .boot_s = 30, .build_s = 60
	};
	w->planned.wants = g_array_new(FALSE, FALSE, sizeof(XbWant));
	g_array_set_clear_func(w->planned.wants, (GDestroyNotify)xb_want_clear);
	set_built(w, 0, "{\"objects\":\"objects.txt\"}");
	add_run(w, XB_RUN_BOOT, 0, "endpoint", XB_RUN_DONE, XB_OUTCOME_OK);
	add_run(w, XB_RUN_BUILD, N - 1, "endpoint", XB_RUN_RUNNING, XB_OUTCOME_OK);
	say(w, json_pack("{s:s,s:i}", "kind", "pending", "can_matter", N - 1), false);
	return w;
}

static void world_free(World *w)
{
	json_decref(w->data.spec);
	g_ptr_array_unref(w->data.commits);
	g_ptr_array_unref(w->data.variants);
	g_ptr_array_unref(w->data.images);
	g_ptr_array_unref(w->data.image_variants);
	g_ptr_array_unref(w->data.paths);
	g_ptr_array_unref(w->data.runs);
	g_hash_table_unref(w->data.samples);
	g_hash_table_unref(w->data.roles);
	json_decref(w->host.settings);
	g_ptr_array_unref(w->hosts);
	json_decref(w->planned.verdict);
	g_array_unref(w->planned.wants);
	g_free(w);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

static guint path_wants(World *w)
{
	g_array_set_size(w->planned.wants, 0);
	xb_plan_path(&w->data, w->hosts, &w->capacity, &w->planned);
	return w->planned.wants->len;
}

static guint explain_wants(World *w)
{
	g_array_set_size(w->planned.wants, 0);
	xb_plan_explain(&w->data, w->hosts, &w->capacity, &w->planned);
	return w->planned.wants->len;
}

/* ---- what is executed ----------------------------------------------------------------- */

static void test_good_is_counted_while_bad_is_built(void)
{
	g_autoptr(World) w = world_new();
	const XbWant *want;

	g_assert_cmpuint(path_wants(w), ==, 1);
	want = &g_array_index(w->planned.wants, XbWant, 0);
	g_assert_cmpint(want->kind, ==, XB_RUN_BOOT);
	g_assert_cmpint(want->node, ==, 0);
	g_assert_cmpstr(want->purpose, ==, XB_PURPOSE_NAME_EXPLAIN);
}

static void no_free_host(World *w)
{
	w->capacity.free_hosts = 0;
}
static void decided(World *w)
{
	w->planned.decided = true;
}
static void nothing_is_built(World *w)
{
	((XbRun *)w->data.runs->pdata[1])->state = XB_RUN_DONE;
}
static void good_was_not_booted(World *w)
{
	((XbRun *)w->data.runs->pdata[0])->outcome = XB_OUTCOME_HOST_TROUBLE;
}
static void no_list_of_objects(World *w)
{
	set_built(w, 0, "{}");
}
static void few_commits(World *w)
{
	say(w, json_pack("{s:i}", "can_matter", 15), false);
}
static void boots_cost_more_than_they_save(World *w)
{
	w->capacity.boot_s = 1000;
}
static void turned_off(World *w)
{
	json_object_set_new(w->data.spec, "path_prior", json_false());
}
static void host_cannot_count(World *w)
{
	json_object_set_new(w->host.settings, "profile", json_string("no"));
}
static void a_command_was_not_told(World *w)
{
	w->host.driver = (char *)"command";
}
static void entries_into_xen_only(World *w)
{
	json_object_set_new(w->host.settings, "profile", json_string("traps"));
}
static void it_was_looked_at(World *w)
{
	g_ptr_array_add(w->data.paths, NULL);
}
static void it_runs(World *w)
{
	add_run(w, XB_RUN_BOOT, 0, "explain", XB_RUN_RUNNING, XB_OUTCOME_OK);
}
static void it_failed_twice(World *w)
{
	add_run(w, XB_RUN_BOOT, 0, "explain", XB_RUN_DONE, XB_OUTCOME_WORKLOAD_FAILED);
	add_run(w, XB_RUN_BOOT, 0, "explain", XB_RUN_DONE, XB_OUTCOME_HOST_TROUBLE);
}
static void an_ab_job(World *w)
{
	w->job.kind = XB_JOB_AB;
}

static void test_good_is_not_counted(void)
{
	static const struct {
		const char *why;
		void (*change)(World *w);
	} cases[] = {
		{ "no host is free", no_free_host },
		{ "the job is decided", decided },
		{ "nothing is built", nothing_is_built },
		{ "GOOD was not booted", good_was_not_booted },
		{ "its build left no list of objects", no_list_of_objects },
		{ "few commits can matter", few_commits },
		{ "a boot costs more than it saves", boots_cost_more_than_they_save },
		{ "it is turned off", turned_off },
		{ "the host does not count", host_cannot_count },
		{ "a command that was not told", a_command_was_not_told },
		{ "the host counts entries into Xen only", entries_into_xen_only },
		{ "it was looked at", it_was_looked_at },
		{ "it runs", it_runs },
		{ "it failed twice", it_failed_twice },
		{ "it is no bisect", an_ab_job },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(World) w = world_new();

		g_test_message("%s", cases[i].why);
		cases[i].change(w);
		g_assert_cmpuint(path_wants(w), ==, 0);
	}
}

static void test_a_command_counts_when_told(void)
{
	g_autoptr(World) w = world_new();

	w->host.driver = (char *)"command";
	json_object_set_new(w->host.settings, "profile", json_string("flat"));
	g_assert_cmpstr(xb_explain_mode(&w->host), ==, "flat");
	g_assert_cmpuint(path_wants(w), ==, 1);
	/* the boot that the plan wants goes first */
	xb_plan_path(&w->data, w->hosts, &w->capacity, &w->planned);
	g_assert_cmpuint(w->planned.wants->len, ==, 1);
}

/* ---- why -------------------------------------------------------------------------------- */

static void find_culprit(World *w, int culprit)
{
	say(w, json_pack("{s:s,s:i}", "kind", "culprit", "culprit_node", culprit), true);
	set_built(w, culprit, "{}");
	set_built(w, culprit - 1, "{}");
	w->capacity.free_hosts = 2;
}

static void test_both_sides_of_a_culprit_are_counted(void)
{
	g_autoptr(World) w = world_new();

	find_culprit(w, 5);
	g_assert_cmpuint(explain_wants(w), ==, 2);
	g_assert_false(w->planned.decided);
	g_assert_cmpint(g_array_index(w->planned.wants, XbWant, 0).node, ==, 4);
	g_assert_cmpint(g_array_index(w->planned.wants, XbWant, 1).node, ==, 5);
	/* one host: one after the other, and the job waits */
	find_culprit(w, 5);
	w->capacity.free_hosts = 1;
	g_assert_cmpuint(explain_wants(w), ==, 1);
	g_assert_false(w->planned.decided);
}

/* The last host is lost while it explains: what is decided stays so. */
static void test_a_verdict_outlives_its_hosts(void)
{
	g_autoptr(World) w = world_new();
	XbPlanned late = { .failure = g_strdup("all hosts are offline") };

	find_culprit(w, 5);
	explain_wants(w);
	w->job.verdict = json_dumps(w->planned.verdict, JSON_COMPACT);
	xb_plan_take_explained(&w->data, &late);
	g_assert_true(late.decided);
	g_assert_null(late.failure);
	g_assert_cmpstr(json_string_value(json_object_get(late.verdict, "kind")), ==, "culprit");
	g_assert_null(json_object_get(late.verdict, "explaining"));
	json_decref(late.verdict);
	g_free(w->job.verdict);
}

static void test_what_is_not_decided_fails_without_hosts(void)
{
	static const char *const said[] = { NULL, "{\"kind\":\"pending\"}", "not JSON" };

	for (guint i = 0; i < G_N_ELEMENTS(said); i++) {
		g_autoptr(World) w = world_new();
		XbPlanned late = { .failure = g_strdup("all hosts are offline") };

		w->job.verdict = (char *)said[i];
		xb_plan_take_explained(&w->data, &late);
		g_assert_false(late.decided);
		g_assert_nonnull(late.failure);
		g_assert_null(late.verdict);
		g_free(late.failure);
	}
}

/* A host idles while the culprit is rebuilt clean: its boots need not come after that. */
static void test_a_culprit_is_counted_while_it_is_rebuilt(void)
{
	g_autoptr(World) w = world_new();
	XbRun *build, *boot;

	find_culprit(w, 5);
	say(w, json_pack("{s:s,s:i}", "kind", "pending", "culprit_node", 5), false);
	g_assert_cmpuint(explain_wants(w), ==, 0); /* the search goes on */
	build = add_run(w, XB_RUN_BUILD, 5, "confirm", XB_RUN_RUNNING, XB_OUTCOME_OK);
	g_assert_cmpuint(explain_wants(w), ==, 2);
	g_assert_cmpint(g_array_index(w->planned.wants, XbWant, 1).node, ==, 5);
	g_assert_false(w->planned.decided);
	/* boots of the confirmation come first */
	boot = add_run(w, XB_RUN_BOOT, 5, "confirm", XB_RUN_RUNNING, XB_OUTCOME_OK);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	boot->state = build->state = XB_RUN_DONE;
	g_assert_cmpuint(explain_wants(w), ==, 0);
}

static void test_a_side_that_was_counted_is_not_counted_again(void)
{
	g_autoptr(World) w = world_new();
	XbRun *run;

	find_culprit(w, 1); /* GOOD is the parent: the boot of the search does */
	add_run(w, XB_RUN_BOOT, 0, "explain", XB_RUN_DONE, XB_OUTCOME_OK);
	g_assert_cmpuint(explain_wants(w), ==, 1);
	g_assert_cmpint(g_array_index(w->planned.wants, XbWant, 0).node, ==, 1);
	run = add_run(w, XB_RUN_BOOT, 1, "explain", XB_RUN_RUNNING, XB_OUTCOME_OK);
	find_culprit(w, 1);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	g_assert_false(w->planned.decided); /* it runs */
	run->state = XB_RUN_DONE;
	run->has_outcome = true;
	find_culprit(w, 1);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	g_assert_true(w->planned.decided);
	/* another workload's counts say nothing */
	g_free(run->workload_fp);
	run->workload_fp = g_strdup("other");
	find_culprit(w, 1);
	g_assert_cmpuint(explain_wants(w), ==, 1);
}

static void test_each_variant_that_differs_is_counted_with_the_base(void)
{
	g_autoptr(World) w = world_new();
	json_t *rows = json_pack("[{s:i,s:s},{s:i,s:s},{s:i,s:s,s:s},{s:i,s:s},{s:i,s:s},{}]",
				 "node", 1, "kind", "different", "node", 2, "kind", "same", "node",
				 3, "kind", "different", "same_image_as", "v1", "node", 4, "kind",
				 "different", "node", 1000, "kind", "different");

	w->job.kind = XB_JOB_AB;
	w->capacity.free_hosts = 9;
	say(w, json_pack("{s:s,s:o}", "kind", "different", "comparisons", rows), true);
	set_built(w, 1, "{}");
	set_built(w, 4, "{}");
	g_assert_cmpuint(explain_wants(w), ==, 3);
	g_assert_false(w->planned.decided);
	for (guint i = 0; i < 3; i++)
		g_assert_cmpint(g_array_index(w->planned.wants, XbWant, i).node, ==,
				i == 0   ? 0
				: i == 1 ? 1
					 : 4);
	/* none that differs: not even the base */
	say(w,
	    json_pack("{s:s,s:[{s:i,s:s}]}", "kind", "same", "comparisons", "node", 2, "kind",
		      "same"),
	    true);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	g_assert_true(w->planned.decided);
}

static void test_what_cannot_be_counted_does_not_keep_the_job(void)
{
	g_autoptr(World) w = world_new();

	find_culprit(w, 5);
	host_cannot_count(w);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	g_assert_true(w->planned.decided);
	json_object_clear(w->host.settings);
	for (guint i = 0; i < 4; i++)
		add_run(w, XB_RUN_BOOT, i % 2 ? 4 : 5, "explain", XB_RUN_DONE,
			XB_OUTCOME_WORKLOAD_FAILED);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	g_assert_true(w->planned.decided);
	/* a culprit whose images were removed */
	find_culprit(w, 9);
	g_clear_pointer(&((XbVariant *)w->data.variants->pdata[9])->dir, g_free);
	g_clear_pointer(&((XbVariant *)w->data.variants->pdata[8])->dir, g_free);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	g_assert_true(w->planned.decided);
	say(w, json_pack("{s:s}", "kind", "none"), true);
	g_assert_cmpuint(explain_wants(w), ==, 0);
	g_assert_true(w->planned.decided);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan-explain/GOOD is counted while BAD is built",
			test_good_is_counted_while_bad_is_built);
	g_test_add_func("/plan-explain/GOOD is not counted", test_good_is_not_counted);
	g_test_add_func("/plan-explain/a command counts when told",
			test_a_command_counts_when_told);
	g_test_add_func("/plan-explain/both sides of a culprit are counted",
			test_both_sides_of_a_culprit_are_counted);
	g_test_add_func("/plan-explain/a verdict outlives its hosts",
			test_a_verdict_outlives_its_hosts);
	g_test_add_func("/plan-explain/what is not decided fails without hosts",
			test_what_is_not_decided_fails_without_hosts);
	g_test_add_func("/plan-explain/a culprit is counted while it is rebuilt",
			test_a_culprit_is_counted_while_it_is_rebuilt);
	g_test_add_func("/plan-explain/a side that was counted is not counted again",
			test_a_side_that_was_counted_is_not_counted_again);
	g_test_add_func("/plan-explain/each variant that differs is counted with the base",
			test_each_variant_that_differs_is_counted_with_the_base);
	g_test_add_func("/plan-explain/what cannot be counted does not keep the job",
			test_what_cannot_be_counted_does_not_keep_the_job);
	return g_test_run();
}
