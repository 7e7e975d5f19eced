/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.c - see frame.h. */
#include "frame.h"

#include <string.h>

#define MARK        "@XB1"
#define PAYLOAD_MAX 1024

guint32 runner_crc32(const char *data, gsize length)
{
	guint32 crc = 0xffffffffu;

	for (gsize i = 0; i < length; i++) {
		crc ^= (guchar)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* One number and the blank after it; NULL when that is not what is there. */
static const char *take_number(const char *at, const char *end, guint base, guint64 max,
			       guint64 *value)
{
	const char *start = at;

	*value = 0;
	for (; at < end && *at != ' '; at++) {
		int digit = base == 16 ? g_ascii_xdigit_value(*at) : g_ascii_digit_value(*at);

		if (digit < 0)
			return NULL;
		*value = *value * base + (guint)digit;
		if (*value > max)
			return NULL;
	}
	return at > start && at < end ? at + 1 : NULL;
}

FrameState runner_frame_parse(const char *line, gsize length, guint *sequence, const char **payload,
			      gsize *payload_length)
{
	const char *end = line + length;
	const char *at = memmem(line, length, MARK, strlen(MARK));
	guint64 number, size, crc;
	g_autofree char *covered = NULL;
	int covered_length;

	if (!at)
		return FRAME_NONE;
	at += strlen(MARK);
	if (at == end || *at++ != ' ')
		return FRAME_TORN;
	while (end > at && (end[-1] == '\r' || end[-1] == '\n'))
		end--;
	at = take_number(at, end, 10, G_MAXUINT32, &number);
	at = at ? take_number(at, end, 10, PAYLOAD_MAX, &size) : NULL;
	at = at ? take_number(at, end, 16, G_MAXUINT32, &crc) : NULL;
	if (!at || (gsize)(end - at) != size)
		return FRAME_TORN;
	covered = g_malloc(size + 16);
	covered_length = g_snprintf(covered, 16, "%u ", (guint)number);
	memcpy(covered + covered_length, at, size);
	if (runner_crc32(covered, (gsize)covered_length + size) != crc)
		return FRAME_TORN;
	*sequence = (guint)number;
	*payload = at;
	*payload_length = size;
	return FRAME_OK;
}
