/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inputs.c - what a build read. */
#include "inputs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "failure.h"
#include "mirror.h"

#define CMD_FILE_MAX (16 * 1024 * 1024)
#define ENTRIES_MAX  2000000

/* Directories in which every file counts, when the build has been there. */
static const char *const whole_dirs[] = {
	"scripts/",
	"usr/",
	"kernel/configs/",
	"include/asm-generic/Kbuild",
};

/* Built by makefiles of their own, whose dependencies are not all written. */
static const char *const tool_dirs[] = {
	"tools/arch/", "tools/build/",   "tools/include/",
	"tools/lib/",  "tools/objtool/", "tools/scripts/",
};

/* Read by name, not by the compiler. */
static const char *const suffixes[] = {
	".sh", ".awk", ".pl", ".py", ".tbl", ".lds", ".lds.S", ".mk",
};

static const char *const never[] = { "Documentation/", "samples/", "LICENSES/" };

typedef struct {
	GHashTable *all;    /* every path of the tree: set */
	GHashTable *found;  /* borrows from @all */
	GHashTable *reach;  /* path (borrowed) -> how many commands read it */
	XbObjects *objects; /* may be NULL */
	int obj_fd;
	const char *src_prefix;
	char *arch_dir; /* "arch/x86/" */
	bool has_tools;
} Inputs;

static bool in_list(const char *path, const char *const *prefixes, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		if (g_str_has_prefix(path, prefixes[i]))
			return true;
	}
	return false;
}

static bool is_directory(int dir_fd, const char *path)
{
	struct stat st;

	return fstatat(dir_fd, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* kbuild makes an object directory for each directory that it visits; some
 * makefiles are included from the directory above. */
static bool was_visited(const Inputs *inputs, const char *path)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *parent = g_path_get_dirname(dir);

	return is_directory(inputs->obj_fd, dir) || is_directory(inputs->obj_fd, parent);
}

static bool counts_by_name(const Inputs *inputs, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (in_list(path, never, G_N_ELEMENTS(never)))
		return false;
	if (g_str_has_prefix(path, "arch/") && slash != path + 4 &&
	    !g_str_has_prefix(path, inputs->arch_dir))
		return false;
	if (in_list(path, whole_dirs, G_N_ELEMENTS(whole_dirs)))
		return true;
	if (g_str_has_prefix(path, "tools/"))
		return inputs->has_tools && in_list(path, tool_dirs, G_N_ELEMENTS(tool_dirs));
	if (g_str_has_prefix(name, "Kconfig"))
		return true;
	if (g_str_has_prefix(path, inputs->arch_dir) && strstr(path, "/configs/"))
		return true;
	if (g_str_has_prefix(name, "Makefile") || g_str_equal(name, "Kbuild"))
		return was_visited(inputs, path);
	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		if (g_str_has_suffix(name, suffixes[i]))
			return was_visited(inputs, path);
	}
	return false;
}

static int take_entry(const char *root, const git_tree_entry *entry, void *data)
{
	Inputs *inputs = data;
	char *path;

	if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return 0;
	path = g_strconcat(root, git_tree_entry_name(entry), NULL);
	g_hash_table_add(inputs->all, path);
	if (counts_by_name(inputs, path))
		g_hash_table_add(inputs->found, path);
	return 0;
}

/* "a/./b/../c" -> "a/c" without looking at files; NULL when it leads out. */
static char *normal_path(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();

	for (char **part = parts; *part; part++) {
		if (!**part || g_str_equal(*part, "."))
			continue;
		if (!g_str_equal(*part, "..")) {
			g_ptr_array_add(kept, *part);
		} else {
			if (kept->len == 0)
				return NULL;
			g_ptr_array_remove_index(kept, kept->len - 1);
		}
	}
	g_ptr_array_add(kept, NULL);
	return g_strjoinv("/", (char **)kept->pdata);
}

void xb_inputs_scan(const char *cmd, const char *src_prefix, GHashTable *all, GHashTable *found)
{
	gsize prefix_length = strlen(src_prefix);
	const char *at = cmd;

	while ((at = strstr(at, src_prefix))) {
		g_autofree char *raw = NULL;
		g_autofree char *path = NULL;
		const char *stored;
		gsize length;

		at += prefix_length;
		if (*at != '/')
			continue;
		length = strcspn(at, " \t\r\n\"'\\();:,=|<>&");
		raw = g_strndup(at, length);
		path = normal_path(raw);
		at += length;
		if (path && g_hash_table_lookup_extended(all, path, (gpointer *)&stored, NULL))
			g_hash_table_add(found, (char *)stored);
	}
}

/* What the command in the file @name read: each path once, however often the file names it. */
static void take_command(Inputs *inputs, const char *name, const char *text)
{
	g_autoptr(GHashTable) read = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer path;

	xb_inputs_scan(text, inputs->src_prefix, inputs->all, read);
	g_hash_table_iter_init(&iter, read);
	while (g_hash_table_iter_next(&iter, &path, NULL)) {
		guint count = GPOINTER_TO_UINT(g_hash_table_lookup(inputs->reach, path));

		g_hash_table_add(inputs->found, path);
		g_hash_table_replace(inputs->reach, path, GUINT_TO_POINTER(count + 1));
	}
	if (inputs->objects)
		xb_objects_add(inputs->objects, name, text, read);
}

static bool visit_file(const char *path, void *data)
{
	Inputs *inputs = data;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	g_autofree char *text = NULL;
	gsize length;

	if (name[0] == '.' && g_str_has_suffix(name, ".cmd")) {
		text = xb_beneath_read(inputs->obj_fd, path, CMD_FILE_MAX, &length, NULL);
		if (text)
			take_command(inputs, path, text);
	}
	return true;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static bool write_list(GHashTable *found, GHashTable *counts, const char *path, GError **error)
{
	GList *list = g_list_sort(g_hash_table_get_keys(found), compare_strings);
	g_autoptr(GString) text = g_string_new(NULL);

	for (GList *item = list; item; item = item->next) {
		/* A path with a newline cannot be written down and is no kernel's. */
		if (strchr(item->data, '\n'))
			continue;
		if (counts)
			g_string_append_printf(
				text, "%u ",
				GPOINTER_TO_UINT(g_hash_table_lookup(counts, item->data)));
		g_string_append_printf(text, "%s\n", (char *)item->data);
	}
	g_list_free(list);
	return g_file_set_contents(path, text->str, (gssize)text->len, error);
}

bool xb_inputs_write(git_repository *repo, const git_oid *tree_id, int obj_fd,
		     const char *src_prefix, const char *arch_source, const char *path,
		     const char *reach_path, XbObjects *objects, GError **error)
{
	g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) reach = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *arch_dir = g_strdup_printf("arch/%s/", arch_source);
	g_autoptr(git_tree) tree = NULL;
	Inputs inputs = {
		.all = all,
		.found = found,
		.reach = reach,
		.objects = objects,
		.obj_fd = obj_fd,
		.src_prefix = src_prefix,
		.arch_dir = arch_dir,
		.has_tools = is_directory(obj_fd, "tools"),
	};

	if (git_tree_lookup(&tree, repo, tree_id) != 0 ||
	    git_tree_walk(tree, GIT_TREEWALK_PRE, take_entry, &inputs) != 0) {
		xb_git_set_error(error, "the tree cannot be listed");
		return false;
	}
	if (!xb_beneath_walk(obj_fd, ENTRIES_MAX, visit_file, &inputs, error))
		return false;
	return write_list(found, NULL, path, error) && write_list(reach, reach, reach_path, error);
}
