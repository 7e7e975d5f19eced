/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probability-cases.h - how a probability is told, wherever it is: the engine
 * (and the command line with it) and the pages, which may not use the engine,
 * have a function each, and this table is asked of both.
 */
#ifndef XB_PROBABILITY_CASES_H
#define XB_PROBABILITY_CASES_H

#include <math.h>

static const struct {
	double probability;
	const char *text;
} probability_cases[] = {
	{ 0.5, "50.0 %" },
	{ 0.832, "83.2 %" },
	{ 0.99, "99.0 %" },
	{ 0.9955, "99.55 %" },
	{ 0.9999, "99.99 %" },
	{ 0.99994, "99.99 %" },
	{ 0.99996, "> 99.99 %" },
	{ 1, "> 99.99 %" },
	{ 1.0000001, "> 99.99 %" },
	{ 0.0006, "0.1 %" },
	{ 0.0004, "< 0.1 %" },
	{ 0, "< 0.1 %" },
	{ -0.1, "-" },
	{ NAN, "-" },
	{ INFINITY, "-" },
};

#endif
