/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - a file that keeps the head and the tail of endless output.
 *
 * The first half of the limit is written as it comes; of what follows the last
 * half is kept in memory and written, after a line that says how much was left
 * out, by xb_log_close().
 */
#ifndef XB_BUILDER_LOG_H
#define XB_BUILDER_LOG_H

#include <glib.h>
#include <stdbool.h>

typedef struct XbLog XbLog;

/* Makes @path (which must not exist); NULL with @error (host). */
XbLog *xb_log_new(const char *path, gsize limit_bytes, GError **error);

void xb_log_write(XbLog *self, const char *bytes, gsize length);
void xb_log_printf(XbLog *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Write the tail and free; false when anything was not written (disk full). */
bool xb_log_close(XbLog *self);

#endif
