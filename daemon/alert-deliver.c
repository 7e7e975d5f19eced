/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alert-deliver.c - alerts as messages, each a worker of its own (xbisect-notify):
 * one at a time for a target, tried again until it is delivered or given up.
 *
 * A delivery is "sending" in the database before its worker starts, and the
 * worker says what came of it before it ends: after a crash in between, the
 * directory of the message tells. Only a worker that was killed between the
 * peer's yes and its own line sends twice, and then the same message, with the
 * same Message-ID and key.
 */
#include <fcntl.h>
#include <string.h>

#include "alert-message.h"
#include "alert-settle.h"
#include "alert.h"
#include "removal.h"
#include "task.h"

#define DEADLINE_S  120
#define SENDING_MAX 4  /* messages at once */
#define DIGEST_MAX  50 /* alerts in one message */
#define ROUND_MAX_S 3600

struct XbDeliverer {
	XbDaemon *daemon;
	GHashTable *tasks;   /* batch -> XbTask */
	GHashTable *targets; /* name -> batch that is being sent (pointer into the task) */
	GHashTable *tests;   /* run -> Test */
	int64_t last_test;
	guint timer;
	bool adopted;
};

typedef struct {
	XbDeliverer *self;
	XbTask *task; /* NULL: ended, the directory tells */
	char *dir;
} Test;

static void test_free(void *data)
{
	Test *test = data;

	xb_task_free(test->task);
	g_free(test->dir);
	g_free(test);
}

XbDeliverer *xb_deliverer_new(XbDaemon *daemon)
{
	XbDeliverer *self = g_new0(XbDeliverer, 1);

	self->daemon = daemon;
	self->tasks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
					    (GDestroyNotify)xb_task_free);
	self->targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->tests = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, test_free);
	return self;
}

void xb_deliverer_free(XbDeliverer *self)
{
	if (!self)
		return;
	g_clear_handle_id(&self->timer, g_source_remove);
	g_hash_table_unref(self->tasks);
	g_hash_table_unref(self->targets);
	g_hash_table_unref(self->tests);
	g_free(self);
}

static char *batch_dir(const XbDeliverer *self, int64_t batch)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, batch);

	return xb_state_path(self->daemon, "notify", name, NULL);
}

/* ---- what came of it ------------------------------------------------------------------ */

/* Write down what the worker of @batch said in its directory. */
static bool settle(XbDeliverer *self, int64_t batch, GError **error)
{
	g_autofree char *dir = batch_dir(self, batch);

	if (!xb_alert_settle(self->daemon, batch, dir, error))
		return false;
	xb_remove_at(AT_FDCWD, dir);
	return true;
}

static void on_round(XbDeliverer *self, double seconds);

static void on_sent(XbTask *task, void *user)
{
	XbDeliverer *self = user;
	int64_t batch = xb_task_id(task);
	g_autoptr(GError) error = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, self->targets);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (value == task)
			g_hash_table_iter_remove(&iter);
	}
	g_hash_table_remove(self->tasks, &batch);
	/* what cannot be written now (disk full) is found again by adopt() */
	if (!settle(self, batch, &error)) {
		g_warning("alerts: %s", error->message);
		self->adopted = false;
		on_round(self, 5);
		return;
	}
	xb_deliverer_round(self);
}

/* ---- sending ----------------------------------------------------------------------- */

static void keep_task(XbDeliverer *self, const char *target, int64_t batch, XbTask *task)
{
	g_hash_table_replace(self->tasks, g_memdup2(&batch, sizeof(batch)), task);
	g_hash_table_replace(self->targets, g_strdup(target), task);
}

static bool drop(XbDeliverer *self, XbDelivery *delivery, const char *why, GError **error)
{
	const XbSettlement dropped = { .state = XB_DELIVERY_DROPPED,
				       .due_ms = delivery->due_ms,
				       .detail = why };

	delivery->state = XB_DELIVERY_DROPPED; /* for who goes through a list of them */
	return xb_db_delivery_send(self->daemon->db, delivery->id,
				   delivery->batch ? delivery->batch : delivery->id, error) &&
	       xb_db_delivery_settle(self->daemon->db, delivery->id, &dropped, xb_now_ms(), error);
}

/* Those of @due that go with @first in one message. */
static GPtrArray *batch_of(GPtrArray *due, const XbDelivery *first, const XbAlertConfig *target)
{
	GPtrArray *batch = g_ptr_array_new();

	for (guint i = 0; i < due->len && batch->len < DIGEST_MAX; i++) {
		XbDelivery *other = due->pdata[i];
		if (other->state != XB_DELIVERY_WAITING)
			continue;
		bool together = first->batch ? other->batch == first->batch
					     : other == first ||
						       (target->digest_s > 0 && other->batch == 0 &&
							!strcmp(other->target, first->target));

		if (together)
			g_ptr_array_add(batch, other);
	}
	return batch;
}

/* All of it is "sending" before the worker starts. */
static bool mark(XbDb *db, GPtrArray *batch, int64_t id, GError **error)
{
	if (!xb_db_begin(db, error))
		return false;
	for (guint i = 0; i < batch->len; i++) {
		if (!xb_db_delivery_send(db, ((XbDelivery *)batch->pdata[i])->id, id, error)) {
			xb_db_rollback(db);
			return false;
		}
	}
	if (xb_db_commit(db, error))
		return true;
	xb_db_rollback(db);
	return false;
}

/* The worker did not even start. */
static bool postpone(XbDeliverer *self, const XbAlertConfig *target, GPtrArray *batch,
		     const char *why, GError **error)
{
	int64_t now = xb_now_ms();

	for (guint i = 0; i < batch->len; i++) {
		const XbDelivery *delivery = batch->pdata[i];
		double pause_s = xb_alert_backoff_s(target, delivery->attempts + 1, NULL);
		const XbSettlement later = { .state = XB_DELIVERY_WAITING,
					     .due_ms = now + (int64_t)(pause_s * 1000),
					     .detail = why };

		if (!xb_db_delivery_settle(self->daemon->db, delivery->id, &later, now, error))
			return false;
	}
	return true;
}

/* What cannot be told is given up; the others of its message are told without it. */
static bool drop_unreadable(XbDeliverer *self, XbDelivery *bad, const GError *problem,
			    GError **error)
{
	if (!bad || !(g_error_matches(problem, XB_DB_ERROR, XB_DB_ERROR_CORRUPT) ||
		      g_error_matches(problem, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND))) {
		g_propagate_error(error, g_error_copy(problem));
		return false;
	}
	g_warning("alerts: %s", problem->message);
	return drop(self, bad, problem->message, error);
}

static bool send(XbDeliverer *self, const XbAlertConfig *target, GPtrArray *batch, GError **error)
{
	XbDaemon *daemon = self->daemon;
	const XbDelivery *first = batch->pdata[0];
	XbDelivery *bad = NULL;
	int64_t id = first->batch ? first->batch : first->id;
	g_autoptr(GError) trouble = NULL;
	g_autoptr(json_t) job = xb_alert_message(daemon, target, batch, &bad, &trouble);
	g_autofree char *dir = batch_dir(self, id);
	XbTask *task;

	if (!job)
		return drop_unreadable(self, bad, trouble, error);
	if (!mark(daemon->db, batch, id, error))
		return false;
	task = xb_task_start(dir, daemon->config->notify_command, job, id, DEADLINE_S, on_sent,
			     self, &trouble);
	if (task) {
		keep_task(self, target->name, id, task);
		return true;
	}
	g_warning("alerts: %s", trouble->message);
	return postpone(self, target, batch, trouble->message, error);
}

static bool start_due(XbDeliverer *self, GError **error)
{
	g_autoptr(GPtrArray) due = xb_db_deliveries_due(self->daemon->db, xb_now_ms(), error);

	for (guint i = 0; due && i < due->len; i++) {
		XbDelivery *delivery = due->pdata[i];
		const XbAlertConfig *target =
			xb_config_alert(self->daemon->config, delivery->target);
		g_autoptr(GPtrArray) batch = NULL;

		if (delivery->state != XB_DELIVERY_WAITING)
			continue;
		if (!target) {
			if (!drop(self, delivery, "no such alert is configured any more", error))
				return false;
			continue;
		}
		if (g_hash_table_contains(self->targets, target->name) ||
		    g_hash_table_size(self->tasks) >= SENDING_MAX)
			continue;
		batch = batch_of(due, delivery, target);
		if (!send(self, target, batch, error))
			return false;
	}
	return due != NULL;
}

/* What an earlier daemon was sending: still at work, or its directory tells. */
static bool adopt(XbDeliverer *self, GError **error)
{
	g_autoptr(GPtrArray) sending = xb_db_deliveries_sending(self->daemon->db, error);

	for (guint i = 0; sending && i < sending->len; i++) {
		const XbDelivery *delivery = sending->pdata[i];
		g_autofree char *dir = batch_dir(self, delivery->batch);
		XbTask *task;

		if (g_hash_table_contains(self->tasks, &delivery->batch))
			continue;
		task = xb_task_adopt(dir, delivery->batch, DEADLINE_S, on_sent, self);
		if (task)
			keep_task(self, delivery->target, delivery->batch, task);
		else if (!settle(self, delivery->batch, error))
			return false;
	}
	self->adopted = sending != NULL;
	return self->adopted;
}

static gboolean on_timer(gpointer data)
{
	XbDeliverer *self = data;

	self->timer = 0;
	xb_deliverer_round(self);
	return G_SOURCE_REMOVE;
}

static void on_round(XbDeliverer *self, double seconds)
{
	g_clear_handle_id(&self->timer, g_source_remove);
	self->timer =
		g_timeout_add((guint)(CLAMP(seconds, 0.05, ROUND_MAX_S) * 1000), on_timer, self);
}

void xb_deliverer_round(XbDeliverer *self)
{
	g_autoptr(GError) error = NULL;
	int64_t next;

	if (self->daemon->stopping)
		return;
	if ((!self->adopted && !adopt(self, &error)) || !start_due(self, &error)) {
		g_warning("alerts: %s", error->message);
		on_round(self, 5);
		return;
	}
	next = xb_db_deliveries_next_ms(self->daemon->db, NULL);
	/* of what is due already the end of a message will remind us */
	if (next > 0 && !(next <= xb_now_ms() && g_hash_table_size(self->tasks) > 0))
		on_round(self, (double)(next - xb_now_ms()) / 1000);
}

/* ---- tests ------------------------------------------------------------------------- */

static void on_test_ended(XbTask *task, void *user)
{
	Test *test = user;

	xb_task_free(task);
	test->task = NULL;
}

static gboolean is_over(gpointer run, gpointer value, gpointer unused)
{
	const Test *test = value;
	(void)run;
	(void)unused;

	if (!test->task)
		xb_remove_at(AT_FDCWD, test->dir);
	return !test->task;
}

static bool start_test(XbDeliverer *self, const XbAlertConfig *target, int64_t run, GError **error)
{
	g_autofree char *key =
		g_strdup_printf("test-%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, xb_now_ms(), run);
	g_autoptr(json_t) job = xb_alert_message_new(
		target, key, xb_now_ms(), json_pack("[{s:s,s:i}]", "event", "test", "id", 0));
	Test *test = g_new0(Test, 1);

	/* those whose client went away */
	g_hash_table_foreach_remove(self->tests, is_over, NULL);
	test->self = self;
	test->dir = xb_state_path(self->daemon, "notify", key, NULL);
	json_object_set_new(job, "dialogue", json_true());
	test->task = xb_task_start(test->dir, self->daemon->config->notify_command, job, run,
				   DEADLINE_S, on_test_ended, test, error);
	if (!test->task) {
		test_free(test);
		return false;
	}
	g_hash_table_replace(self->tests, g_memdup2(&run, sizeof(run)), test);
	return true;
}

static json_t *test_result(const Test *test)
{
	g_autoptr(json_t) answer = xb_task_event(test->dir, "answer");
	g_autoptr(json_t) done = xb_task_event(test->dir, "done");
	g_autoptr(json_t) dialogue = xb_task_events(test->dir, "dialogue");
	const char *detail = json_string_value(json_object_get(answer ? answer : done, "detail"));
	json_t *lines = json_array(), *event;
	size_t i;

	json_array_foreach(dialogue, i, event)
	{
		json_t *line = json_object_get(event, "line");

		if (json_is_string(line))
			json_array_append(lines, line);
	}
	return json_pack("{s:b,s:s,s:o}", "delivered",
			 json_is_true(json_object_get(answer, "delivered")), "detail",
			 detail ? detail : "xbisect-notify ended without an answer", "dialogue",
			 lines);
}

json_t *xb_deliverer_test(XbDeliverer *self, const char *name, int64_t *run, GError **error)
{
	const XbAlertConfig *target = xb_config_alert(self->daemon->config, name);
	json_t *result;
	Test *test;

	if (*run == 0) {
		int64_t next = ++self->last_test;

		if (target && start_test(self, target, next, error))
			*run = next;
		return NULL;
	}
	test = g_hash_table_lookup(self->tests, run);
	if (!test) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "the daemon was restarted: ask for the test again");
		return NULL;
	}
	if (test->task)
		return NULL;
	result = test_result(test);
	xb_remove_at(AT_FDCWD, test->dir);
	g_hash_table_remove(self->tests, run);
	*run = 0;
	return result;
}
