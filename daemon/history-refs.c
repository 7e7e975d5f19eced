/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-refs.c - refs of a user's repository; see history-refs.h.
 */
#include "history-refs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL_MAX     4096
#define PACKED_MAX    (256 * 1024 * 1024)
#define SYMBOLIC_MAX  5
#define REF_DEPTH_MAX 16
#define NAMES_MAX     20000 /* loose refs looked at for a suggestion */

guint xb_oid_hash(const void *id)
{
	guint hash;

	memcpy(&hash, ((const git_oid *)id)->id, sizeof(hash));
	return hash;
}

gboolean xb_oid_equal(const void *a, const void *b)
{
	return git_oid_equal(a, b);
}

/* A regular file's content, zero-terminated; NULL when it is none or larger than @max. */
static char *read_file(const char *path, gsize max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	g_autofree char *text = NULL;
	struct stat st;
	gsize size = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (gsize)st.st_size <= max) {
		text = g_malloc((gsize)st.st_size + 1);
		while (size < (gsize)st.st_size) {
			ssize_t n = read(fd, text + size, (gsize)st.st_size - size);

			if (n <= 0)
				break;
			size += (gsize)n;
		}
		text[size] = '\0';
	}
	close(fd);
	return g_steal_pointer(&text);
}

static char *read_member(const char *directory, const char *name, gsize max)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	return read_file(path, max);
}

/* ---- finding the repository ---------------------------------------------------- */

static bool has(const char *directory, const char *name, GFileTest test)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	return g_file_test(path, test);
}

/* DIR/.git, or what a .git file names, or DIR itself. */
static char *find_git_dir(const char *path)
{
	g_autofree char *link = NULL;

	if (has(path, ".git", G_FILE_TEST_IS_DIR))
		return g_build_filename(path, ".git", NULL);
	link = read_member(path, ".git", SMALL_MAX);
	if (link != NULL && g_str_has_prefix(link, "gitdir:"))
		return g_canonicalize_filename(g_strstrip(link + strlen("gitdir:")), path);
	if (has(path, "HEAD", G_FILE_TEST_EXISTS) &&
	    (has(path, "objects", G_FILE_TEST_IS_DIR) ||
	     has(path, "commondir", G_FILE_TEST_IS_REGULAR)))
		return g_strdup(path);
	return NULL;
}

char *xb_refs_discover(const char *path, bool upwards)
{
	char *real = realpath(path, NULL);
	g_autofree char *directory = g_strdup(real);

	free(real);
	while (directory != NULL) {
		g_autofree char *git_dir = find_git_dir(directory);
		char *parent;

		if (git_dir != NULL)
			return g_steal_pointer(&directory);
		parent = upwards ? g_path_get_dirname(directory) : NULL;
		if (parent != NULL && g_str_equal(parent, directory))
			g_clear_pointer(&parent, g_free);
		g_free(directory);
		directory = parent;
	}
	return NULL;
}

XbRefs *xb_refs_open(const char *repo_path)
{
	g_autofree char *git_dir = find_git_dir(repo_path);
	g_autofree char *common = NULL;
	XbRefs *refs;

	if (git_dir == NULL)
		return NULL;
	common = read_member(git_dir, "commondir", SMALL_MAX);
	refs = g_new0(XbRefs, 1);
	refs->common_dir = common != NULL ? g_canonicalize_filename(g_strstrip(common), git_dir)
					  : g_strdup(git_dir);
	refs->git_dir = g_steal_pointer(&git_dir);
	return refs;
}

void xb_refs_free(XbRefs *refs)
{
	if (refs == NULL)
		return;
	g_free(refs->git_dir);
	g_free(refs->common_dir);
	g_free(refs);
}

/* ---- packed refs ----------------------------------------------------------------- */

/* The next "ID NAME" line at *at; false at the end. Other lines are skipped. */
static bool next_packed(char **at, char **id, char **name)
{
	while (**at != '\0') {
		char *line = *at, *end = strchrnul(line, '\n');

		*at = *end != '\0' ? end + 1 : end;
		*end = '\0';
		if (end - line > GIT_OID_HEXSZ + 1 && line[GIT_OID_HEXSZ] == ' ' && *line != '#') {
			line[GIT_OID_HEXSZ] = '\0';
			*id = line;
			*name = line + GIT_OID_HEXSZ + 1;
			return true;
		}
	}
	return false;
}

static bool lookup_packed(const XbRefs *refs, const char *wanted, git_oid *id)
{
	g_autofree char *text = read_member(refs->common_dir, "packed-refs", PACKED_MAX);
	char *at = text, *hex, *name;

	while (at != NULL && next_packed(&at, &hex, &name)) {
		if (g_str_equal(name, wanted))
			return git_oid_fromstr(id, hex) == 0;
	}
	return false;
}

/* ---- lookup ---------------------------------------------------------------------- */

/* A full name: "HEAD" or "refs/...". */
static bool lookup_full(const XbRefs *refs, const char *name, git_oid *id, int depth)
{
	g_autofree char *text = NULL;

	if (depth > SYMBOLIC_MAX || !git_reference_is_valid_name(name))
		return false;
	text = read_member(refs->git_dir, name, SMALL_MAX);
	if (text == NULL)
		text = read_member(refs->common_dir, name, SMALL_MAX);
	if (text == NULL)
		return lookup_packed(refs, name, id);
	g_strstrip(text);
	if (g_str_has_prefix(text, "ref:"))
		return lookup_full(refs, g_strstrip(text + strlen("ref:")), id, depth + 1);
	/* FETCH_HEAD and the like have more behind the id. */
	if (strlen(text) > GIT_OID_HEXSZ && g_ascii_isspace(text[GIT_OID_HEXSZ]))
		text[GIT_OID_HEXSZ] = '\0';
	return strlen(text) == GIT_OID_HEXSZ && git_oid_fromstr(id, text) == 0;
}

bool xb_refs_lookup(const XbRefs *refs, const char *name, git_oid *id)
{
	static const char *const rules[] = {
		"%s",
		"refs/%s",
		"refs/tags/%s",
		"refs/heads/%s",
		"refs/remotes/%s",
		"refs/remotes/%s/HEAD",
	};

	for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
		g_auto(GStrv) parts = g_strsplit(rules[i], "%s", 2);
		g_autofree char *full = g_strconcat(parts[0], name, parts[1], NULL);

		if (lookup_full(refs, full, id, 0))
			return true;
	}
	return false;
}

GHashTable *xb_refs_shallow(const XbRefs *refs)
{
	GHashTable *set = g_hash_table_new_full(xb_oid_hash, xb_oid_equal, g_free, NULL);
	g_autofree char *text = read_member(refs->common_dir, "shallow", PACKED_MAX);
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;

	for (char **line = lines; line != NULL && *line != NULL; line++) {
		git_oid id;

		if (strlen(*line) == GIT_OID_HEXSZ && git_oid_fromstr(&id, *line) == 0)
			g_hash_table_add(set, g_memdup2(&id, sizeof(id)));
	}
	return set;
}

/* ---- suggestions ------------------------------------------------------------------- */

/* Edits that turn @a into @b; both at most 255 bytes, more counts as far away. */
static guint edit_distance(const char *a, const char *b)
{
	guint row[256];
	gsize n = strlen(a), m = strlen(b);

	if (n > 255 || m > 255)
		return G_MAXUINT;
	for (guint j = 0; j <= m; j++)
		row[j] = j;
	for (guint i = 1; i <= n; i++) {
		guint diagonal = row[0];

		row[0] = i;
		for (guint j = 1; j <= m; j++) {
			guint above = row[j];
			guint change = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = MIN(change, MIN(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[m];
}

/* "refs/tags/v1" -> "v1"; NULL for names that nobody types. */
static const char *short_name(const char *full)
{
	static const char *const prefixes[] = { "refs/tags/", "refs/heads/", "refs/remotes/" };

	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		if (g_str_has_prefix(full, prefixes[i]))
			return full + strlen(prefixes[i]);
	}
	return NULL;
}

/* Loose refs below NAME ("refs/tags") of @common_dir. */
static void add_loose(const char *common_dir, const char *name, int depth, GPtrArray *names)
{
	g_autofree char *path = g_build_filename(common_dir, name, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *entry;

	while (dir != NULL && names->len < NAMES_MAX && (entry = g_dir_read_name(dir)) != NULL) {
		g_autofree char *below = g_build_filename(name, entry, NULL);

		if (!has(common_dir, below, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(names, g_steal_pointer(&below));
		else if (depth < REF_DEPTH_MAX && !has(common_dir, below, G_FILE_TEST_IS_SYMLINK))
			add_loose(common_dir, below, depth + 1, names);
	}
}

static GPtrArray *all_names(const XbRefs *refs)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = read_member(refs->common_dir, "packed-refs", PACKED_MAX);
	char *at = text, *hex, *name;

	while (at != NULL && next_packed(&at, &hex, &name))
		g_ptr_array_add(names, g_strdup(name));
	add_loose(refs->common_dir, "refs/tags", 0, names);
	add_loose(refs->common_dir, "refs/heads", 0, names);
	add_loose(refs->common_dir, "refs/remotes", 0, names);
	return names;
}

typedef struct {
	const char *name;
	guint distance;
} Candidate;

static int by_distance(const void *a, const void *b)
{
	const Candidate *x = a, *y = b;

	return x->distance != y->distance ? (x->distance < y->distance ? -1 : 1)
					  : strcmp(x->name, y->name);
}

GPtrArray *xb_refs_nearest(const XbRefs *refs, const char *name, guint n)
{
	g_autoptr(GPtrArray) names = all_names(refs);
	g_autoptr(GArray) near = g_array_new(FALSE, FALSE, sizeof(Candidate));
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	guint limit = MAX(2, (guint)strlen(name) / 2);

	for (guint i = 0; i < names->len; i++) {
		Candidate candidate = { .name = short_name(names->pdata[i]) };

		if (candidate.name == NULL)
			continue;
		candidate.distance = edit_distance(name, candidate.name);
		if (candidate.distance <= limit)
			g_array_append_val(near, candidate);
	}
	g_array_sort(near, by_distance);
	for (guint i = 0; i < near->len && found->len < n; i++) {
		const char *text = g_array_index(near, Candidate, i).name;

		/* A ref may be loose and packed. */
		if (!g_ptr_array_find_with_equal_func(found, text, g_str_equal, NULL))
			g_ptr_array_add(found, g_strdup(text));
	}
	return found;
}
