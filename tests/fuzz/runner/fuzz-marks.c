/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-marks.c - what firmware, boot loader, Xen and a kernel write on a lab machine's console: the
 * same is found in it however it is cut into reads. */
#include "lab-marks.h"

#include <stddef.h>
#include <stdint.h>

#define NONCE "7e7e"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static LabMarks *read_in(const uint8_t *data, size_t size, size_t chunk)
{
	const ConsoleHandlers handlers = { 0 };
	LabMarks *marks = lab_marks_new(NONCE, &handlers);

	for (size_t at = 0; at < size; at += chunk)
		lab_marks_feed(marks, (const char *)data + at, MIN(chunk, size - at));
	return marks;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t chunk = size ? data[0] % 64 + 1u : 1;
	g_autoptr(LabMarks) cut = read_in(data, size, chunk);
	g_autoptr(LabMarks) single = read_in(data, size, 1);

	g_assert(lab_marks_xen(cut) == lab_marks_xen(single));
	g_assert(lab_marks_foreign(cut) == lab_marks_foreign(single));
	g_assert(lab_marks_entry(cut) == lab_marks_entry(single));
	g_assert(lab_marks_loaded(cut, "kernel") == lab_marks_loaded(single, "kernel"));
	return 0;
}
