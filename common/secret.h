/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * secret.h - secrets stand in files that nobody else can read, never in job
 * files, arguments or logs.
 */
#ifndef XB_SECRET_H
#define XB_SECRET_H

#include <glib.h>

/*
 * The first line of @path, at most 8191 bytes; caller frees. NULL with @error
 * (G_IO_ERROR) when it cannot be read, is empty, or can be read by others;
 * the message begins with @name, the setting that names the file.
 */
char *xb_secret_read(const char *name, const char *path, GError **error);

#endif
