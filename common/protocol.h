/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protocol.h - the job/event protocol between the daemon and its workers.
 *
 * A worker (xbisect-build, xbisect-run, or any command of the user's) reads
 * one JSON object from stdin, the job, and writes one JSON object a line to
 * stdout, the events. The last event is "done"; a stream without it is
 * host-trouble, whatever came before. The protocol is versioned by
 * "protocol": 1 in the job; members may be added, none changes its meaning.
 *
 * Both ends use this file: workers write with xb_emit_*(), the daemon and
 * the runner's command driver read with XbEventReader. The same limits hold
 * on both sides.
 */
#ifndef XB_PROTOCOL_H
#define XB_PROTOCOL_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define XB_PROTOCOL_VERSION 1
#define XB_EVENT_LINE_MAX   (64 * 1024)        /* bytes in one line, newline excluded */
#define XB_JOB_MAX          (16 * 1024 * 1024) /* bytes of a job.json */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* The five outcomes of one unit of work; see README, "Outcomes". */
typedef enum {
	XB_OUTCOME_OK,
	XB_OUTCOME_BUILD_FAILED,
	XB_OUTCOME_BOOT_FAILED,
	XB_OUTCOME_WORKLOAD_FAILED,
	XB_OUTCOME_HOST_TROUBLE,
} XbOutcome;

/* "ok", "build-failed", ...; never NULL for a value of the enum. */
const char *xb_outcome_name(XbOutcome outcome);

/* False when @name is none of the five words. */
bool xb_outcome_parse(const char *name, XbOutcome *outcome);

#define XB_PROTOCOL_ERROR xb_protocol_error_quark()
GQuark xb_protocol_error_quark(void);
typedef enum {
	XB_PROTOCOL_ERROR_TOO_LONG, /* a line or a job above its limit */
	XB_PROTOCOL_ERROR_SYNTAX,   /* not JSON, not an object, duplicate member, bad UTF-8 */
	XB_PROTOCOL_ERROR_MEMBER,   /* a known member is missing or of a wrong type */
	XB_PROTOCOL_ERROR_VERSION,  /* "protocol" is not 1 */
	XB_PROTOCOL_ERROR_IO,
} XbProtocolError;

/*
 * Read a whole job from @fd (up to XB_JOB_MAX bytes, until end of file),
 * check "protocol" and that "kind" equals @kind (any when NULL).
 * Returns a new reference, or NULL with @error.
 */
json_t *xb_job_read(int fd, const char *kind, GError **error);

/*
 * Writing events. Each call writes one whole line to stdout with a single
 * write(2); a failure to write (the reader is gone, disk full) is returned
 * as false and the worker should stop. "t" (seconds since the process
 * started, monotonic) is added to every event.
 */
bool xb_emit(json_t *event); /* steals @event */
bool xb_emit_phase(const char *phase, const char *detail /* nullable */);
bool xb_emit_sample(const char *metric, double value, const char *unit, int iteration);
bool xb_emit_done(XbOutcome outcome, const char *detail);

/*
 * Reading events from a growing file or a pipe: feed bytes, take events.
 * A line above the limit, bad JSON, or anything after "done" is an error of
 * that worker: it is reported once and the reader stays in that state.
 */
typedef struct XbEventReader XbEventReader;
XbEventReader *xb_event_reader_new(void);
void xb_event_reader_free(XbEventReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbEventReader, xb_event_reader_free)

void xb_event_reader_feed(XbEventReader *self, const char *data, size_t length);

/*
 * The next whole event, a new reference; NULL with no @error when more bytes
 * are needed; NULL with @error when the stream is broken.
 */
json_t *xb_event_reader_next(XbEventReader *self, GError **error);

/* Bytes of all events taken so far: where to start reading after a restart. */
uint64_t xb_event_reader_offset(const XbEventReader *self);

#endif
