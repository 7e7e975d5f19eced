/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * follow.c - wait for a job to end, showing how it goes; see follow.h.
 *
 * The job lives in the daemon's database, so a lost connection loses nothing:
 * connect again and ask again.
 */
#include "follow.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "control.h"
#include "format.h"
#include "job.h"
#include "progress.h"
#include "report.h"
#include "term.h"
#include "text.h"

#define TICK_MS          500  /* a terminal's clock moves on between messages */
#define RETRY_MS         1000 /* between attempts to connect */
#define DEFAULT_PATIENCE 600  /* seconds without a daemon */

typedef struct {
	XbClient *client;
	gint64 id;
	XbTerm term;
	json_t *job;       /* the last that came; NULL before the first */
	gint64 job_us;     /* when it came (monotonic) */
	gint64 lost_us;    /* when the daemon went away; 0 = it is there */
	double patience_s; /* without a daemon */
	sigset_t old_mask, wait_mask;
	struct sigaction old_actions[3];
} XbFollow;

static const int watched_signals[] = { SIGINT, SIGTERM, SIGWINCH };
static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
	if (number != SIGWINCH)
		stop_signal = number;
}

/* The signals come only while ppoll() waits: never inside a frame. */
static void signals_catch(XbFollow *self)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	stop_signal = 0;
	sigemptyset(&blocked);
	for (unsigned i = 0; i < G_N_ELEMENTS(watched_signals); i++) {
		sigaddset(&blocked, watched_signals[i]);
		sigaction(watched_signals[i], &action, &self->old_actions[i]);
	}
	pthread_sigmask(SIG_BLOCK, &blocked, &self->old_mask);
	self->wait_mask = self->old_mask;
	for (unsigned i = 0; i < G_N_ELEMENTS(watched_signals); i++)
		sigdelset(&self->wait_mask, watched_signals[i]);
}

static void signals_restore(XbFollow *self)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(watched_signals); i++)
		sigaction(watched_signals[i], &self->old_actions[i], NULL);
	pthread_sigmask(SIG_SETMASK, &self->old_mask, NULL);
}

/* ---- showing ------------------------------------------------------------------- */

static void say(XbFollow *self, const char *text)
{
	double started = xb_number(self->job, "started");
	double now = (double)g_get_real_time() / 1e6;
	g_autofree char *span = xb_format_span(started > 0 ? now - started : 0);

	if (self->term.live)
		xb_term_erase(&self->term);
	fprintf(self->term.stream, "[%7s] %s\n", span, text);
	fflush(self->term.stream);
}

static void redraw(XbFollow *self)
{
	g_autoptr(GPtrArray) lines = NULL;
	int columns, rows;

	if (!self->term.live || self->job == NULL)
		return;
	xb_term_size(&self->term, &columns, &rows);
	lines = xb_progress_view(self->job, (double)(g_get_monotonic_time() - self->job_us) / 1e6,
				 (double)g_get_real_time() / 1e6, columns, rows);
	if (self->lost_us != 0)
		xb_lines_add(lines, "31", g_strdup("  waiting for the daemon to come back"));
	xb_term_draw(&self->term, lines);
}

static void take_job(XbFollow *self, json_t *job)
{
	json_t *before = self->job;

	self->job = json_incref(job);
	self->job_us = g_get_monotonic_time();
	if (!self->term.live) {
		g_autoptr(GPtrArray) lines = xb_progress_changes(before, job);

		for (guint i = 0; i < lines->len; i++)
			say(self, g_ptr_array_index(lines, i));
	}
	json_decref(before);
	redraw(self);
}

/* ---- the connection --------------------------------------------------------------- */

static void lost(XbFollow *self, const char *why)
{
	xb_client_disconnect(self->client);
	if (self->lost_us != 0)
		return;
	self->lost_us = g_get_monotonic_time();
	g_autofree char *text = g_strdup_printf(
		"the daemon went away (%s): the job is kept, waiting for it to come back", why);
	say(self, text);
}

/* Connect where needed and ask for the job; where that fails, the daemon is lost. */
static void ask(XbFollow *self)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) request =
		json_pack("{s:s, s:I}", "verb", "follow", "id", (json_int_t)self->id);

	if (!xb_client_connect(self->client, &error) ||
	    !xb_control_write(g_io_stream_get_output_stream(G_IO_STREAM(self->client->connection)),
			      request, &error))
		lost(self, error->message);
}

static bool line_buffered(XbClient *client)
{
	gsize available;
	const char *data = g_buffered_input_stream_peek_buffer(G_BUFFERED_INPUT_STREAM(client->in),
							       &available);

	return available > 0 && memchr(data, '\n', available) != NULL;
}

/* Wait for bytes, a signal, or @timeout_ms (-1: no limit). True: there are bytes. */
static bool wait_for_bytes(XbFollow *self, int timeout_ms)
{
	struct timespec timeout = { timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000 };
	struct pollfd fd = { .fd = -1, .events = POLLIN };

	if (self->client->connection != NULL) {
		if (line_buffered(self->client))
			return true;
		fd.fd = g_socket_get_fd(g_socket_connection_get_socket(self->client->connection));
	}
	return ppoll(&fd, 1, timeout_ms < 0 ? NULL : &timeout, &self->wait_mask) > 0;
}

/* ---- the loop ----------------------------------------------------------------------- */

/* One message. True when it was the last: @status is set. */
static bool take_message(XbFollow *self, int *status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) message = xb_control_read(self->client->in, &error);
	json_t *job = json_object_get(message, "job");

	if (message == NULL) {
		lost(self, error != NULL ? error->message : "it closed the connection");
		return false;
	}
	if (json_integer_value(json_object_get(message, "exit")) == XB_EXIT_NO_DAEMON) {
		lost(self, "it is stopping");
		return false;
	}
	if (self->lost_us != 0) {
		self->lost_us = 0;
		say(self, "the daemon is back");
	}
	if (json_object_get(message, "ok") == NULL) {
		if (json_is_object(job))
			take_job(self, job);
		return false;
	}
	if (!json_is_true(json_object_get(message, "ok"))) {
		if (self->term.live)
			xb_term_erase(&self->term);
		*status = xb_client_refused(self->client, message);
		return true;
	}
	if (json_is_object(job))
		take_job(self, job);
	*status = (int)xb_job_exit(self->job);
	return true;
}

static bool out_of_patience(XbFollow *self, int *status)
{
	g_autofree char *hint = NULL, *span = NULL;

	if (self->lost_us == 0 ||
	    (double)(g_get_monotonic_time() - self->lost_us) / 1e6 < self->patience_s)
		return false;
	if (self->term.live)
		xb_term_erase(&self->term);
	span = xb_format_span(self->patience_s);
	hint = g_strdup_printf("start xbisectd and the job goes on; "
			       "xbisect show --wait %" G_GINT64_FORMAT " follows it again",
			       self->id);
	*status = xb_client_fail(self->client, XB_EXIT_NO_DAEMON, hint,
				 "no daemon for %s, waiting no longer for job %" G_GINT64_FORMAT,
				 span, self->id);
	return true;
}

/* What there is to wait for: bytes; without a daemon the time of the next try. */
static int timeout_ms(const XbFollow *self)
{
	if (self->client->connection == NULL)
		return RETRY_MS;
	return self->term.live || self->lost_us != 0 ? TICK_MS : -1;
}

static int follow_loop(XbFollow *self)
{
	int status = XB_EXIT_FAILED;

	ask(self);
	while (stop_signal == 0) {
		bool have_bytes = wait_for_bytes(self, timeout_ms(self));

		if (stop_signal != 0)
			break;
		if (self->client->connection == NULL)
			ask(self);
		else if (have_bytes && take_message(self, &status))
			return status;
		if (out_of_patience(self, &status))
			return status;
		redraw(self);
	}
	return status;
}

static double patience(void)
{
	const char *text = g_getenv("XBISECT_PATIENCE");
	double seconds;

	return text != NULL && xb_parse_duration(text, &seconds) ? seconds : DEFAULT_PATIENCE;
}

/* The waiting ends, the job does not; then die by the signal as the shell expects. */
static void leave_by_signal(XbFollow *self)
{
	int number = stop_signal;

	xb_client_disconnect(self->client);
	fprintf(stderr,
		"\nxbisect: no longer waiting; job %" G_GINT64_FORMAT " goes on\n"
		"  follow it again: xbisect show --wait %" G_GINT64_FORMAT
		"   its log: xbisect log -f %" G_GINT64_FORMAT
		"   end it: xbisect cancel %" G_GINT64_FORMAT "\n",
		self->id, self->id, self->id, self->id);
	fflush(NULL);
	signals_restore(self);
	signal(number, SIG_DFL);
	raise(number);
}

int xb_follow(XbClient *client, gint64 id, json_t **job)
{
	XbFollow self = { .client = client, .id = id, .patience_s = patience() };
	int status;

	xb_term_init(&self.term, client->json ? stderr : stdout);
	signals_catch(&self);
	status = follow_loop(&self);
	if (stop_signal != 0)
		leave_by_signal(&self);
	signals_restore(&self);
	if (self.term.live)
		xb_term_erase(&self.term);
	xb_term_clear(&self.term);
	if (job != NULL)
		*job = xb_job_ended(self.job) ? json_incref(self.job) : NULL;
	json_decref(self.job);
	return status;
}

int xb_follow_and_tell(XbClient *client, gint64 id)
{
	g_autoptr(json_t) job = NULL;
	int status = xb_follow(client, id, &job);

	if (job == NULL)
		return status;
	if (client->json) {
		int printed = xb_client_print_json(json_incref(job));

		return printed == XB_EXIT_OK ? status : printed;
	}
	g_autofree char *summary = xb_report_summary(job);
	fputs(summary, stdout);
	return status;
}
