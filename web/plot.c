/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plot.c - scales, axes and statistics of plots; see plot.h. */
#include "plot.h"

#include <math.h>

#include "page.h"

XbScale xb_scale_over(const double *values, guint n, double from, double to)
{
	XbScale scale = { INFINITY, -INFINITY, from, to };
	double margin;

	for (guint i = 0; i < n; i++) {
		if (!isfinite(values[i]))
			continue;
		scale.low = fmin(scale.low, values[i]);
		scale.high = fmax(scale.high, values[i]);
	}
	if (!isfinite(scale.low))
		scale.low = 0, scale.high = 1;
	margin = (scale.high - scale.low) * 0.06;
	if (!(margin > fabs(scale.high) * 1e-9))
		margin = scale.high != 0 ? fabs(scale.high) * 0.005 : 0.5;
	scale.low -= margin;
	scale.high += margin;
	return scale;
}

double xb_scale_at(const XbScale *scale, double value)
{
	return scale->from +
	       (value - scale->low) / (scale->high - scale->low) * (scale->to - scale->from);
}

guint xb_scale_ticks(const XbScale *scale, guint wanted, double ticks[XB_TICKS_MAX])
{
	double span = scale->high - scale->low;
	double raw = span / MAX(wanted, 1), power = pow(10, floor(log10(raw)));
	double step = raw / power <= 1   ? power
		      : raw / power <= 2 ? 2 * power
		      : raw / power <= 5 ? 5 * power
					 : 10 * power;
	guint n = 0;

	if (!(span > 0) || !isfinite(span) || !(step > 0))
		return 0;
	for (double at = ceil(scale->low / step); at * step <= scale->high && n < XB_TICKS_MAX;
	     at++)
		ticks[n++] = at * step;
	return n;
}

void xb_plot_y_axis(XbHtml *out, const XbScale *y, double left, double right, const char *unit)
{
	double ticks[XB_TICKS_MAX];
	guint n = xb_scale_ticks(y, 5, ticks);

	for (guint i = 0; i < n; i++) {
		double at = xb_scale_at(y, ticks[i]);
		g_autofree char *text = xb_value_text(ticks[i], unit);

		xb_html(out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
			left, right, at, at, left - 6, at + 4, text);
	}
}

void xb_plot_x_axis(XbHtml *out, const XbScale *x, double top, double bottom, const char *unit)
{
	double ticks[XB_TICKS_MAX];
	guint n = xb_scale_ticks(x, 6, ticks);

	for (guint i = 0; i < n; i++) {
		double at = xb_scale_at(x, ticks[i]);
		g_autofree char *text = xb_value_text(ticks[i], unit);

		xb_html(out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"middle\">%s</text>",
			at, at, top, bottom, at, bottom + 16, text);
	}
}

/* ---- statistics ------------------------------------------------------------------ */

/* A series in 1/df about the normal quantile (Abramowitz and Stegun 26.7.5); small ones by table,
 * where the series is bad. */
double xb_t95(guint df)
{
	static const double small[] = { NAN,   12.706, 4.303, 3.182, 2.776,
					2.571, 2.447,  2.365, 2.306, 2.262 };
	const double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z;

	if (df < G_N_ELEMENTS(small))
		return small[df];
	return z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * pow(df, 2));
}

XbSpread xb_spread_of(const double *values, guint n)
{
	XbSpread spread = { n, 0, NAN, NAN, NAN };
	double squares = 0;

	for (guint i = 0; i < n; i++)
		spread.mean += values[i] / n;
	if (n == 0)
		spread.mean = NAN;
	for (guint i = 0; i < n; i++)
		squares += (values[i] - spread.mean) * (values[i] - spread.mean);
	if (n > 1) {
		double half;

		spread.sd = sqrt(squares / (n - 1));
		half = xb_t95(n - 1) * spread.sd / sqrt(n);
		spread.low = spread.mean - half;
		spread.high = spread.mean + half;
	}
	return spread;
}

static bool all_logs(const double *values, guint n, GArray *logs)
{
	for (guint i = 0; i < n; i++) {
		double value = log(values[i]);

		if (!(values[i] > 0) || !isfinite(value))
			return false;
		g_array_append_val(logs, value);
	}
	return true;
}

XbRatio xb_ratio_of(const double *base, guint n_base, const double *test, guint n_test)
{
	g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) b = g_array_new(FALSE, FALSE, sizeof(double));
	XbRatio ratio = { NAN, NAN, NAN };
	XbSpread x, y;
	double vx, vy, difference, half, df;

	if (n_base == 0 || n_test == 0 || !all_logs(base, n_base, a) || !all_logs(test, n_test, b))
		return ratio;
	x = xb_spread_of((const double *)(gconstpointer)a->data, n_base);
	y = xb_spread_of((const double *)(gconstpointer)b->data, n_test);
	difference = y.mean - x.mean;
	ratio.ratio = exp(difference);
	if (n_base < 2 || n_test < 2)
		return ratio;
	vx = x.sd * x.sd / n_base;
	vy = y.sd * y.sd / n_test;
	df = vx + vy > 0 ? (vx + vy) * (vx + vy) / (vx * vx / (n_base - 1) + vy * vy / (n_test - 1))
			 : n_base + n_test - 2;
	half = xb_t95((guint)fmax(1, floor(df))) * sqrt(vx + vy);
	ratio.low = exp(difference - half);
	ratio.high = exp(difference + half);
	return ratio;
}

/* ---- strips -------------------------------------------------------------------- */

XbStrip *xb_strip_new(const char *label, const char *class)
{
	XbStrip *strip = g_new0(XbStrip, 1);

	strip->label = g_strdup(label);
	strip->class = class;
	strip->boots = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	strip->runs = g_array_new(FALSE, FALSE, sizeof(int64_t));
	return strip;
}

void xb_strip_free(XbStrip *strip)
{
	if (!strip)
		return;
	g_free(strip->label);
	g_ptr_array_unref(strip->boots);
	g_array_unref(strip->runs);
	g_free(strip);
}

void xb_strip_add(XbStrip *strip, int64_t run, const GArray *samples)
{
	g_ptr_array_add(strip->boots, g_array_ref((GArray *)samples));
	g_array_append_val(strip->runs, run);
}

GArray *xb_strip_means(const XbStrip *strip)
{
	GArray *means = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < strip->boots->len; i++) {
		const GArray *samples = strip->boots->pdata[i];
		XbSpread spread =
			xb_spread_of((const double *)(gconstpointer)samples->data, samples->len);

		if (samples->len)
			g_array_append_val(means, spread.mean);
	}
	return means;
}
