/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failure.h - whose fault a failed build is.
 *
 * A GError of XB_BUILD_ERROR with code VARIANT says that this commit, patch or
 * configuration cannot be built (outcome build-failed). Every other error, of
 * whatever domain, is the machine's or the caller's: host-trouble.
 */
#ifndef XB_BUILDER_FAILURE_H
#define XB_BUILDER_FAILURE_H

#include <glib.h>

#include "protocol.h"

#define XB_BUILD_ERROR xb_build_error_quark()
GQuark xb_build_error_quark(void);
typedef enum {
	XB_BUILD_ERROR_VARIANT, /* a diagnostic about what is being built */
	XB_BUILD_ERROR_HOST,    /* this machine, its disk, tools or sandbox */
	XB_BUILD_ERROR_STOPPED, /* somebody asked for the end, or the deadline came */
	XB_BUILD_ERROR_JOB,     /* the job itself is wrong */
} XbBuildError;

XbOutcome xb_build_outcome(const GError *error);

/* "WHAT: strerror(errno)" as XB_BUILD_ERROR_HOST. */
void xb_build_set_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
