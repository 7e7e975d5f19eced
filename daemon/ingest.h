/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ingest.h - one worker's events.jsonl into rows. What was read and how far
 * is written in one transaction, so after any crash reading goes on at the
 * stored offset and nothing is lost or counted twice.
 */
#ifndef XB_INGEST_H
#define XB_INGEST_H

#include "daemon.h"

typedef struct XbIngest XbIngest;

/* Opens RUN_DIR/events.jsonl at the run's stored offset. */
XbIngest *xb_ingest_new(XbDaemon *daemon, const XbRun *run, GError **error);
void xb_ingest_free(XbIngest *self);

/* Read what is there now, a bounded amount. False with @error only when the
 * database could not be written (then nothing moved: call again later); a bad
 * stream is not an error here, see xb_ingest_broken(). */
bool xb_ingest_some(XbIngest *self, GError **error);

/* As xb_ingest_some() until the end of the file. */
bool xb_ingest_rest(XbIngest *self, GError **error);

/* What is wrong with the stream, NULL when nothing. Owned by @self. */
const char *xb_ingest_broken(const XbIngest *self);

/* The "done" event was seen (also before a restart). */
bool xb_ingest_done(const XbIngest *self);
XbOutcome xb_ingest_outcome(const XbIngest *self);
const char *xb_ingest_detail(const XbIngest *self); /* owned by @self, never NULL */

#endif
