/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-symbols.c - a System.map comes out of the build of a hostile tree. */
#include "symbols.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	guint64 address = 0, offset = 0;
	/* The first eight bytes are the address that is looked up. */
	size_t head = MIN(size, sizeof(address));
	g_autoptr(RunnerSymbols) symbols = NULL;
	const char *name;

	if (head > 0)
		memcpy(&address, data, head);
	symbols = runner_symbols_parse("map", (const char *)data + head, size - head, NULL);
	if (!symbols)
		return 0;
	g_assert(runner_symbols_count(symbols) > 0);
	name = runner_symbols_find(symbols, address, &offset);
	if (name) {
		g_assert(*name && strlen(name) <= RUNNER_SYMBOLS_NAME_MAX && offset <= address);
		runner_symbols_address(symbols, name);
	}
	return 0;
}
