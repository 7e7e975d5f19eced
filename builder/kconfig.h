/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kconfig.h - what a fragment asked for against what the configuration got.
 */
#ifndef XB_BUILDER_KCONFIG_H
#define XB_BUILDER_KCONFIG_H

#include <glib.h>
#include <stdbool.h>

/*
 * Symbols of a .config or fragment: "CONFIG_X" -> "y", "m", "n", a number or a
 * quoted string ("# CONFIG_X is not set" is "n"). Later lines win.
 */
GHashTable *xb_kconfig_parse(const char *text);

/* Add @text's symbols to @table. */
void xb_kconfig_merge(GHashTable *table, const char *text);

/*
 * Each symbol of @wanted must have its value in @got (one that is absent there
 * is "n"). False with @error VARIANT, which names the first symbols that did
 * not survive with what was wanted and what came out.
 */
bool xb_kconfig_check(GHashTable *wanted, GHashTable *got, GError **error);

#endif
