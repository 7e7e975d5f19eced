/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event stream of a worker, which may hold anything: in two pieces, as it
 * arrives, and what is taken must add up to the offset that is stored. */
#include "protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(XbEventReader) reader = xb_event_reader_new();
	size_t split = size > 0 ? data[0] % size : 0;

	for (int part = 0; part < 2; part++) {
		const char *start = (const char *)data + (part == 0 ? 0 : split);
		g_autoptr(GError) error = NULL;
		json_t *event;

		xb_event_reader_feed(reader, start, part == 0 ? split : size - split);
		while ((event = xb_event_reader_next(reader, &error)) != NULL)
			json_decref(event);
	}
	g_assert_cmpuint(xb_event_reader_offset(reader), <=, size);
	return 0;
}
