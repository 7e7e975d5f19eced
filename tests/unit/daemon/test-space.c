/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-space.c - eviction: the least recently used goes, what is needed stays,
 * a link is never followed.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "space.h"
#include "watch.h"

#define KIB 1024

typedef struct {
	char *dir;
	XbDb *db;
	XbConfig config;
	GHashTable *keep;
} Fixture;

static char *in_dir(const Fixture *f, const char *name)
{
	return g_build_filename(f->dir, name, NULL);
}

static bool exists(const Fixture *f, const char *name)
{
	g_autofree char *path = in_dir(f, name);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void write_file(const Fixture *f, const char *name, gsize size)
{
	g_autofree char *path = in_dir(f, name);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *text = g_strnfill(size, 'x');

	g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, (gssize)size, NULL));
}

static void set_up(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;

	(void)unused;
	f->dir = g_dir_make_tmp("xbisect-space-XXXXXX", NULL);
	path = in_dir(f, "xbisect.db");
	f->db = xb_db_open(path, false, &error);
	g_assert_no_error(error);
	f->config.state_dir = f->dir;
	f->config.artifact_limit = f->config.log_limit = f->config.object_limit = 1 << 30;
	f->config.blob_limit = 1 << 30;
	f->keep = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
	(void)unused;
	xb_db_close(f->db);
	g_hash_table_unref(f->keep);
	g_assert_true(xb_remove_tree(f->dir));
	g_free(f->dir);
}

static int64_t trim(Fixture *f)
{
	g_autoptr(GError) error = NULL;
	int64_t freed = xb_space_trim(f->db, &f->config, f->keep, &error);

	g_assert_no_error(error);
	return freed;
}

/* ---- what is walked once an hour only, and so in one test that comes first ------ */

static void set_age(const Fixture *f, const char *name, int hours)
{
	g_autofree char *path = in_dir(f, name);
	struct timeval times[2] = { { .tv_sec = time(NULL) - hours * 3600 } };

	times[1] = times[0];
	g_assert_cmpint(utimes(path, times), ==, 0);
}

static void keep_variant_with_patch(Fixture *f, const char *patch)
{
	g_autofree char *path = in_dir(f, patch);
	g_autofree char *source = g_strdup_printf("{\"patches\":[\"%s\"],\"kconfig\":[]}", path);
	int64_t id = xb_db_variant_ensure(f->db, "patched", source, false, NULL);

	g_hash_table_add(f->keep, g_memdup2(&id, sizeof(id)));
}

/* Copies of remote repositories: of a watch, of an open job, of a watch that was removed lately,
 * and of one that was removed long ago. */
static void put_remotes(Fixture *f)
{
	const XbWatch watch = { .name = (char *)"w",
				.repo = (char *)"https://example.org/linux.git",
				.branch = (char *)"b",
				.spec = (char *)"{}",
				.every_ms = 1 };
	g_autofree char *path = xb_watch_repo_path(&f->config, &watch);
	g_autofree char *spec = g_strdup_printf("{\"repo\":\"%s/remotes/of-a-job.git/\"}", f->dir);
	const XbJob job = { .kind = XB_JOB_MEASURE, .spec = spec };
	const char *names[] = { path + strlen(f->dir) + 1, "remotes/of-a-job.git",
				"remotes/lately.git", "remotes/long-ago.git" };

	g_assert_cmpint(xb_db_watch_add(f->db, &watch, NULL), >, 0);
	g_assert_cmpint(xb_db_job_add(f->db, &job, NULL), >, 0);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *head = g_strconcat(names[i], "/HEAD", NULL);

		write_file(f, head, 1);
		set_age(f, names[i], i == 2 ? 1 : 48);
	}
}

static void check_remotes(Fixture *f)
{
	g_autoptr(XbWatch) watch = xb_db_watch_find(f->db, "w", NULL);
	g_autofree char *path = xb_watch_repo_path(&f->config, watch);

	g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	g_assert_true(exists(f, "remotes/of-a-job.git/HEAD"));
	g_assert_true(exists(f, "remotes/lately.git/HEAD"));
	g_assert_false(exists(f, "remotes/long-ago.git"));
}

static void test_what_is_trimmed_hourly(Fixture *f, gconstpointer unused)
{
	g_autofree char *lock = in_dir(f, "slots/a/0/lock");
	int fd;

	(void)unused;
	write_file(f, "blobs/needed", 100 * KIB);
	write_file(f, "blobs/old", 100 * KIB);
	write_file(f, "blobs/new", 100 * KIB);
	set_age(f, "blobs/needed", 9);
	set_age(f, "blobs/old", 8);
	keep_variant_with_patch(f, "blobs/needed");
	f->config.blob_limit = 250 * KIB;
	for (int i = 0; i < 210; i++) {
		g_autofree char *name = g_strdup_printf("mirrors/%d/HEAD", i);
		g_autofree char *dir = g_strdup_printf("mirrors/%d", i);
		write_file(f, name, 1);
		set_age(f, dir, 300 - i);
	}
	put_remotes(f);
	write_file(f, "slots/a/0/obj/busy", 100 * KIB);
	write_file(f, "slots/a/0/lock", 0);
	write_file(f, "slots/a/1/obj/old", 100 * KIB);
	write_file(f, "slots/b/0/obj/new", 100 * KIB);
	write_file(f, "slots/b/1/obj/newest", 100 * KIB);
	write_file(f, "slots/b/7.evicted/half", 100 * KIB);
	set_age(f, "slots/a/0", 9);
	set_age(f, "slots/a/1", 5);
	set_age(f, "slots/b/0", 1);
	f->config.object_limit = 350 * KIB;
	fd = open(lock, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	g_assert_cmpint(trim(f), >=, 100 * KIB);
	close(fd);
	g_assert_true(exists(f, "slots/a/0/obj/busy"));
	g_assert_false(exists(f, "slots/a/1"));
	g_assert_true(exists(f, "slots/b/0/obj/new"));
	g_assert_true(exists(f, "slots/b/1/obj/newest"));
	g_assert_false(exists(f, "slots/b/7.evicted"));
	g_assert_true(exists(f, "blobs/needed"));
	g_assert_false(exists(f, "blobs/old"));
	g_assert_true(exists(f, "blobs/new"));
	g_assert_false(exists(f, "mirrors/9"));
	g_assert_true(exists(f, "mirrors/10/HEAD"));
	check_remotes(f);
}

/* ---- artifacts ------------------------------------------------------------------ */

static int64_t add_artifact(Fixture *f, const char *name, int64_t size, int64_t used)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = g_strdup_printf("artifacts/%s/vmlinux", name);
	g_autofree char *dir = g_strdup_printf("artifacts/%s", name);
	int64_t id = xb_db_variant_ensure(f->db, name, "{}", false, &error);
	g_autoptr(XbVariant) variant = xb_db_variant_get(f->db, id, &error);

	g_assert_no_error(error);
	write_file(f, file, 10);
	variant->state = XB_VARIANT_BUILT;
	variant->dir = in_dir(f, dir);
	variant->size_bytes = size;
	variant->used_ms = used;
	g_assert_true(xb_db_variant_update(f->db, variant, &error));
	return id;
}

static void test_least_recently_used_artifacts_go(Fixture *f, gconstpointer unused)
{
	int64_t old = add_artifact(f, "old", 40, 1), needed = add_artifact(f, "needed", 40, 2);

	(void)unused;
	add_artifact(f, "middle", 40, 3);
	add_artifact(f, "new", 40, 4);
	write_file(f, "artifacts/9.evicted/half", 10);
	g_hash_table_add(f->keep, g_memdup2(&needed, sizeof(needed)));
	f->config.artifact_limit = 100;
	g_assert_cmpint(trim(f), ==, 80);
	g_assert_false(exists(f, "artifacts/old"));
	g_assert_false(exists(f, "artifacts/old.evicted"));
	g_assert_false(exists(f, "artifacts/9.evicted"));
	g_assert_true(exists(f, "artifacts/needed/vmlinux"));
	g_assert_false(exists(f, "artifacts/middle"));
	g_assert_true(exists(f, "artifacts/new/vmlinux"));
	/* What is known of the variant stays. */
	g_autoptr(XbVariant) variant = xb_db_variant_get(f->db, old, NULL);
	g_assert_null(variant->dir);
	g_assert_cmpint(variant->state, ==, XB_VARIANT_BUILT);
	g_assert_cmpint(variant->size_bytes, ==, 0);
	g_assert_cmpint(trim(f), ==, 0);
}

static void test_what_is_needed_stays_even_above_the_limit(Fixture *f, gconstpointer unused)
{
	int64_t a = add_artifact(f, "a", 40, 1), b = add_artifact(f, "b", 40, 2);

	(void)unused;
	g_hash_table_add(f->keep, g_memdup2(&a, sizeof(a)));
	g_hash_table_add(f->keep, g_memdup2(&b, sizeof(b)));
	f->config.artifact_limit = 1;
	g_assert_cmpint(trim(f), ==, 0);
	g_assert_true(exists(f, "artifacts/a/vmlinux"));
	g_assert_true(exists(f, "artifacts/b/vmlinux"));
}

/* ---- runs ----------------------------------------------------------------------- */

static int64_t add_run(Fixture *f, bool finished)
{
	g_autoptr(GError) error = NULL;
	static const char *const files[] = { "console", "job.json", "events.jsonl", "out/x" };
	g_autofree char *format = in_dir(f, "runs/%lld");
	XbRun run = { .kind = XB_RUN_BOOT,
		      .node = -1,
		      .place = (char *)"qemu",
		      .variant_id = xb_db_variant_ensure(f->db, "v", "{}", false, NULL) };
	int64_t id = xb_db_run_add(f->db, &run, format, &error);

	g_assert_no_error(error);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *name = g_strdup_printf("runs/%d/%s", (int)id, files[i]);
		write_file(f, name, 50 * KIB);
	}
	if (finished)
		xb_db_run_finish(f->db, id, XB_OUTCOME_OK, NULL, 1, &error);
	g_assert_no_error(error);
	return id;
}

static void test_oldest_runs_go(Fixture *f, gconstpointer unused)
{
	int64_t first = add_run(f, true), active = add_run(f, false), last = add_run(f, true);

	(void)unused;
	g_assert_cmpint(active, ==, 2);
	f->config.log_limit = 300 * KIB;
	g_assert_cmpint(trim(f), >, 0);
	g_assert_false(exists(f, "runs/1"));
	g_assert_false(exists(f, "runs/1.evicted"));
	g_assert_true(exists(f, "runs/2/console"));
	g_assert_true(exists(f, "runs/3/console"));
	g_autoptr(XbRun) evicted = xb_db_run_get(f->db, first, NULL);
	g_autoptr(XbRun) kept = xb_db_run_get(f->db, last, NULL);
	g_assert_true(evicted->evicted);
	g_assert_false(kept->evicted);
	g_assert_cmpint(trim(f), ==, 0);
}

/* ---- removing -------------------------------------------------------------------- */

static void test_links_are_not_followed(Fixture *f, gconstpointer unused)
{
	g_autofree char *doomed = in_dir(f, "doomed"), *precious = in_dir(f, "precious");
	g_autofree char *link = in_dir(f, "doomed/link"), *root = in_dir(f, "link");

	(void)unused;
	write_file(f, "precious/file", 1);
	write_file(f, "doomed/file", 1);
	g_assert_cmpint(symlink(precious, link), ==, 0);
	g_assert_cmpint(symlink(precious, root), ==, 0);
	g_assert_true(xb_remove_tree(doomed));
	g_assert_true(xb_remove_tree(root));
	g_assert_false(exists(f, "doomed"));
	g_assert_true(exists(f, "precious/file"));
	g_assert_true(xb_remove_tree(doomed)); /* nothing there is nothing left */
}

static void test_deep_trees_are_removed(Fixture *f, gconstpointer unused)
{
	g_autofree char *deep = in_dir(f, "deep");
	g_autoptr(GString) path = g_string_new(deep);

	(void)unused;
	for (int i = 0; i < 300; i++)
		g_string_append(path, "/d");
	g_assert_cmpint(g_mkdir_with_parents(path->str, 0700), ==, 0);
	g_assert_true(xb_remove_tree(deep));
	g_assert_false(exists(f, "deep"));
}

#define ADD(name, function) g_test_add("/space/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("what-is-trimmed-hourly", test_what_is_trimmed_hourly);
	ADD("least-recently-used-artifacts-go", test_least_recently_used_artifacts_go);
	ADD("what-is-needed-stays-even-above-the-limit",
	    test_what_is_needed_stays_even_above_the_limit);
	ADD("oldest-runs-go", test_oldest_runs_go);
	ADD("links-are-not-followed", test_links_are_not_followed);
	ADD("deep-trees-are-removed", test_deep_trees_are_removed);
	return g_test_run();
}
