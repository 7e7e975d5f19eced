/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-line.c - a branch by its first parents; see history.h.
 */
#include "history-private.h"

static void free_line_commit(void *data)
{
	XbLineCommit *commit = data;

	g_free(commit->subject);
	g_free(commit);
}

static XbLineCommit *line_commit_new(git_commit *commit)
{
	XbLineCommit *self = g_new0(XbLineCommit, 1);

	git_oid_tostr(self->id, sizeof(self->id), git_commit_id(commit));
	self->subject = xb_history_subject(commit);
	self->time = git_commit_time(commit);
	return self;
}

GPtrArray *xb_history_line(XbHistory *self, const char *tip, GHashTable *known, guint max,
			   char **met, GError **error)
{
	g_autoptr(GPtrArray) line = g_ptr_array_new_with_free_func(free_line_commit);
	g_autoptr(git_commit) commit = xb_history_commit_of(self, tip, error);

	*met = NULL;
	if (commit == NULL)
		return NULL;
	while (line->len < max) {
		char hex[GIT_OID_HEXSZ + 1];
		git_commit *parent;

		git_oid_tostr(hex, sizeof(hex), git_commit_id(commit));
		if (known != NULL && g_hash_table_contains(known, hex)) {
			*met = g_strdup(hex);
			break;
		}
		g_ptr_array_add(line, line_commit_new(commit));
		if (git_commit_parentcount(commit) == 0 ||
		    g_hash_table_contains(self->shallow, git_commit_id(commit)))
			break;
		parent = xb_history_commit(self, git_commit_parent_id(commit, 0), error);
		if (parent == NULL) {
			g_clear_pointer(met, g_free);
			return NULL;
		}
		git_commit_free(commit);
		commit = parent;
	}
	return g_steal_pointer(&line);
}
