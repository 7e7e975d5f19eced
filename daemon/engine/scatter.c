/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scatter.c - what boots of one image say of the variance that is theirs alone. */
#include "scatter.h"
#include "density.h"

#include <math.h>

#define PRIOR_LOG_IMAGE 0.7 /* sd of the logarithm */
/* The evidence is worked out at sigma = LOW x RATIO^k, where it is asked. */
#define STEPS 40
#define LOW   1e-6
#define RATIO 1.4
/* Readings that are tried as the image's level. */
#define TRIED_MAX 12

static const double phi_grid[] = { 0.0003, 0.001, 0.003, 0.01, 0.03,  0.1,
				   0.3,    0.6,   0.9,   0.99, 0.9999 };

struct XbScatter {
	const XbObservations *seen;
	double outliers;
	bool any, known[STEPS];
	double log_evidence[STEPS];
};

static const XbUnit *unit_at(const XbScatter *self, guint i)
{
	return &self->seen->units[g_array_index(self->seen->measured, guint, i)];
}

XbScatter *xb_scatter_new(const XbObservations *seen, double outliers)
{
	XbScatter *self = g_new0(XbScatter, 1);

	self->seen = seen;
	self->outliers = outliers;
	for (guint i = 0; i < seen->measured->len; i++)
		self->any |= unit_at(self, i)->n > 1;
	return self;
}

void xb_scatter_free(XbScatter *self)
{
	g_free(self);
}

/* log of prod f(y_b | m, sigma). */
static double log_product(const XbObservations *seen, const XbUnit *unit, const XbDensity *density,
			  double m)
{
	double sum = 0, product = 1;

	for (guint k = 0; k < unit->n; k++) {
		double deviation = xb_reading(seen, unit, k)->level - m;
		double here = xb_density(density, deviation);
		if (here < 1e-100) {
			sum += xb_density_log(density, deviation);
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

static double log_unit(const XbScatter *self, const XbUnit *unit, double sigma)
{
	XbDensity density = xb_density_make(sigma, self->outliers);
	double best = log_product(self->seen, unit, &density, unit->mean);

	for (guint c = 0; c < MIN(unit->n, TRIED_MAX); c++) {
		double m = xb_reading(self->seen, unit, c)->level;
		double sum = log_product(self->seen, unit, &density, m);
		best = sum > best ? sum : best;
	}
	return best + log(sigma * sqrt(2 * G_PI / unit->n));
}

static double evidence_step(XbScatter *self, guint k)
{
	double sigma = LOW * pow(RATIO, k);

	if (self->known[k])
		return self->log_evidence[k];
	self->known[k] = true;
	for (guint i = 0; i < self->seen->measured->len; i++) {
		const XbUnit *unit = unit_at(self, i);
		if (unit->n > 1)
			self->log_evidence[k] += log_unit(self, unit, sigma);
	}
	return self->log_evidence[k];
}

static double evidence_at(XbScatter *self, double sigma)
{
	double at = log(sigma / LOW) / log(RATIO);

	if (!self->any)
		return 0;
	if (!(at > 0))
		return evidence_step(self, 0);
	guint i = MIN((guint)at, STEPS - 2);
	double low = evidence_step(self, i), high = evidence_step(self, i + 1);
	return low + (at - i) * (high - low);
}

double xb_scatter_weigh(XbScatter *self, double s, double *phi)
{
	double log_weight[G_N_ELEMENTS(phi_grid)], top = -INFINITY;
	double prior = 0, sum = 0, mean = 0;

	for (guint i = 0; i < G_N_ELEMENTS(phi_grid); i++) {
		double z = log(s * sqrt(phi_grid[i]) / XB_PRIOR_IMAGE) / PRIOR_LOG_IMAGE;
		prior += exp(-0.5 * z * z);
		log_weight[i] = -0.5 * z * z + evidence_at(self, s * sqrt(1 - phi_grid[i]));
		top = fmax(top, log_weight[i]);
	}
	for (guint i = 0; i < G_N_ELEMENTS(phi_grid); i++) {
		double weight = exp(log_weight[i] - top);
		sum += weight;
		mean += weight * phi_grid[i];
	}
	*phi = mean / sum;
	return top + log(sum / prior);
}
