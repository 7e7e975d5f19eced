/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scenario.c - what may be believed once the work under way has come in. */
#include "scenario.h"

#include <math.h>

#define MAX_SCENARIOS 8
/* Long histories are costly to weigh: follow fewer. */
#define LONG_HISTORY   4096
#define LONG_SCENARIOS 2

/* The likelihood, over that of the likeliest commit, of those that are left out of a middle; at
 * least two commits have to be in, and this much of the probability. */
#define UNLIKELY 0.7
#define MOST     0.5

typedef struct {
	double weight;
	double *mass; /* node -> P(culprit, given that there is one) */
	double *bad;  /* node -> P(it is on the bad side) */
	double best;  /* the best gain of any node */
} Scenario;

struct XbScenarios {
	const XbSearch *search;
	const XbGain *gain;
	guint n_nodes, n;
	double some; /* P(there is a culprit) */
	Scenario scenario[2 * MAX_SCENARIOS];
	double *bad_now; /* node -> P(bad side) before anything was expected */
	guint8 *mark;
};

static void weigh(XbScenarios *self, Scenario *scenario)
{
	xb_graph_weigh(self->search->index, scenario->mass, scenario->bad);
	scenario->best = 0;
	for (guint i = 1; i < self->n_nodes; i++)
		scenario->best =
			fmax(scenario->best, xb_gain_channel(self->gain, scenario->bad[i]));
}

static void add(XbScenarios *self, double weight, const double *mass)
{
	Scenario *scenario = &self->scenario[self->n++];

	scenario->weight = weight;
	scenario->mass = g_memdup2(mass, self->n_nodes * sizeof(*mass));
	scenario->bad = g_new(double, self->n_nodes);
	weigh(self, scenario);
}

static void drop(XbScenarios *self, guint k)
{
	g_free(self->scenario[k].mass);
	g_free(self->scenario[k].bad);
	self->scenario[k] = self->scenario[--self->n];
}

/* Keeps the likely ones, and their weights a distribution. */
static void prune(XbScenarios *self)
{
	guint most = self->n_nodes > LONG_HISTORY ? LONG_SCENARIOS : MAX_SCENARIOS;
	double sum = 0;

	while (self->n > most) {
		guint least = 0;
		for (guint k = 1; k < self->n; k++)
			if (self->scenario[k].weight < self->scenario[least].weight)
				least = k;
		drop(self, least);
	}
	for (guint k = 0; k < self->n; k++)
		sum += self->scenario[k].weight;
	for (guint k = 0; k < self->n; k++)
		self->scenario[k].weight /= sum;
}

/*
 * The posterior without "none". Where the exact middle is preferred, what is less
 * likely, by the readings alone, would only move the middle of the rest by a
 * commit or two, which can cost a boot: it is left out.
 */
static double *likely_culprits(const XbPosterior *posterior, const XbHypotheses *hypotheses,
			       guint n, bool drop_unlikely)
{
	double *mass = g_new0(double, n);
	double top = 0, likely = 0, sum = 0;
	guint n_likely = 0;

	for (guint i = 1; i < n; i++)
		if (hypotheses->prior[i] > 0)
			top = fmax(top, posterior->node[i] / hypotheses->prior[i]);
	for (guint i = 1; i < n; i++) {
		mass[i] = posterior->node[i];
		sum += mass[i];
		if (mass[i] > UNLIKELY * top * hypotheses->prior[i]) {
			likely += mass[i];
			n_likely++;
		}
	}
	if (drop_unlikely && n_likely >= 2 && likely > MOST * sum) {
		for (guint i = 1; i < n; i++)
			if (mass[i] <= UNLIKELY * top * hypotheses->prior[i])
				mass[i] = 0;
		sum = likely;
	}
	for (guint i = 1; i < n && sum > 0; i++)
		mass[i] /= sum;
	return mass;
}

XbScenarios *xb_scenarios_new(const XbSearch *search, const XbHypotheses *hypotheses,
			      const XbPosterior *posterior, const XbGain *gain)
{
	XbScenarios *self = g_new0(XbScenarios, 1);

	self->search = search;
	self->gain = gain;
	self->n_nodes = search->graph->n;
	self->mark = g_new0(guint8, self->n_nodes);
	self->some = fmax(1 - posterior->none, 1e-9);
	g_autofree double *mass =
		likely_culprits(posterior, hypotheses, self->n_nodes, xb_gain_prefers_middle(gain));
	add(self, 1, mass);
	self->bad_now = g_memdup2(self->scenario[0].bad, self->n_nodes * sizeof(double));
	return self;
}

void xb_scenarios_free(XbScenarios *self)
{
	if (!self)
		return;
	while (self->n > 0)
		drop(self, 0);
	g_free(self->bad_now);
	g_free(self->mark);
	g_free(self);
}

/* Turns @scenario into its "good side" outcome and adds the other one. */
static void split(XbScenarios *self, guint k)
{
	Scenario *scenario = &self->scenario[k];
	double wrong = xb_gain_error(self->gain), sum[2] = { 0, 0 };
	g_autofree double *mass = g_new(double, self->n_nodes);

	for (guint i = 0; i < self->n_nodes; i++) {
		bool bad = self->mark[i];
		mass[i] = scenario->mass[i] * (bad ? 1 - wrong : wrong);
		scenario->mass[i] *= bad ? wrong : 1 - wrong;
		sum[0] += scenario->mass[i];
		sum[1] += mass[i];
	}
	for (guint i = 0; i < self->n_nodes; i++) {
		mass[i] /= fmax(sum[1], 1e-300);
		scenario->mass[i] /= fmax(sum[0], 1e-300);
	}
	double weight = scenario->weight;
	scenario->weight *= sum[0];
	weigh(self, scenario);
	if (sum[1] > 1e-3)
		add(self, weight * sum[1], mass);
}

void xb_scenarios_expect(XbScenarios *self, guint node)
{
	guint n = self->n;

	if (node == 0)
		return;
	for (guint i = 0; i < self->n_nodes; i++)
		self->mark[i] = 0;
	xb_graph_mark_ancestors(self->search->graph, node, 1, self->mark);
	for (guint k = 0; k < n; k++)
		split(self, k);
	prune(self);
}

double xb_scenarios_bad(const XbScenarios *self, guint node)
{
	double bad = 0;

	for (guint k = 0; k < self->n; k++)
		bad += self->scenario[k].weight * self->scenario[k].bad[node];
	return bad;
}

double xb_scenarios_gain(const XbScenarios *self, guint node)
{
	double gain = 0;

	for (guint k = 0; k < self->n; k++)
		gain += self->scenario[k].weight *
			xb_gain_channel(self->gain, self->scenario[k].bad[node]);
	return gain * self->some;
}

double xb_scenarios_gain_now(const XbScenarios *self, guint node)
{
	return xb_gain_channel(self->gain, self->bad_now[node]) * self->some;
}

double xb_scenarios_share(const XbScenarios *self, guint node)
{
	double share = 0;

	for (guint k = 0; k < self->n; k++)
		if (xb_gain_channel(self->gain, self->scenario[k].bad[node]) >
		    0.7 * self->scenario[k].best)
			share += self->scenario[k].weight;
	return share;
}
