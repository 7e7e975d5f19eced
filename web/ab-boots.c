/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ab-boots.c - see ab-boots.h. */
#include "ab-boots.h"

#include <string.h>

const char *xb_ab_name(const XbJobData *data, guint side)
{
	static const char *const words[] = { "base", "test" };
	json_t *names = json_object_get(data->spec, "names");
	const char *name = json_string_value(json_array_get(names, side));

	return name ? name : words[MIN(side, 1)];
}

XbStrip *xb_ab_side(XbPage *page, const XbJobData *data, guint side, const char *metric)
{
	const XbJobCommit *commit = xb_jobdata_commit(data, side);
	g_autofree char *id = xb_short_id(commit->label);
	g_autofree char *label = data->commits->len > 1
					 ? g_strdup_printf("%s: %s", xb_ab_name(data, side), id)
					 : g_strdup(id);
	XbStrip *strip = xb_strip_new(label, side ? "test" : "base");
	bool own = g_strcmp0(metric, data->metric) == 0;

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);
		g_autoptr(GArray) samples = NULL, values = NULL;

		if (!role || role->node != (int)side || !xb_jobdata_run_is_used(data, run))
			continue;
		if (own) {
			xb_strip_add(strip, run->id, g_hash_table_lookup(data->samples, &run->id));
			continue;
		}
		samples = xb_db_samples(page->db, run->id, metric, NULL);
		values = g_array_new(FALSE, FALSE, sizeof(double));
		for (guint s = 0; samples && s < samples->len; s++)
			g_array_append_val(values, g_array_index(samples, XbSample, s).value);
		if (values->len)
			xb_strip_add(strip, run->id, values);
	}
	return strip;
}

GArray *xb_ab_metrics(XbPage *page, const XbJobData *data)
{
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];

		if (xb_jobdata_run_is_used(data, run))
			return xb_db_samples(page->db, run->id, NULL, NULL);
	}
	return NULL;
}

const char *xb_ab_plotted(XbPage *page, const XbJobData *data, const GArray *metrics,
			  const char **unit)
{
	const char *asked = xb_web_query(page->request, "metric");

	for (guint i = 0; asked && metrics && i < metrics->len; i++) {
		const XbSample *sample = &g_array_index(metrics, XbSample, i);

		if (strcmp(sample->metric, asked) == 0) {
			*unit = sample->unit;
			return sample->metric;
		}
	}
	*unit = xb_spec_string(data, "unit");
	return data->metric;
}
