/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folded.c - see folded.h. */
#include "folded.h"

#include <math.h>
#include <string.h>

#define NAME_MAX_BYTES 512
#define FRAMES_MAX     512
#define NODES_MAX      (1u << 20)

G_DEFINE_QUARK(xb - folded, xb_folded_error)

/* A child by its parent and name. */
typedef struct {
	guint parent;
	const char *name;
} Key;

static guint key_hash(gconstpointer data)
{
	const Key *key = data;

	return g_str_hash(key->name) * 31 + key->parent;
}

static gboolean key_equal(gconstpointer one, gconstpointer other)
{
	const Key *a = one, *b = other;

	return a->parent == b->parent && strcmp(a->name, b->name) == 0;
}

static void node_clear(gpointer data)
{
	g_free(((XbFoldedNode *)data)->name);
}

XbFolded *xb_folded_new(void)
{
	XbFolded *self = g_new0(XbFolded, 1);
	XbFoldedNode root = { .name = g_strdup("all") };

	self->nodes = g_array_new(FALSE, FALSE, sizeof(XbFoldedNode));
	g_array_set_clear_func(self->nodes, node_clear);
	g_array_append_val(self->nodes, root);
	self->children = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
	return self;
}

void xb_folded_free(XbFolded *self)
{
	if (!self)
		return;
	g_hash_table_unref(self->children);
	g_array_unref(self->nodes);
	g_free(self);
}

static XbFoldedNode *node_at(const XbFolded *self, guint index)
{
	return &g_array_index(self->nodes, XbFoldedNode, index);
}

static guint child_of(XbFolded *self, guint parent, const char *name)
{
	const Key wanted = { parent, name };
	guint found = GPOINTER_TO_UINT(g_hash_table_lookup(self->children, &wanted));
	XbFoldedNode node = { .parent = parent };
	Key *key;

	if (found)
		return found;
	node.name = g_strdup(name);
	node.depth = node_at(self, parent)->depth + 1;
	found = self->nodes->len;
	g_array_append_val(self->nodes, node);
	key = g_new(Key, 1);
	key->parent = parent;
	key->name = node.name;
	g_hash_table_insert(self->children, key, GUINT_TO_POINTER(found));
	return found;
}

/* The count behind the last blank, which is cut off. */
static bool take_count(char *line, double *count)
{
	char *blank = strrchr(line, ' ');
	gsize digits = blank ? strspn(blank + 1, "0123456789") : 0;

	if (digits == 0 || digits > 18 || blank[1 + digits])
		return false;
	*count = (double)g_ascii_strtoull(blank + 1, NULL, 10);
	*blank = '\0';
	return *count > 0;
}

static bool add_line(XbFolded *self, guint side, char *line, double scale)
{
	guint at = 0, frames = 0;
	double count;

	if (!take_count(line, &count))
		return false;
	count *= scale;
	node_at(self, 0)->total[side] += count;
	for (char *name = line, *end; name; name = end ? end + 1 : NULL) {
		end = strchr(name, ';');
		if (end)
			*end = '\0';
		if (!*name || strlen(name) > NAME_MAX_BYTES || ++frames > FRAMES_MAX ||
		    self->nodes->len == NODES_MAX)
			return false;
		at = child_of(self, at, name);
		node_at(self, at)->total[side] += count;
	}
	node_at(self, at)->self[side] += count;
	return true;
}

bool xb_folded_add(XbFolded *self, guint side, const char *text, gsize length, double scale,
		   GError **error)
{
	guint number = 0;

	g_return_val_if_fail(side < 2 && scale > 0, false);
	if (length > XB_FOLDED_BYTES_MAX) {
		g_set_error(error, XB_FOLDED_ERROR, 0, "folded stacks of more than %u MiB",
			    XB_FOLDED_BYTES_MAX >> 20);
		return false;
	}
	for (const char *at = text, *end; at < text + length; at = end + 1) {
		g_autofree char *line = NULL;

		end = memchr(at, '\n', (gsize)(text + length - at));
		end = end ? end : text + length;
		number++;
		if (end == at || *at == '#')
			continue;
		line = g_strndup(at, (gsize)(end - at));
		if (strlen(line) != (gsize)(end - at) || !add_line(self, side, line, scale)) {
			g_set_error(error, XB_FOLDED_ERROR, 0,
				    "line %u is no folded stack (\"a;b;c COUNT\")", number);
			return false;
		}
	}
	return true;
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
	const XbFolded *self = data;

	return strcmp(node_at(self, *(const guint *)a)->name,
		      node_at(self, *(const guint *)b)->name);
}

GPtrArray *xb_folded_children(const XbFolded *self)
{
	GPtrArray *children = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

	for (guint i = 0; i < self->nodes->len; i++)
		g_ptr_array_add(children, g_array_new(FALSE, FALSE, sizeof(guint)));
	for (guint i = 1; i < self->nodes->len; i++)
		g_array_append_val((GArray *)children->pdata[node_at(self, i)->parent], i);
	for (guint i = 0; i < children->len; i++)
		g_array_sort_with_data(children->pdata[i], compare_names, (gpointer)self);
	return children;
}

static int compare_change(gconstpointer one, gconstpointer other)
{
	const XbFoldedFunction *a = one, *b = other;
	double x = fabs(a->self[1] - a->self[0]), y = fabs(b->self[1] - b->self[0]);

	return x != y ? (x < y ? 1 : -1) : strcmp(a->name, b->name);
}

GArray *xb_folded_functions(const XbFolded *self)
{
	GArray *functions = g_array_new(FALSE, FALSE, sizeof(XbFoldedFunction));
	g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 1; i < self->nodes->len; i++) {
		const XbFoldedNode *node = node_at(self, i);
		guint place = GPOINTER_TO_UINT(g_hash_table_lookup(places, node->name));

		if (!(node->self[0] > 0) && !(node->self[1] > 0))
			continue;
		if (!place) {
			const XbFoldedFunction one = { .name = node->name };

			g_array_append_val(functions, one);
			place = functions->len;
			g_hash_table_insert(places, node->name, GUINT_TO_POINTER(place));
		}
		for (guint side = 0; side < 2; side++)
			g_array_index(functions, XbFoldedFunction, place - 1).self[side] +=
				node->self[side];
	}
	g_array_sort(functions, compare_change);
	return functions;
}
