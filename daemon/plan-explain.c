/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-explain.c - see plan-explain.h. */
#include "plan-explain.h"

#include <string.h>

#include "profile-view.h"
#include "variants.h"

#define TRIES_MAX     2
#define PATH_COMMITS  16   /* fewer that can matter are searched without */
#define PATH_OVERHEAD 1.25 /* of a boot that counts */

const char *xb_explain_mode(const XbHostConfig *host)
{
	const char *mode = json_string_value(json_object_get(host->settings, "profile"));

	if (!mode)
		return strcmp(host->driver, "qemu") == 0 ? "stacks" : NULL;
	return strcmp(mode, "no") != 0 ? mode : NULL;
}

static bool can_boot(const XbVariant *variant)
{
	return variant && (variant->dir || xb_variant_is_image(variant));
}

/* An image of @node that is on disk: the search's, else that of the clean rebuild. NULL: none. */
static const XbVariant *find_image(const XbJobData *data, int node)
{
	if (can_boot(data->variants->pdata[node]))
		return data->variants->pdata[node];
	for (guint i = 0; i < data->images->len; i++) {
		const XbJobImage *image = data->images->pdata[i];

		if (image->node == node && !image->revert &&
		    can_boot(data->image_variants->pdata[i]))
			return data->image_variants->pdata[i];
	}
	return NULL;
}

typedef enum { WANTED, RUNNING, SETTLED } Side;

/* Any job's profile of that image with this workload will do. */
static Side state_of(const XbJobData *data, int node)
{
	guint tries = 0;

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);

		if (!xb_run_is_explain(run) || !role || role->node != node || role->revert)
			continue;
		if (run->state != XB_RUN_DONE && run->job_id == data->job->id)
			return RUNNING;
		if (run->state == XB_RUN_DONE && run->outcome == XB_OUTCOME_OK &&
		    g_strcmp0(run->workload_fp, data->workload_fp) == 0)
			return SETTLED;
		tries += run->job_id == data->job->id && run->state == XB_RUN_DONE;
	}
	return tries < TRIES_MAX ? WANTED : SETTLED;
}

/* The builds of a confirmation are under way or wanted, and no boot is. */
static bool waits_for_confirmation(const XbJobData *data, const XbPlanned *planned)
{
	bool builds = false;

	for (guint i = 0; i < planned->wants->len; i++) {
		const XbWant *want = &g_array_index(planned->wants, XbWant, i);

		if (want->kind == XB_RUN_BOOT)
			return false;
		builds |= strcmp(want->purpose, "confirm") == 0;
	}
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];

		if (run->state == XB_RUN_DONE || run->job_id != data->job->id)
			continue;
		if (run->kind == XB_RUN_BOOT && !xb_run_is_explain(run))
			return false;
		builds |= run->kind == XB_RUN_BUILD && strcmp(run->purpose, "confirm") == 0;
	}
	return builds;
}

/* Those that the verdict compares, or will when the culprit is confirmed that waits for builds. */
static GArray *explained_nodes(const XbJobData *data, const XbPlanned *planned)
{
	g_autoptr(json_t) named = NULL;

	if (planned->decided)
		return xb_profile_nodes(data, planned->verdict);
	if (!planned->failure && waits_for_confirmation(data, planned))
		named = json_pack("{s:s,s:O}", "kind", "culprit", "culprit_node",
				  json_object_get(planned->verdict, "culprit_node"));
	return xb_profile_nodes(data, named);
}

void xb_plan_explain(const XbJobData *data, const GPtrArray *hosts, const XbCapacity *capacity,
		     XbPlanned *planned)
{
	guint able = 0, free_hosts = capacity->free_hosts;
	g_autoptr(GArray) nodes = NULL;

	for (guint i = 0; i < hosts->len; i++)
		able += xb_explain_mode(hosts->pdata[i]) != NULL;
	if (able == 0 || (!planned->decided && data->job->kind != XB_JOB_BISECT))
		return;
	nodes = explained_nodes(data, planned);
	for (guint i = 0; i < nodes->len; i++) {
		int node = g_array_index(nodes, int, i);
		const XbVariant *image = find_image(data, node);
		Side state = image ? state_of(data, node) : SETTLED;

		if (state == SETTLED)
			continue;
		/* see xb_plan_take_explained() */
		if (planned->decided)
			json_object_set_new(planned->verdict, "explaining", json_true());
		planned->decided = false;
		if (state == RUNNING || free_hosts == 0)
			continue;
		free_hosts--;
		xb_want_add(planned->wants, XB_RUN_BOOT, image, node, 0, XB_PURPOSE_NAME_EXPLAIN,
			    i == 0 ? "where the time goes without the change"
				   : "where the time goes with the change");
	}
}

void xb_plan_take_explained(const XbJobData *data, XbPlanned *planned)
{
	g_autoptr(json_t) said =
		data->job->verdict ? json_loads(data->job->verdict, 0, NULL) : NULL;

	if (!json_is_true(json_object_get(said, "explaining")))
		return;
	json_object_del(said, "explaining");
	planned->verdict = g_steal_pointer(&said);
	planned->decided = true;
	g_clear_pointer(&planned->failure, g_free);
}

/* ---- what is executed --------------------------------------------------------------- */

static bool something_is_built(const XbJobData *data, const XbPlanned *planned)
{
	for (guint i = 0; i < planned->wants->len; i++)
		if (g_array_index(planned->wants, XbWant, i).kind == XB_RUN_BUILD)
			return true;
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];

		if (run->kind == XB_RUN_BUILD && run->state != XB_RUN_DONE &&
		    run->job_id == data->job->id)
			return true;
	}
	return false;
}

/* A boot of @node that counts has ended. */
static bool has_boot(const XbJobData *data, int node)
{
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRole *role = xb_jobdata_role(data, data->runs->pdata[i]);

		if (role && role->node == node && !role->revert &&
		    xb_jobdata_run_counts(data, data->runs->pdata[i]))
			return true;
	}
	return false;
}

static bool path_is_worth_it(const XbJobData *data, const XbCapacity *capacity,
			     const XbPlanned *planned)
{
	const XbVariant *good = data->variants->pdata[0];
	g_autoptr(json_t) artifact = good->artifact ? json_loads(good->artifact, 0, NULL) : NULL;
	json_int_t matter = json_integer_value(json_object_get(planned->verdict, "can_matter"));

	return json_is_string(json_object_get(artifact, "objects")) && matter >= PATH_COMMITS &&
	       PATH_OVERHEAD * capacity->boot_s < capacity->build_s + capacity->boot_s &&
	       something_is_built(data, planned);
}

void xb_plan_path(const XbJobData *data, const GPtrArray *hosts, const XbCapacity *capacity,
		  XbPlanned *planned)
{
	const XbVariant *good;
	guint able = 0, boots = 0;
	bool explains = false; /* xb_plan_explain() has asked for boots */

	for (guint i = 0; i < hosts->len; i++) {
		const char *mode = xb_explain_mode(hosts->pdata[i]);

		able += mode && (strcmp(mode, "stacks") == 0 || strcmp(mode, "flat") == 0);
	}
	for (guint i = 0; i < planned->wants->len; i++) {
		const XbWant *want = &g_array_index(planned->wants, XbWant, i);

		boots += want->kind == XB_RUN_BOOT;
		explains |= strcmp(want->purpose, XB_PURPOSE_NAME_EXPLAIN) == 0;
	}
	if (planned->decided || explains || planned->failure || data->job->kind != XB_JOB_BISECT ||
	    able == 0 || boots >= capacity->free_hosts || data->paths->len > 0 ||
	    xb_spec_bool(data, "images") || !*data->workload_fp ||
	    json_is_false(json_object_get(data->spec, "path_prior")))
		return;
	good = data->variants->pdata[0];
	if (!good->dir || !has_boot(data, 0) || state_of(data, 0) != WANTED ||
	    !path_is_worth_it(data, capacity, planned))
		return;
	xb_want_add(planned->wants, XB_RUN_BOOT, good, 0, 0, XB_PURPOSE_NAME_EXPLAIN,
		    "which functions the workload executes");
}
