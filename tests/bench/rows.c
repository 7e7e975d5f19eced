/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows.c - trials shared out over threads; rows of figures. */
#include "rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct {
	const XbWorld *world;
	RefSearch search;
	const RefWorld *ref_world;
	uint64_t seed;
	guint trials;
	gint next; /* atomic */
	XbTrial *trial;
	RefTrial *ref_trial;
} Batch;

static gpointer work(gpointer data)
{
	Batch *batch = data;
	guint i;

	while ((i = (guint)g_atomic_int_add(&batch->next, 1)) < batch->trials) {
		/* Trials of one batch are streams far from each other. */
		uint64_t seed = (batch->seed + i) * UINT64_C(0x2545f4914f6cdd1d);
		if (batch->search)
			batch->search(batch->ref_world, seed, &batch->ref_trial[i]);
		else
			xb_simulate(batch->world, seed, &batch->trial[i]);
	}
	return NULL;
}

/* Returns the seconds of processor time. */
static double run(const Bench *bench, Batch *batch)
{
	g_autofree GThread **thread = g_new0(GThread *, bench->jobs);
	clock_t start = clock();

	for (guint i = 0; i < bench->jobs; i++)
		thread[i] = g_thread_new("trials", work, batch);
	for (guint i = 0; i < bench->jobs; i++)
		g_thread_join(thread[i]);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void add_boots(Summary *summary, guint boots)
{
	summary->boots += boots;
	summary->most_boots = MAX(summary->most_boots, boots);
}

/* Sums become means. */
static void settle(Summary *summary, guint trials, double seconds)
{
	double *mean[] = {
		&summary->boots,           &summary->builds,
		&summary->endpoint_boots,  &summary->minutes,
		&summary->culprit,         &summary->search_minutes,
		&summary->range,           &summary->none,
		&summary->stuck,           &summary->right,
		&summary->covered,         &summary->wrong,
		&summary->stated,          &summary->halved,
		&summary->confirm_boots,   &summary->drifted,
		&summary->confident_boots,
	};

	for (guint i = 0; i < G_N_ELEMENTS(mean); i++)
		*mean[i] /= trials;
	summary->trials = trials;
	summary->ms = 1e3 * seconds / trials;
}

void bench_worlds(const Bench *bench, const XbWorld *world, guint trials, uint64_t seed,
		  Summary *summary)
{
	Batch batch = { .world = world, .seed = seed, .trials = trials };
	g_autofree XbTrial *all = batch.trial = g_new0(XbTrial, trials);
	double seconds = run(bench, &batch);

	*summary = (Summary){ 0 };
	for (guint i = 0; i < trials; i++) {
		const XbTrial *it = &all[i];
		bool named = it->kind == XB_VERDICT_CULPRIT;
		add_boots(summary, it->boots);
		summary->most_search_boots =
			MAX(summary->most_search_boots, it->boots - it->endpoint_boots);
		summary->halved +=
			it->boots - it->endpoint_boots <= (guint)ceil(log2(it->can_matter));
		summary->builds += it->builds + it->prebuilds;
		summary->endpoint_boots += it->endpoint_boots;
		summary->confirm_boots += it->confirm_boots;
		summary->confident_boots += it->confident_boots;
		summary->most_boots_in_all =
			MAX(summary->most_boots_in_all, it->boots + it->confirm_boots);
		summary->minutes += it->total_s / 60;
		summary->search_minutes += it->search_s / 60;
		summary->culprit += named;
		summary->range += it->kind == XB_VERDICT_RANGE;
		summary->none += it->kind == XB_VERDICT_NONE;
		summary->stuck += it->stuck;
		summary->right += it->right && it->kind != XB_VERDICT_RANGE && !it->stuck;
		summary->covered += it->right && !it->stuck;
		summary->wrong += named && it->culprit != it->truth;
		summary->stated += it->confidence;
		summary->drifted += it->drift != 0;
	}
	settle(summary, trials, seconds);
}

void bench_reference(const Bench *bench, RefSearch search, const RefWorld *world, guint trials,
		     uint64_t seed, Summary *summary)
{
	Batch batch = { .search = search, .ref_world = world, .seed = seed, .trials = trials };
	g_autofree RefTrial *all = batch.ref_trial = g_new0(RefTrial, trials);
	double seconds = run(bench, &batch);

	*summary = (Summary){ 0 };
	for (guint i = 0; i < trials; i++) {
		const RefTrial *it = &all[i];
		add_boots(summary, it->boots);
		summary->culprit += it->culprit != 0;
		summary->none += it->culprit == 0;
		summary->right += it->culprit == it->truth;
		summary->wrong += it->culprit != 0 && it->culprit != it->truth;
		summary->stated += it->confidence;
	}
	settle(summary, trials, seconds);
}

/* ---- rows -------------------------------------------------------------------- */

bool bench_wants(const Bench *bench, const char *prefix)
{
	return !bench->only || strstr(prefix, bench->only) || strstr(bench->only, prefix);
}

static void print_row(Bench *bench, const char *name, const char *sign, double figure, double goal,
		      bool holds, const char *detail)
{
	if (bench->only && !strstr(name, bench->only))
		return;
	bench->rows++;
	bench->failed += !holds;
	printf("{\"name\": \"%s\", \"goal\": \"%s %.4g\", \"figure\": %.5g, \"holds\": %s%s%s}\n",
	       name, sign, goal, isfinite(figure) ? figure : -1, holds ? "true" : "false",
	       detail ? ", " : "", detail ? detail : "");
	fflush(stdout);
}

void row_at_most(Bench *bench, const char *name, double figure, double goal, const char *detail)
{
	print_row(bench, name, "<=", figure, goal, figure <= goal, detail);
}

void row_at_least(Bench *bench, const char *name, double figure, double goal, const char *detail)
{
	print_row(bench, name, ">=", figure, goal, figure >= goal, detail);
}

void row_as_stated(Bench *bench, const char *name, const Summary *it)
{
	double error = sqrt(it->stated * (1 - it->stated) / it->trials);
	g_autofree char *row = g_strdup_printf("%s: right over stated", name);
	g_autofree char *detail =
		g_strdup_printf("\"right\": %.4f, \"stated\": %.4f, \"standard_error\": %.4f",
				it->right, it->stated, error);

	row_at_least(bench, row, it->right - it->stated, -0.01 - 2.33 * error, detail);
}

char *summary_detail(const Summary *it)
{
	return g_strdup_printf(
		"\"trials\": %u, \"boots\": %.2f, \"endpoint_boots\": %.2f, "
		"\"confirm_boots\": %.2f, \"boots_in_all\": %.2f, \"most_boots\": %u, "
		"\"builds\": %.2f, \"minutes\": %.2f, \"right\": %.4f, \"wrong\": %.4f, \"range\": "
		"%.4f, "
		"\"none\": %.4f, \"stuck\": %.4f, \"stated\": %.4f, \"ms_a_trial\": %.1f",
		it->trials, it->boots, it->endpoint_boots, it->confirm_boots,
		it->boots + it->confirm_boots, it->most_boots, it->builds, it->minutes, it->right,
		it->wrong, it->range, it->none, it->stuck, it->stated, it->ms);
}
