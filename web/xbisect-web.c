/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xbisect-web.c - options, listening, and the main loop of the results pages. */
#include <gio/gio.h>
#include <glib-unix.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "control.h"
#include "netboot.h"
#include "server.h"

#define MEMORY_KEPT (32 * 1024 * 1024)

typedef struct {
	char *config, *listen;
	gboolean new_token, version;
} Options;

static gboolean on_signal(void *loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* A socket of systemd's, when we were started for one. */
static GSocket *passed_socket(GError **error)
{
	const char *pid = g_getenv("LISTEN_PID"), *n = g_getenv("LISTEN_FDS");

	if (!pid || !n || atoi(pid) != (int)getpid() || strcmp(n, "1") != 0)
		return NULL;
	return g_socket_new_from_fd(3, error);
}

static GSocket *listen_on(const char *text, GError **error)
{
	g_autofree char *address = NULL;
	g_autoptr(GSocketAddress) where = NULL;
	g_autoptr(GSocket) socket = NULL;
	int port = 0;

	if (!xb_web_listen_parse(text, &address, &port)) {
		g_set_error(error, XB_CONFIG_ERROR, 0, "\"%s\" is no ADDRESS:PORT", text);
		return NULL;
	}
	where = g_inet_socket_address_new_from_string(address, (guint)port);
	socket = g_socket_new(g_socket_address_get_family(where), G_SOCKET_TYPE_STREAM,
			      G_SOCKET_PROTOCOL_TCP, error);
	if (!socket)
		return NULL;
	g_socket_set_listen_backlog(socket, 1024);
	if (!g_socket_bind(socket, where, TRUE, error) || !g_socket_listen(socket, error)) {
		g_prefix_error(error, "%s: ", text);
		return NULL;
	}
	return g_steal_pointer(&socket);
}

/* On standard output, for people and for who started us on port 0; a line for each. */
static void say_address(GSocket *socket)
{
	g_autoptr(GSocketAddress) where = g_socket_get_local_address(socket, NULL);
	GInetSocketAddress *inet = where ? G_INET_SOCKET_ADDRESS(where) : NULL;
	g_autofree char *address =
		inet ? g_inet_address_to_string(g_inet_socket_address_get_address(inet)) : NULL;

	if (!inet)
		return;
	g_print(strchr(address, ':') ? "http://[%s]:%d/\n" : "http://%s:%d/\n", address,
		g_inet_socket_address_get_port(inet));
	fflush(stdout);
}

static void run_until_told(void)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	guint term = g_unix_signal_add(SIGTERM, on_signal, loop);
	guint interrupt = g_unix_signal_add(SIGINT, on_signal, loop);

	g_main_loop_run(loop);
	g_source_remove(term);
	g_source_remove(interrupt);
}

/* The pages on @socket; what lab machines boot from on @boot, which may be NULL. */
static bool serve_on(const XbWebConfig *config, GSocket *socket, GSocket *boot, GError **error)
{
	XbAssets *assets = xb_assets_new(config->assets);
	XbSite *site = xb_site_new(config, assets);
	XbServer *server = xb_server_new(site, config, socket, error);
	XbNetboot *netboot = server && boot ? xb_netboot_new(config->boot_dir, boot, error) : NULL;
	bool fine = server && (netboot || !boot);

	if (fine) {
		say_address(socket);
		if (boot)
			say_address(boot);
		run_until_told();
	}
	xb_netboot_free(netboot);
	xb_server_free(server);
	xb_site_free(site);
	xb_assets_free(assets);
	return fine;
}

static bool serve(const XbWebConfig *config, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(GSocket) socket = passed_socket(&problem);
	g_autoptr(GSocket) boot = NULL;

	if (!socket && !problem)
		socket = listen_on(config->listen, &problem);
	if (socket && config->boot_listen)
		boot = listen_on(config->boot_listen, &problem);
	if (!problem)
		return serve_on(config, socket, boot, error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool new_token(const XbWebConfig *config, GError **error)
{
	g_autofree char *token = xb_access_new_token(config->token_file, error);

	if (token)
		g_print("%s\n", token);
	return token != NULL;
}

static bool parse(int *argc, char ***argv, Options *options, GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
		  "The daemon's configuration, whose [web] counts", "FILE" },
		{ "listen", 'l', 0, G_OPTION_ARG_STRING, &options->listen,
		  "In the place of [web] listen=; port 0 takes a free one", "ADDRESS:PORT" },
		{ "new-token", 0, 0, G_OPTION_ARG_NONE, &options->new_token,
		  "Write a new token to [web] token_file=, print it and exit", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version",
		  NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- the pages of xbisect");

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	if (*argc > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "what is \"%s\"?",
			    (*argv)[1]);
		return false;
	}
	return true;
}

/* The pages of a large job need a few megabytes, each time anew: given back in between, they would
 * cost more than what is done with them. */
static void keep_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT);
	mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT);
}

int main(int argc, char **argv)
{
	Options options = { 0 };
	g_auto(XbWebConfig) config = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	bool given, fine = parse(&argc, &argv, &options, &error);

	if (fine && options.version) {
		g_print("xbisect-web %s\n", XB_VERSION);
		return 0;
	}
	path = xb_default_config_path(options.config);
	given = options.config || g_getenv("XBISECT_CONFIG");
	fine = fine &&
	       xb_web_config_load(&config,
				  given || g_file_test(path, G_FILE_TEST_EXISTS) ? path : NULL,
				  &error);
	if (fine && options.listen) {
		g_free(config.listen);
		config.listen = g_strdup(options.listen);
	}
	keep_memory();
	fine = fine && (options.new_token ? new_token(&config, &error) : serve(&config, &error));
	g_free(options.config);
	g_free(options.listen);
	if (!fine)
		g_printerr("xbisect-web: %s\n", error->message);
	return fine ? 0 : 1;
}
