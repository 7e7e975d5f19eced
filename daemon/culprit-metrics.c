/* SPDX-License-Identifier: GPL-2.0-or-later */
/* culprit-metrics.c - see culprit-metrics.h. */
#include "culprit-metrics.h"

#include "ab-metrics.h"

/* One that the culprit was confirmed against, else its first; -1: it has none in the range. */
static int parent_of(const XbJobData *data, int culprit)
{
	const GArray *parents = ((XbJobCommit *)data->commits->pdata[culprit])->parents;

	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];

		for (guint k = 0; !image->revert && k < parents->len; k++)
			if (g_array_index(parents, int, k) == image->node)
				return image->node;
	}
	return parents->len > 0 ? g_array_index(parents, int, 0) : -1;
}

/* Boots of the commit as it is, rebuilt clean or not; those that the verdict counts. */
static GPtrArray *boots_of(const XbJobData *data, int node)
{
	GPtrArray *runs = g_ptr_array_new();

	for (guint i = 0; i < data->runs->len; i++) {
		XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);

		if (role && role->node == node && !role->revert &&
		    xb_jobdata_run_counts(data, run) && !xb_jobdata_run_is_refuted(data, run))
			g_ptr_array_add(runs, run);
	}
	return runs;
}

bool xb_culprit_add_metrics(XbDaemon *daemon, const XbJobData *data, json_t *verdict,
			    GError **error)
{
	int culprit = (int)json_integer_value(json_object_get(verdict, "culprit_node"));
	int parent =
		culprit > 0 && (guint)culprit < data->commits->len ? parent_of(data, culprit) : -1;
	XbAbOptions options = { .confidence = xb_spec_number(data, "confidence", 0.99),
				.resolve = xb_spec_number(data, "min_effect", 0.01) };
	const guint none[2] = { 0, 0 };
	g_autoptr(GPtrArray) base = NULL, test = NULL;
	g_autoptr(XbAbMetrics) metrics = NULL;
	XbAbPlan plan = { 0 };
	guint n_base, n_test;
	json_t *rows;

	if (parent < 0)
		return true;
	base = boots_of(data, parent);
	test = boots_of(data, culprit);
	if (base->len == 0 || test->len == 0)
		return true;
	GPtrArray *const runs[2] = { base, test };
	metrics = xb_ab_metrics_read(daemon->db, data, runs, error);
	if (!metrics)
		return false;
	const XbAbBoot *before = xb_ab_metrics_own(metrics, 0, &n_base);
	const XbAbBoot *after = xb_ab_metrics_own(metrics, 1, &n_test);
	/* there will be no more of them: one look, now */
	options.fixed_boots = MAX(1, MIN(n_base, n_test));
	xb_plan_ab(&options, before, n_base, after, n_test, none, &plan);
	rows = xb_ab_metrics_rows(metrics, &options, &plan);
	if (json_array_size(rows) > 1)
		json_object_set(verdict, "metrics", rows);
	json_decref(rows);
	return true;
}
