/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log.c - bounded log file: head on disk at once, tail in a ring. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"

struct XbLog {
	int fd;
	bool failed;
	gsize half;      /* bytes of the head, and of the ring */
	gsize head_used; /* bytes written to the head */
	char *ring;      /* NULL until the head is full */
	guint64 ringed;  /* bytes that ever went to the ring */
};

XbLog *xb_log_new(const char *path, gsize limit_bytes, GError **error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	XbLog *self;

	if (fd < 0) {
		xb_build_set_errno(error, "cannot make the log %s", path);
		return NULL;
	}
	self = g_new0(XbLog, 1);
	self->fd = fd;
	self->half = limit_bytes / 2;
	return self;
}

static void write_all(XbLog *self, const char *bytes, gsize length)
{
	while (length > 0 && !self->failed) {
		ssize_t done = write(self->fd, bytes, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			self->failed = true;
			return;
		}
		bytes += done;
		length -= (gsize)done;
	}
}

static void write_ring(XbLog *self, const char *bytes, gsize length)
{
	if (!self->ring)
		self->ring = g_malloc(self->half);
	if (length > self->half) {
		self->ringed += length - self->half;
		bytes += length - self->half;
		length = self->half;
	}
	while (length > 0) {
		gsize at = self->ringed % self->half;
		gsize part = MIN(length, self->half - at);

		memcpy(self->ring + at, bytes, part);
		self->ringed += part;
		bytes += part;
		length -= part;
	}
}

void xb_log_write(XbLog *self, const char *bytes, gsize length)
{
	gsize part = MIN(length, self->half - self->head_used);

	write_all(self, bytes, part);
	self->head_used += part;
	if (part < length)
		write_ring(self, bytes + part, length - part);
}

void xb_log_printf(XbLog *self, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	xb_log_write(self, text, strlen(text));
}

static void write_tail(XbLog *self)
{
	gsize at = self->ringed % self->half;
	gsize kept = (gsize)MIN(self->ringed, self->half);

	if (self->ringed > self->half) {
		g_autofree char *note = g_strdup_printf(
			"\n[... %" G_GUINT64_FORMAT " bytes left out ...]\n", self->ringed - kept);

		write_all(self, note, strlen(note));
		write_all(self, self->ring + at, self->half - at);
		kept = at;
	}
	write_all(self, self->ring, kept);
}

bool xb_log_close(XbLog *self)
{
	bool ok;

	if (!self)
		return true;
	if (self->ring)
		write_tail(self);
	ok = close(self->fd) == 0 && !self->failed;
	g_free(self->ring);
	g_free(self);
	return ok;
}
