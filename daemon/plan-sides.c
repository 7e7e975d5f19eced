/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-sides.c - the sides of a comparison: their images, failures and boots. */
#include "plan-sides.h"

#include <math.h>

#include "ab.h"
#include "outcome.h"
#include "variants.h"

const char *xb_side_word(const XbJobData *data, guint node)
{
	static const char *const words[] = { "base", "test" };
	const char *name =
		json_string_value(json_array_get(json_object_get(data->spec, "names"), node));

	return name ? name : words[MIN(node, 1)];
}

char *xb_side_name(const XbJobData *data, guint node)
{
	const XbJobCommit *commit = data->commits->pdata[node];

	return data->commits->len == 1
		       ? g_strdup_printf("%.40s", commit->label)
		       : g_strdup_printf("%s (%.40s)", xb_side_word(data, node), commit->label);
}

char *xb_side_failure(const XbJobData *data, GHashTable *tallies, guint node, bool deterministic)
{
	const XbVariant *variant = data->variants->pdata[node];
	const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
	g_autofree char *name = xb_side_name(data, node);

	if (variant->state == XB_VARIANT_BUILD_FAILED)
		return g_strdup_printf("%s does not build: %s", name, variant->detail);
	if (xb_tally_unbootable(tally, deterministic))
		return g_strdup_printf("%s cannot be measured: %s", name,
				       tally->last_failure ? tally->last_failure : "host trouble");
	if (tally && tally->build_trouble >= XB_TROUBLES_MAX && !tally->active_builds)
		return g_strdup_printf("building %s failed %u times for reasons of this machine, "
				       "the last time: %s",
				       name, tally->build_trouble, tally->last_build_trouble);
	return NULL;
}

bool xb_sides_want_images(const XbJobData *data, GHashTable *tallies, const XbCapacity *capacity,
			  const bool *left_out, XbPlanned *out)
{
	guint free_builders = capacity->free_builders;
	bool ready = true;

	for (guint i = 0; i < data->variants->len; i++) {
		const XbVariant *variant = data->variants->pdata[i];
		const XbTally *tally = g_hash_table_lookup(tallies, &variant->id);
		bool there = variant->state == XB_VARIANT_BUILT &&
			     (variant->dir || xb_variant_is_image(variant));

		if (there || (left_out && left_out[i]))
			continue;
		ready = false;
		if (!(tally && tally->active_builds) && free_builders > 0) {
			xb_want_add(out->wants, XB_RUN_BUILD, variant, (int)i, 0, "ab",
				    "its image is needed");
			free_builders--;
		}
	}
	return ready;
}

GPtrArray *xb_side_runs(const XbJobData *data, guint node, bool deterministic)
{
	GPtrArray *runs = g_ptr_array_new();

	for (guint i = 0; i < data->runs->len; i++) {
		XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);

		if (role && (guint)role->node == node &&
		    (xb_jobdata_run_counts(data, run) || xb_jobdata_run_is_void(data, run)) &&
		    (deterministic || run->job_id == data->job->id))
			g_ptr_array_add(runs, run);
	}
	return runs;
}

guint xb_side_boots(const GPtrArray *runs)
{
	guint n = 0;

	for (guint i = 0; runs && i < runs->len; i++)
		n += ((const XbRun *)runs->pdata[i])->outcome == XB_OUTCOME_OK;
	return n;
}

/* ---- what a job would cost ------------------------------------------------------- */

static json_t *list_sides(const XbJobData *data)
{
	json_t *list = json_array();

	for (guint i = 0; i < data->commits->len; i++) {
		const XbJobCommit *commit = data->commits->pdata[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name",
						      xb_side_word(data, i), "commit",
						      commit->label, "subject", commit->subject));
	}
	return list;
}

static guint count_builds(const XbJobData *data)
{
	g_autoptr(GHashTable) missing = g_hash_table_new(g_int64_hash, g_int64_equal);

	for (guint i = 0; i < data->variants->len; i++) {
		XbVariant *variant = data->variants->pdata[i];

		if (!xb_variant_is_image(variant) &&
		    (variant->state == XB_VARIANT_UNBUILT ||
		     (variant->state == XB_VARIANT_BUILT && !variant->dir)))
			g_hash_table_add(missing, &variant->id);
	}
	return g_hash_table_size(missing);
}

guint xb_sides_boots_asked(const XbJobData *data, bool deterministic)
{
	return (guint)xb_spec_number(data, "boots", deterministic ? 1 : 3);
}

void xb_sides_estimate(const XbJobData *data, const XbCapacity *capacity, const XbPlanned *planned,
		       json_t *estimate)
{
	const XbAbOptions options = { .fixed_boots = (guint)xb_spec_number(data, "boots", 0) };
	guint sides = planned->decided ? 0 : data->commits->len;
	guint builds = planned->decided ? 0 : count_builds(data);
	guint least, most;
	double seconds;

	xb_ab_bounds(&options, &least, &most);
	if (data->job->kind == XB_JOB_MEASURE)
		least = most = xb_sides_boots_asked(data, capacity->deterministic);
	seconds = builds * capacity->build_s / MAX(capacity->builders, 1) +
		  sides * least * capacity->boot_s / MAX(capacity->hosts, 1);
	json_object_set_new(estimate, "sides", list_sides(data));
	json_object_set_new(estimate, "builds", json_integer(builds));
	json_object_set_new(estimate, "boots", json_integer(sides * least));
	json_object_set_new(estimate, "boots_most", json_integer(sides * most));
	json_object_set_new(estimate, "steps_left", json_integer(builds + sides * least));
	json_object_set_new(estimate, "seconds_left", json_real(seconds));
}

json_t *xb_json_number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}
