/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * density.h - how one boot's reading lies around its level.
 *
 * With probability 1 - epsilon normal with standard deviation s; else an
 * *outlier* (a timer storm, a neighbour on the host), Cauchy with scale
 * max(3 %, 4 s):
 *
 *     f(x) = (1 - epsilon) exp(-x^2 / 2 s^2) / (s sqrt(2 pi))
 *            + epsilon / (pi c (1 + x^2 / c^2)),      c = max(0.03, 4 s)
 *
 * so that one boot that is off from both of two levels D apart moves their odds by
 * ((d + sqrt(d^2 + 4)) / 2)^2 with d = D / c at most (2.6 for D = c), however far off it is, and
 * one that lies at one of them by (1 - epsilon) / epsilon sqrt(pi / 2) (c / s) (1 + D^2 / c^2) (Box
 * and Tiao, Biometrika 55 (1968); Cauchy tails after O'Hagan, JRSS B 41 (1979)). All on the log
 * scale of the metric. Private to the engine.
 */
#ifndef XB_DENSITY_H
#define XB_DENSITY_H

#include <glib.h>
#include <math.h>

#define XB_OUTLIER_SCALE 0.03

typedef struct {
	double s, outliers;
	double per_s, inlier, per_scale, outlier; /* constants worked out once */
	double log_inlier, log_outlier;
} XbDensity;

XbDensity xb_density_make(double s, double outliers);

static inline double xb_density(const XbDensity *it, double deviation)
{
	double z = deviation * it->per_s, u = deviation * it->per_scale;
	double inlier = z * z < 1400 ? it->inlier * exp(-0.5 * z * z) : 0;

	return inlier + it->outlier / (1 + u * u);
}

/* Its logarithm; finite everywhere. */
double xb_density_log(const XbDensity *it, double deviation);

/* P(outlier | deviation). */
double xb_density_is_outlier(const XbDensity *it, double deviation);

/*
 * log f as a table over the deviation, XB_TABLE_PER_S entries in an s, linear
 * between them: off by 1 / (8 XB_TABLE_PER_S^2) = 1.2e-4, up to 7e-4 where the two
 * kinds cross, the same way for all hypotheses. Entry i is log f((i - XB_TABLE_CENTRE) s /
 * XB_TABLE_PER_S).
 */
#define XB_TABLE_REACH  6
#define XB_TABLE_PER_S  32
#define XB_TABLE_CENTRE (XB_TABLE_REACH * XB_TABLE_PER_S)
#define XB_TABLE_SIZE   (2 * XB_TABLE_CENTRE + 1)

typedef struct {
	XbDensity density;
	double log_density[XB_TABLE_SIZE];
	/* exp(z^2 / 2), the same for every s. */
	double growth[XB_TABLE_CENTRE + 1];
} XbDensityTable;

/* Once, before the first fill. */
void xb_density_table_init(XbDensityTable *self);
void xb_density_table_fill(XbDensityTable *self, double s, double outliers);

/* out[k] += log f(reading - x_k) at the @n points x_k = (first + k) s / @per_s;
 * @per_s divides XB_TABLE_PER_S. */
void xb_density_table_add(const XbDensityTable *self, double reading, gint64 first, guint n,
			  guint per_s, double *out);

#endif
