/* SPDX-License-Identifier: GPL-2.0-or-later */
/* choose.c - expected information per second, and actions that fit the slots.
 */
#include "choose.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TABLE        64  /* steps of q */
#define NODES        25  /* of the integral over a reading */
#define REACH        4.0 /* of those nodes, in standard deviations */
#define MAX_SCENARIO 8
#define MAX_ACTIVE   16
/* Boots that only fill an idle host have to tell at least so much. */
#define FILL_BITS 0.05
/* An outlier's density, as in posterior.h. */
#define OUTLIER_SCALE 0.03

typedef struct {
	double mean[2], var[2]; /* predictive, s^2 included */
	double outliers;
	double table[TABLE + 1]; /* q = i / TABLE -> bits */
	double error;            /* of the binary symmetric channel of equal capacity */
} Channel;

typedef struct {
	double weight;
	double *mass; /* node -> P(culprit); [0]: none */
	double *bad;  /* node -> P(it is on the bad side) */
} Scenario;

typedef struct {
	XbSearch *search;
	const XbHypotheses *hypotheses;
	const XbPosterior *posterior;
	Channel channel;
	guint n;
	guint n_scenarios;
	Scenario scenario[2 * MAX_SCENARIO];
	guint8 *mark;
	double z[NODES], zw[NODES];
	double repeat_gain[2]; /* bits of another boot of GOOD and BAD */
	double best_gain;
} Chooser;

static double entropy(double p)
{
	return p <= 0 || p >= 1 ? 0 : -p * log2(p) - (1 - p) * log2(1 - p);
}

static double density(double y, double mean, double var, double outliers)
{
	double d = y - mean, u = d / OUTLIER_SCALE;
	return (1 - outliers) * exp(-0.5 * d * d / var) / sqrt(2 * G_PI * var) +
	       outliers / (G_PI * OUTLIER_SCALE * (1 + u * u));
}

static void place_nodes(Chooser *self)
{
	double sum = 0;

	for (guint j = 0; j < NODES; j++) {
		self->z[j] = -REACH + 2 * REACH * j / (NODES - 1);
		self->zw[j] = exp(-0.5 * self->z[j] * self->z[j]);
		sum += self->zw[j];
	}
	for (guint j = 0; j < NODES; j++)
		self->zw[j] /= sum;
}

static double error_of_capacity(double bits)
{
	double low = 0, high = 0.5;

	for (guint i = 0; i < 40; i++) {
		double middle = (low + high) / 2;
		if (1 - entropy(middle) > bits)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* The levels over all hypotheses, and what a boot tells of a side. */
static void make_channel(Chooser *self)
{
	Channel *channel = &self->channel;
	const XbPosterior *posterior = self->posterior;
	double first[2] = { 0, 0 }, second[2] = { 0, 0 }, weight = 0;

	for (guint g = 0; g < self->hypotheses->n_groups; g++) {
		const XbGroupBelief *group = &posterior->group[g];
		weight += group->mass;
		for (int side = 0; side < 2; side++) {
			double m = group->mean[side] - posterior->flat.mean[0];
			first[side] += group->mass * m;
			second[side] += group->mass * (m * m + group->var[side]);
		}
	}
	double s2 = posterior->s * posterior->s;
	for (int side = 0; side < 2; side++) {
		double m = weight > 0 ? first[side] / weight : 0;
		channel->mean[side] = posterior->flat.mean[0] + m;
		channel->var[side] = weight > 0 ? fmax(second[side] / weight - m * m, 0) + s2 : s2;
	}
	channel->outliers = posterior->outliers;

	double ratio[2][NODES];
	for (int side = 0; side < 2; side++) {
		for (guint j = 0; j < NODES; j++) {
			double y = channel->mean[side] + sqrt(channel->var[side]) * self->z[j];
			ratio[side][j] =
				density(y, channel->mean[0], channel->var[0], channel->outliers) /
				density(y, channel->mean[1], channel->var[1], channel->outliers);
		}
	}
	for (guint i = 0; i <= TABLE; i++) {
		double q = (double)i / TABLE, left = 0;
		for (guint j = 0; j < NODES && i > 0 && i < TABLE; j++) {
			left += self->zw[j] * (1 - q) * entropy(q / (q + (1 - q) * ratio[0][j]));
			left += self->zw[j] * q * entropy(q / (q + (1 - q) * ratio[1][j]));
		}
		channel->table[i] = fmax(0, entropy(q) - left);
	}
	channel->error = error_of_capacity(channel->table[TABLE / 2]);
}

static inline double gain_of(const Channel *channel, double q)
{
	double at = CLAMP(q, 0, 1) * TABLE;
	guint i = MIN((guint)at, TABLE - 1);
	return channel->table[i] + (at - i) * (channel->table[i + 1] - channel->table[i]);
}

/* What is left of a boot's worth when its image was booted @n times before. */
static double freshness(const Chooser *self, guint n)
{
	double phi = self->posterior->phi;

	if (n == 0)
		return 1;
	return 1 / (phi + (1 - phi) / (n + 1.0)) - 1 / (phi + (1 - phi) / n);
}

/* ---- the full integral, for images whose side is known or nearly so
 * ----------- */

typedef struct {
	double mass, mean, var;
} Part;

/*
 * Mutual information of hypothesis and reading for a boot of @node, with the
 * levels of each group: this is where knowing the levels better shows.
 */
static double full_gain(Chooser *self, guint node)
{
	const XbHypotheses *hypotheses = self->hypotheses;
	const XbPosterior *posterior = self->posterior;
	double s2 = posterior->s * posterior->s;
	g_autofree double *bad = g_new0(double, hypotheses->n_groups + 1);
	Part part[2 * MAX_ACTIVE + 1];
	guint n_parts = 0;
	double kept = 0;

	memset(self->mark, 0, self->n);
	xb_graph_mark_ancestors(self->search->graph, node, 1, self->mark);
	for (guint i = 1; i <= node; i++)
		if (self->mark[i] && hypotheses->group_of[i] != XB_NO_GROUP)
			bad[hypotheses->group_of[i]] += posterior->node[i];
	part[n_parts++] =
		(Part){ posterior->none, posterior->flat.mean[0], posterior->flat.var[0] + s2 };
	for (guint g = 0; g < hypotheses->n_groups && n_parts < 2 * MAX_ACTIVE; g++) {
		const XbGroupBelief *group = &posterior->group[g];
		if (group->mass < 0.002)
			continue;
		double on[2] = { group->mass - bad[g], bad[g] };
		for (int side = 0; side < 2; side++)
			if (on[side] > 1e-6)
				part[n_parts++] = (Part){ on[side], group->mean[side],
							  group->var[side] + s2 };
	}
	for (guint i = 0; i < n_parts; i++)
		kept += part[i].mass;
	double bits = 0;
	for (guint i = 0; i < n_parts; i++) {
		for (guint j = 0; j < NODES && part[i].mass > 0; j++) {
			double y = part[i].mean + sqrt(part[i].var) * self->z[j];
			double all = 0, own = 0;
			for (guint l = 0; l < n_parts; l++) {
				double p =
					density(y, part[l].mean, part[l].var, posterior->outliers);
				all += part[l].mass / kept * p;
				if (l == i)
					own = p;
			}
			bits += part[i].mass / kept * self->zw[j] * log2(own / all);
		}
	}
	guint n = self->search->seen->units[self->search->seen->unit_of[node]].n;
	return fmax(0, bits) * freshness(self, n);
}

/* ---- scenarios
 * --------------------------------------------------------------------- */

static void weigh_scenario(Chooser *self, Scenario *scenario)
{
	double none = scenario->mass[0];

	scenario->mass[0] = 0;
	xb_graph_weigh(self->search->index, scenario->mass, scenario->bad);
	scenario->mass[0] = none;
}

static void add_scenario(Chooser *self, double weight, const double *mass)
{
	Scenario *scenario = &self->scenario[self->n_scenarios++];

	scenario->weight = weight;
	scenario->mass = g_memdup2(mass, self->n * sizeof(*mass));
	scenario->bad = g_new(double, self->n);
	weigh_scenario(self, scenario);
}

static void drop_scenario(Chooser *self, guint k)
{
	g_free(self->scenario[k].mass);
	g_free(self->scenario[k].bad);
	self->scenario[k] = self->scenario[--self->n_scenarios];
}

/* Keeps the likely ones, and their weights a distribution. */
static void prune_scenarios(Chooser *self)
{
	/* Long histories with merges are costly to weigh: follow fewer. */
	guint most = self->n > 8192 ? 2 : MAX_SCENARIO;
	double sum = 0;

	while (self->n_scenarios > most) {
		guint least = 0;
		for (guint k = 1; k < self->n_scenarios; k++)
			if (self->scenario[k].weight < self->scenario[least].weight)
				least = k;
		drop_scenario(self, least);
	}
	for (guint k = 0; k < self->n_scenarios; k++)
		sum += self->scenario[k].weight;
	for (guint k = 0; k < self->n_scenarios; k++)
		self->scenario[k].weight /= sum;
}

/* @node's reading is on its way: follow both outcomes. */
static void expect_reading(Chooser *self, guint node)
{
	guint n = self->n_scenarios;
	double right = 1 - self->channel.error;

	if (node == 0)
		return;
	memset(self->mark, 0, self->n);
	xb_graph_mark_ancestors(self->search->graph, node, 1, self->mark);
	for (guint k = 0; k < n; k++) {
		Scenario *scenario = &self->scenario[k];
		g_autofree double *mass = g_new(double, self->n);
		double sum[2] = { 0, 0 };
		for (guint i = 0; i < self->n; i++) {
			bool bad = i > 0 && self->mark[i];
			mass[i] = scenario->mass[i] * (bad ? right : 1 - right);
			scenario->mass[i] *= bad ? 1 - right : right;
			sum[0] += scenario->mass[i];
			sum[1] += mass[i];
		}
		double weight = scenario->weight;
		if (sum[1] > 1e-3) {
			for (guint i = 0; i < self->n; i++)
				mass[i] /= sum[1];
			add_scenario(self, weight * sum[1], mass);
		}
		scenario->weight = weight * sum[0];
		for (guint i = 0; i < self->n && sum[0] > 0; i++)
			scenario->mass[i] /= sum[0];
		weigh_scenario(self, scenario);
	}
	prune_scenarios(self);
}

/* ---- candidates
 * -------------------------------------------------------------------- */

typedef struct {
	guint node;
	double gain, cost, score;
	double used; /* share of the scenarios in which it is nearly the best */
} Choice;

static bool has_image(const Chooser *self, guint node)
{
	const XbObservations *seen = self->search->seen;
	return seen->units[seen->unit_of[node]].built != G_MAXUINT ||
	       !self->search->options->can_build;
}

static double cost_of(const Chooser *self, guint node)
{
	double build_s = has_image(self, node) ? 0 : self->search->nodes[node].build_s;
	return fmax(self->search->options->boot_s, 1e-3) + fmax(build_s, 0);
}

typedef enum { WANT_ANY, WANT_BOOT, WANT_BUILD } Want;

static bool fits(const Chooser *self, guint node, Want want)
{
	if (want == WANT_BOOT && !has_image(self, node))
		return false;
	if (want == WANT_BUILD &&
	    (has_image(self, node) || xb_search_build_planned(self->search, node)))
		return false;
	return xb_search_testable(self->search, node);
}

static double mean_gain(const Chooser *self, guint node)
{
	double gain = 0;

	for (guint k = 0; k < self->n_scenarios; k++)
		gain += self->scenario[k].weight *
			gain_of(&self->channel, self->scenario[k].bad[node]);
	return gain;
}

/* The best node by mean gain per second; node 0 when nothing tells anything. */
static Choice best_choice(const Chooser *self, Want want)
{
	const XbObservations *seen = self->search->seen;
	Choice best = { 0 };

	for (guint i = 1; i < self->n; i++) {
		if (self->hypotheses->prior[i] <= 0 && seen->units[seen->unit_of[i]].n == 0 &&
		    !has_image(self, i))
			continue;
		double gain = mean_gain(self, i);
		if (gain < 1e-6)
			continue;
		guint n = seen->units[seen->unit_of[i]].n;
		if (n > 0)
			gain *= freshness(self, n);
		double cost = cost_of(self, i);
		if (gain / cost > best.score && fits(self, i, want))
			best = (Choice){ i, gain, cost, gain / cost, 1 };
	}
	return best;
}

/* How likely is it that @node will be wanted once what is under way is known?
 */
static double share_used(const Chooser *self, guint node)
{
	double used = 0;

	for (guint k = 0; k < self->n_scenarios; k++) {
		double best = 0;
		for (guint i = 1; i < self->n; i++)
			if (self->hypotheses->prior[i] > 0)
				best = fmax(best,
					    gain_of(&self->channel, self->scenario[k].bad[i]));
		if (gain_of(&self->channel, self->scenario[k].bad[node]) > 0.7 * best)
			used += self->scenario[k].weight;
	}
	return used;
}

/* Another boot of an endpoint, when that tells more for its time. */
static void compare_endpoints(const Chooser *self, Choice *best)
{
	guint node[2] = { 0, self->n - 1 };

	for (int side = 0; side < 2; side++) {
		double cost = cost_of(self, node[side]);
		if (self->repeat_gain[side] / cost > best->score)
			*best = (Choice){ node[side], self->repeat_gain[side], cost,
					  self->repeat_gain[side] / cost, 1 };
	}
}

static void explain(const Chooser *self, const Choice *choice, char *why, gsize size)
{
	double bad = 0;

	for (guint k = 0; k < self->n_scenarios; k++)
		bad += self->scenario[k].weight * self->scenario[k].bad[choice->node];
	if (choice->node == 0 || choice->node == self->n - 1)
		snprintf(why, size, "measure %s again, %.2f bits", choice->node ? "BAD" : "GOOD",
			 choice->gain);
	else
		snprintf(why, size, "%.2f bits, the culprit is at or before it with %.0f %%",
			 choice->gain, 100 * bad);
}

static void act(Chooser *self, const Choice *choice, XbPurpose purpose)
{
	char why[160];

	explain(self, choice, why, sizeof(why));
	xb_search_act(self->search, choice->node, has_image(self, choice->node), purpose,
		      choice->gain, choice->cost, why);
}

/*
 * A wrong guess keeps the only builder busy for the rest of its build, a right
 * one saves the wait for the boot: with one builder it has to be worth it.
 */
static bool worth_prebuilding(const Chooser *self, const Choice *choice)
{
	const XbOptions *options = self->search->options;
	double used = share_used(self, choice->node);
	double build_s = self->search->nodes[choice->node].build_s;

	if (self->search->free_builders > 1)
		return used > 0.05;
	return used * options->boot_s > (1 - used) * fmax(0, build_s - options->boot_s);
}

static void expect_in_flight(Chooser *self)
{
	const XbSearch *search = self->search;

	for (guint i = 0; i < search->n_in_flight; i++) {
		const XbInFlight *work = &search->in_flight[i];
		if (work->image == XB_IMAGE_NORMAL && work->node > 0 && work->node < self->n)
			expect_reading(self, work->node);
	}
}

/* One action; false when no slot or nothing worth doing is left. */
static bool choose_one(Chooser *self, bool first)
{
	XbSearch *search = self->search;
	Choice best = best_choice(self, WANT_ANY);

	if (first)
		compare_endpoints(self, &best);
	if (best.score <= 0)
		return false;
	bool boot = has_image(self, best.node);
	bool waits = search->n_in_flight > 0 || search->plan->actions->len > 0;
	if (!boot && xb_search_build_planned(search, best.node)) {
		best = best_choice(self, WANT_BUILD);
		boot = false;
	}
	if (boot && search->free_hosts > 0) {
		act(self, &best,
		    best.node == 0 || best.node == self->n - 1 ? XB_PURPOSE_ENDPOINT
							       : XB_PURPOSE_SEARCH);
	} else if (!boot && best.score > 0 && search->free_builders > 0 &&
		   (!waits || worth_prebuilding(self, &best))) {
		act(self, &best, waits ? XB_PURPOSE_PREBUILD : XB_PURPOSE_SEARCH);
	} else if (search->free_hosts > 0) {
		best = best_choice(self, WANT_BOOT);
		if (best.gain < FILL_BITS)
			return false;
		act(self, &best, XB_PURPOSE_SEARCH);
	} else if (search->free_builders > 0) {
		best = best_choice(self, WANT_BUILD);
		if (best.score <= 0 || !worth_prebuilding(self, &best))
			return false;
		act(self, &best, XB_PURPOSE_PREBUILD);
	} else {
		return false;
	}
	expect_reading(self, best.node);
	return true;
}

/* How much is not known, in bits; and how far a best boot takes it. */
static void estimate_left(Chooser *self, const Choice *best)
{
	XbPlan *plan = self->search->plan;
	double bits = 0;

	for (guint i = 0; i < self->n; i++) {
		double p = self->posterior->node[i];
		if (p > 0)
			bits -= p * log2(p);
	}
	double steps = best->gain > 0 ? ceil(fmin(bits / best->gain, 1000)) : 0;
	plan->steps_left = (guint)steps;
	plan->seconds_left = steps * best->cost;
}

double xb_choose(XbSearch *search, const XbHypotheses *hypotheses, const XbPosterior *posterior)
{
	Chooser self = {
		.search = search,
		.hypotheses = hypotheses,
		.posterior = posterior,
		.n = search->graph->n,
		.mark = g_new0(guint8, search->graph->n),
	};

	place_nodes(&self);
	make_channel(&self);
	add_scenario(&self, 1, posterior->node);
	self.repeat_gain[0] = full_gain(&self, 0);
	self.repeat_gain[1] = full_gain(&self, self.n - 1);
	Choice best = best_choice(&self, WANT_ANY);
	compare_endpoints(&self, &best);
	estimate_left(&self, &best);
	expect_in_flight(&self);
	bool first = search->n_in_flight == 0;
	while (choose_one(&self, first))
		first = false;
	while (self.n_scenarios > 0)
		drop_scenario(&self, 0);
	g_free(self.mark);
	return best.gain;
}
