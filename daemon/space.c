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

#define DEPTH_MAX 500  /* a hostile tree may be deep; each level holds a descriptor open */
#define RUNS_ONCE 2000 /* runs looked at in one round */
/* events and stderr 64 MiB each, console and build log 16 MiB each */
#define RUN_MAX_BYTES ((uint64_t)160 << 20)
#define EVICTED       ".evicted" /* end of the name of what is being removed */

/* What stays of an evicted run, as far as it is small. */
#define KEPT_BYTES (256 * 1024)
static const char *const kept_files[] = { "job.json", "events.jsonl", "pid", "lock" };

bool xb_remove_tree(const char *path)
{
	return xb_remove_at(AT_FDCWD, path);
}

uint64_t xb_space_free_bytes(const char *path)
{
	struct statvfs st;

	return statvfs(path, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize : 0;
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

static bool is_kept(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(kept_files); i++)
		if (strcmp(name, kept_files[i]) == 0)
			return true;
	return false;
}

static void strip_run(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		GStatBuf st;
		/* what an unruly worker wrote may be 64 MiB; its events are in the database */
		if (!is_kept(name) || g_lstat(child, &st) != 0 || st.st_size > KEPT_BYTES)
			xb_remove_tree(child);
	}
}

/* Oldest first. Sizes are asked of the file system: runs/ is walked once a round only when the
 * number of runs on disk could reach the limit at all. */
static int64_t trim_runs(XbDb *db, uint64_t limit, GError **error)
{
	g_autoptr(GPtrArray) runs = xb_db_runs_on_disk(db, RUNS_ONCE, error);
	g_autofree uint64_t *sizes = NULL;
	uint64_t sum = 0;
	int64_t freed = 0;

	if (!runs)
		return -1;
	if ((uint64_t)runs->len * RUN_MAX_BYTES < limit)
		return 0;
	sizes = g_new0(uint64_t, runs->len);
	for (guint i = 0; i < runs->len; i++) {
		sizes[i] = tree_bytes_at(AT_FDCWD, ((XbRun *)runs->pdata[i])->dir, 0);
		sum += sizes[i];
	}
	for (guint i = 0; i < runs->len && (sum > limit || runs->len - i >= RUNS_ONCE); i++) {
		const XbRun *run = runs->pdata[i];

		if (!xb_db_run_set_evicted(db, run->id, error))
			return -1;
		strip_run(run->dir);
		sum -= sizes[i];
		freed += (int64_t)sizes[i];
	}
	return freed;
}

/* ---- object directories ------------------------------------------------------ */

typedef struct {
	char *path;
	int64_t used;
	uint64_t size;
} Slot;

static int by_use(gconstpointer a, gconstpointer b)
{
	const Slot *x = a, *y = b;
	return (x->used > y->used) - (x->used < y->used);
}

static void slot_clear(gpointer data)
{
	g_free(((Slot *)data)->path);
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
 * last, stays. Walking a kernel's tree takes seconds, so it happens when a mark says that a slot
 * came or an hour went by. */
static int64_t trim_slots(const XbConfig *config)
{
	static gint64 last_walk; /* only a rate limit */
	g_autoptr(GArray) slots = g_array_new(FALSE, FALSE, sizeof(Slot));
	g_autofree char *root = g_build_filename(config->state_dir, "slots", NULL);
	g_autoptr(GDir) trusts = NULL;
	uint64_t sum = 0;
	int64_t freed = 0;
	const char *trust;

	if (last_walk && g_get_monotonic_time() - last_walk < G_GINT64_CONSTANT(3600000000))
		return 0;
	last_walk = g_get_monotonic_time();
	g_array_set_clear_func(slots, slot_clear);
	trusts = g_dir_open(root, 0, NULL);
	while (trusts && (trust = g_dir_read_name(trusts))) {
		g_autofree char *dir = g_build_filename(root, trust, NULL);
		g_autoptr(GDir) numbers = NULL;
		const char *number;

		sweep(dir);
		numbers = g_dir_open(dir, 0, NULL);
		while (numbers && (number = g_dir_read_name(numbers))) {
			Slot slot = { .path = g_build_filename(dir, number, NULL) };
			GStatBuf st;
			slot.used = g_stat(slot.path, &st) == 0 ? st.st_mtime : 0;
			slot.size = tree_bytes_at(AT_FDCWD, slot.path, 0);
			sum += slot.size;
			g_array_append_val(slots, slot);
		}
	}
	g_array_sort(slots, by_use);
	for (guint i = 0; i + 1 < slots->len && sum > config->object_limit; i++) {
		const Slot *slot = &g_array_index(slots, Slot, i);
		if (slot_is_busy(slot->path))
			continue;
		sum -= slot->size;
		freed += (int64_t)slot->size;
		remove_aside(slot->path);
	}
	return freed;
}

int64_t xb_space_trim(XbDb *db, const XbConfig *config, GHashTable *keep_variants, GError **error)
{
	int64_t artifacts = trim_artifacts(db, config, keep_variants, error);
	int64_t runs = artifacts < 0 ? -1 : trim_runs(db, config->log_limit, error);

	return artifacts < 0 || runs < 0 ? -1 : artifacts + runs + trim_slots(config);
}
