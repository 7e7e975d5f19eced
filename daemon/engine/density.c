/* SPDX-License-Identifier: GPL-2.0-or-later */
/* density.c - the density of one boot, and its table. */
#include "density.h"

XbDensity xb_density_make(double s, double outliers)
{
	double scale = fmax(XB_OUTLIER_SCALE, 4 * s);
	XbDensity it = {
		.s = s,
		.outliers = outliers,
		.per_s = 1 / s,
		.inlier = (1 - outliers) / (s * sqrt(2 * G_PI)),
		.per_scale = 1 / scale,
		.outlier = outliers / (G_PI * scale),
	};

	it.log_inlier = log(it.inlier);
	it.log_outlier = log(it.outlier);
	return it;
}

double xb_density_log(const XbDensity *it, double deviation)
{
	double density = xb_density(it, deviation), z = deviation * it->per_s;

	return density > 1e-300 ? log(density) : it->log_inlier - 0.5 * z * z;
}

double xb_density_is_outlier(const XbDensity *it, double deviation)
{
	double u = deviation * it->per_scale;
	double outlier = it->outlier / (1 + u * u);

	return outlier / xb_density(it, deviation);
}

void xb_density_table_init(XbDensityTable *self)
{
	for (guint i = 0; i <= XB_TABLE_CENTRE; i++) {
		double z = (double)i / XB_TABLE_PER_S;
		self->growth[i] = exp(0.5 * z * z);
	}
}

/* log(1 + x) for x >= 0; a series where x is next to nothing, which it mostly is. */
static inline double log_one_plus(double x)
{
	return x < 1e-3 ? x * (1 - x * (0.5 - x * (1.0 / 3))) : log1p(x);
}

void xb_density_table_fill(XbDensityTable *self, double s, double outliers)
{
	XbDensity it = self->density = xb_density_make(s, outliers);
	double share = it.outlier / it.inlier, per_scale = it.per_scale * s / XB_TABLE_PER_S;

	for (guint i = 0; i <= XB_TABLE_CENTRE; i++) {
		double z = (double)i / XB_TABLE_PER_S, u = i * per_scale;
		double tail = share * self->growth[i] / (1 + u * u);
		double here = it.log_inlier - 0.5 * z * z + log_one_plus(tail);
		self->log_density[XB_TABLE_CENTRE + i] = here;
		self->log_density[XB_TABLE_CENTRE - i] = here;
	}
}

/* Where only an outlier can be. */
static inline double far_off(const XbDensity *it, double deviation)
{
	double u = deviation * it->per_scale;

	return it->log_outlier - log1p(u * u);
}

void xb_density_table_add(const XbDensityTable *self, double reading, gint64 first, guint n,
			  guint per_s, double *out)
{
	const XbDensity *it = &self->density;
	const gint64 stride = XB_TABLE_PER_S / per_s, points = n;
	double at = (double)(first * stride) - reading * it->per_s * XB_TABLE_PER_S;
	gint64 start = (gint64)floor(at) + XB_TABLE_CENTRE, last = XB_TABLE_SIZE - 2 - start;
	double part = at - floor(at), spacing = it->s / per_s;
	/* Points low .. high - 1 lie inside the table. */
	gint64 low = start >= 0 ? 0 : MIN((-start + stride - 1) / stride, points);
	gint64 high = last < 0 ? low : CLAMP(last / stride + 1, low, points);

	for (gint64 k = 0; k < low; k++)
		out[k] += far_off(it, (double)(first + k) * spacing - reading);
	for (gint64 k = low; k < high; k++) {
		const double *entry = &self->log_density[start + k * stride];
		out[k] += entry[0] * (1 - part) + entry[1] * part;
	}
	for (gint64 k = high; k < points; k++)
		out[k] += far_off(it, (double)(first + k) * spacing - reading);
}
