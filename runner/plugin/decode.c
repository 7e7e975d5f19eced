/* SPDX-License-Identifier: GPL-2.0-or-later */
/* decode.c - see decode.h. */
#include "decode.h"

#include "../dom0/mark.h"

#include <string.h>

static bool is_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0xf0 ||
	       byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 ||
	       byte == 0x65 || (byte & 0xf0) == 0x40; /* REX */
}

static uint64_t relative(const uint8_t *bytes, size_t at, size_t length, size_t size,
			 uint64_t address)
{
	int32_t offset = 0;

	if (at + size > length)
		return 0;
	if (size == 1)
		offset = (int32_t)(int8_t)bytes[at];
	else
		memcpy(&offset, bytes + at, sizeof(offset));
	return address + at + size + (uint64_t)(int64_t)offset;
}

static Flow decode_two_byte(const uint8_t *bytes, size_t at, size_t length, uint64_t address,
			    uint64_t *target)
{
	uint8_t op = at < length ? bytes[at] : 0;

	if (op == 0x05 || op == 0x34)
		return FLOW_SYSCALL;
	if (op == 0x07 || op == 0x35)
		return FLOW_IRET;
	if ((op & 0xf0) == 0x80)
		*target = relative(bytes, at + 1, length, 4, address);
	return FLOW_PLAIN;
}

static Flow decode_group5(uint8_t modrm)
{
	switch (modrm >> 3 & 7) {
	case 2:
	case 3:
		return FLOW_CALL;
	case 4:
	case 5:
		return FLOW_INDIRECT;
	default:
		return FLOW_PLAIN;
	}
}

Flow decode_flow(const uint8_t *bytes, size_t length, uint64_t address, uint64_t *target)
{
	size_t at = 0;
	uint8_t op;

	*target = 0;
	while (at < length && is_prefix(bytes[at]))
		at++;
	if (at >= length)
		return FLOW_PLAIN;
	op = bytes[at++];
	switch (op) {
	case 0xe8:
		*target = relative(bytes, at, length, 4, address);
		return FLOW_CALL;
	case 0xe9:
		*target = relative(bytes, at, length, 4, address);
		return FLOW_PLAIN;
	case 0xeb:
	case 0xe0: /* loopne, loope, loop, jrcxz */
	case 0xe1:
	case 0xe2:
	case 0xe3:
		*target = relative(bytes, at, length, 1, address);
		return FLOW_PLAIN;
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
		return FLOW_RET;
	case 0xcf:
		return FLOW_IRET;
	case 0xff:
		return at < length ? decode_group5(bytes[at]) : FLOW_PLAIN;
	case 0x0f:
		return decode_two_byte(bytes, at, length, address, target);
	default:
		if ((op & 0xf0) == 0x70)
			*target = relative(bytes, at, length, 1, address);
		return FLOW_PLAIN;
	}
}

int decode_mark(const uint8_t *bytes, size_t length)
{
	static const uint8_t start[] = { 0x0f, 0x1f, 0x84, 0x00 };
	uint32_t displacement;

	if (length != 8 || memcmp(bytes, start, sizeof(start)) != 0)
		return -1;
	memcpy(&displacement, bytes + sizeof(start), sizeof(displacement));
	if ((displacement & ~0xffu) != MARK_MAGIC || (displacement & 0xff) > MARK_MAX)
		return -1;
	return (int)(displacement & 0xff);
}

Region decode_region(uint64_t address)
{
	if (address < 0xffff800000000000u)
		return REGION_USER;
	return address < 0xffff880000000000u ? REGION_XEN : REGION_KERNEL;
}
