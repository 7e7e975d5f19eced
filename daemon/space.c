/* SPDX-License-Identifier: GPL-2.0-or-later */
/* space.c - eviction: least recently used first, never what is needed. */
#include "space.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "removal.h"
#include "watch.h"

#define LOW_BYTES     ((uint64_t)512 << 20)
#define DEPTH_MAX     500  /* a hostile tree may be deep; each level holds a descriptor open */
#define RUNS_ONCE     2000 /* runs looked at in one round */
#define MIRRORS_MAX   200
#define REMOTE_KEPT_S 86400
/* events and stderr 64 MiB each, console and build log 16 MiB each */
#define RUN_MAX_BYTES ((uint64_t)160 << 20)
#define EVICTED       ".evicted" /* end of the name of what is being removed */

bool xb_remove_tree(const char *path)
{
	return xb_remove_at(AT_FDCWD, path);
}

static uint64_t tree_bytes_at(int parent, const char *name, int depth)
{
	struct stat st;
	uint64_t sum = 0;
	const struct dirent *entry;
	DIR *dir;
	int fd;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	sum = (uint64_t)st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX)
		return sum;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return sum;
	}
	/* cppcheck-suppress readdirCalled ; a stream of our own */
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			sum += tree_bytes_at(dirfd(dir), entry->d_name, depth + 1);
	closedir(dir);
	return sum;
}

/* ---- artifacts ------------------------------------------------------------- */

/* Under another name first: what a crash leaves half removed is taken for nothing else. */
static void remove_aside(const char *path)
{
	g_autofree char *doomed = g_strconcat(path, EVICTED, NULL);

	xb_remove_tree(doomed);
	if (g_rename(path, doomed) == 0)
		xb_remove_tree(doomed);
}

/* What a crash has left half removed in @directory. */
static void sweep(const char *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		if (g_str_has_suffix(name, EVICTED))
			xb_remove_tree(path);
	}
}

/* The row first, the files then: a crash in between leaves files that the next publication of
 * the variant replaces, never a row without its files. */
static bool evict_artifact(XbDb *db, XbVariant *variant, GError **error)
{
	g_autofree char *dir = g_steal_pointer(&variant->dir);

	variant->size_bytes = 0;
	if (!xb_db_variant_update(db, variant, error))
		return false;
	remove_aside(dir);
	return true;
}

static int64_t trim_artifacts(XbDb *db, const XbConfig *config, GHashTable *keep, GError **error)
{
	g_autofree char *directory = g_build_filename(config->state_dir, "artifacts", NULL);
	g_autoptr(GPtrArray) variants = xb_db_variants_on_disk(db, error);
	uint64_t sum = 0;
	int64_t freed = 0;

	if (!variants)
		return -1;
	sweep(directory);
	for (guint i = 0; i < variants->len; i++)
		sum += (uint64_t)((XbVariant *)variants->pdata[i])->size_bytes;
	for (guint i = 0; i < variants->len && sum > config->artifact_limit; i++) {
		XbVariant *variant = variants->pdata[i];
		uint64_t size = (uint64_t)variant->size_bytes;

		if (g_hash_table_contains(keep, &variant->id))
			continue;
		if (!evict_artifact(db, variant, error))
			return -1;
		sum -= size;
		freed += (int64_t)size;
	}
	return freed;
}

/* ---- run directories -------------------------------------------------------- */

/* Oldest first. Sizes are asked of the file system: runs/ is walked once a round only when the
 * number of runs on disk could reach the limit at all. At most RUNS_ONCE stay, whatever their size.
 */
static int64_t trim_runs(XbDb *db, const char *directory, uint64_t limit, GError **error)
{
	g_autoptr(GPtrArray) runs = xb_db_runs_on_disk(db, RUNS_ONCE, error);
	g_autofree uint64_t *sizes = NULL;
	uint64_t sum = 0;
	int64_t freed = 0;

	if (!runs)
		return -1;
	if ((uint64_t)runs->len * RUN_MAX_BYTES < limit && runs->len < RUNS_ONCE)
		return 0;
	sweep(directory);
	sizes = g_new0(uint64_t, runs->len);
	for (guint i = 0; i < runs->len; i++) {
		sizes[i] = tree_bytes_at(AT_FDCWD, ((XbRun *)runs->pdata[i])->dir, 0);
		sum += sizes[i];
	}
	for (guint i = 0; i < runs->len && (sum > limit || runs->len - i >= RUNS_ONCE); i++) {
		const XbRun *run = runs->pdata[i];

		if (!xb_db_run_set_evicted(db, run->id, error))
			return -1;
		remove_aside(run->dir);
		sum -= sizes[i];
		freed += (int64_t)sizes[i];
	}
	return freed;
}

/* ---- what is walked once an hour ---------------------------------------------- */

/* A file or directory that can go as a whole. */
typedef struct {
	char *path;
	int64_t used; /* its time of modification, in seconds */
	uint64_t size;
} Entry;

static int by_use(gconstpointer a, gconstpointer b)
{
	const Entry *x = a, *y = b;
	return (x->used > y->used) - (x->used < y->used);
}

static void entry_clear(gpointer data)
{
	g_free(((Entry *)data)->path);
}

static GArray *entries_new(void)
{
	GArray *entries = g_array_new(FALSE, FALSE, sizeof(Entry));

	g_array_set_clear_func(entries, entry_clear);
	return entries;
}

/* Add what lies in @directory to @entries; returns its bytes. */
static uint64_t add_entries(GArray *entries, const char *directory)
{
	g_autoptr(GDir) dir = NULL;
	uint64_t sum = 0;
	const char *name;

	sweep(directory);
	dir = g_dir_open(directory, 0, NULL);
	while (dir && (name = g_dir_read_name(dir))) {
		Entry entry = { .path = g_build_filename(directory, name, NULL) };
		GStatBuf st;

		entry.used = g_lstat(entry.path, &st) == 0 ? st.st_mtime : 0;
		entry.size = tree_bytes_at(AT_FDCWD, entry.path, 0);
		sum += entry.size;
		g_array_append_val(entries, entry);
	}
	return sum;
}

/* The builder holds this lock for as long as it works there. */
static bool slot_is_busy(const char *path)
{
	g_autofree char *lock = g_build_filename(path, "lock", NULL);
	int fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool busy;

	if (fd < 0)
		return false;
	busy = flock(fd, LOCK_EX | LOCK_NB) != 0;
	close(fd);
	return busy;
}

/* slots/TRUST/N: work trees and object directories. One that is locked by a builder, or was used
 * last, stays. */
static int64_t trim_slots(const XbConfig *config)
{
	g_autoptr(GArray) slots = entries_new();
	g_autofree char *root = g_build_filename(config->state_dir, "slots", NULL);
	g_autoptr(GDir) trusts = g_dir_open(root, 0, NULL);
	uint64_t sum = 0;
	int64_t freed = 0;
	const char *trust;

	while (trusts && (trust = g_dir_read_name(trusts))) {
		g_autofree char *dir = g_build_filename(root, trust, NULL);
		sum += add_entries(slots, dir);
	}
	g_array_sort(slots, by_use);
	for (guint i = 0; i + 1 < slots->len && sum > config->object_limit; i++) {
		const Entry *slot = &g_array_index(slots, Entry, i);
		if (slot_is_busy(slot->path))
			continue;
		sum -= slot->size;
		freed += (int64_t)slot->size;
		remove_aside(slot->path);
	}
	return freed;
}

static void add_paths(GHashTable *set, json_t *paths)
{
	size_t i;
	json_t *path;

	json_array_foreach(paths, i, path) if (json_is_string(path))
		g_hash_table_add(set, g_strdup(json_string_value(path)));
}

/* The patches and fragments that the variants of open jobs are made with. */
static GHashTable *needed_blobs(XbDb *db, GHashTable *keep, GError **error)
{
	g_autoptr(GHashTable) needed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, keep);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		g_autoptr(XbVariant) variant = xb_db_variant_get(db, *(int64_t *)id, error);
		g_autoptr(json_t) source = NULL;

		if (!variant)
			return NULL;
		source = json_loads(variant->source, 0, NULL);
		add_paths(needed, json_object_get(source, "patches"));
		add_paths(needed, json_object_get(source, "kconfig"));
	}
	return g_steal_pointer(&needed);
}

/* blobs/HASH: a job that is tried again later than its patch was kept says so (workjob.c). */
static int64_t trim_blobs(XbDb *db, const XbConfig *config, GHashTable *keep, GError **error)
{
	g_autoptr(GArray) blobs = entries_new();
	g_autofree char *dir = g_build_filename(config->state_dir, "blobs", NULL);
	g_autoptr(GHashTable) needed = NULL;
	uint64_t sum = add_entries(blobs, dir);
	int64_t freed = 0;

	if (sum <= config->blob_limit)
		return 0;
	needed = needed_blobs(db, keep, error);
	if (!needed)
		return -1;
	g_array_sort(blobs, by_use);
	for (guint i = 0; i < blobs->len && sum > config->blob_limit; i++) {
		const Entry *blob = &g_array_index(blobs, Entry, i);
		if (g_hash_table_contains(needed, blob->path))
			continue;
		sum -= blob->size;
		freed += (int64_t)blob->size;
		remove_aside(blob->path);
	}
	return freed;
}

/* mirrors/HASH hold references to other repositories' objects and none of their own: made again
 * in no time, so only their number is bounded. */
static void trim_mirrors(const XbConfig *config)
{
	g_autoptr(GArray) mirrors = entries_new();
	g_autofree char *dir = g_build_filename(config->state_dir, "mirrors", NULL);

	add_entries(mirrors, dir);
	g_array_sort(mirrors, by_use);
	for (guint i = 0; i + MIRRORS_MAX < mirrors->len; i++)
		remove_aside(g_array_index(mirrors, Entry, i).path);
}

static void add_name(GHashTable *set, char *path)
{
	g_hash_table_add(set, g_path_get_basename(path));
	g_free(path);
}

/* The names of the copies of remote repositories that somebody reads: those of watches and of open
 * jobs. */
static GHashTable *needed_remotes(XbDb *db, const XbConfig *config, GError **error)
{
	g_autoptr(GHashTable) needed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) watches = xb_db_watches(db, error);
	g_autoptr(GPtrArray) jobs = watches ? xb_db_jobs_open(db, error) : NULL;

	if (!jobs)
		return NULL;
	for (guint i = 0; i < watches->len; i++)
		add_name(needed, xb_watch_repo_path(config, watches->pdata[i]));
	for (guint i = 0; i < jobs->len; i++) {
		g_autoptr(json_t) spec = json_loads(((XbJob *)jobs->pdata[i])->spec, 0, NULL);
		const char *repo = json_string_value(json_object_get(spec, "repo"));

		if (repo)
			add_name(needed, g_strdup(repo));
	}
	return g_steal_pointer(&needed);
}

/* remotes/HASH.git: of a watch that was removed the copy stays for a day, for it may be added
 * again with other options. */
static int64_t trim_remotes(XbDb *db, const XbConfig *config, GError **error)
{
	g_autoptr(GHashTable) needed = needed_remotes(db, config, error);
	g_autoptr(GArray) remotes = entries_new();
	g_autofree char *dir = g_build_filename(config->state_dir, "remotes", NULL);
	int64_t freed = 0, now = g_get_real_time() / G_USEC_PER_SEC;

	if (!needed)
		return -1;
	add_entries(remotes, dir);
	for (guint i = 0; i < remotes->len; i++) {
		const Entry *remote = &g_array_index(remotes, Entry, i);
		g_autofree char *name = g_path_get_basename(remote->path);

		if (g_hash_table_contains(needed, name) || now - remote->used < REMOTE_KEPT_S)
			continue;
		freed += (int64_t)remote->size;
		remove_aside(remote->path);
	}
	return freed;
}

/* Walking a kernel's tree takes seconds, so this happens once an hour. */
static int64_t trim_hourly(XbDb *db, const XbConfig *config, GHashTable *keep, GError **error)
{
	static gint64 last_walk; /* only a rate limit */
	int64_t blobs, remotes;

	if (last_walk && g_get_monotonic_time() - last_walk < G_GINT64_CONSTANT(3600000000))
		return 0;
	last_walk = g_get_monotonic_time();
	trim_mirrors(config);
	blobs = trim_blobs(db, config, keep, error);
	remotes = blobs < 0 ? -1 : trim_remotes(db, config, error);
	return remotes < 0 ? -1 : blobs + remotes + trim_slots(config);
}

uint64_t xb_space_low_mark(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 ? MIN(LOW_BYTES, (uint64_t)fs.f_blocks * fs.f_frsize / 10)
				       : LOW_BYTES;
}

int64_t xb_space_trim(XbDb *db, const XbConfig *config, GHashTable *keep_variants, GError **error)
{
	g_autofree char *runs_dir = g_build_filename(config->state_dir, "runs", NULL);
	int64_t artifacts = trim_artifacts(db, config, keep_variants, error);
	int64_t runs = artifacts < 0 ? -1 : trim_runs(db, runs_dir, config->log_limit, error);
	int64_t hourly = runs < 0 ? -1 : trim_hourly(db, config, keep_variants, error);

	return hourly < 0 ? -1 : artifacts + runs + hourly;
}
