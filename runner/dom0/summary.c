/* SPDX-License-Identifier: GPL-2.0-or-later */
/* summary.c - see summary.h. */
#include "summary.h"

#include <stdio.h>

static const char *const names[SUMMARY_COUNT] = { "map", "unmap", "total" };

/* Newton's method: libm is not needed for one root. */
static double square_root(double x)
{
	double root = x > 1 ? x : 1;

	if (x <= 0)
		return 0;
	for (int i = 0; i < 200; i++)
		root = 0.5 * (root + x / root);
	return root;
}

void summary_add(Summary *self, double map_s, double unmap_s, size_t pages, bool metrics)
{
	const double seconds[SUMMARY_COUNT] = { map_s, unmap_s, map_s + unmap_s };

	self->n++;
	self->pages = (double)pages;
	for (int i = 0; i < SUMMARY_COUNT; i++) {
		double delta = seconds[i] - self->mean[i];

		self->mean[i] += delta / self->n;
		self->m2[i] += delta * (seconds[i] - self->mean[i]);
		if (!metrics)
			continue;
		printf("%s%s %.9f s\n", names[i], self->suffix, seconds[i]);
		if (pages > 0)
			printf("%s_page%s %.3f ns\n", names[i], self->suffix,
			       seconds[i] * 1e9 / self->pages);
	}
	fflush(stdout);
}

void summary_print(const Summary *self, unsigned int domid, size_t pages, unsigned int batch)
{
	printf("\n map-unmap of domain %u: %zu pages in batches of %u (%u runs):\n\n", domid, pages,
	       batch, self->n);
	for (int i = 0; i < SUMMARY_COUNT; i++) {
		double error = 0;

		if (self->n > 1)
			error = square_root(self->m2[i] / (self->n - 1) / self->n);
		printf("   %12.6f +- %.6f seconds %-5s  ( +- %5.2f%% )  %10.1f ns/page\n",
		       self->mean[i], error, names[i],
		       self->mean[i] > 0 ? 100 * error / self->mean[i] : 0,
		       self->pages > 0 ? self->mean[i] * 1e9 / self->pages : 0);
	}
	printf("\n");
}
