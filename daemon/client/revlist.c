/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * revlist.c - a range's graph from git rev-list; see revlist.h.
 */
#include "revlist.h"

#include <gio/gio.h>
#include <string.h>

#include "text.h"

#define DEADLINE_S 120

G_DEFINE_QUARK(xb - revlist - error, xb_revlist_error)

void xb_revlist_free(XbRevlist *self)
{
	if (self == NULL)
		return;
	g_free(self->parent_start);
	g_free(self->parent);
	g_free(self);
}

/* ---- what git prints ----------------------------------------------------------- */

static bool take_line(char *line, GHashTable *nodes, GArray *start, GArray *parents)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	guint node = start->len; /* this one's number: entry 0 is GOOD's */

	if (words[0] == NULL || *words[0] == '\0' || g_hash_table_contains(nodes, words[0]))
		return false;
	g_array_append_val(start, parents->len);
	for (char **word = words + 1; *word != NULL; word++) {
		guint parent = GPOINTER_TO_UINT(g_hash_table_lookup(nodes, *word));
		bool twice = false;

		/* Several parents outside of the range are one: GOOD. */
		for (guint e = g_array_index(start, guint, node); e < parents->len; e++)
			twice |= g_array_index(parents, guint, e) == parent;
		if (!twice)
			g_array_append_val(parents, parent);
	}
	/* A root: nothing before it but GOOD. */
	if (words[1] == NULL) {
		const guint good = 0;
		g_array_append_val(parents, good);
	}
	g_hash_table_insert(nodes, g_strdup(words[0]), GUINT_TO_POINTER(node));
	return true;
}

XbRevlist *xb_revlist_parse(const char *text, GError **error)
{
	g_autoptr(GHashTable) nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) start = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(guint));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const guint zero = 0;
	guint n;

	g_array_append_val(start, zero);
	for (char **line = lines; *line != NULL; line++) {
		if (**line == '\0' && line[1] == NULL)
			break;
		if (!take_line(*line, nodes, start, parents)) {
			g_set_error(error, XB_REVLIST_ERROR, 0, "git printed no commit: \"%s\"",
				    *line);
			return NULL;
		}
	}
	n = start->len;
	if (n < 2) {
		g_set_error(error, XB_REVLIST_ERROR, 0, "the range holds no commit");
		return NULL;
	}
	g_array_append_val(start, parents->len);
	XbRevlist *self = g_new0(XbRevlist, 1);
	self->parent_start = (guint *)(gpointer)g_array_free(g_steal_pointer(&start), FALSE);
	self->parent = (guint *)(gpointer)g_array_free(g_steal_pointer(&parents), FALSE);
	self->graph = (XbGraph){ n, self->parent_start, self->parent };
	return self;
}

/* ---- git ------------------------------------------------------------------------- */

typedef struct {
	GMainLoop *loop;
	GSubprocess *git;
	char *out, *err;
	bool late;
	GError *error;
} Run;

static void on_done(GObject *source, GAsyncResult *result, gpointer data)
{
	Run *run = data;

	g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, &run->out, &run->err,
					     &run->error);
	g_main_loop_quit(run->loop);
}

static gboolean on_deadline(gpointer data)
{
	Run *run = data;

	run->late = true;
	g_subprocess_force_exit(run->git);
	return G_SOURCE_CONTINUE;
}

static GSubprocess *spawn(const char *const *argv, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
	const char *path = g_getenv("PATH");
	g_autofree char *own_path = g_strdup_printf("PATH=%s", path ? path : "/usr/bin:/bin");
	char *environment[] = {
		own_path,
		(char *)"HOME=/nonexistent",
		(char *)"LC_ALL=C",
		(char *)"GIT_CONFIG_NOSYSTEM=1",
		(char *)"GIT_CONFIG_GLOBAL=/dev/null",
		(char *)"GIT_OPTIONAL_LOCKS=0",
		(char *)"GIT_TERMINAL_PROMPT=0",
		/* A partial clone fetches nothing. */
		(char *)"GIT_NO_LAZY_FETCH=1",
		(char *)"GIT_ALLOW_PROTOCOL=none",
		NULL,
	};

	g_subprocess_launcher_set_environ(launcher, environment);
	return g_subprocess_launcher_spawnv(launcher, argv, error);
}

/* What git prints; NULL and its own words as the error. */
static char *run_git(const char *const *argv, const char *otherwise, GError **error)
{
	Run run = { .git = spawn(argv, error) };
	char *out = NULL;
	guint deadline;

	if (run.git == NULL)
		return NULL;
	run.loop = g_main_loop_new(NULL, FALSE);
	deadline = g_timeout_add_seconds(DEADLINE_S, on_deadline, &run);
	g_subprocess_communicate_utf8_async(run.git, NULL, NULL, on_done, &run);
	g_main_loop_run(run.loop);
	g_source_remove(deadline);
	if (run.error != NULL) {
		g_propagate_error(error, g_steal_pointer(&run.error));
	} else if (run.late) {
		g_set_error(error, XB_REVLIST_ERROR, 0, "git took longer than %d s", DEADLINE_S);
	} else if (!g_subprocess_get_successful(run.git)) {
		g_strchomp(run.err);
		g_set_error(error, XB_REVLIST_ERROR, 0, "%s", *run.err ? run.err : otherwise);
	} else {
		out = g_steal_pointer(&run.out);
	}
	g_free(run.out);
	g_free(run.err);
	g_main_loop_unref(run.loop);
	g_object_unref(run.git);
	return out;
}

/* A revision as the name of its commit. */
static char *commit_of(const char *repo, const char *revision, GError **error)
{
	g_autofree char *commit = g_strdup_printf("%s^{commit}", revision);
	g_autofree char *otherwise =
		g_strdup_printf("\"%s\" names no commit of %s", revision, repo);
	const char *argv[] = {
		"git",  "-C", repo, "rev-parse", "--verify", "--quiet", "--end-of-options",
		commit, NULL
	};
	char *name = run_git(argv, otherwise, error);

	return name != NULL ? g_strstrip(name) : NULL;
}

XbRevlist *xb_revlist_read(const char *repo, const char *good, const char *bad, GError **error)
{
	g_autofree char *from = commit_of(repo, good, error);
	g_autofree char *to = from != NULL ? commit_of(repo, bad, error) : NULL;
	g_autofree char *range = NULL, *otherwise = NULL, *ancestor = NULL, *text = NULL;

	if (to == NULL)
		return NULL;
	otherwise = g_strdup_printf("%s is no ancestor of %s", good, bad);
	const char *is_ancestor[] = { "git",           "-C", repo, "merge-base",
				      "--is-ancestor", from, to,   NULL };
	ancestor = run_git(is_ancestor, otherwise, error);
	if (ancestor == NULL)
		return NULL;
	range = g_strdup_printf("%s..%s", from, to);
	const char *rev_list[] = { "git",       "-C",        repo,  "rev-list", "--topo-order",
				   "--reverse", "--parents", range, "--",       NULL };
	text = run_git(rev_list, "git rev-list failed", error);
	return text != NULL ? xb_revlist_parse(text, error) : NULL;
}
