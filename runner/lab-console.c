/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-console.c - see lab-console.h. */
#include "lab-console.h"

#include "console-file.h"
#include "lab-command.h"
#include "lab-line.h"
#include "lab-template.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define RETRY_FIRST_MS 500
#define RETRY_LAST_MS  5000
#define ALIVE_MS       2000
#define STAMP_US       (50 * 1000)  /* bytes that come closer together share a time stamp */
#define ENDLESS        (256u << 20) /* more is not written down, though looked at */

struct LabConsole {
	Lab *lab;
	LabLine line;
	int file;
	FILE *times;
	char *path;
	guint64 size;
	gint64 last_us, stamp_us;
	guint watch, retry, retry_ms;
	bool connected; /* and not only connecting */
	guint losses, armed_losses;
	guint alive; /* a timer: a command that lives for so long is a connection */
	guint attempts;
	char *problem; /* why it is not connected */
	LabMarks *marks;
};

static void stamp(LabConsole *self, const char *words)
{
	gint64 now = g_get_monotonic_time();

	if (!words && now - self->stamp_us < STAMP_US)
		return;
	self->stamp_us = now;
	fprintf(self->times, "%" G_GUINT64_FORMAT " %.3f%s%s\n", self->size,
		(double)(now - self->lab->start_us) / G_USEC_PER_SEC, words ? " " : "",
		words ? words : "");
	fflush(self->times);
}

static void take(LabConsole *self, const char *data, gsize length)
{
	stamp(self, NULL);
	for (gsize done = 0; self->size < ENDLESS && done < length;) {
		ssize_t wrote = write(self->file, data + done, length - done);

		if (wrote <= 0) {
			runner_run_end(self->lab->run, XB_OUTCOME_HOST_TROUBLE,
				       "the console can't be written down: %s", g_strerror(errno));
			break;
		}
		done += (gsize)wrote;
	}
	self->size += length;
	self->last_us = g_get_monotonic_time();
	if (self->marks)
		lab_marks_feed(self->marks, data, length);
}

static void try_to_connect(LabConsole *self);

static gboolean on_retry(gpointer data)
{
	LabConsole *self = data;

	self->retry = 0;
	try_to_connect(self);
	return G_SOURCE_REMOVE;
}

static void lose(LabConsole *self, const char *why)
{
	g_clear_handle_id(&self->alive, g_source_remove);
	lab_line_close(&self->line);
	self->watch = 0;
	if (self->connected) {
		self->losses++;
		lab_log(self->lab, "console lost: %s", why);
		stamp(self, "lost");
	}
	self->connected = false;
	g_free(self->problem);
	self->problem = g_strdup(why);
	self->retry = g_timeout_add(self->retry_ms, on_retry, self);
	self->retry_ms = MIN(self->retry_ms * 2, RETRY_LAST_MS);
}

static void connected(LabConsole *self)
{
	self->connected = true;
	if (self->marks)
		lab_marks_gap(self->marks);
	stamp(self, "connected");
	lab_log(self->lab, "console connected");
}

static gboolean on_input(int fd, GIOCondition condition, gpointer data)
{
	LabConsole *self = data;
	char buffer[16384];
	ssize_t got = read(fd, buffer, sizeof(buffer));

	(void)condition;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (got <= 0) {
		lose(self, got == 0 ? "it was closed at the other end" : g_strerror(errno));
		return G_SOURCE_REMOVE;
	}
	self->retry_ms = RETRY_FIRST_MS;
	if (!self->connected)
		connected(self);
	take(self, buffer, (gsize)got);
	return G_SOURCE_CONTINUE;
}

static gboolean on_alive(gpointer data)
{
	LabConsole *self = data;

	self->alive = 0;
	if (!self->connected)
		connected(self);
	return G_SOURCE_REMOVE;
}

/* Writable, so connected, or not to be. A command is taken as connected when it has
 * said something or lived for a while: whether it is, only its end would tell. But
 * ipmitool, which may take long, says so when its session is there. */
static gboolean on_connected(int fd, GIOCondition condition, gpointer data)
{
	LabConsole *self = data;
	int problem = lab_line_error(&self->line);

	(void)condition;
	if (problem) {
		lose(self, g_strerror(problem));
		return G_SOURCE_REMOVE;
	}
	if (self->lab->host->console == LAB_CONSOLE_COMMAND)
		self->alive = g_timeout_add(ALIVE_MS, on_alive, self);
	else if (self->lab->host->console != LAB_CONSOLE_IPMI)
		connected(self);
	self->watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, self);
	return G_SOURCE_REMOVE;
}

static void try_to_connect(LabConsole *self)
{
	g_autoptr(GError) error = NULL;
	LabConsoleKind kind = self->lab->host->console;

	if (!lab_line_open(self->lab, self->attempts++, &self->line, &error)) {
		lose(self, error->message);
	} else if (kind == LAB_CONSOLE_TCP) {
		self->watch = g_unix_fd_add(self->line.fd, G_IO_OUT | G_IO_HUP | G_IO_ERR,
					    on_connected, self);
	} else {
		on_connected(self->line.fd, 0, self);
	}
}

/* A session that another controller left behind keeps the line busy. Its
 * failure is none: there may be no such session. */
static bool stop_others(Lab *lab, GError **error)
{
	const LabHost *host = lab->host;
	g_auto(GStrv) argv = NULL;
	g_auto(LabResult) result = { 0 };

	if (!host->console_stop ||
	    (host->console != LAB_CONSOLE_COMMAND && host->console != LAB_CONSOLE_IPMI))
		return true;
	argv = lab_template_argv("console_stop", host->console_stop, host->values, error);
	return argv &&
	       lab_command(lab, "console_stop", argv, -1, host->power_deadline_s, &result, error);
}

bool lab_console_open(Lab *lab, GError **error)
{
	LabConsole *self;
	g_autofree char *times = g_build_filename(lab->job->dir, "console.times", NULL);

	if (lab->host->console == LAB_CONSOLE_NONE)
		return true;
	if (!stop_others(lab, error))
		return false;
	self = g_new0(LabConsole, 1);
	lab->console = self;
	self->lab = lab;
	self->line = LAB_LINE_CLOSED;
	self->retry_ms = RETRY_FIRST_MS;
	self->last_us = g_get_monotonic_time();
	self->path = g_build_filename(lab->job->dir, "console", NULL);
	self->file = open(self->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	self->times = self->file >= 0 ? fopen(times, "we") : NULL;
	if (!self->times)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s can't be written: %s",
				self->path, g_strerror(errno));
	try_to_connect(self);
	return true;
}

bool lab_console_wait(Lab *lab, double seconds, GError **error)
{
	gint64 deadline = lab_deadline(seconds);
	const LabConsole *self = lab->console;

	while (self && !self->connected) {
		if (lab_seconds_left(deadline) <= 0)
			return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
					"the console can't be opened: %s",
					self->problem ? self->problem : "no answer");
		if (!lab_wait(lab, 0.5, error))
			return false;
	}
	return true;
}

void lab_console_arm(LabConsole *self, const char *nonce, const ConsoleHandlers *handlers)
{
	lab_marks_free(self->marks);
	self->marks = lab_marks_new(nonce, handlers);
	self->last_us = g_get_monotonic_time();
	self->armed_losses = self->losses;
}

LabMarks *lab_console_marks(const LabConsole *self)
{
	return self->marks;
}

guint64 lab_console_size(const LabConsole *self)
{
	return self->size;
}

double lab_console_silence(const LabConsole *self)
{
	return -lab_seconds_left(self->last_us);
}

guint lab_console_losses(const LabConsole *self)
{
	return self->losses;
}

bool lab_console_connected(const LabConsole *self)
{
	return self->connected;
}

bool lab_console_lost(const LabConsole *self)
{
	return !self->connected || self->losses > self->armed_losses;
}

void lab_console_close(LabConsole *self)
{
	if (!self)
		return;
	g_clear_handle_id(&self->alive, g_source_remove);
	g_clear_handle_id(&self->watch, g_source_remove);
	g_clear_handle_id(&self->retry, g_source_remove);
	lab_line_close(&self->line);
	if (self->file >= 0) {
		close(self->file);
		runner_console_shorten(self->path);
	}
	if (self->times)
		fclose(self->times);
	lab_marks_free(self->marks);
	g_free(self->path);
	g_free(self->problem);
	g_free(self);
}
