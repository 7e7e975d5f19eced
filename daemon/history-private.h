/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-private.h - what the files of the history share.
 */
#ifndef XB_HISTORY_PRIVATE_H
#define XB_HISTORY_PRIVATE_H

#include "history.h"
#include "history-refs.h"
#include "mirror.h"

#define XB_SUBJECT_MAX 200

struct XbHistory {
	git_repository *repo; /* the mirror */
	char *path;           /* of the user's repository */
	XbRefs *refs;
	GHashTable *shallow; /* set of git_oid; usually empty */
};

/* Look up a commit; NULL with OBJECT and a sentence: missing, shallow or corrupt. */
git_commit *xb_history_commit(XbHistory *self, const git_oid *id, GError **error);

/* The same of 40 hex digits. */
git_commit *xb_history_commit_of(XbHistory *self, const char *hex, GError **error);

/* Set OBJECT with the sentence about what could not be read. False always. */
bool xb_history_object_error(XbHistory *self, const char *what, int result, GError **error);

/* Paths (char*), sorted, that differ between two trees; NULL with @error. */
GPtrArray *xb_history_tree_files(XbHistory *self, const git_tree *a, const git_tree *b,
				 GError **error);

/* The commit's subject made safe to show. Caller frees. */
char *xb_history_subject(git_commit *commit);

#endif
