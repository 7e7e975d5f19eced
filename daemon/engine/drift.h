/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drift.h - a host that changes slowly while a job runs.
 *
 * Boots of one image at different times tell of it, whatever the images are:
 * within each image later readings are higher than earlier ones, or lower. The
 * test is the seasonal Kendall test with images for seasons (Hirsch, Slack and
 * Smith, Water Resources Research 18 (1982)): over all pairs of readings of one
 * image
 *
 *     S = sum sign(y_l - y_k) sign(t_l - t_k),
 *     var S = sum over images (n (n - 1) (2 n + 5)
 *                              - sum over ties of m readings m (m - 1) (2 m + 5)) / 18,
 *     z = (|S| - 1) / sqrt(var S),
 *
 * t the place of a boot among all of the job. z >= 3.89 is a drift (1 in 10,000 by
 * chance, since it is looked for after each boot, and noise that is taken for a drift
 * costs accuracy), if it comes to half of --min-effect from the first boot to the last.
 * Its slope is the median of (y_l - y_k) / (t_l - t_k) over the same pairs. Ranks
 * bear outliers. A drift that is found is reported and taken out of the readings,
 * as a line through the middle of the job; one that is not found counts as
 * scatter. Boots of earlier jobs have no part in it. Private to the engine.
 */
#ifndef XB_DRIFT_H
#define XB_DRIFT_H

#include "observe.h"

/* Logarithm by which the host changes from one boot to the next; 0: no drift is seen. @least: of
 * the whole job, what is no drift yet. */
double xb_drift_slope(const XbObservations *seen, double least);

/* Takes it out of the readings. Returns the logarithm of the change from the first boot of this job
 * to its last. */
double xb_drift_remove(XbObservations *seen, double slope);

#endif
