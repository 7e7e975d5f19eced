/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How SQLite would run each statement of the table: none reads a large table from one end to the
 * other, or sorts one to take its first rows. No statistics are kept (no ANALYZE), so the plans do
 * not depend on what a database holds, and an empty one tells.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "db-private.h"

/* Tables that grow with use: by the thousand, or by the million. */
static const char *const large[] = { "job",         "job_commit",  "job_path",    "variant",
				     "run",         "sample",      "event",       "counter",
				     "journal",     "delivery",    "alert_job",   "watch_commit",
				     "watch_point", "watch_level", "watch_change" };

/* Scans that are meant. */
static const struct {
	XbSql sql;
	const char *detail, *why;
} meant[] = {
	{ XB_SQL_RUN_TALLY, "SCAN run USING INDEX run_tally",
	  "counts of all, by the index alone: for monitors" },
	{ XB_SQL_JOB_TALLY, "SCAN job", "the same of jobs, which are few beside runs" },
	{ XB_SQL_RUNS_ACTIVE, "SCAN r USING INDEX run_active", "holds the open ones only" },
	{ XB_SQL_VARIANTS_KNOWN, "SCAN run USING INDEX run_active", "the same" },
	{ XB_SQL_RUNS_ON_DISK, "SCAN r USING INDEX run_on_disk", "in order, up to a limit" },
	{ XB_SQL_VARIANTS_ON_DISK, "SCAN v USING INDEX variant_by_use",
	  "those with files: what is to be evicted" },
	{ XB_SQL_DELIVERIES_SENDING, "SCAN d USING INDEX delivery_open",
	  "holds the open ones only" },
};

typedef struct {
	char *dir;
	XbDb *db;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	(void)unused;

	f->dir = g_dir_make_tmp("xbisect-plans-XXXXXX", &error);
	path = g_build_filename(f->dir, "xbisect.db", NULL);
	f->db = xb_db_open(path, false, &error);
	g_assert_no_error(error);
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

/* The table that a statement calls by @name: "run AS r". Caller frees. */
static char *table_of(const char *sql, const char *name)
{
	g_autofree char *pattern = g_strdup_printf("\\b(\\w+) AS %s\\b", name);
	g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	return g_regex_match(regex, sql, 0, &match) ? g_match_info_fetch(match, 1) : g_strdup(name);
}

/* Its place among the exceptions, or -1. */
static int find_meant(XbSql sql, const char *detail)
{
	for (guint i = 0; i < G_N_ELEMENTS(meant); i++)
		if (meant[i].sql == sql && strcmp(meant[i].detail, detail) == 0)
			return (int)i;
	return -1;
}

/* Does this line of a plan read all of a large table? */
static bool reads_all(XbSql sql, const char *detail)
{
	g_auto(GStrv) words = g_strsplit(detail, " ", 3);
	g_autofree char *table = NULL;
	bool is_large = false;

	if (strcmp(words[0], "SCAN") != 0)
		return false;
	table = table_of(xb_sql[sql], words[1]);
	for (guint i = 0; i < G_N_ELEMENTS(large); i++)
		is_large |= strcmp(large[i], table) == 0;
	return is_large && find_meant(sql, detail) < 0;
}

/* The plan of a statement, a line each. */
static GPtrArray *plan_of(XbDb *db, XbSql sql)
{
	g_autofree char *text = g_strconcat("EXPLAIN QUERY PLAN ", xb_sql[sql], NULL);
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	sqlite3_stmt *row = NULL;

	g_assert_cmpint(sqlite3_prepare_v2(db->handle, text, -1, &row, NULL), ==, SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW)
		g_ptr_array_add(lines, xb_column_text(row, 3));
	sqlite3_finalize(row);
	return lines;
}

static void test_no_statement_reads_a_large_table(Fixture *f, gconstpointer unused)
{
	bool needed[G_N_ELEMENTS(meant)] = { false };
	(void)unused;

	for (int sql = 0; sql < XB_SQL_COUNT; sql++) {
		g_autoptr(GPtrArray) lines = plan_of(f->db, (XbSql)sql);

		for (guint i = 0; i < lines->len; i++) {
			int exception = find_meant((XbSql)sql, lines->pdata[i]);

			if (exception >= 0)
				needed[exception] = true;
			if (!reads_all((XbSql)sql, lines->pdata[i]))
				continue;
			g_test_message("%s: %s", (char *)lines->pdata[i], xb_sql[sql]);
			g_test_fail();
		}
	}
	for (guint i = 0; i < G_N_ELEMENTS(meant); i++) {
		if (needed[i])
			continue;
		g_test_message("an exception that is no longer needed: %s, %s", meant[i].detail,
			       meant[i].why);
		g_test_fail();
	}
}

/* "The last eight" by a sort of all is slow long before anybody sees why. */
static void test_no_list_with_a_limit_sorts_everything(Fixture *f, gconstpointer unused)
{
	static const XbSql lists[] = {
		XB_SQL_JOBS_ALL,    XB_SQL_JOBS_IN_STATE,  XB_SQL_JOBS_FOUND,    XB_SQL_RUN_LAST,
		XB_SQL_RUN_SECONDS, XB_SQL_RUN_SECONDS_AT, XB_SQL_RUNS_ON_DISK,  XB_SQL_ALERTS,
		XB_SQL_HOST_TASKS,  XB_SQL_HOST_NOTES,     XB_SQL_JOURNAL_FIRST, XB_SQL_EVENTS_ALL
	};
	(void)unused;

	for (guint s = 0; s < G_N_ELEMENTS(lists); s++) {
		g_autoptr(GPtrArray) lines = plan_of(f->db, lists[s]);

		g_assert_cmpuint(lines->len, >, 0);
		for (guint i = 0; i < lines->len; i++) {
			if (!strstr(lines->pdata[i], "TEMP B-TREE"))
				continue;
			g_test_message("%s", xb_sql[lists[s]]);
			g_test_fail();
		}
	}
}

#define ADD(name, function) g_test_add("/plans/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("no-statement-reads-a-large-table", test_no_statement_reads_a_large_table);
	ADD("no-list-with-a-limit-sorts-everything", test_no_list_with_a_limit_sorts_everything);
	return g_test_run();
}
