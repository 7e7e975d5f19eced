/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noise.h - how much boots varied before, on the same class of hosts, with the
 * same workload and metric: what the engine takes as its prior.
 *
 * A boot's reading is the mean of the logarithms of its samples. The spread of
 * samples within boots (run_sd) and that of readings of one image (boot_sd) are
 * pooled: sums of squares over sums of degrees of freedom, so that images and
 * boots of different levels do not matter. Boots under other perturbations
 * count as boots. Only images with two boots or more tell of boot_sd.
 */
#ifndef XB_NOISE_H
#define XB_NOISE_H

#include "daemon.h"
#include "engine.h"

typedef struct {
	double boot_sd, run_sd; /* relative; 0 when nothing is known, or nothing varied */
	guint boots;            /* degrees of freedom of boot_sd, + 1 when there are any */
	guint images;           /* with two boots or more */
} XbNoise;

/* Fewer boots tell nothing. */
#define XB_NOISE_BOOTS_MIN 5

/* History as the engine's prior: nothing where too little is known, or nothing varied. Images that
 * differ in layout only add 0.3 % to the spread, of which earlier boots of one image tell nothing:
 * more than the engine's own prior of an image (scatter.h), which readings can correct. It stands
 * for 20 boots at most, so that the job's own can speak against it. */
void xb_noise_expect(const XbNoise *noise, XbOptions *options);

/* @rows: XbNoiseRow (db.h), grouped by image, then by run. */
XbNoise xb_noise_of_rows(const GArray *rows);

/* From the last 200 boots that are not job @job_id's own; all zero when there are none. The history
 * may grow while a job runs, never by its own boots. */
XbNoise xb_noise_read(XbDb *db, const char *host_fp, const char *workload_fp, const char *metric,
		      int64_t job_id);

#endif
