/* SPDX-License-Identifier: GPL-2.0-or-later */
/* culprit.c - see culprit.h. */
#include "culprit.h"

#include "history.h"

#define PATCH_MAX ((gsize)256 * 1024)

bool xb_culprit_keep(XbDaemon *daemon, const XbJobData *data, json_t *verdict, GError **error)
{
	json_t *first = json_array_get(json_object_get(verdict, "commits"), 0);
	const char *commit = json_string_value(json_object_get(first, "id"));
	g_autofree char *mirrors = xb_state_path(daemon, "mirrors", NULL);
	g_autofree char *patch = NULL, *text = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbCommitFacts) facts = NULL;
	g_autoptr(json_t) object = NULL;
	g_autoptr(GError) problem = NULL;

	if (!commit || xb_spec_bool(data, "images"))
		return true;
	history = xb_history_open(mirrors, xb_spec_string(data, "repo"), false, &problem);
	facts = history ? xb_history_facts(history, commit, &problem) : NULL;
	if (!facts) {
		xb_journal(daemon, data->job->id, "the culprit's commit cannot be read: %s",
			   problem->message);
		return true;
	}
	patch = xb_history_patch(history, commit, PATCH_MAX, NULL);
	object = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:s}", "commit", facts->id, "subject",
			   facts->subject, "author", facts->author, "email", facts->email, "date",
			   (json_int_t)facts->time, "message", facts->message, "diffstat",
			   facts->diffstat ? facts->diffstat : "");
	text = json_dumps(object, JSON_COMPACT);
	const XbCulprit culprit = { text, patch ? patch : (char *)"" };
	return xb_db_culprit_set(daemon->db, data->job->id, &culprit, error);
}
