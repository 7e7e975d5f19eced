/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-locks.c - see host-locks.h. */
#include "host-locks.h"

#include <string.h>

#include "hosts.h"
#include "task.h"
#include "text.h"

#define DEADLINE_S 20
#define MARGIN_S   5
#define FRESH_S    5  /* an answer is not asked for again */
#define KEPT_S     60 /* and not shown any more */
#define TEXT_MAX   300

typedef struct {
	XbTask *task;   /* that asks; NULL: none */
	gint64 told_us; /* 0: never */
	json_t *holders;
	char *problem;
} Asked;

struct XbHostLocks {
	XbDaemon *daemon;
	GHashTable *hosts; /* name -> Asked */
};

static void asked_free(void *data)
{
	Asked *asked = data;

	xb_task_free(asked->task);
	json_decref(asked->holders);
	g_free(asked->problem);
	g_free(asked);
}

XbHostLocks *xb_host_locks_new(XbDaemon *daemon)
{
	XbHostLocks *self = g_new0(XbHostLocks, 1);

	self->daemon = daemon;
	self->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, asked_free);
	return self;
}

void xb_host_locks_free(XbHostLocks *self)
{
	if (!self)
		return;
	g_hash_table_unref(self->hosts);
	g_free(self);
}

static bool has_lock(const XbHostConfig *host)
{
	return strcmp(host->driver, "ssh") == 0;
}

static double told_s(const Asked *asked)
{
	return asked->told_us ? (double)(g_get_monotonic_time() - asked->told_us) / G_USEC_PER_SEC
			      : G_MAXDOUBLE;
}

static json_t *safe_text(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));
	g_autofree char *safe = xb_text_safe(text ? text : "", -1, TEXT_MAX, false);

	return json_string(safe);
}

static json_t *holders_of(const char *dir)
{
	g_autoptr(json_t) events = xb_task_events(dir, "lock");
	json_t *list = json_array(), *event;
	size_t i;

	json_array_foreach(events, i, event)
	{
		json_t *age = json_object_get(event, "age_s");

		json_array_append_new(
			list, json_pack("{s:o,s:o,s:I,s:o}", "where", safe_text(event, "where"),
					"owner", safe_text(event, "owner"), "pid",
					json_integer_value(json_object_get(event, "pid")), "age_s",
					json_is_number(age) ? json_real(json_number_value(age))
							    : json_null()));
	}
	return list;
}

static void settle(Asked *asked, json_t *holders, const char *problem)
{
	json_decref(asked->holders);
	g_free(asked->problem);
	asked->holders = holders;
	asked->problem = problem ? xb_text_safe(problem, -1, TEXT_MAX, false) : NULL;
	asked->told_us = g_get_monotonic_time();
}

static void on_ended(XbTask *task, void *user)
{
	Asked *asked = user;
	const char *dir = xb_task_dir(task);
	g_autoptr(json_t) done = xb_task_event(dir, "done");
	const char *outcome = json_string_value(json_object_get(done, "outcome"));
	const char *detail = json_string_value(json_object_get(done, "detail"));
	bool fine = g_strcmp0(outcome, "ok") == 0;

	settle(asked, holders_of(dir),
	       fine     ? NULL
	       : detail ? detail
			: "the worker ended without saying done");
	asked->task = NULL;
	xb_task_free(task);
}

static void start(XbHostLocks *self, Asked *asked, const XbHostConfig *host)
{
	g_autofree char *label = g_strdelimit(g_strconcat("lock.", host->name, NULL), "/", '_');
	g_autofree char *dir = xb_state_path(self->daemon, "hosts", label, NULL);
	g_autoptr(json_t) job =
		json_pack("{s:i,s:s,s:s,s:O,s:i}", "protocol", XB_PROTOCOL_VERSION, "kind", "lock",
			  "id", "lock", "host", host->settings, "deadline_s", DEADLINE_S);
	g_autoptr(GError) error = NULL;

	asked->task = xb_task_start(dir, self->daemon->config->runner_command, job, 0,
				    DEADLINE_S + MARGIN_S, on_ended, asked, &error);
	if (!asked->task)
		settle(asked, NULL, error->message);
}

void xb_host_locks_ask(XbHostLocks *self, const XbHostConfig *host)
{
	Asked *asked = g_hash_table_lookup(self->hosts, host->name);

	if (!has_lock(host) || (asked && (asked->task || told_s(asked) < FRESH_S)) ||
	    xb_hosts_busy(self->daemon, host->name))
		return;
	if (!asked) {
		asked = g_new0(Asked, 1);
		g_hash_table_insert(self->hosts, g_strdup(host->name), asked);
	}
	start(self, asked, host);
}

json_t *xb_host_locks_view(const XbHostLocks *self, const XbHostConfig *host)
{
	const Asked *asked = g_hash_table_lookup(self->hosts, host->name);
	bool known = asked && told_s(asked) < KEPT_S;

	if (!has_lock(host))
		return json_null();
	return json_pack("{s:b,s:O?,s:s?}", "asking", asked && asked->task != NULL, "holders",
			 known ? asked->holders : NULL, "problem", known ? asked->problem : NULL);
}
