/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.c - text from outside made safe to show, and units; see text.h.
 */
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Characters that are valid but change how their neighbours are shown or hide
 * themselves: bidirectional marks and overrides, zero-width characters, line
 * and paragraph separators, byte order mark, tags, and what Unicode calls
 * control, format, surrogate or private use.
 */
static bool is_hostile(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return true;
	default:
		return false;
	}
}

/* One character of @p (up to @end) as it is to be shown, in @out (at least 16
 * bytes); returns the bytes consumed. */
static size_t show_one(const char *p, const char *end, bool multiline, char *out)
{
	gunichar c = g_utf8_get_char_validated(p, end - p);
	size_t used;

	if (*p == '\0' || c == (gunichar)-1 || c == (gunichar)-2) {
		g_snprintf(out, 16, "\\x%02X", (unsigned char)*p);
		return 1;
	}
	used = (size_t)(g_utf8_next_char(p) - p);
	if (multiline && (c == '\n' || c == '\t')) {
		out[0] = (char)c;
		out[1] = '\0';
	} else if (c < 0x80 && g_ascii_iscntrl((char)c)) {
		g_snprintf(out, 16, "\\x%02X", (unsigned)c);
	} else if (is_hostile(c)) {
		g_snprintf(out, 16, "\\u{%04X}", (unsigned)c);
	} else {
		memcpy(out, p, used);
		out[used] = '\0';
	}
	return used;
}

char *xb_text_safe(const char *bytes, gssize length, gsize max, bool multiline)
{
	GString *text;
	const char *end;

	if (bytes == NULL)
		return g_strdup("");
	end = bytes + (length < 0 ? strlen(bytes) : (size_t)length);
	text = g_string_sized_new(MIN((gsize)(end - bytes), max) + 1);
	for (const char *p = bytes; p < end;) {
		char shown[16];
		size_t used = show_one(p, end, multiline, shown);

		if (text->len + strlen(shown) > max)
			break;
		g_string_append(text, shown);
		p += used;
	}
	return g_string_free(text, FALSE);
}

/* ---- units ----------------------------------------------------------------- */

/* A decimal number at the start of @text (digits, one point; no sign, no
 * exponent, no hex, no locale); @rest is what follows. */
static bool parse_number(const char *text, double *value, const char **rest)
{
	g_autofree char *copy = NULL;
	size_t length;

	if (text == NULL)
		return false;
	length = strspn(text, "0123456789.");
	if (length == 0 || length > 64)
		return false;
	copy = g_strndup(text, length);
	if (strchr(copy, '.') != strrchr(copy, '.') || strcmp(copy, ".") == 0)
		return false;
	*value = g_ascii_strtod(copy, NULL);
	*rest = text + length;
	return isfinite(*value);
}

bool xb_parse_duration(const char *text, double *seconds)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {
		{ "", 1 },     { "ms", 1e-3 }, { "s", 1 },     { "m", 60 },
		{ "min", 60 }, { "h", 3600 },  { "d", 86400 },
	};
	const char *rest;
	double value;

	if (!parse_number(text, &value, &rest))
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strcmp(rest, units[i].unit) == 0) {
			*seconds = value * units[i].seconds;
			return true;
		}
	}
	return false;
}

bool xb_parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *rest, *unit;
	double value;
	int shift = 0;

	if (!parse_number(text, &value, &rest))
		return false;
	if (*rest != '\0') {
		unit = strchr(units, *rest);
		if (unit == NULL)
			return false;
		shift = 10 * (int)(unit - units + 1);
		rest++;
		if (g_str_equal(rest, "iB"))
			rest += 2;
	}
	value = ldexp(value, shift);
	/* Above 2^53 a double no longer holds each byte count. */
	if (*rest != '\0' || value > 9007199254740992.0 || value != floor(value))
		return false;
	*bytes = (uint64_t)value;
	return true;
}

bool xb_parse_fraction(const char *text, double *fraction)
{
	const char *rest;
	double value;

	if (!parse_number(text, &value, &rest))
		return false;
	if (strcmp(rest, "%") == 0)
		value /= 100;
	else if (*rest != '\0')
		return false;
	if (value >= 10)
		return false;
	*fraction = value;
	return true;
}

char *xb_asked_text(double confidence)
{
	return isfinite(confidence) ? g_strdup_printf("%.6g %%", 100 * confidence) : NULL;
}
