/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode.h - what an x86-64 instruction does to the flow of control, from its
 * bytes, and whose code an address of a PV dom0 belongs to.
 */
#ifndef XB_PLUGIN_DECODE_H
#define XB_PLUGIN_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	FLOW_PLAIN, /* goes on behind it, or to @target (jmp, jcc) */
	FLOW_CALL,  /* @target when direct, else 0 */
	FLOW_RET,
	FLOW_IRET, /* iret, sysret, sysexit: to another level of privilege */
	FLOW_SYSCALL,
	FLOW_INDIRECT, /* jmp through a register or memory */
} Flow;

/* @bytes of one instruction at @address. *target: of a direct jump or call, else 0. */
Flow decode_flow(const uint8_t *bytes, size_t length, uint64_t address, uint64_t *target);

/* The phase that dom0/mark.h's instruction names; -1 when it is another one. */
int decode_mark(const uint8_t *bytes, size_t length);

/* The layout of a 64-bit PV guest: Xen keeps 0xffff800000000000 to
 * 0xffff87ffffffffff, the guest's kernel has what lies above. */
typedef enum {
	REGION_USER,
	REGION_XEN,
	REGION_KERNEL,
	REGIONS,
} Region;
Region decode_region(uint64_t address);

#endif
