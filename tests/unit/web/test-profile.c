/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-profile.c - flame graphs, and the pages that show where instructions go. */
#include "flame.h"
#include "profile-view.h"
#include "view-explain.h"

#include <string.h>

#include "fixture.h"

/* Both sides of job 1's verdict (nodes 2 and 3), profiled. */
static void put_profile(Fixture *f, const char *side, int node, const char *folded,
			const char *instructions)
{
	g_autofree char *event = g_strdup_printf(
		"{\"event\":\"profile\",\"mode\":\"stacks\",\"unit\":\"instructions\",\"full\":"
		"false,\"phases\":[{\"phase\":\"other\",\"file\":\"../../secret.folded\","
		"\"entries\":1,\"instructions\":5,\"xen\":0,\"kernel\":0,\"user\":5,"
		"\"functions\":[]},{\"phase\":\"unmap\",\"file\":\"profile-unmap.folded\","
		"\"entries\":5,\"instructions\":%s,\"xen\":100,\"kernel\":50,\"user\":0,"
		"\"functions\":[[\"zap_%s_[k]\",50],[\"x86_emulate_[x]\",%s]]}]}",
		instructions, side, instructions);
	g_autoptr(XbJobData) data = xb_jobdata_load(f->db, 1, NULL);
	const XbVariant *variant = data->variants->pdata[node];
	const XbRun run = { .kind = XB_RUN_BOOT,
			    .job_id = 1,
			    .node = node,
			    .variant_id = variant->id,
			    .place = (char *)"q",
			    .workload = (char *)"map-unmap",
			    .purpose = (char *)XB_PURPOSE_NAME_EXPLAIN,
			    .why = (char *)"",
			    .phase = (char *)"",
			    .host_fp = (char *)"profiling",
			    .workload_fp = (char *)"w" };
	g_autofree char *dirs = g_strdup_printf("%s/runs/%%lld", f->dir);
	int64_t id = xb_db_run_add(f->db, &run, dirs, NULL);
	g_autofree char *dir = g_strdup_printf("%s/runs/%lld", f->dir, (long long)id);
	g_autofree char *path = g_build_filename(dir, "profile-unmap.folded", NULL);

	g_assert_true(xb_db_event_add(f->db, id, 7, "profile", event, NULL));
	g_assert_true(xb_db_run_finish(f->db, id, XB_OUTCOME_OK, "", NOW_MS, NULL));
	g_mkdir_with_parents(dir, 0755);
	g_assert_true(g_file_set_contents(path, folded, -1, NULL));
}

static void put_both(Fixture *f)
{
	put_profile(f, "base", 2,
		    "user;zap<script>_[k] 50\nuser;zap<script>_[k];hypercall_[x] 100\n", "150");
	put_profile(f, "test", 3,
		    "user;zap<script>_[k] 60\nuser;zap<script>_[k];x86_emulate_[x] 500\n", "560");
}

static void a_job_shows_what_its_change_added(Fixture *f, gconstpointer unused)
{
	(void)unused;
	put_both(f);
	g_autofree char *text = get(f, "/job/1", 200);

	g_assert_nonnull(strstr(text, "Where the time goes"));
	g_assert_nonnull(strstr(text, "x86_emulate_[x]: +100 instructions"));
	g_assert_nonnull(strstr(text, "hypercall_[x]: -20 instructions"));
	g_assert_nonnull(strstr(text, "zap&lt;script&gt;_[k]"));
	g_assert_null(strstr(text, "zap<script>"));
}

static void a_page_has_all_four_graphs(Fixture *f, gconstpointer unused)
{
	const char *at;
	guint figures = 0;
	(void)unused;

	put_both(f);
	g_autofree char *text = get(f, "/job/1/profile", 200);
	for (at = text; (at = strstr(at, "<figure class=\"flame\">")); at++)
		figures++;
	g_assert_cmpuint(figures, ==, 4);
	g_assert_null(strstr(text, "style="));
	g_autofree char *named = get(f, "/job/1/profile?phase=unmap", 200);
	g_autofree char *none = get(f, "/job/1/profile?phase=copy", 404);
	g_autofree char *other = get(f, "/job/2/profile", 404);
}

static void a_boot_shows_its_own(Fixture *f, gconstpointer unused)
{
	(void)unused;
	put_both(f);
	g_autoptr(XbJobData) data = xb_jobdata_load(f->db, 1, NULL);
	const int sides[2] = { 2, 3 };
	const XbRun *runs[2];
	g_assert_true(xb_profile_runs(data, sides, runs));
	g_autofree char *path = g_strdup_printf("/run/%lld", (long long)runs[1]->id);
	g_autofree char *text = get(f, path, 200);
	g_assert_nonnull(strstr(text, "Profile"));
	g_assert_nonnull(strstr(text, "x86_emulate_[x]: 100 instructions, 89.29 %"));
	g_autofree char *raw = g_strconcat(path, "/raw?name=profile-unmap.folded", NULL);
	g_autoptr(XbWebResponse) file = ask(f, "GET", raw, NULL, NULL);
	g_assert_cmpuint(file->status, ==, 200);
	/* a name out of the event is no path */
	g_autofree char *bad = g_strconcat(path, "/raw?name=../../secret.folded", NULL);
	g_autofree char *none = get(f, bad, 404);
}

static void profiles_are_no_measurements(Fixture *f, gconstpointer unused)
{
	(void)unused;
	put_both(f);
	g_autoptr(XbJobData) data = xb_jobdata_load(f->db, 1, NULL);
	for (guint i = 0; i < data->runs->len; i++)
		if (xb_run_is_explain(data->runs->pdata[i]))
			g_assert_false(xb_jobdata_run_counts(data, data->runs->pdata[i]));
	g_autofree char *text = get(f, "/api/v1/jobs/1", 200);
	g_autoptr(json_t) job = json_loads(text, 0, NULL);
	json_t *profile = json_object_get(json_object_get(job, "explanation"), "profile");
	json_t *phase = json_array_get(json_object_get(profile, "phases"), 0);
	g_assert_cmpstr(json_string_value(json_object_get(phase, "phase")), ==, "unmap");
	g_assert_cmpfloat(json_number_value(json_object_get(phase, "test")), ==, 112);
	json_t *function = json_array_get(json_object_get(phase, "functions"), 0);
	g_assert_cmpstr(json_string_value(json_object_get(function, "name")), ==,
			"x86_emulate_[x]");
	g_assert_cmpfloat(json_number_value(json_object_get(function, "base")), ==, 30);
}

static void put_counter(Fixture *f, int64_t run, const char *name, double value, const char *unit)
{
	const XbCounter counter = { .phase = (char *)"unmap",
				    .name = (char *)name,
				    .symbol = (char *)"",
				    .offset = (char *)"",
				    .value = value,
				    .unit = (char *)unit };

	g_assert_true(xb_db_counter_add(f->db, run, &counter, NULL));
}

/* A boot of @node that counted so many emulated writes a page while it unmapped. */
static void put_counted(Fixture *f, const XbJobData *data, int node, double writes)
{
	const XbVariant *variant = data->variants->pdata[node];
	int64_t id = put_run(f, 1, node, variant->id, XB_RUN_BOOT, 1.0);

	put_counter(f, id, "time", 1000 + 1000 * writes, "ns/page");
	put_counter(f, id, "ptwr-emulation", writes, "1/page");
	finish_run(f, id, XB_OUTCOME_OK);
}

static void an_image_explains_each_commit_that_has_it(Fixture *f, gconstpointer unused)
{
	const int sides[2] = { 2, 3 };
	(void)unused;

	/* The parent, node 2, has the image of node 0, at which all boots of it stand. */
	put_variant(f, 2, XB_VARIANT_BUILT, "i0");
	g_autoptr(XbJobData) before = xb_jobdata_load(f->db, 1, NULL);
	g_autoptr(json_t) none = xb_view_explanation_of(f->db, before, sides);
	g_assert_null(json_object_get(none, "rows"));
	put_counted(f, before, 0, 0);
	put_counted(f, before, 3, 1);
	g_autoptr(XbJobData) data = xb_jobdata_load(f->db, 1, NULL);
	g_autoptr(json_t) explanation = xb_view_explanation_of(f->db, data, sides);
	json_t *row = json_array_get(json_object_get(explanation, "rows"), 0);
	g_assert_cmpstr(json_string_value(json_object_get(row, "name")), ==, "ptwr-emulation");
	g_assert_cmpfloat(json_number_value(json_object_get(row, "test")), ==, 1);
}

static XbFolded *deep_tree(void)
{
	g_autoptr(GString) text = g_string_new("a");
	XbFolded *tree = xb_folded_new();

	for (guint i = 0; i < 400; i++)
		g_string_append(text, ";f");
	g_string_append(text, " 10\n");
	g_assert_true(xb_folded_add(tree, 0, text->str, text->len, 1, NULL));
	return tree;
}

static void what_cannot_be_seen_is_not_drawn(void)
{
	g_autoptr(XbFolded) tree = deep_tree();
	g_auto(XbHtml) out;

	xb_html_init(&out);
	g_assert_true(xb_folded_add(tree, 0, "wide 100000\nnarrow 1\n", 21, 1, NULL));
	xb_flame(&out, tree, XB_FLAME_BASE, "samples", "caption & more");
	g_assert_nonnull(strstr(out.text->str, "wide: 100,000 samples, 99.99 %"));
	g_assert_null(strstr(out.text->str, "narrow"));
	g_assert_nonnull(strstr(out.text->str, "caption &amp; more"));
	g_assert_cmpuint(out.text->len, <, 20000);
}

static void equal_sides_differ_in_nothing(void)
{
	g_autoptr(XbFolded) tree = xb_folded_new();
	g_auto(XbHtml) out;

	xb_html_init(&out);
	g_assert_true(xb_folded_add(tree, 0, "a;b 4\n", 6, 1, NULL));
	g_assert_true(xb_folded_add(tree, 1, "a;b 4\n", 6, 1, NULL));
	xb_flame(&out, tree, XB_FLAME_CHANGE, "samples", "c");
	g_assert_nonnull(strstr(out.text->str, "Nothing differs"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add("/profile/" path, Fixture, NULL, set_up, test, tear_down)
	ADD("a-job-shows-what-its-change-added", a_job_shows_what_its_change_added);
	ADD("a-page-has-all-four-graphs", a_page_has_all_four_graphs);
	ADD("a-boot-shows-its-own", a_boot_shows_its_own);
	ADD("profiles-are-no-measurements", profiles_are_no_measurements);
	ADD("an-image-explains-each-commit-that-has-it", an_image_explains_each_commit_that_has_it);
	g_test_add_func("/flame/what-cannot-be-seen-is-not-drawn",
			what_cannot_be_seen_is_not_drawn);
	g_test_add_func("/flame/equal-sides-differ-in-nothing", equal_sides_differ_in_nothing);
	return g_test_run();
}
