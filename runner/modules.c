/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules.c - see modules.h. */
#include "modules.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX  12 /* directories below the given one */
#define MODULE_MAX (64u << 20)

static void module_free(gpointer data)
{
	KernelModule *module = data;

	g_free(module->name);
	g_bytes_unref(module->data);
	g_free(module);
}

static char *canonical(const char *name)
{
	return g_strdelimit(g_strdup(name), "-", '_');
}

/* Fill @files: canonical name -> path, of every module below @dir. */
static void find_files(const char *dir, guint depth, GHashTable *files)
{
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		const char *ko = strstr(name, ".ko");

		if (ko && (ko[3] == '\0' || ko[3] == '.')) {
			g_autofree char *stem = g_strndup(name, (gsize)(ko - name));

			g_hash_table_insert(files, canonical(stem), g_steal_pointer(&path));
		} else if (depth < DEPTH_MAX && !g_file_test(path, G_FILE_TEST_IS_SYMLINK) &&
			   g_file_test(path, G_FILE_TEST_IS_DIR)) {
			/* build and source are symbolic links to whole trees */
			find_files(path, depth + 1, files);
		}
	}
}

static GBytes *decompress(const char *program, const char *path, GError **error)
{
	g_autoptr(GSubprocess) process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, error,
							  program, "-dc", "--", path, NULL);
	g_autoptr(GBytes) data = NULL;

	if (!process) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	if (!g_subprocess_communicate(process, NULL, NULL, &data, NULL, error) ||
	    !g_subprocess_wait_check(process, NULL, error)) {
		g_prefix_error(error, "%s: %s: ", path, program);
		return NULL;
	}
	return g_steal_pointer(&data);
}

static GBytes *read_module(const char *path, GError **error)
{
	char *data;
	gsize length;

	if (g_str_has_suffix(path, ".xz"))
		return decompress("xz", path, error);
	if (g_str_has_suffix(path, ".zst"))
		return decompress("zstd", path, error);
	if (g_str_has_suffix(path, ".gz"))
		return decompress("gzip", path, error);
	if (!g_file_get_contents(path, &data, &length, error))
		return NULL;
	return g_bytes_new_take(data, length);
}

char **runner_module_depends(GBytes *module)
{
	static const char key[] = "\0depends=";
	gsize length;
	const char *data = g_bytes_get_data(module, &length);
	const char *at = memmem(data, length, key, sizeof(key) - 1);
	const char *end;
	g_autofree char *list = NULL;

	if (at) {
		at += sizeof(key) - 1;
		end = memchr(at, '\0', length - (gsize)(at - data));
		list = end ? g_strndup(at, (gsize)(end - at)) : NULL;
	}
	return list && *list ? g_strsplit(list, ",", -1) : g_new0(char *, 1);
}

typedef struct {
	GHashTable *files;
	GHashTable *seen; /* canonical names, those being loaded included */
	GPtrArray *order;
} Search;

/* Depth first: what a module depends on comes before it. */
static bool add_module(Search *search, const char *wanted, const char *user, GError **error)
{
	g_autofree char *name = canonical(wanted);
	const char *path = g_hash_table_lookup(search->files, name);
	g_autoptr(GBytes) data = NULL;
	g_auto(GStrv) depends = NULL;
	KernelModule *module;

	if (!path && user) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
			    "module %s needs %s, which is not there", user, wanted);
		return false;
	}
	if (!path || !g_hash_table_add(search->seen, g_strdup(name)))
		return true;
	data = read_module(path, error);
	if (!data)
		return false;
	if (g_bytes_get_size(data) > MODULE_MAX) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "%s is too large", path);
		return false;
	}
	depends = runner_module_depends(data);
	for (guint i = 0; depends[i]; i++)
		if (!add_module(search, depends[i], name, error))
			return false;
	module = g_new0(KernelModule, 1);
	module->name = g_steal_pointer(&name);
	module->data = g_steal_pointer(&data);
	g_ptr_array_add(search->order, module);
	return true;
}

GPtrArray *runner_modules_read(const char *dir, const char *const *wanted, GError **error)
{
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(module_free);
	Search search = { files, seen, order };

	if (!g_file_test(dir, G_FILE_TEST_IS_DIR)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR, "%s: no directory of modules",
			    dir);
		return NULL;
	}
	find_files(dir, 0, files);
	for (guint i = 0; wanted[i]; i++)
		if (!add_module(&search, wanted[i], NULL, error))
			return NULL;
	return g_steal_pointer(&order);
}
