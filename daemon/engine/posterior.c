/* SPDX-License-Identifier: GPL-2.0-or-later */
/* posterior.c - the integrals of posterior.h. */
#include "posterior.h"
#include "passfail.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRIOR_NONE      0.2
#define PRIOR_STEP      0.05  /* scale of the Cauchy prior on b - a */
#define PRIOR_S         0.008 /* median, and the sd of its logarithm */
#define PRIOR_LOG_S_SD  0.8
#define PRIOR_IMAGE     0.0005 /* sqrt(phi) s: median, sd of the logarithm */
#define PRIOR_LOG_IMAGE 0.7
#define PRIOR_OUTLIERS  0.002
#define OUTLIER_WEIGHT  50
#define OUTLIER_SCALE   0.03
#define S_MIN           1e-4
#define S_MAX           0.5
#define LATTICE_PER_S   4   /* at least */
#define LATTICE_ROOT    0.6 /* or this times the root of the number of readings */
#define LATTICE_REACH   5   /* s around each reading */
#define NEGLIGIBLE      -30 /* logarithm of a density over the highest */
#define HOPELESS        -25 /* the same of a group over the likeliest */
#define EVIDENCE_DROP   6
#define MAX_SLICES      48

/* log density of a reading around its level, tabled over |deviation| / s. */
#define TABLE_REACH 8
#define TABLE_PER_S 64
#define TABLE_SIZE  (TABLE_REACH * TABLE_PER_S + 2)

static const double phi_grid[] = { 0.0003, 0.001, 0.003, 0.01, 0.03,  0.1,
				   0.3,    0.6,   0.9,   0.99, 0.9999 };

/* Everything at one value of s. */
typedef struct {
	double s, log_weight; /* log of: prior of s, replicates, step of the sum */
	double phi;
	double log_none, none_mean, none_var;
	struct {
		double log_mass; /* without the group's prior */
		double mean[2], var[2], small;
	} group[];
} Slice;

/* The density of a reading around its level, its constants worked out once. */
typedef struct {
	double per_s, inlier, per_scale, outlier;
} Density;

typedef struct {
	const XbObservations *seen;
	const XbHypotheses *hypotheses;
	const XbOptions *options;
	double outliers;
	double reference;           /* where GOOD lies, about */
	bool good_known, bad_known; /* history has their levels */
	double floor;               /* log(1 + min_effect) */
	double *group_prior;
	int per_s; /* lattice points in an s */
	guint n_points;
	double *points; /* levels the lattice has to cover, sorted */
	Slice *slices[MAX_SLICES];
	guint n_slices;
	Density density; /* of the slice at hand, and its logarithm */
	double table[TABLE_SIZE];
	/* workspace, grown as the lattice does */
	guint capacity, n_x;
	gint64 *index; /* lattice points, in units of the spacing */
	double *x, *total, *good, *bad, *prior, *known, *weight[2], *log_unit;
	double *bad_side; /* sum of the columns of `summed`, which is a signature */
	uint64_t *summed;
} Model;

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double log_add(double a, double b)
{
	double high = fmax(a, b), low = fmin(a, b);
	return high == -INFINITY ? high : high + log1p(exp(low - high));
}

/* ---- one boot ------------------------------------------------------------ */

static Density make_density(double s, double outliers)
{
	double scale = fmax(OUTLIER_SCALE, 4 * s);

	return (Density){
		.per_s = 1 / s,
		.inlier = (1 - outliers) / (s * sqrt(2 * G_PI)),
		.per_scale = 1 / scale,
		.outlier = outliers / (G_PI * scale),
	};
}

static inline double boot_density(const Density *it, double deviation)
{
	double z = deviation * it->per_s, u = deviation * it->per_scale;
	double inlier = z * z < 1400 ? it->inlier * exp(-0.5 * z * z) : 0;

	return inlier + it->outlier / (1 + u * u);
}

static double log_boot(const Density *it, double deviation)
{
	double density = boot_density(it, deviation), z = deviation * it->per_s;

	return density > 1e-300 ? log(density) : log(it->inlier) - 0.5 * z * z;
}

static void fill_table(Model *self, double s)
{
	self->density = make_density(s, self->outliers);
	for (guint i = 0; i < TABLE_SIZE; i++)
		self->table[i] = log_boot(&self->density, i * s / TABLE_PER_S);
}

static inline double look_up(const Model *self, double deviation)
{
	double at = fabs(deviation) * TABLE_PER_S * self->density.per_s;

	if (at >= TABLE_SIZE - 2)
		return log_boot(&self->density, deviation);
	guint i = (guint)at;
	return self->table[i] + (at - i) * (self->table[i + 1] - self->table[i]);
}

/* ---- replicates: what boots of one image say of (1 - phi) s^2 --------------
 */

#define SCATTER_STEPS 40
#define SCATTER_LOW   1e-6
#define SCATTER_RATIO 1.4

/* The log evidence of the replicates at (1 - phi) s^2 = sigma^2, worked out where it is asked. */
typedef struct {
	const Model *model;
	bool any, known[SCATTER_STEPS];
	double log_evidence[SCATTER_STEPS];
} Scatter;

/* log of prod f(y_b | m, sigma). */
static double log_product(const XbObservations *seen, const XbUnit *unit, const Density *density,
			  double m)
{
	double sum = 0, product = 1;

	for (guint k = 0; k < unit->n; k++) {
		double deviation = xb_reading(seen, unit, k)->level - m;
		double here = boot_density(density, deviation);
		if (here < 1e-100) {
			sum += log_boot(density, deviation);
			continue;
		}
		product *= here;
		if (product > 1e100 || product < 1e-100) {
			sum += log(product);
			product = 1;
		}
	}
	return sum + log(product);
}

/*
 * log of the integral over m of prod f(y_b | m, sigma): Laplace's method
 * around the best of the readings and their mean, exact for a Gaussian.
 */
static double log_unit_scatter(const Model *self, const XbUnit *unit, double sigma)
{
	Density density = make_density(sigma, self->outliers);
	double best = log_product(self->seen, unit, &density, unit->mean);

	for (guint c = 0; c < MIN(unit->n, 12); c++) {
		double m = xb_reading(self->seen, unit, c)->level;
		double sum = log_product(self->seen, unit, &density, m);
		best = sum > best ? sum : best;
	}
	return best + log(sigma * sqrt(2 * G_PI / unit->n));
}

static Scatter start_scatter(const Model *self)
{
	Scatter scatter = { .model = self };

	for (guint i = 0; i < self->seen->measured->len; i++)
		scatter.any |=
			self->seen->units[g_array_index(self->seen->measured, guint, i)].n > 1;
	return scatter;
}

static double scatter_step(Scatter *scatter, guint k)
{
	const XbObservations *seen = scatter->model->seen;
	double sigma = SCATTER_LOW * pow(SCATTER_RATIO, k);

	if (scatter->known[k])
		return scatter->log_evidence[k];
	scatter->known[k] = true;
	for (guint i = 0; i < seen->measured->len; i++) {
		const XbUnit *unit = &seen->units[g_array_index(seen->measured, guint, i)];
		if (unit->n > 1)
			scatter->log_evidence[k] += log_unit_scatter(scatter->model, unit, sigma);
	}
	return scatter->log_evidence[k];
}

static double scatter_at(Scatter *scatter, double sigma)
{
	double at = log(sigma / SCATTER_LOW) / log(SCATTER_RATIO);

	if (!scatter->any)
		return 0;
	if (!(at > 0))
		return scatter_step(scatter, 0);
	guint i = MIN((guint)at, SCATTER_STEPS - 2);
	double low = scatter_step(scatter, i), high = scatter_step(scatter, i + 1);
	return low + (at - i) * (high - low);
}

/* Integrates phi out: its posterior mean given s, and the log evidence. */
static double weigh_phi(Scatter *scatter, double s, double *phi)
{
	double log_weight[G_N_ELEMENTS(phi_grid)], log_prior = -INFINITY, log_sum = -INFINITY;

	for (guint i = 0; i < G_N_ELEMENTS(phi_grid); i++) {
		double z = log(s * sqrt(phi_grid[i]) / PRIOR_IMAGE) / PRIOR_LOG_IMAGE;
		double prior = -0.5 * z * z;
		log_prior = log_add(log_prior, prior);
		log_weight[i] = prior + scatter_at(scatter, s * sqrt(1 - phi_grid[i]));
		log_sum = log_add(log_sum, log_weight[i]);
	}
	*phi = 0;
	for (guint i = 0; i < G_N_ELEMENTS(phi_grid); i++)
		*phi += phi_grid[i] * exp(log_weight[i] - log_sum);
	return log_sum - log_prior;
}

/* ---- the lattice -----------------------------------------------------------
 */

static void make_room(Model *self, guint n)
{
	if (n <= self->capacity)
		return;
	self->capacity = MAX(n, 2 * self->capacity);
	self->index = g_renew(gint64, self->index, self->capacity);
	self->x = g_renew(double, self->x, self->capacity);
	self->total = g_renew(double, self->total, self->capacity);
	self->bad = g_renew(double, self->bad, self->capacity);
	self->bad_side = g_renew(double, self->bad_side, self->capacity);
	self->good = g_renew(double, self->good, self->capacity);
	self->prior = g_renew(double, self->prior, self->capacity);
	self->known = g_renew(double, self->known, self->capacity);
	for (int side = 0; side < 2; side++)
		self->weight[side] = g_renew(double, self->weight[side], self->capacity);
	self->log_unit = g_renew(double, self->log_unit,
				 (gsize)self->capacity * self->hypotheses->n_columns);
}

static void lay_lattice(Model *self, double spacing)
{
	gint64 next = G_MININT64;

	self->n_x = 0;
	for (guint i = 0; i < self->n_points; i++) {
		gint64 low = (gint64)floor(self->points[i] / spacing) - LATTICE_REACH * self->per_s;
		gint64 high = low + 2 * LATTICE_REACH * self->per_s + 1;
		low = MAX(low, next);
		if (low > high)
			continue;
		make_room(self, self->n_x + (guint)(high - low + 1));
		for (gint64 k = low; k <= high; k++) {
			self->index[self->n_x] = k;
			self->x[self->n_x++] = k * spacing;
		}
		next = high + 1;
	}
}

/* log density of unit's readings as a function of the level, up to what does
 * not depend on it when there are several. */
static void spread_unit(Model *self, const XbUnit *unit, double s, double phi, double *out)
{
	double n = unit->n;
	double worth = 1 / (n * phi + 1 - phi);
	/* Boots of one image that agree are no outliers, little as they add to each other. */
	double outliers = pow(self->outliers, 1 / worth);
	bool tabled = worth > 0.8;
	Density density = make_density(s, outliers);

	memset(out, 0, self->n_x * sizeof(*out));
	for (guint b = 0; b < unit->n; b++) {
		double y = xb_reading(self->seen, unit, b)->level;
		for (guint k = 0; k < self->n_x; k++)
			out[k] += tabled ? look_up(self, y - self->x[k])
					 : log_boot(&density, y - self->x[k]);
	}
	if (unit->n < 2)
		return;
	double top = -INFINITY, sum = 0;
	for (guint k = 0; k < self->n_x; k++) {
		out[k] *= worth;
		top = out[k] > top ? out[k] : top;
	}
	for (guint k = 0; k < self->n_x; k++)
		sum += exp(out[k] - top);
	double norm = top + log(sum * s / self->per_s);
	for (guint k = 0; k < self->n_x; k++)
		out[k] -= norm;
}

/* exp() of a log density on the lattice into @weight, normalised; returns the
 * log of its integral, and its first two moments. */
static double integrate(const Model *self, const double *log_density, double spacing,
			double *weight, double *mean, double *var)
{
	double top = -INFINITY, sum = 0, first = 0, second = 0;

	for (guint k = 0; k < self->n_x; k++)
		top = log_density[k] > top ? log_density[k] : top;
	for (guint k = 0; k < self->n_x; k++) {
		double d = log_density[k] - top;
		weight[k] = d < NEGLIGIBLE ? 0 : exp(d);
		sum += weight[k];
		first += weight[k] * (self->x[k] - self->reference);
	}
	first /= sum;
	for (guint k = 0; k < self->n_x; k++) {
		double d = self->x[k] - self->reference - first;
		weight[k] /= sum;
		second += weight[k] * d * d;
	}
	*mean = self->reference + first;
	*var = second;
	return top + log(sum * spacing);
}

/* Position @at (in lattice units) in the distribution @weight; each point's
 * weight is spread over its cell. @from and @below carry a growing scan. */
static double distribution(const Model *self, const double *weight, double at, guint *from,
			   double *below)
{
	while (*from < self->n_x && (double)self->index[*from] + 0.5 <= at) {
		*below += weight[*from];
		(*from)++;
	}
	if (*from >= self->n_x)
		return *below;
	double inside = at - ((double)self->index[*from] - 0.5);
	return *below + (inside > 0 ? inside * weight[*from] : 0);
}

/* P(|b - a| < floor) from the two normalised weights. */
static double probability_small(const Model *self, double spacing)
{
	guint low = 0, high = 0;
	double below_low = 0, below_high = 0, small = 0;

	for (guint k = 0; k < self->n_x; k++) {
		if (self->weight[0][k] < 1e-12)
			continue;
		double at = (double)self->index[k], reach = self->floor / spacing;
		double upper = distribution(self, self->weight[1], at + reach, &high, &below_high);
		double lower = distribution(self, self->weight[1], at - reach, &low, &below_low);
		small += self->weight[0][k] * (upper - lower);
	}
	return CLAMP(small, 0, 1);
}

/* ---- one slice
 * ---------------------------------------------------------------- */

/* What history's @n boots say of a level: at most as much as 64 do. */
static void add_known(const Model *self, double s, double level, guint n, double *log_density)
{
	double var = PRIOR_IMAGE * PRIOR_IMAGE + s * s / MIN(n, 64u);

	for (guint k = 0; k < self->n_x; k++) {
		double d = self->x[k] - level;
		log_density[k] += -0.5 * d * d / var - 0.5 * log(2 * G_PI * var);
	}
}

static void sum_columns(Model *self, Slice *slice)
{
	const XbObservations *seen = self->seen;

	memset(self->total, 0, self->n_x * sizeof(*self->total));
	if (self->good_known)
		add_known(self, slice->s, self->options->history_level, self->options->history_n,
			  self->total);
	for (guint c = 0; c < self->hypotheses->n_columns; c++) {
		double *column = &self->log_unit[(gsize)c * self->n_x];
		spread_unit(self, &seen->units[g_array_index(seen->measured, guint, c)], slice->s,
			    slice->phi, column);
		for (guint k = 0; k < self->n_x; k++)
			self->total[k] += column[k];
	}
	for (guint k = 0; k < self->n_x; k++) {
		double d = (self->x[k] - self->reference) / PRIOR_STEP;
		self->prior[k] = -log(G_PI * PRIOR_STEP * (1 + d * d));
	}
	/* Under every culprit BAD's is the bad side; under "none" it is the only one. */
	memset(self->known, 0, self->n_x * sizeof(*self->known));
	if (self->bad_known)
		add_known(self, slice->s, self->options->history_bad_level,
			  self->options->history_bad_n, self->known);
}

/* Brings the sum over the bad side's columns from the group before to @g: neighbours in
 * history differ by a column or so. Returns whether @g has any. */
static bool sum_bad_side(Model *self, guint g)
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
			const double *column = &self->log_unit[(gsize)(w * 64 + bit) * self->n_x];
			for (guint k = 0; k < self->n_x; k++)
				self->bad_side[k] += sign * column[k];
		}
		self->summed[w] = words[w];
	}
	return any;
}

static void weigh_group(Model *self, Slice *slice, guint g)
{
	double spacing = slice->s / self->per_s;
	bool any = sum_bad_side(self, g) || self->bad_known;

	for (guint k = 0; k < self->n_x; k++) {
		self->bad[k] = self->bad_side[k] + self->prior[k] + self->known[k];
		self->good[k] = self->total[k] - self->bad_side[k];
	}
	double log_bad = 0;
	if (any)
		log_bad = integrate(self, self->bad, spacing, self->weight[1],
				    &slice->group[g].mean[1], &slice->group[g].var[1]);
	double log_good = integrate(self, self->good, spacing, self->weight[0],
				    &slice->group[g].mean[0], &slice->group[g].var[0]);
	slice->group[g].log_mass = log_good + log_bad;
	if (any) {
		slice->group[g].small = probability_small(self, spacing);
	} else {
		slice->group[g].mean[1] = self->reference;
		slice->group[g].var[1] = 4 * PRIOR_STEP * PRIOR_STEP;
		slice->group[g].small = 2 / G_PI * atan(self->floor / PRIOR_STEP);
	}
}

/* A group that was hopeless in every slice so far stays so. */
static bool hopeless(const Model *self, guint g)
{
	if (self->n_slices < 3)
		return false;
	for (guint i = 0; i < self->n_slices; i++) {
		const Slice *slice = self->slices[i];
		double best = slice->log_none;
		for (guint other = 0; other < self->hypotheses->n_groups; other++)
			best = fmax(best, slice->group[other].log_mass);
		if (slice->group[g].log_mass > best + HOPELESS)
			return false;
	}
	return true;
}

static double log_prior_s(const Model *self, double s)
{
	const XbOptions *options = self->options;
	double median = PRIOR_S, sd = PRIOR_LOG_S_SD;

	if (options->history_n > 1 && options->history_boot_sd > 0) {
		median = fmax(options->history_boot_sd, S_MIN);
		sd = sqrt(1.0 / (2.0 * (options->history_n - 1)) + 0.01);
	}
	double z = log(s / median) / sd;
	return -0.5 * z * z;
}

/* Returns the log evidence of all readings at this s, prior included. */
static double add_slice(Model *self, Scatter *scatter, double s, bool *dead)
{
	guint n_groups = self->hypotheses->n_groups;
	Slice *slice = g_malloc0(sizeof(*slice) + n_groups * sizeof(slice->group[0]));
	double spacing = s / self->per_s;

	slice->s = s;
	slice->log_weight = log_prior_s(self, s) + weigh_phi(scatter, s, &slice->phi);
	fill_table(self, s);
	lay_lattice(self, spacing);
	sum_columns(self, slice);
	memset(self->summed, 0, self->hypotheses->n_words * sizeof(*self->summed));
	memset(self->bad_side, 0, self->n_x * sizeof(*self->bad_side));
	for (guint k = 0; k < self->n_x; k++)
		self->bad[k] = self->total[k] + self->known[k];
	slice->log_none = integrate(self, self->bad, spacing, self->weight[0], &slice->none_mean,
				    &slice->none_var);
	double log_sum = log(n_groups > 0 ? PRIOR_NONE : 1) + slice->log_none;
	for (guint g = 0; g < n_groups; g++) {
		slice->group[g].log_mass = -INFINITY;
		if (dead[g] || self->group_prior[g] <= 0)
			continue;
		weigh_group(self, slice, g);
		log_sum = log_add(log_sum, log(self->group_prior[g]) + slice->group[g].log_mass);
	}
	self->slices[self->n_slices++] = slice;
	if (self->n_slices == 3)
		for (guint g = 0; g < n_groups; g++)
			dead[g] = hopeless(self, g);
	return log_sum + slice->log_weight;
}

/* ---- the sum over s
 * -------------------------------------------------------------- */

/* A guess at s from successive differences, which see at most one step. */
static double guess_s(const Model *self)
{
	const XbObservations *seen = self->seen;
	guint n = seen->readings->len;
	g_autofree double *difference = g_new(double, n + 1);

	double expected = self->options->history_n > 1 && self->options->history_boot_sd > 0
				  ? self->options->history_boot_sd
				  : PRIOR_S;
	if (n < 2)
		return expected;
	for (guint i = 0; i + 1 < n; i++)
		difference[i] = fabs(g_array_index(seen->readings, XbReading, i + 1).level -
				     g_array_index(seen->readings, XbReading, i).level);
	qsort(difference, n - 1, sizeof(*difference), compare_doubles);
	double s = fmax(difference[(n - 1) / 2] / 0.954, S_MIN);
	double weight = n - 1;
	return exp((weight * log(s) + 2 * log(expected)) / (weight + 2));
}

static void free_slices(Model *self)
{
	for (guint i = 0; i < self->n_slices; i++)
		g_free(self->slices[i]);
	self->n_slices = 0;
}

/* Walks s up and down from a guess until the evidence has dropped. */
static void cover_s(Model *self)
{
	Scatter scatter = start_scatter(self);
	g_autofree bool *dead = g_new0(bool, self->hypotheses->n_groups + 1);
	double start = CLAMP(guess_s(self), S_MIN, S_MAX);
	double step = CLAMP(1 / sqrt(self->seen->readings->len + 1.0), 0.08, 0.45);

	double best = add_slice(self, &scatter, start, dead);
	for (int direction = -1; direction <= 1; direction += 2) {
		double s = start;
		guint most = direction < 0 ? MAX_SLICES / 2 : MAX_SLICES;
		while (self->n_slices < most) {
			s *= exp(direction * step);
			if (s < S_MIN || s > S_MAX)
				break;
			double last = add_slice(self, &scatter, s, dead);
			best = fmax(best, last);
			if (last < best - EVIDENCE_DROP)
				break;
		}
	}
}

/* ---- summing up
 * -------------------------------------------------------------------- */

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

static double slice_log(const Model *self, const Slice *slice, guint g)
{
	return slice->log_weight + log(self->group_prior[g]) + slice->group[g].log_mass;
}

static void sum_up(Model *self, XbPosterior *out)
{
	guint n_groups = self->hypotheses->n_groups;
	double prior_none = n_groups > 0 ? PRIOR_NONE : 1;
	double top = -INFINITY, sum = 0, log_s = 0;
	Moments flat = { 0 };

	for (guint i = 0; i < self->n_slices; i++) {
		const Slice *slice = self->slices[i];
		top = fmax(top, slice->log_weight + log(prior_none) + slice->log_none);
		for (guint g = 0; g < n_groups; g++)
			top = fmax(top, slice_log(self, slice, g));
	}
	g_autofree Moments *moments = g_new0(Moments, n_groups + 1);
	for (guint i = 0; i < self->n_slices; i++) {
		const Slice *slice = self->slices[i];
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
	out->log_evidence = top + log(sum);
	settle_moments(&flat, self->reference, &out->flat);
	for (guint g = 0; g < n_groups; g++) {
		out->group[g].mass /= sum;
		settle_moments(&moments[g], self->reference, &out->group[g]);
	}
}

/* The posterior mean of epsilon, seen from the likeliest group. */
static double expected_outliers(const Model *self, const XbPosterior *posterior)
{
	const XbObservations *seen = self->seen;
	const XbGroupBelief *best = &posterior->flat;
	guint best_group = XB_NO_GROUP;
	double mass = posterior->none, expected = PRIOR_OUTLIERS * OUTLIER_WEIGHT;

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
		for (guint k = 0; k < unit->n; k++) {
			double d = xb_reading(seen, unit, k)->level - best->mean[side];
			double width = sqrt(posterior->s * posterior->s + best->var[side]);
			double z = d / width, u = d / OUTLIER_SCALE;
			double in =
				(1 - self->outliers) * exp(-0.5 * z * z) / (width * sqrt(2 * G_PI));
			double out = self->outliers / (G_PI * OUTLIER_SCALE * (1 + u * u));
			expected += out / (in + out);
		}
	}
	return CLAMP(expected / (OUTLIER_WEIGHT + seen->readings->len), 0.002, 0.3);
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

static void collect_points(Model *self)
{
	const GArray *readings = self->seen->readings;

	self->points = g_new(double, readings->len + 2);
	for (guint i = 0; i < readings->len; i++)
		self->points[self->n_points++] = g_array_index(readings, XbReading, i).level;
	if (self->good_known)
		self->points[self->n_points++] = self->options->history_level;
	if (self->bad_known)
		self->points[self->n_points++] = self->options->history_bad_level;
	qsort(self->points, self->n_points, sizeof(*self->points), compare_doubles);
}

static void compute(Model *self, XbPosterior *out)
{
	memset(out->group, 0, self->hypotheses->n_groups * sizeof(*out->group));
	out->none = out->s = out->phi = 0;
	cover_s(self);
	sum_up(self, out);
	free_slices(self);
	out->outliers = self->outliers;
}

static void integrate_all(Model *self, XbPosterior *out)
{
	self->reference = find_reference(self->seen, self->options);
	collect_points(self);
	compute(self, out);
	double outliers = expected_outliers(self, out);
	if (fabs(log(outliers / self->outliers)) > 0.7) {
		self->outliers = outliers;
		compute(self, out);
	}
}

XbPosterior *xb_posterior_new(const XbObservations *seen, const XbHypotheses *hypotheses,
			      const XbOptions *options)
{
	XbPosterior *out = g_new0(XbPosterior, 1);
	Model self = {
		.seen = seen,
		.hypotheses = hypotheses,
		.options = options,
		.outliers = PRIOR_OUTLIERS,
		.good_known = !isnan(options->history_level) && options->history_n > 0,
		.bad_known = options->history_bad_n > 0,
		.floor = log1p(fmax(options->min_effect, 0)),
	};

	out->node = g_new0(double, hypotheses->n_nodes);
	out->group = g_new0(XbGroupBelief, hypotheses->n_groups + 1);
	/* A level that n readings tell has sd s / sqrt(n), which the lattice has to resolve. */
	self.per_s = MAX(LATTICE_PER_S, (int)ceil(LATTICE_ROOT * sqrt(seen->readings->len)));
	self.group_prior = g_new0(double, hypotheses->n_groups + 1);
	self.summed = g_new0(uint64_t, hypotheses->n_words);
	for (guint i = 1; i < hypotheses->n_nodes; i++)
		if (hypotheses->group_of[i] != XB_NO_GROUP)
			self.group_prior[hypotheses->group_of[i]] +=
				(1 - PRIOR_NONE) * hypotheses->prior[i];
	if (options->pass_fail)
		xb_pass_fail(seen, hypotheses, self.group_prior, PRIOR_NONE, out);
	else
		integrate_all(&self, out);
	out->node[0] = out->none;
	for (guint i = 1; i < hypotheses->n_nodes; i++) {
		guint g = hypotheses->group_of[i];
		if (g != XB_NO_GROUP && self.group_prior[g] > 0)
			out->node[i] = out->group[g].mass * (1 - PRIOR_NONE) *
				       hypotheses->prior[i] / self.group_prior[g];
	}
	g_free(self.group_prior);
	g_free(self.points);
	g_free(self.index);
	g_free(self.x);
	g_free(self.total);
	g_free(self.good);
	g_free(self.bad);
	g_free(self.bad_side);
	g_free(self.summed);
	g_free(self.prior);
	g_free(self.known);
	g_free(self.weight[0]);
	g_free(self.weight[1]);
	g_free(self.log_unit);
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
