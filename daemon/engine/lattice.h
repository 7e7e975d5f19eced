/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lattice.h - levels as points, and what the readings say of each, at one s.
 *
 * An integral over a level is a sum over points of spacing s / per_s that cover
 * 5 s around every reading. For densities this smooth the trapezoidal rule
 * converges geometrically: a Gaussian of 0.6 spacings is integrated to 2e-3
 * relative (Trefethen and Weideman, SIAM Review 56 (2014)). A level that n
 * readings tell has a spread of s / sqrt(n), so per_s is 4 for up to 44
 * readings, 8 for up to 177, else 16.
 *
 * A *column* is the log density of one image's readings as a function of the
 * level of its side. n boots of one image count for w = 1 / (n phi + 1 - phi)
 * of each, normalised: what they say of the scatter is scatter.h's. That all n
 * are outliers has epsilon^n: there epsilon^(1 / w) is their share (w above 0.8:
 * epsilon). Private to the engine.
 */
#ifndef XB_LATTICE_H
#define XB_LATTICE_H

#include "density.h"
#include "observe.h"

typedef struct {
	const XbObservations *seen;
	guint n_columns;
	guint per_s;
	guint n_points; /* levels to cover, sorted */
	double *points;
	XbDensityTable table;
	/* Of the s at hand: */
	double s, spacing;
	guint n;       /* lattice points */
	gint64 *index; /* in units of the spacing */
	GArray *runs;  /* of guint: where neighbouring points begin; the last is n */
	double *x;
	double *column; /* n_columns x n */
	guint capacity;
} XbLattice;

/* Covers the readings and @more levels (@n_more of them). */
void xb_lattice_init(XbLattice *self, const XbObservations *seen, const double *more, guint n_more);
void xb_lattice_clear(XbLattice *self);

/* Lays the points and fills the columns. */
void xb_lattice_lay(XbLattice *self, double s, double phi, double outliers);

static inline const double *xb_lattice_column(const XbLattice *self, guint c)
{
	return &self->column[(gsize)c * self->n];
}

/* Of a density over levels: the log of its integral, and its first two moments. */
typedef struct {
	double log_mass, mean, var;
	guint first, last; /* points that matter: weight[first .. last] */
} XbLevelSum;

/* @top: the maximum of @log_density. @weight, of n entries, becomes the density
 * normalised to sum 1, zero where it is next to nothing (3e-7 of the highest). */
XbLevelSum xb_lattice_sum(const XbLattice *self, const double *log_density, double top,
			  double *weight);

/* P(|b - a| < floor) for a and b with these weights; a point's weight is spread
 * evenly over its cell. */
double xb_lattice_small(const XbLattice *self, const double *weight_a, const XbLevelSum *a,
			const double *weight_b, const XbLevelSum *b, double floor);

#endif
