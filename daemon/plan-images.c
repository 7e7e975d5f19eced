/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-images.h"

#include <string.h>

#include "history.h"
#include "variants.h"

const XbVariant *xb_plan_image(const XbJobData *data, guint node, bool revert, bool *known)
{
	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];
		if (image->node == (int)node && image->revert == revert) {
			*known = true;
			return data->image_variants->pdata[i];
		}
	}
	*known = false;
	return NULL;
}

/* The recipe of @node, built clean. */
static int64_t ensure_clean(XbDaemon *daemon, const XbJobData *data, guint node, GError **error)
{
	const XbVariant *variant = data->variants->pdata[node];
	g_autoptr(json_t) source = json_loads(variant->source, 0, NULL);
	XbRecipe recipe;

	if (!xb_recipe_unpack(source, &recipe)) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT, "variant %lld: bad recipe",
			    (long long)variant->id);
		return -1;
	}
	recipe.clean = true;
	return xb_variant_of_recipe(daemon, &recipe, error);
}

/* BAD with the culprit reverted, as a patch in the recipe. 0: it does not apply (@detail). */
static int64_t ensure_revert(XbDaemon *daemon, const XbJobData *data, guint node, char **detail,
			     GError **error)
{
	const XbVariant *tip = data->variants->pdata[data->commits->len - 1];
	const XbJobCommit *culprit = data->commits->pdata[node];
	g_autoptr(json_t) source = json_loads(tip->source, 0, NULL);
	g_autofree char *mirrors = xb_state_path(daemon, "mirrors", NULL);
	g_autoptr(XbHistory) history = NULL;
	g_autofree char *patch = NULL, *blob = NULL;
	g_autoptr(json_t) patches = NULL;
	g_autoptr(GError) conflict = NULL;
	XbRecipe recipe;

	if (!xb_recipe_unpack(source, &recipe)) {
		*detail = g_strdup("the recipe of the tip is damaged");
		return 0;
	}
	history = xb_history_open(mirrors, recipe.repo, false, &conflict);
	if (history)
		patch = xb_history_revert_patch(history, culprit->label, recipe.commit, &conflict);
	if (!patch) {
		*detail = g_strdup(conflict->message);
		return 0;
	}
	blob = xb_blob_store(daemon, patch, strlen(patch), error);
	if (!blob)
		return -1;
	patches = json_copy(recipe.patches);
	json_array_append_new(patches, json_string(blob));
	recipe.patches = patches;
	return xb_variant_of_recipe(daemon, &recipe, error);
}

bool xb_plan_image_add(XbDaemon *daemon, const XbJobData *data, guint node, bool revert,
		       GError **error)
{
	XbJobImage image = { (int)node, revert, 0, NULL };
	g_autofree char *detail = NULL;
	int64_t id = image.revert ? ensure_revert(daemon, data, node, &detail, error)
				  : ensure_clean(daemon, data, node, error);

	if (id < 0)
		return false;
	if (id == 0)
		xb_journal(daemon, data->job->id, "the revert is not tried: %s", detail);
	image.variant_id = id;
	image.detail = detail ? detail : (char *)"";
	xb_daemon_poke(daemon);
	return xb_db_job_image_add(daemon->db, data->job->id, &image, error);
}
