/* SPDX-License-Identifier: GPL-2.0-or-later */
/* choose.c - expected information per second, and actions that fit the slots. */
#include "choose.h"
#include "gain.h"
#include "percent.h"
#include "scenario.h"

#include <math.h>
#include <stdio.h>

#define STEPS_OF_Q    32
#define BEST_BY_SCORE 8
/* Of scores this close to the best, the channel's favourite; the latter where the exact middle
 * is preferred (gain.h). */
#define NEARLY_BEST  0.98
#define ROUGHLY_BEST 0.65
/* Boots that only fill an idle host have to tell at least so much, or this
 * share of the best boot where noise leaves none that tells more. */
#define FILL_BITS  0.05
#define FILL_SHARE 0.2
/* A build ahead has to keep this share of what it would tell alone. */
#define WORTH_BUILDING 0.3
/* No score at all. */
#define TINY 1e-9

typedef struct {
	guint node;
	double gain;  /* bits now, by the full integral */
	double alone; /* bits now, by the channel */
	double cost_s;
	guint chosen; /* boots of it in flight or in this plan */
} Candidate;

typedef struct {
	XbSearch *search;
	const XbHypotheses *hypotheses;
	const XbPosterior *posterior;
	XbGain *gain;
	XbScenarios *scenarios;
	guint n;
	GArray *candidates; /* of Candidate */
	guint weighed;      /* so many of them have their gain */
	double fill_bits;   /* see FILL_BITS */
	bool *listed;       /* node -> is a candidate */
} Chooser;

static bool has_image(const Chooser *self, guint node)
{
	const XbObservations *seen = self->search->seen;
	return seen->units[seen->unit_of[node]].built != G_MAXUINT ||
	       !self->search->options->can_build;
}

/* An image that has_image() may be gone from the disk, and is built again then. */
static double cost_of(const Chooser *self, guint node)
{
	const XbObservations *seen = self->search->seen;
	guint built = seen->units[seen->unit_of[node]].built;
	double build_s = self->search->nodes[built != G_MAXUINT ? built : node].build_s;
	return fmax(self->search->options->boot_s, 1e-3) + fmax(build_s, 0);
}

/* ---- candidates ---------------------------------------------------------------- */

static void list_candidate(Chooser *self, guint node)
{
	if (self->listed[node] || !xb_search_testable(self->search, node))
		return;
	self->listed[node] = true;
	Candidate candidate = {
		.node = node,
		.gain = NAN, /* see weigh_candidates() */
		.alone = xb_scenarios_gain_now(self->scenarios, node),
		.cost_s = cost_of(self, node),
	};
	g_array_append_val(self->candidates, candidate);
}

/* The gains of those listed since the last time. */
static void weigh_candidates(Chooser *self)
{
	guint n = self->candidates->len - self->weighed;
	g_autofree guint *node = g_new(guint, n + 1);
	g_autofree double *bits = g_new(double, n + 1);
	Candidate *fresh = &g_array_index(self->candidates, Candidate, self->weighed);

	for (guint i = 0; i < n; i++)
		node[i] = fresh[i].node;
	xb_gain_boots(self->gain, node, n, bits);
	for (guint i = 0; i < n; i++)
		fresh[i].gain = bits[i];
	self->weighed = self->candidates->len;
}

/* Worth a look: could be the culprit, or has an image that costs no build. */
static bool eligible(const Chooser *self, guint node)
{
	return (self->hypotheses->prior[node] > 0 || has_image(self, node)) &&
	       xb_search_testable(self->search, node);
}

static void list_best_by_score(Chooser *self)
{
	double score[BEST_BY_SCORE] = { 0 };
	guint node[BEST_BY_SCORE] = { 0 };

	for (guint i = 1; i + 1 < self->n; i++) {
		double here = xb_scenarios_gain(self->scenarios, i) / cost_of(self, i);
		if (here <= score[BEST_BY_SCORE - 1] || here < TINY || !eligible(self, i))
			continue;
		guint k = BEST_BY_SCORE - 1;
		for (; k > 0 && score[k - 1] < here; k--) {
			score[k] = score[k - 1];
			node[k] = node[k - 1];
		}
		score[k] = here;
		node[k] = i;
	}
	for (guint k = 0; k < BEST_BY_SCORE; k++)
		if (node[k] != 0)
			list_candidate(self, node[k]);
}

static void list_by_share(Chooser *self)
{
	double score[STEPS_OF_Q] = { 0 };
	guint node[STEPS_OF_Q] = { 0 };

	for (guint i = 1; i + 1 < self->n; i++) {
		double q = xb_scenarios_bad(self->scenarios, i);
		if (q < 1e-3 || q > 1 - 1e-3)
			continue;
		guint step = MIN((guint)(q * STEPS_OF_Q), STEPS_OF_Q - 1);
		double here = xb_scenarios_gain(self->scenarios, i) / cost_of(self, i);
		if (here > score[step] && eligible(self, i)) {
			score[step] = here;
			node[step] = i;
		}
	}
	for (guint k = 0; k < STEPS_OF_Q; k++)
		if (node[k] != 0)
			list_candidate(self, node[k]);
}

static void list_candidates(Chooser *self)
{
	const XbObservations *seen = self->search->seen;

	list_candidate(self, 0);
	list_candidate(self, self->n - 1);
	for (guint i = 0; i < seen->measured->len; i++) {
		const XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, i)];
		if (!unit->revert && unit->built != G_MAXUINT)
			list_candidate(self, unit->built);
	}
	list_best_by_score(self);
	list_by_share(self);
	weigh_candidates(self);
}

/* ---- choosing ------------------------------------------------------------------------ */

typedef enum { WANT_ANY, WANT_BOOT, WANT_BUILD } Want;

static bool fits(const Chooser *self, guint node, Want want)
{
	bool image = has_image(self, node);

	if (want == WANT_BOOT)
		return image;
	return want == WANT_ANY || (!image && !xb_search_build_planned(self->search, node));
}

/* What a boot of it will tell once everything chosen before has come in. */
static double gain_left(const Chooser *self, const Candidate *it)
{
	double left = xb_scenarios_gain(self->scenarios, it->node);

	if (it->alone < TINY || it->node == 0 || it->node == self->n - 1)
		return it->gain / (1 + it->chosen * it->chosen);
	return it->gain * fmin(1, left / it->alone);
}

/* The candidate with the best score, NULL when none tells anything. */
static Candidate *best_candidate(const Chooser *self, Want want)
{
	Candidate *best = NULL;
	double top = TINY, favour = -1, close = NEARLY_BEST;

	if (xb_gain_prefers_middle(self->gain))
		close = ROUGHLY_BEST;

	for (guint i = 0; i < self->candidates->len; i++) {
		Candidate *it = &g_array_index(self->candidates, Candidate, i);
		double score = gain_left(self, it) / it->cost_s;
		if (score > top && fits(self, it->node, want))
			top = score;
	}
	for (guint i = 0; i < self->candidates->len; i++) {
		Candidate *it = &g_array_index(self->candidates, Candidate, i);
		double score = gain_left(self, it) / it->cost_s;
		double channel = xb_scenarios_gain(self->scenarios, it->node) / it->cost_s;
		if (score >= close * top && score > TINY && channel > favour &&
		    fits(self, it->node, want)) {
			favour = channel;
			best = it;
		}
	}
	return best;
}

/* After a choice the favourites lie elsewhere. */
static void expect(Chooser *self, guint node)
{
	for (guint i = 0; i < self->candidates->len; i++) {
		Candidate *it = &g_array_index(self->candidates, Candidate, i);
		it->chosen += it->node == node;
	}
	xb_scenarios_expect(self->scenarios, node);
	if (node != 0 && node != self->n - 1 &&
	    self->search->free_hosts + self->search->free_builders > 0) {
		list_best_by_score(self);
		weigh_candidates(self);
	}
}

static void act(Chooser *self, const Candidate *it, XbPurpose purpose)
{
	char why[160];
	bool endpoint = it->node == 0 || it->node == self->n - 1;
	g_autofree char *before = xb_percent_text(xb_scenarios_bad(self->scenarios, it->node), 0);

	if (endpoint)
		snprintf(why, sizeof(why), "measure %s again, %.2f bits", it->node ? "BAD" : "GOOD",
			 it->gain);
	else
		snprintf(why, sizeof(why), "%.2f bits, the culprit is at or before it with %s",
			 it->gain, before);
	if (endpoint && purpose == XB_PURPOSE_SEARCH)
		purpose = XB_PURPOSE_ENDPOINT;
	xb_search_act(self->search, it->node, has_image(self, it->node), purpose, it->gain,
		      it->cost_s, why);
}

/*
 * A wrong guess keeps the only builder busy for the rest of its build, a right
 * one saves the wait for the boot: with one builder it has to be worth it. With
 * several it has to tell something whatever the work under way says.
 */
static bool worth_prebuilding(const Chooser *self, const Candidate *it)
{
	const XbOptions *options = self->search->options;
	double used = xb_scenarios_share(self->scenarios, it->node);
	double build_s = self->search->nodes[it->node].build_s;

	if (options->builders > 1)
		return used > 0.05 || gain_left(self, it) > WORTH_BUILDING * it->gain;
	return used * options->boot_s > (1 - used) * fmax(0, build_s - options->boot_s);
}

/* One action; false when no slot, or nothing worth doing, is left. */
static bool choose_one(Chooser *self)
{
	XbSearch *search = self->search;
	guint busy = search->n_in_flight + search->plan->actions->len;
	bool waits = busy > 0;
	Candidate *best = best_candidate(self, WANT_ANY);

	if (!best)
		return false;
	bool boot = has_image(self, best->node);
	/* While other work is under way a boot has to be worth the host's, and the build's, time.
	 */
	if (boot && search->free_hosts > 0 && (!waits || gain_left(self, best) > self->fill_bits)) {
		act(self, best, XB_PURPOSE_SEARCH);
	} else if (!boot && !waits && search->free_builders > 0) {
		act(self, best, XB_PURPOSE_SEARCH);
	} else {
		Candidate *build = best_candidate(self, WANT_BUILD);
		Candidate *fill = best_candidate(self, WANT_BOOT);
		if (build && search->free_builders > 0 && worth_prebuilding(self, build)) {
			best = build;
			/* A host waits for it: no speculation. */
			act(self, best,
			    busy < search->options->hosts ? XB_PURPOSE_SEARCH
							  : XB_PURPOSE_PREBUILD);
		} else if (fill && search->free_hosts > 0 &&
			   gain_left(self, fill) > self->fill_bits) {
			best = fill;
			act(self, best, XB_PURPOSE_SEARCH);
		} else {
			return false;
		}
	}
	expect(self, best->node);
	return true;
}

/* Will this work bring a reading of its node's image? A build of the search is followed by a boot.
 */
static bool is_awaited(const Chooser *self, bool build, guint node, XbImage image)
{
	if (node >= self->n)
		return false;
	return build ? image == XB_IMAGE_NORMAL
		     : xb_search_boots_image(self->search, node, image, node);
}

/* What is in flight, or in the plan because a confirmation has begun. */
static void expect_work(Chooser *self)
{
	const XbSearch *search = self->search;
	guint planned = search->plan->actions->len;

	for (guint i = 0; i < search->n_in_flight; i++) {
		const XbInFlight *work = &search->in_flight[i];
		if (is_awaited(self, work->build, work->node, work->image))
			expect(self, work->node);
	}
	for (guint i = 0; i < planned; i++) {
		const XbAction *action = &g_array_index(search->plan->actions, XbAction, i);
		if (is_awaited(self, action->kind == XB_ACTION_BUILD, action->node, action->image))
			expect(self, action->node);
	}
}

/* How much is not known, in bits, over what a best boot tells. */
static void estimate_left(Chooser *self, const Candidate *best)
{
	XbPlan *plan = self->search->plan;
	double bits = 0;

	for (guint i = 0; i < self->n; i++) {
		double p = self->posterior->node[i];
		if (p > 0)
			bits -= p * log2(p);
	}
	double boots = fmin(ceil(bits / fmax(best->gain, 1e-3)), 1000);
	bool build = !has_image(self, best->node);
	plan->steps_left = (guint)boots * (build ? 2 : 1);
	plan->seconds_left = boots * best->cost_s / MAX(1, self->search->options->hosts);
}

double xb_choose(XbSearch *search, const XbHypotheses *hypotheses, const XbPosterior *posterior)
{
	g_autoptr(XbGain) gain = xb_gain_new(search, hypotheses, posterior);
	g_autoptr(XbScenarios) scenarios = xb_scenarios_new(search, hypotheses, posterior, gain);
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
	g_autofree bool *listed = g_new0(bool, search->graph->n);
	Chooser self = {
		.search = search,
		.hypotheses = hypotheses,
		.posterior = posterior,
		.gain = gain,
		.scenarios = scenarios,
		.n = search->graph->n,
		.candidates = candidates,
		.listed = listed,
	};
	double best_gain = 0;

	list_candidates(&self);
	Candidate *best = best_candidate(&self, WANT_ANY);
	if (best) {
		estimate_left(&self, best);
		self.fill_bits = fmin(FILL_BITS, FILL_SHARE * best->gain);
	}
	for (guint i = 0; i < candidates->len; i++)
		best_gain = fmax(best_gain, g_array_index(candidates, Candidate, i).gain);
	expect_work(&self);
	while (search->free_hosts + search->free_builders > 0 && choose_one(&self))
		;
	return best_gain;
}
