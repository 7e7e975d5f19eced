/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job.h - reading JOB (control.h) for people. JOB comes from another process
 * and holds text of commits, compilers and consoles, so that text leaves it
 * only through xb_text() and xb_block(), which make it safe to show. All
 * functions take NULL and objects with missing members.
 */
#ifndef XB_CLIENT_JOB_H
#define XB_CLIENT_JOB_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "client.h"

/* A member (of an object of an object: "verdict.kind") or NULL. Borrowed. */
const json_t *xb_member(const json_t *object, const char *path);

/* Text of one line, "" when missing; numbers are written. Caller frees. */
char *xb_text(const json_t *object, const char *path);

/* Text that keeps its lines. Caller frees. */
char *xb_block(const json_t *object, const char *path);

/* NAN when missing or no number. */
double xb_number(const json_t *object, const char *path);
gint64 xb_integer(const json_t *object, const char *path);

/* True when the member is this string. */
bool xb_is(const json_t *object, const char *path, const char *value);

/* The first 12 characters of a commit id; other labels as they are. */
char *xb_short_commit(const json_t *object, const char *path);

/* The job has reached a state that it will not leave. */
bool xb_job_ended(const json_t *job);

/* What the verdict means for scripts; XB_EXIT_OK while it is open. */
XbExit xb_job_exit(const json_t *job);

/* One line: "culprit 1a2b3c4d5e6f ("subject"), confidence 99.98%". */
char *xb_job_verdict_line(const json_t *job);

/* How many commits a range is; as many as are listed where the daemon was too old to say. */
gint64 xb_job_range_size(const json_t *job);

/* "unmap 1.91x slower (+90.9%, 99% interval +90.7% .. +91.1%)"; NULL without an effect. */
char *xb_job_effect_line(const json_t *job);

/* The effect is for the worse. */
bool xb_job_is_regression(const json_t *job);

/* One commit's (and variant's) boots. */
typedef struct {
	char *commit, *variant, *subject; /* safe to show; subject "" when unknown */
	char *image;                      /* "normal", "clean", "revert"; "" when unknown */
	unsigned boots;                   /* with outcome ok */
	unsigned samples;
	unsigned failed; /* boots and builds with another outcome */
	char *outcome;   /* of the last that failed, or NULL */
	double level;    /* mean of the boots' means, NAN without boots */
	double error; /* standard error: over boots when there are two or more, else over samples;
		       * NAN with one sample */
	double probability; /* NAN when the verdict does not say */
	GArray *boot_means; /* of double */
} XbJobLevel;
void xb_job_level_free(XbJobLevel *level);

/* The measurements of @job by commit and variant, in the order of their first
 * boot. GPtrArray of XbJobLevel, owned. */
GPtrArray *xb_job_levels(const json_t *job);

#endif
