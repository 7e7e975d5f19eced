/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-trace.c - bytes of a trace buffer, and where its reader and writer stand. */
#include "tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const TraceRecord *record, void *data)
{
	assert(record->event <= 0x0fffffff && record->n_extra <= TRACE_EXTRA_WORDS);
	tally_record(data, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Tally tally;
	uint16_t places[2];
	bool broken = false;
	uint32_t length, end;

	/* The first four bytes are cons, and how far prod is behind a full buffer. */
	if (size < sizeof(places))
		return 0;
	memcpy(places, data, sizeof(places));
	length = (uint32_t)(size - sizeof(places));
	memset(&tally, 0, sizeof(tally));
	end = (places[0] + length - places[1]) % (2 * length + 1);
	uint32_t cons =
		trace_drain(data + sizeof(places), length, places[0], end, take, &tally, &broken);
	assert(cons == end);
	assert(tally.records <= length / 4);
	tally_sort(&tally);
	assert(tally.n_rows < TALLY_ROWS && tally.rows[tally.n_rows].count == 0);
	return 0;
}
