/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protocol.c - reading jobs, writing events, reading events; see protocol.h.
 *
 * Both directions are written for a peer that cannot be trusted: what is kept
 * in memory is bounded by the limits of the header, whatever the peer sends.
 */
#include "protocol.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK(xb - protocol - error - quark, xb_protocol_error)

static const char *const outcome_names[] = {
	[XB_OUTCOME_OK] = "ok",
	[XB_OUTCOME_BUILD_FAILED] = "build-failed",
	[XB_OUTCOME_BOOT_FAILED] = "boot-failed",
	[XB_OUTCOME_WORKLOAD_FAILED] = "workload-failed",
	[XB_OUTCOME_HOST_TROUBLE] = "host-trouble",
};

const char *xb_outcome_name(XbOutcome outcome)
{
	g_return_val_if_fail((unsigned)outcome < G_N_ELEMENTS(outcome_names), "host-trouble");
	return outcome_names[outcome];
}

bool xb_outcome_parse(const char *name, XbOutcome *outcome)
{
	if (name == NULL)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(outcome_names); i++) {
		if (strcmp(name, outcome_names[i]) == 0) {
			*outcome = (XbOutcome)i;
			return true;
		}
	}
	return false;
}

/* ---- one JSON object from bytes ------------------------------------------- */

static json_t *parse_object(const char *data, size_t length, GError **error)
{
	json_error_t at;
	json_t *value;

	if (length == 0) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_SYNTAX,
			    "nothing to read: a JSON object is expected");
		return NULL;
	}
	value = json_loadb(data, length, JSON_REJECT_DUPLICATES, &at);
	if (value == NULL) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_SYNTAX,
			    "not a JSON object: %s (byte %d)", at.text, at.position);
		return NULL;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_SYNTAX,
			    "not a JSON object");
		return NULL;
	}
	return value;
}

/* ---- jobs ------------------------------------------------------------------ */

static GByteArray *read_all(int fd, size_t max, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	guint8 chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_IO,
				    "cannot read the job: %s", g_strerror(errno));
			return NULL;
		}
		if (n == 0)
			return g_steal_pointer(&bytes);
		if (bytes->len + (size_t)n > max) {
			g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_TOO_LONG,
				    "the job is longer than %zu bytes", max);
			return NULL;
		}
		g_byte_array_append(bytes, chunk, (guint)n);
	}
}

json_t *xb_job_read(int fd, const char *kind, GError **error)
{
	g_autoptr(GByteArray) bytes = read_all(fd, XB_JOB_MAX, error);
	g_autoptr(json_t) job = NULL;
	const json_t *version;
	const char *job_kind;

	if (bytes == NULL)
		return NULL;
	job = parse_object((const char *)bytes->data, bytes->len, error);
	if (job == NULL) {
		g_prefix_error(error, "job: ");
		return NULL;
	}
	version = json_object_get(job, "protocol");
	if (!json_is_integer(version)) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_MEMBER,
			    "job: \"protocol\" is missing or no integer");
		return NULL;
	}
	if (json_integer_value(version) != XB_PROTOCOL_VERSION) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_VERSION,
			    "job: protocol %" JSON_INTEGER_FORMAT
			    " is not supported, this program speaks %d",
			    json_integer_value(version), XB_PROTOCOL_VERSION);
		return NULL;
	}
	job_kind = json_string_value(json_object_get(job, "kind"));
	if (job_kind == NULL || (kind != NULL && strcmp(job_kind, kind) != 0)) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_MEMBER,
			    "job: \"kind\" is not \"%s\"", kind != NULL ? kind : "a string");
		return NULL;
	}
	return g_steal_pointer(&job);
}

/* ---- writing events --------------------------------------------------------- */

static gint64 process_start_us;

/* Before main(), so that "t" counts from the start whoever emits first. */
static void __attribute__((constructor)) note_process_start(void)
{
	process_start_us = g_get_monotonic_time();
}

/* One write(2) for a line, so that lines of two processes do not mix; the rest
 * of a short write (a pipe that is nearly full) follows at once. */
static bool write_line(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		length -= (size_t)n;
	}
	return true;
}

bool xb_emit(json_t *event)
{
	g_autoptr(json_t) owned = event;
	double t = (double)(g_get_monotonic_time() - process_start_us) / 1e6;
	g_autofree char *line = NULL;
	char *text;
	size_t length;

	g_return_val_if_fail(json_is_object(owned), false);
	json_object_set_new(owned, "t", json_real(round(t * 1e3) / 1e3));
	text = json_dumps(owned, JSON_COMPACT | JSON_REAL_PRECISION(15));
	if (text == NULL)
		return false;
	length = strlen(text);
	if (length > XB_EVENT_LINE_MAX) {
		/* The reader would take the whole stream as broken. */
		free(text);
		return false;
	}
	line = g_malloc(length + 1);
	memcpy(line, text, length);
	line[length] = '\n';
	free(text);
	return write_line(STDOUT_FILENO, line, length + 1);
}

/* Text of an event: valid UTF-8 and short enough for a line, whatever was
 * given (compiler output, a console). JSON escaping can make six bytes of one. */
static json_t *event_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	if (strlen(valid) > XB_EVENT_LINE_MAX / 8) {
		char *end = g_utf8_find_prev_char(valid, valid + XB_EVENT_LINE_MAX / 8);

		*(end != NULL ? end : valid) = '\0';
	}
	return json_string(valid);
}

bool xb_emit_phase(const char *phase, const char *detail)
{
	json_t *event = json_pack("{s:s, s:o}", "event", "phase", "phase", event_text(phase));

	if (detail != NULL)
		json_object_set_new(event, "detail", event_text(detail));
	return xb_emit(event);
}

bool xb_emit_sample(const char *metric, double value, const char *unit, int iteration)
{
	/* JSON has no NaN and no infinity: such a sample is a bug of the worker
	 * that must not become a number. */
	if (!isfinite(value))
		return false;
	return xb_emit(json_pack("{s:s, s:s, s:f, s:s, s:i}", "event", "sample", "metric", metric,
				 "value", value, "unit", unit, "iteration", iteration));
}

bool xb_emit_done(XbOutcome outcome, const char *detail)
{
	json_t *event =
		json_pack("{s:s, s:s}", "event", "done", "outcome", xb_outcome_name(outcome));

	if (detail != NULL)
		json_object_set_new(event, "detail", event_text(detail));
	return xb_emit(event);
}

/* ---- reading events ---------------------------------------------------------- */

struct XbEventReader {
	GByteArray *pending; /* fed and not yet taken */
	size_t taken;        /* bytes of @pending that were consumed */
	size_t scanned;      /* bytes of @pending known to hold no newline */
	uint64_t offset;     /* see xb_event_reader_offset() */
	bool done_seen;
	GError *broken; /* set once, stays */
};

XbEventReader *xb_event_reader_new(void)
{
	XbEventReader *self = g_new0(XbEventReader, 1);

	self->pending = g_byte_array_new();
	return self;
}

void xb_event_reader_free(XbEventReader *self)
{
	if (self == NULL)
		return;
	g_byte_array_unref(self->pending);
	g_clear_error(&self->broken);
	g_free(self);
}

static void drop_taken(XbEventReader *self)
{
	if (self->taken == 0)
		return;
	g_byte_array_remove_range(self->pending, 0, (guint)self->taken);
	self->scanned -= self->taken;
	self->taken = 0;
}

/* Bytes are kept as they come only while a line can still become an event; an
 * endless line is noticed here, so that it never takes more than the limit. */
void xb_event_reader_feed(XbEventReader *self, const char *data, size_t length)
{
	g_return_if_fail(self != NULL && (data != NULL || length == 0));

	if (self->broken != NULL || length == 0)
		return;
	drop_taken(self);
	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		size_t part = newline != NULL ? (size_t)(newline - data) + 1 : length;
		size_t line = self->pending->len - self->scanned + part;

		if (line - (newline != NULL) > XB_EVENT_LINE_MAX) {
			/* Keep the whole lines before it, and enough of this
			 * one for next() to find it too long. */
			size_t room = XB_EVENT_LINE_MAX + 1 - (self->pending->len - self->scanned);

			g_byte_array_append(self->pending, (const guint8 *)data, (guint)room);
			return;
		}
		g_byte_array_append(self->pending, (const guint8 *)data, (guint)part);
		if (newline != NULL)
			self->scanned = self->pending->len;
		data += part;
		length -= part;
	}
}

static json_t *reader_break(XbEventReader *self, GError **error)
{
	if (error != NULL)
		*error = g_error_copy(self->broken);
	return NULL;
}

/* What the known events must have; unknown events pass. */
static bool check_event(const json_t *event, GError **error)
{
	const char *name = json_string_value(json_object_get(event, "event"));
	XbOutcome outcome;
	bool fine = true;

	if (name == NULL) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_MEMBER,
			    "\"event\" is missing or no string");
		return false;
	}
	if (strcmp(name, "phase") == 0)
		fine = json_is_string(json_object_get(event, "phase"));
	else if (strcmp(name, "sample") == 0)
		fine = json_is_string(json_object_get(event, "metric")) &&
		       json_is_number(json_object_get(event, "value")) &&
		       json_is_string(json_object_get(event, "unit"));
	else if (strcmp(name, "done") == 0)
		fine = xb_outcome_parse(json_string_value(json_object_get(event, "outcome")),
					&outcome);
	if (!fine)
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_MEMBER,
			    "a member of event \"%s\" is missing or of a wrong type", name);
	return fine;
}

static bool only_space(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!g_ascii_isspace(line[i]))
			return false;
	}
	return true;
}

/* The next line that is not empty; false when more bytes are needed or the
 * stream is broken. */
static bool next_line(XbEventReader *self, const char **line, size_t *length)
{
	for (;;) {
		size_t left = self->pending->len - self->taken;
		/* An array that never held a byte has no data to add an offset to. */
		const char *start =
			left > 0 ? (const char *)self->pending->data + self->taken : NULL;
		const char *newline = left > 0 ? memchr(start, '\n', left) : NULL;

		if (newline == NULL) {
			if (left > XB_EVENT_LINE_MAX)
				g_set_error(&self->broken, XB_PROTOCOL_ERROR,
					    XB_PROTOCOL_ERROR_TOO_LONG,
					    "a line is longer than %d bytes", XB_EVENT_LINE_MAX);
			return false;
		}
		*line = start;
		*length = (size_t)(newline - start);
		self->taken += *length + 1;
		if (!only_space(*line, *length))
			return true;
		self->offset += *length + 1;
	}
}

json_t *xb_event_reader_next(XbEventReader *self, GError **error)
{
	g_autoptr(json_t) event = NULL;
	const char *line;
	size_t length;

	g_return_val_if_fail(self != NULL, NULL);
	if (self->broken != NULL)
		return reader_break(self, error);
	if (!next_line(self, &line, &length))
		return self->broken != NULL ? reader_break(self, error) : NULL;
	if (self->done_seen) {
		g_set_error(&self->broken, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_SYNTAX,
			    "there is more after \"done\"");
		return reader_break(self, error);
	}
	event = parse_object(line, length, &self->broken);
	if (event == NULL || !check_event(event, &self->broken))
		return reader_break(self, error);
	if (strcmp(json_string_value(json_object_get(event, "event")), "done") == 0)
		self->done_seen = true;
	self->offset += length + 1;
	return g_steal_pointer(&event);
}

uint64_t xb_event_reader_offset(const XbEventReader *self)
{
	return self->offset;
}
