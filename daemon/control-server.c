/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control-server.c - connections, their lines, and followers. */
#include "control-server.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "verbs.h"

#define CLIENTS_MAX    256
#define REQUEST_MAX    (64 * 1024 * 1024)
#define ALL_MAX        (256 * 1024 * 1024) /* bytes of all clients' requests together */
#define LARGE          (1024 * 1024)       /* a request below this is not counted */
#define CHUNK          (64 * 1024)
#define QUEUED_MAX     (256 * 1024) /* bytes that wait behind a whole request: no more is read */
#define FOLLOW_TICK_MS 500

struct XbControlServer {
	XbDaemon *daemon;
	GSocketService *service;
	GHashTable *clients; /* Client set */
	char *path;
};

typedef struct {
	XbControlServer *server;
	GSocketConnection *connection;
	GCancellable *cancellable;
	XbPeer peer;
	GByteArray *input;
	guint searched;     /* bytes of input known to hold no newline */
	GByteArray *output; /* being written */
	bool writing, reading, closing;
	bool eof;          /* it asks nothing more, but may wait for answers */
	json_t *answer;    /* that is still to be added to, or NULL */
	int64_t following; /* job id; 0 = none */
	guint follow_source;
	char *last_sent;
	int64_t seen; /* xb_db_changes() at the last look */
} Client;

static void client_free(Client *client)
{
	g_clear_handle_id(&client->follow_source, g_source_remove);
	g_clear_object(&client->cancellable);
	g_clear_object(&client->connection);
	g_byte_array_unref(client->input);
	g_byte_array_unref(client->output);
	json_decref(client->answer);
	g_free(client->last_sent);
	g_free(client);
}

static void client_close(Client *client)
{
	if (!client->closing) {
		client->closing = true;
		g_clear_handle_id(&client->follow_source, g_source_remove);
		g_cancellable_cancel(client->cancellable);
		g_io_stream_close(G_IO_STREAM(client->connection), NULL, NULL);
	}
	/* callbacks that are under way still hold the pointer: they free it when they end */
	if (!client->reading && !client->writing) {
		XbControlServer *server = client->server;
		if (server)
			g_hash_table_remove(server->clients, client);
		else
			client_free(client);
		/* showing a large job took memory: an idle daemon gives it back */
		if (server && g_hash_table_size(server->clients) == 0)
			malloc_trim(0);
	}
}

static void client_serve(Client *client);
static void client_read(Client *client);

static void on_written(GObject *source, GAsyncResult *result, gpointer data)
{
	Client *client = data;
	gsize written = 0;
	bool ok = g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, &written, NULL);

	client->writing = false;
	g_byte_array_set_size(client->output, 0);
	if (!ok || client->closing) {
		client_close(client);
		return;
	}
	client_serve(client);
}

static void client_write(Client *client)
{
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(client->connection));

	client->writing = true;
	g_output_stream_write_all_async(out, client->output->data, client->output->len,
					G_PRIORITY_DEFAULT, client->cancellable, on_written,
					client);
}

/* Steals @object. Only called while nothing is being written. */
static void client_send(Client *client, json_t *object)
{
	g_autofree char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	g_byte_array_append(client->output, (const guint8 *)text, (guint)strlen(text));
	g_byte_array_append(client->output, (const guint8 *)"\n", 1);
	client_write(client);
}

/* ---- follow --------------------------------------------------------------- */

static gboolean on_follow_tick(gpointer data)
{
	Client *client = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	bool ended = false;
	json_t *job;

	if (client->writing)
		return G_SOURCE_CONTINUE; /* a slow reader gets fewer updates, not a queue */
	/* reading a large job costs milliseconds; clocks go on at the client */
	if (client->seen == xb_db_changes(client->server->daemon->db))
		return G_SOURCE_CONTINUE;
	client->seen = xb_db_changes(client->server->daemon->db);
	job = xb_verbs_follow(client->server->daemon, client->following, &ended, &error);
	if (!job || ended) {
		client->follow_source = 0;
		client->following = 0;
		client_send(client, job ? json_pack("{s:b,s:o}", "ok", 1, "job", job)
					: xb_verbs_error(error, NULL));
		return G_SOURCE_REMOVE;
	}
	text = json_dumps(job, JSON_COMPACT);
	if (g_strcmp0(text, client->last_sent) != 0) {
		g_free(client->last_sent);
		client->last_sent = g_steal_pointer(&text);
		client_send(client, json_pack("{s:s,s:o}", "event", "progress", "job", job));
	} else {
		json_decref(job);
	}
	return G_SOURCE_CONTINUE;
}

static void start_following(Client *client, int64_t id)
{
	client->following = id;
	g_clear_pointer(&client->last_sent, g_free);
	client->seen = -1;
	if (on_follow_tick(client) == G_SOURCE_CONTINUE)
		client->follow_source = g_timeout_add(FOLLOW_TICK_MS, on_follow_tick, client);
}

void xb_control_server_job_ended(XbControlServer *self, int64_t job_id)
{
	GHashTableIter iter;
	gpointer key;

	if (!self)
		return;
	g_hash_table_iter_init(&iter, self->clients);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		Client *client = key;
		guint source = client->follow_source;

		/* while something is being written the next tick tells it */
		if (source && client->following == job_id &&
		    on_follow_tick(client) == G_SOURCE_REMOVE)
			g_source_remove(source);
	}
}

void xb_control_server_look_again(XbControlServer *self)
{
	GHashTableIter iter;
	gpointer key;

	if (!self)
		return;
	g_hash_table_iter_init(&iter, self->clients);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		((Client *)key)->seen = -1;
}

/* ---- requests -------------------------------------------------------------- */

/* For the rest of the connection. */
static void limit_to_web(Client *client)
{
	client->peer.web = true;
	client->peer.may_name_paths = false;
}

static void serve_line(Client *client, const char *line, gsize length)
{
	json_error_t where;
	g_autoptr(json_t) request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
	json_t *answer;
	int64_t follow = 0;

	if (!json_is_object(request)) {
		client_send(client, json_pack("{s:b,s:s,s:i}", "ok", 0, "error",
					      "the request is not a JSON object", "exit", 1));
		return;
	}
	if (g_strcmp0(json_string_value(json_object_get(request, "verb")), "web") == 0) {
		limit_to_web(client);
		client_send(client, json_pack("{s:b}", "ok", 1));
		return;
	}
	answer = xb_verbs_answer(client->server->daemon, &client->peer, request, &follow);
	if (!answer)
		start_following(client, follow);
	else if (xb_verbs_is_open(client->server->daemon, answer))
		client->answer = answer;
	else
		client_send(client, answer);
}

void xb_control_server_told(XbControlServer *self)
{
	GHashTableIter iter;
	gpointer key;

	if (!self)
		return;
	g_hash_table_iter_init(&iter, self->clients);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		Client *client = key;

		if (!client->answer || client->closing ||
		    xb_verbs_is_open(self->daemon, client->answer))
			continue;
		xb_verbs_told(self->daemon, client->answer);
		client_send(client, g_steal_pointer(&client->answer));
	}
}

/* The next line has to wait. */
static bool is_answering(const Client *client)
{
	return client->writing || client->following || client->answer;
}

/* The length of the first line, if it is whole; false when it is not. Looks at each byte once. */
static bool find_line(Client *client, guint *length)
{
	const GByteArray *input = client->input;
	const guint8 *from = input->data + client->searched;
	const guint8 *end = input->len > client->searched
				    ? memchr(from, '\n', input->len - client->searched)
				    : NULL;

	if (!end) {
		client->searched = input->len;
		return false;
	}
	*length = (guint)(end - input->data);
	client->searched = *length;
	return true;
}

/* Large requests of many clients at once are refused, not kept. */
static bool is_too_much(const Client *client)
{
	GHashTableIter iter;
	gpointer other;
	guint64 sum = 0;

	if (client->input->len < LARGE)
		return false;
	g_hash_table_iter_init(&iter, client->server->clients);
	while (g_hash_table_iter_next(&iter, &other, NULL))
		sum += ((const Client *)other)->input->len;
	return client->input->len > REQUEST_MAX || sum > ALL_MAX;
}

/* Serve the next whole line if nothing is being answered, and read on if that is
 * needed. May close the client: the last thing that a callback does. */
static void client_serve(Client *client)
{
	guint length = 0;
	bool whole = !client->closing && find_line(client, &length);

	if (whole && !is_answering(client)) {
		g_autofree char *line = g_memdup2(client->input->data, (gsize)length + 1);
		g_byte_array_remove_range(client->input, 0, length + 1);
		client->searched = 0;
		serve_line(client, line, length);
		whole = find_line(client, &length);
	}
	if (client->closing || (client->eof && !is_answering(client) && !whole) ||
	    (!whole && is_too_much(client)))
		client_close(client);
	else if (!client->reading && !client->eof && !(whole && client->input->len > QUEUED_MAX))
		client_read(client);
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
	Client *client = data;
	g_autoptr(GBytes) bytes =
		g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, NULL);
	gsize length = 0;
	const guint8 *chunk = bytes ? g_bytes_get_data(bytes, &length) : NULL;

	client->reading = false;
	if (client->closing || !bytes || (length == 0 && client->following)) {
		client_close(client);
		return;
	}
	client->eof = length == 0;
	if (length > 0)
		g_byte_array_append(client->input, chunk, (guint)length);
	client_serve(client);
}

static void client_read(Client *client)
{
	GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(client->connection));

	client->reading = true;
	g_input_stream_read_bytes_async(in, CHUNK, G_PRIORITY_DEFAULT, client->cancellable, on_read,
					client);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
			    gpointer data)
{
	XbControlServer *self = data;
	int fd = g_socket_get_fd(g_socket_connection_get_socket(connection));
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	Client *client;
	(void)service;
	(void)source;

	if (g_hash_table_size(self->clients) >= CLIENTS_MAX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
		return TRUE; /* dropped */
	client = g_new0(Client, 1);
	client->server = self;
	client->connection = g_object_ref(connection);
	client->cancellable = g_cancellable_new();
	client->input = g_byte_array_new();
	client->output = g_byte_array_new();
	client->peer.uid = credentials.uid;
	client->peer.may_name_paths = credentials.uid == 0 || credentials.uid == getuid();
	if (self->daemon->web_uid == (int64_t)credentials.uid)
		limit_to_web(client);
	g_hash_table_add(self->clients, client);
	client_read(client);
	return TRUE;
}

/* ---- the socket ------------------------------------------------------------- */

static GSocket *listen_on(const char *path, GError **error)
{
	g_autoptr(GSocket) socket = NULL;
	g_autoptr(GSocketAddress) address = NULL;
	g_autofree char *dir = g_path_get_dirname(path);
	mode_t old;
	bool ok;

	if (strlen(path) >= 108) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
			    "%s: too long for a socket; set [daemon] socket=", path);
		return NULL;
	}
	if (g_mkdir_with_parents(dir, 0755) != 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", dir,
			    g_strerror(errno));
		return NULL;
	}
	socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, error);
	if (!socket)
		return NULL;
	/* we hold the state directory's lock: a socket that is there is stale */
	g_unlink(path);
	address = g_unix_socket_address_new(path);
	old = umask(0117);
	ok = g_socket_bind(socket, address, FALSE, error);
	umask(old);
	g_socket_set_listen_backlog(socket, CLIENTS_MAX);
	if (!ok || !g_socket_listen(socket, error))
		return NULL;
	return g_steal_pointer(&socket);
}

bool xb_control_web_user(const XbConfig *config, int64_t *uid, GError **error)
{
	const char *name = config->web.user;
	/* cppcheck-suppress getpwnamCalled ; no other thread asks */
	const struct passwd *user = name ? getpwnam(name) : NULL;

	*uid = -1;
	if (!name)
		return true;
	if (!user) {
		g_set_error(error, XB_CONFIG_ERROR, 0, "[web] user: there is no user \"%s\"", name);
		return false;
	}
	/* our own user could not do more than a page either */
	if (user->pw_uid == getuid() || user->pw_uid == 0) {
		g_set_error(error, XB_CONFIG_ERROR, 0,
			    "[web] user: %s is the daemon's own user or root, who may do anything: "
			    "name another, or none",
			    name);
		return false;
	}
	*uid = user->pw_uid;
	return true;
}

XbControlServer *xb_control_server_new(XbDaemon *daemon, GError **error)
{
	g_autoptr(GSocket) socket = NULL;
	XbControlServer *self;

	socket = listen_on(daemon->config->socket, error);
	if (!socket)
		return NULL;
	self = g_new0(XbControlServer, 1);
	self->daemon = daemon;
	self->path = g_strdup(daemon->config->socket);
	self->clients = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)client_free, NULL);
	self->service = g_socket_service_new();
	g_socket_listener_add_socket(G_SOCKET_LISTENER(self->service), socket, NULL, NULL);
	g_signal_connect(self->service, "incoming", G_CALLBACK(on_incoming), self);
	return self;
}

void xb_control_server_free(XbControlServer *self)
{
	GHashTableIter iter;
	gpointer client;

	if (!self)
		return;
	g_socket_service_stop(self->service);
	g_socket_listener_close(G_SOCKET_LISTENER(self->service));
	g_clear_object(&self->service);
	g_unlink(self->path);
	g_hash_table_iter_init(&iter, self->clients);
	while (g_hash_table_iter_next(&iter, &client, NULL)) {
		/* callbacks under way free what they hold */
		((Client *)client)->server = NULL;
		g_hash_table_iter_steal(&iter);
		client_close(client);
	}
	/* let cancelled callbacks run */
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_hash_table_unref(self->clients);
	g_free(self->path);
	g_free(self);
}
