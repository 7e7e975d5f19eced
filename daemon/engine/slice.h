/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slice.h - the evidence of every hypothesis at one value of s and epsilon:
 * the integrals over both levels of posterior.h's model. Private to it.
 */
#ifndef XB_SLICE_H
#define XB_SLICE_H

#include "hypotheses.h"
#include "lattice.h"
#include "scatter.h"

#define XB_PRIOR_S    0.008 /* median */
#define XB_S_MIN      1e-4
#define XB_S_MAX      0.5
#define XB_MAX_SLICES 48

/* Everything at one value of s. */
typedef struct {
	double s, log_weight; /* log of: prior of s, replicates */
	double phi;
	double log_none, none_mean, none_var;
	struct {
		double log_mass; /* without the group's prior */
		double mean[2], var[2], small;
	} group[];
} XbSlice;

typedef struct {
	const XbObservations *seen;
	const XbHypotheses *hypotheses;
	const XbOptions *options;
	double outliers;
	double reference;                /* where GOOD lies, about */
	bool good_known, bad_known;      /* history has their levels */
	double floor;                    /* log(1 + min_effect) */
	double *group_prior, *log_prior; /* group -> prior */
	XbLattice lattice;
	XbSlice *slices[XB_MAX_SLICES];
	guint n_slices;
	guint favourite; /* the likeliest group of the slice before: looked at first */
	/* workspace, grown as the lattice does */
	guint capacity;
	double *total, *good, *bad, *prior, *known, *weight[2];
	double *bad_side; /* sum of the columns of `summed`, which is a signature */
	uint64_t *summed;
} XbModel;

/* Adds the slice at @s to the model's. Returns the log evidence of all readings
 * there, the prior of s included. */
double xb_slice_add(XbModel *self, XbScatter *scatter, double s);

/* log(exp(a) + exp(b)). */
static inline double xb_log_add(double a, double b)
{
	double high = fmax(a, b), low = fmin(a, b);
	return high == -INFINITY ? high : high + log1p(exp(low - high));
}

#endif
