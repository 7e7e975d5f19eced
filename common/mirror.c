/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mirror.c - our bare view of a user's repository.
 *
 * The user's repository is never opened as one: its object directory is found
 * by the layout rules of git (.git directory or file, commondir, alternates)
 * and named in our objects/info/alternates. So its configuration is not even
 * parsed, and extensions that libgit2 refuses do not matter here.
 */
#include "mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <git2/sys/odb_backend.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define ALTERNATE_DEPTH 5           /* as git: alternates of alternates of ... */
#define LINK_FILE_MAX   (64 * 1024) /* a .git file, commondir, alternates */

G_DEFINE_QUARK(xb - git - error - quark, xb_git_error)

void xb_git_set_error(GError **error, const char *what)
{
	const git_error *last = git_error_last();

	g_set_error(error, XB_GIT_ERROR, last ? last->klass : 0, "%s: %s", what,
		    last && last->message ? last->message : "unknown git error");
}

bool xb_git_setup(GError **error)
{
	static const git_config_level_t levels[] = {
		GIT_CONFIG_LEVEL_PROGRAMDATA,
		GIT_CONFIG_LEVEL_SYSTEM,
		GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_GLOBAL,
	};
	static const char *extensions[] = { "worktreeconfig", "partialclone", "preciousobjects" };
	int failed;

	if (git_libgit2_init() < 0) {
		xb_git_set_error(error, "libgit2 does not start");
		return false;
	}
	failed = git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
		failed |= git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	failed |= git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
				   (size_t)G_N_ELEMENTS(extensions));
	if (failed) {
		xb_git_set_error(error, "libgit2 refuses a setting");
		return false;
	}
	return true;
}

/* The trimmed text of a small file, NULL where there is none. */
static char *read_small(const char *path)
{
	g_autofree char *text = NULL;
	gsize length;
	GStatBuf st;

	if (g_stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > LINK_FILE_MAX)
		return NULL;
	if (!g_file_get_contents(path, &text, &length, NULL) || memchr(text, '\0', length))
		return NULL;
	return g_strdup(g_strstrip(text));
}

static char *resolve(const char *base, const char *path)
{
	return g_canonicalize_filename(path, base);
}

/* DIR/.git, or what a .git file names, or DIR itself when it is bare. */
static char *find_git_dir(const char *path)
{
	g_autofree char *dot_git = g_build_filename(path, ".git", NULL);
	g_autofree char *objects = g_build_filename(path, "objects", NULL);
	g_autofree char *common = g_build_filename(path, "commondir", NULL);
	g_autofree char *link = NULL;

	if (g_file_test(dot_git, G_FILE_TEST_IS_DIR))
		return g_steal_pointer(&dot_git);
	link = read_small(dot_git);
	if (link && g_str_has_prefix(link, "gitdir:"))
		return resolve(path, g_strstrip(link + strlen("gitdir:")));
	if (g_file_test(objects, G_FILE_TEST_IS_DIR) || g_file_test(common, G_FILE_TEST_IS_REGULAR))
		return g_strdup(path);
	return NULL;
}

/* The object directory of the repository at @path. */
static char *find_objects(const char *path, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *git_dir = NULL, *common_file = NULL, *common = NULL, *objects = NULL;

	if (!g_file_test(absolute, G_FILE_TEST_IS_DIR)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "repository %s: there is no such directory", absolute);
		return NULL;
	}
	git_dir = find_git_dir(absolute);
	if (!git_dir) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "%s is not a git repository (no .git and no objects/ in it)", absolute);
		return NULL;
	}
	common_file = g_build_filename(git_dir, "commondir", NULL);
	common = read_small(common_file);
	if (common) {
		g_autofree char *shared = resolve(git_dir, common);
		objects = g_build_filename(shared, "objects", NULL);
	} else {
		objects = g_build_filename(git_dir, "objects", NULL);
	}
	if (!g_file_test(objects, G_FILE_TEST_IS_DIR)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "repository %s has no object directory (%s)", absolute, objects);
		return NULL;
	}
	return g_steal_pointer(&objects);
}

/*
 * Append @objects and, depth first, its alternates to @list. libgit2 resolves
 * relative alternates only of the first repository, so all are written down
 * absolute here.
 */
static bool add_objects(GPtrArray *list, const char *objects, int depth, GError **error)
{
	g_autofree char *info = g_build_filename(objects, "info", "alternates", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (strpbrk(objects, "\n\r")) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
			    "the path of a repository may not contain a line break");
		return false;
	}
	if (g_ptr_array_find_with_equal_func(list, objects, g_str_equal, NULL))
		return true;
	g_ptr_array_add(list, g_strdup(objects));
	text = depth < ALTERNATE_DEPTH ? read_small(info) : NULL;
	if (!text)
		return true;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_autofree char *next = NULL;

		if (!**line || **line == '#')
			continue;
		next = resolve(objects, *line);
		if (!add_objects(list, next, depth + 1, error))
			return false;
	}
	return true;
}

/*
 * Made under a temporary name and renamed: a mirror is there whole or not at
 * all. The lock file keeps two processes from making it twice.
 */
static bool make_mirror(const char *mirror_dir, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(mirror_dir);
	g_autofree char *head = g_build_filename(mirror_dir, "HEAD", NULL);
	g_autofree char *lock = g_strconcat(mirror_dir, ".lock", NULL);
	g_autofree char *temporary = g_strconcat(mirror_dir, ".XXXXXX", NULL);
	g_autoptr(git_repository) repo = NULL;
	int fd = -1;
	bool made = false;

	if (g_mkdir_with_parents(parent, 0755) == 0)
		fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		goto failed;
	if (g_file_test(head, G_FILE_TEST_EXISTS)) { /* somebody else was faster */
		close(fd);
		return true;
	}
	if (!g_mkdtemp_full(temporary, 0755))
		goto failed;
	if (git_repository_init(&repo, temporary, 1) != 0) {
		xb_git_set_error(error, mirror_dir);
		close(fd);
		return false;
	}
	made = g_rename(temporary, mirror_dir) == 0;
failed:
	if (!made)
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
			    "cannot make %s: %s", mirror_dir, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return made;
}

static bool write_alternates(const char *mirror_dir, const char *repo_path, GError **error)
{
	g_autofree char *path = g_build_filename(mirror_dir, "objects", "info", "alternates", NULL);
	g_autofree char *objects = find_objects(repo_path, error);
	g_autofree char *wanted = NULL, *present = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);

	if (!objects || !add_objects(list, objects, 0, error))
		return false;
	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(text, "%s\n", (char *)list->pdata[i]);
	wanted = g_strndup(text->str, text->len);
	if (g_file_get_contents(path, &present, NULL, NULL) && g_str_equal(present, wanted))
		return true;
	return g_file_set_contents(path, wanted, -1, error); /* writes beside it and renames */
}

/*
 * Writing an object that exists already "freshens" it, which sets the times of
 * the file that holds it: the user's, when it is in an alternate. So no backend
 * of a mirror freshens.
 */
static bool stop_freshening(git_repository *repo, GError **error)
{
	git_odb *odb = NULL;

	if (git_repository_odb(&odb, repo) != 0) {
		xb_git_set_error(error, "the object store cannot be opened");
		return false;
	}
	for (size_t i = 0; i < git_odb_num_backends(odb); i++) {
		git_odb_backend *backend;

		if (git_odb_get_backend(&backend, odb, i) == 0)
			backend->freshen = NULL;
	}
	git_odb_free(odb);
	return true;
}

git_repository *xb_mirror_open(const char *mirror_dir, const char *repo_path, GError **error)
{
	g_autofree char *head = g_build_filename(mirror_dir, "HEAD", NULL);
	g_autoptr(git_repository) repo = NULL;

	if (!g_file_test(head, G_FILE_TEST_EXISTS) && !make_mirror(mirror_dir, error))
		return NULL;
	if (!write_alternates(mirror_dir, repo_path, error))
		return NULL;
	if (git_repository_open_bare(&repo, mirror_dir) != 0) {
		xb_git_set_error(error, mirror_dir);
		return NULL;
	}
	if (!stop_freshening(repo, error))
		return NULL;
	return g_steal_pointer(&repo);
}
