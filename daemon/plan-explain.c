/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-explain.c - see plan-explain.h. */
#include "plan-explain.h"

#include <string.h>

#include "profile-view.h"
#include "variants.h"

#define TRIES_MAX 2

const char *xb_explain_mode(const XbHostConfig *host)
{
	const char *mode = json_string_value(json_object_get(host->settings, "profile"));

	if (strcmp(host->driver, "qemu") != 0 || g_strcmp0(mode, "no") == 0)
		return NULL;
	return mode ? mode : "stacks";
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

void xb_plan_explain(const XbJobData *data, const GPtrArray *hosts, const XbCapacity *capacity,
		     XbPlanned *planned)
{
	guint able = 0, free_hosts = capacity->free_hosts;
	int sides[2];

	for (guint i = 0; i < hosts->len; i++)
		able += xb_explain_mode(hosts->pdata[i]) != NULL;
	if (!planned->decided || able == 0 || !xb_profile_sides(data, planned->verdict, sides))
		return;
	for (guint i = 0; i < 2; i++) {
		const XbVariant *image = find_image(data, sides[i]);
		Side state = image ? state_of(data, sides[i]) : SETTLED;

		if (state == SETTLED)
			continue;
		planned->decided = false;
		if (state == RUNNING || free_hosts == 0)
			continue;
		free_hosts--;
		xb_want_add(planned->wants, XB_RUN_BOOT, image, sides[i], 0,
			    XB_PURPOSE_NAME_EXPLAIN,
			    i == 0 ? "where the time goes without the change"
				   : "where the time goes with the change");
	}
}
