/* SPDX-License-Identifier: GPL-2.0-or-later */
/* object-map.c - see object-map.h. */
#include "object-map.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#define PATHS_MAX   400000
#define OBJECTS_MAX 200000
#define COUNT_MAX   1e18 /* instructions of a stack: no sum of them is infinite */
#define NONE        G_MAXUINT

/* A file of the tree. */
typedef struct {
	const char *path; /* a key of @numbers */
	guint readers, live;
	guint last;            /* the object that was counted last */
	GHashTable *functions; /* of the objects made from it: name -> its share, below 0: idle */
	bool executed;
} File;

struct XbObjectMap {
	GHashTable *numbers;        /* path -> its place in @files + 1 */
	GArray *files;              /* File */
	GHashTable *anywhere;       /* functions of any object that were executed: name -> share */
	const XbExecuted *executed; /* borrowed, while it is read */
	guint objects, live;
	/* of the object at hand */
	guint source;
	bool counted;  /* as one of which a function was executed */
	GArray *reads; /* guint */
};

/* ---- what was executed ------------------------------------------------------------- */

static GHashTable *new_numbers(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

XbExecuted *xb_executed_new(void)
{
	XbExecuted *executed = g_new0(XbExecuted, 1);

	executed->functions = new_numbers();
	return executed;
}

void xb_executed_free(XbExecuted *executed)
{
	if (!executed)
		return;
	g_hash_table_unref(executed->functions);
	g_free(executed);
}

/* Without what a compiler appended. Caller frees. */
static char *stem_of(const char *name, gsize length)
{
	const char *dot = length > 1 ? memchr(name + 1, '.', length - 1) : NULL;

	return g_strndup(name, dot ? (gsize)(dot - name) : length);
}

/* The count of @name, 0 when it is new. */
static double *count_of(XbExecuted *executed, const char *name, gsize length)
{
	g_autofree char *stem = stem_of(name, length);
	double *count = g_hash_table_lookup(executed->functions, stem);

	if (!count) {
		count = g_new0(double, 1);
		g_hash_table_insert(executed->functions, g_steal_pointer(&stem), count);
	}
	return count;
}

static void add_stack(XbExecuted *executed, const char *stack, gsize length, double instructions)
{
	const char *end = stack + length;
	const gsize mark = strlen("_[k]");
	double *innermost = NULL;

	for (const char *at = stack, *next; at < end; at = next + 1) {
		gsize n;

		next = memchr(at, ';', (gsize)(end - at));
		next = next ? next : end;
		n = (gsize)(next - at);
		if (n > mark && memcmp(next - mark, "_[k]", mark) == 0)
			innermost = count_of(executed, at, n - mark);
	}
	if (innermost)
		*innermost += instructions;
	executed->all += instructions;
}

void xb_executed_add(XbExecuted *executed, const char *folded, gsize length)
{
	const char *end = folded + length;

	for (const char *at = folded, *next; at < end; at = next + 1) {
		const char *space;

		next = memchr(at, '\n', (gsize)(end - at));
		next = next ? next : end;
		space = memrchr(at, ' ', (gsize)(next - at));
		if (space) {
			g_autofree char *number = g_strndup(space + 1, (gsize)(next - space - 1));
			double count = g_ascii_strtod(number, NULL);

			add_stack(executed, at, (gsize)(space - at),
				  count > 0 ? fmin(count, COUNT_MAX) : 0);
		}
	}
}

/* ---- reading ------------------------------------------------------------------------ */

static void clear_file(gpointer data)
{
	g_clear_pointer(&((File *)data)->functions, g_hash_table_unref);
}

static File *file_at(const XbObjectMap *self, guint number)
{
	return &g_array_index(self->files, File, number);
}

/* A number of a file, below what was read so far; *at moves behind it. */
static bool take_number(const XbObjectMap *self, const char **at, guint *number)
{
	char *end;
	guint64 value;

	if (!g_ascii_isdigit(**at))
		return false;
	value = g_ascii_strtoull(*at, &end, 10);
	if (value >= self->files->len || (*end && *end != ' '))
		return false;
	*number = (guint)value;
	*at = *end ? end + 1 : end;
	return true;
}

static bool read_path(XbObjectMap *self, const char *rest)
{
	File file = { .last = NONE };
	char *path;

	if (!*rest || self->files->len == PATHS_MAX || g_hash_table_contains(self->numbers, rest))
		return false;
	path = g_strdup(rest);
	file.path = path;
	g_hash_table_insert(self->numbers, path, GUINT_TO_POINTER(self->files->len + 1));
	g_array_append_val(self->files, file);
	return true;
}

static void count_reader(XbObjectMap *self, guint number)
{
	File *file = file_at(self, number);

	if (file->last == self->objects)
		return;
	file->last = self->objects;
	file->readers++;
	g_array_append_val(self->reads, number);
}

static bool read_object(XbObjectMap *self, const char *rest)
{
	const char *space = strchr(rest, ' ');
	const char *at = space ? space + 1 : rest;

	self->source = NONE;
	self->counted = false;
	g_array_set_size(self->reads, 0);
	if (!space || space == rest || self->objects == OBJECTS_MAX)
		return false;
	self->objects++;
	if (strcmp(at, "-") == 0)
		return true;
	if (!take_number(self, &at, &self->source) || *at)
		return false;
	count_reader(self, self->source);
	if (!file_at(self, self->source)->functions)
		file_at(self, self->source)->functions = new_numbers();
	return true;
}

static bool read_reads(XbObjectMap *self, const char *rest)
{
	guint number;

	while (*rest) {
		if (!take_number(self, &rest, &number))
			return false;
		count_reader(self, number);
	}
	return self->objects > 0;
}

/* Below 0: it was not executed. */
static double share_of(const XbExecuted *executed, const char *name)
{
	const double *count = g_hash_table_lookup(executed->functions, name);

	return count ? *count / fmax(executed->all, 1) : -1;
}

static double *number_of(double value)
{
	return g_memdup2(&value, sizeof(value));
}

static bool read_functions(XbObjectMap *self, const char *rest)
{
	GHashTable *functions =
		self->source != NONE ? file_at(self, self->source)->functions : NULL;
	bool live = false;

	for (const char *at = rest, *end; *at; at = *end ? end + 1 : end) {
		g_autofree char *name = NULL;
		double share;

		end = at + strcspn(at, " ");
		if (end == at)
			return false;
		name = stem_of(at, (gsize)(end - at));
		share = share_of(self->executed, name);
		live |= share >= 0;
		if (share >= 0)
			g_hash_table_replace(self->anywhere, g_strdup(name), number_of(share));
		if (functions && (share >= 0 || !g_hash_table_contains(functions, name)))
			g_hash_table_replace(functions, g_steal_pointer(&name), number_of(share));
	}
	if (!live || self->counted)
		return self->objects > 0;
	self->counted = true;
	self->live++;
	for (guint i = 0; i < self->reads->len; i++)
		file_at(self, g_array_index(self->reads, guint, i))->live++;
	if (self->source != NONE)
		file_at(self, self->source)->executed = true;
	return self->objects > 0;
}

static bool read_line(XbObjectMap *self, char *line)
{
	static const struct {
		char letter;
		bool (*read)(XbObjectMap *self, const char *rest);
	} items[] = { { 'p', read_path },
		      { 'o', read_object },
		      { 'r', read_reads },
		      { 'f', read_functions } };

	for (guint i = 0; i < G_N_ELEMENTS(items); i++)
		if (line[0] == items[i].letter && line[1] == ' ')
			return items[i].read(self, line + 2);
	/* an object that read nothing, or has no functions */
	return (line[0] == 'r' || line[0] == 'f') && !line[1] && self->objects > 0;
}

/* @text is taken apart. */
static bool read_all(XbObjectMap *self, char *text, gsize length, GError **error)
{
	guint number = 0;

	for (char *at = text, *end; at < text + length; at = end + 1) {
		number++;
		end = memchr(at, '\n', (gsize)(text + length - at));
		if (!end)
			break;
		*end = '\0';
		if (strlen(at) != (gsize)(end - at) ||
		    !(number == 1 ? strcmp(at, "xbisect-objects 1") == 0 : read_line(self, at)))
			break;
		if (end + 1 == text + length)
			return true;
	}
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		    "the list of objects is damaged at line %u", number);
	return false;
}

XbObjectMap *xb_object_map_parse(const char *text, gsize length, const XbExecuted *executed,
				 GError **error)
{
	g_autoptr(XbObjectMap) self = g_new0(XbObjectMap, 1);
	g_autofree char *copy = g_strndup(text, length);

	self->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->files = g_array_new(FALSE, FALSE, sizeof(File));
	g_array_set_clear_func(self->files, clear_file);
	self->reads = g_array_new(FALSE, FALSE, sizeof(guint));
	self->executed = executed;
	self->anywhere = new_numbers();
	self->source = NONE;
	if (!read_all(self, copy, length, error))
		return NULL;
	self->executed = NULL;
	return g_steal_pointer(&self);
}

void xb_object_map_free(XbObjectMap *self)
{
	if (!self)
		return;
	g_hash_table_unref(self->numbers);
	g_hash_table_unref(self->anywhere);
	g_array_unref(self->files);
	g_array_unref(self->reads);
	g_free(self);
}

/* ---- asking ------------------------------------------------------------------------- */

guint xb_object_map_objects(const XbObjectMap *self)
{
	return self->objects;
}

guint xb_object_map_live(const XbObjectMap *self)
{
	return self->live;
}

static const File *find_file(const XbObjectMap *self, const char *path)
{
	guint place = GPOINTER_TO_UINT(g_hash_table_lookup(self->numbers, path));

	return place ? file_at(self, place - 1) : NULL;
}

bool xb_object_map_file(const XbObjectMap *self, const char *path, XbObjectFile *file)
{
	const File *own = find_file(self, path);

	*file = (XbObjectFile){ 0 };
	if (!own || own->readers == 0)
		return false;
	*file = (XbObjectFile){ own->readers, own->live, own->functions != NULL, own->executed };
	return true;
}

void xb_object_map_live_files(const XbObjectMap *self, XbPathFunc on_path, void *data)
{
	for (guint i = 0; i < self->files->len; i++)
		if (file_at(self, i)->live > 0)
			on_path(file_at(self, i)->path, data);
}

static XbFunctionState look_up(GHashTable *functions, const char *name, double *share)
{
	const double *known = g_hash_table_lookup(functions, name);

	if (!known)
		return XB_FUNCTION_UNKNOWN;
	if (*known < 0)
		return XB_FUNCTION_IDLE;
	*share = fmax(*share, *known);
	return XB_FUNCTION_EXECUTED;
}

XbFunctionState xb_object_map_function(const XbObjectMap *self, const char *path, const char *name,
				       double *share)
{
	static const char *const bodies[] = { "__se_sys_", "__x64_sys_", "__arm64_sys_", "sys_" };
	const File *file = path ? find_file(self, path) : NULL;
	GHashTable *functions = path ? (file ? file->functions : NULL) : self->anywhere;
	XbFunctionState state = functions ? look_up(functions, name, share) : XB_FUNCTION_UNKNOWN;

	if (!functions || state != XB_FUNCTION_UNKNOWN || !g_str_has_prefix(name, "__do_sys_"))
		return state;
	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autofree char *other = g_strconcat(bodies[i], name + strlen("__do_sys_"), NULL);
		XbFunctionState found = look_up(functions, other, share);

		state = MAX(state, found);
	}
	return state;
}
