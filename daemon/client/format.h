/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * format.h - numbers as people who read perf stat expect them. Pure; the
 * caller frees each result.
 */
#ifndef XB_FORMAT_H
#define XB_FORMAT_H

#include <glib.h>

/* Seconds as "0.4s", "42s", "3m12s", "1h05m", "2d03h"; "?" when not finite or negative. */
char *xb_format_span(double seconds);

/* Unix seconds as "2026-03-05 14:35:31 UTC"; "-" for 0. */
char *xb_format_time(double unix_s);

/* A value with @decimals chosen so that the first digits that matter are
 * there, and its unit: "0.042857 s". */
char *xb_format_value(double value, const char *unit);

/*
 * perf stat's form: "0.75642 +- 0.00202 seconds ( +- 0.27% )". @error is the
 * standard error of the mean, as perf prints it; NAN leaves it out.
 */
char *xb_format_level(double value, double error, const char *unit);

/* A ratio's distance from one: 1.909 -> "+90.9%". */
char *xb_format_change(double ratio);

/* A probability, as percent.h tells it: "83.2 %", "> 99.99 %" rather than a rounded 100 %. */
char *xb_format_probability(double p);

/* Columns of a terminal that @text takes. */
int xb_format_width(const char *text);

/* @text cut to @width columns (ends in ".." when cut), padded when @pad. */
char *xb_format_fit(const char *text, int width, gboolean pad);

#endif
