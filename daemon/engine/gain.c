/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gain.c - mutual information of culprit and reading. */
#include "gain.h"
#include "passfail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TABLE      64  /* steps of q */
#define NODES      19  /* of the integral over one predictive density */
#define REACH      4.5 /* of those nodes, in standard deviations */
#define MAX_GROUPS 24
#define MIN_MASS   0.002
#define MIN_SHARE  0.0625 /* of the error that is allowed */
/* Of the middle. */
#define FEW_READINGS 8
#define LITTLE_NOISE 0.08

/* A group's prediction for a commit on either side. */
typedef struct {
	double mass;
	double *density[2]; /* at each point */
	double entropy[2];
} Part;

typedef struct {
	double y, reach;
} Point;

struct XbGain {
	const XbSearch *search;
	const XbHypotheses *hypotheses;
	const XbPosterior *posterior;
	double channel[TABLE + 1]; /* q = i / TABLE -> bits */
	double error;
	guint n_points;
	double *y, *width; /* points and weights of the integral over readings */
	guint n_parts;
	Part part[MAX_GROUPS];
	guint *part_of; /* group -> part + 1, 0: left out */
	Part flat;      /* "none", both sides alike */
	double *mix;    /* workspace, of n_points */
	uint64_t *mark; /* node -> which of 64 nodes descend from it */
};

static double binary_entropy(double p)
{
	return p <= 0 || p >= 1 ? 0 : -p * log2(p) - (1 - p) * log2(1 - p);
}

static double normal_density(double y, double mean, double var)
{
	double d = y - mean;
	return exp(-0.5 * d * d / var) / sqrt(2 * G_PI * var);
}

/* ---- the channel ------------------------------------------------------------- */

static double error_of_capacity(double bits)
{
	double low = 0, high = 0.5;

	for (guint i = 0; i < 40; i++) {
		double middle = (low + high) / 2;
		if (1 - binary_entropy(middle) > bits)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* Means and variances of the two levels over all hypotheses. */
static void share_levels(const XbGain *self, double mean[2], double var[2])
{
	double first[2] = { 0, 0 }, second[2] = { 0, 0 }, weight = 0;
	double origin = self->posterior->flat.mean[0];

	for (guint g = 0; g < self->hypotheses->n_groups; g++) {
		const XbGroupBelief *group = &self->posterior->group[g];
		weight += group->mass;
		for (int side = 0; side < 2; side++) {
			double m = group->mean[side] - origin;
			first[side] += group->mass * m;
			second[side] += group->mass * (m * m + group->var[side]);
		}
	}
	for (int side = 0; side < 2; side++) {
		double m = weight > 0 ? first[side] / weight : 0;
		mean[side] = origin + m;
		var[side] = weight > 0 ? fmax(second[side] / weight - m * m, 0) : 0;
		var[side] += self->posterior->s * self->posterior->s;
	}
	/* One variance for both, so that the middle of the history is the best of
	 * it: what is less known today is the next boot's to tell. */
	var[0] = var[1] = (var[0] + var[1]) / 2;
}

static void tabulate_channel(XbGain *self)
{
	double mean[2], var[2], ratio[2][NODES], weight[NODES], sum = 0;

	share_levels(self, mean, var);
	for (guint j = 0; j < NODES; j++) {
		double z = -REACH + 2 * REACH * j / (NODES - 1);
		weight[j] = exp(-0.5 * z * z);
		sum += weight[j];
		for (int side = 0; side < 2; side++) {
			double y = mean[side] + sqrt(var[side]) * z;
			ratio[side][j] = (normal_density(y, mean[0], var[0]) + 1e-12) /
					 (normal_density(y, mean[1], var[1]) + 1e-12);
		}
	}
	for (guint i = 0; i <= TABLE; i++) {
		double q = (double)i / TABLE, left = 0;
		for (guint j = 0; j < NODES && i > 0 && i < TABLE; j++) {
			double good = binary_entropy(q / (q + (1 - q) * ratio[0][j]));
			double bad = binary_entropy(q / (q + (1 - q) * ratio[1][j]));
			left += weight[j] / sum * ((1 - q) * good + q * bad);
		}
		self->channel[i] = fmax(0, binary_entropy(q) - left);
	}
	self->error = error_of_capacity(self->channel[TABLE / 2]);
}

/* ---- predictions ----------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = ((const Point *)a)->y, y = ((const Point *)b)->y;
	return (x > y) - (x < y);
}

static guint add_points(Point *points, guint n, double mean, double var)
{
	double sd = sqrt(var), step = 2 * REACH / (NODES - 1);

	for (guint j = 0; j < NODES; j++)
		points[n++] = (Point){ mean + sd * (-REACH + step * j), sd * step / 2 };
	return n;
}

/*
 * Points around every prediction, thinned where they crowd; the weight of a
 * point is the width of its cell, cut where the next prediction is far away.
 */
static void lay_points(XbGain *self)
{
	const XbPosterior *posterior = self->posterior;
	double s2 = posterior->s * posterior->s;
	g_autofree Point *points = g_new(Point, (2 * self->n_parts + 1) * NODES);
	guint n = add_points(points, 0, posterior->flat.mean[0], posterior->flat.var[0] + s2);

	for (guint g = 0; g < self->hypotheses->n_groups; g++) {
		if (self->part_of[g] == 0)
			continue;
		for (int side = 0; side < 2; side++)
			n = add_points(points, n, posterior->group[g].mean[side],
				       posterior->group[g].var[side] + s2);
	}
	qsort(points, n, sizeof(*points), by_value);
	self->y = g_new(double, n);
	self->width = g_new(double, n);
	guint kept = 0;
	for (guint i = 1; i < n; i++) {
		if (points[i].y - points[kept].y < 0.35 * posterior->s)
			points[kept].reach = fmax(points[kept].reach, points[i].reach);
		else
			points[++kept] = points[i];
	}
	self->n_points = kept + 1;
	for (guint i = 0; i < self->n_points; i++) {
		double below = i > 0 ? points[i].y - points[i - 1].y : 2 * points[i].reach;
		double above = i < kept ? points[i + 1].y - points[i].y : 2 * points[i].reach;
		self->y[i] = points[i].y;
		self->width[i] =
			fmin(below / 2, points[i].reach) + fmin(above / 2, points[i].reach);
	}
}

/* The prediction is normalised on the points, so that a boot whose side and
 * level are known to all hypotheses has no gain by rounding. */
static void predict(const XbGain *self, double mean, double var, double **density, double *entropy)
{
	double sum = 0;

	*density = g_new(double, self->n_points);
	*entropy = 0;
	for (guint i = 0; i < self->n_points; i++) {
		(*density)[i] = normal_density(self->y[i], mean, var);
		sum += (*density)[i] * self->width[i];
	}
	for (guint i = 0; i < self->n_points; i++) {
		double p = (*density)[i] /= sum;
		if (p > 0)
			*entropy -= p * log2(p) * self->width[i];
	}
}

/* The likeliest groups, all of some mass when they are few. */
static void pick_groups(XbGain *self)
{
	const XbPosterior *posterior = self->posterior;
	double error = 1 - self->search->options->confidence;
	double least = fmin(MIN_MASS, error * MIN_SHARE);
	guint n = self->hypotheses->n_groups;

	/* of those that weigh the same the first ones */
	for (guint k = 0; k < MAX_GROUPS; k++) {
		guint best = n;
		for (guint g = 0; g < n; g++)
			if (self->part_of[g] == 0 && posterior->group[g].mass >= least &&
			    (best == n || posterior->group[g].mass > posterior->group[best].mass))
				best = g;
		if (best == n)
			break;
		self->part_of[best] = ++self->n_parts;
	}
}

static void predict_all(XbGain *self)
{
	const XbPosterior *posterior = self->posterior;
	double s2 = posterior->s * posterior->s;

	lay_points(self);
	self->flat.mass = posterior->none;
	predict(self, posterior->flat.mean[0], posterior->flat.var[0] + s2, &self->flat.density[0],
		&self->flat.entropy[0]);
	for (guint g = 0; g < self->hypotheses->n_groups; g++) {
		if (self->part_of[g] == 0)
			continue;
		Part *part = &self->part[self->part_of[g] - 1];
		part->mass = posterior->group[g].mass;
		for (int side = 0; side < 2; side++)
			predict(self, posterior->group[g].mean[side],
				posterior->group[g].var[side] + s2, &part->density[side],
				&part->entropy[side]);
	}
}

/* ---- pass or fail ------------------------------------------------------------------- */

/* Two outcomes: the densities are those of a failure, the entropies of both. */
static void predict_failures(const XbGroupBelief *belief, Part *part)
{
	for (int side = 0; side < 2; side++) {
		part->density[side] = g_new(double, 1);
		part->density[side][0] = xb_pass_fail_rate(belief->mean[side]);
		part->entropy[side] = binary_entropy(part->density[side][0]);
	}
}

static void predict_pass_fail(XbGain *self)
{
	const XbPosterior *posterior = self->posterior;
	double variance = posterior->s / G_LN2;

	/* s^2 / log^2(2) is error x (1 - error). */
	self->error = (1 - sqrt(fmax(1 - 4 * variance * variance, 0))) / 2;
	for (guint i = 0; i <= TABLE; i++) {
		double q = (double)i / TABLE;
		self->channel[i] = binary_entropy(q * (1 - self->error) + (1 - q) * self->error) -
				   binary_entropy(self->error);
	}
	self->n_points = 1;
	self->flat.mass = posterior->none;
	predict_failures(&posterior->flat, &self->flat);
	for (guint g = 0; g < self->hypotheses->n_groups; g++) {
		if (self->part_of[g] == 0)
			continue;
		Part *part = &self->part[self->part_of[g] - 1];
		part->mass = posterior->group[g].mass;
		predict_failures(&posterior->group[g], part);
	}
}

XbGain *xb_gain_new(const XbSearch *search, const XbHypotheses *hypotheses,
		    const XbPosterior *posterior)
{
	XbGain *self = g_new0(XbGain, 1);

	self->search = search;
	self->hypotheses = hypotheses;
	self->posterior = posterior;
	self->mark = g_new0(uint64_t, search->graph->n);
	self->part_of = g_new0(guint, hypotheses->n_groups + 1);
	pick_groups(self);
	if (search->options->pass_fail) {
		predict_pass_fail(self);
	} else {
		tabulate_channel(self);
		predict_all(self);
	}
	self->mix = g_new(double, self->n_points);
	return self;
}

void xb_gain_free(XbGain *self)
{
	if (!self)
		return;
	for (guint i = 0; i < self->n_parts; i++) {
		g_free(self->part[i].density[0]);
		g_free(self->part[i].density[1]);
	}
	g_free(self->flat.density[0]);
	g_free(self->flat.density[1]);
	g_free(self->part_of);
	g_free(self->y);
	g_free(self->width);
	g_free(self->mark);
	g_free(self->mix);
	g_free(self);
}

/* ---- gains ---------------------------------------------------------------------------- */

double xb_gain_freshness(const XbGain *self, guint n)
{
	double phi = self->posterior->phi;

	if (n == 0)
		return 1;
	return 1 / (phi + (1 - phi) / (n + 1.0)) - 1 / (phi + (1 - phi) / n);
}

double xb_gain_channel(const XbGain *self, double q)
{
	double at = CLAMP(q, 0, 1) * TABLE;
	guint i = MIN((guint)at, TABLE - 1);
	return self->channel[i] + (at - i) * (self->channel[i + 1] - self->channel[i]);
}

double xb_gain_error(const XbGain *self)
{
	return self->error;
}

bool xb_gain_prefers_middle(const XbGain *self)
{
	/* A wrong answer is as far off as a right one: there is no little noise. */
	if (self->search->options->pass_fail)
		return false;
	return self->search->seen->readings->len < FEW_READINGS || self->error < LITTLE_NOISE;
}

/* P(culprit is in this part, and the node on its bad side) for up to 64 nodes: bad[k * n_parts +
 * part]. */
static void share_bad(XbGain *self, const guint *node, guint n, double *bad)
{
	const XbGraph *graph = self->search->graph;
	guint last = 0, part = 0;
	uint64_t mask = 0;
	double sum = 0;

	memset(bad, 0, (gsize)n * self->n_parts * sizeof(*bad));
	for (guint k = 0; k < n; k++)
		last = MAX(last, node[k]);
	memset(self->mark, 0, (last + 1) * sizeof(*self->mark));
	for (guint k = 0; k < n; k++)
		self->mark[node[k]] |= UINT64_C(1) << k;
	/* Neighbours mostly have the same descendants and part: added up before they are
	 * shared out. */
	for (guint i = last + 1; i-- > 0;) {
		guint g = i > 0 ? self->hypotheses->group_of[i] : XB_NO_GROUP;
		guint here = g == XB_NO_GROUP ? 0 : self->part_of[g];
		for (guint e = graph->parent_start[i]; e < graph->parent_start[i + 1]; e++)
			self->mark[graph->parent[e]] |= self->mark[i];
		if (i == 0 || here != part || self->mark[i] != mask) {
			for (uint64_t left = part > 0 ? mask : 0; left != 0; left &= left - 1)
				bad[(guint)__builtin_ctzll(left) * self->n_parts + part - 1] += sum;
			part = here;
			mask = self->mark[i];
			sum = 0;
		}
		if (here > 0)
			sum += self->posterior->node[i];
	}
}

/* @bad: of each part. */
static double information(const XbGain *self, double *bad)
{
	double kept = self->flat.mass, within = self->flat.mass * self->flat.entropy[0];
	double bits = 0;
	double *mix = self->mix;

	for (guint i = 0; i < self->n_points; i++)
		mix[i] = self->flat.mass * self->flat.density[0][i];
	for (guint k = 0; k < self->n_parts; k++) {
		const Part *part = &self->part[k];
		const double *below = part->density[0], *above = part->density[1];
		double p = fmin(bad[k], part->mass), q = part->mass - p;
		kept += part->mass;
		within += q * part->entropy[0] + p * part->entropy[1];
		for (guint i = 0; i < self->n_points; i++)
			mix[i] += q * below[i] + p * above[i];
	}
	if (self->search->options->pass_fail)
		return fmax(0, binary_entropy(mix[0] / kept) - within / kept);
	for (guint i = 0; i < self->n_points; i++)
		if (mix[i] > 0)
			bits -= mix[i] * log2(mix[i] / kept) * self->width[i];
	return fmax(0, (bits - within) / kept);
}

void xb_gain_boots(XbGain *self, const guint *node, guint n, double *bits)
{
	const XbObservations *seen = self->search->seen;
	g_autofree double *bad = g_new(double, 64 * (gsize)MAX(self->n_parts, 1));

	for (guint from = 0; from < n; from += 64) {
		guint some = MIN(n - from, 64);
		share_bad(self, &node[from], some, bad);
		for (guint k = 0; k < some; k++) {
			guint boots = seen->units[seen->unit_of[node[from + k]]].n;
			bits[from + k] = information(self, &bad[(gsize)k * self->n_parts]) *
					 xb_gain_freshness(self, boots);
		}
	}
}
