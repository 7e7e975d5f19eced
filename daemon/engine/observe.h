/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observe.h - boots made into numbers the search can use.
 *
 * The boot is the replicate: iterations inside one boot share page placement,
 * code layout and cache state, so they become one number (a *reading*), the
 * median of the logarithms of the valid samples (finite and > 0). What is
 * measured is an image (a *unit*): commits with one and the same image share
 * its readings, and a clean rebuild that gives the same image is no other unit.
 */
#ifndef XB_OBSERVE_H
#define XB_OBSERVE_H

#include "engine.h"

typedef struct {
	guint unit;
	guint boot; /* index into the boots */
	guint sequence;
	bool earlier; /* as XbBoot */
	double level; /* log of the metric */
} XbReading;

typedef struct {
	guint node;  /* a commit that has this image */
	bool revert; /* BAD with @node reverted, not @node itself */
	guint built; /* a commit whose image exists; G_MAXUINT when none does */
	guint start; /* its readings are readings[start] .. readings[start + n - 1] */
	guint n;
	guint n_void; /* boots that ended well without a valid sample */
	double mean;  /* of the readings, NAN without any */
} XbUnit;

typedef struct {
	guint n_units;
	XbUnit *units;
	guint *unit_of;   /* node -> unit of its normal image */
	GArray *readings; /* of XbReading, by unit, then by sequence */
	GArray *measured; /* of guint: the units that have readings */
	guint n_boots;    /* boots of this job, with a number and without; n_readings with one */
	guint n_readings; /* what the rules of stopping.c count; earlier boots are readings too */
	double *level;    /* boot -> its reading; NAN without */
} XbObservations;

/* What is believed to be the class of @node's image: a clean rebuild corrects
 * a class that was only inferred. 0 when not known. */
static inline guint xb_node_class(const XbNode *node)
{
	return node->image_inferred && node->clean_class != 0 ? node->clean_class
							      : node->image_class;
}

/* The level of one boot on the log scale; NAN when it has no valid sample. */
double xb_boot_level(const XbBoot *boot);

XbObservations *xb_observations_new(const XbGraph *graph, const XbNode *nodes, const XbBoot *boots,
				    guint n_boots);
void xb_observations_free(XbObservations *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbObservations, xb_observations_free)

/* Of its readings; NAN without any. */
double xb_unit_median(const XbObservations *self, const XbUnit *unit);

static inline const XbReading *xb_reading(const XbObservations *self, const XbUnit *unit, guint k)
{
	return &g_array_index(self->readings, XbReading, unit->start + k);
}

#endif
