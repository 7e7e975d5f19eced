/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.h - what the daemon reads from a repository, through a mirror of
 * its own (mirror.h): revisions, ranges as graphs, one commit's facts, a
 * revert as a patch. Nothing is ever written to the user's repository and
 * nothing from it is executed.
 */
#ifndef XB_HISTORY_H
#define XB_HISTORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct XbHistory XbHistory;

#define XB_HISTORY_ERROR xb_history_error_quark()
GQuark xb_history_error_quark(void);
typedef enum {
	XB_HISTORY_ERROR_OPEN,     /* no repository there, or unreadable */
	XB_HISTORY_ERROR_REVISION, /* unknown; the message names the nearest refs */
	XB_HISTORY_ERROR_RANGE,    /* GOOD no ancestor of BAD (message names the merge base it
				    * would need), empty, reversed (says so), too large */
	XB_HISTORY_ERROR_OBJECT,   /* missing (shallow or partial clone) or corrupt */
	XB_HISTORY_ERROR_CONFLICT, /* the revert does not apply */
} XbHistoryError;

/* @repo_path: a directory inside a repository or a repository; searched upwards when
 * @discover. @mirrors_dir: where mirrors are kept. */
XbHistory *xb_history_open(const char *mirrors_dir, const char *repo_path, bool discover,
			   GError **error);
void xb_history_free(XbHistory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbHistory, xb_history_free)
const char *xb_history_repo_path(const XbHistory *self); /* absolute, canonical */

/* Resolve to a commit: 40 hex, caller frees. Refs are those of the user's repository. */
char *xb_history_resolve(XbHistory *self, const char *revision, GError **error);

typedef struct {
	char id[41], tree[41];
	char *subject;   /* made safe to show */
	GArray *parents; /* of int: nodes, each smaller than its own; folded to 0 outside the range
			  */
} XbRangeCommit;
typedef struct {
	GPtrArray *commits; /* XbRangeCommit*, topological, [0] = GOOD, last = BAD */
} XbRange;
void xb_range_free(XbRange *range);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbRange, xb_range_free)

/* All commits reachable from @bad and not from @good, and @good itself as node 0.
 * @first_parent: only the first-parent chain. Commits that are not ancestors of @bad are not
 * there. @max: refuse larger ranges. */
XbRange *xb_history_range(XbHistory *self, const char *good, const char *bad, bool first_parent,
			  guint max, GError **error);

typedef struct {
	char id[41], tree[41];
	char *subject, *author, *email, *message; /* safe to show */
	int64_t time;                             /* author's, Unix seconds */
	char *diffstat;                           /* against the first parent; text */
	GPtrArray
		*files; /* char*: paths that differ from the first parent, both sides of renames */
} XbCommitFacts;
void xb_commit_facts_free(XbCommitFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbCommitFacts, xb_commit_facts_free)
XbCommitFacts *xb_history_facts(XbHistory *self, const char *commit, GError **error);

typedef struct {
	char id[41];
	char *subject; /* made safe to show */
	int64_t time;  /* committer's, Unix seconds */
} XbLineCommit;
/* @tip and its first parents, newest first, up to the one that is in @known (a set of 40 hex;
 * NULL: none), which is not in the list but in *@met (caller frees; NULL when none was met), at
 * most @max of them. XbLineCommit*; NULL with @error. */
GPtrArray *xb_history_line(XbHistory *self, const char *tip, GHashTable *known, guint max,
			   char **met, GError **error);

/* Paths (char*) that differ between two commits' trees. */
GPtrArray *xb_history_diff_files(XbHistory *self, const char *a, const char *b, GError **error);

/* Lines that were replaced: the first, from 1, and how many; none of one side: those of the other
 * were put in behind line @first (or taken out there). */
typedef struct {
	guint old_first, old_lines, new_first, new_lines;
} XbHunk;
typedef struct {
	char *old_text, *new_text; /* NULL: the file is not there; not safe to show */
	gsize old_length, new_length;
	GArray *hunks; /* XbHunk */
} XbFileChange;
void xb_file_change_free(XbFileChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbFileChange, xb_file_change_free)
/* How the file @path differs between two commits. NULL with @error; also for a file of more than
 * @max bytes, and for what is no text. */
XbFileChange *xb_history_file_change(XbHistory *self, const char *a, const char *b,
				     const char *path, gsize max, GError **error);

/* The text of @path in @commit. Caller frees. NULL with @error as above; NULL without one when
 * there is no such file. */
char *xb_history_file(XbHistory *self, const char *commit, const char *path, gsize max,
		      gsize *length, GError **error);

/* What @commit changed against its first parent, as unified diff text, safe to show, at most
 * @max bytes; "" for a root. Caller frees. */
char *xb_history_patch(XbHistory *self, const char *commit, gsize max, GError **error);

/* The patch (unified diff text) that reverts @commit on top of @onto; for a merge against its
 * first parent. CONFLICT when it does not apply. Caller frees. */
char *xb_history_revert_patch(XbHistory *self, const char *commit, const char *onto,
			      GError **error);

#endif
