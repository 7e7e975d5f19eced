/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plot.h - plots as SVG, without a script: scales, axes, strips of boots, and
 * what is drawn on them. Colours and weights are the style sheet's.
 */
#ifndef XB_PLOT_H
#define XB_PLOT_H

#include "html.h"

/* Values low..high onto pixels from..to; any direction. */
typedef struct {
	double low, high, from, to;
} XbScale;

/* Over the finite values given, widened by a little; @n 0: 0..1. */
XbScale xb_scale_over(const double *values, guint n, double from, double to);
double xb_scale_at(const XbScale *scale, double value);

#define XB_TICKS_MAX 12
/* Round values within the scale, about @wanted of them (at most XB_TICKS_MAX); how many. */
guint xb_scale_ticks(const XbScale *scale, guint wanted, double ticks[XB_TICKS_MAX]);

/* Lines and values of @y over the width left..right. */
void xb_plot_y_axis(XbHtml *out, const XbScale *y, double left, double right, const char *unit);
/* The same of @x, over the height top..bottom. */
void xb_plot_x_axis(XbHtml *out, const XbScale *x, double top, double bottom, const char *unit);

/* Mean and interval of a set of values. low and high are NAN for one value. */
typedef struct {
	guint n;
	double mean, sd, low, high;
} XbSpread;
/* 95 % by Student's t, of independent values. */
XbSpread xb_spread_of(const double *values, guint n);

/* The two-sided 95 % quantile of Student's t. */
double xb_t95(guint degrees_of_freedom);

/* test / base from logarithms of boots' means, with its interval by Welch; NAN where a side has
 * too few boots or values that are not above zero. */
typedef struct {
	double ratio, low, high;
} XbRatio;
XbRatio xb_ratio_of(const double *base, guint n_base, const double *test, guint n_test);

/* One row of a strip plot: boots, each with its iterations. */
typedef struct {
	char *label;
	const char *class; /* static: base, test, clean, revert */
	GPtrArray *boots;  /* GArray of double; owned */
	GArray *runs;      /* int64_t beside boots, for links */
} XbStrip;
void xb_strip_free(XbStrip *strip);
XbStrip *xb_strip_new(const char *label, const char *class);
void xb_strip_add(XbStrip *strip, int64_t run, const GArray *samples);
/* Means of the boots; GArray of double. */
GArray *xb_strip_means(const XbStrip *strip);

/* Every iteration of every boot as a dot, boots below one another, and the rows' intervals; with
 * its table. @strips of XbStrip*. */
void xb_plot_strips(XbHtml *out, const GPtrArray *strips, const char *unit, const char *title);
/* How often which value came, a row of bars for each strip. */
void xb_plot_distribution(XbHtml *out, const GPtrArray *strips, const char *unit);
/* The ratio of the second to the first strip as boots came in; @name is the second's. */
void xb_plot_ratio(XbHtml *out, const XbStrip *base, const XbStrip *test, const char *name);

#endif
