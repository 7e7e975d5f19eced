/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a configuration may be used again. */
#include <glib/gstdio.h>
#include <string.h>

#include "beneath.h"
#include "configcache.h"
#include "mirror.h"

typedef struct {
	char *root;
	char *file;
	git_repository *repo;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->root = g_dir_make_tmp("xbisect-config-XXXXXX", NULL);
	fixture->file = g_build_filename(fixture->root, "conf.state", NULL);
	g_assert_cmpint(git_repository_init(&fixture->repo, fixture->root, 1), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	git_repository_free(fixture->repo);
	g_assert_true(xb_remove_tree(fixture->root, NULL));
	g_free(fixture->root);
	g_free(fixture->file);
}

/* The key of a tree that has @path with @content (and a Kconfig). */
static char *key_with(Fixture *fixture, const char *path, const char *content, const char *part)
{
	git_tree_update updates[] = {
		{ .action = GIT_TREE_UPDATE_UPSERT, .path = "init/Kconfig" },
		{ .action = GIT_TREE_UPDATE_UPSERT, .path = path },
	};
	g_autoptr(GError) error = NULL;
	git_oid tree;
	char *key;

	for (int i = 0; i < 2; i++) {
		const char *text = i ? content : "config A\n";

		updates[i].filemode = GIT_FILEMODE_BLOB;
		g_assert_cmpint(git_blob_create_from_buffer(&updates[i].id, fixture->repo, text,
							    strlen(text)),
				==, 0);
	}
	g_assert_cmpint(git_tree_create_updated(&tree, fixture->repo, NULL, 2, updates), ==, 0);
	key = xb_config_key(fixture->repo, &tree, "x86", (const char *const[]){ part, NULL },
			    &error);
	g_assert_no_error(error);
	return key;
}

typedef struct {
	const char *path;
	bool matters;
} Case;

static const Case cases[] = {
	{ "kernel/sched.c", false },
	{ "include/linux/mm.h", false },
	{ "kernel/Makefile", false },
	{ "arch/arm/Kconfig", false },
	{ "tools/perf/jevents.py", false },
	{ "drivers/net/Kconfig.extra", true },
	{ "arch/Kconfig", true },
	{ "arch/x86/Kconfig.cpu", true },
	{ "arch/x86/Makefile", true },
	{ "arch/x86/configs/tiny.config", true },
	{ "arch/x86/tools/gcc-check", true },
	{ "kernel/configs/tiny-base.config", true },
	{ "Makefile", true },
	{ "scripts/kconfig/conf.c", true },
	{ "lib/check.sh", true },
};

static void test_files_that_matter(Fixture *fixture, gconstpointer data)
{
	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *one = key_with(fixture, cases[i].path, "one", "p");
		g_autofree char *two = key_with(fixture, cases[i].path, "two", "p");

		g_test_message("%s", cases[i].path);
		g_assert_cmpint(!g_str_equal(one, two), ==, cases[i].matters);
	}
}

static void test_other_parts_matter(Fixture *fixture, gconstpointer data)
{
	g_autofree char *one = key_with(fixture, "a.c", "a", "gcc 12");
	g_autofree char *two = key_with(fixture, "a.c", "a", "gcc 13");

	(void)data;
	g_assert_cmpstr(one, !=, two);
}

static void test_file(Fixture *fixture, gconstpointer data)
{
	g_autofree char *found = NULL;

	(void)data;
	g_assert_null(xb_config_load(fixture->file, "key"));
	g_assert_true(xb_config_store(fixture->file, "key", "CONFIG_A=y\n", NULL));
	found = xb_config_load(fixture->file, "key");
	g_assert_cmpstr(found, ==, "CONFIG_A=y\n");
	g_assert_null(xb_config_load(fixture->file, "other"));
	g_assert_null(xb_config_load(fixture->file, "ke"));
}

static void test_damaged_file(Fixture *fixture, gconstpointer data)
{
	g_autofree char *content = NULL;

	(void)data;
	g_assert_true(xb_config_store(fixture->file, "key", "CONFIG_A=y\n", NULL));
	g_assert_true(g_file_get_contents(fixture->file, &content, NULL, NULL));
	content[strlen(content) - 2] = 'n';
	g_assert_true(g_file_set_contents(fixture->file, content, -1, NULL));
	g_assert_null(xb_config_load(fixture->file, "key"));
	g_assert_true(g_file_set_contents(fixture->file, "", 0, NULL));
	g_assert_null(xb_config_load(fixture->file, "key"));
}

#define ADD(name, function) \
	g_test_add("/configcache/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_true(xb_git_setup(NULL));
	ADD("files-that-matter", test_files_that_matter);
	ADD("other-parts-matter", test_other_parts_matter);
	ADD("file", test_file);
	ADD("damaged-file", test_damaged_file);
	return g_test_run();
}
