/* SPDX-License-Identifier: GPL-2.0-or-later */
/* culprit.c - see culprit.h. */
#include "culprit.h"

#include <string.h>

#include "history.h"
#include "text.h"

#define PATCH_MAX       ((gsize)256 * 1024)
#define MAINTAINERS_MAX ((gsize)64 * 1024)

/* The lines that the builder wrote beside the culprit's clean image; empty without. */
static json_t *maintainers(const XbJobData *data, const char *commit)
{
	json_t *list = json_array();

	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];
		const XbVariant *variant = data->image_variants->pdata[i];
		const XbJobCommit *node = data->commits->pdata[image->node];
		g_autoptr(json_t) artifact = NULL;
		g_autofree char *path = NULL, *text = NULL;
		g_auto(GStrv) lines = NULL;
		const char *name;
		gsize length;

		if (image->revert || !variant || !variant->dir || !variant->artifact ||
		    strcmp(node->label, commit) != 0)
			continue;
		artifact = json_loads(variant->artifact, 0, NULL);
		name = json_string_value(json_object_get(artifact, "maintainers"));
		if (!name || strchr(name, '/') || *name == '.')
			continue;
		path = g_build_filename(variant->dir, name, NULL);
		if (!g_file_get_contents(path, &text, &length, NULL) || length > MAINTAINERS_MAX)
			continue;
		lines = g_strsplit(text, "\n", -1);
		for (char **line = lines; *line; line++) {
			g_autofree char *safe = xb_text_safe(*line, -1, 300, false);

			if (*safe)
				json_array_append_new(list, json_string(safe));
		}
	}
	return list;
}

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
	json_object_set_new(object, "maintainers", maintainers(data, commit));
	text = json_dumps(object, JSON_COMPACT);
	const XbCulprit culprit = { text, patch ? patch : (char *)"" };
	return xb_db_culprit_set(daemon->db, data->job->id, &culprit, error);
}
