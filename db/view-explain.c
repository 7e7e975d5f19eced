/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-explain.c - see view-explain.h. */
#include "view-explain.h"

#include "explain.h"
#include "profile-view.h"

#define BOOTS_MAX 16 /* of one side: counts hardly differ between boots */

/* Whether the image of @role is that of @node, built for the search or clean: where commits or jobs
 * share an image, its boots stand at the first node that has it. */
static bool is_image_of(const XbJobData *data, const XbRole *role, int node)
{
	const XbVariant *normal = data->variants->pdata[node];

	if (role->node == node || (normal && role->image_class != 0 &&
				   xb_jobdata_class(data, normal) == role->image_class))
		return true;
	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];
		const XbVariant *variant = data->image_variants->pdata[i];

		if (image->node == node && !image->revert && variant && role->image_class != 0 &&
		    xb_jobdata_class(data, variant) == role->image_class)
			return true;
	}
	return false;
}

/* Counters of the boots of @node's image that count; a boot without any is left out. */
static GPtrArray *boots_of(XbDb *db, const XbJobData *data, int node)
{
	GPtrArray *boots = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

	for (guint i = 0; i < data->runs->len && boots->len < BOOTS_MAX; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);
		GPtrArray *counters;

		if (!role || role->revert || !xb_jobdata_run_counts(data, run) ||
		    !is_image_of(data, role, node))
			continue;
		counters = xb_db_counters(db, run->id, NULL);
		if (counters && counters->len > 0)
			g_ptr_array_add(boots, counters);
		else if (counters)
			g_ptr_array_unref(counters);
	}
	return boots;
}

static json_t *explain_counters(XbDb *db, const XbJobData *data, const int nodes[2])
{
	bool ab = data->job->kind == XB_JOB_AB;
	g_autoptr(GPtrArray) base = boots_of(db, data, nodes[0]);
	g_autoptr(GPtrArray) test = boots_of(db, data, nodes[1]);
	const XbExplainSide sides[2] = {
		{ .word = ab ? "the base" : "the parent", .boots = base },
		{ .word = ab ? "the test" : "the culprit", .boots = test },
	};

	return xb_explain(data->metric, &sides[0], &sides[1]);
}

json_t *xb_view_explanation(XbDb *db, const XbJobData *data, json_t *said)
{
	int nodes[2];

	return xb_profile_sides(data, said, nodes) ? explain_counters(db, data, nodes) : NULL;
}

json_t *xb_view_explanation_of(XbDb *db, const XbJobData *data, const int nodes[2])
{
	json_t *explanation = explain_counters(db, data, nodes);
	json_t *profile = xb_profile_view(db, data, nodes);

	if (profile) {
		if (!explanation)
			explanation = json_object();
		json_object_set_new(explanation, "profile", profile);
	}
	return explanation;
}
