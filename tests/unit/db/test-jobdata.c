/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-jobdata.c - one job's rows, joined: what people are shown of a range is what a planner
 * works with, though most of it is read only when somebody asks.
 */
#include <glib/gstdio.h>

#include "db-private.h"
#include "jobdata.h"
#include "schema.h"

#define NODES 12

typedef struct {
	char *dir;
	XbDb *db;
	int64_t job, variants[NODES], clean;
} Fixture;

static void run_sql(Fixture *f, const char *sql)
{
	g_assert_cmpint(sqlite3_exec(f->db->handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

static int64_t put_job(Fixture *f)
{
	const XbJob job = { .kind = XB_JOB_BISECT,
			    .created_ms = 1,
			    .spec = (char *)"{\"metric\":\"unmap\",\"host_fp\":\"h\","
					    "\"workload_fp\":\"w\"}" };
	int64_t id = xb_db_job_add(f->db, &job, NULL);

	g_assert_cmpint(id, >, 0);
	return id;
}

static int64_t put_variant(Fixture *f, const char *key, XbVariantState state, const char *image)
{
	int64_t id = xb_db_variant_ensure(f->db, key, "{}", false, NULL);
	g_autoptr(XbVariant) variant = xb_db_variant_get(f->db, id, NULL);

	variant->state = state;
	/* one that is there already has them */
	g_free(variant->image_sha256);
	g_free(variant->toolchain);
	g_free(variant->artifact);
	variant->image_sha256 = g_strdup(image);
	variant->toolchain = g_strdup(image ? "gcc" : NULL);
	variant->artifact = g_strdup(image ? "{}" : NULL);
	g_assert_true(xb_db_variant_update(f->db, variant, NULL));
	return id;
}

static int64_t put_run(Fixture *f, XbRunKind kind, int64_t job, int node, int64_t variant)
{
	const XbRun run = { .kind = kind,
			    .job_id = job,
			    .node = node,
			    .variant_id = variant,
			    .place = (char *)"p",
			    .host_fp = (char *)"h",
			    .workload_fp = (char *)"w" };
	int64_t id = xb_db_run_add(f->db, &run, "runs/%lld", NULL);

	g_assert_cmpint(id, >, 0);
	return id;
}

static void end_run(Fixture *f, int64_t run, XbOutcome outcome)
{
	if (outcome == XB_OUTCOME_OK)
		g_assert_true(xb_db_sample_add(f->db, run, "unmap", 0, (double)run, "s", NULL));
	g_assert_true(xb_db_run_finish(f->db, run, outcome, NULL, 2, NULL));
}

static void put_commit(Fixture *f, int node)
{
	g_autofree char *label = g_strdup_printf("%040x", node);
	g_autofree char *subject = g_strdup_printf("subject %d", node);
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(int));
	const int parent = node - 1;
	const XbJobCommit commit = { .node = node,
				     .label = label,
				     .parents = parents,
				     .tree = (char *)"t",
				     .subject = subject,
				     .variant_id = f->variants[node] };

	if (node > 0)
		g_array_append_val(parents, parent);
	g_assert_true(xb_db_job_commit_add(f->db, f->job, &commit, NULL));
}

/* Of 12 commits: 0 measured, 1 by another job, 2 not buildable, 3 without an artifact of its own
 * but with the image of another job's variant, 4 of 3, 5 built and not booted, 6 being built by
 * us, 7 by another job, 8 only host trouble of ours, 9 to 11 nothing; the clean image of 5. */
static void set_up(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	static const char *const images[NODES] = { "i0", "i1", NULL, "shared", "shared", "i5" };
	(void)unused;

	f->dir = g_dir_make_tmp("xbisect-jobdata-XXXXXX", &error);
	path = g_build_filename(f->dir, "xbisect.db", NULL);
	f->db = xb_db_open(path, false, &error);
	g_assert_no_error(error);
	f->job = put_job(f);
	for (int i = 0; i < NODES; i++) {
		g_autofree char *key = g_strdup_printf("k%d", i);

		f->variants[i] = put_variant(f, key,
					     images[i] ? XB_VARIANT_BUILT
					     : i == 2  ? XB_VARIANT_BUILD_FAILED
						       : XB_VARIANT_UNBUILT,
					     images[i]);
		put_commit(f, i);
	}
	f->clean = put_variant(f, "clean", XB_VARIANT_BUILT, "i5");
	const XbJobImage image = { 5, false, f->clean, (char *)"" };
	g_assert_true(xb_db_job_image_add(f->db, f->job, &image, NULL));
	int64_t other = put_job(f), foreign = put_variant(f, "f", XB_VARIANT_BUILT, "shared");
	end_run(f, put_run(f, XB_RUN_BUILD, f->job, 0, f->variants[0]), XB_OUTCOME_OK);
	end_run(f, put_run(f, XB_RUN_BOOT, f->job, 0, f->variants[0]), XB_OUTCOME_OK);
	end_run(f, put_run(f, XB_RUN_BOOT, other, 4, f->variants[1]), XB_OUTCOME_OK);
	end_run(f, put_run(f, XB_RUN_BUILD, f->job, 2, f->variants[2]), XB_OUTCOME_BUILD_FAILED);
	end_run(f, put_run(f, XB_RUN_BOOT, other, 0, foreign), XB_OUTCOME_OK);
	end_run(f, put_run(f, XB_RUN_BOOT, f->job, 5, f->clean), XB_OUTCOME_OK);
	put_run(f, XB_RUN_BUILD, f->job, 6, f->variants[6]);
	put_run(f, XB_RUN_BUILD, other, 1, f->variants[7]);
	end_run(f, put_run(f, XB_RUN_BUILD, f->job, 8, f->variants[8]), XB_OUTCOME_HOST_TROUBLE);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
	g_autoptr(GDir) dir = g_dir_open(f->dir, 0, NULL);
	const char *name;
	(void)unused;

	xb_db_close(f->db);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(f->dir, name, NULL);
		g_unlink(path);
	}
	g_rmdir(f->dir);
	g_free(f->dir);
}

static void test_what_is_shown_is_what_planners_have(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbJobData) whole = xb_jobdata_load(f->db, f->job, NULL);
	g_autoptr(XbJobData) shown = xb_jobdata_load_shown(f->db, f->job, NULL);
	(void)unused;

	g_assert_cmpuint(whole->runs->len, ==, 9);
	g_assert_cmpuint(shown->runs->len, ==, whole->runs->len);
	for (guint i = 0; i < whole->runs->len; i++) {
		const XbRun *run = whole->runs->pdata[i], *same = shown->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(whole, run), *twin;

		g_assert_cmpint(same->id, ==, run->id);
		twin = xb_jobdata_role(shown, same);
		g_assert_nonnull(role);
		g_assert_nonnull(twin);
		g_assert_cmpint(twin->node, ==, role->node);
		g_assert_true(twin->clean == role->clean && twin->revert == role->revert);
		g_assert_true(xb_jobdata_run_counts(shown, same) ==
			      xb_jobdata_run_counts(whole, run));
		g_assert_true(xb_jobdata_is_boot_of_image(shown, 0, same) ==
			      xb_jobdata_is_boot_of_image(whole, 0, run));
	}
	g_assert_true(xb_jobdata_image_is_normal(shown, 0));
	/* the boot of a foreign variant counts for the first node with its image */
	g_assert_cmpint(xb_jobdata_role(shown, shown->runs->pdata[4])->node, ==, 3);
}

static bool is_refuted(const XbJobData *data, int64_t variant)
{
	const XbRun *boot = NULL;

	for (guint i = 0; !boot && i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];

		boot = run->kind == XB_RUN_BOOT && run->variant_id == variant ? run : NULL;
	}
	g_assert_nonnull(boot);
	return xb_jobdata_run_is_refuted(data, boot);
}

/* The clean rebuilds of 0 and 3 are other images, that of 5 is the same, that of 1 is not made. */
static void test_boots_of_refuted_images_are_known(Fixture *f, gconstpointer unused)
{
	const XbJobImage images[] = {
		{ 0, false, put_variant(f, "c0", XB_VARIANT_BUILT, "clean 0"), (char *)"" },
		{ 3, false, put_variant(f, "c3", XB_VARIANT_BUILT, "clean 3"), (char *)"" },
		{ 1, false, put_variant(f, "c1", XB_VARIANT_UNBUILT, NULL), (char *)"" },
		{ 1, true, put_variant(f, "r1", XB_VARIANT_BUILT, "revert 1"), (char *)"" },
	};
	int64_t foreign = put_variant(f, "f", XB_VARIANT_BUILT, "shared");
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(images); i++) {
		g_assert_true(xb_db_job_image_add(f->db, f->job, &images[i], NULL));
		if (i != 2)
			end_run(f,
				put_run(f, XB_RUN_BOOT, f->job, images[i].node,
					images[i].variant_id),
				XB_OUTCOME_OK);
	}
	end_run(f, put_run(f, XB_RUN_BOOT, f->job, 5, f->variants[5]), XB_OUTCOME_OK);
	g_autoptr(XbJobData) whole = xb_jobdata_load(f->db, f->job, NULL);
	g_autoptr(XbJobData) shown = xb_jobdata_load_shown(f->db, f->job, NULL);
	const XbJobData *const both[] = { whole, shown };
	for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
		g_assert_true(is_refuted(both[i], f->variants[0]));
		g_assert_true(is_refuted(both[i], foreign));
		g_assert_false(is_refuted(both[i], f->variants[1]));
		g_assert_false(is_refuted(both[i], f->variants[5]));
		g_assert_false(is_refuted(both[i], images[0].variant_id));
		g_assert_false(is_refuted(both[i], images[3].variant_id));
	}
}

static void test_of_a_range_only_what_is_known_is_read(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbJobData) shown = xb_jobdata_load_shown(f->db, f->job, NULL);
	(void)unused;

	g_assert_cmpuint(shown->commits->len, ==, NODES);
	g_assert_cmpuint(shown->variants->len, ==, NODES);
	for (guint i = 0; i < NODES; i++) {
		const XbVariant *variant = shown->variants->pdata[i];

		g_assert_true((variant != NULL) == (i <= 8));
		g_assert_null(shown->commits->pdata[i]);
		if (!variant)
			continue;
		g_assert_cmpint(variant->node, ==, (int)i);
		g_assert_cmpint(variant->id, ==, f->variants[i]);
		g_assert_null(variant->source);
		g_assert_true(variant->has_runs == (i != 3 && i != 4 && i != 5));
		g_assert_true(variant->is_alike == (i >= 3 && i <= 5));
		g_assert_true((variant->key != NULL) == variant->has_runs);
	}
	g_assert_cmpstr(((XbVariant *)shown->variants->pdata[0])->toolchain, ==, "gcc");
	g_assert_cmpint(((XbVariant *)shown->variants->pdata[2])->state, ==,
			XB_VARIANT_BUILD_FAILED);
}

static void test_a_commit_is_read_when_it_is_asked_for(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbJobData) whole = xb_jobdata_load(f->db, f->job, NULL);
	g_autoptr(XbJobData) shown = xb_jobdata_load_shown(f->db, f->job, NULL);
	(void)unused;

	for (guint i = 0; i < NODES; i++) {
		const XbJobCommit *commit = xb_jobdata_commit(shown, i);
		const XbJobCommit *same = xb_jobdata_commit(whole, i);

		g_assert_true(same == whole->commits->pdata[i]);
		g_assert_cmpint(commit->node, ==, (int)i);
		g_assert_cmpstr(commit->label, ==, same->label);
		g_assert_cmpstr(commit->subject, ==, same->subject);
		g_assert_cmpint(commit->first_parent, ==, (int)i - 1);
		g_assert_cmpint(commit->variant_id, ==, f->variants[i]);
		g_assert_true(xb_jobdata_commit(shown, i) == commit);
	}
	/* gone under our hands */
	g_autoptr(XbJobData) late = xb_jobdata_load_shown(f->db, f->job, NULL);
	run_sql(f, "DELETE FROM job_commit WHERE node = 11");
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*has no commit 11*");
	g_assert_cmpstr(xb_jobdata_commit(late, 11)->label, ==, "");
	g_test_assert_expected_messages();
}

static void test_what_commits_touch_is_read_when_it_is_asked_for(Fixture *f, gconstpointer unused)
{
	static const XbJobPath rows[] = {
		{ .node = 0, .kind = (char *)"executed", .functions = (char *)"", .objects = 7 },
		{ .node = 9,
		  .kind = (char *)"executed",
		  .functions = (char *)"zap_pte_range",
		  .share = 0.25 },
	};
	g_autoptr(XbJobData) before = xb_jobdata_load_shown(f->db, f->job, NULL);
	(void)unused;

	g_assert_cmpuint(before->paths->len, ==, 0);
	g_assert_null(xb_jobdata_path(before, 9));
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_true(xb_db_job_path_add(f->db, f->job, &rows[i], NULL));
	g_autoptr(XbJobData) whole = xb_jobdata_load(f->db, f->job, NULL);
	g_autoptr(XbJobData) shown = xb_jobdata_load_shown(f->db, f->job, NULL);
	g_assert_cmpuint(shown->paths->len, ==, NODES);
	g_assert_cmpint(xb_jobdata_path(shown, 0)->objects, ==, 7);
	g_assert_cmpstr(xb_jobdata_path(shown, 9)->functions, ==, "zap_pte_range");
	g_assert_cmpstr(xb_jobdata_path(whole, 9)->functions, ==, "zap_pte_range");
	g_assert_cmpfloat(xb_jobdata_path(whole, 9)->share, ==, 0.25);
	g_assert_null(xb_jobdata_path(shown, 10));
	g_assert_null(xb_jobdata_path(whole, 10));
	g_assert_null(xb_jobdata_path(shown, NODES));
}

/* What planners and pages index with must be a node: a row that says otherwise ends the job, and
 * nothing else. */
static void test_rows_that_do_not_fit_are_an_error(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *sql, *whole, *shown; /* NULL: no error */
	} cases[] = {
		{ "UPDATE job_commit SET parents = '[12]' WHERE node = 7",
		  "job 1: commit 7 has the parent 12, which is not before it", NULL },
		{ "UPDATE job_commit SET parents = '[7]' WHERE node = 7",
		  "job 1: commit 7 has the parent 7, which is not before it", NULL },
		{ "UPDATE job_commit SET parents = '[6,-1]' WHERE node = 7",
		  "job 1: commit 7 has the parent -1, which is not before it", NULL },
		{ "UPDATE job_commit SET parents = '[0]' WHERE node = 0",
		  "job 1: commit 0 has the parent 0, which is not before it", NULL },
		{ "UPDATE job_commit SET parents = '[]' WHERE node = 7",
		  "job 1: commit 7 has no parent", NULL },
		{ "UPDATE job_commit SET parents = '[]' WHERE node = 7;"
		  "UPDATE job SET kind = 'ab'",
		  NULL, NULL },
		{ "DELETE FROM job_commit WHERE node = 7", "job 1: it has no commit 7", NULL },
		{ "UPDATE job_commit SET node = -1 WHERE node = 0", "job 1: it has no commit 0",
		  "job 1: its rows disagree" },
		{ "UPDATE job_image SET node = 12",
		  "job 1: an image is of commit 12, which it does not have",
		  "job 1: an image is of commit 12, which it does not have" },
		{ "UPDATE job_image SET node = -1",
		  "job 1: an image is of commit -1, which it does not have",
		  "job 1: an image is of commit -1, which it does not have" },
		{ "DELETE FROM job_image; DELETE FROM job_commit", "job 1: it has no commits",
		  NULL },
	};
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL, shown_error = NULL;

		g_test_message("%s", cases[i].sql);
		run_sql(f, "SAVEPOINT before");
		run_sql(f, cases[i].sql);
		g_autoptr(XbJobData) whole = xb_jobdata_load(f->db, f->job, &error);
		g_autoptr(XbJobData) shown = xb_jobdata_load_shown(f->db, f->job, &shown_error);
		g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].whole);
		g_assert_cmpstr(shown_error ? shown_error->message : NULL, ==, cases[i].shown);
		g_assert_true(!whole == !!cases[i].whole);
		g_assert_true(!shown == !!cases[i].shown);
		if (error)
			g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT);
		run_sql(f, "ROLLBACK TO before; RELEASE before");
	}
}

/* Of what is shown a commit is looked at when it is read. */
static void test_a_parent_that_is_none_is_not_shown(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbJobData) shown = xb_jobdata_load_shown(f->db, f->job, NULL);
	(void)unused;

	run_sql(f, "UPDATE job_commit SET parents = '[99]' WHERE node = 7");
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*commit 7 has the parent 99*");
	g_assert_cmpint(xb_jobdata_commit(shown, 7)->first_parent, ==, -1);
	g_test_assert_expected_messages();
	g_assert_cmpint(xb_jobdata_commit(shown, 8)->first_parent, ==, 7);
}

static void test_a_job_that_is_not_there_is_an_error(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	(void)unused;

	g_assert_null(xb_jobdata_load_shown(f->db, 999, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
	g_assert_cmpint(xb_db_job_size(f->db, 999, NULL), ==, 0);
	g_assert_null(xb_db_job_commit_get(f->db, f->job, NODES, NULL));
	g_assert_null(xb_db_job_path_get(f->db, f->job, 0, NULL));
}

/* What an older version found out lacks the share: a job that goes on looks again. */
static void test_jobs_under_way_look_again_after_migration_12(Fixture *f, gconstpointer unused)
{
	static const XbJobState states[] = { XB_JOB_QUEUED, XB_JOB_RUNNING, XB_JOB_DONE };
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->dir, "old.db", NULL);
	XbDb *old = xb_db_open_with(path, false, xb_migrations, 11, &error);
	int64_t ids[G_N_ELEMENTS(states)];
	(void)unused;

	g_assert_no_error(error);
	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		const XbJob job = { .kind = XB_JOB_BISECT,
				    .state = states[i],
				    .spec = (char *)"{}" };
		g_autofree char *sql = NULL;

		ids[i] = xb_db_job_add(old, &job, &error);
		g_assert_no_error(error);
		sql = g_strdup_printf(
			"INSERT INTO job_path (job_id, node, kind, functions, objects) "
			"VALUES (%d, 0, 'executed', 'unmap', 3)",
			(int)ids[i]);
		g_assert_cmpint(sqlite3_exec(old->handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	}
	xb_db_close(old);
	g_autoptr(XbDb) db = xb_db_open(path, false, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autoptr(GPtrArray) rows = xb_db_job_paths(db, ids[i], &error);

		g_assert_no_error(error);
		g_assert_cmpuint(rows->len, ==, states[i] == XB_JOB_DONE ? 1 : 0);
	}
}

#define ADD(name, function) g_test_add("/jobdata/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("what-is-shown-is-what-planners-have", test_what_is_shown_is_what_planners_have);
	ADD("boots-of-refuted-images-are-known", test_boots_of_refuted_images_are_known);
	ADD("of-a-range-only-what-is-known-is-read", test_of_a_range_only_what_is_known_is_read);
	ADD("a-commit-is-read-when-it-is-asked-for", test_a_commit_is_read_when_it_is_asked_for);
	ADD("what-commits-touch-is-read-when-it-is-asked-for",
	    test_what_commits_touch_is_read_when_it_is_asked_for);
	ADD("jobs-under-way-look-again-after-migration-12",
	    test_jobs_under_way_look_again_after_migration_12);
	ADD("rows-that-do-not-fit-are-an-error", test_rows_that_do_not_fit_are_an_error);
	ADD("a-parent-that-is-none-is-not-shown", test_a_parent_that_is_none_is_not_shown);
	ADD("a-job-that-is-not-there-is-an-error", test_a_job_that_is_not_there_is_an_error);
	return g_test_run();
}
