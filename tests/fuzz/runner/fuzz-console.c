/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-console.c - a kernel under test may write anything to its console. */
#include "console.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_stage(ConsoleStage stage, gpointer data)
{
	ConsoleStage *last = data;

	g_assert(stage > *last);
	*last = stage;
}

static void on_sample(const char *metric, double value, const char *unit, int iteration,
		      gpointer data)
{
	(void)data;
	g_assert(*metric && *unit && isfinite(value) && iteration >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ConsoleStage last = CONSOLE_DARK;
	const ConsoleHandlers handlers = { on_stage, on_sample, &last, NULL };
	g_autoptr(Console) console = runner_console_new(&handlers);
	g_autofree char *telling = NULL;
	/* The first byte is how the rest is cut into reads. */
	size_t chunk = size ? data[0] + 1u : 1;

	for (size_t at = 1; at < size; at += chunk)
		runner_console_feed(console, (const char *)data + at, MIN(chunk, size - at));
	telling = runner_console_telling(console);
	g_assert(g_utf8_validate(telling, -1, NULL));
	return 0;
}
