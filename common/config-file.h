/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-file.h - configuration files as groups and keys in the order in
 * which they stand, before anybody asks what they mean. Syntax errors,
 * duplicate groups and duplicate keys (which GKeyFile would merge silently)
 * are found here.
 */
#ifndef XB_CONFIG_FILE_H
#define XB_CONFIG_FILE_H

#include <glib.h>
#include <stdbool.h>

#include "config-value.h"

#define XB_CONFIG_ERROR xb_config_error_quark()
GQuark xb_config_error_quark(void);

typedef struct {
	char *key;
	char *value; /* escapes decoded; valid UTF-8 */
} XbConfigEntry;

typedef struct {
	char *file;         /* where it stands, absolute */
	char *name;         /* as written: "host lab1" */
	char *kind, *label; /* "host" and "lab1"; label NULL when there is none */
	GPtrArray *entries; /* XbConfigEntry* */
} XbConfigGroup;

/*
 * Append the groups of @path, then of conf.d/ beside it (*.conf by name), to
 * @groups. A group with a label stands once in all files; one without may
 * stand in each, and a later file's keys take the place of earlier ones.
 */
bool xb_config_read_files(const char *path, GPtrArray *groups, GError **error);

/* The same of one file whose content is @text. */
bool xb_config_read_text(const char *file, const char *text, gsize length, GPtrArray *groups,
			 GError **error);

GPtrArray *xb_config_groups_new(void);

/* Set @error to "FILE: [GROUP] KEY: MESSAGE"; @key NULL: of the whole group. False always. */
bool xb_config_fail(GError **error, const XbConfigGroup *group, const char *key, const char *format,
		    ...) G_GNUC_PRINTF(4, 5);

/* NULL when the group has no such key. */
const XbConfigEntry *xb_config_entry(const XbConfigGroup *group, const char *key);

/* The value of @entry in its one form, or NULL with @error. Caller frees. */
char *xb_config_check(const XbConfigGroup *group, const XbConfigEntry *entry, const XbKeySpec *spec,
		      GError **error);

/* The same for a key of @table; a key that is not there is an error. @spec, if not NULL: what the
 * table says of it. */
char *xb_config_look_up(const XbConfigGroup *group, const XbConfigEntry *entry,
			const XbKeySpec *table, const XbKeySpec **spec, GError **error);

/* All entries of @group into the members of @structure that @table names; a key that is not in
 * the table is an error. */
bool xb_config_store(const XbConfigGroup *group, const XbKeySpec *table, void *structure,
		     GError **error);

#endif
