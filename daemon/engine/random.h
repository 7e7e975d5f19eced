/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random.h - reproducible random numbers: SplitMix64 (Steele, Lea and Flood,
 * OOPSLA 2014). A stream is its seed; equal seeds give equal streams on every
 * machine.
 */
#ifndef XB_RANDOM_H
#define XB_RANDOM_H

#include <math.h>
#include <stdint.h>

typedef struct {
	uint64_t state;
} XbRandom;

static inline uint64_t xb_random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t xb_random_bits(XbRandom *self)
{
	self->state += UINT64_C(0x9e3779b97f4a7c15);
	return xb_random_mix(self->state);
}

/* Uniform in [0, 1). */
static inline double xb_random_unit(XbRandom *self)
{
	return (double)(xb_random_bits(self) >> 11) * 0x1p-53;
}

/* Uniform in [low, high). */
static inline unsigned xb_random_below(XbRandom *self, unsigned low, unsigned high)
{
	return low + (unsigned)(xb_random_unit(self) * (high - low));
}

/* Standard normal (Box and Muller). */
static inline double xb_random_normal(XbRandom *self)
{
	double u = 1 - xb_random_unit(self), v = xb_random_unit(self);
	return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

#endif
