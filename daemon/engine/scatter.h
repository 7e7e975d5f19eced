/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scatter.h - how much of a boot's variance is its image's own.
 *
 * Of the variance s^2 of a first boot of an image, phi s^2 comes back whenever
 * that image is booted again and (1 - phi) s^2 is the boot's. Replicates, boots
 * of one and the same image, see the latter only: with sigma^2 = (1 - phi) s^2
 * their evidence, the image's level m integrated out with a flat prior, is
 *
 *     prod over images  integral prod_b f(y_b | m, sigma) dm
 *
 * by Laplace's method around the best of the readings and their mean, exact for
 * a Gaussian (Tierney and Kadane, JASA 81 (1986)). phi has a prior by way of
 * the standard deviation of images, sqrt(phi) s: log-normal around 0.05 % with
 * sd 0.7, chosen for images whose code is the same, and only laid out otherwise.
 * Both are put on a grid of 11 values of phi, 0.0003 to 0.9999, each with the
 * density's height for weight, made to sum to 1 for each s: the grid is part of the
 * prior. The evidence is worked out at sigmas a factor of 1.4 apart and linear
 * between them. Private to the engine.
 */
#ifndef XB_SCATTER_H
#define XB_SCATTER_H

#include "observe.h"

#define XB_PRIOR_IMAGE 0.0005 /* sqrt(phi) s: median */

typedef struct XbScatter XbScatter;

XbScatter *xb_scatter_new(const XbObservations *seen, double outliers);
void xb_scatter_free(XbScatter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbScatter, xb_scatter_free)

/* The log evidence of the replicates at this s, phi integrated out; @phi: its
 * posterior mean given s. */
double xb_scatter_weigh(XbScatter *self, double s, double *phi);

#endif
