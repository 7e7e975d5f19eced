/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbisect-notify.c - one message: a notify job from stdin, events to stdout.
 *
 * Events: "dialogue" {line} for each line of both sides, "answer" {delivered,
 * permanent, content, code, retry_after_s, rest, detail}, and "done" last, with ok when it
 * was delivered, else host-trouble. Exit status: 0, 1, 2 on wrong usage.
 */
#include <gio/gio.h>
#include <glib.h>
#include <unistd.h>

#include "protocol.h"
#include "send.h"
#include "worker.h"

static void emit_dialogue(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		if (**line != '\0')
			xb_emit(json_pack("{s:s,s:s}", "event", "dialogue", "line", *line));
	}
}

static bool emit_answer(const XbSent *sent)
{
	json_t *answer = json_pack("{s:s,s:b,s:b,s:b,s:i,s:f,s:s}", "event", "answer", "delivered",
				   sent->delivered, "permanent", sent->permanent, "content",
				   sent->content, "code", (int)sent->code, "retry_after_s",
				   sent->retry_after_s, "detail", sent->detail);
	json_t *rest = json_array();

	for (guint i = 0; sent->rest != NULL && i < sent->rest->len; i++)
		json_array_append_new(rest, json_string(sent->rest->pdata[i]));
	json_object_set_new(answer, "rest", rest);
	return xb_emit(answer);
}

static bool run(GError **error)
{
	g_autoptr(json_t) job = xb_job_read(STDIN_FILENO, "notify", error);
	g_auto(XbSent) sent = { 0 };

	if (job == NULL || !xb_send_setup(error))
		return false;
	if (!json_is_string(json_object_get(job, "key")) ||
	    !json_is_object(json_object_get(job, "target")) ||
	    json_array_size(json_object_get(job, "alerts")) == 0) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_MEMBER,
			    "a notify job needs key, target and alerts");
		return false;
	}
	xb_emit_phase("send", NULL);
	xb_send(job, &sent);
	/* first: after a crash it must not be sent again because a line more was not written */
	if (!emit_answer(&sent)) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_IO,
			    "events cannot be written");
		return false;
	}
	if (!sent.delivered || json_is_true(json_object_get(job, "dialogue")))
		emit_dialogue(sent.dialogue->str);
	if (!sent.delivered)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", sent.detail);
	return sent.delivered;
}

int main(int argc, char **argv)
{
	return xb_worker_main(
		argc, argv, "xbisect-notify",
		"Sends one message by mail or to a webhook, and writes what came of it as\n"
		"events; see xbisect-notify(1). xbisectd starts it.\n",
		run);
}
