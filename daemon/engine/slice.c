/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice.c - integrals over both levels, at one s. */
#include "slice.h"

#include <math.h>
#include <string.h>

#define PRIOR_LOG_S_SD 0.8
#define HOPELESS       (-16) /* logarithm of a group's highest density over the best group's */
/* A level tells from n boots as much as so many at most, since hosts drift. */
#define KNOWN_BOOTS_MAX 64
/* Gaps of so many standard deviations beyond the floor leave nothing below it. */
#define FAR 5

static void make_room(XbModel *self)
{
	double **const arrays[] = { &self->total,    &self->good,     &self->bad,
				    &self->prior,    &self->known,    &self->weight[0],
				    &self->bad_side, &self->weight[1] };

	if (self->lattice.n <= self->capacity)
		return;
	self->capacity = 2 * self->lattice.n;
	for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
		*arrays[i] = g_renew(double, *arrays[i], self->capacity);
}

/* What history's @n boots say of a level. */
static void add_known(const XbModel *self, double s, double level, guint n, double *log_density)
{
	double var = XB_PRIOR_IMAGE * XB_PRIOR_IMAGE + s * s / MIN(n, KNOWN_BOOTS_MAX);
	double norm = 0.5 * log(2 * G_PI * var);

	for (guint k = 0; k < self->lattice.n; k++) {
		double d = self->lattice.x[k] - level;
		log_density[k] -= 0.5 * d * d / var + norm;
	}
}

static void sum_columns(XbModel *self, double s)
{
	const guint n = self->lattice.n;

	memset(self->total, 0, n * sizeof(*self->total));
	if (self->good_known)
		add_known(self, s, self->options->history_level, self->options->history_n,
			  self->total);
	for (guint c = 0; c < self->hypotheses->n_columns; c++) {
		const double *column = xb_lattice_column(&self->lattice, c);
		for (guint k = 0; k < n; k++)
			self->total[k] += column[k];
	}
	for (guint k = 0; k < n; k++) {
		double d = (self->lattice.x[k] - self->reference) / XB_PRIOR_STEP;
		self->prior[k] = -log(G_PI * XB_PRIOR_STEP * (1 + d * d));
	}
	/* Under every culprit BAD's is the bad side; under "none" it is the only one. */
	memset(self->known, 0, n * sizeof(*self->known));
	if (self->bad_known)
		add_known(self, s, self->options->history_bad_level, self->options->history_bad_n,
			  self->known);
}

/* Brings the sum over the bad side's columns from the group before to @g: neighbours in
 * history differ by a column or so. Returns whether @g has any. */
static bool sum_bad_side(XbModel *self, guint g)
{
	const XbHypotheses *hypotheses = self->hypotheses;
	const uint64_t *words = &hypotheses->bad[(gsize)g * hypotheses->n_words];
	bool any = false;

	for (guint w = 0; w < hypotheses->n_words; w++) {
		uint64_t changed = words[w] ^ self->summed[w];
		any |= words[w] != 0;
		for (; changed != 0; changed &= changed - 1) {
			guint bit = (guint)__builtin_ctzll(changed);
			double sign = words[w] >> bit & 1 ? 1 : -1;
			const double *column = xb_lattice_column(&self->lattice, w * 64 + bit);
			for (guint k = 0; k < self->lattice.n; k++)
				self->bad_side[k] += sign * column[k];
		}
		self->summed[w] = words[w];
	}
	return any;
}

/* Both sides' densities of the group at hand; their maxima. */
static void split_sides(XbModel *self, double *top_good, double *top_bad)
{
	double good = -INFINITY, bad = -INFINITY;

	for (guint k = 0; k < self->lattice.n; k++) {
		double above = self->bad_side[k] + self->prior[k] + self->known[k];
		double below = self->total[k] - self->bad_side[k];
		self->bad[k] = above;
		self->good[k] = below;
		bad = above > bad ? above : bad;
		good = below > good ? below : good;
	}
	*top_good = good;
	*top_bad = bad;
}

static double share_small(const XbModel *self, const XbLevelSum *a, const XbLevelSum *b)
{
	double gap = fabs(b->mean - a->mean) - self->floor;

	if (gap > FAR * sqrt(a->var + b->var) + self->lattice.spacing)
		return 0;
	return xb_lattice_small(&self->lattice, self->weight[0], a, self->weight[1], b,
				self->floor);
}

/* @best: the highest density, prior included, of any group so far. */
static void weigh_group(XbModel *self, XbSlice *slice, guint g, double *best)
{
	bool any = sum_bad_side(self, g) || self->bad_known;
	double top_good, top_bad;

	split_sides(self, &top_good, &top_bad);
	double here = self->log_prior[g] + top_good + (any ? top_bad : 0);
	if (here < *best + HOPELESS)
		return;
	*best = fmax(*best, here);
	XbLevelSum good = xb_lattice_sum(&self->lattice, self->good, top_good, self->weight[0]);
	slice->group[g].mean[0] = good.mean;
	slice->group[g].var[0] = good.var;
	if (any) {
		XbLevelSum bad =
			xb_lattice_sum(&self->lattice, self->bad, top_bad, self->weight[1]);
		slice->group[g].log_mass = good.log_mass + bad.log_mass;
		slice->group[g].mean[1] = bad.mean;
		slice->group[g].var[1] = bad.var;
		slice->group[g].small = share_small(self, &good, &bad);
	} else {
		slice->group[g].log_mass = good.log_mass;
		slice->group[g].mean[1] = self->reference;
		slice->group[g].var[1] = 4 * XB_PRIOR_STEP * XB_PRIOR_STEP;
		slice->group[g].small = 2 / G_PI * atan(self->floor / XB_PRIOR_STEP);
	}
}

static void weigh_none(XbModel *self, XbSlice *slice)
{
	double top = -INFINITY;

	for (guint k = 0; k < self->lattice.n; k++) {
		self->bad[k] = self->total[k] + self->known[k];
		top = fmax(top, self->bad[k]);
	}
	XbLevelSum flat = xb_lattice_sum(&self->lattice, self->bad, top, self->weight[0]);
	slice->log_none = flat.log_mass;
	slice->none_mean = flat.mean;
	slice->none_var = flat.var;
}

/* Log evidence of the groups; the likeliest of the slice before sets the mark. */
static double weigh_groups(XbModel *self, XbSlice *slice)
{
	guint n_groups = self->hypotheses->n_groups;
	double best = -INFINITY, log_sum = -INFINITY, most = -INFINITY;

	memset(self->summed, 0, self->hypotheses->n_words * sizeof(*self->summed));
	memset(self->bad_side, 0, self->lattice.n * sizeof(*self->bad_side));
	for (guint g = 0; g < n_groups; g++)
		slice->group[g].log_mass = -INFINITY;
	if (self->favourite < n_groups)
		weigh_group(self, slice, self->favourite, &best);
	for (guint g = 0; g < n_groups; g++) {
		if (self->group_prior[g] <= 0)
			continue;
		if (g != self->favourite)
			weigh_group(self, slice, g, &best);
		if (slice->group[g].log_mass == -INFINITY)
			continue;
		double here = self->log_prior[g] + slice->group[g].log_mass;
		log_sum = xb_log_add(log_sum, here);
		if (here > most) {
			most = here;
			self->favourite = g;
		}
	}
	return log_sum;
}

static double log_prior_s(const XbModel *self, double s)
{
	const XbOptions *options = self->options;
	double median = XB_PRIOR_S, sd = PRIOR_LOG_S_SD;

	if (options->history_n > 1 && options->history_boot_sd > 0) {
		median = fmax(options->history_boot_sd, XB_S_MIN);
		sd = sqrt(1.0 / (2.0 * (options->history_n - 1)) + 0.01);
	}
	double z = log(s / median) / sd;
	return -0.5 * z * z - log(sd);
}

double xb_slice_add(XbModel *self, XbScatter *scatter, double s)
{
	guint n_groups = self->hypotheses->n_groups;
	XbSlice *slice = g_malloc0(sizeof(*slice) + n_groups * sizeof(slice->group[0]));

	slice->s = s;
	slice->log_weight = log_prior_s(self, s) + xb_scatter_weigh(scatter, s, &slice->phi);
	xb_lattice_lay(&self->lattice, s, slice->phi, self->outliers);
	make_room(self);
	sum_columns(self, s);
	weigh_none(self, slice);
	double log_sum = log(n_groups > 0 ? XB_PRIOR_NONE : 1) + slice->log_none;
	log_sum = xb_log_add(log_sum, weigh_groups(self, slice));
	self->slices[self->n_slices++] = slice;
	return log_sum + slice->log_weight;
}
