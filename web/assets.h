/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * assets.h - style, script and the plot library: a fixed list of files, read
 * at the start and served from memory.
 */
#ifndef XB_ASSETS_H
#define XB_ASSETS_H

#include <glib.h>
#include <stdbool.h>

typedef struct XbAssets XbAssets;

/* @directory NULL: those installed with this program, or those of the clone it was built in. What
 * is missing is only left out: pages do without. */
XbAssets *xb_assets_new(const char *directory);
void xb_assets_free(XbAssets *self);

/* NULL when there is no such file. @type: its media type, static. */
GBytes *xb_assets_get(const XbAssets *self, const char *name, const char **type);

#endif
