/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observe.h - boots made into numbers the search can use.
 *
 * The boot is the replicate: iterations inside one boot share page placement,
 * code layout and cache state, so they become one number, the median of the
 * logarithms of the valid samples (finite and > 0). Commits with one and the
 * same image share their boots: what is measured is the image (a *unit*).
 */
#ifndef XB_OBSERVE_H
#define XB_OBSERVE_H

#include "engine.h"

typedef struct {
	guint unit;     /* index of the image */
	guint perturb;
	guint sequence;
	double level;   /* log of the metric */
} XbReading;

typedef struct {
	guint n_units;
	guint *unit_of;      /* node -> unit of its normal image */
	guint *first;        /* unit -> lowest node that has it */
	guint *built;        /* unit -> a node whose image exists, G_MAXUINT when none does */
	guint *n;            /* unit -> readings */
	guint *n_void;       /* unit -> boots without a valid sample */
	double *mean;        /* unit -> mean level over readings, NAN without any */
	double *squares;     /* unit -> sum of squared deviations from that mean */
	GArray *readings;    /* of XbReading: normal images only, in order of sequence */
	double sd;           /* of a boot within an image, pooled; history included */
	guint sd_freedom;    /* degrees of freedom behind sd */
} XbObservations;

/* The level of one boot on the log scale; NAN when it has no valid sample. */
double xb_boot_level(const XbBoot *boot);

XbObservations *xb_observations_new(const XbGraph *graph, const XbOptions *options,
                                    const XbNode *nodes, const XbBoot *boots, guint n_boots);
void xb_observations_free(XbObservations *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbObservations, xb_observations_free)

#endif
