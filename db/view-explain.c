/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-explain.c - see view-explain.h. */
#include "view-explain.h"

#include <string.h>

#include "explain.h"

#define BOOTS_MAX 16 /* of one side: counts hardly differ between boots */

/* Counters of the boots of @node that count; a boot without any is left out. */
static GPtrArray *boots_of(XbDb *db, const XbJobData *data, int node)
{
	GPtrArray *boots = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

	for (guint i = 0; i < data->runs->len && boots->len < BOOTS_MAX; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);
		GPtrArray *counters;

		if (!role || role->node != node || role->revert ||
		    !xb_jobdata_run_counts(data, run))
			continue;
		counters = xb_db_counters(db, run->id, NULL);
		if (counters && counters->len > 0)
			g_ptr_array_add(boots, counters);
		else if (counters)
			g_ptr_array_unref(counters);
	}
	return boots;
}

/* The nodes that the verdict sets against each other. */
static bool nodes_of(const XbJobData *data, json_t *said, int nodes[2])
{
	const char *kind = json_string_value(json_object_get(said, "kind"));
	json_int_t culprit = json_integer_value(json_object_get(said, "culprit_node"));
	const XbJobCommit *commit;

	if (data->job->kind == XB_JOB_AB && g_strcmp0(kind, "different") == 0) {
		nodes[0] = 0;
		nodes[1] = 1;
		return data->commits->len > 1;
	}
	if (data->job->kind != XB_JOB_BISECT || g_strcmp0(kind, "culprit") != 0 || culprit <= 0 ||
	    culprit >= data->commits->len)
		return false;
	commit = data->commits->pdata[culprit];
	if (commit->parents->len == 0)
		return false;
	nodes[0] = g_array_index(commit->parents, int, 0);
	nodes[1] = (int)culprit;
	return true;
}

json_t *xb_view_explanation(XbDb *db, const XbJobData *data, json_t *said)
{
	bool ab = data->job->kind == XB_JOB_AB;
	g_autoptr(GPtrArray) base = NULL, test = NULL;
	int nodes[2];

	if (!nodes_of(data, said, nodes))
		return NULL;
	base = boots_of(db, data, nodes[0]);
	test = boots_of(db, data, nodes[1]);
	const XbExplainSide sides[2] = {
		{ .word = ab ? "the base" : "the parent", .boots = base },
		{ .word = ab ? "the test" : "the culprit", .boots = test },
	};
	return xb_explain(data->metric, &sides[0], &sides[1]);
}
