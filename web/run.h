/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - one unit of work as it can be looked at: its rows, and the files of
 * its directory. No path comes from an address: a file is asked for by one of
 * the names known here, below the run's directory, and links are not followed.
 */
#ifndef XB_RUN_H
#define XB_RUN_H

#include "page.h"

typedef struct {
	const char *name, *label; /* in the directory, and for people */
	const char *artifact;     /* or in that of what was built, by this name */
} XbRunFile;
/* Ends with a NULL name. */
extern const XbRunFile xb_run_files[];

typedef struct {
	XbRun *run;
	XbVariant *variant;
	GArray *samples;     /* XbSample */
	GPtrArray *events;   /* json_t* of those that are neither samples nor counters */
	GPtrArray *counters; /* XbCounter*, as xb_db_counters() sorts them */
} XbRunData;
XbRunData *xb_run_data_load(XbDb *db, int64_t id, GError **error);
void xb_run_data_free(XbRunData *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbRunData, xb_run_data_free)

/* The object of /api/v1/runs/ID; a new reference. */
json_t *xb_run_view(const XbRunData *data);

/* "profile-unmap.folded": a file that a worker may name in its profile. */
bool xb_run_is_profile_name(const char *name);

/* A descriptor, or -1 when the run has no such file (any more). *@size: its bytes. */
int xb_run_open(const XbWebConfig *config, const XbRun *run, const char *name, uint64_t *size);

/* The command that builds and measures the same anew; patches and fragments are named as in the
 * bundle. Caller frees. */
char *xb_run_command(const XbRunData *data);

/* The bundle as a tar archive: job, events, console, logs, and what they were made of (patches,
 * fragments, kernel config, toolchain, hashes, raw samples, the command that repeats it). */
GBytes *xb_run_bundle(const XbWebConfig *config, const XbRunData *data);

#endif
