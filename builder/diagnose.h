/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diagnose.h - read what make and its tools print, and say whose fault it is.
 *
 * Kept while lines go by: the first line of each class. A symptom of the
 * machine (no space, killed, a tool that is not installed, the sandbox) wins
 * over any diagnostic; then a diagnostic with file and line; then the linker's
 * and modpost's; then make's own "***".
 */
#ifndef XB_BUILDER_DIAGNOSE_H
#define XB_BUILDER_DIAGNOSE_H

#include <glib.h>
#include <stdbool.h>

typedef struct XbDiagnosis XbDiagnosis;

/* @src_prefix: how paths of the source tree begin in the output ("/src"). */
XbDiagnosis *xb_diagnosis_new(const char *src_prefix);
void xb_diagnosis_free(XbDiagnosis *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbDiagnosis, xb_diagnosis_free)

void xb_diagnosis_line(XbDiagnosis *self, const char *line);

/*
 * The error of a step (@step: "make", ...) that ended with @exit_code not 0:
 * VARIANT with the telling line, or HOST.
 */
void xb_diagnosis_set_error(const XbDiagnosis *self, const char *step, int exit_code,
			    GError **error);

#endif
