/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.c - see frame.h. */
#include "frame.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint32_t crc32_of(const char *data, size_t length)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t done = write(fd, data, length);

		if (done <= 0)
			return; /* the console is gone: the host sees the missing frame */
		data += done;
		length -= (size_t)done;
	}
}

void frame_send(int fd, const char *kind, const char *text)
{
	static unsigned int sequence;
	char body[FRAME_PAYLOAD_MAX + 32], line[FRAME_PAYLOAD_MAX + 96];
	int head = snprintf(body, sizeof(body), "%u ", sequence);
	int length = snprintf(body + head, FRAME_PAYLOAD_MAX + 1, "%s%s%s", kind, text ? " " : "",
			      text ? text : "");

	if (length > FRAME_PAYLOAD_MAX)
		length = FRAME_PAYLOAD_MAX;
	for (int i = head; i < head + length; i++)
		if (body[i] < ' ' || body[i] > '~')
			body[i] = '?';

	uint32_t crc = crc32_of(body, (size_t)head + (size_t)length);
	int total = snprintf(line, sizeof(line), "@XB1 %u %d %08x %s\n", sequence, length, crc,
			     body + head);

	sequence++;
	write_all(fd, line, (size_t)total);
}
