/* SPDX-License-Identifier: GPL-2.0-or-later */
/* configcache.c - key and file of the last configuration. */
#include "configcache.h"

#include <string.h>

#include "failure.h"
#include "mirror.h"

#define HEADER "xbisect-config-1"

/* Scripts in these are not the configuration's. */
static const char *const elsewhere[] = { "tools/", "samples/" };
static const char *const suffixes[] = { ".sh", ".pl", ".py", ".awk" };

typedef struct {
	GChecksum *sum;
	char *arch_dir; /* "arch/x86/" */
} Key;

static bool is_read(const Key *key, const char *root, const char *name)
{
	bool of_arch = g_str_has_prefix(root, key->arch_dir);

	if (g_str_has_prefix(root, "arch/") && root[strlen("arch/")] != '\0' && !of_arch)
		return false;
	if (g_str_has_prefix(name, "Kconfig") || g_str_has_prefix(root, "scripts/") ||
	    g_str_has_prefix(root, "kernel/configs/"))
		return true;
	if (of_arch && (strstr(root, "/configs/") || strstr(root, "/tools/")))
		return true;
	if ((!*root || of_arch) &&
	    (g_str_has_prefix(name, "Makefile") || g_str_equal(name, "Kbuild")))
		return true;
	for (gsize i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
		if (g_str_has_prefix(root, elsewhere[i]))
			return false;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		if (g_str_has_suffix(name, suffixes[i]))
			return true;
	}
	return false;
}

static void add(GChecksum *sum, const char *text)
{
	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

static int take_entry(const char *root, const git_tree_entry *entry, void *data)
{
	Key *key = data;
	const char *name = git_tree_entry_name(entry);

	if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB && is_read(key, root, name)) {
		add(key->sum, root);
		add(key->sum, name);
		g_checksum_update(key->sum, git_tree_entry_id(entry)->id, GIT_OID_RAWSZ);
	}
	return 0;
}

char *xb_config_key(git_repository *repo, const git_oid *tree_id, const char *arch_source,
		    const char *const *parts, GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *arch_dir = g_strdup_printf("arch/%s/", arch_source);
	g_autoptr(git_tree) tree = NULL;
	Key key = { .sum = sum, .arch_dir = arch_dir };

	add(sum, HEADER);
	for (; *parts; parts++)
		add(sum, *parts);
	if (git_tree_lookup(&tree, repo, tree_id) != 0 ||
	    git_tree_walk(tree, GIT_TREEWALK_PRE, take_entry, &key) != 0) {
		xb_git_set_error(error, "the tree cannot be listed");
		return NULL;
	}
	return g_strdup(g_checksum_get_string(sum));
}

/* "HEADER key hash-of-the-text": a file that a power cut damaged is not used. */
static char *header_line(const char *key, const char *text)
{
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	return g_strdup_printf("%s %s %s\n", HEADER, key, hash);
}

char *xb_config_load(const char *path, const char *key)
{
	g_autofree char *content = NULL, *wanted = NULL;
	const char *newline;

	if (!g_file_get_contents(path, &content, NULL, NULL))
		return NULL;
	newline = strchr(content, '\n');
	if (!newline)
		return NULL;
	wanted = header_line(key, newline + 1);
	return g_str_has_prefix(content, wanted) ? g_strdup(newline + 1) : NULL;
}

bool xb_config_store(const char *path, const char *key, const char *text, GError **error)
{
	g_autofree char *header = header_line(key, text);
	g_autofree char *content = g_strconcat(header, text, NULL);

	return g_file_set_contents(path, content, -1, error);
}
