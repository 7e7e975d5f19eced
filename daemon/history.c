/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.c - opening a repository through its mirror, and revisions; see
 * history.h.
 */
#include "history.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "history-private.h"
#include "text.h"

GQuark xb_history_error_quark(void)
{
	return g_quark_from_static_string("xb-history-error");
}

/* ---- opening ------------------------------------------------------------------ */

XbHistory *xb_history_open(const char *mirrors_dir, const char *repo_path, bool discover,
			   GError **error)
{
	g_autofree char *path = xb_refs_discover(repo_path, discover);
	g_autofree char *key = NULL, *mirror_dir = NULL;
	g_autoptr(XbHistory) self = NULL;
	g_autoptr(GError) problem = NULL;

	if (path == NULL) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OPEN,
			    "there is no git repository %s %s", discover ? "at or above" : "at",
			    repo_path);
		return NULL;
	}
	self = g_new0(XbHistory, 1);
	key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1);
	mirror_dir = g_strdup_printf("%s/%.24s", mirrors_dir, key);
	self->repo = xb_mirror_open(mirror_dir, path, &problem);
	if (self->repo == NULL) {
		g_set_error_literal(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OPEN,
				    problem->message);
		return NULL;
	}
	/* the least recently used mirrors are removed some day (space.c) */
	utimensat(AT_FDCWD, mirror_dir, NULL, 0);
	self->refs = xb_refs_open(path);
	if (self->refs == NULL) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OPEN,
			    "the git repository at %s has gone", path);
		return NULL;
	}
	self->shallow = xb_refs_shallow(self->refs);
	self->path = g_steal_pointer(&path);
	return g_steal_pointer(&self);
}

void xb_history_free(XbHistory *self)
{
	if (self == NULL)
		return;
	git_repository_free(self->repo);
	xb_refs_free(self->refs);
	g_clear_pointer(&self->shallow, g_hash_table_unref);
	g_free(self->path);
	g_free(self);
}

const char *xb_history_repo_path(const XbHistory *self)
{
	return self->path;
}

/* ---- objects ------------------------------------------------------------------ */

bool xb_history_object_error(XbHistory *self, const char *what, int result, GError **error)
{
	const git_error *last = git_error_last();
	g_autofree char *reason = xb_text_safe(
		last != NULL && last->message != NULL ? last->message : "unknown", -1, 300, false);

	if (result == GIT_ENOTFOUND && g_hash_table_size(self->shallow) > 0)
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OBJECT,
			    "%s is not in %s, which is a shallow clone: deepen it with "
			    "git fetch --unshallow",
			    what, self->path);
	else if (result == GIT_ENOTFOUND)
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OBJECT,
			    "%s is missing in %s: it is a partial clone or damaged, git fsck "
			    "tells which",
			    what, self->path);
	else
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_OBJECT,
			    "%s cannot be read from %s (%s): check it with git fsck", what,
			    self->path, reason);
	return false;
}

git_commit *xb_history_commit(XbHistory *self, const git_oid *id, GError **error)
{
	char hex[GIT_OID_HEXSZ + 1];
	g_autofree char *what = NULL;
	git_commit *commit = NULL;
	int result = git_commit_lookup(&commit, self->repo, id);

	if (result == 0)
		return commit;
	what = g_strdup_printf("commit %s", git_oid_tostr(hex, sizeof(hex), id));
	xb_history_object_error(self, what, result, error);
	return NULL;
}

git_commit *xb_history_commit_of(XbHistory *self, const char *hex, GError **error)
{
	git_oid id;

	if (git_oid_fromstrp(&id, hex) != 0 || strlen(hex) != GIT_OID_HEXSZ) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_REVISION,
			    "\"%s\" is no commit id", hex);
		return NULL;
	}
	return xb_history_commit(self, &id, error);
}

char *xb_history_subject(git_commit *commit)
{
	const char *message = git_commit_message(commit);
	gsize length;

	message += strspn(message, " \t\r\n");
	length = strcspn(message, "\r\n");
	return xb_text_safe(message, (gssize)length, XB_SUBJECT_MAX, false);
}

/* ---- revisions ---------------------------------------------------------------- */

static char *unknown_revision(XbHistory *self, const char *revision, const char *name,
			      GError **error)
{
	g_autofree char *safe = xb_text_safe(revision, -1, 200, false);
	g_autoptr(GPtrArray) near = xb_refs_nearest(self->refs, name, 3);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < near->len; i++) {
		g_autofree char *shown = xb_text_safe(near->pdata[i], -1, 200, false);

		g_string_append_printf(text, "%s%s",
				       i == 0               ? "; did you mean "
				       : i == near->len - 1 ? " or "
							    : ", ",
				       shown);
	}
	g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_REVISION,
		    "unknown revision \"%s\" in %s%s%s", safe, self->path, text->str,
		    near->len > 0 ? "?" : "");
	return NULL;
}

static char *revision_error(GError **error, const char *revision, const char *problem)
{
	g_autofree char *safe = xb_text_safe(revision, -1, 200, false);

	g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_REVISION, "revision \"%s\" %s", safe,
		    problem);
	return NULL;
}

/* The commit that @expression, in which a ref's name is an id already, leads to. */
static char *resolve_expression(XbHistory *self, const char *revision, const char *name,
				bool name_known, const char *expression, GError **error)
{
	g_autoptr(git_object) object = NULL, commit = NULL;
	char hex[GIT_OID_HEXSZ + 1];
	int result = git_revparse_single(&object, self->repo, expression);

	if (result == 0)
		result = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (result == 0)
		return g_strdup(git_oid_tostr(hex, sizeof(hex), git_object_id(commit)));
	/* of fewer than four digits libgit2 says so without a look */
	if (result == GIT_EAMBIGUOUS && strlen(name) < GIT_OID_MINPREFIXLEN)
		return unknown_revision(self, revision, name, error);
	if (result == GIT_EAMBIGUOUS)
		return revision_error(error, revision, "is ambiguous: give more of its digits");
	if (object != NULL)
		return revision_error(error, revision, "does not name a commit");
	if (!name_known && (result == GIT_ENOTFOUND || result == GIT_EINVALIDSPEC))
		return unknown_revision(self, revision, name, error);
	if (result == GIT_ENOTFOUND && g_hash_table_size(self->shallow) > 0)
		return revision_error(error, revision,
				      "leads beyond this shallow clone: deepen it with git fetch "
				      "--unshallow");
	if (result == GIT_ENOTFOUND)
		return revision_error(error, revision, "leads beyond the history");
	if (result == GIT_EINVALIDSPEC)
		return revision_error(error, revision, "is no valid expression");
	xb_history_object_error(self, revision, result, error);
	return NULL;
}

/* The name that a revision begins with ("v6.1" of "v6.1~2^{commit}"). */
static gsize name_length(const char *revision)
{
	const char *reflog = strstr(revision, "@{");
	gsize length = strcspn(revision, "~^:");

	return reflog != NULL ? MIN(length, (gsize)(reflog - revision)) : length;
}

char *xb_history_resolve(XbHistory *self, const char *revision, GError **error)
{
	gsize length = name_length(revision);
	g_autofree char *name = g_strndup(revision, length);
	g_autofree char *expression = NULL;
	char hex[GIT_OID_HEXSZ + 1];
	git_oid id;
	bool known;

	if (*revision == '\0' || strlen(revision) > 4096 || !g_utf8_validate(revision, -1, NULL))
		return revision_error(error, revision, "is no valid expression");
	/* A search may take minutes, and its pattern is the asker's. */
	if (*revision == ':' || strstr(revision, "^{/") != NULL)
		return revision_error(error, revision,
				      "searches messages, which is not done here: name a branch, "
				      "a tag or a commit id");
	if (g_str_has_prefix(revision + length, "@{"))
		return revision_error(error, revision,
				      "asks for a reflog or an upstream, which are not read: name "
				      "a branch, a tag or a commit id");
	/* As git: forty digits are an id, whatever a ref may be called. */
	known = !(strlen(name) == GIT_OID_HEXSZ && git_oid_fromstr(&id, name) == 0) &&
		xb_refs_lookup(self->refs, g_str_equal(name, "@") ? "HEAD" : name, &id);
	expression =
		known ? g_strconcat(git_oid_tostr(hex, sizeof(hex), &id), revision + length, NULL)
		      : g_strdup(revision);
	return resolve_expression(self, revision, name, known, expression, error);
}
