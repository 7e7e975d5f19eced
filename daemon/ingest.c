/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ingest.c - worker events into rows, at most once each. */
#include "ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define CHUNK_BYTES      (256 * 1024)
#define CHUNKS_AT_ONCE   16                 /* of one worker, before the others have their turn */
#define STREAM_MAX_BYTES (64 * 1024 * 1024) /* more than that is an endless worker */
#define EVENTS_MAX       20000              /* that are kept, besides samples */
#define SAMPLES_MAX      1000000
#define TEXT_MAX         4096

struct XbIngest {
	XbDaemon *daemon;
	int64_t run_id, job_id;
	int fd;
	uint64_t base; /* file offset where this reader started */
	uint64_t fed;
	XbEventReader *reader;
	char *broken;
	bool done;
	XbOutcome outcome;
	char *detail;
	char *phase;
	guint samples, events;
};

void xb_ingest_free(XbIngest *self)
{
	if (!self)
		return;
	if (self->fd >= 0)
		close(self->fd);
	g_clear_pointer(&self->reader, xb_event_reader_free);
	g_free(self->broken);
	g_free(self->detail);
	g_free(self->phase);
	g_free(self);
}

static bool store(XbIngest *self, json_t *event, uint64_t offset, GError **error);

/* "done" may have been stored before a restart. */
static bool recall_done(XbIngest *self, GError **error)
{
	g_autoptr(GPtrArray) bodies = xb_db_events(self->daemon->db, self->run_id, "done", error);

	if (!bodies)
		return false;
	if (bodies->len > 0) {
		g_autoptr(json_t) event = json_loads(bodies->pdata[0], 0, NULL);
		self->done = true;
		self->detail = g_strdup(json_string_value(json_object_get(event, "detail")));
		if (!xb_outcome_parse(json_string_value(json_object_get(event, "outcome")),
				      &self->outcome))
			self->outcome = XB_OUTCOME_HOST_TROUBLE;
	}
	return true;
}

XbIngest *xb_ingest_new(XbDaemon *daemon, const XbRun *run, GError **error)
{
	XbIngest *self = g_new0(XbIngest, 1);
	g_autofree char *path = g_build_filename(run->dir, "events.jsonl", NULL);

	self->daemon = daemon;
	self->run_id = run->id;
	self->job_id = run->job_id;
	self->base = run->events_offset;
	self->outcome = XB_OUTCOME_HOST_TROUBLE;
	self->reader = xb_event_reader_new();
	self->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (self->fd < 0 && errno != ENOENT)
		self->broken = g_strdup_printf("events.jsonl: %s", g_strerror(errno));
	if (!recall_done(self, error)) {
		xb_ingest_free(self);
		return NULL;
	}
	return self;
}

const char *xb_ingest_broken(const XbIngest *self)
{
	return self->broken;
}

bool xb_ingest_done(const XbIngest *self)
{
	return self->done;
}

XbOutcome xb_ingest_outcome(const XbIngest *self)
{
	return self->outcome;
}

const char *xb_ingest_detail(const XbIngest *self)
{
	return self->detail ? self->detail : "";
}

static void mark_broken(XbIngest *self, const char *what)
{
	if (!self->broken)
		self->broken = xb_text_safe(what, -1, TEXT_MAX, false);
}

static const char *string_member(json_t *event, const char *name)
{
	const char *value = json_string_value(json_object_get(event, name));
	return value ? value : "";
}

static bool store_sample(XbIngest *self, json_t *event, GError **error)
{
	const char *metric = string_member(event, "metric");
	json_t *value = json_object_get(event, "value");
	json_int_t iteration = json_integer_value(json_object_get(event, "iteration"));
	g_autofree char *safe = xb_text_safe(metric, -1, 128, false);
	g_autofree char *unit = xb_text_safe(string_member(event, "unit"), -1, 32, false);

	if (!*metric || !json_is_number(value) || ++self->samples > SAMPLES_MAX) {
		mark_broken(self, "a sample event without metric or number, or too many of them");
		return true;
	}
	return xb_db_sample_add(self->daemon->db, self->run_id, safe, (int)iteration,
				json_number_value(value), unit, error);
}

/* Counters of the form that runner/counters.h describes; any other stays an event. */
static bool is_counter(json_t *event)
{
	static const char *const words[] = { "phase", "name", "unit", NULL };
	static const char *const optional[] = { "symbol", "offset", NULL };

	for (guint i = 0; words[i]; i++) {
		const char *text = string_member(event, words[i]);

		if (!*text || strlen(text) > 128)
			return false;
	}
	for (guint i = 0; optional[i]; i++)
		if (strlen(string_member(event, optional[i])) > 512)
			return false;
	return json_is_number(json_object_get(event, "value")) &&
	       isfinite(json_number_value(json_object_get(event, "value")));
}

static bool store_counter(XbIngest *self, json_t *event, GError **error)
{
	json_int_t iteration = json_integer_value(json_object_get(event, "iteration"));
	g_autofree char *phase = xb_text_safe(string_member(event, "phase"), -1, 128, false);
	g_autofree char *name = xb_text_safe(string_member(event, "name"), -1, 128, false);
	g_autofree char *symbol = xb_text_safe(string_member(event, "symbol"), -1, 512, false);
	g_autofree char *offset = xb_text_safe(string_member(event, "offset"), -1, 32, false);
	g_autofree char *unit = xb_text_safe(string_member(event, "unit"), -1, 32, false);
	const XbCounter counter = {
		.phase = phase,
		.name = name,
		.symbol = symbol,
		.offset = offset,
		.iteration = (int)CLAMP(iteration, 0, G_MAXINT),
		.value = json_number_value(json_object_get(event, "value")),
		.unit = unit,
	};

	return xb_db_counter_add(self->daemon->db, self->run_id, &counter, error);
}

static bool store_phase(XbIngest *self, const char *phase, GError **error)
{
	g_autofree char *safe = xb_text_safe(phase, -1, 200, false);

	if (g_strcmp0(safe, self->phase) == 0)
		return true;
	g_free(self->phase);
	self->phase = g_strdup(safe);
	return xb_db_run_set_phase(self->daemon->db, self->run_id, safe, error);
}

/* Progress comes every second and is only for the eye: it replaces the phase's text. */
static bool store_progress(XbIngest *self, json_t *event, GError **error)
{
	json_t *objects = json_object_get(event, "objects");
	g_autofree char *text = NULL;

	if (!json_is_integer(objects))
		return true;
	text = g_strdup_printf("make, %" JSON_INTEGER_FORMAT " objects",
			       json_integer_value(objects));
	return store_phase(self, text, error);
}

static bool store_fingerprint(XbIngest *self, json_t *event, GError **error)
{
	const char *host = string_member(event, "host");
	const char *workload = string_member(event, "workload");

	if (!*host || !*workload || strlen(host) > 256 || strlen(workload) > 256) {
		mark_broken(self, "a fingerprint event without host or workload");
		return true;
	}
	return xb_db_run_set_fingerprint(self->daemon->db, self->run_id, host, workload, error);
}

static bool store(XbIngest *self, json_t *event, uint64_t offset, GError **error)
{
	const char *name = string_member(event, "event");
	g_autofree char *body = NULL;

	if (self->done) { /* "done" was read before a restart: the reader does not know */
		mark_broken(self, "an event after \"done\"");
		return true;
	}
	if (strcmp(name, "sample") == 0)
		return store_sample(self, event, error);
	if (strcmp(name, "progress") == 0)
		return store_progress(self, event, error);
	if (strcmp(name, "phase") == 0 && !store_phase(self, string_member(event, "phase"), error))
		return false;
	if (strcmp(name, "fingerprint") == 0 && !store_fingerprint(self, event, error))
		return false;
	if (strcmp(name, "done") == 0) {
		self->done = true;
		g_free(self->detail);
		self->detail = xb_text_safe(string_member(event, "detail"), -1, TEXT_MAX, true);
		if (!xb_outcome_parse(string_member(event, "outcome"), &self->outcome)) {
			self->outcome = XB_OUTCOME_HOST_TROUBLE;
			mark_broken(self, "a done event without one of the five outcomes");
		}
	}
	if (++self->events > EVENTS_MAX) {
		mark_broken(self, "too many events");
		return true;
	}
	if (strcmp(name, "counter") == 0 && is_counter(event))
		return store_counter(self, event, error);
	body = json_dumps(event, JSON_COMPACT);
	return xb_db_event_add(self->daemon->db, self->run_id, offset, name, body, error);
}

/* Take all whole events of the reader, in one transaction with the new offset. */
static bool take_events(XbIngest *self, GError **error)
{
	XbDb *db = self->daemon->db;
	g_autoptr(GError) bad = NULL;
	json_t *event;
	uint64_t before = xb_event_reader_offset(self->reader);

	if (!xb_db_begin(db, error))
		return false;
	while ((event = xb_event_reader_next(self->reader, &bad))) {
		g_autoptr(json_t) owned = event;
		uint64_t offset = self->base + before;
		before = xb_event_reader_offset(self->reader);
		if (!store(self, owned, offset, error)) {
			xb_db_rollback(db);
			return false;
		}
	}
	if (bad)
		mark_broken(self, bad->message);
	if (!xb_db_run_set_offset(db, self->run_id, self->base + before, error) ||
	    !xb_db_commit(db, error)) {
		xb_db_rollback(db);
		return false;
	}
	return true;
}

/* The database could not be written: forget what was read, start again at the stored offset. */
static void start_again(XbIngest *self, uint64_t offset)
{
	xb_event_reader_free(self->reader);
	self->reader = xb_event_reader_new();
	self->base = offset;
	self->fed = 0;
	self->done = false;
}

static int read_chunk(XbIngest *self, GError **error)
{
	g_autofree char *buffer = g_malloc(CHUNK_BYTES);
	uint64_t stored = self->base + xb_event_reader_offset(self->reader);
	struct stat st;
	ssize_t got;

	if (self->fd < 0 || self->broken)
		return 0;
	if (fstat(self->fd, &st) == 0 && st.st_size > STREAM_MAX_BYTES) {
		mark_broken(self, "more than 64 MiB of events");
		return 0;
	}
	got = pread(self->fd, buffer, CHUNK_BYTES, (off_t)(self->base + self->fed));
	if (got < 0)
		mark_broken(self, "events.jsonl could not be read");
	if (got <= 0)
		return 0;
	self->fed += (uint64_t)got;
	xb_event_reader_feed(self->reader, buffer, (size_t)got);
	if (!take_events(self, error)) {
		start_again(self, stored);
		return -1;
	}
	return 1;
}

bool xb_ingest_some(XbIngest *self, GError **error)
{
	int more = 1;

	for (int i = 0; more > 0 && i < CHUNKS_AT_ONCE; i++)
		more = read_chunk(self, error);
	return more >= 0;
}

bool xb_ingest_rest(XbIngest *self, GError **error)
{
	int more;

	while ((more = read_chunk(self, error)) > 0)
		;
	return more == 0;
}
