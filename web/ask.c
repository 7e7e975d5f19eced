/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ask.c - see ask.h. */
#include "ask.h"

#include "control.h"
#include "protocol.h"

#define PATIENCE_S 120 /* a check of a large range takes a while */

typedef struct {
	char *socket;
	json_t *request;
	XbAnswered answered;
	void *data;
} Ask;

static void ask_free(void *data)
{
	Ask *ask = data;

	g_free(ask->socket);
	json_decref(ask->request);
	g_free(ask);
}

static json_t *exchange_line(GOutputStream *out, GDataInputStream *in, const json_t *line,
			     GError **error)
{
	json_t *answer = xb_control_write(out, line, error) ? xb_control_read(in, error) : NULL;

	if (!answer && (!error || !*error))
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "xbisectd closed the connection");
	return answer;
}

static void in_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	Ask *ask = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocketConnection) connection = xb_control_connect(ask->socket, &error);
	g_autoptr(GDataInputStream) in = NULL;
	g_autoptr(json_t) limit = json_pack("{s:s}", "verb", "web"), limited = NULL;
	json_t *answer = NULL;
	GOutputStream *out;
	(void)source;
	(void)cancellable;

	if (connection) {
		g_socket_set_timeout(g_socket_connection_get_socket(connection), PATIENCE_S);
		in = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
		out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
		limited = exchange_line(out, in, limit, &error);
		if (limited)
			answer = exchange_line(out, in, ask->request, &error);
	}
	if (answer)
		g_task_return_pointer(task, answer, (GDestroyNotify)json_decref);
	else
		g_task_return_error(task, g_steal_pointer(&error));
}

static void on_ready(GObject *source, GAsyncResult *result, void *data)
{
	Ask *ask = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) answer = g_task_propagate_pointer(G_TASK(result), &error);
	g_autofree char *problem = NULL;
	(void)source;

	if (!answer)
		problem = g_strdup_printf("xbisectd cannot be reached: %s", error->message);
	ask->answered(answer, problem, ask->data);
}

void xb_ask(const char *socket, json_t *request, XbAnswered answered, void *data)
{
	Ask *ask = g_new0(Ask, 1);
	g_autoptr(GTask) task = g_task_new(NULL, NULL, on_ready, ask);

	ask->socket = g_strdup(socket);
	ask->request = json_deep_copy(request); /* counts of references are not for two threads */
	ask->answered = answered;
	ask->data = data;
	g_task_set_task_data(task, ask, ask_free);
	g_task_run_in_thread(task, in_thread);
}
