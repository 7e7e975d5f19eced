/* SPDX-License-Identifier: GPL-2.0-or-later */
/* summary.c - see summary.h. */
#include "summary.h"

#include <stdio.h>

static const char *const names[SUMMARY_COUNT] = { "map", "unmap", "total" };

void summary_add(Summary *self, double map_s, double unmap_s, size_t pages, bool metrics)
{
	const double seconds[SUMMARY_COUNT] = { map_s, unmap_s, map_s + unmap_s };

	self->pages = (double)pages;
	for (int i = 0; i < SUMMARY_COUNT; i++) {
		stat_add(&self->stats[i], seconds[i]);
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
	       batch, self->stats[0].n);
	for (int i = 0; i < SUMMARY_COUNT; i++) {
		double mean = self->stats[i].mean, error = stat_error(&self->stats[i]);

		printf("   %12.6f +- %.6f seconds %-5s  ( +- %5.2f%% )  %10.1f ns/page\n", mean,
		       error, names[i], mean > 0 ? 100 * error / mean : 0,
		       self->pages > 0 ? mean * 1e9 / self->pages : 0);
	}
	printf("\n");
}
