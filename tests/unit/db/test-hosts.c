/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts as a pool: their state, what was done to them, notes, health boots; and that alerts outlive
 * the migration that lets them be of hosts. */
#include <glib/gstdio.h>
#include <string.h>

#include "alerts.h"
#include "db-private.h"
#include "host-tasks.h"
#include "schema.h"

typedef struct {
	char *dir, *path;
	XbDb *db;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	f->dir = g_dir_make_tmp("xbisect-hosts-XXXXXX", &error);
	f->path = g_build_filename(f->dir, "xbisect.db", NULL);
	f->db = xb_db_open(f->path, false, &error);
	g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
	GDir *dir = g_dir_open(f->dir, 0, NULL);
	const char *name;

	(void)unused;
	xb_db_close(f->db);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(f->dir, name, NULL);
		g_unlink(path);
	}
	g_dir_close(dir);
	g_rmdir(f->dir);
	g_free(f->path);
	g_free(f->dir);
}

static void a_host_in_doubt_is_not_usable(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHostRow) row = xb_db_host_get(f->db, "lab1", &error);
	static const struct {
		XbHostCondition condition;
		const char *why;
	} cases[] = {
		{ XB_HOST_READY, NULL },
		{ XB_HOST_UNKNOWN, "unknown state" },
		{ XB_HOST_SUSPECT, "known-good" },
		{ XB_HOST_QUARANTINED, "unknown state" },
	};

	(void)unused;
	g_assert_no_error(error);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		row->condition = cases[i].condition;
		g_assert_true(xb_db_host_set(f->db, row, &error));
		g_autoptr(XbHostRow) again = xb_db_host_get(f->db, "lab1", &error);
		g_autofree char *why = xb_host_row_why(again);

		g_assert_cmpint(again->condition, ==, cases[i].condition);
		g_assert_true(xb_host_row_usable(again) == (cases[i].why == NULL));
		if (cases[i].why != NULL)
			g_assert_nonnull(strstr(why, cases[i].why));
		else
			g_assert_null(why);
	}
	row->condition = XB_HOST_READY;
	row->drained_ms = 5;
	g_free(row->drained);
	row->drained = g_strdup("new disk");
	g_assert_true(xb_db_host_set(f->db, row, &error));
	g_autoptr(XbHostRow) drained = xb_db_host_get(f->db, "lab1", &error);
	g_autofree char *why = xb_host_row_why(drained);
	g_assert_cmpint(drained->drained_ms, ==, 5);
	g_assert_cmpstr(why, ==, "lab1 is drained: new disk");
}

static void a_task_ends_once(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t id = xb_db_host_task_add(f->db, "lab1", XB_HOST_RECOVER, "why", 10, &error);
	g_autoptr(GPtrArray) running = xb_db_host_tasks_running(f->db, &error);

	(void)unused;
	g_assert_cmpint(id, >, 0);
	g_assert_cmpuint(running->len, ==, 1);
	g_assert_true(xb_db_host_task_finish(f->db, id, XB_OUTCOME_OK, "up again", 20, &error));
	g_assert_true(xb_db_host_task_finish(f->db, id, XB_OUTCOME_HOST_TROUBLE, "no", 30, &error));
	g_autoptr(GPtrArray) left = xb_db_host_tasks_running(f->db, &error);
	g_autoptr(XbHostTask) task = xb_db_host_task_get(f->db, id, &error);

	g_assert_cmpuint(left->len, ==, 0);
	g_assert_true(task->done);
	g_assert_cmpint(task->outcome, ==, XB_OUTCOME_OK);
	g_assert_cmpstr(task->detail, ==, "up again");
	g_assert_cmpint(task->finished_ms, ==, 20);
}

static void notes_are_newest_first(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	g_assert_true(xb_db_host_note_add(f->db, "lab1", 7, "first", 1, &error));
	g_assert_true(xb_db_host_note_add(f->db, "lab2", 7, "other", 2, &error));
	g_assert_true(xb_db_host_note_add(f->db, "lab1", 7, "second", 3, &error));
	g_autoptr(GPtrArray) notes = xb_db_host_notes(f->db, "lab1", 10, &error);
	g_assert_cmpuint(notes->len, ==, 2);
	g_assert_cmpstr(((XbHostNote *)notes->pdata[0])->text, ==, "second");
}

static int64_t add_boot(Fixture *f, int64_t variant, const char *purpose, const char *host_fp,
			double level)
{
	g_autoptr(GError) error = NULL;
	XbRun run = { .kind = XB_RUN_BOOT,
		      .node = -1,
		      .variant_id = variant,
		      .place = (char *)"lab1",
		      .workload = (char *)"w",
		      .purpose = (char *)purpose,
		      .host_fp = (char *)host_fp,
		      .workload_fp = (char *)"wf" };
	int64_t id = xb_db_run_add(f->db, &run, "runs/%lld", &error);

	g_assert_no_error(error);
	for (int i = 0; i < 2; i++)
		g_assert_true(xb_db_sample_add(f->db, id, "m", i, level + i, "s", &error));
	g_assert_true(xb_db_run_finish(f->db, id, XB_OUTCOME_OK, "", 10, &error));
	return id;
}

static void health_is_compared_with_its_like(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int64_t good = xb_db_variant_ensure(f->db, "k", "{}", false, &error);
	int64_t other = xb_db_variant_ensure(f->db, "o", "{}", false, &error);
	int64_t first = add_boot(f, good, "health", "h1", 1);

	(void)unused;
	add_boot(f, good, "health", "h1", 2);
	add_boot(f, good, "search", "h1", 50); /* another purpose, class, image: not its like */
	add_boot(f, good, "health", "h2", 60);
	add_boot(f, other, "health", "h1", 70);
	g_autoptr(XbRun) now = xb_db_run_get(f->db, add_boot(f, good, "health", "h1", 3), &error);
	g_autoptr(GArray) all = xb_db_health_levels(f->db, now, "m", 0, 10, &error);
	g_autoptr(GArray) since = xb_db_health_levels(f->db, now, "m", first, 10, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(all->len, ==, 2);
	g_assert_cmpfloat(g_array_index(all, double, 0), ==, 2.5);
	g_assert_cmpfloat(g_array_index(all, double, 1), ==, 1.5);
	g_assert_cmpuint(since->len, ==, 1);
}

/* A database of version 4 with an alert that waits to be told. */
static int64_t fill_old(const char *path)
{
	g_autoptr(GError) error = NULL;
	XbDb *db = xb_db_open_with(path, false, xb_migrations, 4, &error);
	XbJob job = { .kind = XB_JOB_BISECT, .state = XB_JOB_DONE, .spec = (char *)"{}" };
	XbAlert alert = { .key = (char *)"k",
			  .commit = (char *)"c0ffee",
			  .subject = (char *)"a subject",
			  .workload = (char *)"w",
			  .metric = (char *)"m",
			  .host_fp = (char *)"h",
			  .workload_fp = (char *)"f",
			  .ratio = 1.5 };
	bool is_new;
	int64_t id;

	g_assert_no_error(error);
	alert.job_id = xb_db_job_add(db, &job, &error);
	id = xb_db_alert_add(db, &alert, &is_new, &error);
	g_assert_true(xb_db_alert_add_job(db, id, alert.job_id, &error));
	g_assert_true(xb_db_delivery_add(db, id, "ops", false, 1, 1, &error));
	g_assert_no_error(error);
	xb_db_close(db);
	return id;
}

static void alerts_outlive_the_migration(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->dir, "old.db", NULL);
	int64_t id = fill_old(path);
	g_autoptr(XbDb) db = xb_db_open(path, false, &error);
	XbAlert host = { .key = (char *)"host\nlab1\n1",
			 .kind = XB_ALERT_HOST,
			 .commit = (char *)"lab1",
			 .subject = (char *)"it did not come back",
			 .workload = (char *)"",
			 .metric = (char *)"",
			 .host_fp = (char *)"",
			 .workload_fp = (char *)"" };
	bool is_new;

	(void)unused;
	g_assert_no_error(error);
	g_autoptr(XbAlert) alert = xb_db_alert_get(db, id, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(alert->commit, ==, "c0ffee");
	g_autoptr(GPtrArray) due = xb_db_deliveries_due(db, 1000, &error);
	g_assert_cmpuint(due->len, ==, 1);
	g_assert_cmpint(((XbDelivery *)due->pdata[0])->alert_id, ==, id);
	g_autoptr(GPtrArray) of_job = xb_db_alerts_of_job(db, alert->job_id, &error);
	g_assert_cmpuint(of_job->len, ==, 1);
	g_assert_cmpint(xb_db_alert_add(db, &host, &is_new, &error), >, id);
	g_assert_no_error(error);
}

static void hosts_that_are_not_configured_are_not_shown(Fixture *f, gconstpointer unused)
{
	static const char *const both[] = { "lab1", "lab2", NULL }, *const one[] = { "lab2", NULL };
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHostRow) row = NULL;
	(void)unused;

	g_assert_true(xb_db_hosts_configured(f->db, both, &error));
	g_assert_no_error(error);
	row = xb_db_host_get(f->db, "lab1", &error);
	row->drained_ms = 7;
	g_assert_true(xb_db_host_set(f->db, row, &error));
	g_assert_true(xb_db_hosts_configured(f->db, one, &error));
	g_autoptr(GPtrArray) left = xb_db_hosts(f->db, &error);
	g_assert_cmpuint(left->len, ==, 1);
	g_assert_cmpstr(((XbHostRow *)left->pdata[0])->name, ==, "lab2");
	/* what is known of it is there when it comes back */
	g_assert_true(xb_db_hosts_configured(f->db, both, &error));
	g_autoptr(GPtrArray) again = xb_db_hosts(f->db, &error);
	g_assert_cmpuint(again->len, ==, 2);
	g_assert_cmpint(((XbHostRow *)again->pdata[0])->drained_ms, ==, 7);
	g_assert_no_error(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add("/db/hosts/" #test, Fixture, NULL, set_up, test, tear_down)
	ADD(a_host_in_doubt_is_not_usable);
	ADD(hosts_that_are_not_configured_are_not_shown);
	ADD(a_task_ends_once);
	ADD(notes_are_newest_first);
	ADD(health_is_compared_with_its_like);
	ADD(alerts_outlive_the_migration);
#undef ADD
	return g_test_run();
}
