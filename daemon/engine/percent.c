/* SPDX-License-Identifier: GPL-2.0-or-later */
/* percent.c - see percent.h. */
#include "percent.h"

#include <math.h>

char *xb_percent_text(double probability, int decimals)
{
	double step = pow(10, -decimals), percent = 100 * probability;

	/* rounded by printf: half a step from the end is the end */
	if (!(percent < 100 - step / 2))
		return g_strdup_printf("> %.*f %%", decimals, 100 - step);
	if (percent < step / 2)
		return g_strdup_printf("< %.*f %%", decimals, step);
	return g_strdup_printf("%.*f %%", decimals, percent);
}

char *xb_probability_text(double probability)
{
	if (!isfinite(probability) || probability < 0)
		return g_strdup("-");
	return xb_percent_text(probability, probability > 0.99 ? 2 : 1);
}
