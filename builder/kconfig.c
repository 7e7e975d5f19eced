/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kconfig.c - parse and compare kernel configurations. */
#include "kconfig.h"

#include <string.h>

#include "failure.h"
#include "text.h"

#define NAMED_MAX 5 /* symbols named in one message */

/* "CONFIG_X=value" or "# CONFIG_X is not set"; anything else is skipped. */
static void parse_line(GHashTable *table, const char *line)
{
	static const char off[] = " is not set";
	bool comment = g_str_has_prefix(line, "# CONFIG_");
	const char *name = comment ? line + 2 : line;
	gsize length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_");

	if (!g_str_has_prefix(name, "CONFIG_"))
		return;
	if (comment && g_str_has_prefix(name + length, off))
		g_hash_table_insert(table, g_strndup(name, length), g_strdup("n"));
	else if (!comment && name[length] == '=')
		g_hash_table_insert(table, g_strndup(name, length),
				    g_strchomp(g_strdup(name + length + 1)));
}

void xb_kconfig_merge(GHashTable *table, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++)
		parse_line(table, *line);
}

GHashTable *xb_kconfig_parse(const char *text)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	xb_kconfig_merge(table, text);
	return table;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static const char *shown(const char *value)
{
	return g_str_equal(value, "n") ? "not set" : value;
}

bool xb_kconfig_check(GHashTable *wanted, GHashTable *got, GError **error)
{
	GList *names = g_list_sort(g_hash_table_get_keys(wanted), compare_names);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *safe = NULL;
	guint lost = 0;

	for (GList *item = names; item; item = item->next) {
		const char *asked = g_hash_table_lookup(wanted, item->data);
		const char *found = g_hash_table_lookup(got, item->data);

		if (!found)
			found = "n";
		if (g_str_equal(asked, found))
			continue;
		if (lost++ < NAMED_MAX)
			g_string_append_printf(text, "%s%s: wanted %s, got %s",
					       text->len ? "; " : "", (char *)item->data,
					       shown(asked), shown(found));
	}
	g_list_free(names);
	if (lost == 0)
		return true;
	if (lost > NAMED_MAX)
		g_string_append_printf(text, "; and %u more", lost - NAMED_MAX);
	safe = xb_text_safe(text->str, (gssize)text->len, 4096, false);
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT,
		    "kernel configuration: %s (a dependency is missing, or the symbol does not "
		    "exist in this tree)",
		    safe);
	return false;
}
