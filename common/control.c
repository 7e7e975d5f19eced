/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.c - finding, connecting to, and speaking on the control socket.
 */
#include "control.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/un.h>

#include "protocol.h"

static const char *from_environment(const char *name)
{
	const char *value = g_getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* A relative value counts as unset, as the XDG specification asks. */
char *xb_default_state_dir(void)
{
	const char *state = from_environment("XDG_STATE_HOME");

	if (state != NULL && g_path_is_absolute(state))
		return g_build_filename(state, "xbisect", NULL);
	return g_build_filename(g_get_home_dir(), ".local", "state", "xbisect", NULL);
}

char *xb_control_socket_path(const char *option)
{
	const char *path = option != NULL ? option : from_environment("XBISECT_SOCKET");
	const char *runtime = from_environment("XDG_RUNTIME_DIR");
	g_autofree char *state_dir = NULL;

	if (path != NULL)
		return g_strdup(path);
	if (runtime != NULL && g_path_is_absolute(runtime))
		return g_build_filename(runtime, "xbisect", "control", NULL);
	state_dir = xb_default_state_dir();
	return g_build_filename(state_dir, "control", NULL);
}

char *xb_default_socket(const char *state_dir)
{
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");

	if (runtime != NULL && g_path_is_absolute(runtime))
		return g_build_filename(runtime, "xbisect", "control", NULL);
	return g_build_filename(state_dir, "control", NULL);
}

char *xb_default_config_path(const char *option)
{
	const char *path = option != NULL ? option : from_environment("XBISECT_CONFIG");
	g_autofree char *own = NULL;

	if (path != NULL)
		return g_strdup(path);
	own = g_build_filename(g_get_user_config_dir(), "xbisect", "xbisectd.conf", NULL);
	if (g_file_test(own, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&own);
	return g_build_filename(XB_SYSCONFDIR, "xbisectd.conf", NULL);
}

GSocketConnection *xb_control_connect(const char *path, GError **error)
{
	g_autoptr(GSocketClient) client = NULL;
	g_autoptr(GSocketAddress) address = NULL;

	/* GLib would cut a longer path silently and connect to another socket. */
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "the socket's path is longer than %zu bytes: %s",
			    sizeof((struct sockaddr_un *)NULL)->sun_path - 1, path);
		return NULL;
	}
	client = g_socket_client_new();
	address = g_unix_socket_address_new(path);
	/* A proxy has no part in a local socket. */
	g_socket_client_set_enable_proxy(client, FALSE);
	return g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);
}

bool xb_control_write(GOutputStream *out, const json_t *object, GError **error)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
	size_t length;
	bool fine;

	if (text == NULL) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_SYNTAX,
			    "the message cannot be written as JSON");
		return false;
	}
	length = strlen(text);
	if (length > XB_CONTROL_LINE_MAX) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_TOO_LONG,
			    "the message is longer than %d bytes", XB_CONTROL_LINE_MAX);
		free(text);
		return false;
	}
	text[length] = '\n'; /* in the place of the terminating zero */
	fine = g_output_stream_write_all(out, text, length + 1, NULL, NULL, error);
	free(text);
	return fine && g_output_stream_flush(out, NULL, error);
}

/*
 * GDataInputStream's own read_line() keeps a line of any length in memory;
 * this one looks at its buffer and takes what is there, up to the limit.
 */
static bool read_line(GDataInputStream *in, GByteArray *line, bool *eof, GError **error)
{
	GBufferedInputStream *buffered = G_BUFFERED_INPUT_STREAM(in);

	*eof = false;
	for (;;) {
		gsize available;
		const char *data = g_buffered_input_stream_peek_buffer(buffered, &available);
		const char *newline = available > 0 ? memchr(data, '\n', available) : NULL;
		gsize part = newline != NULL ? (gsize)(newline - data) : available;

		if (line->len + part > XB_CONTROL_LINE_MAX) {
			g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_TOO_LONG,
				    "a message is longer than %d bytes", XB_CONTROL_LINE_MAX);
			return false;
		}
		g_byte_array_append(line, (const guint8 *)data, (guint)part);
		if (part > 0 || newline != NULL) {
			gsize skip = part + (newline != NULL);

			if (g_input_stream_skip(G_INPUT_STREAM(in), skip, NULL, error) !=
			    (gssize)skip)
				return false;
		}
		if (newline != NULL)
			return true;
		gssize n = g_buffered_input_stream_fill(buffered, -1, NULL, error);
		if (n < 0)
			return false;
		if (n == 0) {
			*eof = true;
			return true;
		}
	}
}

json_t *xb_control_read(GDataInputStream *in, GError **error)
{
	g_autoptr(GByteArray) line = g_byte_array_new();
	g_autoptr(json_t) object = NULL;
	json_error_t at;
	bool eof;

	if (!read_line(in, line, &eof, error))
		return NULL;
	if (eof && line->len == 0)
		return NULL;
	if (eof) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_IO,
			    "the connection ended in the middle of a message");
		return NULL;
	}
	object = json_loadb((const char *)line->data, line->len, JSON_REJECT_DUPLICATES, &at);
	if (!json_is_object(object)) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_SYNTAX,
			    "a message is no JSON object: %s",
			    object == NULL ? at.text : "it is another value");
		return NULL;
	}
	return g_steal_pointer(&object);
}
