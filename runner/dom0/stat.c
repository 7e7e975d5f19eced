/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stat.c - see stat.h. */
#include "stat.h"

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

void stat_add(Stat *self, double value)
{
	double delta = value - self->mean;

	self->n++;
	self->mean += delta / self->n;
	self->m2 += delta * (value - self->mean);
}

double stat_error(const Stat *self)
{
	return self->n > 1 ? square_root(self->m2 / (self->n - 1) / self->n) : 0;
}
