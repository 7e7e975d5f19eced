/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outcome.h - what a finished unit of work means: publish its artifact, mark
 * its variant, count a host's troubles.
 */
#ifndef XB_OUTCOME_H
#define XB_OUTCOME_H

#include "daemon.h"
#include "ingest.h"

/* The worker of this run is gone and its events are stored: write the outcome. @how it ended,
 * for people, or NULL when that is not known. Called again after a failure (or a crash) it ends
 * the same. */
bool xb_outcome_conclude(XbDaemon *daemon, int64_t run_id, const XbIngest *ingest, const char *how,
			 GError **error);

/* Finish a run whose worker could not be started, as host-trouble. */
bool xb_outcome_trouble(XbDaemon *daemon, const XbRun *run, const char *detail, GError **error);

/* Finish a run that was only a row when the daemon ended: it counts against nobody
 * (XB_RUN_PHASE_LOST). */
bool xb_outcome_lost(XbDaemon *daemon, const XbRun *run, GError **error);

/* A host or a slot is set aside after this many host-troubles in a row. */
#define XB_TROUBLES_MAX 3

#endif
