/* SPDX-License-Identifier: GPL-2.0-or-later */
/* posterior.c - the integrals of posterior.h over s and over the hypotheses. */
#include "posterior.h"
#include "passfail.h"
#include "slice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVIDENCE_DROP 6

/* The shares of outliers that are believed possible, and how much so. */
static const struct {
	double share, prior;
} outlier_grid[] = { { 0.002, 0.96 }, { 0.02, 0.03 }, { 0.1, 0.01 } };
#define SUSPECT_OUTLIERS 1 /* of that grid; a reading that would be one with this much */
#define SUSPECT          0.6

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* ---- the sum over s -------------------------------------------------------- */

/* A guess at s from successive differences, which see at most one step. */
static double guess_s(const XbModel *self)
{
	const XbObservations *seen = self->seen;
	guint n = seen->readings->len;
	g_autofree double *difference = g_new(double, n + 1);

	double expected = self->options->history_n > 1 && self->options->history_boot_sd > 0
				  ? self->options->history_boot_sd
				  : XB_PRIOR_S;
	if (n < 2)
		return expected;
	for (guint i = 0; i + 1 < n; i++)
		difference[i] = fabs(g_array_index(seen->readings, XbReading, i + 1).level -
				     g_array_index(seen->readings, XbReading, i).level);
	qsort(difference, n - 1, sizeof(*difference), compare_doubles);
	double s = fmax(difference[(n - 1) / 2] / 0.954, XB_S_MIN);
	double weight = n - 1;
	return exp((weight * log(s) + 2 * log(expected)) / (weight + 2));
}

static void free_slices(XbModel *self)
{
	for (guint i = 0; i < self->n_slices; i++)
		g_free(self->slices[i]);
	self->n_slices = 0;
}

/* Walks s up and down from a guess until the evidence has dropped. Returns the log of the step of
 * the sum. */
static double cover_s(XbModel *self)
{
	g_autoptr(XbScatter) scatter = xb_scatter_new(self->seen, self->outliers);
	double start = CLAMP(guess_s(self), XB_S_MIN, XB_S_MAX);
	double step = CLAMP(1 / sqrt(self->seen->readings->len + 1.0), 0.08, 0.45);

	double best = xb_slice_add(self, scatter, start);
	for (int direction = -1; direction <= 1; direction += 2) {
		double s = start;
		guint most = direction < 0 ? XB_MAX_SLICES / 2 : XB_MAX_SLICES;
		while (self->n_slices < most) {
			s *= exp(direction * step);
			if (s < XB_S_MIN || s > XB_S_MAX)
				break;
			double last = xb_slice_add(self, scatter, s);
			best = fmax(best, last);
			if (last < best - EVIDENCE_DROP)
				break;
		}
	}
	return log(step);
}

/* ---- summing up ------------------------------------------------------------ */

typedef struct {
	double weight, mean[2], square[2];
} Moments;

static void add_moments(Moments *moments, double weight, const double mean[2], const double var[2],
			double reference)
{
	moments->weight += weight;
	for (int side = 0; side < 2; side++) {
		double m = mean[side] - reference;
		moments->mean[side] += weight * m;
		moments->square[side] += weight * (m * m + var[side]);
	}
}

static void settle_moments(const Moments *moments, double reference, XbGroupBelief *belief)
{
	for (int side = 0; side < 2; side++) {
		double m = moments->weight > 0 ? moments->mean[side] / moments->weight : 0;
		double v =
			moments->weight > 0 ? moments->square[side] / moments->weight - m * m : 1;
		belief->mean[side] = reference + m;
		belief->var[side] = fmax(v, 0);
	}
}

static double slice_log(const XbModel *self, const XbSlice *slice, guint g)
{
	return slice->log_weight + self->log_prior[g] + slice->group[g].log_mass;
}

static void sum_up(const XbModel *self, double log_step, XbPosterior *out)
{
	guint n_groups = self->hypotheses->n_groups;
	double prior_none = n_groups > 0 ? XB_PRIOR_NONE : 1;
	double top = -INFINITY, sum = 0, log_s = 0;
	Moments flat = { 0 };

	for (guint i = 0; i < self->n_slices; i++) {
		const XbSlice *slice = self->slices[i];
		top = fmax(top, slice->log_weight + log(prior_none) + slice->log_none);
		for (guint g = 0; g < n_groups; g++)
			top = fmax(top, slice_log(self, slice, g));
	}
	g_autofree Moments *moments = g_new0(Moments, n_groups + 1);
	for (guint i = 0; i < self->n_slices; i++) {
		const XbSlice *slice = self->slices[i];
		double p = exp(slice->log_weight + log(prior_none) + slice->log_none - top);
		double here = p;
		double mean[2] = { slice->none_mean, slice->none_mean };
		double var[2] = { slice->none_var, slice->none_var };
		add_moments(&flat, p, mean, var, self->reference);
		out->none += p;
		for (guint g = 0; g < n_groups; g++) {
			p = exp(slice_log(self, slice, g) - top);
			if (!(p > 0))
				continue;
			add_moments(&moments[g], p, slice->group[g].mean, slice->group[g].var,
				    self->reference);
			out->group[g].mass += p * (1 - slice->group[g].small);
			out->none += p * slice->group[g].small;
			here += p;
		}
		sum += here;
		log_s += here * log(slice->s);
		out->phi += here * slice->phi;
	}
	out->none /= sum;
	out->s = exp(log_s / sum);
	out->phi /= sum;
	out->log_evidence = top + log(sum) + log_step;
	settle_moments(&flat, self->reference, &out->flat);
	for (guint g = 0; g < n_groups; g++) {
		out->group[g].mass /= sum;
		settle_moments(&moments[g], self->reference, &out->group[g]);
	}
}

static double find_reference(const XbObservations *seen, const XbOptions *options)
{
	const XbUnit *good = &seen->units[seen->unit_of[0]];

	if (good->n == 0)
		return isnan(options->history_level)
			       ? g_array_index(seen->readings, XbReading, 0).level
			       : options->history_level;
	g_autofree double *level = g_new(double, good->n);
	for (guint k = 0; k < good->n; k++)
		level[k] = xb_reading(seen, good, k)->level;
	qsort(level, good->n, sizeof(*level), compare_doubles);
	return (level[good->n / 2] + level[(good->n - 1) / 2]) / 2;
}

static void clear(XbPosterior *out, guint n_groups)
{
	memset(out->group, 0, n_groups * sizeof(*out->group));
	out->none = out->s = out->phi = 0;
}

static void compute(XbModel *self, double outliers, XbPosterior *out)
{
	clear(out, self->hypotheses->n_groups);
	self->outliers = outliers;
	double log_step = cover_s(self);
	sum_up(self, log_step, out);
	free_slices(self);
	out->outliers = outliers;
}

/* ---- outliers --------------------------------------------------------------- */

/* Is there a reading that would be an outlier if those were frequent, as the likeliest group has
 * it? Where there is none their share makes no difference. */
static bool suspects_outliers(const XbModel *self, const XbPosterior *posterior)
{
	const XbObservations *seen = self->seen;
	const XbGroupBelief *best = &posterior->flat;
	guint best_group = XB_NO_GROUP;
	double mass = posterior->none;

	for (guint g = 0; g < self->hypotheses->n_groups; g++) {
		if (posterior->group[g].mass > mass) {
			mass = posterior->group[g].mass;
			best = &posterior->group[g];
			best_group = g;
		}
	}
	for (guint c = 0; c < self->hypotheses->n_columns; c++) {
		const XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, c)];
		int side = best_group != XB_NO_GROUP &&
			   xb_hypotheses_is_bad(self->hypotheses, best_group, c);
		XbDensity density =
			xb_density_make(sqrt(posterior->s * posterior->s + best->var[side]),
					outlier_grid[SUSPECT_OUTLIERS].share);
		for (guint k = 0; k < unit->n; k++) {
			double d = xb_reading(seen, unit, k)->level - best->mean[side];
			if (xb_density_is_outlier(&density, d) > SUSPECT)
				return true;
		}
	}
	return false;
}

static void mix_levels(const XbGroupBelief *from, double weight, XbGroupBelief *sum)
{
	sum->mass += weight;
	for (int side = 0; side < 2; side++) {
		sum->mean[side] += weight * from->mean[side];
		sum->var[side] += weight * (from->var[side] + from->mean[side] * from->mean[side]);
	}
}

static void settle_levels(XbGroupBelief *sum, const XbGroupBelief *fallback)
{
	if (!(sum->mass > 0)) {
		*sum = *fallback;
		sum->mass = 0;
		return;
	}
	for (int side = 0; side < 2; side++) {
		sum->mean[side] /= sum->mass;
		sum->var[side] =
			fmax(sum->var[side] / sum->mass - sum->mean[side] * sum->mean[side], 0);
	}
}

/* The average over epsilon: @part[i] by its evidence and prior. */
static void mix(const XbPosterior *part, guint n_groups, XbPosterior *out)
{
	double weight[G_N_ELEMENTS(outlier_grid)], top = -INFINITY, sum = 0, log_s = 0;

	for (guint i = 0; i < G_N_ELEMENTS(outlier_grid); i++)
		top = fmax(top, weight[i] = log(outlier_grid[i].prior) + part[i].log_evidence);
	for (guint i = 0; i < G_N_ELEMENTS(outlier_grid); i++)
		sum += weight[i] = exp(weight[i] - top);
	clear(out, n_groups);
	out->outliers = 0;
	out->flat = (XbGroupBelief){ 0 };
	out->log_evidence = top + log(sum);
	for (guint i = 0; i < G_N_ELEMENTS(outlier_grid); i++) {
		double w = weight[i] / sum;
		out->none += w * part[i].none;
		out->phi += w * part[i].phi;
		out->outliers += w * part[i].outliers;
		log_s += w * log(part[i].s);
		mix_levels(&part[i].flat, w, &out->flat);
		for (guint g = 0; g < n_groups; g++)
			mix_levels(&part[i].group[g], w * part[i].group[g].mass, &out->group[g]);
	}
	out->s = exp(log_s);
	settle_levels(&out->flat, &part[0].flat);
	for (guint g = 0; g < n_groups; g++)
		settle_levels(&out->group[g], &part[0].group[g]);
}

static void integrate_all(XbModel *self, XbPosterior *out)
{
	XbPosterior part[G_N_ELEMENTS(outlier_grid)] = { 0 };
	guint n_groups = self->hypotheses->n_groups;

	self->reference = find_reference(self->seen, self->options);
	compute(self, outlier_grid[0].share, out);
	if (!suspects_outliers(self, out))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(outlier_grid); i++) {
		part[i].group = g_new0(XbGroupBelief, n_groups + 1);
		if (i > 0)
			compute(self, outlier_grid[i].share, &part[i]);
	}
	g_free(part[0].group);
	part[0] = *out;
	part[0].group = g_memdup2(out->group, (n_groups + 1) * sizeof(*out->group));
	mix(part, n_groups, out);
	for (guint i = 0; i < G_N_ELEMENTS(outlier_grid); i++)
		g_free(part[i].group);
}

/* ---- the whole ---------------------------------------------------------------- */

static void start_model(XbModel *self)
{
	const XbOptions *options = self->options;
	double known[2];
	guint n = 0;

	if (self->good_known)
		known[n++] = options->history_level;
	if (self->bad_known)
		known[n++] = options->history_bad_level;
	xb_lattice_init(&self->lattice, self->seen, known, n);
	self->log_prior = g_new(double, self->hypotheses->n_groups + 1);
	for (guint g = 0; g < self->hypotheses->n_groups; g++)
		self->log_prior[g] = log(self->group_prior[g]);
	self->summed = g_new0(uint64_t, self->hypotheses->n_words);
	self->favourite = XB_NO_GROUP;
}

static void clear_model(XbModel *self)
{
	double *const arrays[] = { self->total, self->good,  self->bad,       self->bad_side,
				   self->prior, self->known, self->weight[0], self->weight[1] };

	for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
		g_free(arrays[i]);
	g_free(self->summed);
	g_free(self->group_prior);
	g_free(self->log_prior);
	xb_lattice_clear(&self->lattice);
}

static void share_groups(const XbModel *self, XbPosterior *out)
{
	const XbHypotheses *hypotheses = self->hypotheses;

	out->node[0] = out->none;
	for (guint i = 1; i < hypotheses->n_nodes; i++) {
		guint g = hypotheses->group_of[i];
		if (g != XB_NO_GROUP && self->group_prior[g] > 0)
			out->node[i] = out->group[g].mass * (1 - XB_PRIOR_NONE) *
				       hypotheses->prior[i] / self->group_prior[g];
	}
}

XbPosterior *xb_posterior_new(const XbObservations *seen, const XbHypotheses *hypotheses,
			      const XbOptions *options)
{
	XbPosterior *out = g_new0(XbPosterior, 1);
	XbModel self = {
		.seen = seen,
		.hypotheses = hypotheses,
		.options = options,
		.good_known = !isnan(options->history_level) && options->history_n > 0,
		.bad_known = options->history_bad_n > 0,
		.floor = log1p(fmax(options->min_effect, 0)),
	};

	out->node = g_new0(double, hypotheses->n_nodes);
	out->group = g_new0(XbGroupBelief, hypotheses->n_groups + 1);
	self.group_prior = g_new0(double, hypotheses->n_groups + 1);
	for (guint i = 1; i < hypotheses->n_nodes; i++)
		if (hypotheses->group_of[i] != XB_NO_GROUP)
			self.group_prior[hypotheses->group_of[i]] +=
				(1 - XB_PRIOR_NONE) * hypotheses->prior[i];
	start_model(&self);
	if (options->pass_fail)
		xb_pass_fail(seen, hypotheses, self.group_prior, XB_PRIOR_NONE, out);
	else
		integrate_all(&self, out);
	share_groups(&self, out);
	clear_model(&self);
	return out;
}

void xb_posterior_free(XbPosterior *self)
{
	if (!self)
		return;
	g_free(self->node);
	g_free(self->group);
	g_free(self);
}
