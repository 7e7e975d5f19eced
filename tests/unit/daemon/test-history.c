/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-history.c - revisions, ranges, facts and reverts, on small repositories
 * made with git.
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "mirror.h"

typedef struct {
	char *dir, *repo, *mirrors;
} Fixture;

/* Run a shell script of the test's own in the repository; its output, stripped. */
static char *sh(const Fixture *f, const char *script)
{
	g_autofree char *command = g_strdup_printf("set -e; cd %s; %s", f->repo, script);
	const char *argv[] = { "sh", "-c", command, NULL };
	g_autoptr(GError) error = NULL;
	g_autofree char *problem = NULL;
	char *out = NULL;
	int status;

	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
				   &problem, &status, &error));
	g_assert_no_error(error);
	if (status != 0)
		g_error("%s: %s", script, problem);
	return g_strstrip(out);
}

static void run(const Fixture *f, const char *script)
{
	g_free(sh(f, script));
}

static void set_up(Fixture *f, gconstpointer unused)
{
	(void)unused;
	f->dir = g_dir_make_tmp("xbisect-history-XXXXXX", NULL);
	f->repo = g_build_filename(f->dir, "repo", NULL);
	f->mirrors = g_build_filename(f->dir, "mirrors", NULL);
	g_mkdir(f->repo, 0700);
	run(f, "git init -q -b main .");
}

/* A commit of a file F with content C; prints nothing. */
#define COMMIT "c() { printf '%b' \"$2\" >\"$1\"; git add \"$1\"; git commit -q -m \"$3\"; }; "

static void tear_down(Fixture *f, gconstpointer unused)
{
	const char *argv[] = { "rm", "-rf", f->dir, NULL };

	(void)unused;
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
		     NULL);
	g_free(f->repo);
	g_free(f->mirrors);
	g_free(f->dir);
}

static XbHistory *open_repo(const Fixture *f)
{
	g_autoptr(GError) error = NULL;
	XbHistory *history = xb_history_open(f->mirrors, f->repo, false, &error);

	g_assert_no_error(error);
	return history;
}

static char *id_of(const Fixture *f, const char *revision)
{
	g_autofree char *script = g_strdup_printf("git rev-parse '%s'", revision);

	return sh(f, script);
}

static void assert_resolves(const Fixture *f, XbHistory *history, const char *revision,
			    const char *as_git_says)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *ours = xb_history_resolve(history, revision, &error);
	g_autofree char *theirs = id_of(f, as_git_says);

	g_assert_no_error(error);
	g_assert_cmpstr(ours, ==, theirs);
}

static void assert_fails(char *result, GError **error, XbHistoryError code, const char *text)
{
	g_assert_null(result);
	g_assert_error(*error, XB_HISTORY_ERROR, (int)code);
	g_test_message("%s", (*error)->message);
	g_assert_nonnull(strstr((*error)->message, text));
	g_assert_null(strchr((*error)->message, '\n'));
	g_clear_error(error);
}

/* ---- opening and revisions ----------------------------------------------------- */

static void test_revisions(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autofree char *full = NULL, *abbreviated = NULL, *missing = g_strnfill(40, '7');

	(void)unused;
	run(f, COMMIT "c a 1 one; c a 2 two; git tag -a -m t v6.1; c a 3 three; git tag light;"
		      "git branch topic/x HEAD~1; git pack-refs --all; c a 4 four; git tag v6.2;"
		      "git branch gone; git pack-refs --all; git branch -D -q gone");
	history = open_repo(f);
	assert_resolves(f, history, "HEAD", "HEAD");
	assert_resolves(f, history, "@", "HEAD");
	assert_resolves(f, history, "@~1", "HEAD~1");
	assert_resolves(f, history, "main", "main");
	assert_resolves(f, history, "v6.1", "v6.1^{commit}");
	assert_resolves(f, history, "v6.1^0", "v6.1^{commit}");
	assert_resolves(f, history, "v6.1~1", "v6.1~1");
	assert_resolves(f, history, "v6.1^{commit}", "v6.1^{commit}");
	assert_resolves(f, history, "light", "light");
	assert_resolves(f, history, "tags/light", "light");
	assert_resolves(f, history, "refs/heads/topic/x", "topic/x");
	assert_resolves(f, history, "topic/x", "topic/x");
	full = id_of(f, "HEAD~3");
	abbreviated = g_strndup(full, 10);
	assert_resolves(f, history, full, full);
	assert_resolves(f, history, abbreviated, full);
	/* Refs that move are seen by a history that is open. */
	run(f, COMMIT "c a 5 five");
	assert_resolves(f, history, "main", "main");
	assert_fails(xb_history_resolve(history, "v6.11", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "did you mean v6.1 or v6.2?");
	assert_fails(xb_history_resolve(history, "topc/x~1", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "did you mean topic/x?");
	assert_fails(xb_history_resolve(history, "gone", &error), &error, XB_HISTORY_ERROR_REVISION,
		     "unknown revision \"gone\"");
	assert_fails(xb_history_resolve(history, "ab", &error), &error, XB_HISTORY_ERROR_REVISION,
		     "unknown revision \"ab\"");
	assert_fails(xb_history_resolve(history, "HEAD~50", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "leads beyond the history");
	assert_fails(xb_history_resolve(history, "HEAD:a", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "does not name a commit");
	assert_fails(xb_history_resolve(history, "HEAD@{1}", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "reflog");
	assert_fails(xb_history_resolve(history, "HEAD^{/two}", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "searches messages");
	assert_fails(xb_history_resolve(history, ":/two", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "searches messages");
	assert_fails(xb_history_resolve(history, "", &error), &error, XB_HISTORY_ERROR_REVISION,
		     "no valid expression");
	assert_fails(xb_history_resolve(history, "HEAD^{nonsense}", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "HEAD^{nonsense}");
	assert_fails(xb_history_resolve(history, missing, &error), &error,
		     XB_HISTORY_ERROR_REVISION, "unknown revision");
	assert_fails(xb_history_resolve(history, "../../../etc/passwd", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "unknown revision");
}

static void test_where_repositories_are(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *below = g_build_filename(f->repo, "x", "y", NULL);
	g_autofree char *bare = g_build_filename(f->dir, "bare.git", NULL);
	g_autofree char *linked = g_build_filename(f->dir, "linked", NULL);
	g_autofree char *clone = g_build_filename(f->dir, "clone", NULL);
	XbHistory *history;

	(void)unused;
	run(f, COMMIT "c a 1 one; c a 2 two; mkdir -p x/y; git clone -q --bare . ../bare.git;"
		      "git worktree add -q ../linked HEAD~1; git clone -q --shared . ../clone");
	history = xb_history_open(f->mirrors, below, true, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(xb_history_repo_path(history), ==, f->repo);
	xb_history_free(history);
	g_assert_null(xb_history_open(f->mirrors, below, false, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_OPEN, "there is no git repository at ");
	g_assert_null(xb_history_open(f->mirrors, "/nonexistent", true, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_OPEN, "/nonexistent");
	history = xb_history_open(f->mirrors, bare, false, &error);
	g_assert_no_error(error);
	assert_resolves(f, history, "HEAD", "HEAD");
	xb_history_free(history);
	/* A linked work tree has a HEAD of its own, and all other refs. */
	history = xb_history_open(f->mirrors, linked, false, &error);
	g_assert_no_error(error);
	assert_resolves(f, history, "HEAD", "main~1");
	assert_resolves(f, history, "main", "main");
	xb_history_free(history);
	history = xb_history_open(f->mirrors, clone, false, &error);
	g_assert_no_error(error);
	assert_resolves(f, history, "origin", "main");
	assert_resolves(f, history, "origin/main~1", "main~1");
	xb_history_free(history);
}

/* ---- ranges -------------------------------------------------------------------- */

static XbRange *range_of(const Fixture *f, XbHistory *history, const char *good, const char *bad,
			 bool first_parent, GError **error)
{
	g_autofree char *good_id = id_of(f, good), *bad_id = id_of(f, bad);

	return xb_history_range(history, good_id, bad_id, first_parent, 100000, error);
}

static const XbRangeCommit *commit_at(const XbRange *range, guint node)
{
	return range->commits->pdata[node];
}

static int node_of(const XbRange *range, const char *subject)
{
	for (guint i = 0; i < range->commits->len; i++) {
		if (g_str_equal(commit_at(range, i)->subject, subject))
			return (int)i;
	}
	return -1;
}

static bool has_parent(const XbRange *range, const char *child, const char *parent)
{
	const GArray *parents = commit_at(range, (guint)node_of(range, child))->parents;

	for (guint i = 0; i < parents->len; i++) {
		if (g_array_index(parents, int, i) == node_of(range, parent))
			return true;
	}
	return false;
}

static void assert_well_formed(const XbRange *range)
{
	g_assert_cmpuint(commit_at(range, 0)->parents->len, ==, 0);
	for (guint i = 1; i < range->commits->len; i++) {
		const GArray *parents = commit_at(range, i)->parents;

		g_assert_cmpuint(parents->len, >, 0);
		for (guint j = 0; j < parents->len; j++) {
			g_assert_cmpint(g_array_index(parents, int, j), <, (int)i);
			g_assert_cmpint(g_array_index(parents, int, j), >=, 0);
			for (guint k = 0; k < j; k++)
				g_assert_cmpint(g_array_index(parents, int, k), !=,
						g_array_index(parents, int, j));
		}
	}
}

static void test_linear_range(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbRange) range = NULL;
	g_autofree char *good = NULL, *tree = NULL;

	(void)unused;
	/* Dates that run backwards, as those of applied patches do. */
	run(f, COMMIT "for i in 1 2 3 4 5 6; do GIT_COMMITTER_DATE=\"@$((1000000000 - i * 86400)) "
		      "+0000\" c a $i \"commit $i\"; done");
	history = open_repo(f);
	range = range_of(f, history, "HEAD~3", "HEAD", false, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(range->commits->len, ==, 4);
	for (guint i = 0; i < 4; i++) {
		g_autofree char *subject = g_strdup_printf("commit %u", i + 3);
		g_assert_cmpstr(commit_at(range, i)->subject, ==, subject);
	}
	assert_well_formed(range);
	good = id_of(f, "HEAD~3");
	tree = id_of(f, "HEAD^{tree}");
	g_assert_cmpstr(commit_at(range, 0)->id, ==, good);
	g_assert_cmpstr(commit_at(range, 3)->tree, ==, tree);
}

/*
 *   base - good - m1 ------ merge - tip
 *      \                   /
 *       s1 - s2 ----------+      s1 and s2 do not descend from good
 */
static void make_merge(const Fixture *f)
{
	run(f, COMMIT "c a 1 base; git branch side; c a 2 good; git tag good; c a 3 m1;"
		      "git checkout -q side; c b 1 s1; c b 2 s2; git checkout -q main;"
		      "git merge -q -m merge side; c a 4 tip");
}

static void test_range_with_a_merge(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbRange) range = NULL, first_parents = NULL, side = NULL;

	(void)unused;
	make_merge(f);
	history = open_repo(f);
	range = range_of(f, history, "good", "main", false, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(range->commits->len, ==, 6);
	assert_well_formed(range);
	g_assert_cmpint(node_of(range, "good"), ==, 0);
	g_assert_cmpint(node_of(range, "tip"), ==, 5);
	g_assert_cmpint(node_of(range, "base"), ==, -1);
	g_assert_true(has_parent(range, "s1", "good")); /* base is folded into node 0 */
	g_assert_true(has_parent(range, "s2", "s1"));
	g_assert_true(has_parent(range, "merge", "m1"));
	g_assert_true(has_parent(range, "merge", "s2"));
	first_parents = range_of(f, history, "good", "main", true, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(first_parents->commits->len, ==, 4);
	assert_well_formed(first_parents);
	g_assert_cmpint(node_of(first_parents, "m1"), ==, 1);
	g_assert_cmpint(node_of(first_parents, "merge"), ==, 2);
	g_assert_cmpuint(commit_at(first_parents, 2)->parents->len, ==, 1);
	/* GOOD on the side branch: main's own commits are in the range as well. */
	side = range_of(f, history, "side~1", "main", false, &error);
	g_assert_no_error(error);
	assert_well_formed(side);
	g_assert_cmpuint(side->commits->len, ==, 6);
	g_assert_cmpint(node_of(side, "s1"), ==, 0);
	g_assert_true(has_parent(side, "good", "s1"));
}

static void test_ranges_that_are_none(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autofree char *good = NULL, *bad = NULL, *hint = NULL, *base = NULL;

	(void)unused;
	make_merge(f);
	run(f, COMMIT "git checkout -q --orphan other; c z 1 unrelated; git checkout -q main");
	history = open_repo(f);
	g_assert_null(range_of(f, history, "main", "main", false, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_RANGE, "the range is empty");
	good = id_of(f, "good");
	bad = id_of(f, "main");
	hint = g_strdup_printf("did you mean %.12s..%.12s?", good, bad);
	g_assert_null(range_of(f, history, "main", "good", false, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_RANGE, hint);
	base = id_of(f, "good~1");
	base[12] = '\0';
	g_assert_null(range_of(f, history, "main~2", "side", false, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_RANGE, base);
	g_assert_null(range_of(f, history, "other", "main", false, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_RANGE, "no common history");
	g_assert_null(xb_history_range(history, good, bad, false, 3, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_RANGE, "more than 3 commits");
}

static void test_shallow_clone(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbRange) range = NULL;
	g_autofree char *clone = g_build_filename(f->dir, "clone", NULL);
	g_autofree char *inside = NULL, *outside = NULL, *tip = NULL;

	(void)unused;
	run(f, COMMIT "for i in 1 2 3 4 5 6; do c a $i \"commit $i\"; done;"
		      "git clone -q --depth 3 file://$PWD ../clone");
	inside = id_of(f, "HEAD~2");
	outside = id_of(f, "HEAD~3");
	tip = id_of(f, "HEAD");
	history = xb_history_open(f->mirrors, clone, false, &error);
	g_assert_no_error(error);
	/* GOOD is the commit at which the clone is cut: that is enough. */
	range = xb_history_range(history, inside, tip, false, 100, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(range->commits->len, ==, 3);
	g_assert_null(xb_history_range(history, outside, tip, false, 100, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_OBJECT, "git fetch --unshallow");
	assert_fails(xb_history_resolve(history, "HEAD~4", &error), &error,
		     XB_HISTORY_ERROR_REVISION, "beyond this shallow clone");
}

static void test_damaged_repository(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;

	(void)unused;
	run(f, COMMIT "for i in 1 2 3 4; do c a $i \"commit $i\"; done;"
		      "o=$(git rev-parse HEAD~1 | sed 's,^..,&/,'); chmod u+w .git/objects/$o;"
		      "echo garbage >.git/objects/$o");
	history = open_repo(f);
	g_assert_null(range_of(f, history, "HEAD~1", "HEAD", false, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_OBJECT, "git fsck");
	run(f, "o=$(git rev-parse HEAD~1 | sed 's,^..,&/,'); rm -f .git/objects/$o");
	g_assert_null(range_of(f, history, "HEAD~1", "HEAD", false, &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_OBJECT, "is missing in ");
}

/* ---- one commit ----------------------------------------------------------------- */

static void test_facts(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbCommitFacts) facts = NULL, root = NULL;
	g_autofree char *id = NULL, *root_id = NULL;

	(void)unused;
	run(f, COMMIT "c a 'l1\\nl2\\n' one; printf 'l1\\nl3\\nl4\\n' >a; echo x >b; git add .;"
		      "GIT_AUTHOR_NAME='A U Thor' GIT_AUTHOR_EMAIL=a@example.org "
		      "GIT_AUTHOR_DATE='@1700000000 +0100' "
		      "git commit -q -m \"$(printf 'sub\\033[31mject\\n\\nbody')\"");
	history = open_repo(f);
	id = id_of(f, "HEAD");
	root_id = id_of(f, "HEAD~1");
	facts = xb_history_facts(history, id, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(facts->subject, ==, "sub\\x1B[31mject");
	g_assert_cmpstr(facts->author, ==, "A U Thor");
	g_assert_cmpstr(facts->email, ==, "a@example.org");
	g_assert_cmpint(facts->time, ==, 1700000000);
	g_assert_true(g_str_has_suffix(facts->message, "\n\nbody\n"));
	g_assert_nonnull(strstr(facts->diffstat, "2 files changed, 3 insertions(+), 1 deletion"));
	g_assert_cmpuint(facts->files->len, ==, 2);
	g_assert_cmpstr(facts->files->pdata[0], ==, "a");
	g_autofree char *patch = xb_history_patch(history, id, 4096, &error);
	g_assert_nonnull(strstr(patch, "\n-l2\n+l3\n+l4\n"));
	g_autofree char *cut = xb_history_patch(history, id, 40, &error);
	g_assert_cmpuint(strlen(cut), <=, 40);
	g_autofree char *none = xb_history_patch(history, root_id, 4096, &error);
	g_assert_cmpstr(none, ==, "");
	root = xb_history_facts(history, root_id, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(root->files->len, ==, 0);
	g_assert_null(xb_history_facts(history, "main", &error));
	assert_fails(NULL, &error, XB_HISTORY_ERROR_REVISION, "no commit id");
}

static void test_files_that_differ(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(GPtrArray) files = NULL, none = NULL;
	g_autofree char *a = NULL, *b = NULL;

	(void)unused;
	run(f, COMMIT "mkdir d; c d/old 'some text\\n' one; c same 1 two; git mv d/old new;"
		      "git commit -q -m rename");
	history = open_repo(f);
	a = id_of(f, "HEAD~1");
	b = id_of(f, "HEAD");
	files = xb_history_diff_files(history, a, b, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(files->len, ==, 2);
	g_assert_cmpstr(files->pdata[0], ==, "d/old");
	g_assert_cmpstr(files->pdata[1], ==, "new");
	none = xb_history_diff_files(history, a, a, &error);
	g_assert_cmpuint(none->len, ==, 0);
}

static void test_lines_that_differ(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbFileChange) change = NULL, gone = NULL, none = NULL;
	g_autofree char *a = NULL, *b = NULL;
	const XbHunk *hunk;

	(void)unused;
	run(f, COMMIT "c a '1\\n2\\n3\\n4\\n' one; git add a; c gone x two;"
		      "printf '\\000' >bin; git add bin; git rm -q gone;"
		      "c a '1\\nnew\\nnew\\n3\\n' three");
	history = open_repo(f);
	a = id_of(f, "HEAD~1");
	b = id_of(f, "HEAD");
	change = xb_history_file_change(history, a, b, "a", 1000, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(change->old_text, ==, "1\n2\n3\n4\n");
	g_assert_cmpstr(change->new_text, ==, "1\nnew\nnew\n3\n");
	g_assert_cmpuint(change->hunks->len, ==, 2);
	hunk = &g_array_index(change->hunks, XbHunk, 0);
	g_assert_cmpuint(hunk->old_first, ==, 2);
	g_assert_cmpuint(hunk->old_lines, ==, 1);
	g_assert_cmpuint(hunk->new_first, ==, 2);
	g_assert_cmpuint(hunk->new_lines, ==, 2);
	hunk = &g_array_index(change->hunks, XbHunk, 1);
	g_assert_cmpuint(hunk->old_first, ==, 4);
	g_assert_cmpuint(hunk->new_lines, ==, 0);
	gone = xb_history_file_change(history, a, b, "gone", 1000, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(gone->old_text, ==, "x");
	g_assert_null(gone->new_text);
	none = xb_history_file_change(history, a, b, "never", 1000, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(none->hunks->len, ==, 0);
	g_assert_null(xb_history_file_change(history, a, b, "a", 5, &error));
	g_assert_nonnull(strstr(error->message, "too large"));
	g_clear_error(&error);
	g_assert_null(xb_history_file_change(history, a, b, "bin", 1000, &error));
	g_assert_nonnull(strstr(error->message, "no text"));
}

static void test_file(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autofree char *id = NULL, *text = NULL;
	gsize length;

	(void)unused;
	run(f, COMMIT "mkdir d; printf '\\000' >bin; git add bin; printf abc >d/a; git add d;"
		      "git commit -qm one");
	history = open_repo(f);
	id = id_of(f, "HEAD");
	text = xb_history_file(history, id, "d/a", 3, &length, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, "abc");
	g_assert_cmpuint(length, ==, 3);
	g_assert_null(xb_history_file(history, id, "d/b", 3, &length, &error));
	g_assert_null(xb_history_file(history, id, "d", 3, &length, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(length, ==, 0);
	g_assert_null(xb_history_file(history, id, "d/a", 2, &length, &error));
	g_assert_nonnull(strstr(error->message, "too large"));
	g_clear_error(&error);
	g_assert_null(xb_history_file(history, id, "bin", 3, &length, &error));
	g_assert_nonnull(strstr(error->message, "no text"));
}

/* As git diff-tree -r has it: a mode, a file that becomes a directory, directories that come
 * and go with all below them. */
static void test_trees_that_differ(Fixture *f, gconstpointer unused)
{
	static const char *const expected[] = { "gone/deep/x", "gone/y", "new/deep/z",
						"runs",        "turns",  "turns/into" };
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(GPtrArray) files = NULL, back = NULL;
	g_autofree char *a = NULL, *b = NULL;

	(void)unused;
	run(f,
	    COMMIT "mkdir -p gone/deep same/deep; c same/deep/s 1 one; c gone/deep/x 1 two;"
		   "c gone/y 1 three; c runs 1 four; c turns 1 five;"
		   "git rm -q -r gone turns; mkdir -p new/deep turns; chmod +x runs; git add runs;"
		   "echo 1 >new/deep/z; echo 1 >turns/into; git add new turns;"
		   "git commit -q -m six");
	history = open_repo(f);
	a = id_of(f, "HEAD~1");
	b = id_of(f, "HEAD");
	files = xb_history_diff_files(history, a, b, &error);
	g_assert_no_error(error);
	back = xb_history_diff_files(history, b, a, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(files->len, ==, G_N_ELEMENTS(expected));
	g_assert_cmpuint(back->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		g_assert_cmpstr(files->pdata[i], ==, expected[i]);
		g_assert_cmpstr(back->pdata[i], ==, expected[i]);
	}
}

static void test_revert(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autofree char *culprit = NULL, *tip = NULL, *patch = NULL, *path = NULL, *clash = NULL;
	g_autofree char *root = NULL, *content = NULL, *merge = NULL, *merge_patch = NULL;
	g_autofree char *before = NULL, *after = NULL;

	(void)unused;
	run(f, COMMIT "c a '1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n' root;"
		      "printf '\\000\\001' >bin; git add bin;"
		      "c a '1\\nCHANGED\\n3\\n4\\n5\\n6\\n7\\n8\\n' culprit; git tag culprit;"
		      "c a '1\\nCHANGED\\n3\\n4\\n5\\n6\\n7\\nlater\\n' later; git tag later;"
		      "git checkout -q -b side; c b 1 side; git checkout -q main;"
		      "git merge -q --no-ff -m merge side; git tag merge; c c 1 tip");
	history = open_repo(f);
	culprit = id_of(f, "culprit");
	tip = id_of(f, "main");
	before = sh(f, "find .git -printf '%p %T@ %s %i\\n' | sort");
	patch = xb_history_revert_patch(history, culprit, tip, &error);
	g_assert_no_error(error);
	/* The user's repository is as it was. */
	after = sh(f, "find .git -printf '%p %T@ %s %i\\n' | sort");
	g_assert_cmpstr(before, ==, after);
	path = g_build_filename(f->dir, "patch", NULL);
	g_assert_true(g_file_set_contents(path, patch, -1, NULL));
	run(f, "git apply --index ../patch; git commit -q -m reverted");
	content = sh(f, "test ! -e bin; cat a | tr '\\n' ' '");
	g_assert_cmpstr(content, ==, "1 2 3 4 5 6 7 later");
	/* A merge is reverted against its first parent. */
	merge = id_of(f, "merge");
	merge_patch = xb_history_revert_patch(history, merge, tip, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(merge_patch, "deleted file mode"));
	g_free(tip);
	tip = id_of(f, "main");
	assert_fails(xb_history_revert_patch(history, culprit, tip, &error), &error,
		     XB_HISTORY_ERROR_CONFLICT, "nothing of ");
	run(f, COMMIT "git checkout -q later; c a '1\\nAGAIN\\n3\\n' clash");
	clash = id_of(f, "HEAD");
	assert_fails(xb_history_revert_patch(history, culprit, clash, &error), &error,
		     XB_HISTORY_ERROR_CONFLICT, "conflicts with later changes in a");
	root = id_of(f, "culprit~1");
	assert_fails(xb_history_revert_patch(history, root, tip, &error), &error,
		     XB_HISTORY_ERROR_CONFLICT, "has no parent");
}

/* ---- speed ------------------------------------------------------------------------ */

/* 20,000 commits in the range and 5,000 before it, each tenth a merge of a side branch that is
 * nine commits long. */
static void make_large(const Fixture *f)
{
	g_autofree char *path = g_build_filename(f->dir, "import", NULL);
	GString *text = g_string_new(NULL);

	for (int i = 1; i <= 25000; i++) {
		g_string_append_printf(text,
				       "commit refs/heads/main\nmark :%d\n"
				       "committer C <c@example.org> %d +0000\ndata <<E\nc%d\nE\n",
				       i, 1000000000 + i * 60, i);
		if (i > 1)
			g_string_append_printf(text, "from :%d\n",
					       i % 10 == 1 ? MAX(1, i - 11) : i - 1);
		if (i % 10 == 0 && i > 20)
			g_string_append_printf(text, "merge :%d\n", i - 10);
		g_string_append_printf(text, "M 644 inline f\ndata <<E\n%d\nE\n\n", i);
	}
	g_assert_true(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
	g_string_free(text, TRUE);
	run(f, "git fast-import --quiet --force <../import");
}

static void test_large_range(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbRange) range = NULL;
	g_autoptr(GTimer) timer = NULL;
	g_autofree char *good = NULL, *bad = NULL, *count = NULL;

	(void)unused;
	make_large(f);
	good = sh(f, "git log --format=%H --grep='^c5000$' -1 main");
	bad = id_of(f, "main");
	count = sh(f, "git rev-list --count $(git log --format=%H --grep='^c5000$' -1 main)..main");
	history = open_repo(f);
	timer = g_timer_new();
	range = xb_history_range(history, good, bad, false, 100000, &error);
	g_test_message("%u commits in %.3f s", range != NULL ? range->commits->len : 0,
		       g_timer_elapsed(timer, NULL));
	g_assert_no_error(error);
	g_assert_cmpuint(range->commits->len, ==, 1 + strtoul(count, NULL, 10));
	g_assert_cmpuint(range->commits->len, >, 19000);
	assert_well_formed(range);
	g_assert_cmpstr(commit_at(range, range->commits->len - 1)->id, ==, bad);
}

#define ADD(name, function) g_test_add("/history/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	g_test_init(&argc, &argv, NULL);
	/* git as it comes: nobody's settings, and a name for the commits. */
	g_setenv("GIT_CONFIG_GLOBAL", "/dev/null", TRUE);
	g_setenv("GIT_CONFIG_NOSYSTEM", "1", TRUE);
	g_setenv("GIT_AUTHOR_NAME", "T", TRUE);
	g_setenv("GIT_AUTHOR_EMAIL", "t@example.org", TRUE);
	g_setenv("GIT_COMMITTER_NAME", "T", TRUE);
	g_setenv("GIT_COMMITTER_EMAIL", "t@example.org", TRUE);
	if (!xb_git_setup(&error))
		g_error("%s", error->message);
	ADD("revisions", test_revisions);
	ADD("where-repositories-are", test_where_repositories_are);
	ADD("linear-range", test_linear_range);
	ADD("range-with-a-merge", test_range_with_a_merge);
	ADD("ranges-that-are-none", test_ranges_that_are_none);
	ADD("shallow-clone", test_shallow_clone);
	ADD("damaged-repository", test_damaged_repository);
	ADD("facts", test_facts);
	ADD("files-that-differ", test_files_that_differ);
	ADD("trees-that-differ", test_trees_that_differ);
	ADD("lines-that-differ", test_lines_that_differ);
	ADD("a-file", test_file);
	ADD("revert", test_revert);
	ADD("large-range", test_large_range);
	return g_test_run();
}
