/* SPDX-License-Identifier: GPL-2.0-or-later */
/* objects.c - see objects.h. */
#include "objects.h"

#include <string.h>

#define NAME_MAX_BYTES 511

struct XbObjects {
	GHashTable *functions; /* object -> GString "NAME NAME ..." */
	GHashTable *numbers;   /* path -> its number + 1 */
	GString *paths, *objects;
};

/* ---- functions -------------------------------------------------------------------- */

static bool is_word(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isgraph(text[i]))
			return false;
	return length > 0 && length <= NAME_MAX_BYTES;
}

/* "mm/memory.o: unmap_page_range t 0 1f" */
static void take_symbol(XbObjects *self, const char *line, gsize length)
{
	const char *end = line + length;
	const char *colon = g_strstr_len(line, (gssize)length, ": ");
	const char *name = colon ? colon + 2 : end;
	const char *space = memchr(name, ' ', (gsize)(end - name));
	g_autofree char *object = NULL;
	GString *names;

	if (!space || space + 1 >= end || !strchr("tTwW", space[1]) ||
	    (space + 2 < end && space[2] != ' ') || !is_word(name, (gsize)(space - name)))
		return;
	object = g_strndup(line, (gsize)(colon - line));
	names = g_hash_table_lookup(self->functions, object);
	if (!names) {
		names = g_string_new(NULL);
		g_hash_table_insert(self->functions, g_steal_pointer(&object), names);
	}
	g_string_append_c(names, ' ');
	g_string_append_len(names, name, space - name);
}

static void free_string(gpointer string)
{
	g_string_free(string, TRUE);
}

XbObjects *xb_objects_new(const char *symbols)
{
	XbObjects *self = g_new0(XbObjects, 1);

	self->functions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_string);
	self->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->paths = g_string_new("xbisect-objects 1\n");
	self->objects = g_string_new(NULL);
	for (const char *at = symbols, *end; *at; at = *end ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		take_symbol(self, at, (gsize)(end - at));
	}
	return self;
}

void xb_objects_free(XbObjects *self)
{
	if (!self)
		return;
	g_hash_table_unref(self->functions);
	g_hash_table_unref(self->numbers);
	g_string_free(self->paths, TRUE);
	g_string_free(self->objects, TRUE);
	g_free(self);
}

/* ---- objects ---------------------------------------------------------------------- */

static guint number_of(XbObjects *self, const char *path)
{
	guint number = GPOINTER_TO_UINT(g_hash_table_lookup(self->numbers, path));

	if (number)
		return number - 1;
	number = g_hash_table_size(self->numbers);
	g_hash_table_insert(self->numbers, g_strdup(path), GUINT_TO_POINTER(number + 1));
	g_string_append_printf(self->paths, "p %s\n", path);
	return number;
}

/* "mm/memory.o" of "mm/.memory.o.cmd"; NULL of what is no object. Caller frees. */
static char *object_of(const char *name)
{
	g_autofree char *dir = g_path_get_dirname(name), *base = g_path_get_basename(name);

	if (base[0] != '.' || !g_str_has_suffix(base, ".o.cmd"))
		return NULL;
	base[strlen(base) - strlen(".cmd")] = '\0';
	return strcmp(dir, ".") == 0 ? g_strdup(base + 1) : g_strdup_printf("%s/%s", dir, base + 1);
}

/* The path among @read that the line "source_OBJECT := PATH" ends in; NULL when there is none. An
 * object that others were linked into has no such line. */
static const char *source_of(const char *text, GHashTable *read, bool *compiled)
{
	const char *line = g_str_has_prefix(text, "source_") ? text : strstr(text, "\nsource_");
	const char *value = line ? strstr(line, ":= ") : NULL;
	g_autofree char *path = NULL;
	const char *best = NULL;
	GHashTableIter iter;
	gpointer key;

	*compiled = value != NULL;
	if (!value)
		return NULL;
	value += strlen(":= ");
	path = g_strndup(value, strcspn(value, "\r\n"));
	g_hash_table_iter_init(&iter, read);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		gsize whole = strlen(path), length = strlen(key);

		if (g_str_has_suffix(path, key) &&
		    (whole == length || path[whole - length - 1] == '/') &&
		    (!best || length > strlen(best)))
			best = key;
	}
	return best;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

void xb_objects_add(XbObjects *self, const char *name, const char *text, GHashTable *read)
{
	g_autofree char *object = object_of(name);
	bool compiled = false;
	const char *source = object ? source_of(text, read, &compiled) : NULL;
	GList *paths;
	GString *functions;

	if (!compiled || g_hash_table_size(read) == 0 || strstr(text, " -DMODULE ") ||
	    !is_word(object, strlen(object)))
		return;
	g_string_append_printf(self->objects, "o %s ", object);
	if (source)
		g_string_append_printf(self->objects, "%u\nr", number_of(self, source));
	else
		g_string_append(self->objects, "-\nr");
	paths = g_list_sort(g_hash_table_get_keys(read), by_text);
	for (GList *item = paths; item; item = item->next)
		if (!strchr(item->data, '\n'))
			g_string_append_printf(self->objects, " %u", number_of(self, item->data));
	g_list_free(paths);
	g_string_append_c(self->objects, '\n');
	functions = g_hash_table_lookup(self->functions, object);
	if (functions)
		g_string_append_printf(self->objects, "f%s\n", functions->str);
}

char *xb_objects_text(const XbObjects *self)
{
	return g_strconcat(self->paths->str, self->objects->str, NULL);
}
