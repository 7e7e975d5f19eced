/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server.c - see server.h. */
#include "server.h"

#include <microhttpd.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ask.h"
#include "live.h"

#define CONNECTIONS_MAX 16384
#define CONNECTION_MEM  (16 * 1024) /* a request's line and headers fit, or it is refused */
#define IDLE_S          15          /* a connection without progress */
#define DRAIN_MAX       (64 * 1024 * 1024)

struct XbServer {
	XbSite *site;
	struct MHD_Daemon *http;
	GSource *source;
	XbLive *live;
	const char *socket; /* of the daemon */
	guint asking;       /* exchanges that wait for the daemon */
};

/* One request on a connection, from its headers to its response. */
typedef struct {
	XbServer *server;
	struct MHD_Connection *connection;
	XbWebRequest *request;
	GByteArray *body;
	uint64_t received;
	bool begun;
	guint lengths, encodings; /* headers that say where the body ends */
	XbWebResponse *response;  /* of the daemon's answer, when that has come */
	bool asking;
} Exchange;

/* ---- the main loop ------------------------------------------------------------------ */

typedef struct {
	GSource source;
	struct MHD_Daemon *http;
	gpointer tag;
} HttpSource;

static gboolean http_prepare(GSource *source, int *timeout_ms)
{
	MHD_UNSIGNED_LONG_LONG wait;

	*timeout_ms = -1;
	if (MHD_get_timeout(((HttpSource *)source)->http, &wait) == MHD_YES)
		*timeout_ms = (int)MIN(wait, 60000);
	return *timeout_ms == 0;
}

static gboolean http_check(GSource *source)
{
	MHD_UNSIGNED_LONG_LONG wait;
	HttpSource *self = (HttpSource *)source;

	return g_source_query_unix_fd(source, self->tag) != 0 ||
	       (MHD_get_timeout(self->http, &wait) == MHD_YES && wait == 0);
}

static gboolean http_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	(void)callback;
	(void)data;
	MHD_run(((HttpSource *)source)->http);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs http_functions = { http_prepare, http_check, http_dispatch, NULL, NULL, NULL };

static void on_woken(void *data)
{
	MHD_run(((XbServer *)data)->http);
}

/* ---- responses ----------------------------------------------------------------------- */

static void add_headers(struct MHD_Response *response)
{
	static const char *const headers[][2] = {
		{ "Content-Security-Policy",
		  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		  "connect-src 'self'; form-action 'self'; base-uri 'none'; "
		  "frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "same-origin" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(headers); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

static void free_bytes(void *bytes)
{
	g_bytes_unref(bytes);
}

static struct MHD_Response *make_response(XbWebResponse *web)
{
	gsize length = 0;
	const void *data = web->body ? g_bytes_get_data(web->body, &length) : NULL;

	if (web->fd >= 0) {
		int fd = web->fd;
		web->fd = -1; /* the response closes it */
		return MHD_create_response_from_fd64(web->size, fd);
	}
	if (length == 0)
		return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_buffer_with_free_callback_cls(
		length, (void *)data, free_bytes, g_bytes_ref(web->body));
}

/* True when the client has this body already. */
static bool add_tag(struct MHD_Response *response, const XbWebResponse *web,
		    const XbWebRequest *request)
{
	const char *known = xb_web_header(request, "if-none-match");
	g_autofree char *sum = NULL, *tag = NULL;

	if (web->status != 200 || !web->body)
		return false;
	sum = web->tag ? g_strdup(web->tag)
		       : g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, web->body);
	tag = g_strdup_printf("\"%s\"", sum);
	MHD_add_response_header(response, "ETag", tag);
	return known && strstr(known, tag);
}

static enum MHD_Result queue_response(Exchange *exchange, XbWebResponse *web)
{
	struct MHD_Response *response = make_response(web);
	guint status = web->status;
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	if (add_tag(response, web, exchange->request)) {
		struct MHD_Response *empty =
			MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
		MHD_add_response_header(empty, "ETag", MHD_get_response_header(response, "ETag"));
		MHD_destroy_response(response);
		response = empty;
		status = 304;
	}
	add_headers(response);
	if (status != 304)
		MHD_add_response_header(response, "Content-Type", web->type);
	MHD_add_response_header(response, "Cache-Control",
				web->immutable ? "max-age=3600" : "no-cache");
	if (web->location)
		MHD_add_response_header(response, "Location", web->location);
	if (web->cookie)
		MHD_add_response_header(response, "Set-Cookie", web->cookie);
	if (web->filename) {
		g_autofree char *value =
			g_strdup_printf("attachment; filename=\"%s\"", web->filename);
		MHD_add_response_header(response, "Content-Disposition", value);
	}
	if (status == 503)
		MHD_add_response_header(response, "Retry-After", "5");
	if (status == 400 || status == 413)
		MHD_add_response_header(response, "Connection", "close");
	result = MHD_queue_response(exchange->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result queue_live(Exchange *exchange, const char *page)
{
	g_autoptr(XbWebResponse) busy = NULL;
	struct MHD_Response *response =
		xb_live_open(exchange->server->live, exchange->connection, exchange->request, page);
	enum MHD_Result result;

	if (!response) {
		busy = xb_web_response_text(503, "too many pages are kept up to date\n");
		return queue_response(exchange, busy);
	}
	MHD_set_connection_option(exchange->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	add_headers(response);
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	result = MHD_queue_response(exchange->connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- asking the daemon ------------------------------------------------------------------ */

static void on_answer(json_t *answer, const char *problem, void *data)
{
	Exchange *exchange = data;
	XbServer *server = exchange->server;
	XbWebResponse *asked = exchange->response;

	exchange->response = asked->finish(server->site, exchange->request, answer, problem);
	xb_web_response_free(asked);
	exchange->asking = false;
	server->asking--;
	MHD_resume_connection(exchange->connection);
	MHD_run(server->http);
}

static void ask_daemon(Exchange *exchange, XbWebResponse *response)
{
	exchange->response = response;
	exchange->asking = true;
	exchange->server->asking++;
	MHD_suspend_connection(exchange->connection);
	xb_ask(exchange->server->socket, response->control, on_answer, exchange);
}

/* ---- requests ----------------------------------------------------------------------------- */

static enum MHD_Result on_header(void *data, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	Exchange *exchange = data;
	(void)kind;

	exchange->lengths += g_ascii_strcasecmp(name, "content-length") == 0;
	exchange->encodings += g_ascii_strcasecmp(name, "transfer-encoding") == 0;
	xb_web_request_add_header(exchange->request, name, value ? value : "");
	return MHD_YES;
}

/* The target as it stood in the request line: what the library decodes is not looked at. */
static void *on_target(void *data, const char *target, struct MHD_Connection *connection)
{
	Exchange *exchange = g_new0(Exchange, 1);

	exchange->server = data;
	exchange->connection = connection;
	exchange->request = xb_web_request_new("GET", target);
	exchange->body = g_byte_array_new();
	return exchange;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	Exchange *exchange = *state;
	(void)data;
	(void)connection;
	(void)code;

	if (!exchange)
		return;
	xb_web_request_free(exchange->request);
	xb_web_response_free(exchange->response);
	g_byte_array_unref(exchange->body);
	g_free(exchange);
	*state = NULL;
}

static enum MHD_Result refuse(Exchange *exchange, guint status, const char *why)
{
	g_autoptr(XbWebResponse) response =
		xb_site_message(exchange->server->site, exchange->request, status, "Refused", why);

	return queue_response(exchange, response);
}

/* The headers are there. */
static enum MHD_Result begin(Exchange *exchange, const char *method)
{
	const char *length;

	g_free(exchange->request->method);
	exchange->request->method = g_strdup(method);
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, on_header, exchange);
	length = xb_web_header(exchange->request, "content-length");
	/* two opinions on where the body ends: what follows could be taken for a request */
	if (exchange->lengths + exchange->encodings > 1 ||
	    (length && (!*length || strspn(length, "0123456789") != strlen(length))))
		return refuse(exchange, 400, "the request's length is ambiguous");
	return MHD_YES;
}

static enum MHD_Result respond(Exchange *exchange)
{
	XbServer *server = exchange->server;
	XbWebResponse *response;
	enum MHD_Result result;

	if (exchange->body->len) {
		g_autoptr(GBytes) bytes = g_bytes_new(exchange->body->data, exchange->body->len);
		xb_web_request_set_body(exchange->request, bytes);
	}
	response = xb_site_answer(server->site, exchange->request, g_get_real_time() / 1000);
	if (response->control) {
		ask_daemon(exchange, response);
		return MHD_YES;
	}
	result = response->live ? queue_live(exchange, response->live)
				: queue_response(exchange, response);
	xb_web_response_free(response);
	return result;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	Exchange *exchange = *state;
	(void)data;
	(void)url;
	(void)version;
	(void)connection;

	if (!exchange)
		return MHD_NO;
	if (!exchange->begun) {
		exchange->begun = true;
		return begin(exchange, method);
	}
	if (*upload_size) {
		/* more than is wanted is read all the same: a client that is still sending does not
		 * see what it is told */
		exchange->received += *upload_size;
		if (exchange->received <= XB_BODY_MAX)
			g_byte_array_append(exchange->body, (const guint8 *)upload,
					    (guint)*upload_size);
		*upload_size = 0;
		return exchange->received > DRAIN_MAX ? MHD_NO : MHD_YES;
	}
	if (exchange->asking)
		return MHD_YES;
	if (exchange->response)
		return queue_response(exchange, exchange->response);
	if (exchange->received > XB_BODY_MAX)
		return refuse(exchange, 413, "the request is larger than 8 MiB");
	return respond(exchange);
}

/* ---- start and end ------------------------------------------------------------------------ */

/* As many connections as there may be descriptors; some are kept for all else. */
static guint connections_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 512;
	limit.rlim_cur = MIN(limit.rlim_max, CONNECTIONS_MAX + 256);
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return (guint)CLAMP((int64_t)limit.rlim_cur - 128, 64, CONNECTIONS_MAX);
}

static struct MHD_Daemon *start(XbServer *self, int fd)
{
	guint connections = connections_max();

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
				self, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
				on_target, self, MHD_OPTION_NOTIFY_COMPLETED, on_completed, self,
				MHD_OPTION_CONNECTION_LIMIT, connections,
				/* one address alone does not fill the server */
				MHD_OPTION_PER_IP_CONNECTION_LIMIT, connections * 3 / 4,
				MHD_OPTION_CONNECTION_TIMEOUT, (guint)IDLE_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEM,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

XbServer *xb_server_new(XbSite *site, const XbWebConfig *config, GSocket *listener, GError **error)
{
	XbServer *self = g_new0(XbServer, 1);
	int fd = dup(g_socket_get_fd(listener));
	const union MHD_DaemonInfo *info;
	HttpSource *source;

	self->site = site;
	self->socket = config->socket;
	self->http = fd >= 0 ? start(self, fd) : NULL;
	if (!self->http) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the server cannot be started");
		if (fd >= 0)
			close(fd);
		g_free(self);
		return NULL;
	}
	info = MHD_get_daemon_info(self->http, MHD_DAEMON_INFO_EPOLL_FD);
	self->source = g_source_new(&http_functions, sizeof(HttpSource));
	source = (HttpSource *)self->source;
	source->http = self->http;
	source->tag = g_source_add_unix_fd(self->source, info->epoll_fd, G_IO_IN);
	g_source_attach(self->source, NULL);
	self->live = xb_live_new(site, config->viewers, on_woken, self);
	return self;
}

void xb_server_free(XbServer *self)
{
	if (!self)
		return;
	while (self->asking)
		g_main_context_iteration(NULL, TRUE);
	xb_live_stop(self->live);
	g_source_destroy(self->source);
	g_source_unref(self->source);
	MHD_run(self->http);
	MHD_stop_daemon(self->http);
	xb_live_free(self->live);
	g_free(self);
}
