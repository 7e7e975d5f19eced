/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percent.h - probabilities as people read them. What was measured is never
 * certain, so neither 100 % nor 0 % is ever said.
 */
#ifndef XB_PERCENT_H
#define XB_PERCENT_H

#include <glib.h>

/* @probability with @decimals (0 to 6): "83.2 %"; "> 99.9 %" and "< 0.1 %" for what would be
 * rounded to, or is, certain. Caller frees. */
char *xb_percent_text(double probability, int decimals);

/* The same as precisely as it matters: "83.2 %", from 99 % on "99.55 %", "> 99.99 %"; "-" for what
 * is no probability. This is how it is told everywhere; the pages, which don't know the engine,
 * have the same (tests/unit/probability-cases.h). Caller frees. */
char *xb_probability_text(double probability);

#endif
