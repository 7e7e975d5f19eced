/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-site.c - pages as functions of a database and a request. */
#include "site.h"

#include <glib/gstdio.h>
#include <string.h>

#include "fixture.h"
#include "view-progress.h"

static void test_every_page_answers(Fixture *f, gconstpointer unused)
{
	static const char *const paths[] = {
		"/",      "/jobs",  "/jobs?state=done", "/jobs?before=3", "/job/1",
		"/job/2", "/job/3", "/job/1/log",       "/hosts",         "/login"
	};
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *text = get(f, paths[i], 200);

		g_assert_true(g_str_has_prefix(text, "<!DOCTYPE html>"));
		g_assert_true(g_str_has_suffix(text, "</html>\n"));
		g_assert_nonnull(strstr(text, "<h1"));
	}
}

static void test_hostile_text_stays_text(Fixture *f, gconstpointer unused)
{
	static const char *const paths[] = {
		"/",          "/jobs",  "/job/1",    "/job/2",
		"/job/1/log", "/hosts", "/branches", "/branch/main%20line",
		"/alerts",    "/run/1", "/job/3",    "/job/3?metric=map.b2048"
	};
	static const char *const never[] = { "<script>alert", "<b>bold", "\033", "\342\200\256",
					     "\" onload=",    "\377",    "\001" };
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *text = get(f, paths[i], 200);

		for (guint n = 0; n < G_N_ELEMENTS(never); n++)
			g_assert_null(strstr(text, never[n]));
		g_assert_true(g_utf8_validate(text, -1, NULL));
	}
	g_autofree char *text = get(f, "/job/1", 200);
	g_assert_nonnull(strstr(text, "&lt;script&gt;alert"));
}

/* Nor does it reach the terminal of who asks the API. */
static void test_hostile_text_is_ascii_in_json(Fixture *f, gconstpointer unused)
{
	static const char *const paths[] = {
		"/api/v1/jobs",   "/api/v1/jobs/1",   "/api/v1/jobs/1/log",
		"/api/v1/runs/1", "/api/v1/jobs/3",   "/api/v1/hosts",
		"/api/v1/alerts", "/api/v1/branches", "/api/v1/branches/main%20line",
	};
	guint marks = 0;
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *text = get(f, paths[i], 200);

		for (const char *c = text; *c; c++)
			g_assert_true(g_ascii_isprint(*c) || *c == '\n');
		marks += strstr(text, "\\u202E") || strstr(text, "\\u202e");
	}
	g_assert_cmpuint(marks, >, 0);
}

static void test_a_bisect_shows_what_is_known(Fixture *f, gconstpointer unused)
{
	g_autofree char *text = get(f, "/job/1", 200);
	(void)unused;

	g_assert_nonnull(strstr(text, "</span> <code>3333333333"));
	g_assert_nonnull(strstr(text, "class=\"callout\""));
	g_assert_nonnull(strstr(text, "class=\"unbuildable\""));
	g_assert_nonnull(strstr(text, "class=\"alike\""));
	g_assert_nonnull(strstr(text, "class=\"posterior\""));
	g_assert_nonnull(strstr(text, "<ins>+new line</ins>"));
	g_assert_nonnull(strstr(text, "Confirmation"));
	g_assert_nonnull(strstr(text, "halves the candidates"));
	g_assert_nonnull(strstr(text, "does not build"));
}

/* The confirmation boots the search's build while the clean one is at work; when both are one image
 * these boots are its strip. So are those of another job that has the image, where one boot says
 * what all say (the planner tells). */
static void test_a_confirmation_has_its_boots(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *image, *verdict;
		bool other_job;
		bool is_its;
	} cases[] = {
		{ "i3", NULL, false, true },
		{ "i3", "{\"kind\":\"pending\",\"own_confirmation\":true}", false, true },
		{ "another", NULL, false, false },
		{ "i3", NULL, true, false },
		{ "i3", "{\"kind\":\"pending\",\"own_confirmation\":true}", true, false },
		{ "i3", "{\"kind\":\"pending\",\"own_confirmation\":false}", true, true },
		{ "i3", "{\"kind\":\"pending\"}", true, true },
	};
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int64_t normal = put_variant(f, 3, XB_VARIANT_BUILT, "i3");
		int64_t clean = put_variant(f, 9 + (int)i, XB_VARIANT_BUILT, cases[i].image);
		int64_t other = put_variant(f, 20, XB_VARIANT_BUILT, "i3");
		const int64_t variants[] = { put_variant(f, 0, XB_VARIANT_BUILT, "i0"), normal };
		const XbJobImage image = { 1, false, clean, (char *)"" };
		int64_t job = put_job(f, XB_JOB_BISECT, cases[i].verdict);
		const XbRun confirm = { .kind = XB_RUN_BOOT,
					.job_id = cases[i].other_job ? 1 : job,
					.node = 1,
					.variant_id = cases[i].other_job ? other : normal,
					.place = (char *)"lab",
					.workload = (char *)"map-unmap",
					.purpose = (char *)"confirm",
					.why = (char *)"",
					.phase = (char *)"",
					.started_ms = NOW_MS - 60000,
					.deadline_ms = NOW_MS,
					.host_fp = (char *)"h",
					.workload_fp = (char *)"w" };
		g_autofree char *dirs = g_strdup_printf("%s/runs/%%lld", f->dir);
		int64_t run = xb_db_run_add(f->db, &confirm, dirs, NULL);
		g_autofree char *link = g_strdup_printf("<a href=\"/run/%d\">", (int)run);
		g_autofree char *path = g_strdup_printf("/job/%d", (int)job);

		put_commits(f, job, 2, variants);
		g_assert_true(xb_db_job_image_add(f->db, job, &image, NULL));
		g_assert_true(xb_db_sample_add(f->db, run, "unmap", 0, 1.1, "s", NULL));
		finish_run(f, run, XB_OUTCOME_OK);
		g_assert_true(xb_db_job_set_state(f->db, job, XB_JOB_RUNNING, NULL, NOW_MS, NULL));
		g_autofree char *text = get(f, path, 200);
		const char *section = strstr(text, "<section id=\"confirmation\">");
		g_autofree char *strips =
			g_strndup(section, (gsize)(strstr(section, "</section>") - section));

		g_assert_true((strstr(strips, link) != NULL) == cases[i].is_its);
		g_assert_null(strstr(strips, "strip test"));
	}
}

/* Whatever was rebuilt: GOOD (node 0) is no culprit, nor is all else a parent. */
static void test_clean_rebuilds_are_called_what_they_are(Fixture *f, gconstpointer unused)
{
	static const int nodes[] = { 0, 2, 3, 5 };
	static const struct {
		const char *verdict;
		XbJobState state;
		const char *called[G_N_ELEMENTS(nodes)];
	} cases[] = {
		{ NULL, XB_JOB_RUNNING, { "", "", "", "" } },
		{ "{\"kind\":\"pending\",\"culprit_node\":0}", XB_JOB_RUNNING, { "", "", "", "" } },
		{ "{\"kind\":\"pending\",\"culprit_node\":3}",
		  XB_JOB_RUNNING,
		  { "", "parent ", "suspect ", "" } },
		{ "{\"kind\":\"pending\",\"culprit_node\":3,\"steps\":[{\"node\":1},{\"node\":5}]}",
		  XB_JOB_CANCELLED,
		  { "parent ", "parent ", "suspect ", "culprit " } },
		{ "{\"kind\":\"none\",\"culprit_node\":3}", XB_JOB_DONE, { "", "", "", "" } },
		{ "{\"kind\":\"range\",\"culprit_node\":3}",
		  XB_JOB_DONE,
		  { "", "parent ", "suspect ", "" } },
		{ "{\"kind\":\"culprit\",\"culprit_node\":3}",
		  XB_JOB_DONE,
		  { "", "parent ", "culprit ", "" } },
		{ "{\"kind\":\"culprit\",\"culprit_node\":3,\"steps\":[{\"node\":3},{\"node\":2}]}",
		  XB_JOB_DONE,
		  { "", "culprit ", "culprit ", "" } },
	};
	int64_t variant = put_variant(f, 1, XB_VARIANT_UNBUILT, NULL);
	const int64_t variants[] = { variant, variant, variant, variant, variant, variant };
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int64_t job = put_job(f, XB_JOB_BISECT, cases[i].verdict);
		g_autofree char *path = g_strdup_printf("/job/%d", (int)job);

		put_commits(f, job, 6, variants);
		for (guint n = 0; n < G_N_ELEMENTS(nodes); n++) {
			const XbJobImage image = { nodes[n], false, 0, (char *)"none" };

			g_assert_true(xb_db_job_image_add(f->db, job, &image, NULL));
		}
		g_assert_true(xb_db_job_set_state(f->db, job, cases[i].state, NULL, NOW_MS, NULL));
		g_autofree char *text = get(f, path, 200);
		for (guint n = 0; n < G_N_ELEMENTS(nodes); n++) {
			g_autofree char *id = g_strnfill(12, (char)('0' + nodes[n]));
			g_autofree char *label =
				g_strdup_printf("<p>%s%s, clean: none</p>", cases[i].called[n], id);

			g_assert_nonnull(strstr(text, label));
		}
	}
}

/* The row of node @n in the table of the range; caller frees. */
static char *row_of(const char *page, guint n)
{
	g_autofree char *start = g_strdup_printf("<tr id=\"c%u\">", n);
	const char *row = strstr(page, start);

	g_assert_nonnull(row);
	return g_strndup(row, (gsize)(strstr(row, "</tr>") - row));
}

/* Of job 1's node 3 the clean rebuild is another image than the search's, which was booted thrice:
 * they are no level of the commit. */
static void test_boots_of_a_refuted_image_are_no_level(Fixture *f, gconstpointer unused)
{
	g_autofree char *text = get(f, "/job/1", 200);
	g_autofree char *refuted = row_of(text, 3), *other = row_of(text, 2);
	(void)unused;

	g_assert_nonnull(strstr(refuted, "<td class=\"n\">1</td>"));
	g_assert_nonnull(strstr(other, "<td class=\"n\">3</td>"));
	g_assert_nonnull(strstr(text, " s, 1 boot</title>"));
}

static void test_an_ab_shows_both_sides(Fixture *f, gconstpointer unused)
{
	g_autofree char *text = get(f, "/job/3", 200);
	(void)unused;

	g_assert_nonnull(strstr(text, "class=\"strip base\""));
	g_assert_nonnull(strstr(text, "class=\"strip test\""));
	g_assert_nonnull(strstr(text, "Distribution of the iterations"));
	g_assert_nonnull(strstr(text, "Ratio of test to base"));
	g_assert_nonnull(strstr(text, "Sweep of map: pages in one call"));
	g_assert_nonnull(strstr(text, ">map.b2048</a></th>"));
	/* a table behind each plot */
	g_assert_nonnull(strstr(text, "<th>Run</th><th>Mean</th>"));
	g_assert_nonnull(strstr(text, "<th>From</th><th>To</th><th>Iterations</th>"));
	g_assert_nonnull(strstr(text, "<th>Ratio</th><th>Change</th><th>95 % interval</th>"));
	g_assert_nonnull(strstr(text, "<th>Pages</th><th>base</th><th>test</th>"));
	/* the plots of another metric */
	g_assert_nonnull(strstr(text, "<h2>Boots: unmap</h2>"));
	g_assert_nonnull(strstr(text, "href=\"?metric=map.b2048\""));
	g_autofree char *other = get(f, "/job/3?metric=map.b2048", 200);
	g_assert_nonnull(strstr(other, "<h2>Boots: map.b2048</h2>"));
	g_autofree char *none = get(f, "/job/3?metric=%3Cb%3Ebold", 200);
	g_assert_nonnull(strstr(none, "<h2>Boots: unmap</h2>"));
}

/* On hosts that vary the verdict is made of the job's own boots; the page shows those. */
static void test_an_ab_shows_the_boots_of_its_verdict(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *verdict;
		bool others; /* are shown */
	} cases[] = {
		{ "{\"kind\":\"different\",\"effect\":{\"ratio\":1.1},\"own_boots\":true}", false },
		{ "{\"kind\":\"different\",\"effect\":{\"ratio\":1.1},\"own_boots\":false}", true },
		{ NULL, false },
	};
	const int64_t variants[] = { put_variant(f, 0, XB_VARIANT_BUILT, "i0"),
				     put_variant(f, 5, XB_VARIANT_BUILT, "i5") };
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int64_t id = put_job(f, XB_JOB_AB, cases[i].verdict);
		int64_t own, failed;

		put_commits(f, id, 2, variants);
		finish_run(f, own = put_run(f, id, 0, variants[0], XB_RUN_BOOT, 1.0),
			   XB_OUTCOME_OK);
		/* job 1's failure may be why this one failed */
		finish_run(f, failed = put_run(f, 1, 5, variants[1], XB_RUN_BOOT, NAN),
			   XB_OUTCOME_BOOT_FAILED);
		g_assert_true(xb_db_job_set_state(f->db, id,
						  cases[i].verdict ? XB_JOB_DONE : XB_JOB_RUNNING,
						  NULL, NOW_MS, NULL));
		g_autofree char *path = g_strdup_printf("/job/%d", (int)id);
		g_autofree char *text = get(f, path, 200);
		g_autofree char *link = g_strdup_printf("<a href=\"/run/%d\">", (int)own);
		const char *sides = strstr(text, "<section id=\"sides\">");
		g_autofree char *plots =
			g_strndup(sides, (gsize)(strstr(sides, "</section>") - sides));

		g_assert_nonnull(strstr(plots, link));
		/* run 1 is the bisect's boot of the same commit */
		g_assert_true(!strstr(plots, "<a href=\"/run/1\">") == !cases[i].others);

		g_autoptr(json_t) view = xb_view_job(f->db, id, XB_VIEW_FULL, NOW_MS, NULL);
		json_t *list = json_object_get(view, "measurements"), *one;
		bool has_own = false, has_others = false, has_failed = false;
		size_t m;

		json_array_foreach(list, m, one)
		{
			int64_t run = json_integer_value(json_object_get(one, "run"));

			has_own |= run == own;
			has_others |= run == 1;
			has_failed |= run == failed;
		}
		g_assert_true(has_own);
		g_assert_true(has_failed);
		g_assert_true(has_others == cases[i].others);
	}
}

/* The table of metrics says what the planner did, not what the page would make of all boots. */
static void test_metrics_are_those_of_the_verdict(Fixture *f, gconstpointer unused)
{
	static const char verdict[] =
		"{\"kind\":\"%s\",\"confidence\":0.99,\"commits\":[],\"effect\":{\"base\":1,"
		"\"test\":"
		"1.1,\"ratio\":1.1,\"ci_low\":1.09,\"ci_high\":1.11},\"reason\":\"\",\"culprit_"
		"node\":1,"
		"\"metrics\":[{\"metric\":\"unmap\",\"unit\":\"s\",\"kind\":\"different\","
		"\"lower_is_better\":true,\"base\":1.0,\"test\":1.1234,\"ratio\":1.1234,\"ci_low\":"
		"1.1,"
		"\"ci_high\":1.2,\"confidence\":0.995,\"base_boots\":2,\"test_boots\":3},{"
		"\"metric\":"
		"\"<b>bold\",\"unit\":\"s\",\"kind\":\"same\",\"ratio\":null},7]}";
	static const struct {
		XbJobKind kind;
		const char *word;
	} jobs[] = { { XB_JOB_AB, "different" }, { XB_JOB_BISECT, "culprit" } };
	const int64_t variants[] = { put_variant(f, 0, XB_VARIANT_BUILT, "i0"),
				     put_variant(f, 5, XB_VARIANT_BUILT, "i5") };
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++) {
		g_auto(GStrv) parts = g_strsplit(verdict, "%s", 2);
		g_autofree char *said = g_strconcat(parts[0], jobs[i].word, parts[1], NULL);
		int64_t id = put_job(f, jobs[i].kind, said);
		g_autofree char *path = g_strdup_printf("/job/%d", (int)id), *text = NULL;

		put_commits(f, id, 2, variants);
		g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_DONE, NULL, NOW_MS, NULL));
		text = get(f, path, 200);
		const char *table = strstr(text, "<section id=\"metrics\">");
		g_assert_nonnull(table);
		g_assert_nonnull(strstr(table, "+12.34 %"));
		g_assert_nonnull(strstr(table, "(99.5 %)"));
		g_assert_nonnull(strstr(table, "2 / 3"));
		g_assert_null(strstr(text, "<b>bold"));
	}
}

static void test_a_comparison_of_several_is_one_table(Fixture *f, gconstpointer unused)
{
	const int64_t variants[] = { put_variant(f, 0, XB_VARIANT_BUILT, "i0"),
				     put_variant(f, 5, XB_VARIANT_BUILT, "i5"),
				     put_variant(f, 2, XB_VARIANT_BUILT, "i2") };
	int64_t id = put_job(
		f, XB_JOB_AB,
		"{\"kind\":\"different\",\"confidence\":0.99,\"commits\":[],\"effect\":{\"base\":1."
		"0,"
		"\"test\":1.1,\"ratio\":1.1,\"ci_low\":1.09,\"ci_high\":1.11,\"variant\":\"xchg\"},"
		"\"sides\":{\"base\":{\"level\":1.0,\"sd\":0.01,\"boots\":3}},\"reason\":\"\","
		"\"comparisons\":[{\"node\":1,\"name\":\"xchg\",\"subject\":\"<script>alert(6)\","
		"\"kind\":\"different\",\"test\":1.1,\"test_boots\":3,\"ratio\":1.1,\"ci_low\":1."
		"09,"
		"\"ci_high\":1.11,\"metrics\":[{\"metric\":\"map.b2048\",\"unit\":\"s\",\"base\":2,"
		"\"lower_is_better\":true,\"kind\":\"different\",\"ratio\":0.9}]},"
		"{\"node\":2,\"name\":\"<b>bold\",\"kind\":\"failed\",\"reason\":\"does not "
		"build: "
		"<b>bold\"},{\"name\":\"twin\",\"kind\":\"same\",\"same_image_as\":\"xchg\"},"
		"7,{}]}");
	g_autofree char *path = g_strdup_printf("/job/%lld", (long long)id), *text = NULL;
	(void)unused;

	put_commits(f, id, 3, variants);
	g_assert_true(xb_db_job_set_spec(
		f->db, id,
		"{\"repo\":\"/"
		"r\",\"good\":\"v1\",\"metric\":\"unmap\",\"unit\":\"s\",\"workload\":\"w\","
		"\"lower_is_better\":true,\"confidence\":0.99,\"host_fp\":\"h\",\"workload_fp\":"
		"\"w\","
		"\"names\":[\"base\",\"xchg\",\"<b>bold\"],\"workload_settings\":{\"name\":\"w\"}}",
		NULL));
	for (int i = 0; i < 9; i++)
		finish_run(
			f,
			put_run(f, id, i % 3, variants[i % 3], XB_RUN_BOOT, 1 + i % 3 + i * 0.01),
			XB_OUTCOME_OK);
	g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_DONE, NULL, NOW_MS, NULL));
	text = get(f, path, 200);
	/* as of an A/B, for each of the variants */
	g_assert_nonnull(strstr(text, "<figcaption>Ratio of xchg to base as boots came in"));
	g_assert_nonnull(strstr(text, "<figcaption>Ratio of &lt;b&gt;bold to base as boots"));
	g_assert_nonnull(strstr(text, "Sweep of map: pages in one call"));
	g_assert_nonnull(strstr(
		text, "<th>Pages</th><th>base</th><th>xchg</th><th>&lt;b&gt;bold</th></tr>"));
	g_assert_nonnull(strstr(text, "stroke-dasharray=\"2 3\""));
	g_assert_nonnull(strstr(text, "Not all are as the base"));
	g_assert_nonnull(strstr(text, "<h2>Variants by unmap</h2>"));
	g_assert_nonnull(strstr(text, "<td class=\"n worse\">"));
	g_assert_nonnull(strstr(text, "failed: does not build: &lt;b&gt;bold"));
	g_assert_nonnull(strstr(text, "the same image as xchg"));
	g_assert_nonnull(strstr(text, "Change against the base"));
	g_assert_nonnull(strstr(text, "Distribution of the iterations"));
	g_assert_nonnull(strstr(text, "href=\"?metric=map.b2048\""));
	g_assert_null(strstr(text, "<b>bold"));
	g_assert_null(strstr(text, "<script>alert"));
	g_assert_null(strstr(text, "nan"));
}

static void test_the_overview_says_what_runs_and_what_was_found(Fixture *f, gconstpointer unused)
{
	(void)unused;
	/* many measurements since then do not push a culprit out of sight */
	for (int i = 0; i < 80; i++)
		g_assert_true(xb_db_job_set_state(f->db, put_job(f, XB_JOB_MEASURE, NULL),
						  XB_JOB_DONE, NULL, NOW_MS, NULL));
	g_assert_true(xb_db_job_set_state(f->db, put_job(f, XB_JOB_MEASURE, NULL), XB_JOB_FAILED,
					  "failed today", NOW_MS, NULL));
	g_assert_true(xb_db_job_set_state(f->db, put_job(f, XB_JOB_MEASURE, NULL), XB_JOB_FAILED,
					  "failed long ago", NOW_MS - (int64_t)15 * 86400000,
					  NULL));
	g_autofree char *text = get(f, "/", 200);
	const char *found = strstr(text, "<section id=\"found\">");

	g_assert_nonnull(strstr(text, "<p>building</p>"));
	g_assert_nonnull(strstr(text, "<a href=\"/job/2\">"));
	g_assert_nonnull(found);
	g_assert_nonnull(strstr(found, "<a href=\"/job/1\">"));
	g_assert_nonnull(strstr(text, "1 alert that nobody has acknowledged"));
	g_assert_nonnull(strstr(text, "failed today"));
	g_assert_null(strstr(text, "failed long ago"));
}

/* What a list says of an open job is what its own page says. */
static void test_progress_in_brief_is_the_same(Fixture *f, gconstpointer unused)
{
	static const char *const members[] = { "phase", "steps_done", "steps_left", "seconds_left",
					       "leading" };
	int64_t id = put_job(f, XB_JOB_BISECT,
			     "{\"commits\":[{\"id\":\"a\",\"subject\":\"s\",\"probability\":0.5}],"
			     "\"steps_left\":7,\"seconds_left\":90.5}");
	const int64_t variants[] = { put_variant(f, 0, XB_VARIANT_BUILT, "i0"),
				     put_variant(f, 6, XB_VARIANT_UNBUILT, NULL) };
	(void)unused;

	put_commits(f, id, 2, variants);
	g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_RUNNING, NULL, NOW_MS, NULL));
	finish_run(f, put_run(f, id, 0, variants[0], XB_RUN_BOOT, 1.0), XB_OUTCOME_OK);
	put_run(f, id, 1, variants[1], XB_RUN_BUILD, NAN);
	g_autoptr(XbJob) job = xb_db_job_get(f->db, id, NULL);
	g_autoptr(GPtrArray) active = xb_db_runs_active(f->db, NULL);
	g_autoptr(json_t) brief = xb_view_progress_brief(f->db, job, active, NULL);
	g_autoptr(json_t) view = xb_view_job(f->db, id, XB_VIEW_PROGRESS, NOW_MS, NULL);
	json_t *full = json_object_get(view, "progress");

	for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
		g_assert_nonnull(json_object_get(full, members[i]));
		g_assert_true(json_equal(json_object_get(brief, members[i]),
					 json_object_get(full, members[i])));
	}
}

static void test_lists_of_a_state_come_in_pages(Fixture *f, gconstpointer unused)
{
	(void)unused;
	for (int i = 0; i < 120; i++)
		g_assert_true(xb_db_job_set_state(f->db, put_job(f, XB_JOB_MEASURE, NULL),
						  i % 2 ? XB_JOB_CANCELLED : XB_JOB_FAILED, "x",
						  NOW_MS, NULL));
	for (int i = 0; i < 60; i++)
		g_assert_true(xb_db_job_set_state(f->db, put_job(f, XB_JOB_MEASURE, NULL),
						  XB_JOB_FAILED, "x", NOW_MS, NULL));
	g_autofree char *first = get(f, "/jobs?state=failed", 200);
	const char *link = strstr(first, "/jobs?before=");

	g_assert_nonnull(link);
	/* escaped in the page, as a browser reads it */
	g_autofree char *target = g_strndup(link, strcspn(link, "\""));
	g_auto(GStrv) parts = g_strsplit(target, "&amp;", -1);
	g_autofree char *address = g_strjoinv("&", parts);
	g_autofree char *second = get(f, address, 200);

	g_assert_nonnull(strstr(second, "</span> failed</span>"));
	g_assert_null(strstr(second, "</span> cancelled</span>"));
	g_assert_null(strstr(second, "/jobs?before="));
}

static void test_what_is_not_there(Fixture *f, gconstpointer unused)
{
	static const char *const paths[] = {
		"/job/99",           "/job/0",       "/job/-1",
		"/job/01",           "/job/x",       "/job/1/no",
		"/job/1/",           "/nothing",     "/job/99999999999999999999",
		"/static/../site.c", "/static/none", "//job/1"
	};
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *text = get(f, paths[i], 404);
		g_assert_nonnull(strstr(text, "<h1>Not found"));
	}
	g_autofree char *bad = get(f, "/job/%00", 400);
}

static void test_other_methods_are_refused(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbWebRequest) request = xb_web_request_new("DELETE", "/job/1");
	g_autoptr(XbWebResponse) response = NULL;
	(void)unused;

	xb_web_request_add_header(request, "Host", "localhost");
	response = xb_site_answer(f->site, request, NOW_MS);
	g_assert_cmpuint(response->status, ==, 405);
}

static void test_other_names_are_refused(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbWebRequest) request = xb_web_request_new("GET", "/");
	g_autoptr(XbWebResponse) response = NULL;
	(void)unused;

	xb_web_request_add_header(request, "Host", "rebound.example");
	response = xb_site_answer(f->site, request, NOW_MS);
	g_assert_cmpuint(response->status, ==, 421);
}

static void test_reading_may_need_the_token(Fixture *f, gconstpointer unused)
{
	(void)unused;
	f->config.read = (char *)"token";
	g_autoptr(XbWebResponse) page = ask(f, "GET", "/job/1", NULL, NULL);
	g_assert_cmpuint(page->status, ==, 303);
	g_assert_cmpstr(page->location, ==, "/login");
	g_autoptr(XbWebResponse) shown = ask(f, "GET", "/job/1", TOKEN, NULL);
	g_assert_cmpuint(shown->status, ==, 200);
	g_autoptr(XbWebResponse) login = ask(f, "GET", "/login", NULL, NULL);
	g_assert_cmpuint(login->status, ==, 200);
	f->config.read = NULL;
}

static void test_no_database_is_said(Fixture *f, gconstpointer unused)
{
	g_autofree char *away = g_strconcat(f->path, ".away", NULL);
	(void)unused;

	xb_site_free(f->site);
	f->site = xb_site_new(&f->config, NULL);
	g_assert_cmpint(g_rename(f->path, away), ==, 0);
	g_autofree char *text = get(f, "/", 503);
	g_assert_nonnull(strstr(text, "xbisectd makes it"));
	g_assert_cmpint(g_rename(away, f->path), ==, 0);
	g_autofree char *again = get(f, "/", 200);
}

static void test_pages_change_when_the_database_does(Fixture *f, gconstpointer unused)
{
	g_autofree char *before = get(f, "/job/2/log", 200);
	(void)unused;

	g_assert_null(strstr(before, "news"));
	g_assert_true(xb_db_journal_add(f->db, 2, NOW_MS, "news", NULL));
	g_autofree char *after = get(f, "/job/2/log", 200);
	g_assert_nonnull(strstr(after, "news"));
}

/* A job of --all with warnings, over 1,200 commits; its id. */
static int64_t put_large_job(Fixture *f)
{
	const XbJob job = {
		.kind = XB_JOB_BISECT,
		.created_ms = NOW_MS,
		.verdict =
			(char *)"{\"kind\":\"culprit\",\"confidence\":0.99,\"culprit_node\":700,"
				"\"commits\":[{\"id\":\"x\",\"subject\":\"y\",\"probability\":"
				"0.99,\"node\":700}],\"steps\":[{\"id\":\"first step\","
				"\"subject\":\"<b>big\",\"node\":700,\"probability\":0.99,"
				"\"regression\":true,\"effect\":{\"base\":1,\"test\":1.5,"
				"\"ratio\":1.5,\"ci_low\":1.4,\"ci_high\":1.6}},{\"id\":\"second "
				"step\",\"subject\":\"small\",\"node\":900,\"probability\":0.98,"
				"\"regression\":false,\"effect\":{\"base\":1.5,\"test\":1.2,"
				"\"ratio\":0.8,\"ci_low\":null,\"ci_high\":null}}],\"effect\":{"
				"\"base\":1,\"test\":1.5,\"ratio\":1.5,\"ci_low\":1.4,\"ci_high\":"
				"1.6}}",
		.spec = (char *)"{\"repo\":\"/r\",\"good\":\"a\",\"bad\":\"b\",\"metric\":"
				"\"unmap\",\"unit\":\"s\",\"workload\":\"map-unmap\",\"all\":true,"
				"\"lower_is_better\":true,\"warnings\":[\"noise <b>is high\"]}",
	};
	int64_t id = xb_db_job_add(f->db, &job, NULL);
	int64_t variant = put_variant(f, 7, XB_VARIANT_UNBUILT, NULL);

	g_assert_true(xb_db_begin(f->db, NULL));
	for (int i = 0; i < 1200; i++) {
		g_autofree char *label = g_strdup_printf("%040d", i);
		const XbJobCommit commit = { .node = i,
					     .label = label,
					     .parents = g_array_new(FALSE, FALSE, sizeof(int)),
					     .tree = (char *)"",
					     .subject = (char *)"s",
					     .variant_id = variant };

		g_assert_true(xb_db_job_commit_add(f->db, id, &commit, NULL));
		g_array_unref(commit.parents);
	}
	g_assert_true(xb_db_commit(f->db, NULL));
	g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_DONE, NULL, NOW_MS, NULL));
	return id;
}

static void test_every_step_and_warning_is_shown(Fixture *f, gconstpointer unused)
{
	int64_t job = put_large_job(f);
	g_autofree char *path = g_strdup_printf("/job/%d", (int)job);
	g_autofree char *text = get(f, path, 200);
	(void)unused;

	g_assert_nonnull(strstr(text, "<h2>Steps in the range: 2</h2>"));
	g_assert_nonnull(strstr(text, "first step"));
	g_assert_nonnull(strstr(text, "&lt;b&gt;big"));
	g_assert_nonnull(strstr(text, "-20.00 % better"));
	g_assert_nonnull(strstr(text, "noise &lt;b&gt;is high"));
	/* without a verdict: those that were confirmed */
	g_assert_true(xb_db_job_set_state(f->db, job, XB_JOB_CANCELLED, NULL, NOW_MS, NULL));
	g_autofree char *ended = get(f, path, 200);
	g_assert_nonnull(strstr(ended, "<h2>Steps found so far: 2</h2>"));
	g_assert_nonnull(strstr(ended, "second step"));
}

/* A bisect of 50 commits that ended with @verdict, of which %s is the list of all; its id. */
static int64_t put_verdict(Fixture *f, const char *verdict)
{
	g_autoptr(json_t) commits = json_array();
	g_auto(GStrv) parts = g_strsplit(verdict, "%s", 2);
	int64_t variant = put_variant(f, 6, XB_VARIANT_UNBUILT, NULL), variants[51];

	for (int i = 0; i < 51; i++)
		variants[i] = variant;
	for (int i = 50; i > 0; i--)
		json_array_append_new(commits, json_pack("{s:s,s:s,s:f,s:i}", "id", "c", "subject",
							 "s", "probability", 0.02, "node", i));
	g_autofree char *list = json_dumps(commits, JSON_COMPACT);
	g_autofree char *text = g_strjoin(parts[1] ? list : "", parts[0], parts[1], NULL);
	int64_t job = put_job(f, XB_JOB_BISECT, text);

	put_commits(f, job, 51, variants);
	g_assert_true(xb_db_job_set_state(f->db, job, XB_JOB_DONE, NULL, NOW_MS, NULL));
	return job;
}

/* Its page. */
static char *page_of_verdict(Fixture *f, const char *verdict)
{
	g_autofree char *path = g_strdup_printf("/job/%d", (int)put_verdict(f, verdict));

	return get(f, path, 200);
}

static void test_a_range_is_what_the_planner_says(Fixture *f, gconstpointer unused)
{
	g_autofree char *larger = page_of_verdict(
		f, "{\"kind\":\"range\",\"confidence\":0.99,\"range_size\":60,\"reason\":"
		   "\"undecided after the boots allowed\",\"commits\":%s}");
	g_autofree char *old = page_of_verdict(
		f, "{\"kind\":\"range\",\"confidence\":0.99,\"reason\":\"r\",\"commits\":%s}");
	g_autofree char *single = page_of_verdict(
		f, "{\"kind\":\"range\",\"confidence\":0.99,\"range_size\":1,\"reason\":\"r\","
		   "\"commits\":[{\"id\":\"c\",\"subject\":\"s\",\"probability\":0.99,"
		   "\"node\":3}]}");
	(void)unused;

	g_assert_nonnull(strstr(larger, "One of these 60 commits</h2>"));
	g_assert_nonnull(strstr(larger, "And 28 more: see"));
	g_assert_nonnull(strstr(larger, "undecided after the boots allowed"));
	g_assert_null(strstr(larger, "cannot be built"));
	g_assert_nonnull(strstr(old, "One of these 50 commits</h2>"));
	g_assert_nonnull(strstr(single, "Probably this commit</h2>"));
}

static void test_a_none_says_how_sure_it_is(Fixture *f, gconstpointer unused)
{
	g_autofree char *sure =
		page_of_verdict(f, "{\"kind\":\"none\",\"confidence\":0.995,\"commits\":[]}");
	g_autofree char *none_listed = get(f, "/jobs", 200);
	g_autofree char *unsure =
		page_of_verdict(f, "{\"kind\":\"none\",\"confidence\":0.45,\"commits\":[]}");
	g_autofree char *listed = get(f, "/jobs", 200);
	(void)unused;

	g_assert_nonnull(strstr(sure, "No regression in this range</h2>"));
	g_assert_null(strstr(none_listed, "(only"));
	g_assert_nonnull(strstr(unsure, "No regression found</h2>"));
	g_assert_nonnull(strstr(unsure, "Sure by 45.0 % only: less than the 99 % asked for"));
	g_assert_nonnull(strstr(listed, "(only 45.0 % sure)"));
}

/* What was measured is no regression just because it is not the same to the last digit. */
static void test_only_a_change_is_worse(Fixture *f, gconstpointer unused)
{
	static const struct {
		XbJobKind job;
		XbJobState state;
		const char *kind;
		bool is_change;
	} cases[] = {
		{ XB_JOB_BISECT, XB_JOB_DONE, "none", false },
		{ XB_JOB_BISECT, XB_JOB_DONE, "range", true },
		{ XB_JOB_BISECT, XB_JOB_DONE, "culprit", true },
		{ XB_JOB_BISECT, XB_JOB_RUNNING, "pending", true }, /* of the commit that leads */
		{ XB_JOB_AB, XB_JOB_DONE, "different", true },
		{ XB_JOB_AB, XB_JOB_DONE, "same", false },
		{ XB_JOB_AB, XB_JOB_DONE, "unresolved", false },
		{ XB_JOB_AB, XB_JOB_RUNNING, "pending", false },
	};
	int64_t variant = put_variant(f, 1, XB_VARIANT_UNBUILT, NULL);
	const int64_t variants[] = { variant, variant };
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *verdict = g_strdup_printf(
			"{\"kind\":\"%s\",\"confidence\":0.99,\"commits\":[{\"id\":\"c\","
			"\"subject\":\"s\",\"probability\":0.9,\"node\":1}],\"effect\":{"
			"\"base\":1.0,\"test\":1.003,\"ratio\":1.003,\"ci_low\":0.999,"
			"\"ci_high\":1.007}}",
			cases[i].kind);
		int64_t job = put_job(f, cases[i].job, verdict);
		g_autofree char *path = g_strdup_printf("/job/%d", (int)job);

		put_commits(f, job, 2, variants);
		g_assert_true(xb_db_job_set_state(f->db, job, cases[i].state, NULL, NOW_MS, NULL));
		g_autofree char *text = get(f, path, 200);
		g_autofree char *figure = g_strdup_printf(
			"<dt>unmap%s</dt><dd class=\"big %s\">+0.30 %%<",
			cases[i].is_change ? ", worse" : "", cases[i].is_change ? "worse" : "");
		g_assert_nonnull(strstr(text, figure));
	}
}

static void test_other_steps_are_told(Fixture *f, gconstpointer unused)
{
	g_autofree char *culprit = get(f, "/job/1", 200);
	g_autofree char *range =
		page_of_verdict(f, "{\"kind\":\"range\",\"confidence\":0.99,\"other_steps\":0.87,"
				   "\"commits\":%s}");
	(void)unused;

	g_assert_nonnull(strstr(culprit, "<p>The range may hold a second step (20.0 %): "));
	g_assert_nonnull(strstr(range,
				"<p>If the likeliest is the culprit, the range may hold a second "
				"step (87.0 %): "));
}

static void test_drift_is_told(Fixture *f, gconstpointer unused)
{
	g_autofree char *drifted = page_of_verdict(
		f, "{\"kind\":\"none\",\"confidence\":0.99,\"drift\":0.018,\"commits\":[]}");
	g_autofree char *steady = page_of_verdict(
		f, "{\"kind\":\"none\",\"confidence\":0.99,\"drift\":0.0,\"commits\":[]}");
	(void)unused;

	g_assert_nonnull(strstr(drifted, "The host drifted by +1.80 % over the job"));
	g_assert_null(strstr(steady, "drifted"));
}

/* Nothing of a job is mixed with what another host measured, and people are told why it is not. */
static void test_boots_of_a_host_that_changed_are_left_aside(Fixture *f, gconstpointer unused)
{
	static const char told[] = "first boots: 2 boots made on another host class were left "
				   "aside and the endpoints are measured again, since";
	static const char no_endpoints[] = "2 boots made on another host class were left aside, "
					   "since";
	int64_t variant = put_variant(f, 0, XB_VARIANT_BUILT, "i0");
	g_autofree char *before = get(f, "/job/2", 200);
	(void)unused;

	for (int i = 0; i < 4; i++) {
		int64_t boot = put_run(f, 2 + i % 2, 0, variant, XB_RUN_BOOT, 1.0);

		g_assert_true(xb_db_run_set_fingerprint(f->db, boot, "other", "w", NULL));
		finish_run(f, boot, XB_OUTCOME_OK);
	}
	g_autofree char *after = get(f, "/job/2", 200);
	g_assert_null(strstr(before, "left aside"));
	g_assert_nonnull(strstr(after, told));
	g_autofree char *ab = get(f, "/job/3", 200);
	g_assert_nonnull(strstr(ab, no_endpoints));
	/* another job's are none of this one's */
	g_autofree char *others = get(f, "/job/1", 200);
	g_assert_null(strstr(others, "left aside"));
	g_autoptr(json_t) view = xb_view_job(f->db, 2, XB_VIEW_FULL, NOW_MS, NULL);
	g_assert_cmpuint(json_array_size(json_object_get(view, "warnings")), ==, 1);
	/* it is not going to */
	g_assert_true(xb_db_job_set_state(f->db, 2, XB_JOB_CANCELLED, NULL, NOW_MS, NULL));
	g_autofree char *cancelled = get(f, "/job/2", 200);
	g_assert_nonnull(strstr(cancelled, no_endpoints));
}

static void test_a_large_range_comes_in_pages(Fixture *f, gconstpointer unused)
{
	int job = (int)put_large_job(f);
	g_autofree char *path = g_strdup_printf("/job/%d", job);
	g_autofree char *known = get(f, path, 200);
	(void)unused;

	g_assert_nonnull(strstr(known, "id=\"c700\""));
	g_assert_null(strstr(known, "id=\"c701\""));
	for (int from = 0; from < 1200; from += 500) {
		g_autofree char *at = g_strdup_printf("/job/%d?commits=%d", job, from);
		g_autofree char *page = get(f, at, 200);

		for (int i = 0; i < 1200; i++) {
			g_autofree char *row = g_strdup_printf("<tr id=\"c%d\"", i);
			g_assert_true(!strstr(page, row) == !(i >= from && i < from + 500));
		}
		/* from the picture to the culprit's row, wherever that is */
		g_assert_nonnull(strstr(page, from == 500 ? "href=\"#c700\""
							  : "href=\"?commits=500#c700\""));
	}
	g_autofree char *beyond = g_strdup_printf("/job/%d?commits=99999999999", job);
	g_autofree char *last = get(f, beyond, 200);
	g_assert_nonnull(strstr(last, "id=\"c1199\""));
}

static void test_alerts_say_who_was_told(Fixture *f, gconstpointer unused)
{
	g_autofree char *before = get(f, "/alerts", 200);
	const XbSettlement busy = { .state = XB_DELIVERY_WAITING,
				    .due_ms = NOW_MS,
				    .detail = "451 <b>bold" };
	(void)unused;

	g_assert_nonnull(strstr(before, "Nobody was told"));
	g_assert_true(xb_db_delivery_add(f->db, 1, "team", false, NOW_MS, NOW_MS, NULL));
	g_assert_true(xb_db_delivery_send(f->db, 1, 1, NULL));
	g_assert_true(xb_db_delivery_settle(f->db, 1, &busy, NOW_MS, NULL));
	g_autofree char *text = get(f, "/alerts", 200);
	g_assert_null(strstr(text, "Nobody was told"));
	g_assert_nonnull(strstr(text, "<li>team: "));
	g_assert_nonnull(strstr(text, "after 1 attempt: 451 &lt;b&gt;bold"));
}

static void test_a_timeline_leads_to_measurements(Fixture *f, gconstpointer unused)
{
	g_autofree char *text = get(f, "/branch/main%20line", 200);
	(void)unused;

	g_assert_nonnull(strstr(text, "<form method=\"get\" action=\"/queue\""));
	/* before and after the change */
	g_assert_nonnull(strstr(text, "name=\"good\" "
				      "value=\"0000000000000000000000000000000000000005\" "
				      "aria-label=\"from 000000000000\" checked"));
	g_assert_nonnull(strstr(text, "name=\"bad\" "
				      "value=\"0000000000000000000000000000000000000006\" "
				      "aria-label=\"to 000000000000\" checked"));
	g_assert_nonnull(strstr(text, "<a href=\"/run/"));
}

#define ADD(name, function) g_test_add("/site/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("every-page-answers", test_every_page_answers);
	ADD("hostile-text-stays-text", test_hostile_text_stays_text);
	ADD("hostile-text-is-ascii-in-json", test_hostile_text_is_ascii_in_json);
	ADD("a-bisect-shows-what-is-known", test_a_bisect_shows_what_is_known);
	ADD("a-confirmation-has-its-boots", test_a_confirmation_has_its_boots);
	ADD("clean-rebuilds-are-called-what-they-are",
	    test_clean_rebuilds_are_called_what_they_are);
	ADD("boots-of-a-refuted-image-are-no-level", test_boots_of_a_refuted_image_are_no_level);
	ADD("an-ab-shows-both-sides", test_an_ab_shows_both_sides);
	ADD("an-ab-shows-the-boots-of-its-verdict", test_an_ab_shows_the_boots_of_its_verdict);
	ADD("metrics-are-those-of-the-verdict", test_metrics_are_those_of_the_verdict);
	ADD("a-comparison-of-several-is-one-table", test_a_comparison_of_several_is_one_table);
	ADD("every-step-and-warning-is-shown", test_every_step_and_warning_is_shown);
	ADD("a-range-is-what-the-planner-says", test_a_range_is_what_the_planner_says);
	ADD("a-none-says-how-sure-it-is", test_a_none_says_how_sure_it_is);
	ADD("only-a-change-is-worse", test_only_a_change_is_worse);
	ADD("other-steps-are-told", test_other_steps_are_told);
	ADD("drift-is-told", test_drift_is_told);
	ADD("boots-of-a-host-that-changed-are-left-aside",
	    test_boots_of_a_host_that_changed_are_left_aside);
	ADD("a-large-range-comes-in-pages", test_a_large_range_comes_in_pages);
	ADD("alerts-say-who-was-told", test_alerts_say_who_was_told);
	ADD("a-timeline-leads-to-measurements", test_a_timeline_leads_to_measurements);
	ADD("the-overview-says-what-runs-and-what-was-found",
	    test_the_overview_says_what_runs_and_what_was_found);
	ADD("progress-in-brief-is-the-same", test_progress_in_brief_is_the_same);
	ADD("lists-of-a-state-come-in-pages", test_lists_of_a_state_come_in_pages);
	ADD("what-is-not-there", test_what_is_not_there);
	ADD("other-methods-are-refused", test_other_methods_are_refused);
	ADD("other-names-are-refused", test_other_names_are_refused);
	ADD("reading-may-need-the-token", test_reading_may_need_the_token);
	ADD("no-database-is-said", test_no_database_is_said);
	ADD("pages-change-when-the-database-does", test_pages_change_when_the_database_does);
	return g_test_run();
}
