/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.c - requests to the daemon, errors that say what to do, and the
 * options that each command has.
 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "text.h"

#define SHOWN_MAX 65536

void xb_client_clear(XbClient *self)
{
	xb_client_disconnect(self);
	g_clear_pointer(&self->socket_option, g_free);
}

/* ---- errors ------------------------------------------------------------------ */

static void say_error(XbClient *self, XbExit status, const char *message, const char *hint)
{
	g_autofree char *safe = xb_text_safe(message, -1, SHOWN_MAX, true);
	g_autofree char *safe_hint = xb_text_safe(hint, -1, SHOWN_MAX, true);

	fflush(stdout);
	fprintf(stderr, "xbisect: %s\n", safe);
	if (*safe_hint != '\0')
		fprintf(stderr, "  %s\n", safe_hint);
	if (self->json) {
		json_t *object = json_pack("{s:s, s:i}", "error", safe, "exit", (int)status);

		if (*safe_hint != '\0')
			json_object_set_new(object, "hint", json_string(safe_hint));
		xb_client_print_json(object);
	}
}

int xb_client_fail(XbClient *self, XbExit status, const char *hint, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	say_error(self, status, message, hint);
	return (int)status;
}

int xb_client_refused(XbClient *self, const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	const char *hint = json_string_value(json_object_get(answer, "hint"));
	json_int_t status = json_integer_value(json_object_get(answer, "exit"));

	if (status < XB_EXIT_REFUSED || status > XB_EXIT_FAILED)
		status = XB_EXIT_REFUSED;
	say_error(self, (XbExit)status,
		  error != NULL ? error : "the daemon refused the request without a reason", hint);
	return (int)status;
}

int xb_client_no_daemon(XbClient *self, const GError *error)
{
	g_autofree char *path = xb_control_socket_path(self->socket_option);
	bool own_socket = self->socket_option != NULL || g_getenv("XBISECT_SOCKET") != NULL;
	g_autofree char *hint = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
		hint = g_strdup("the daemon runs as another user: ask for membership of the group "
				"that owns the socket");
	else if (own_socket)
		hint = g_strdup_printf("start it with: xbisectd --config FILE   (where FILE says "
				       "socket=%s)",
				       path);
	else
		hint = g_strdup("start it with: xbisectd &\n"
				"  or in the background: systemctl --user start xbisectd");
	return xb_client_fail(self, XB_EXIT_NO_DAEMON, hint,
			      "the daemon is not running: nothing answers on %s (%s)", path,
			      error != NULL ? error->message : "it closed the connection");
}

/* ---- requests ------------------------------------------------------------------ */

bool xb_client_connect(XbClient *self, GError **error)
{
	g_autofree char *path = NULL;

	if (self->connection != NULL)
		return true;
	path = xb_control_socket_path(self->socket_option);
	self->connection = xb_control_connect(path, error);
	if (self->connection == NULL)
		return false;
	self->in = g_data_input_stream_new(
		g_io_stream_get_input_stream(G_IO_STREAM(self->connection)));
	return true;
}

void xb_client_disconnect(XbClient *self)
{
	g_clear_object(&self->in);
	g_clear_object(&self->connection);
}

json_t *xb_client_request(XbClient *self, json_t *request, int *status)
{
	g_autoptr(json_t) owned = request;
	g_autoptr(json_t) answer = NULL;
	g_autoptr(GError) error = NULL;

	if (!xb_client_connect(self, &error) ||
	    !xb_control_write(g_io_stream_get_output_stream(G_IO_STREAM(self->connection)), owned,
			      &error)) {
		*status = xb_client_no_daemon(self, error);
		return NULL;
	}
	answer = xb_control_read(self->in, &error);
	if (answer == NULL) {
		*status = xb_client_no_daemon(self, error);
		return NULL;
	}
	if (!json_is_true(json_object_get(answer, "ok"))) {
		*status = xb_client_refused(self, answer);
		return NULL;
	}
	*status = XB_EXIT_OK;
	return g_steal_pointer(&answer);
}

/* Escaped to ASCII: text of the kernel under test reaches a terminal only as
 * \u escapes here. */
int xb_client_print_json(json_t *object)
{
	int failed = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	json_decref(object);
	if (failed != 0 || putchar('\n') == EOF || fflush(stdout) != 0) {
		fprintf(stderr, "xbisect: cannot write to standard output\n");
		return XB_EXIT_FAILED;
	}
	return XB_EXIT_OK;
}

bool xb_client_parse_id(XbClient *self, const char *text, gint64 *id)
{
	const char *digits = *text == '#' ? text + 1 : text;
	guint64 value;

	if (!g_ascii_string_to_unsigned(digits, 10, 1, G_MAXINT64, &value, NULL)) {
		xb_client_fail(
			self, XB_EXIT_REFUSED,
			"xbisect list shows the jobs and their ids, xbisect alerts those of alerts",
			"'%s' is no id", text);
		return false;
	}
	*id = (gint64)value;
	return true;
}

/* ---- options ------------------------------------------------------------------- */

static bool arguments_fit(XbClient *client, const XbCommand *command, int given, int min, int max)
{
	g_autofree char *hint = g_strdup_printf("usage: xbisect %s [options] %s   (xbisect %s "
						"--help says more)",
						command->name, command->arguments, command->name);

	if (given < min)
		xb_client_fail(client, XB_EXIT_REFUSED, hint, "%s needs %s", command->name,
			       command->arguments);
	else if (given > max)
		xb_client_fail(client, XB_EXIT_REFUSED, hint, "%s: too many arguments",
			       command->name);
	return given >= min && given <= max;
}

bool xb_command_parse(XbClient *client, const XbCommand *command, const GOptionEntry *entries,
		      int *argc, char ***argv, int min, int max)
{
	const GOptionEntry common[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &client->json,
		  "one JSON object on stdout, everything else on stderr", NULL },
		{ "socket", 0, 0, G_OPTION_ARG_FILENAME, &client->socket_option,
		  "the daemon's control socket", "PATH" },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strdup_printf("xbisect %s", command->name);
	g_autofree char *examples =
		g_strdup_printf("Examples:\n%s\nxbisect(1) says more.", command->examples);

	g_set_prgname(name);
	g_option_context_set_summary(context, command->summary);
	g_option_context_set_description(context, examples);
	if (entries != NULL)
		g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_add_main_entries(context, common, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		g_autofree char *hint =
			g_strdup_printf("xbisect %s --help lists its options", command->name);

		xb_client_fail(client, XB_EXIT_REFUSED, hint, "%s: %s", command->name,
			       error->message);
		return false;
	}
	/* GOption leaves a "--" that it met. */
	if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
		memmove(&(*argv)[1], &(*argv)[2], sizeof(char *) * (size_t)(*argc - 1));
		--*argc;
	}
	return arguments_fit(client, command, *argc - 1, min, max);
}
