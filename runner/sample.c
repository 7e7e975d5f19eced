/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample.c - see sample.h. */
#include "sample.h"

#include <math.h>
#include <string.h>

static bool is_metric_name(const char *name)
{
	gsize length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-/");
	return length > 0 && length < sizeof(((Sample *)NULL)->metric) && name[length] == '\0';
}

/* A word of any language: what a kernel sends goes into JSON and onto terminals. */
static bool is_unit(const char *unit)
{
	if (!*unit || strlen(unit) >= sizeof(((Sample *)NULL)->unit) ||
	    !g_utf8_validate(unit, -1, NULL))
		return false;
	for (const char *at = unit; *at; at = g_utf8_next_char(at))
		if (!g_unichar_isgraph(g_utf8_get_char(at)))
			return false;
	return true;
}

bool runner_sample_parse(const char *line, Sample *sample)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	char *end;

	if (g_strv_length(words) != 3 || !is_metric_name(words[0]) || !*words[1] ||
	    !is_unit(words[2]))
		return false;
	sample->value = g_ascii_strtod(words[1], &end);
	if (*end || !isfinite(sample->value))
		return false;
	g_strlcpy(sample->metric, words[0], sizeof(sample->metric));
	g_strlcpy(sample->unit, words[2], sizeof(sample->unit));
	return true;
}
