/* SPDX-License-Identifier: GPL-2.0-or-later */
/* noise.c - how much boots varied before. */
#include "noise.h"

#include <math.h>
#include <string.h>

#define BOOTS_READ 200
/* See xb_noise_expect(). */
#define IMAGE_SD          0.003
#define HISTORY_BOOTS_MAX 20

/* Mean and sum of squares of a growing set (Welford). */
typedef struct {
	guint n;
	double mean, squares;
} Spread;

static void spread_add(Spread *self, double value)
{
	double delta = value - self->mean;

	self->mean += delta / ++self->n;
	self->squares += delta * (value - self->mean);
}

typedef struct {
	double squares;
	guint freedom;
} Pool;

static void pool_add(Pool *self, const Spread *spread)
{
	if (spread->n < 2)
		return;
	self->squares += spread->squares;
	self->freedom += spread->n - 1;
}

static double pool_sd(const Pool *self)
{
	return self->freedom > 0 ? sqrt(self->squares / self->freedom) : 0;
}

XbNoise xb_noise_of_rows(const GArray *rows)
{
	Spread boot = { 0 }, image = { 0 };
	Pool within = { 0 }, between = { 0 };
	XbNoise noise = { 0 };

	for (guint i = 0; i <= rows->len; i++) {
		const XbNoiseRow *row = i < rows->len ? &g_array_index(rows, XbNoiseRow, i) : NULL;
		const XbNoiseRow *last = i > 0 ? &g_array_index(rows, XbNoiseRow, i - 1) : NULL;

		if (last && (!row || row->run != last->run)) {
			pool_add(&within, &boot);
			if (boot.n > 0)
				spread_add(&image, boot.mean);
			boot = (Spread){ 0 };
		}
		if (last && (!row || strcmp(row->image, last->image) != 0)) {
			pool_add(&between, &image);
			noise.images += image.n > 1;
			image = (Spread){ 0 };
		}
		if (row && isfinite(row->value) && row->value > 0)
			spread_add(&boot, log(row->value));
	}
	noise.run_sd = pool_sd(&within);
	noise.boot_sd = pool_sd(&between);
	noise.boots = between.freedom > 0 ? between.freedom + 1 : 0;
	return noise;
}

void xb_noise_expect(const XbNoise *noise, XbOptions *options)
{
	if (noise->boots < XB_NOISE_BOOTS_MIN || !(noise->boot_sd > 0))
		return;
	options->history_boot_sd = hypot(noise->boot_sd, IMAGE_SD);
	options->history_n = MIN(noise->boots, HISTORY_BOOTS_MAX);
}

XbNoise xb_noise_read(XbDb *db, const char *host_fp, const char *workload_fp, const char *metric,
		      int64_t job_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) rows =
		xb_db_noise_rows(db, host_fp, workload_fp, metric, job_id, BOOTS_READ, &error);

	if (!rows) {
		g_warning("reading the noise of earlier boots: %s", error->message);
		return (XbNoise){ 0 };
	}
	return xb_noise_of_rows(rows);
}
