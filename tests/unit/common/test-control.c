/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the socket is, and lines on it. */
#include "control.h"

#include <glib/gstdio.h>
#include <string.h>

#include "protocol.h"

static void socket_path_follows_option_environment_default(void)
{
	g_autofree char *option = NULL, *environment = NULL, *runtime = NULL, *state = NULL;

	g_setenv("XBISECT_SOCKET", "/env/socket", TRUE);
	option = xb_control_socket_path("/opt/socket");
	g_assert_cmpstr(option, ==, "/opt/socket");
	environment = xb_control_socket_path(NULL);
	g_assert_cmpstr(environment, ==, "/env/socket");
	g_setenv("XBISECT_SOCKET", "", TRUE);
	g_setenv("XDG_RUNTIME_DIR", "/run/user/1", TRUE);
	runtime = xb_control_socket_path(NULL);
	g_assert_cmpstr(runtime, ==, "/run/user/1/xbisect/control");
	g_unsetenv("XDG_RUNTIME_DIR");
	g_setenv("XDG_STATE_HOME", "/state", TRUE);
	state = xb_control_socket_path(NULL);
	g_assert_cmpstr(state, ==, "/state/xbisect/control");
}

static json_t *read_from(const char *bytes, GError **error)
{
	g_autoptr(GInputStream) memory =
		g_memory_input_stream_new_from_data(bytes, (gssize)strlen(bytes), NULL);
	g_autoptr(GDataInputStream) in = g_data_input_stream_new(memory);

	return xb_control_read(in, error);
}

static void bad_lines_are_errors_and_the_end_is_none(void)
{
	static const struct {
		const char *bytes;
		int code; /* -1: an object, -2: end of file */
	} cases[] = {
		{ "{\"ok\":true}\n", -1 },
		{ "", -2 },
		{ "{\"ok\":true}", XB_PROTOCOL_ERROR_IO },
		{ "[]\n", XB_PROTOCOL_ERROR_SYNTAX },
		{ "\n", XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"a\":1,\"a\":2}\n", XB_PROTOCOL_ERROR_SYNTAX },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) object = read_from(cases[i].bytes, &error);

		g_assert_cmpint(object != NULL, ==, cases[i].code == -1);
		if (cases[i].code >= 0)
			g_assert_error(error, XB_PROTOCOL_ERROR, cases[i].code);
		else
			g_assert_no_error(error);
	}
}

static void messages_read_back_one_after_another(void)
{
	g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();
	g_autoptr(GInputStream) memory = NULL;
	g_autoptr(GDataInputStream) in = NULL;
	g_autofree char *big = g_strnfill(300000, 'y');

	for (int i = 0; i < 3; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) object = json_pack("{s:i, s:s}", "n", i, "text", big);

		g_assert_true(xb_control_write(out, object, &error));
		g_assert_no_error(error);
	}
	memory = g_memory_input_stream_new_from_data(
		g_memory_output_stream_get_data(G_MEMORY_OUTPUT_STREAM(out)),
		(gssize)g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(out)), NULL);
	in = g_data_input_stream_new(memory);
	for (int i = 0; i < 3; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) object = xb_control_read(in, &error);

		g_assert_no_error(error);
		g_assert_cmpint((int)json_integer_value(json_object_get(object, "n")), ==, i);
	}
	g_assert_null(xb_control_read(in, NULL));
}

static void no_daemon_and_long_paths_are_errors(void)
{
	g_autoptr(GError) none = NULL;
	g_autoptr(GError) too_long = NULL;
	g_autofree char *name = g_strnfill(200, 'a');
	g_autofree char *path = g_build_filename("/tmp", name, NULL);

	g_assert_null(xb_control_connect("/nonexistent/socket", &none));
	g_assert_nonnull(none);
	g_assert_null(xb_control_connect(path, &too_long));
	g_assert_error(too_long, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/control/socket-path-follows-option-environment-default",
			socket_path_follows_option_environment_default);
	g_test_add_func("/control/bad-lines-are-errors-and-the-end-is-none",
			bad_lines_are_errors_and_the_end_is_none);
	g_test_add_func("/control/messages-read-back-one-after-another",
			messages_read_back_one_after_another);
	g_test_add_func("/control/no-daemon-and-long-paths-are-errors",
			no_daemon_and_long_paths_are_errors);
	return g_test_run();
}
