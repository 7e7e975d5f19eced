/* SPDX-License-Identifier: GPL-2.0-or-later */
/* variants.c - recipes, their keys, and the store of patches and fragments. */
#include "variants.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes.h"

/* Part of every key: a change of meaning of a recipe is a new number. */
#define RECIPE_VERSION "xbisect recipe 1"

static void hash_member(GChecksum *sum, const char *name, const char *value)
{
	/* length first, so that no two lists of members read alike */
	g_autofree char *head = g_strdup_printf("%s %zu\n", name, strlen(value));
	g_checksum_update(sum, (const guchar *)head, -1);
	g_checksum_update(sum, (const guchar *)value, -1);
}

/* Blobs are named by their content, so the name stands for it. */
static void hash_blobs(GChecksum *sum, const char *name, json_t *paths)
{
	size_t i;
	json_t *path;

	json_array_foreach(paths, i, path)
	{
		const char *slash = strrchr(json_string_value(path), '/');
		hash_member(sum, name, slash ? slash + 1 : json_string_value(path));
	}
}

char *xb_blob_store(XbDaemon *daemon, const char *content, gsize length, GError **error)
{
	g_autofree char *sha =
		g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)content, length);
	g_autofree char *dir = xb_state_path(daemon, "blobs", NULL);
	char *path = g_build_filename(dir, sha, NULL);

	if (g_file_test(path, G_FILE_TEST_IS_REGULAR) && utimensat(AT_FDCWD, path, NULL, 0) == 0)
		return path;
	if (g_mkdir_with_parents(dir, 0755) != 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", dir,
			    g_strerror(errno));
		g_free(path);
		return NULL;
	}
	/* writes aside and renames */
	if (!g_file_set_contents(path, content, (gssize)length, error)) {
		g_free(path);
		return NULL;
	}
	return path;
}

int64_t xb_variant_of_recipe(XbDaemon *daemon, const XbRecipe *recipe, GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autoptr(json_t) source = NULL;
	g_autofree char *text = NULL;

	hash_member(sum, "recipe", RECIPE_VERSION);
	hash_member(sum, "tree", recipe->tree);
	hash_blobs(sum, "patch", recipe->patches);
	hash_member(sum, "base", recipe->kconfig_base);
	hash_blobs(sum, "kconfig", recipe->kconfig);
	hash_member(sum, "arch", recipe->arch);
	hash_member(sum, "builder", recipe->builder_fp);
	hash_member(sum, "clean", recipe->clean ? "yes" : "no");
	/* what one label compiled is no other's; keys of the default one are older than labels */
	if (strcmp(recipe->trust, XB_TRUST_DEFAULT) != 0)
		hash_member(sum, "trust", recipe->trust);

	source = json_pack("{s:s,s:s,s:s,s:s,s:O,s:O,s:s,s:s,s:s,s:b}", "repo", recipe->repo,
			   "trust", recipe->trust, "commit", recipe->commit, "tree", recipe->tree,
			   "patches", recipe->patches, "kconfig", recipe->kconfig, "kconfig_base",
			   recipe->kconfig_base, "arch", recipe->arch, "builder",
			   recipe->builder_fp, "clean", recipe->clean);
	g_assert(source);
	text = json_dumps(source, JSON_COMPACT | JSON_SORT_KEYS);
	return xb_db_variant_ensure(daemon->db, g_checksum_get_string(sum), text, recipe->clean,
				    error);
}

bool xb_recipe_unpack(json_t *source, XbRecipe *recipe)
{
	int clean = 0;

	memset(recipe, 0, sizeof(*recipe));
	if (json_unpack(source, "{s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:s,s:s,s:b}", "repo", &recipe->repo,
			"trust", &recipe->trust, "commit", &recipe->commit, "tree", &recipe->tree,
			"patches", &recipe->patches, "kconfig", &recipe->kconfig, "kconfig_base",
			&recipe->kconfig_base, "arch", &recipe->arch, "builder",
			&recipe->builder_fp, "clean", &clean) != 0)
		return false;
	recipe->clean = clean != 0;
	return true;
}

int64_t xb_variant_renewed(XbDaemon *daemon, int64_t id, GError **error)
{
	g_autoptr(XbVariant) variant = xb_db_variant_get(daemon->db, id, error);
	g_autoptr(json_t) source = variant ? json_loads(variant->source, 0, NULL) : NULL;
	XbRecipe recipe;

	if (!variant)
		return -1;
	if (!xb_recipe_unpack(source, &recipe) ||
	    xb_probes_builder_is(daemon->probes, recipe.builder_fp))
		return id;
	recipe.builder_fp = xb_probes_builder(daemon->probes);
	return xb_variant_of_recipe(daemon, &recipe, error);
}

bool xb_variant_is_image(const XbVariant *variant)
{
	g_autoptr(json_t) source = json_loads(variant->source, 0, NULL);
	return json_object_get(source, "commit") == NULL;
}

static bool hash_file(GChecksum *sum, const char *path, GError **error)
{
	guchar buffer[65536];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path,
			    g_strerror(errno));
		return false;
	}
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		g_checksum_update(sum, buffer, got);
	if (got < 0)
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path,
			    g_strerror(errno));
	close(fd);
	return got == 0;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names, sizes and times of a tree: reading 400 MB of modules for a key would cost more than
 * the boot it saves. */
static void hash_tree(GChecksum *sum, const char *path, int depth)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	if (!dir || depth > 16)
		return;
	while ((name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_strings);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *child = g_build_filename(path, names->pdata[i], NULL);
		g_autofree char *facts = NULL;
		GStatBuf st;

		if (g_lstat(child, &st) != 0)
			continue;
		facts = g_strdup_printf("%s %lld %lld", (char *)names->pdata[i],
					(long long)st.st_size, (long long)st.st_mtime);
		hash_member(sum, "module", facts);
		if (S_ISDIR(st.st_mode))
			hash_tree(sum, child, depth + 1);
	}
}

int64_t xb_variant_of_image(XbDaemon *daemon, const char *kernel, const char *modules,
			    GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autoptr(json_t) source = json_pack("{s:s,s:s*}", "kernel", kernel, "modules", modules);
	g_autofree char *text = json_dumps(source, JSON_COMPACT | JSON_SORT_KEYS);
	g_autofree char *image = NULL;
	g_autoptr(XbVariant) variant = NULL;
	GStatBuf st;
	int64_t id;

	hash_member(sum, "image", kernel);
	if (!hash_file(sum, kernel, error))
		return -1;
	if (modules) {
		if (g_stat(modules, &st) != 0 || !S_ISDIR(st.st_mode)) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
				    "%s: no directory of modules", modules);
			return -1;
		}
		hash_member(sum, "modules", modules);
		hash_tree(sum, modules, 0);
	}
	image = g_strdup(g_checksum_get_string(sum));
	id = xb_db_variant_ensure(daemon->db, image, text, false, error);
	if (id < 0 || !(variant = xb_db_variant_get(daemon->db, id, error)))
		return -1;
	if (variant->state == XB_VARIANT_UNBUILT) {
		variant->state = XB_VARIANT_BUILT;
		g_free(variant->image_sha256);
		variant->image_sha256 = g_steal_pointer(&image);
		if (!xb_db_variant_update(daemon->db, variant, error))
			return -1;
	}
	return id;
}
