/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stat.h - running mean and spread of samples (Welford's method).
 */
#ifndef XB_DOM0_STAT_H
#define XB_DOM0_STAT_H

/* Zero it before the first sample. */
typedef struct {
	unsigned int n;
	double mean, m2; /* m2: sum of squared deviations */
} Stat;

void stat_add(Stat *self, double value);

/* Standard error of the mean; 0 for fewer than two samples. */
double stat_error(const Stat *self);

#endif
