/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-db.c - the database: schema's version gate, backup and migration, each
 * table's round trip, what survives a kill, and speed on a large job.
 */
#include <glib/gstdio.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db-private.h"

typedef struct {
	char *dir, *path;
	XbDb *db;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	f->dir = g_dir_make_tmp("xbisect-db-XXXXXX", &error);
	g_assert_no_error(error);
	f->path = g_build_filename(f->dir, "xbisect.db", NULL);
	f->db = xb_db_open(f->path, false, &error);
	g_assert_no_error(error);
}

static void remove_dir(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_unlink(file);
	}
	g_rmdir(path);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
	(void)unused;
	xb_db_close(f->db);
	remove_dir(f->dir);
	g_free(f->path);
	g_free(f->dir);
}

static int64_t add_job(XbDb *db, int priority)
{
	g_autoptr(GError) error = NULL;
	XbJob job = { .kind = XB_JOB_BISECT,
		      .state = XB_JOB_QUEUED,
		      .priority = priority,
		      .uid = 1000,
		      .created_ms = 5,
		      .spec = (char *)"{}" };
	int64_t id = xb_db_job_add(db, &job, &error);

	g_assert_no_error(error);
	g_assert_cmpint(id, >, 0);
	return id;
}

static int64_t add_variant(XbDb *db, const char *key)
{
	g_autoptr(GError) error = NULL;
	int64_t id = xb_db_variant_ensure(db, key, "{}", false, &error);

	g_assert_no_error(error);
	g_assert_cmpint(id, >, 0);
	return id;
}

static int64_t add_run(XbDb *db, XbRunKind kind, int64_t job, int64_t variant, const char *place)
{
	g_autoptr(GError) error = NULL;
	XbRun run = { .kind = kind,
		      .job_id = job,
		      .node = -1,
		      .variant_id = variant,
		      .place = (char *)place,
		      .started_ms = 1000,
		      .deadline_ms = 9000 };
	int64_t id = xb_db_run_add(db, &run, "runs/%lld", &error);

	g_assert_no_error(error);
	g_assert_cmpint(id, >, 0);
	return id;
}

static void add_commit(XbDb *db, int64_t job, int node, int64_t variant)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(int));
	g_autofree char *label = g_strdup_printf("%040x", node);
	XbJobCommit commit = { .node = node,
			       .label = label,
			       .parents = parents,
			       .tree = (char *)"t",
			       .subject = (char *)"subject",
			       .variant_id = variant };
	int previous = node - 1;

	if (node > 0)
		g_array_append_val(parents, previous);
	if (node > 3) {
		int older = node - 3;
		g_array_append_val(parents, older);
	}
	g_assert_true(xb_db_job_commit_add(db, job, &commit, &error));
	g_assert_no_error(error);
}

/* ---- opening ---------------------------------------------------------------- */

static void test_reopen_keeps_rows(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t id = add_job(f->db, 0);
	g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);

	(void)unused;
	xb_db_close(f->db);
	/* Persistent: a reader who may not make files can still open. */
	g_assert_true(g_file_test(wal, G_FILE_TEST_EXISTS));
	f->db = xb_db_open(f->path, false, &error);
	g_assert_no_error(error);
	g_autoptr(XbJob) job = xb_db_job_get(f->db, id, &error);
	g_assert_no_error(error);
	g_assert_cmpint(job->uid, ==, 1000);
}

static void test_reader_sees_and_never_writes(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbDb) reader = xb_db_open(f->path, true, &error);
	int64_t version;

	(void)unused;
	g_assert_no_error(error);
	version = xb_db_data_version(reader);
	g_assert_cmpint(xb_db_data_version(reader), ==, version);
	int64_t id = add_job(f->db, 0);
	g_assert_cmpint(xb_db_data_version(reader), !=, version);
	g_autoptr(XbJob) job = xb_db_job_get(reader, id, &error);
	g_assert_no_error(error);
	g_assert_cmpint(job->id, ==, id);
	g_assert_false(xb_db_job_set_state(reader, id, XB_JOB_RUNNING, NULL, 1, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_SQL);
	g_autoptr(XbHostRow) host = xb_db_host_get(reader, "lab1", NULL);
	g_assert_nonnull(host);
	g_assert_true(host->online);
}

static void test_reader_wants_a_database(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->dir, "none.db", NULL);

	(void)unused;
	g_assert_null(xb_db_open(path, true, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static const char *const two_migrations[] = {
	"CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)",
	"ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x * 2",
};
static const char *const broken_migrations[] = {
	"CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)",
	"ALTER TABLE a ADD COLUMN y INTEGER; UPDATE nothing SET y = 1",
};

static int64_t query_number(const char *path, const char *sql)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *row = NULL;
	int64_t value = -1;

	g_assert_cmpint(sqlite3_open(path, &handle), ==, SQLITE_OK);
	if (sqlite3_prepare_v2(handle, sql, -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW)
		value = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(handle);
	return value;
}

static void test_migration_backs_up_first(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->dir, "m.db", NULL);
	g_autofree char *backup = g_strconcat(path, ".v1.backup", NULL);
	g_autofree char *empty_backup = g_strconcat(path, ".v0.backup", NULL);
	XbDb *db = xb_db_open_with(path, false, two_migrations, 1, &error);

	(void)unused;
	g_assert_no_error(error);
	g_assert_cmpint(query_number(path, "PRAGMA user_version"), ==, 1);
	xb_db_close(db);
	g_assert_false(g_file_test(empty_backup, G_FILE_TEST_EXISTS));
	/* A reader cannot migrate; it says who can. */
	g_assert_null(xb_db_open_with(path, true, two_migrations, 2, &error));
	g_assert_nonnull(strstr(error->message, "start xbisectd"));
	g_clear_error(&error);
	g_assert_true(g_file_set_contents(empty_backup, "older", -1, NULL));
	db = xb_db_open_with(path, false, two_migrations, 2, &error);
	g_assert_no_error(error);
	xb_db_close(db);
	/* only the last copy stays */
	g_assert_false(g_file_test(empty_backup, G_FILE_TEST_EXISTS));
	g_assert_cmpint(query_number(path, "SELECT y FROM a"), ==, 14);
	g_assert_cmpint(query_number(path, "PRAGMA user_version"), ==, 2);
	g_assert_cmpint(query_number(backup, "SELECT x FROM a"), ==, 7);
	g_assert_cmpint(query_number(backup, "PRAGMA user_version"), ==, 1);
}

static void test_failed_migration_changes_nothing(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->dir, "m.db", NULL);
	XbDb *db = xb_db_open_with(path, false, broken_migrations, 1, &error);

	(void)unused;
	g_assert_no_error(error);
	xb_db_close(db);
	g_assert_null(xb_db_open_with(path, false, broken_migrations, 2, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_SQL);
	g_assert_nonnull(strstr(error->message, "migrate to version 2"));
	g_assert_cmpint(query_number(path, "PRAGMA user_version"), ==, 1);
	g_assert_cmpint(query_number(path, "SELECT count(*) FROM pragma_table_info('a')"), ==, 1);
	g_clear_error(&error);
	/* And the backup of the failed attempt does not stand in the way. */
	db = xb_db_open_with(path, false, two_migrations, 2, &error);
	g_assert_no_error(error);
	xb_db_close(db);
}

static void test_newer_schema_is_refused(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	xb_db_close(f->db);
	f->db = NULL;
	query_number(f->path, "PRAGMA user_version = 4711");
	g_assert_null(xb_db_open(f->path, false, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NEWER);
	g_assert_nonnull(strstr(error->message, "4711"));
	g_assert_nonnull(strstr(error->message, "versions up to "));
	g_clear_error(&error);
	g_assert_null(xb_db_open(f->path, true, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NEWER);
}

static void test_foreign_files_are_refused(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_build_filename(f->dir, "text", NULL);
	g_autofree char *other = g_build_filename(f->dir, "other", NULL);
	g_autofree char *junk = g_strnfill(8192, 'x');

	(void)unused;
	g_assert_true(g_file_set_contents(text, junk, -1, NULL));
	g_assert_null(xb_db_open(text, false, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT);
	g_clear_error(&error);
	query_number(other, "CREATE TABLE theirs (x)");
	g_assert_null(xb_db_open(other, false, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT);
	g_assert_nonnull(strstr(error->message, "another program"));
}

static void test_full_disk_is_told_apart(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strnfill(1 << 20, 'x');
	int64_t pages = query_number(f->path, "PRAGMA page_count");
	g_autofree char *limit =
		g_strdup_printf("PRAGMA max_page_count = %" G_GINT64_FORMAT, pages + 2);

	(void)unused;
	sqlite3_exec(f->db->handle, limit, NULL, NULL, NULL);
	g_assert_true(xb_db_begin(f->db, &error));
	g_assert_false(xb_db_journal_add(f->db, 0, 1, text, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_FULL);
	g_assert_nonnull(strstr(error->message, f->path));
	g_clear_error(&error);
	xb_db_rollback(f->db);
	sqlite3_exec(f->db->handle, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL);
	g_assert_true(xb_db_journal_add(f->db, 0, 1, text, &error));
	g_assert_no_error(error);
}

static guint journal_lines(XbDb *db)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) lines = xb_db_journal(db, 0, 0, 10, &error);

	g_assert_no_error(error);
	return lines->len;
}

static void test_inner_transaction_is_part_of_the_outer(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	g_assert_true(xb_db_begin(f->db, &error));
	xb_db_journal_add(f->db, 0, 1, "outer", NULL);
	g_assert_true(xb_db_begin(f->db, &error));
	xb_db_journal_add(f->db, 0, 2, "taken back", NULL);
	xb_db_rollback(f->db);
	g_assert_cmpuint(journal_lines(f->db), ==, 1);
	g_assert_true(xb_db_begin(f->db, &error));
	xb_db_journal_add(f->db, 0, 3, "inner", NULL);
	g_assert_true(xb_db_commit(f->db, &error));
	g_assert_cmpuint(journal_lines(f->db), ==, 2);
	/* what the inner one committed goes with the outer one */
	xb_db_rollback(f->db);
	g_assert_cmpuint(journal_lines(f->db), ==, 0);
	/* and the next one is an outermost one again */
	g_assert_true(xb_db_begin(f->db, &error));
	xb_db_journal_add(f->db, 0, 4, "kept", NULL);
	g_assert_true(xb_db_commit(f->db, &error));
	g_assert_true(sqlite3_get_autocommit(f->db->handle));
	g_assert_cmpuint(journal_lines(f->db), ==, 1);
}

/* A full disk rolls back all: the outer transaction must not pass for committed. */
static void test_full_disk_in_an_inner_transaction(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strnfill(1 << 20, 'x');
	int64_t pages = query_number(f->path, "PRAGMA page_count");
	g_autofree char *limit =
		g_strdup_printf("PRAGMA max_page_count = %" G_GINT64_FORMAT, pages + 2);
	bool whole;

	(void)unused;
	sqlite3_exec(f->db->handle, limit, NULL, NULL, NULL);
	g_assert_true(xb_db_begin(f->db, &error));
	xb_db_journal_add(f->db, 0, 1, "outer", NULL);
	g_assert_true(xb_db_begin(f->db, &error));
	g_assert_false(xb_db_journal_add(f->db, 0, 2, text, NULL));
	xb_db_rollback(f->db);
	sqlite3_exec(f->db->handle, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL);
	whole = xb_db_commit(f->db, NULL);
	xb_db_rollback(f->db);
	g_assert_cmpuint(journal_lines(f->db), ==, whole ? 1 : 0);
	g_assert_true(xb_db_begin(f->db, &error));
	g_assert_true(xb_db_commit(f->db, &error));
	g_assert_no_error(error);
}

static void test_killed_writer_loses_only_its_open_transaction(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int status;
	pid_t pid;

	(void)unused;
	xb_db_close(f->db);
	f->db = NULL;
	pid = fork();
	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		XbDb *db = xb_db_open(f->path, false, NULL);

		xb_db_journal_add(db, 0, 1, "kept", NULL);
		xb_db_begin(db, NULL);
		xb_db_journal_add(db, 0, 2, "lost", NULL);
		kill(getpid(), SIGKILL);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	f->db = xb_db_open(f->path, false, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) lines = xb_db_journal(f->db, 0, 0, 10, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(lines->len, ==, 1);
	g_assert_cmpstr(((XbJournalLine *)lines->pdata[0])->text, ==, "kept");
}

/* ---- jobs -------------------------------------------------------------------- */

static void test_jobs_are_served_by_priority_then_age(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t first = add_job(f->db, 0), second = add_job(f->db, 5), third = add_job(f->db, 5);
	int64_t ended = add_job(f->db, 9);
	XbJobState state = XB_JOB_CANCELLED;

	(void)unused;
	g_assert_true(xb_db_job_set_state(f->db, ended, XB_JOB_CANCELLED, "why", 9, &error));
	g_autoptr(GPtrArray) open = xb_db_jobs_open(f->db, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(open->len, ==, 3);
	g_assert_cmpint(((XbJob *)open->pdata[0])->id, ==, second);
	g_assert_cmpint(((XbJob *)open->pdata[1])->id, ==, third);
	g_assert_cmpint(((XbJob *)open->pdata[2])->id, ==, first);
	g_autoptr(GPtrArray) all = xb_db_jobs_list(f->db, NULL, 0, 2, &error);
	g_assert_cmpuint(all->len, ==, 2);
	g_assert_cmpint(((XbJob *)all->pdata[0])->id, ==, ended);
	g_autoptr(GPtrArray) cancelled = xb_db_jobs_list(f->db, &state, 0, 10, &error);
	g_assert_cmpuint(cancelled->len, ==, 1);
	g_assert_cmpstr(((XbJob *)cancelled->pdata[0])->detail, ==, "why");
	/* the next page */
	g_autoptr(GPtrArray) older = xb_db_jobs_list(f->db, NULL, third, 10, &error);
	g_assert_cmpuint(older->len, ==, 2);
	g_assert_cmpint(((XbJob *)older->pdata[0])->id, ==, second);
	g_autoptr(GPtrArray) none = xb_db_jobs_list(f->db, &state, ended, 10, &error);
	g_assert_cmpuint(none->len, ==, 0);
}

static void test_what_was_found_is_not_hidden_by_measurements(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t bisect = add_job(f->db, 0);
	(void)unused;

	g_assert_true(xb_db_job_set_state(f->db, bisect, XB_JOB_DONE, NULL, 9, &error));
	for (int i = 0; i < 5; i++) {
		const XbJob measure = { .kind = XB_JOB_MEASURE, .spec = (char *)"{}" };
		int64_t id = xb_db_job_add(f->db, &measure, &error);

		g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_DONE, NULL, 9, &error));
	}
	add_job(f->db, 0); /* not done */
	g_autoptr(GPtrArray) found = xb_db_jobs_found(f->db, 3, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(found->len, ==, 1);
	g_assert_cmpint(((XbJob *)found->pdata[0])->id, ==, bisect);
}

static void test_job_states_set_their_times(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t id = add_job(f->db, 0);

	(void)unused;
	g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_RUNNING, NULL, 10, &error));
	g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_RUNNING, "noted", 20, &error));
	g_assert_true(xb_db_job_set_state(f->db, id, XB_JOB_DONE, NULL, 30, &error));
	g_assert_true(xb_db_job_set_verdict(f->db, id, "{\"kind\":\"none\"}", &error));
	g_assert_true(xb_db_job_set_spec(f->db, id, "{\"x\":1}", &error));
	g_assert_no_error(error);
	g_autoptr(XbJob) job = xb_db_job_get(f->db, id, &error);
	g_assert_cmpint(job->state, ==, XB_JOB_DONE);
	g_assert_cmpint(job->started_ms, ==, 10);
	g_assert_cmpint(job->finished_ms, ==, 30);
	g_assert_cmpstr(job->detail, ==, "noted");
	g_assert_cmpstr(job->verdict, ==, "{\"kind\":\"none\"}");
	g_assert_cmpstr(job->spec, ==, "{\"x\":1}");
	g_assert_false(xb_db_job_set_state(f->db, 99, XB_JOB_DONE, NULL, 30, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(xb_db_job_get(f->db, 99, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
}

static void test_names_of_states(void)
{
	XbJobState state;

	for (int i = XB_JOB_QUEUED; i <= XB_JOB_CANCELLED; i++) {
		g_assert_true(xb_job_state_parse(xb_job_state_name((XbJobState)i), &state));
		g_assert_cmpint(state, ==, i);
	}
	g_assert_false(xb_job_state_parse("flying", &state));
	g_assert_false(xb_job_state_parse(NULL, &state));
	g_assert_cmpstr(xb_job_kind_name(XB_JOB_AB), ==, "ab");
}

static void test_commits_keep_their_parents(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t job = add_job(f->db, 0), variant = add_variant(f->db, "k");

	(void)unused;
	for (int i = 0; i < 12; i++)
		add_commit(f->db, job, i, variant);
	g_autoptr(GPtrArray) commits = xb_db_job_commits(f->db, job, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(commits->len, ==, 12);
	XbJobCommit *first = commits->pdata[0], *last = commits->pdata[11];
	g_assert_cmpuint(first->parents->len, ==, 0);
	g_assert_cmpint(last->node, ==, 11);
	g_assert_cmpuint(last->parents->len, ==, 2);
	g_assert_cmpint(g_array_index(last->parents, int, 0), ==, 10);
	g_assert_cmpint(g_array_index(last->parents, int, 1), ==, 8);
	g_assert_cmpstr(last->subject, ==, "subject");
	g_assert_cmpstr(last->tree, ==, "t");
	g_assert_cmpint(first->first_parent, ==, -1);
	g_assert_cmpint(last->first_parent, ==, 10);
	/* one of them by itself */
	g_assert_cmpint(xb_db_job_size(f->db, job, &error), ==, 12);
	g_autoptr(XbJobCommit) one = xb_db_job_commit_get(f->db, job, 11, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(one->label, ==, last->label);
	g_assert_cmpuint(one->parents->len, ==, 2);
	g_assert_null(xb_db_job_commit_get(f->db, job, 12, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
	g_clear_error(&error);
	/* A variant that does not exist: foreign keys are on. */
	XbJobCommit wrong = { .node = 12, .label = (char *)"x", .variant_id = 999 };
	g_assert_false(xb_db_job_commit_add(f->db, job, &wrong, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_SQL);
}

static void test_images_of_a_job(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t job = add_job(f->db, 0), variant = add_variant(f->db, "clean");
	XbJobImage clean = { .node = 4, .variant_id = variant };
	XbJobImage revert = { .node = 4, .revert = true, .detail = (char *)"does not apply" };

	(void)unused;
	g_assert_true(xb_db_job_image_add(f->db, job, &revert, &error));
	g_assert_true(xb_db_job_image_add(f->db, job, &clean, &error));
	g_assert_true(xb_db_job_image_add(f->db, job, &clean, &error));
	g_autoptr(GPtrArray) images = xb_db_job_images(f->db, job, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(images->len, ==, 2);
	XbJobImage *first = images->pdata[0], *second = images->pdata[1];
	g_assert_false(first->revert);
	g_assert_cmpint(first->variant_id, ==, variant);
	g_assert_true(second->revert);
	g_assert_cmpint(second->variant_id, ==, 0);
	g_assert_cmpstr(second->detail, ==, "does not apply");
}

/* ---- variants ---------------------------------------------------------------- */

static void test_culprit_of_a_job(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t job = add_job(f->db, 0);
	const XbCulprit first = { (char *)"{}", (char *)"" };
	const XbCulprit second = { (char *)"{\"commit\":\"c1\"}", (char *)"+line\n" };
	(void)unused;

	g_assert_null(xb_db_culprit_get(f->db, job, &error));
	g_assert_no_error(error);
	g_assert_true(xb_db_culprit_set(f->db, job, &first, &error));
	g_assert_true(xb_db_culprit_set(f->db, job, &second, &error));
	g_autoptr(XbCulprit) culprit = xb_db_culprit_get(f->db, job, &error);
	g_assert_cmpstr(culprit->facts, ==, second.facts);
	g_assert_cmpstr(culprit->patch, ==, second.patch);
}

static void test_variant_round_trip(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t id = add_variant(f->db, "key"), other = add_variant(f->db, "other");

	(void)unused;
	g_assert_cmpint(id, !=, other);
	g_assert_cmpint(xb_db_variant_ensure(f->db, "key", "{\"repo\":\"moved\"}", true, &error),
			==, id);
	g_autoptr(XbVariant) v = xb_db_variant_get(f->db, id, &error);
	g_assert_no_error(error);
	g_assert_cmpint(v->state, ==, XB_VARIANT_UNBUILT);
	g_assert_cmpstr(v->source, ==, "{\"repo\":\"moved\"}"); /* the last one tells where */
	g_assert_null(v->dir);
	v->state = XB_VARIANT_BUILT;
	v->image_sha256 = g_strdup("aa");
	v->dir = g_strdup("artifacts/1");
	v->size_bytes = 1 << 20;
	v->used_ms = 50;
	g_assert_true(xb_db_variant_update(f->db, v, &error));
	g_assert_true(xb_db_variant_touch(f->db, id, 70, &error));
	g_assert_true(xb_db_variant_touch(f->db, id, 60, &error)); /* never back */
	g_autoptr(GPtrArray) disk = xb_db_variants_on_disk(f->db, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(disk->len, ==, 1);
	XbVariant *stored = disk->pdata[0];
	g_assert_cmpint(stored->used_ms, ==, 70);
	g_assert_cmpint(stored->state, ==, XB_VARIANT_BUILT);
	g_assert_cmpstr(stored->image_sha256, ==, "aa");
	g_assert_cmpint(stored->size_bytes, ==, 1 << 20);
	g_assert_null(xb_db_variant_get(f->db, 77, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
}

static void test_variants_of_job_follow_the_nodes(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t job = add_job(f->db, 0), a = add_variant(f->db, "a"), b = add_variant(f->db, "b");

	(void)unused;
	add_commit(f->db, job, 0, b);
	add_commit(f->db, job, 1, a);
	add_commit(f->db, job, 2, b);
	g_autoptr(GPtrArray) variants = xb_db_variants_of_job(f->db, job, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(variants->len, ==, 3);
	g_assert_cmpint(((XbVariant *)variants->pdata[0])->id, ==, b);
	g_assert_cmpint(((XbVariant *)variants->pdata[1])->id, ==, a);
	g_assert_cmpint(((XbVariant *)variants->pdata[2])->id, ==, b);
	g_assert_cmpint(((XbVariant *)variants->pdata[2])->node, ==, 2);
	/* of these, those of which something is known */
	g_autoptr(XbVariant) built = xb_db_variant_get(f->db, b, &error);
	built->state = XB_VARIANT_BUILT;
	g_assert_true(xb_db_variant_update(f->db, built, &error));
	g_autoptr(GPtrArray) known = xb_db_variants_known(f->db, job, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(known->len, ==, 2);
	g_assert_cmpint(((XbVariant *)known->pdata[0])->node, ==, 0);
	g_assert_cmpint(((XbVariant *)known->pdata[1])->node, ==, 2);
	g_assert_cmpint(((XbVariant *)known->pdata[1])->id, ==, b);
}

/* ---- runs -------------------------------------------------------------------- */

static void test_run_life(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t job = add_job(f->db, 0), variant = add_variant(f->db, "k");
	int64_t id = add_run(f->db, XB_RUN_BOOT, job, variant, "qemu");
	g_autofree char *dir = g_strdup_printf("runs/%" G_GINT64_FORMAT, id);

	(void)unused;
	g_autoptr(XbRun) fresh = xb_db_run_get(f->db, id, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(fresh->dir, ==, dir);
	g_assert_cmpint(fresh->state, ==, XB_RUN_STARTING);
	g_assert_cmpint(fresh->node, ==, -1);
	g_assert_false(fresh->has_outcome);
	g_assert_cmpstr(fresh->workload, ==, "");
	g_assert_true(xb_db_run_set_running(f->db, id, 4242, &error));
	g_assert_true(xb_db_run_set_phase(f->db, id, "boot", &error));
	g_assert_true(xb_db_run_set_offset(f->db, id, 123456789012, &error));
	g_assert_true(xb_db_run_set_fingerprint(f->db, id, "host", NULL, &error));
	g_assert_true(xb_db_run_set_fingerprint(f->db, id, NULL, "load", &error));
	g_autoptr(GPtrArray) active = xb_db_runs_active(f->db, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(active->len, ==, 1);
	XbRun *running = active->pdata[0];
	g_assert_cmpint(running->pid, ==, 4242);
	g_assert_cmpuint(running->events_offset, ==, 123456789012);
	g_assert_cmpstr(running->phase, ==, "boot");
	g_assert_cmpstr(running->host_fp, ==, "host");
	g_assert_cmpstr(running->workload_fp, ==, "load");
	g_assert_true(xb_db_run_finish(f->db, id, XB_OUTCOME_BOOT_FAILED, "panic", 3000, &error));
	g_assert_no_error(error);
	g_autoptr(XbRun) done = xb_db_run_get(f->db, id, &error);
	g_assert_true(done->has_outcome);
	g_assert_cmpint(done->outcome, ==, XB_OUTCOME_BOOT_FAILED);
	g_assert_cmpint(done->finished_ms, ==, 3000);
	g_assert_cmpint(done->pid, ==, 0);
	/* An outcome is final. */
	g_assert_false(xb_db_run_finish(f->db, id, XB_OUTCOME_OK, NULL, 4000, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
}

static void test_ids_of_runs_are_never_used_again(Fixture *f, gconstpointer unused)
{
	int64_t variant = add_variant(f->db, "k");
	int64_t first = add_run(f->db, XB_RUN_BUILD, 0, variant, "0");
	int64_t second;

	(void)unused;
	sqlite3_exec(f->db->handle, "DELETE FROM run", NULL, NULL, NULL);
	second = add_run(f->db, XB_RUN_BUILD, 0, variant, "0");
	g_assert_cmpint(second, ==, first + 1);
}

static void test_runs_for_job_share_images(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t job = add_job(f->db, 0), mine = add_variant(f->db, "mine");
	int64_t twin = add_variant(f->db, "twin"), alien = add_variant(f->db, "alien");
	int64_t extra = add_variant(f->db, "extra"), unbuilt = add_variant(f->db, "unbuilt");
	const struct {
		int64_t id;
		const char *image;
	} images[] = { { mine, "one" }, { twin, "one" }, { alien, "two" } };
	g_autoptr(GArray) extras = g_array_new(FALSE, FALSE, sizeof(int64_t));

	(void)unused;
	for (guint i = 0; i < G_N_ELEMENTS(images); i++) {
		g_autoptr(XbVariant) v = xb_db_variant_get(f->db, images[i].id, NULL);
		v->image_sha256 = g_strdup(images[i].image);
		g_assert_true(xb_db_variant_update(f->db, v, &error));
	}
	add_commit(f->db, job, 0, mine);
	int64_t a = add_run(f->db, XB_RUN_BOOT, 0, mine, "qemu");
	add_run(f->db, XB_RUN_BOOT, 0, alien, "qemu");
	int64_t b = add_run(f->db, XB_RUN_BOOT, 0, twin, "qemu");
	int64_t c = add_run(f->db, XB_RUN_BUILD, job, extra, "0");
	add_run(f->db, XB_RUN_BOOT, 0, unbuilt, "qemu");
	add_commit(f->db, job, 1, add_variant(f->db, "mine alone"));
	g_autoptr(GPtrArray) own_variants = xb_db_variants_of_job(f->db, job, &error);
	g_assert_no_error(error);
	g_assert_true(((XbVariant *)own_variants->pdata[0])->is_alike);
	g_assert_false(((XbVariant *)own_variants->pdata[1])->is_alike);
	g_array_append_val(extras, mine);
	g_autoptr(GPtrArray) runs = xb_db_runs_for_job(f->db, job, extras, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(runs->len, ==, 2);
	g_assert_cmpint(((XbRun *)runs->pdata[0])->id, ==, a);
	g_assert_cmpint(((XbRun *)runs->pdata[1])->id, ==, b);
	g_array_append_val(extras, extra);
	g_autoptr(GPtrArray) more = xb_db_runs_for_job(f->db, job, extras, &error);
	g_assert_cmpuint(more->len, ==, 3);
	g_assert_cmpint(((XbRun *)more->pdata[2])->id, ==, c);
	g_autoptr(GPtrArray) own = xb_db_runs_of_job(f->db, job, &error);
	g_assert_cmpuint(own->len, ==, 1);
	g_autoptr(GPtrArray) of_variant = xb_db_runs_of_variant(f->db, twin, &error);
	g_assert_cmpuint(of_variant->len, ==, 1);
	/* Samples: only of boots that ended well. */
	g_assert_true(xb_db_sample_add(f->db, a, "unmap", 1, 0.5, "s", &error));
	g_assert_true(xb_db_sample_add(f->db, b, "unmap", 2, 0.7, "s", &error));
	g_assert_true(xb_db_sample_add(f->db, b, "unmap", 1, 0.6, "s", &error));
	g_assert_true(xb_db_sample_add(f->db, b, "map", 1, 9, "s", &error));
	g_assert_true(xb_db_run_finish(f->db, a, XB_OUTCOME_HOST_TROUBLE, "", 1, &error));
	g_assert_true(xb_db_run_finish(f->db, b, XB_OUTCOME_OK, "", 1, &error));
	g_autoptr(GPtrArray) ended = xb_db_runs_for_job(f->db, job, extras, &error);
	g_autoptr(GHashTable) samples = xb_db_samples_of_runs(f->db, ended, "unmap", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_hash_table_size(samples), ==, 1);
	GArray *values = g_hash_table_lookup(samples, &b);
	g_assert_cmpuint(values->len, ==, 2);
	g_assert_cmpfloat(g_array_index(values, double, 0), ==, 0.6);
	g_assert_cmpfloat(g_array_index(values, double, 1), ==, 0.7);
	/* The same as history: of this class of hosts, and not of the job that asks. */
	g_assert_true(xb_db_run_set_fingerprint(f->db, a, "h", "w", &error));
	g_assert_true(xb_db_run_set_fingerprint(f->db, b, "h", "w", &error));
	g_autoptr(GArray) rows = xb_db_noise_rows(f->db, "h", "w", "unmap", 9999, 10, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpint(g_array_index(rows, XbNoiseRow, 1).run, ==, b);
	g_assert_cmpfloat(g_array_index(rows, XbNoiseRow, 1).value, ==, 0.7);
	g_autoptr(GArray) other = xb_db_noise_rows(f->db, "h2", "w", "unmap", 9999, 10, &error);
	g_assert_cmpuint(other->len, ==, 0);
}

static void test_seconds_and_last_run_of_a_place(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t variant = add_variant(f->db, "k"), id = 0;

	(void)unused;
	g_assert_true(isnan(xb_db_run_seconds(f->db, XB_RUN_BOOT, NULL, 5, &error)));
	g_assert_null(xb_db_run_last(f->db, XB_RUN_BOOT, "qemu", &error));
	g_assert_no_error(error);
	for (int i = 1; i <= 3; i++) {
		id = add_run(f->db, XB_RUN_BOOT, 0, variant, "qemu");
		g_assert_true(
			xb_db_run_finish(f->db, id, XB_OUTCOME_OK, NULL, 1000 + i * 1000, &error));
	}
	id = add_run(f->db, XB_RUN_BOOT, 0, variant, "lab");
	g_assert_true(xb_db_run_finish(f->db, id, XB_OUTCOME_OK, NULL, 11000, &error));
	id = add_run(f->db, XB_RUN_BOOT, 0, variant, "qemu");
	g_assert_true(xb_db_run_finish(f->db, id, XB_OUTCOME_HOST_TROUBLE, NULL, 99000, &error));
	g_assert_cmpfloat(xb_db_run_seconds(f->db, XB_RUN_BOOT, "qemu", 2, &error), ==, 2.5);
	g_assert_cmpfloat(xb_db_run_seconds(f->db, XB_RUN_BOOT, NULL, 2, &error), ==, 6.5);
	g_autoptr(XbRun) last = xb_db_run_last(f->db, XB_RUN_BOOT, "qemu", &error);
	g_assert_no_error(error);
	g_assert_cmpint(last->id, ==, id);
	g_autoptr(GPtrArray) disk = xb_db_runs_on_disk(f->db, 2, &error);
	g_assert_cmpuint(disk->len, ==, 2);
	int64_t oldest = ((XbRun *)disk->pdata[0])->id;
	g_assert_true(xb_db_run_set_evicted(f->db, oldest, &error));
	g_autoptr(XbRun) evicted = xb_db_run_get(f->db, oldest, &error);
	g_assert_true(evicted->evicted);
	g_autoptr(GPtrArray) rest = xb_db_runs_on_disk(f->db, 10, &error);
	g_assert_cmpuint(rest->len, ==, 4);
}

static void test_samples_and_events_are_stored_once(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t run = add_run(f->db, XB_RUN_BOOT, 0, add_variant(f->db, "k"), "qemu");

	(void)unused;
	g_assert_true(xb_db_sample_add(f->db, run, "unmap", 1, 1.5, "s", &error));
	g_assert_true(xb_db_sample_add(f->db, run, "unmap", 1, 2.5, "s", &error));
	g_assert_true(xb_db_sample_add(f->db, run, "map", 3, 0.25, NULL, &error));
	g_autoptr(GArray) all = xb_db_samples(f->db, run, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(all->len, ==, 2);
	XbSample *map = &g_array_index(all, XbSample, 0), *unmap = &g_array_index(all, XbSample, 1);
	g_assert_cmpstr(map->metric, ==, "map");
	g_assert_cmpstr(map->unit, ==, "");
	g_assert_cmpint(map->iteration, ==, 3);
	g_assert_cmpfloat(unmap->value, ==, 2.5);
	g_autoptr(GArray) one = xb_db_samples(f->db, run, "unmap", &error);
	g_assert_cmpuint(one->len, ==, 1);
	/* A number that is none never gets in. */
	g_assert_false(xb_db_sample_add(f->db, run, "unmap", 2, NAN, "s", &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_SQL);
	g_clear_error(&error);
	g_assert_true(xb_db_event_add(f->db, run, 100, "artifact", "{\"a\":2}", &error));
	g_assert_true(xb_db_event_add(f->db, run, 0, "artifact", "{\"a\":1}", &error));
	g_assert_true(xb_db_event_add(f->db, run, 0, "artifact", "{\"a\":3}", &error));
	g_autoptr(GPtrArray) events = xb_db_events(f->db, run, "artifact", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(events->len, ==, 2);
	g_assert_cmpstr(events->pdata[0], ==, "{\"a\":1}");
	g_assert_cmpstr(events->pdata[1], ==, "{\"a\":2}");
}

/* ---- hosts and journal -------------------------------------------------------- */

static void test_hosts(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHostRow) host = xb_db_host_get(f->db, "lab1", &error);

	(void)unused;
	g_assert_no_error(error);
	g_assert_true(host->online);
	g_assert_cmpint(host->troubles, ==, 0);
	host->online = false;
	host->troubles = 3;
	g_free(host->reason);
	host->reason = g_strdup("no power");
	g_assert_true(xb_db_host_set(f->db, host, &error));
	g_autoptr(XbHostRow) again = xb_db_host_get(f->db, "lab1", &error);
	g_assert_no_error(error);
	g_assert_false(again->online);
	g_assert_cmpint(again->troubles, ==, 3);
	g_assert_cmpstr(again->reason, ==, "no power");
}

static void test_journal_from_either_end(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t job = add_job(f->db, 0);

	(void)unused;
	for (int i = 0; i < 5; i++) {
		g_autofree char *text = g_strdup_printf("line %d", i);
		g_assert_true(xb_db_journal_add(f->db, job, i, text, &error));
		g_assert_true(xb_db_journal_add(f->db, 0, i, "of the daemon", &error));
	}
	g_autoptr(GPtrArray) head = xb_db_journal(f->db, job, 0, 2, &error);
	g_autoptr(GPtrArray) tail = xb_db_journal(f->db, job, 0, -2, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(head->len, ==, 2);
	g_assert_cmpuint(tail->len, ==, 2);
	XbJournalLine *last = tail->pdata[1];
	g_assert_cmpstr(((XbJournalLine *)head->pdata[0])->text, ==, "line 0");
	g_assert_cmpstr(((XbJournalLine *)tail->pdata[0])->text, ==, "line 3");
	g_assert_cmpstr(last->text, ==, "line 4");
	g_autoptr(GPtrArray) after = xb_db_journal(f->db, job, last->seq, 10, &error);
	g_assert_cmpuint(after->len, ==, 0);
	g_autoptr(GPtrArray) daemon = xb_db_journal(f->db, 0, 0, 10, &error);
	g_assert_cmpuint(daemon->len, ==, 5);
}

/* ---- speed -------------------------------------------------------------------- */

/* Three of ten thousand nodes built and booted is what a long search looks like. */
static void test_large_job(Fixture *f, gconstpointer unused)
{
	enum { NODES = 20000, RUNS = 5000 };
	g_autoptr(GError) error = NULL;
	g_autoptr(GTimer) timer = NULL;
	int64_t job = add_job(f->db, 0), variants[NODES];
	double insert, runs_for_job;

	(void)unused;
	timer = g_timer_new();
	g_assert_true(xb_db_begin(f->db, &error));
	for (int i = 0; i < NODES; i++) {
		g_autofree char *key = g_strdup_printf("%064x", i * 7);
		variants[i] = add_variant(f->db, key);
		add_commit(f->db, job, i, variants[i]);
	}
	g_assert_true(xb_db_commit(f->db, &error));
	insert = g_timer_elapsed(timer, NULL);
	g_assert_true(xb_db_begin(f->db, &error));
	for (int i = 0; i < RUNS; i++) {
		int64_t variant = i % 100 == 0 ? variants[i] : add_variant(f->db, "other job's");
		int64_t run = add_run(f->db, XB_RUN_BOOT, 0, variant, "qemu");
		g_assert_true(xb_db_sample_add(f->db, run, "unmap", 1, i, "s", &error));
		g_assert_true(xb_db_run_finish(f->db, run, XB_OUTCOME_OK, NULL, 9, &error));
	}
	g_assert_true(xb_db_commit(f->db, &error));
	g_assert_no_error(error);
	g_timer_start(timer);
	g_autoptr(GPtrArray) runs = xb_db_runs_for_job(f->db, job, NULL, &error);
	runs_for_job = g_timer_elapsed(timer, NULL);
	g_assert_cmpuint(runs->len, ==, RUNS / 100);
	g_timer_start(timer);
	g_autoptr(GHashTable) samples = xb_db_samples_of_runs(f->db, runs, "unmap", &error);
	g_assert_cmpuint(g_hash_table_size(samples), ==, RUNS / 100);
	g_test_message("insert %.3f s, runs_for_job %.4f s, samples_of_runs %.4f s", insert,
		       runs_for_job, g_timer_elapsed(timer, NULL));
	g_timer_start(timer);
	g_autoptr(GPtrArray) of_job = xb_db_variants_of_job(f->db, job, &error);
	g_assert_cmpuint(of_job->len, ==, NODES);
	g_test_message("variants_of_job %.4f s", g_timer_elapsed(timer, NULL));
	g_timer_start(timer);
	g_autoptr(GPtrArray) commits = xb_db_job_commits(f->db, job, &error);
	g_assert_cmpuint(commits->len, ==, NODES);
	g_test_message("job_commits %.4f s", g_timer_elapsed(timer, NULL));
}

#define ADD(name, function) g_test_add("/db/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	g_test_init(&argc, &argv, NULL);
	ADD("reopen-keeps-rows", test_reopen_keeps_rows);
	ADD("reader-sees-and-never-writes", test_reader_sees_and_never_writes);
	ADD("reader-wants-a-database", test_reader_wants_a_database);
	ADD("migration-backs-up-first", test_migration_backs_up_first);
	ADD("failed-migration-changes-nothing", test_failed_migration_changes_nothing);
	ADD("newer-schema-is-refused", test_newer_schema_is_refused);
	ADD("foreign-files-are-refused", test_foreign_files_are_refused);
	ADD("full-disk-is-told-apart", test_full_disk_is_told_apart);
	ADD("inner-transaction-is-part-of-the-outer", test_inner_transaction_is_part_of_the_outer);
	ADD("full-disk-in-an-inner-transaction", test_full_disk_in_an_inner_transaction);
	ADD("killed-writer-loses-only-its-open-transaction",
	    test_killed_writer_loses_only_its_open_transaction);
	ADD("jobs-are-served-by-priority-then-age", test_jobs_are_served_by_priority_then_age);
	ADD("what-was-found-is-not-hidden-by-measurements",
	    test_what_was_found_is_not_hidden_by_measurements);
	ADD("job-states-set-their-times", test_job_states_set_their_times);
	g_test_add_func("/db/names-of-states", test_names_of_states);
	ADD("commits-keep-their-parents", test_commits_keep_their_parents);
	ADD("images-of-a-job", test_images_of_a_job);
	ADD("culprit-of-a-job", test_culprit_of_a_job);
	ADD("variant-round-trip", test_variant_round_trip);
	ADD("variants-of-job-follow-the-nodes", test_variants_of_job_follow_the_nodes);
	ADD("run-life", test_run_life);
	ADD("ids-of-runs-are-never-used-again", test_ids_of_runs_are_never_used_again);
	ADD("runs-for-job-share-images", test_runs_for_job_share_images);
	ADD("seconds-and-last-run-of-a-place", test_seconds_and_last_run_of_a_place);
	ADD("samples-and-events-are-stored-once", test_samples_and_events_are_stored_once);
	ADD("hosts", test_hosts);
	ADD("journal-from-either-end", test_journal_from_either_end);
	ADD("large-job", test_large_job);
	return g_test_run();
}
