/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planner.c - what the planners of the three kinds of job share. */
#include "planner.h"

#include <string.h>

#include "outcome.h"
#include "variants.h"

/* As many as the engine bears of an image that has no reading (search.c). */
#define VOID_MAX 3

void xb_want_clear(XbWant *want)
{
	g_clear_pointer(&want->why, g_free);
}

void xb_planned_clear(XbPlanned *planned)
{
	g_clear_pointer(&planned->wants, g_array_unref);
	json_decref(planned->verdict);
	planned->verdict = NULL;
	g_clear_pointer(&planned->failure, g_free);
}

void xb_want_add(GArray *wants, XbRunKind kind, const XbVariant *variant, int node, int perturb,
		 const char *purpose, const char *why)
{
	XbWant want = { kind, variant->id, node, perturb, purpose, NULL };

	/* built once, evicted since */
	if (kind == XB_RUN_BOOT && !variant->dir && !xb_variant_is_image(variant))
		want.kind = XB_RUN_BUILD;
	for (guint i = 0; i < wants->len; i++) {
		const XbWant *other = &g_array_index(wants, XbWant, i);
		if (other->kind == XB_RUN_BUILD && want.kind == XB_RUN_BUILD &&
		    other->variant_id == want.variant_id)
			return;
	}
	want.why = g_strdup(why);
	g_array_append_val(wants, want);
}

static XbTally *tally_of(GHashTable *tallies, int64_t variant_id)
{
	XbTally *tally = g_hash_table_lookup(tallies, &variant_id);

	if (!tally) {
		tally = g_new0(XbTally, 1);
		g_hash_table_insert(tallies, g_memdup2(&variant_id, sizeof(variant_id)), tally);
	}
	return tally;
}

static void tally_build(XbTally *tally, const XbRun *run, const XbJobData *data)
{
	if (run->state != XB_RUN_DONE) {
		tally->active_builds++;
	} else if (run->outcome == XB_OUTCOME_HOST_TROUBLE &&
		   run->started_ms >= data->job->created_ms) {
		/* an older job's trouble is over; that of a cancelled job is nobody's */
		if (run->job_id == data->job->id) {
			tally->build_trouble++;
			tally->last_build_trouble = run->detail;
		}
	} else if (run->outcome == XB_OUTCOME_OK) {
		tally->build_trouble = 0;
	}
}

/* Some other boot went well on this host since its last trouble (the known-good kernel's, where
 * it was in trouble three times). */
static bool host_is_well(XbDaemon *daemon, const char *name)
{
	g_autoptr(XbHostRow) row = xb_db_host_get(daemon->db, name, NULL);
	return row && row->online && row->troubles == 0;
}

static void tally_boot(XbDaemon *daemon, XbTally *tally, const XbRun *run, const XbJobData *data)
{
	if (run->state != XB_RUN_DONE) {
		tally->active_boots++;
		return;
	}
	switch (run->outcome) {
	case XB_OUTCOME_OK:
		if (xb_jobdata_run_counts(data, run))
			tally->ok++;
		break;
	case XB_OUTCOME_BOOT_FAILED:
	case XB_OUTCOME_WORKLOAD_FAILED:
		if (!xb_jobdata_same_hosts(data, run))
			break;
		tally->failed += run->outcome == XB_OUTCOME_BOOT_FAILED;
		tally->n_void += xb_jobdata_run_is_void(data, run);
		tally->last_failure = run->detail;
		break;
	case XB_OUTCOME_HOST_TROUBLE:
		if (run->job_id == data->job->id && host_is_well(daemon, run->place)) {
			tally->trouble++;
			tally->last_failure = run->detail;
		}
		break;
	case XB_OUTCOME_BUILD_FAILED:
		break;
	}
}

GHashTable *xb_tally_runs(XbDaemon *daemon, const XbJobData *data)
{
	GHashTable *tallies = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);

	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		XbTally *tally = tally_of(tallies, run->variant_id);

		if (xb_run_is_lost(run) || xb_run_is_explain(run))
			continue;
		if (run->kind == XB_RUN_BUILD)
			tally_build(tally, run, data);
		else
			tally_boot(daemon, tally, run, data);
	}
	return tallies;
}

bool xb_tally_unbootable(const XbTally *tally, bool deterministic)
{
	guint enough = deterministic ? 1 : 2, enough_void = deterministic ? 1 : VOID_MAX;

	if (!tally)
		return false;
	/* Three host-troubles on hosts that are well: it is this image. */
	return (tally->failed >= enough && tally->failed >= tally->ok) ||
	       tally->n_void >= enough_void * (1 + tally->ok) ||
	       (tally->ok == 0 && tally->trouble >= XB_TROUBLES_MAX);
}
