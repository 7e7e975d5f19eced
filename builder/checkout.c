/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkout.c - a git tree into a directory, by descriptors. */
#include "checkout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "failure.h"
#include "mirror.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_blob, git_blob_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_entry, git_tree_entry_free)

typedef struct {
	git_repository *repo;
	git_odb *odb;
	int root_fd;
	char *dir; /* the directory last used, relative to the root; "" is the root */
	int dir_fd;
	gsize changed;
	GHashTable *paths; /* all only: path -> Entry */
	GHashTable *dirs;  /* all only: set of directories */
} Checkout;

typedef struct {
	git_oid id;
	git_filemode_t mode;
} Entry;

static bool checkout_open(Checkout *self, git_repository *repo, const char *dir, GError **error)
{
	*self = (Checkout){ .repo = repo, .root_fd = -1, .dir_fd = -1 };
	if (git_repository_odb(&self->odb, repo) != 0) {
		xb_git_set_error(error, "the object store cannot be opened");
		return false;
	}
	self->root_fd = xb_beneath_open_dir(dir, error);
	return self->root_fd >= 0;
}

static void forget_dir(Checkout *self)
{
	if (self->dir_fd >= 0)
		close(self->dir_fd);
	self->dir_fd = -1;
	g_clear_pointer(&self->dir, g_free);
}

static void checkout_close(Checkout *self)
{
	forget_dir(self);
	if (self->root_fd >= 0)
		close(self->root_fd);
	git_odb_free(self->odb);
}

/* Open the directory @name in @dir_fd; with @make, make it and remove what is
 * in its way. Closes @dir_fd. */
static int step_into(int dir_fd, const char *name, bool make)
{
	int fd = xb_beneath_open(dir_fd, name, O_DIRECTORY);

	if (fd < 0 && make) {
		if (errno != ENOENT)
			unlinkat(dir_fd, name, 0);
		if (mkdirat(dir_fd, name, 0755) == 0)
			fd = xb_beneath_open(dir_fd, name, O_DIRECTORY);
	}
	close(dir_fd);
	return fd;
}

/* The directory that holds @path, -1 with errno. */
static int parent_of(Checkout *self, const char *path, bool make)
{
	const char *slash = strrchr(path, '/');
	g_autofree char *dir = g_strndup(path, slash ? (gsize)(slash - path) : 0);
	g_auto(GStrv) parts = NULL;
	int fd;

	if (self->dir && g_str_equal(self->dir, dir))
		return self->dir_fd;
	forget_dir(self);
	fd = xb_beneath_open(self->root_fd, *dir ? dir : ".", O_DIRECTORY);
	if (fd < 0 && make) {
		parts = g_strsplit(dir, "/", -1);
		fd = xb_beneath_open(self->root_fd, ".", O_DIRECTORY);
		for (char **part = parts; *part && fd >= 0; part++)
			fd = step_into(fd, *part, true);
	}
	if (fd >= 0) {
		self->dir = g_steal_pointer(&dir);
		self->dir_fd = fd;
	}
	return fd;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool write_failed(const char *path, GError **error)
{
	xb_build_set_errno(error, "checkout: cannot write %s", path);
	return false;
}

/* ---- one file ----------------------------------------------------------------------- */

static bool write_regular(int dir_fd, const char *name, const char *bytes, gsize length,
			  bool script)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			script ? 0755 : 0644);

	if (fd < 0)
		return false;
	while (length > 0) {
		ssize_t put = write(fd, bytes, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			close(fd);
			return false;
		}
		bytes += put;
		length -= (gsize)put;
	}
	return close(fd) == 0;
}

static bool write_entry(Checkout *self, const char *path, const Entry *entry, GError **error)
{
	const char *name = name_of(path);
	g_autoptr(git_blob) blob = NULL;
	int dir_fd = parent_of(self, path, true);
	bool ok;

	if (dir_fd < 0)
		return write_failed(path, error);
	if (entry->mode == GIT_FILEMODE_COMMIT) {
		if (mkdirat(dir_fd, name, 0755) != 0 && errno != EEXIST)
			return write_failed(path, error);
		return true;
	}
	if (git_blob_lookup(&blob, self->repo, &entry->id) != 0) {
		xb_git_set_error(error, path);
		return false;
	}
	if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
		return write_failed(path, error);
	if (entry->mode == GIT_FILEMODE_LINK) {
		g_autofree char *target =
			g_strndup(git_blob_rawcontent(blob), (gsize)git_blob_rawsize(blob));

		ok = symlinkat(target, dir_fd, name) == 0;
	} else {
		ok = write_regular(dir_fd, name, git_blob_rawcontent(blob),
				   (gsize)git_blob_rawsize(blob),
				   entry->mode == GIT_FILEMODE_BLOB_EXECUTABLE);
	}
	self->changed++;
	return ok || write_failed(path, error);
}

/* Remove the file @path and the directories that are empty then. */
static bool remove_path(Checkout *self, const char *path, GError **error)
{
	g_autofree char *rest = g_strdup(path);
	int dir_fd = parent_of(self, path, false);
	char *slash;

	if (dir_fd < 0) /* a parent went with its last file, or is no directory */
		return true;
	if (unlinkat(dir_fd, name_of(path), 0) != 0 && errno != ENOENT && errno != EISDIR)
		return write_failed(path, error);
	self->changed++;
	while ((slash = strrchr(rest, '/'))) {
		*slash = '\0';
		dir_fd = parent_of(self, rest, false);
		if (dir_fd < 0 || unlinkat(dir_fd, name_of(rest), AT_REMOVEDIR) != 0)
			break;
	}
	return true;
}

/* ---- only what differs ---------------------------------------------------------------- */

bool xb_checkout_paths(git_repository *repo, git_tree *tree, const char *dir,
		       const GPtrArray *paths, gsize *changed, GError **error)
{
	Checkout self;
	bool ok = checkout_open(&self, repo, dir, error);

	/* What goes makes room for what comes: a file in the place of a directory. */
	for (int writing = 0; writing < 2; writing++) {
		for (guint i = 0; ok && i < paths->len; i++) {
			const char *path = paths->pdata[i];
			g_autoptr(git_tree_entry) found = NULL;
			bool is_file = git_tree_entry_bypath(&found, tree, path) == 0 &&
				       git_tree_entry_type(found) != GIT_OBJECT_TREE;

			if (!writing && !is_file) {
				ok = remove_path(&self, path, error);
			} else if (writing && is_file) {
				Entry entry = { *git_tree_entry_id(found),
						git_tree_entry_filemode(found) };

				ok = write_entry(&self, path, &entry, error);
			}
		}
	}
	*changed = self.changed;
	checkout_close(&self);
	return ok;
}

/* ---- everything ------------------------------------------------------------------------- */

static int list_entry(const char *root, const git_tree_entry *from, void *data)
{
	Checkout *self = data;
	char *path = g_strconcat(root, git_tree_entry_name(from), NULL);
	Entry *entry;

	if (git_tree_entry_type(from) == GIT_OBJECT_TREE) {
		g_hash_table_add(self->dirs, path);
		return 0;
	}
	entry = g_new(Entry, 1);
	*entry = (Entry){ *git_tree_entry_id(from), git_tree_entry_filemode(from) };
	g_hash_table_insert(self->paths, path, entry);
	return 0;
}

static bool equal_link(int dir_fd, const char *name, const git_oid *wanted)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(dir_fd, name, target, sizeof(target));
	git_oid id;

	return length >= 0 && git_odb_hash(&id, target, (size_t)length, GIT_OBJECT_BLOB) == 0 &&
	       git_oid_equal(&id, wanted);
}

static bool equal_file(Checkout *self, int dir_fd, const char *name, gsize size,
		       const git_oid *wanted)
{
	g_autofree char *content = NULL;
	git_object_t type;
	gsize blob_size, length;
	git_oid id;

	if (git_odb_read_header(&blob_size, &type, self->odb, wanted) != 0 || blob_size != size)
		return false;
	content = xb_beneath_read(dir_fd, name, size, &length, NULL);
	return content && git_odb_hash(&id, content, length, GIT_OBJECT_BLOB) == 0 &&
	       git_oid_equal(&id, wanted);
}

/* Whether what lies at @name is what the tree wants there. */
static bool is_equal(Checkout *self, int dir_fd, const char *name, const struct stat *st,
		     const Entry *entry)
{
	switch (entry->mode) {
	case GIT_FILEMODE_COMMIT:
		return S_ISDIR(st->st_mode);
	case GIT_FILEMODE_LINK:
		return S_ISLNK(st->st_mode) && equal_link(dir_fd, name, &entry->id);
	default:
		return S_ISREG(st->st_mode) &&
		       ((st->st_mode & 0100) != 0) ==
			       (entry->mode == GIT_FILEMODE_BLOB_EXECUTABLE) &&
		       equal_file(self, dir_fd, name, (gsize)st->st_size, &entry->id);
	}
}

static bool remove_anything(Checkout *self, int dir_fd, const char *name, const char *path,
			    GError **error)
{
	self->changed++;
	return xb_beneath_remove(dir_fd, name) || write_failed(path, error);
}

static bool sweep(Checkout *self, int dir_fd, const char *dir, GError **error);

/* Keep what is right (and take it off the list of what is to be written). */
static bool sweep_entry(Checkout *self, int dir_fd, const char *dir, const char *name,
			GError **error)
{
	g_autofree char *path = *dir ? g_strconcat(dir, "/", name, NULL) : g_strdup(name);
	const Entry *entry = g_hash_table_lookup(self->paths, path);
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || write_failed(path, error);
	if (entry && is_equal(self, dir_fd, name, &st, entry)) {
		g_hash_table_remove(self->paths, path);
		return true;
	}
	if (S_ISDIR(st.st_mode) && g_hash_table_contains(self->dirs, path)) {
		int fd = xb_beneath_open(dir_fd, name, O_DIRECTORY);

		return fd < 0 ? write_failed(path, error) : sweep(self, fd, path, error);
	}
	return remove_anything(self, dir_fd, name, path, error);
}

/* Takes @fd. The depth is that of the tree, as other directories are removed. */
static bool sweep(Checkout *self, int fd, const char *dir, GError **error)
{
	DIR *list = fdopendir(fd);
	const struct dirent *entry;
	bool ok = true;

	if (!list) {
		close(fd);
		return write_failed(dir, error);
	}
	while (ok && (entry = readdir(list))) {
		if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
			ok = sweep_entry(self, fd, dir, entry->d_name, error);
	}
	closedir(list);
	return ok;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static bool write_list(Checkout *self, GError **error)
{
	GList *list = g_list_sort(g_hash_table_get_keys(self->paths), compare_strings);
	bool ok = true;

	for (GList *item = list; item && ok; item = item->next)
		ok = write_entry(self, item->data, g_hash_table_lookup(self->paths, item->data),
				 error);
	g_list_free(list);
	return ok;
}

bool xb_checkout_all(git_repository *repo, git_tree *tree, const char *dir, gsize *changed,
		     GError **error)
{
	g_autoptr(GHashTable) paths =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) dirs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Checkout self;
	bool ok = checkout_open(&self, repo, dir, error);

	self.paths = paths;
	self.dirs = dirs;
	if (ok && git_tree_walk(tree, GIT_TREEWALK_PRE, list_entry, &self) != 0) {
		xb_git_set_error(error, "the tree cannot be listed");
		ok = false;
	}
	if (ok) {
		int fd = xb_beneath_open(self.root_fd, ".", O_DIRECTORY);

		ok = fd < 0 ? write_failed(dir, error) : sweep(&self, fd, "", error);
	}
	ok = ok && write_list(&self, error);
	*changed = self.changed;
	checkout_close(&self);
	return ok;
}
