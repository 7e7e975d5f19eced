/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-verbs.c - hosts: list, show, check, put away and back, drain, note. */
#include "host-verbs.h"

#include <string.h>

#include "host-care.h"
#include "host-check.h"
#include "host-locks.h"
#include "host-task.h"
#include "queue.h"
#include "text.h"
#include "view-host.h"

#define TEXT_MAX    500
#define NOTES_SHOWN 50
#define TASKS_SHOWN 20

/* The client wants to know who else has the host, and asks again while that is being asked. */
static void ask_for_locks(XbDaemon *daemon, const XbHostConfig *host, json_t *request)
{
	if (json_is_true(json_object_get(request, "locks")))
		xb_host_locks_ask(daemon->host_locks, host);
}

json_t *xb_verb_hosts(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		      GError **error)
{
	json_t *list = json_array();
	(void)peer;
	(void)hint;

	for (guint i = 0; i < daemon->config->hosts->len; i++) {
		const XbHostConfig *config = daemon->config->hosts->pdata[i];
		json_t *host;

		ask_for_locks(daemon, config, request);
		host = xb_view_host(daemon, config, error);
		if (!host) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, host);
	}
	return json_pack("{s:b,s:o}", "ok", 1, "hosts", list);
}

static const XbHostConfig *named_host(XbDaemon *daemon, json_t *request, GError **error)
{
	const char *name = json_string_value(json_object_get(request, "name"));
	const XbHostConfig *host = name ? xb_config_host(daemon->config, name) : NULL;

	if (!host)
		g_set_error(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST,
			    "no host \"%s\" is configured", name ? name : "");
	return host;
}

/* A check boots a kernel; the rest decides what other people's jobs run on. */
static const XbHostConfig *host_to_change(XbDaemon *daemon, const XbPeer *peer, json_t *request,
					  GError **error)
{
	const XbHostConfig *host = named_host(daemon, request, error);

	if (host && !peer->may_name_paths) {
		g_set_error(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST,
			    "hosts are checked and changed by the daemon's own user only");
		return NULL;
	}
	return host;
}

/* The request's reason, made safe; @fallback when there is none. Caller frees. */
static char *reason_of(json_t *request, const char *member, const char *fallback)
{
	const char *text = json_string_value(json_object_get(request, member));

	return xb_text_safe(text && *text ? text : fallback, -1, TEXT_MAX, false);
}

static json_t *view_tasks(GPtrArray *tasks)
{
	json_t *list = json_array();

	for (guint i = 0; i < tasks->len; i++) {
		const XbHostTask *task = tasks->pdata[i];
		json_array_append_new(
			list,
			json_pack("{s:I,s:s,s:s,s:s,s:s,s:f,s:o}", "id", (json_int_t)task->id,
				  "kind", xb_host_task_name(task->kind), "why", task->why,
				  "outcome",
				  task->done ? xb_outcome_name(task->outcome) : "running", "detail",
				  task->detail, "started", (double)task->started_ms / 1000,
				  "finished",
				  task->finished_ms ? json_real((double)task->finished_ms / 1000)
						    : json_null()));
	}
	return list;
}

static json_t *view_notes(GPtrArray *notes)
{
	json_t *list = json_array();

	for (guint i = 0; i < notes->len; i++) {
		const XbHostNote *note = notes->pdata[i];
		json_array_append_new(list, json_pack("{s:f,s:I,s:s}", "time",
						      (double)note->time_ms / 1000, "uid",
						      (json_int_t)note->uid, "text", note->text));
	}
	return list;
}

json_t *xb_verb_host_show(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error)
{
	const XbHostConfig *host = named_host(daemon, request, error);
	json_t *view = NULL;

	if (host) {
		ask_for_locks(daemon, host, request);
		view = xb_view_host(daemon, host, error);
	}
	g_autoptr(GPtrArray) tasks =
		view ? xb_db_host_tasks(daemon->db, host->name, TASKS_SHOWN, error) : NULL;
	g_autoptr(GPtrArray) notes =
		tasks ? xb_db_host_notes(daemon->db, host->name, NOTES_SHOWN, error) : NULL;
	(void)peer;
	(void)hint;

	if (!notes) {
		json_decref(view);
		return NULL;
	}
	json_object_set_new(view, "facts", xb_view_host_facts(daemon, host));
	json_object_set_new(view, "tasks", view_tasks(tasks));
	json_object_set_new(view, "notes", view_notes(notes));
	return json_pack("{s:b,s:o}", "ok", 1, "host", view);
}

json_t *xb_verb_host_check(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error)
{
	const XbHostConfig *host = host_to_change(daemon, peer, request, error);
	XbHostCheck check = { .task = json_integer_value(json_object_get(request, "task")),
			      .run = json_integer_value(json_object_get(request, "run")) };
	json_t *steps = host ? xb_host_check(daemon, host, &check, error) : NULL;
	(void)hint;

	return steps ? json_pack("{s:b,s:o,s:I,s:I}", "ok", 1, "steps", steps, "task",
				 (json_int_t)check.task, "run", (json_int_t)check.run)
		     : NULL;
}

json_t *xb_verb_host_online(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			    GError **error)
{
	const XbHostConfig *host = host_to_change(daemon, peer, request, error);

	if (!host || !xb_care_set_online(daemon, host, NULL, error))
		return NULL;
	return xb_verb_hosts(daemon, peer, request, hint, error);
}

json_t *xb_verb_host_offline(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error)
{
	const XbHostConfig *host = host_to_change(daemon, peer, request, error);
	g_autofree char *reason = reason_of(request, "reason", "taken offline by a user");

	if (!host || !xb_care_set_online(daemon, host, reason, error))
		return NULL;
	return xb_verb_hosts(daemon, peer, request, hint, error);
}

json_t *xb_verb_host_drain(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error)
{
	const XbHostConfig *host = host_to_change(daemon, peer, request, error);
	g_autofree char *reason = reason_of(request, "reason", "by a user");

	if (!host || !xb_care_set_drained(daemon, host, reason, error))
		return NULL;
	return xb_verb_hosts(daemon, peer, request, hint, error);
}

json_t *xb_verb_host_undrain(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error)
{
	const XbHostConfig *host = host_to_change(daemon, peer, request, error);

	if (!host || !xb_care_set_drained(daemon, host, NULL, error))
		return NULL;
	return xb_verb_hosts(daemon, peer, request, hint, error);
}

json_t *xb_verb_host_note(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error)
{
	const XbHostConfig *host = host_to_change(daemon, peer, request, error);
	g_autofree char *text = reason_of(request, "text", "");

	if (!host)
		return NULL;
	if (!*text) {
		g_set_error(error, XB_QUEUE_ERROR, XB_QUEUE_ERROR_REQUEST, "a note without text");
		return NULL;
	}
	if (!xb_db_host_note_add(daemon->db, host->name, peer->uid, text, xb_now_ms(), error))
		return NULL;
	xb_journal(daemon, 0, "%s: note: %s", host->name, text);
	return xb_verb_host_show(daemon, peer, request, hint, error);
}

json_t *xb_verb_host_relearn(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error)
{
	const XbHostConfig *host = host_to_change(daemon, peer, request, error);

	if (!host || !xb_care_relearn(daemon, host, error))
		return NULL;
	return xb_verb_host_show(daemon, peer, request, hint, error);
}
