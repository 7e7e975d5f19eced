/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relevance.c - commits that the build never sees.
 *
 * The builder lists each source file that a build read. A commit of which no
 * file can matter (see file_matters()) has its parent's image; such commits
 * are joined into groups. A group with a built member has that member's
 * image; in a group without one, the first member stands for all.
 *
 * The lists are those of commits built so far, so a guess can be wrong where
 * the set of files changes within the range. Two images in one group, or a
 * clean rebuild that gave another image than was inferred, prove that: then
 * nothing is inferred in this job any more.
 */
#include "relevance.h"

#include <string.h>

#define LIST_MAX ((gsize)64 << 20)

/* What the builds of this job read. */
typedef struct {
	GHashTable *paths; /* of paths */
	GHashTable *names; /* of their base names: an added header may shadow one */
	guint lists;
} Inputs;

static void inputs_clear(Inputs *inputs)
{
	g_clear_pointer(&inputs->paths, g_hash_table_unref);
	g_clear_pointer(&inputs->names, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Inputs, inputs_clear)

static void read_list(Inputs *inputs, const XbVariant *variant)
{
	g_autoptr(json_t) artifact =
		variant->artifact ? json_loads(variant->artifact, 0, NULL) : NULL;
	const char *name = json_string_value(json_object_get(artifact, "inputs"));
	g_autofree char *path = NULL, *text = NULL;
	gsize length;

	if (!variant->dir || !name || strchr(name, '/'))
		return;
	path = g_build_filename(variant->dir, name, NULL);
	if (!g_file_get_contents(path, &text, &length, NULL) || length > LIST_MAX)
		return;
	for (char *line = text, *end; *line; line = end + 1) {
		const char *base;
		end = strchrnul(line, '\n');
		bool last = *end == '\0';
		*end = '\0';
		if (*line && g_hash_table_add(inputs->paths, g_strdup(line))) {
			base = strrchr(line, '/');
			g_hash_table_add(inputs->names, g_strdup(base ? base + 1 : line));
		}
		if (last)
			break;
	}
	inputs->lists++;
}

/* A source, header or documentation file that no build read, and that is not called like one that
 * was read, can't matter; nor can a makefile that no build visited, since what would lead there
 * (a Kconfig file, the makefile above) is listed itself. All else can: scripts, tables. */
static bool file_matters(const Inputs *inputs, const char *path)
{
	static const char *const harmless[] = { ".c",   ".h",   ".S",    ".rst",
						".txt", ".dts", ".dtsi", ".yaml" };
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (g_hash_table_contains(inputs->paths, path))
		return true;
	if (g_str_has_suffix(path, ".h") && g_hash_table_contains(inputs->names, base))
		return true;
	if (strcmp(path, "MAINTAINERS") == 0 || strcmp(path, "CREDITS") == 0 ||
	    (slash && strcmp(base, "Makefile") == 0))
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(harmless); i++)
		if (g_str_has_suffix(path, harmless[i]))
			return false;
	return true;
}

static bool commit_matters(const Inputs *inputs, const XbJobCommit *commit)
{
	g_auto(GStrv) files = NULL;

	if (!commit->files || commit->parents->len != 1)
		return true;
	files = g_strsplit(commit->files, "\n", -1);
	for (guint i = 0; files[i]; i++)
		if (*files[i] && file_matters(inputs, files[i]))
			return true;
	return false;
}

/* The class that a group has by its built members; 0 = none built; false: they disagree. */
static bool settle_groups(const guint *group, guint n, const XbJobData *data, const XbNode *nodes,
			  guint *class_of_group)
{
	for (guint i = 0; i < n; i++) {
		const XbVariant *variant = data->variants->pdata[i];
		guint *class = &class_of_group[group[i]];

		if (variant->image_sha256) {
			if (*class && *class != nodes[i].image_class)
				return false;
			*class = nodes[i].image_class;
		}
	}
	for (guint i = 0; i < n; i++) {
		guint class = class_of_group[group[i]];
		if (nodes[i].clean_status == XB_STATUS_BUILT && class &&
		    nodes[i].clean_class != class)
			return false;
	}
	return true;
}

void xb_relevance_infer(XbDaemon *daemon, const XbJobData *data, XbNode *nodes)
{
	guint n = data->commits->len;
	g_autofree guint *group = g_new(guint, n), *class_of_group = g_new0(guint, n);
	g_auto(Inputs) inputs = { g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
				  g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), 0 };
	(void)daemon;

	if (!((XbJobCommit *)data->commits->pdata[n - 1])->files)
		return;
	for (guint i = 0; i < n; i++)
		read_list(&inputs, data->variants->pdata[i]);
	if (!inputs.lists)
		return;
	for (guint i = 0; i < n; i++) {
		const XbJobCommit *commit = data->commits->pdata[i];
		group[i] = commit_matters(&inputs, commit)
				   ? i
				   : group[g_array_index(commit->parents, int, 0)];
	}
	if (!settle_groups(group, n, data, nodes, class_of_group))
		return;
	for (guint i = 0; i < n; i++) {
		const XbVariant *variant = data->variants->pdata[i];
		guint class = class_of_group[group[i]];

		if (variant->image_sha256 || (!class && group[i] == i))
			continue;
		/* without a built member the first one stands for all */
		nodes[i].image_class = class ? class : nodes[group[i]].image_class;
		nodes[i].image_inferred = true;
		if (nodes[i].status == XB_STATUS_UNTRIED && class)
			nodes[i].build_s = 0;
	}
}
