/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * format.c - numbers and columns for people; see format.h.
 */
#include "format.h"

#include "percent.h"

#include <math.h>
#include <string.h>

char *xb_format_span(double seconds)
{
	long whole;

	if (!isfinite(seconds) || seconds < 0 || seconds > 1e9)
		return g_strdup("?");
	if (seconds < 9.95)
		return g_strdup_printf("%.1fs", seconds);
	whole = lround(seconds);
	if (whole < 60)
		return g_strdup_printf("%lds", whole);
	if (whole < 3600)
		return g_strdup_printf("%ldm%02lds", whole / 60, whole % 60);
	if (whole < 86400)
		return g_strdup_printf("%ldh%02ldm", whole / 3600, whole / 60 % 60);
	return g_strdup_printf("%ldd%02ldh", whole / 86400, whole / 3600 % 24);
}

char *xb_format_time(double unix_s)
{
	g_autoptr(GDateTime) time = NULL;

	if (!isfinite(unix_s) || unix_s <= 0)
		return g_strdup("-");
	time = g_date_time_new_from_unix_utc((gint64)unix_s);
	return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("-");
}

/* Decimals that show @step's first two digits. */
static int decimals_for(double step)
{
	int decimals = step > 0 && isfinite(step) ? 1 - (int)floor(log10(step)) : 0;

	return CLAMP(decimals, 0, 9);
}

/* perf prints five decimals; a smaller value or a smaller error needs more. */
static int decimals_of(double value, double error)
{
	int by_value = decimals_for(fabs(value) / 1000);
	/* What a sum's rounding leaves is no error. */
	int by_error = error > 1e-12 * fabs(value) ? decimals_for(error) + 1 : 0;

	return MIN(MAX(by_value, by_error), 9);
}

static const char *unit_word(const char *unit)
{
	if (unit == NULL)
		return "";
	return strcmp(unit, "s") == 0 ? "seconds" : unit;
}

char *xb_format_value(double value, const char *unit)
{
	if (!isfinite(value))
		return g_strdup("-");
	if (unit == NULL || *unit == '\0')
		return g_strdup_printf("%.*f", decimals_of(value, 0), value);
	return g_strdup_printf("%.*f %s", decimals_of(value, 0), value, unit);
}

char *xb_format_level(double value, double error, const char *unit)
{
	int decimals;

	if (!isfinite(value))
		return g_strdup("-");
	if (!isfinite(error))
		return g_strdup_printf("%.*f %s", decimals_of(value, 0), value, unit_word(unit));
	decimals = decimals_of(value, error);
	return g_strdup_printf("%.*f +- %.*f %s ( +- %.2f%% )", decimals, value, decimals, error,
			       unit_word(unit), value != 0 ? 100 * error / fabs(value) : 0.0);
}

char *xb_format_change(double ratio)
{
	double percent = (ratio - 1) * 100;

	if (!isfinite(ratio))
		return g_strdup("-");
	return g_strdup_printf("%+.*f%%", fabs(percent) < 1 ? 2 : 1, percent);
}

char *xb_format_probability(double p)
{
	return xb_probability_text(p);
}

/* ---- columns -------------------------------------------------------------------- */

static int char_width(gunichar c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

int xb_format_width(const char *text)
{
	int width = 0;

	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
		width += char_width(g_utf8_get_char(p));
	return width;
}

char *xb_format_fit(const char *text, int width, gboolean pad)
{
	GString *out = g_string_new(NULL);
	int used = 0, full = xb_format_width(text);
	int room = full > width ? MAX(width - 2, 0) : width;

	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (used + char_width(c) > room)
			break;
		g_string_append_unichar(out, c);
		used += char_width(c);
	}
	if (full > width) {
		g_string_append(out, width >= 2 ? ".." : "");
		used += width >= 2 ? 2 : 0;
	}
	while (pad && used++ < width)
		g_string_append_c(out, ' ');
	return g_string_free(out, FALSE);
}
