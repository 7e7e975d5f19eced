/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-counters.c - what a kernel under test prints may look like counters. */
#include "counters.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char map[] = "ffffffff81000100 T a\nffffffff81000200 t b\n";
	g_autoptr(RunnerCounters) counters =
		runner_counters_new(runner_symbols_parse("map", map, strlen(map), NULL), 2);
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 1000);

	for (guint i = 0; lines[i]; i++) {
		g_autoptr(GPtrArray) events = runner_counters_take(counters, lines[i]);

		for (guint k = 0; k < events->len; k++) {
			const json_t *event = events->pdata[k];
			g_autofree char *dump = json_dumps(event, JSON_COMPACT);

			/* it can be said, and its number is one */
			g_assert(dump && json_object_get(event, "event"));
			g_assert(isfinite(json_number_value(json_object_get(event, "value"))));
		}
	}
	return 0;
}
