/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * summary.h - what map-unmap prints: a metric line for each sample, or at the
 * end mean and standard error in the form that perf stat has made familiar.
 */
#ifndef XB_DOM0_SUMMARY_H
#define XB_DOM0_SUMMARY_H

#include "stat.h"

#include <stdbool.h>
#include <stddef.h>

enum { SUMMARY_MAP, SUMMARY_UNMAP, SUMMARY_TOTAL, SUMMARY_COUNT };

/* Zero it before the first sample. */
typedef struct {
	char suffix[16]; /* of each metric's name, for a sweep */
	Stat stats[SUMMARY_COUNT];
	double pages; /* that were mapped */
} Summary;

/* Add one iteration's seconds; with @metrics also print its lines. */
void summary_add(Summary *self, double map_s, double unmap_s, size_t pages, bool metrics);

void summary_print(const Summary *self, unsigned int domid, size_t pages, unsigned int batch);

#endif
