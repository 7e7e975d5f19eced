/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reference.c - the searches of reference.h. */
#include "reference.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define A0     0.75
#define B0     (A0 * 0.008 * 0.008)
#define K0     0.02
#define POINTS 160 /* of the integral over a reading */
#define PLACES 9   /* candidates inside one stretch of unmeasured commits */

/* ---- oracle ------------------------------------------------------------------ */

void ref_oracle(const RefWorld *world, uint64_t seed, RefTrial *trial)
{
	XbRandom random = { seed };
	g_autofree double *p = g_new(double, world->n + 1);

	*trial = (RefTrial){ .truth = 1 + xb_random_below(&random, 0, world->n) };
	for (guint h = 1; h <= world->n; h++)
		p[h] = 1.0 / world->n;
	while (trial->boots < world->most) {
		double below = 0, best = 2;
		guint at = 1;
		for (guint h = 1; h <= world->n; h++) {
			below += p[h];
			if (fabs(below - 0.5) < best) {
				best = fabs(below - 0.5);
				at = h;
			}
		}
		double y = (at >= trial->truth ? world->shift : 0) +
			   world->s * xb_random_normal(&random);
		double good = exp(-0.5 * pow(y / world->s, 2));
		double bad = exp(-0.5 * pow((y - world->shift) / world->s, 2));
		double sum = 0, top = 0;
		trial->boots++;
		for (guint h = 1; h <= world->n; h++)
			sum += p[h] *= h <= at ? bad : good;
		for (guint h = 1; h <= world->n; h++) {
			p[h] /= sum;
			if (p[h] > top) {
				top = p[h];
				trial->culprit = h;
			}
		}
		trial->confidence = top;
		if (top >= world->confidence)
			break;
	}
}

/* ---- greedy ------------------------------------------------------------------ */

typedef struct {
	double n, sum, square;
} Stats;

/* Hypotheses between two measured commits, which no reading tells apart. */
typedef struct {
	guint first, last; /* culprits */
	Stats bad;         /* readings at or above `last` */
	double p, mean[2], scale[2], nu;
	double density[2][POINTS], entropy[2];
} Stretch;

typedef struct {
	const RefWorld *world;
	XbRandom random;
	guint truth;
	Stats *at;     /* commit -> its readings */
	double origin; /* the first reading */
	Stats all;
	guint n;
	Stretch *stretch; /* [0]: none, which has one level, mean[0] */
	double y[POINTS], step;
} Greedy;

static double evidence_of_level(const Stats *it, double *square)
{
	/* Prior mean 0 with weight K0: what it adds to the sum of squares. */
	*square += it->square - it->sum * it->sum / (K0 + it->n);
	return 0.5 * log(K0 / (K0 + it->n));
}

static Stats minus(const Stats *a, const Stats *b)
{
	return (Stats){ a->n - b->n, a->sum - b->sum, a->square - b->square };
}

/* log evidence, and the parameters of the predictions of both sides. */
static double weigh(Stretch *it, const Stats *good, const Stats *bad)
{
	double square = 2 * B0, log_evidence = evidence_of_level(good, &square);
	double n = good->n;
	const Stats *side[2] = { good, bad };

	if (bad) {
		log_evidence += evidence_of_level(bad, &square);
		n += bad->n;
	}
	it->nu = 2 * A0 + n;
	for (int k = 0; k < 2; k++) {
		const Stats *s = side[k] ? side[k] : good;
		it->mean[k] = s->sum / (K0 + s->n);
		it->scale[k] = sqrt(square / it->nu * (1 + 1 / (K0 + s->n)));
	}
	return log_evidence - (A0 + n / 2) * log(square / 2) + lgamma(A0 + n / 2);
}

static void measure(Greedy *self, guint commit)
{
	double y = (commit >= self->truth ? self->world->shift : 0) +
		   self->world->s * xb_random_normal(&self->random);

	if (self->all.n == 0)
		self->origin = y;
	y -= self->origin;
	for (int k = 0; k < 2; k++) {
		Stats *to = k ? &self->all : &self->at[commit];
		to->n++;
		to->sum += y;
		to->square += y * y;
	}
}

static void believe(Greedy *self)
{
	const RefWorld *world = self->world;
	Stats above = { 0 };
	double top, sum = 0;
	guint last = world->n;

	self->n = 1;
	self->stretch[0].p = top =
		log(world->prior_none) + weigh(&self->stretch[0], &self->all, NULL);
	/* From the end: culprits (c, last] put on the bad side what lies at last and above. */
	while (last >= 1) {
		guint low = last;
		above.n += self->at[last].n;
		above.sum += self->at[last].sum;
		above.square += self->at[last].square;
		while (low > 1 && self->at[low - 1].n == 0)
			low--;
		Stretch *it = &self->stretch[self->n++];
		Stats good = minus(&self->all, &above);
		it->first = low;
		it->last = last;
		it->p = log((1 - world->prior_none) * (last - low + 1) / world->n) +
			weigh(it, &good, &above);
		top = fmax(top, it->p);
		last = low - 1;
	}
	for (guint k = 0; k < self->n; k++)
		sum += self->stretch[k].p = exp(self->stretch[k].p - top);
	for (guint k = 0; k < self->n; k++)
		self->stretch[k].p /= sum;
}

static void predict(Greedy *self, Stretch *it, int side)
{
	double norm = lgamma((it->nu + 1) / 2) - lgamma(it->nu / 2) - 0.5 * log(it->nu * G_PI) -
		      log(it->scale[side]);
	double sum = 0;

	for (guint i = 0; i < POINTS; i++) {
		double z = (self->y[i] - it->mean[side]) / it->scale[side];
		it->density[side][i] = exp(norm - (it->nu + 1) / 2 * log1p(z * z / it->nu));
		sum += it->density[side][i] * self->step;
	}
	it->entropy[side] = 0;
	for (guint i = 0; i < POINTS; i++) {
		double d = it->density[side][i] /= sum;
		if (d > 0)
			it->entropy[side] -= d * log2(d) * self->step;
	}
}

static void lay_points(Greedy *self)
{
	double low = INFINITY, high = -INFINITY;

	for (guint k = 0; k < self->n; k++)
		for (int side = 0; side < 2; side++) {
			const Stretch *it = &self->stretch[k];
			if (it->p < 1e-3)
				continue;
			double reach = 5 * it->scale[side] * (1 + 2 / it->nu);
			low = fmin(low, it->mean[side] - reach);
			high = fmax(high, it->mean[side] + reach);
		}
	self->step = (high - low) / (POINTS - 1);
	for (guint i = 0; i < POINTS; i++)
		self->y[i] = low + self->step * i;
	for (guint k = 0; k < self->n; k++)
		for (int side = 0; side < 2; side++)
			if (self->stretch[k].p >= 1e-3)
				predict(self, &self->stretch[k], side);
}

/* Bits of a boot of @commit. */
static double gain(const Greedy *self, guint commit)
{
	double mix[POINTS] = { 0 }, within = 0, kept = 0, bits = 0;

	for (guint k = 0; k < self->n; k++) {
		const Stretch *it = &self->stretch[k];
		double share = 0;
		if (it->p < 1e-3)
			continue;
		if (k > 0 && commit >= it->first)
			share = (MIN(commit, it->last) - it->first + 1.0) /
				(it->last - it->first + 1.0);
		double good = it->p * (1 - share), bad = it->p * share;
		for (guint i = 0; i < POINTS; i++)
			mix[i] += good * it->density[0][i] + bad * it->density[1][i];
		within += good * it->entropy[0] + bad * it->entropy[1];
		kept += it->p;
	}
	for (guint i = 0; i < POINTS; i++)
		if (mix[i] > 0)
			bits -= mix[i] / kept * log2(mix[i] / kept) * self->step;
	return bits - within / kept;
}

static guint choose(Greedy *self)
{
	double top = gain(self, 0);
	guint best = 0;

	for (guint k = 1; k < self->n; k++) {
		const Stretch *it = &self->stretch[k];
		guint size = it->last - it->first + 1;
		guint places = it->p < 0.01 ? 1 : MIN(size, PLACES);
		for (guint j = 1; j <= places; j++) {
			guint commit = it->first - 1 + (guint)((guint64)size * j / places);
			double here = gain(self, commit);
			if (here > top) {
				top = here;
				best = commit;
			}
		}
	}
	return best;
}

void ref_greedy(const RefWorld *world, uint64_t seed, RefTrial *trial)
{
	Greedy self = { .world = world, .random = { seed } };

	self.truth = 1 + xb_random_below(&self.random, 0, world->n);
	self.at = g_new0(Stats, world->n + 1);
	self.stretch = g_new0(Stretch, MIN(world->n, world->most) + 3);
	*trial = (RefTrial){ .truth = self.truth };
	measure(&self, 0);
	measure(&self, world->n);
	for (trial->boots = 2; trial->boots < world->most; trial->boots++) {
		believe(&self);
		trial->confidence = self.stretch[0].p;
		trial->culprit = 0;
		for (guint k = 1; k < self.n; k++) {
			const Stretch *it = &self.stretch[k];
			double p = it->p / (it->last - it->first + 1);
			if (p > trial->confidence) {
				trial->confidence = p;
				trial->culprit = it->first;
			}
		}
		if (trial->confidence >= world->confidence)
			break;
		lay_points(&self);
		measure(&self, choose(&self));
	}
	g_free(self.at);
	g_free(self.stretch);
}
