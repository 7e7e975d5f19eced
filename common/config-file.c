/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-file.c - reading configuration files; see config-file.h.
 *
 * GKeyFile checks the syntax and decodes the values. Which keys there are, and
 * which stand twice, is found by a scan of our own along the same rules.
 */
#include "config-file.h"

#include <string.h>

#include "text.h"

#define FILE_MAX (1024 * 1024)

GQuark xb_config_error_quark(void)
{
	return g_quark_from_static_string("xb-config-error");
}

bool xb_config_fail(GError **error, const XbConfigGroup *group, const char *key, const char *format,
		    ...)
{
	g_autofree char *message = NULL, *line = NULL, *safe = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	line = g_strdup_printf("%s: [%s]%s%s: %s", group->file, group->name, key != NULL ? " " : "",
			       key != NULL ? key : "", message);
	safe = xb_text_safe(line, -1, 4000, false);
	g_set_error_literal(error, XB_CONFIG_ERROR, 0, safe);
	return false;
}

/* ---- groups ------------------------------------------------------------------ */

static void free_entry(void *data)
{
	XbConfigEntry *entry = data;

	g_free(entry->key);
	g_free(entry->value);
	g_free(entry);
}

static void free_group(void *data)
{
	XbConfigGroup *group = data;

	g_free(group->file);
	g_free(group->name);
	g_free(group->kind);
	g_free(group->label);
	g_ptr_array_unref(group->entries);
	g_free(group);
}

GPtrArray *xb_config_groups_new(void)
{
	return g_ptr_array_new_with_free_func(free_group);
}

static XbConfigGroup *add_group(GPtrArray *groups, const char *file, const char *name)
{
	const char *space = strchr(name, ' ');
	XbConfigGroup *group = g_new0(XbConfigGroup, 1);

	group->file = g_strdup(file);
	group->name = g_strdup(name);
	group->kind = space != NULL ? g_strndup(name, (gsize)(space - name)) : g_strdup(name);
	group->label = space != NULL ? g_strdup(space + 1) : NULL;
	group->entries = g_ptr_array_new_with_free_func(free_entry);
	g_ptr_array_add(groups, group);
	return group;
}

/* A group of that name from before, which the new one may not repeat. */
static const XbConfigGroup *find_clash(const GPtrArray *groups, const XbConfigGroup *group)
{
	for (guint i = 0; i < groups->len; i++) {
		const XbConfigGroup *other = groups->pdata[i];
		bool same_file = g_str_equal(other->file, group->file);

		if (other != group && g_str_equal(other->name, group->name) &&
		    (same_file || group->label != NULL))
			return other;
	}
	return NULL;
}

static bool has_key(const XbConfigGroup *group, const char *key)
{
	for (guint i = 0; i < group->entries->len; i++) {
		const XbConfigEntry *entry = group->entries->pdata[i];

		if (g_str_equal(entry->key, key))
			return true;
	}
	return false;
}

/* ---- scanning ---------------------------------------------------------------- */

static XbConfigGroup *take_group(GPtrArray *groups, const char *file, const char *line,
				 GError **error)
{
	const char *end = strchr(line, ']');
	g_autofree char *name = end != NULL ? g_strndup(line + 1, (gsize)(end - line - 1)) : NULL;
	const XbConfigGroup *clash;
	XbConfigGroup *group;

	if (name == NULL) { /* GKeyFile has refused it before */
		g_set_error(error, XB_CONFIG_ERROR, 0, "%s: a group without its ]", file);
		return NULL;
	}
	group = add_group(groups, file, name);
	clash = find_clash(groups, group);
	if (clash == NULL)
		return group;
	if (g_str_equal(clash->file, file))
		xb_config_fail(error, group, NULL, "this group stands twice in the file");
	else
		xb_config_fail(error, group, NULL, "this group stands in %s already", clash->file);
	return NULL;
}

static bool take_key(XbConfigGroup *group, GKeyFile *keys, const char *line, GError **error)
{
	const char *equals = strchr(line, '=');
	g_autofree char *key = g_strndup(line, equals != NULL ? (gsize)(equals - line) : 0);
	g_autofree char *value = NULL;
	g_autoptr(GError) problem = NULL;
	XbConfigEntry *entry;

	g_strchomp(key);
	if (has_key(group, key))
		return xb_config_fail(error, group, key, "this key stands twice in the group");
	value = g_key_file_get_string(keys, group->name, key, &problem);
	/* A bad escape comes back with both a value and an error. */
	if (value == NULL || problem != NULL)
		return xb_config_fail(error, group, key, "its value cannot be read: %s",
				      problem->message);
	entry = g_new0(XbConfigEntry, 1);
	entry->key = g_steal_pointer(&key);
	entry->value = g_steal_pointer(&value);
	g_strchomp(entry->value);
	g_ptr_array_add(group->entries, entry);
	return true;
}

static bool scan(const char *file, const char *text, GKeyFile *keys, GPtrArray *groups,
		 GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	XbConfigGroup *group = NULL;

	for (char **line = lines; *line != NULL; line++) {
		g_strstrip(*line);
		if (**line == '\0' || **line == '#')
			continue;
		if (**line == '[') {
			group = take_group(groups, file, *line, error);
			if (group == NULL)
				return false;
		} else if (group != NULL && !take_key(group, keys, *line, error)) {
			return false;
		}
	}
	return true;
}

bool xb_config_read_text(const char *file, const char *text, gsize length, GPtrArray *groups,
			 GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autoptr(GError) problem = NULL;
	g_autofree char *safe = NULL;

	if (length > FILE_MAX || memchr(text, '\0', length) != NULL) {
		g_set_error(error, XB_CONFIG_ERROR, 0, "%s: no configuration file: %s", file,
			    length > FILE_MAX ? "it is larger than 1 MiB" : "it is binary");
		return false;
	}
	/* An empty file has no groups, which GKeyFile takes for an error. */
	if (length > 0 && !g_key_file_load_from_data(keys, text, length,
						     G_KEY_FILE_KEEP_TRANSLATIONS, &problem)) {
		safe = xb_text_safe(problem->message, -1, 500, false);
		g_set_error(error, XB_CONFIG_ERROR, 0, "%s: %s", file, safe);
		return false;
	}
	return scan(file, text, keys, groups, error);
}

/* ---- files ------------------------------------------------------------------- */

static bool read_file(const char *path, GPtrArray *groups, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *text = NULL;
	gsize length;

	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, XB_CONFIG_ERROR, 0, "%s: there is no such file", path);
		return false;
	}
	/* Not a pipe or a device, which could be endless. */
	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		g_set_error(error, XB_CONFIG_ERROR, 0, "%s: not a regular file", path);
		return false;
	}
	if (!g_file_get_contents(path, &text, &length, &problem)) {
		g_set_error(error, XB_CONFIG_ERROR, 0, "%s", problem->message);
		return false;
	}
	return xb_config_read_text(path, text, length, groups, error);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool xb_config_read_files(const char *path, GPtrArray *groups, GError **error)
{
	g_autofree char *file = g_canonicalize_filename(path, NULL);
	g_autofree char *directory = g_path_get_dirname(file);
	g_autofree char *drop_in = g_build_filename(directory, "conf.d", NULL);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) problem = NULL;
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (!read_file(file, groups, error))
		return false;
	dir = g_dir_open(drop_in, 0, &problem);
	if (dir == NULL && !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_set_error(error, XB_CONFIG_ERROR, 0, "%s", problem->message);
		return false;
	}
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		if (*name != '.' && g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(paths, g_build_filename(drop_in, name, NULL));
	}
	g_ptr_array_sort(paths, by_name);
	for (guint i = 0; i < paths->len; i++) {
		if (!read_file(paths->pdata[i], groups, error))
			return false;
	}
	return true;
}

/* ---- entries into members ----------------------------------------------------- */

const XbConfigEntry *xb_config_entry(const XbConfigGroup *group, const char *key)
{
	for (guint i = 0; i < group->entries->len; i++) {
		const XbConfigEntry *entry = group->entries->pdata[i];

		if (g_str_equal(entry->key, key))
			return entry;
	}
	return NULL;
}

char *xb_config_check(const XbConfigGroup *group, const XbConfigEntry *entry, const XbKeySpec *spec,
		      GError **error)
{
	g_autofree char *directory = g_path_get_dirname(group->file);
	g_autofree char *problem = NULL;
	char *value = xb_value_check(spec, directory, entry->value, &problem);

	if (value == NULL)
		xb_config_fail(error, group, entry->key, "%s", problem);
	return value;
}

char *xb_config_look_up(const XbConfigGroup *group, const XbConfigEntry *entry,
			const XbKeySpec *table, const XbKeySpec **spec, GError **error)
{
	const XbKeySpec *found = xb_key_find(table, entry->key);

	if (spec != NULL)
		*spec = found;
	if (found != NULL)
		return xb_config_check(group, entry, found, error);
	xb_config_fail(error, group, entry->key, "there is no such key in this group");
	return NULL;
}

bool xb_config_store(const XbConfigGroup *group, const XbKeySpec *table, void *structure,
		     GError **error)
{
	for (guint i = 0; i < group->entries->len; i++) {
		const XbConfigEntry *entry = group->entries->pdata[i];
		const XbKeySpec *spec;
		g_autofree char *value = xb_config_look_up(group, entry, table, &spec, error);

		if (value == NULL)
			return false;
		xb_value_store(spec, value, structure);
	}
	return true;
}
