/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts, their deliveries, and watched branches: what is once stays once. */
#include <glib/gstdio.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "alerts.h"
#include "db-private.h"
#include "schema.h"
#include "watches.h"

typedef struct {
	char *dir, *path;
	XbDb *db;
	int64_t job;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	XbJob job = { .kind = XB_JOB_BISECT, .state = XB_JOB_DONE, .spec = (char *)"{}" };

	(void)unused;
	f->dir = g_dir_make_tmp("xbisect-alerts-XXXXXX", &error);
	f->path = g_build_filename(f->dir, "xbisect.db", NULL);
	f->db = xb_db_open(f->path, false, &error);
	g_assert_no_error(error);
	f->job = xb_db_job_add(f->db, &job, &error);
	g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
	static const char *const names[] = { "", "-wal", "-shm" };

	(void)unused;
	xb_db_close(f->db);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strconcat(f->path, names[i], NULL);
		g_unlink(path);
	}
	g_rmdir(f->dir);
	g_free(f->path);
	g_free(f->dir);
}

static int64_t add_alert(Fixture *f, const char *key, bool *is_new)
{
	g_autoptr(GError) error = NULL;
	XbAlert alert = { .key = (char *)key,
			  .job_id = f->job,
			  .commit = (char *)"c0ffee",
			  .subject = (char *)"a subject",
			  .workload = (char *)"w",
			  .metric = (char *)"m",
			  .unit = (char *)"s",
			  .lower_is_better = true,
			  .host_fp = (char *)"h",
			  .workload_fp = (char *)"f",
			  .base = 1,
			  .test = 1.5,
			  .ratio = 1.5,
			  .confidence = 0.99,
			  .created_ms = 1000 };
	int64_t id = xb_db_alert_add(f->db, &alert, is_new, &error);

	g_assert_no_error(error);
	g_assert_cmpint(id, >, 0);
	return id;
}

static void one_culprit_is_one_alert(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = NULL, of_job = NULL;
	bool is_new;
	int64_t id = add_alert(f, "k1", &is_new);

	(void)unused;
	g_assert_true(is_new);
	g_assert_cmpint(add_alert(f, "k1", &is_new), ==, id);
	g_assert_false(is_new);
	g_assert_cmpint(add_alert(f, "k2", &is_new), !=, id);
	g_assert_true(xb_db_alert_add_job(f->db, id, f->job, &error));
	g_assert_true(xb_db_alert_add_job(f->db, id, f->job, &error));
	of_job = xb_db_alerts_of_job(f->db, f->job, &error);
	g_assert_cmpuint(of_job->len, ==, 1);
	all = xb_db_alerts(f->db, 10, &error);
	g_assert_cmpuint(all->len, ==, 2);
	g_autoptr(XbAlert) alert = xb_db_alert_get(f->db, id, &error);
	g_assert_cmpstr(alert->subject, ==, "a subject");
	g_assert_cmpfloat(alert->ratio, ==, 1.5);
	g_assert_true(alert->lower_is_better);
	g_assert_null(xb_db_alert_get(f->db, 99, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
}

static guint count_due(Fixture *f, int64_t now)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) due = xb_db_deliveries_due(f->db, now, &error);

	g_assert_no_error(error);
	return due->len;
}

static void settle(Fixture *f, int64_t id, XbSettlement settled, int64_t now_ms)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(xb_db_delivery_settle(f->db, id, &settled, now_ms, &error));
	g_assert_no_error(error);
}

static void a_delivery_is_due_once(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	bool is_new;
	int64_t id = add_alert(f, "k1", &is_new);

	(void)unused;
	for (int i = 0; i < 2; i++) { /* the second time is a no-op */
		g_assert_true(xb_db_delivery_add(f->db, id, "mail", false, 1000, 2000, &error));
		g_assert_true(xb_db_delivery_add(f->db, id, "hook", false, 1000, 1000, &error));
	}
	g_assert_cmpuint(count_due(f, 999), ==, 0);
	g_assert_cmpuint(count_due(f, 1000), ==, 1);
	g_assert_cmpuint(count_due(f, 2000), ==, 2);
	g_assert_cmpint(xb_db_deliveries_next_ms(f->db, &error), ==, 1000);

	g_autoptr(GPtrArray) due = xb_db_deliveries_due(f->db, 2000, &error);
	int64_t first = ((XbDelivery *)due->pdata[0])->id;
	g_assert_true(xb_db_delivery_send(f->db, first, first, &error));
	g_assert_cmpuint(count_due(f, 9000), ==, 1);
	g_autoptr(GPtrArray) sending = xb_db_deliveries_sending(f->db, &error);
	g_assert_cmpuint(sending->len, ==, 1);
	/* the mail server was busy: again at 5000, in the same message */
	settle(f, first,
	       (XbSettlement){
		       .state = XB_DELIVERY_WAITING, .due_ms = 5000, .detail = "451 later" },
	       3000);
	g_assert_cmpuint(count_due(f, 4999), ==, 1);
	g_assert_cmpuint(count_due(f, 5000), ==, 2);
	g_assert_true(xb_db_delivery_send(f->db, first, first, &error));
	settle(f, first,
	       (XbSettlement){ .state = XB_DELIVERY_DELIVERED, .due_ms = 5000, .detail = "250 ok" },
	       5001);
	g_autoptr(GPtrArray) batch = xb_db_deliveries_of_batch(f->db, first, &error);
	const XbDelivery *delivery = batch->pdata[0];
	g_assert_cmpint(delivery->state, ==, XB_DELIVERY_DELIVERED);
	g_assert_cmpint(delivery->attempts, ==, 2);
	g_assert_cmpint(delivery->finished_ms, ==, 5001);
	/* once delivered, adding it again changes nothing */
	g_assert_true(xb_db_delivery_add(f->db, id, "mail", false, 6000, 6000, &error));
	g_assert_cmpuint(count_due(f, 9000), ==, 1);
	g_assert_no_error(error);
}

static void snoozed_waits_and_acknowledged_is_dropped(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	bool is_new;
	int64_t id = add_alert(f, "k1", &is_new);

	(void)unused;
	g_assert_true(xb_db_delivery_add(f->db, id, "mail", false, 1000, 1000, &error));
	g_assert_true(xb_db_delivery_add(f->db, id, "mail", true, 1000, 1000, &error));
	g_assert_true(xb_db_alert_snooze(f->db, id, 8000, &error));
	g_assert_cmpuint(count_due(f, 7999), ==, 0);
	g_assert_cmpuint(count_due(f, 8000), ==, 2);
	g_assert_cmpint(xb_db_deliveries_next_ms(f->db, &error), ==, 8000);
	g_assert_cmpint(xb_db_alerts_open(f->db, &error), ==, 1);
	g_assert_true(xb_db_alert_acknowledge(f->db, id, 1000, 7000, &error));
	g_assert_cmpint(xb_db_alerts_open(f->db, &error), ==, 0);
	g_assert_cmpuint(count_due(f, 8000), ==, 1);
	g_autoptr(GPtrArray) all = xb_db_deliveries_of_alert(f->db, id, &error);
	g_assert_cmpint(((XbDelivery *)all->pdata[0])->state, ==, XB_DELIVERY_DROPPED);
	g_assert_true(((XbDelivery *)all->pdata[1])->fixed);
	g_assert_true(xb_db_alert_set_fixed(f->db, id, "abc", 9000, &error));
	g_autoptr(GPtrArray) unfixed = xb_db_alerts_unfixed(f->db, "w", "m", &error);
	g_assert_cmpuint(unfixed->len, ==, 0);
	g_assert_false(xb_db_alert_snooze(f->db, 77, 8000, &error));
	g_assert_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND);
}

/* ---- watches --------------------------------------------------------------------- */

static XbWatch *add_watch(Fixture *f)
{
	g_autoptr(GError) error = NULL;
	const XbWatch watch = { .name = (char *)"next",
				.repo = (char *)"/r",
				.branch = (char *)"main",
				.spec = (char *)"{}",
				.every_ms = 5,
				.budget = 3 };
	XbWatch *found;

	g_assert_cmpint(xb_db_watch_add(f->db, &watch, &error), >, 0);
	found = xb_db_watch_find(f->db, "next", &error);
	g_assert_no_error(error);
	g_assert_nonnull(found);
	return found;
}

static void add_commits(Fixture *f, int64_t watch, int64_t seq, const char *ids)
{
	g_autoptr(GError) error = NULL;

	for (; *ids != '\0'; ids++, seq++) {
		char id[2] = { *ids, '\0' };
		const XbWatchCommit commit = { .seq = seq, .commit = id, .subject = id };

		xb_db_watch_commit_add(f->db, watch, &commit, &error);
		g_assert_no_error(error);
	}
}

static char *branch_of(Fixture *f, int64_t watch)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) commits = xb_db_watch_commits(f->db, watch, &error);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < commits->len; i++) {
		const XbWatchCommit *commit = commits->pdata[i];

		if (!commit->gone)
			g_string_append(text, commit->commit);
	}
	return g_string_free(text, FALSE);
}

static void a_forced_push_takes_commits_away(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbWatch) watch = add_watch(f);
	const XbWatchLevel level = { .seq = 2,
				     .unit = (char *)"s",
				     .level = 1.5,
				     .sd = NAN,
				     .boots = 1,
				     .host_fp = (char *)"h",
				     .workload_fp = (char *)"w" };
	g_autofree char *before = NULL, *after = NULL;

	(void)unused;
	add_commits(f, watch->id, 0, "abcd");
	g_assert_true(xb_db_watch_point_add(f->db, watch->id, 2, "w", f->job, &error));
	g_assert_true(xb_db_watch_level_set(f->db, watch->id, "w", "m", &level, &error));
	g_assert_true(xb_db_watch_commits_gone(f->db, watch->id, 1, &error));
	g_autoptr(GPtrArray) none = xb_db_watch_levels(f->db, watch->id, "w", "m", &error);
	g_assert_cmpuint(none->len, ==, 0);
	/* e is new; c comes back, and what was measured on it with it */
	add_commits(f, watch->id, 4, "ec");
	before = branch_of(f, watch->id);
	g_assert_cmpstr(before, ==, "abec");
	g_autoptr(GPtrArray) levels = xb_db_watch_levels(f->db, watch->id, "w", "m", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(levels->len, ==, 1);
	const XbWatchLevel *found = levels->pdata[0];
	g_assert_cmpint(found->seq, ==, 5);
	g_assert_cmpstr(found->commit, ==, "c");
	g_assert_cmpint(found->job_id, ==, f->job);
	g_assert_true(isnan(found->sd));
	g_autoptr(GPtrArray) series = xb_db_watch_series(f->db, watch->id, &error);
	g_assert_cmpstr(series->pdata[0], ==, "w\nm");
	g_assert_true(xb_db_watch_remove(f->db, watch->id, &error));
	after = branch_of(f, watch->id);
	g_assert_cmpstr(after, ==, "");
}

static void rows_of_a_watch_come_back(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbWatch) watch = add_watch(f);
	const XbWatchChange change = { .watch_id = watch->id,
				       .workload = (char *)"w",
				       .metric = (char *)"m",
				       .from_seq = 0,
				       .to_seq = 1,
				       .before = 1,
				       .after = 2 };
	int64_t id;

	(void)unused;
	g_assert_null(xb_db_watch_find(f->db, "other", &error));
	g_assert_no_error(error);
	g_free(watch->tip);
	watch->tip = g_strdup("abc");
	watch->budget = 2;
	g_assert_true(xb_db_watch_update(f->db, watch, &error));
	g_autoptr(GPtrArray) all = xb_db_watches(f->db, &error);
	g_assert_cmpstr(((XbWatch *)all->pdata[0])->tip, ==, "abc");
	g_assert_cmpint(((XbWatch *)all->pdata[0])->budget, ==, 2);

	add_commits(f, watch->id, 0, "ab");
	g_assert_true(xb_db_watch_commit_pick(f->db, watch->id, 1, "tip", &error));
	g_assert_true(xb_db_watch_point_add(f->db, watch->id, 1, "w", f->job, &error));
	g_autoptr(GPtrArray) open = xb_db_watch_points_open(f->db, &error);
	g_assert_cmpuint(open->len, ==, 1);
	g_assert_true(xb_db_watch_point_settle(f->db, open->pdata[0], XB_POINT_MEASURED, &error));
	g_autoptr(GPtrArray) still = xb_db_watch_points_open(f->db, &error);
	g_assert_cmpuint(still->len, ==, 0);
	g_autoptr(GPtrArray) points = xb_db_watch_points(f->db, watch->id, &error);
	g_assert_cmpuint(points->len, ==, 1);

	id = xb_db_watch_change_add(f->db, &change, &error);
	g_assert_cmpint(id, >, 0);
	g_assert_cmpint(xb_db_watch_change_add(f->db, &change, &error), ==, 0);
	g_assert_true(xb_db_watch_change_set_job(f->db, id, f->job, NULL, &error));
	g_autoptr(GPtrArray) changes = xb_db_watch_changes(f->db, watch->id, &error);
	g_assert_cmpint(((XbWatchChange *)changes->pdata[0])->job_id, ==, f->job);
	g_assert_no_error(error);
}

/* ---- one alert for one culprit ------------------------------------------------------- */

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *handle = NULL;
	char *problem = NULL;

	g_assert_cmpint(sqlite3_open(path, &handle), ==, SQLITE_OK);
	sqlite3_exec(handle, sql, NULL, NULL, &problem);
	g_assert_cmpstr(problem, ==, NULL);
	sqlite3_close(handle);
}

#define OLD_ALERT(id, key, kind, commit, metric, fixed)                                          \
	"INSERT INTO alert (id, key, kind, job_id, commit_id, subject, workload, metric, unit, " \
	"lower_is_better, host_fp, workload_fp, base, test, ratio, confidence, created_ms, "     \
	"fixed_ms) VALUES (" id ", '" key "', '" kind "', 1, '" commit "', 's', 'w', '" metric   \
	"', 's', 1, 'h', 'f', 1, 1.5, 1.5, 0.99, " id ", " fixed ");"

static void alerts_of_one_culprit_are_joined(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_strconcat(f->path, "-old", NULL);
	g_autofree char *copy = g_strdup_printf("%s.v5.backup", path);
	XbDb *db = xb_db_open_with(path, false, xb_migrations, 5, &error);
	(void)unused;

	g_assert_no_error(error);
	xb_db_close(db);
	run_sql(path, "INSERT INTO job (id, kind, state, uid, priority, spec, created_ms) VALUES "
		      "(1, 'bisect', 'done', 0, 0, '{}', 1), (2, 'bisect', 'done', 0, 0, '{}', "
		      "1);" OLD_ALERT("1", "a", "culprit", "c1", "unmap", "77")
			      OLD_ALERT("2", "b", "culprit", "c1", "map", "NULL")
				      OLD_ALERT("3", "c", "range", "c1", "map", "NULL") OLD_ALERT(
					      "4", "d", "host", "c1", "",
					      "NULL") "INSERT INTO alert_job VALUES (1, 1), (2, 2);"
						      "INSERT INTO delivery (alert_id, target, "
						      "event, state, created_ms, due_ms) VALUES "
						      "(1, 'team', 'found', 'delivered', 1, 1), "
						      "(2, 'team', 'found', 'waiting', 1, 1),"
						      "(2, 'chat', 'found', 'waiting', 1, 1), (4, "
						      "'team', 'found', 'waiting', 1, 1);");
	db = xb_db_open(path, false, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) all = xb_db_alerts(db, 10, &error);
	g_assert_cmpuint(all->len, ==, 3);
	g_autoptr(XbAlert) one = xb_db_alert_get(db, 1, &error);
	g_assert_cmpstr(one->key, ==, "culprit\nc1");
	g_assert_cmpint(one->fixed_ms, ==, 0); /* map is not */
	g_autoptr(GPtrArray) findings = xb_db_findings(db, 1, &error);
	g_assert_cmpuint(findings->len, ==, 2);
	g_assert_cmpstr(((XbFinding *)findings->pdata[0])->metric, ==, "unmap");
	g_assert_cmpint(((XbFinding *)findings->pdata[0])->fixed_ms, ==, 77);
	g_assert_cmpstr(((XbFinding *)findings->pdata[1])->metric, ==, "map");
	/* the team was told; the chat still waits, for the one that is left */
	g_autoptr(GPtrArray) told = xb_db_deliveries_of_alert(db, 1, &error);
	g_assert_cmpuint(told->len, ==, 2);
	g_autoptr(GPtrArray) of_job = xb_db_alerts_of_job(db, 2, &error);
	g_assert_cmpint(((XbAlert *)of_job->pdata[0])->id, ==, 1);
	g_autoptr(XbAlert) host = xb_db_alert_get(db, 4, &error);
	g_assert_cmpstr(host->key, ==, "d");
	xb_db_close(db);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *wal = g_strconcat(i ? copy : path, "-wal", NULL);
		g_autofree char *shm = g_strconcat(i ? copy : path, "-shm", NULL);
		g_unlink(wal);
		g_unlink(shm);
		g_unlink(i ? copy : path);
	}
}

static void who_is_left_is_kept(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	bool is_new;
	int64_t id = add_alert(f, "k", &is_new);
	(void)unused;

	g_assert_true(xb_db_delivery_add(f->db, id, "mail", false, 1000, 1000, &error));
	g_assert_true(xb_db_delivery_send(f->db, 1, 1, &error));
	settle(f, 1,
	       (XbSettlement){ .state = XB_DELIVERY_WAITING,
			       .due_ms = 3000,
			       .detail = "450 later",
			       .rest = "[\"b@x\"]" },
	       2000);
	g_assert_true(xb_db_delivery_send(f->db, 1, 1, &error));
	/* no answer at all: as before */
	settle(f, 1,
	       (XbSettlement){ .state = XB_DELIVERY_WAITING, .due_ms = 5000, .detail = "no route" },
	       4000);
	g_autoptr(GPtrArray) batch = xb_db_deliveries_of_batch(f->db, 1, &error);
	g_assert_cmpstr(((XbDelivery *)batch->pdata[0])->rest, ==, "[\"b@x\"]");
	/* the others have it: it is not dropped as a whole */
	g_assert_true(xb_db_alert_acknowledge(f->db, id, 0, 6000, &error));
	g_autoptr(GPtrArray) after = xb_db_deliveries_of_batch(f->db, 1, &error);
	g_assert_cmpint(((XbDelivery *)after->pdata[0])->state, ==, XB_DELIVERY_DELIVERED);
	g_assert_cmpuint(count_due(f, 99999), ==, 0);
	g_assert_no_error(error);
}

static void what_is_acknowledged_while_it_is_sent_is_not_tried_again(Fixture *f,
								     gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	bool is_new;
	int64_t id = add_alert(f, "k1", &is_new);
	(void)unused;

	g_assert_true(xb_db_delivery_add(f->db, id, "mail", false, 1000, 1000, &error));
	g_assert_true(xb_db_delivery_add(f->db, id, "mail", true, 1000, 1000, &error));
	g_assert_true(xb_db_delivery_send(f->db, 1, 1, &error));
	g_assert_true(xb_db_delivery_send(f->db, 2, 1, &error));
	g_assert_true(xb_db_alert_acknowledge(f->db, id, 0, 2000, &error));
	for (int64_t i = 1; i <= 2; i++)
		settle(f, i,
		       (XbSettlement){
			       .state = XB_DELIVERY_WAITING, .due_ms = 3000, .detail = "busy" },
		       2500);
	g_autoptr(GPtrArray) both = xb_db_deliveries_of_alert(f->db, id, &error);
	g_assert_cmpint(((XbDelivery *)both->pdata[0])->state, ==, XB_DELIVERY_DROPPED);
	g_assert_cmpint(((XbDelivery *)both->pdata[1])->state, ==, XB_DELIVERY_WAITING);
}

static void each_of_a_message_is_settled_for_itself(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	bool is_new;
	int64_t alerts[] = { add_alert(f, "k1", &is_new), add_alert(f, "k2", &is_new),
			     add_alert(f, "k3", &is_new) };
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(alerts); i++) {
		g_assert_true(
			xb_db_delivery_add(f->db, alerts[i], "daily", false, 1000, 1000, &error));
		g_assert_true(xb_db_delivery_send(f->db, i + 1, 1, &error));
	}
	settle(f, 1, (XbSettlement){ .state = XB_DELIVERY_DROPPED, .detail = "too old" }, 2000);
	settle(f, 2, (XbSettlement){ .state = XB_DELIVERY_WAITING, .due_ms = 2000, .alone = true },
	       2000);
	g_autoptr(GPtrArray) left = xb_db_deliveries_of_batch(f->db, 1, &error);
	g_assert_cmpuint(left->len, ==, 2);
	g_assert_cmpint(((XbDelivery *)left->pdata[0])->state, ==, XB_DELIVERY_DROPPED);
	g_assert_cmpint(((XbDelivery *)left->pdata[1])->state, ==, XB_DELIVERY_SENDING);
	g_autoptr(GPtrArray) alone = xb_db_deliveries_of_batch(f->db, 2, &error);
	g_assert_cmpuint(alone->len, ==, 1);
	g_assert_cmpint(((XbDelivery *)alone->pdata[0])->state, ==, XB_DELIVERY_WAITING);
	/* what is not being sent is left as it is */
	settle(f, 1, (XbSettlement){ .state = XB_DELIVERY_DELIVERED }, 3000);
	g_autoptr(GPtrArray) still = xb_db_deliveries_of_batch(f->db, 1, &error);
	g_assert_cmpint(((XbDelivery *)still->pdata[0])->state, ==, XB_DELIVERY_DROPPED);
	g_assert_no_error(error);
}

static void a_finding_is_there_once(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	bool is_new;
	XbAlert found = { .id = add_alert(f, "k1", &is_new),
			  .job_id = f->job,
			  .workload = (char *)"w",
			  .metric = (char *)"m",
			  .host_fp = (char *)"h",
			  .workload_fp = (char *)"f",
			  .ratio = 1.5 };
	(void)unused;

	g_assert_true(xb_db_finding_add(f->db, &found, &is_new, &error) && is_new);
	g_assert_true(xb_db_finding_add(f->db, &found, &is_new, &error) && !is_new);
	found.metric = (char *)"other";
	g_assert_true(xb_db_finding_add(f->db, &found, &is_new, &error) && is_new);
	g_autoptr(GPtrArray) both = xb_db_findings(f->db, found.id, &error);
	g_assert_cmpuint(both->len, ==, 2);
	/* no branch goes on measuring them */
	g_assert_cmpint(xb_db_findings_followed(f->db, found.id, &error), ==, 0);
	g_assert_true(
		xb_db_finding_set_fixed(f->db, ((XbFinding *)both->pdata[0])->id, "c", 5, &error));
	g_autoptr(GPtrArray) after = xb_db_findings(f->db, found.id, &error);
	g_assert_cmpint(((XbFinding *)after->pdata[0])->fixed_ms, ==, 5);
	g_assert_no_error(error);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/alerts/one-culprit-is-one-alert", one_culprit_is_one_alert);
	ADD("/alerts/alerts-of-one-culprit-are-joined", alerts_of_one_culprit_are_joined);
	ADD("/alerts/who-is-left-is-kept", who_is_left_is_kept);
	ADD("/alerts/acknowledged-while-it-is-sent",
	    what_is_acknowledged_while_it_is_sent_is_not_tried_again);
	ADD("/alerts/each-of-a-message-is-settled-for-itself",
	    each_of_a_message_is_settled_for_itself);
	ADD("/alerts/a-finding-is-there-once", a_finding_is_there_once);
	ADD("/alerts/a-delivery-is-due-once", a_delivery_is_due_once);
	ADD("/alerts/snoozed-waits-and-acknowledged-is-dropped",
	    snoozed_waits_and_acknowledged_is_dropped);
	ADD("/watches/a-forced-push-takes-commits-away", a_forced_push_takes_commits_away);
	ADD("/watches/rows-of-a-watch-come-back", rows_of_a_watch_come_back);
	return g_test_run();
}
