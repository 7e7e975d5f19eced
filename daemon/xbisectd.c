/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xbisectd.c - the daemon: options, start, main loop, end. */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "alert.h"
#include "control-server.h"
#include "control.h"
#include "daemon.h"
#include "executor.h"
#include "host-locks.h"
#include "host-task.h"
#include "mirror.h"
#include "probes.h"
#include "schedule.h"
#include "warn.h"
#include "watch.h"

static gboolean on_signal(gpointer data)
{
	XbDaemon *daemon = data;

	daemon->stopping = true;
	g_main_loop_quit(daemon->loop);
	return G_SOURCE_CONTINUE;
}

/* One daemon for one state directory, for as long as the process lives. */
static bool take_lock(XbDaemon *daemon, GError **error)
{
	g_autofree char *path = xb_state_path(daemon, "lock", NULL);

	if (g_mkdir_with_parents(daemon->config->state_dir, 0750) != 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s",
			    daemon->config->state_dir, g_strerror(errno));
		return false;
	}
	daemon->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (daemon->lock_fd < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path,
			    g_strerror(errno));
		return false;
	}
	if (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES,
			    "%s: another xbisectd uses this state directory",
			    daemon->config->state_dir);
		return false;
	}
	return true;
}

/* A row for each host of the configuration, and others out of sight. */
static bool know_hosts(XbDaemon *daemon, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < daemon->config->hosts->len; i++)
		g_ptr_array_add(names, ((XbHostConfig *)daemon->config->hosts->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	return xb_db_hosts_configured(daemon->db, (const char *const *)names->pdata, error);
}

static bool start(XbDaemon *daemon, GError **error)
{
	g_autofree char *db_path = NULL;

	if (!take_lock(daemon, error) || !xb_git_setup(error))
		return false;
	db_path = xb_state_path(daemon, "xbisect.db", NULL);
	daemon->db = xb_db_open(db_path, false, error);
	if (!daemon->db)
		return false;
	if (!know_hosts(daemon, error))
		return false;
	daemon->probes = xb_probes_new(daemon);
	/* First: it waits in the main loop, and what is adopted may end and ask for a plan. */
	xb_probes_ask_builder(daemon->probes);
	daemon->host_tasks = xb_host_tasks_new(daemon);
	daemon->host_locks = xb_host_locks_new(daemon);
	daemon->executor = xb_executor_new(daemon);
	if (!xb_executor_adopt(daemon->executor, error))
		return false;
	daemon->deliverer = xb_deliverer_new(daemon);
	xb_deliverer_round(daemon->deliverer);
	daemon->watcher = xb_watcher_new(daemon);
	daemon->warner = xb_warner_new();
	daemon->control = xb_control_server_new(daemon, error);
	return daemon->control != NULL;
}

static void stop(XbDaemon *daemon)
{
	g_clear_handle_id(&daemon->plan_source, g_source_remove);
	daemon->stopping = true;
	g_clear_pointer(&daemon->warner, xb_warner_free);
	xb_control_server_told(
		daemon->control); /* what is queued has an id that somebody waits for */
	xb_control_server_free(daemon->control);
	g_clear_pointer(&daemon->executor, xb_executor_free);
	g_clear_pointer(&daemon->host_tasks, xb_host_tasks_free);
	g_clear_pointer(&daemon->host_locks, xb_host_locks_free);
	g_clear_pointer(&daemon->watcher, xb_watcher_free);
	g_clear_pointer(&daemon->deliverer, xb_deliverer_free);
	xb_probes_free(daemon->probes);
	g_clear_handle_id(&daemon->plan_source, g_source_remove);
	g_clear_handle_id(&daemon->retry_source, g_source_remove);
	g_clear_handle_id(&daemon->care_source, g_source_remove);
	g_clear_pointer(&daemon->db, xb_db_close);
	if (daemon->lock_fd >= 0)
		close(daemon->lock_fd);
}

static int run(XbConfig *config, int64_t web_uid)
{
	XbDaemon daemon = { .config = config, .web_uid = web_uid, .lock_fd = -1 };
	g_autoptr(GError) error = NULL;
	int status = 0;

	signal(SIGPIPE, SIG_IGN);
	daemon.loop = g_main_loop_new(NULL, FALSE);
	if (!start(&daemon, &error)) {
		fprintf(stderr, "xbisectd: %s\n", error->message);
		status = 1;
	} else {
		guint term = g_unix_signal_add(SIGTERM, on_signal, &daemon);
		guint interrupt = g_unix_signal_add(SIGINT, on_signal, &daemon);
		g_message("version %s, state in %s, listening on %s", XB_VERSION, config->state_dir,
			  config->socket);
		xb_daemon_poke(&daemon);
		g_main_loop_run(daemon.loop);
		g_message("ending; running workers go on and are adopted at the next start");
		g_source_remove(term);
		g_source_remove(interrupt);
	}
	stop(&daemon);
	g_main_loop_unref(daemon.loop);
	return status;
}

/* Without G_MESSAGES_DEBUG fiddling: one line a message, to stderr. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				  gpointer data)
{
	const char *text = "";
	(void)data;

	for (gsize i = 0; i < n_fields; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			text = fields[i].value;
	if (level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO))
		return G_LOG_WRITER_HANDLED;
	fprintf(stderr, "xbisectd: %s%s\n",
		level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL) ? "warning: " : "", text);
	return G_LOG_WRITER_HANDLED;
}

int main(int argc, char **argv)
{
	g_autofree char *config_option = NULL, *path = NULL;
	const char *named = g_getenv("XBISECT_CONFIG");
	gboolean check = FALSE, version = FALSE;
	int64_t web_uid = -1;
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_option,
		  "Read FILE (and FILE's conf.d/*.conf)", "FILE" },
		{ "check", 0, 0, G_OPTION_ARG_NONE, &check, "Check the configuration and exit",
		  NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit",
		  NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(XbConfig) config = NULL;

	setlocale(LC_ALL, "");
	g_option_context_set_summary(
		context, "The xbisect daemon: plans, builds, boots and remembers. It runs in the\n"
			 "foreground, as the user who starts it; no root is needed.");
	g_option_context_set_description(
		context, "Examples:\n"
			 "  xbisectd                       the default configuration\n"
			 "  xbisectd --config lab.conf     another one\n"
			 "  xbisectd --config lab.conf --check\n\n"
			 "See xbisectd(8) and xbisectd.conf(5).\n");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1) {
		fprintf(stderr, "xbisectd: %s\n", error ? error->message : "too many arguments");
		return 1;
	}
	if (version) {
		printf("xbisectd %s\n", XB_VERSION);
		return 0;
	}
	g_log_set_writer_func(write_log, NULL, NULL);
	path = xb_default_config_path(config_option);
	/* a file that somebody named must be there */
	if (!config_option && !(named && *named) && !g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_message("%s is not there: the defaults are used", path);
		config = xb_config_defaults(&error);
	} else {
		config = xb_config_load(path, &error);
	}
	if (config && !xb_control_web_user(config, &web_uid, &error)) {
		g_prefix_error(&error, "%s: ", path);
		g_clear_pointer(&config, xb_config_free);
	}
	if (!config) {
		fprintf(stderr, "xbisectd: %s\n", error->message);
		return 1;
	}
	if (check) {
		printf("%s: ok\n", path);
		return 0;
	}
	return run(config, web_uid);
}
