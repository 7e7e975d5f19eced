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
 *
 * Commits that can matter do not matter alike: one that changes a header of
 * 600 objects changes more of the image than one that adds a Kconfig entry
 * which this configuration does not select. The prior weight of a commit is
 * 1 + log2(1 + objects) for the file that most objects read; without such a
 * file 1, and 0.3 when only Kconfig was touched: at most 40 to 1. Once a boot has
 * told what the workload executes, its word is taken instead where it says
 * something (touched.h), from 0.5 to 20: at most 67 to 1, so that at the default
 * confidence no commit is named or cleared by its weight alone.
 */
#include "relevance.h"

#include <math.h>
#include <string.h>

#include "touched.h"

#define LIST_MAX ((gsize)64 << 20)

/* What the builds of this job read. */
typedef struct {
	GHashTable *paths;  /* of paths */
	GHashTable *names;  /* of their base names: an added header may shadow one */
	GHashTable *realms; /* of what realm_of() says of them */
	GHashTable *reach;  /* path -> how many commands read it */
	guint lists;
} Inputs;

static void inputs_clear(Inputs *inputs)
{
	g_clear_pointer(&inputs->paths, g_hash_table_unref);
	g_clear_pointer(&inputs->names, g_hash_table_unref);
	g_clear_pointer(&inputs->realms, g_hash_table_unref);
	g_clear_pointer(&inputs->reach, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Inputs, inputs_clear)

/* "arch/x86" of "arch/x86/mm/fault.c", "tools" of "tools/perf/x"; NULL elsewhere. Caller frees. */
static char *realm_of(const char *path)
{
	const char *slash;

	if (g_str_has_prefix(path, "tools/"))
		return g_strdup("tools");
	slash = g_str_has_prefix(path, "arch/") ? strchr(path + strlen("arch/"), '/') : NULL;
	return slash ? g_strndup(path, (gsize)(slash - path)) : NULL;
}

/* The lines of the file that @artifact calls @member; NULL when there is none. */
static char **read_lines(const XbVariant *variant, json_t *artifact, const char *member)
{
	const char *name = json_string_value(json_object_get(artifact, member));
	g_autofree char *path = NULL, *text = NULL;
	gsize length;

	if (!variant->dir || !name || strchr(name, '/'))
		return NULL;
	path = g_build_filename(variant->dir, name, NULL);
	if (!g_file_get_contents(path, &text, &length, NULL) || length > LIST_MAX)
		return NULL;
	return g_strsplit(text, "\n", -1);
}

/* The largest count of all builds. */
static void add_reach(Inputs *inputs, char *line)
{
	char *end;
	guint64 count = g_ascii_strtoull(line, &end, 10);
	guint known;

	if (end == line || *end != ' ' || !end[1])
		return;
	known = GPOINTER_TO_UINT(g_hash_table_lookup(inputs->reach, end + 1));
	if (count > known)
		g_hash_table_replace(inputs->reach, g_strdup(end + 1),
				     GUINT_TO_POINTER((guint)MIN(count, 1000000)));
}

static void read_list(Inputs *inputs, const XbVariant *variant)
{
	g_autoptr(json_t) artifact =
		variant->artifact ? json_loads(variant->artifact, 0, NULL) : NULL;
	g_auto(GStrv) paths = read_lines(variant, artifact, "inputs");
	g_auto(GStrv) reach = read_lines(variant, artifact, "reach");

	for (guint i = 0; paths && paths[i]; i++)
		if (*paths[i] && g_hash_table_add(inputs->paths, g_strdup(paths[i]))) {
			const char *base = strrchr(paths[i], '/');
			char *realm = realm_of(paths[i]);
			g_hash_table_add(inputs->names, g_strdup(base ? base + 1 : paths[i]));
			if (realm)
				g_hash_table_add(inputs->realms, realm);
		}
	for (guint i = 0; reach && reach[i]; i++)
		add_reach(inputs, reach[i]);
	inputs->lists += paths != NULL;
}

/* By what is executed; 0 when that says nothing. */
static double path_weight(const XbJobData *data, guint node)
{
	const XbJobPath *path =
		data->paths && node < data->paths->len ? data->paths->pdata[node] : NULL;
	XbTouchedKind kind;

	return path && xb_touched_parse(path->kind, &kind) && kind != XB_TOUCHED_UNKNOWN
		       ? xb_touched_weight(kind, (guint)MAX(path->objects, 0), path->share)
		       : 0;
}

/* Notes the reach of the commit, too. */
static double weight_of(const Inputs *inputs, const XbJobCommit *commit, guint node, XbReach *reach)
{
	g_auto(GStrv) files = commit->files ? g_strsplit(commit->files, "\n", -1) : NULL;
	bool only_kconfig = true;
	guint most = 0;

	for (guint i = 0; files && files[i]; i++) {
		const char *slash = strrchr(files[i], '/');

		most = MAX(most, GPOINTER_TO_UINT(g_hash_table_lookup(inputs->reach, files[i])));
		only_kconfig &= g_str_has_prefix(slash ? slash + 1 : files[i], "Kconfig") ||
				!g_hash_table_contains(inputs->paths, files[i]);
		reach->files[node] += g_hash_table_contains(inputs->reach, files[i]);
	}
	reach->widest[node] = most;
	return !files ? 1 : most > 0 ? 1 + log2(1.0 + most) : only_kconfig ? 0.3 : 1;
}

/* Some header is read by every object. */
static guint all_objects(const Inputs *inputs)
{
	GHashTableIter iter;
	gpointer count;
	guint most = 0;

	g_hash_table_iter_init(&iter, inputs->reach);
	while (g_hash_table_iter_next(&iter, NULL, &count))
		most = MAX(most, GPOINTER_TO_UINT(count));
	return most;
}

void xb_reach_clear(XbReach *reach)
{
	g_free(reach->widest);
	g_free(reach->files);
	*reach = (XbReach){ 0 };
}

/* Moving over @commit to @to, upwards or downwards, changes its files. */
static void pass(const XbReach *reach, guint commit, guint to, guint *widest, guint *files,
		 guint *least)
{
	*widest = MAX(*widest, reach->widest[commit]);
	*files += reach->files[commit];
	guint objects = MIN(*widest + (*files > 0 ? *files - 1 : 0), reach->objects);
	least[to] = MIN(least[to], objects);
}

void xb_reach_from(const XbReach *reach, guint n, guint tree, guint *least)
{
	guint widest = 0, files = 0;

	least[tree] = 0;
	for (guint i = tree + 1; i < n; i++)
		pass(reach, i, i, &widest, &files, least);
	widest = files = 0;
	for (guint i = tree; i > 0; i--)
		pass(reach, i, i - 1, &widest, &files, least);
}

/* Another architecture's directory, of which no build read anything; or a tool, where the list
 * holds every file of those that a kernel's build makes for itself. */
static bool is_elsewhere(const Inputs *inputs, const char *path)
{
	g_autofree char *realm = realm_of(path);

	return realm &&
	       (strcmp(realm, "tools") == 0 || !g_hash_table_contains(inputs->realms, realm));
}

/* A source, header or documentation file that no build read, and that is not called like one that
 * was read, can't matter; nor can a makefile that no build visited, since what would lead there
 * (a Kconfig file, the makefile above) is listed itself. All else can: scripts, tables. */
static bool file_matters(const Inputs *inputs, const char *path)
{
	static const char *const harmless[] = { ".c",   ".h",   ".S",    ".rst",
						".txt", ".dts", ".dtsi", ".yaml" };
	static const char *const never[] = { "MAINTAINERS", "CREDITS",        "Documentation/",
					     "LICENSES/",   ".gitattributes", ".mailmap" };
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (g_hash_table_contains(inputs->paths, path))
		return true;
	if (g_str_has_suffix(path, ".h") && g_hash_table_contains(inputs->names, base))
		return true;
	for (guint i = 0; i < G_N_ELEMENTS(never); i++)
		if (g_str_has_prefix(path, never[i]))
			return false;
	if ((slash && strcmp(base, "Makefile") == 0) || strcmp(base, ".gitignore") == 0 ||
	    is_elsewhere(inputs, path))
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

void xb_relevance_infer(XbDaemon *daemon, const XbJobData *data, XbNode *nodes, XbReach *reach)
{
	guint n = data->commits->len;
	g_autofree guint *group = g_new(guint, n), *class_of_group = g_new0(guint, n);
	g_auto(Inputs) inputs = {
		.paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.realms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.reach = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
	(void)daemon;

	*reach = (XbReach){ .widest = g_new0(guint, n), .files = g_new0(guint, n) };
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
		if (group[i] != i)
			continue;
		double weight = weight_of(&inputs, commit, i, reach);
		if (path_weight(data, i) > 0)
			nodes[i].prior = path_weight(data, i);
		else if (g_hash_table_size(inputs.reach) > 0)
			nodes[i].prior = weight;
	}
	reach->objects = all_objects(&inputs);
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
