/* SPDX-License-Identifier: GPL-2.0-or-later */
/* failure.c - from an error to one of the five outcomes. */
#include "failure.h"

#include <errno.h>

G_DEFINE_QUARK(xb - build - error - quark, xb_build_error)

XbOutcome xb_build_outcome(const GError *error)
{
	if (g_error_matches(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT))
		return XB_OUTCOME_BUILD_FAILED;
	return XB_OUTCOME_HOST_TROUBLE;
}

void xb_build_set_errno(GError **error, const char *format, ...)
{
	int saved = errno;
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST, "%s: %s", what, g_strerror(saved));
}
