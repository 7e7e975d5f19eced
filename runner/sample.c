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

bool runner_sample_parse(const char *line, Sample *sample)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	char *end;

	if (g_strv_length(words) != 3 || !is_metric_name(words[0]) || !*words[1] || !*words[2] ||
	    strlen(words[2]) >= sizeof(sample->unit))
		return false;
	sample->value = g_ascii_strtod(words[1], &end);
	if (*end || !isfinite(sample->value))
		return false;
	g_strlcpy(sample->metric, words[0], sizeof(sample->metric));
	g_strlcpy(sample->unit, words[2], sizeof(sample->unit));
	return true;
}
