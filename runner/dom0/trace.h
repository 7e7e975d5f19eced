/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - Xen's trace records, from bytes: what is in Xen's trace buffers,
 * as xen/include/public/trace.h lays it out. No I/O and no Xen library.
 *
 * A record is one word (event 28 bits, number of extra words 3 bits, whether
 * a time stamp follows 1 bit), two words of time stamp where there is one,
 * and up to seven extra words, all little-endian.
 */
#ifndef XB_DOM0_TRACE_H
#define XB_DOM0_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_EXTRA_WORDS     7
#define TRACE_RECORD_MAX      (4 + 8 + 4 * TRACE_EXTRA_WORDS)
#define TRACE_CLASSES_COUNTED 0x0022b000u /* PV and scheduler: what is counted here */

typedef struct {
	uint32_t event;
	bool has_tsc;
	uint64_t tsc;
	unsigned int n_extra;
	uint32_t extra[TRACE_EXTRA_WORDS];
} TraceRecord;

/*
 * Take the record at @data, of which @length bytes are there. Returns its
 * size in bytes, or 0 when it is cut off: the bytes end within it.
 */
size_t trace_record(const uint8_t *data, size_t length, TraceRecord *record);

/* What is counted. The order is that of the report. */
typedef enum {
	TRACE_PTWR_EMULATION,    /* a write to a page table that Xen emulated; key: guest RIP */
	TRACE_PAGE_FAULT,        /* a fault that was handed to the guest; key: RIP */
	TRACE_PRIVOP_EMULATION,  /* a privileged instruction that Xen emulated; key: RIP */
	TRACE_FORCED_INVALID_OP, /* Xen's "ud2" prefix, such as cpuid; key: RIP */
	TRACE_PAGING_FIXUP,      /* a fault that Xen repaired itself; key: RIP */
	TRACE_TRAP,              /* any other trap; key: its number */
	TRACE_HYPERCALL,         /* key: its number */
	TRACE_SUBCALL,           /* within a multicall; key: its number */
	TRACE_CONTEXT_SWITCH,    /* between vcpus; no key */
	TRACE_LOST,              /* records that found no room; key: how many */
	TRACE_KINDS,
	TRACE_OTHER = TRACE_KINDS, /* not counted */
} TraceKind;

/* "ptwr-emulation", as in the counter events. */
extern const char *const trace_kind_names[TRACE_KINDS];

/* Its key is an address in the guest. */
bool trace_kind_has_address(TraceKind kind);

/*
 * What @record says. TRACE_OTHER for events that are not counted; for those
 * that are but are too short for their key *malformed is set as well.
 */
TraceKind trace_decode(const TraceRecord *record, uint64_t *key, bool *malformed);

/*
 * A trace buffer as Xen and its reader share it: @data holds @size bytes of
 * records, @cons and @prod run from 0 to 2 * @size - 1 so that a full buffer
 * is told from an empty one. Calls @take for each whole record between them
 * and returns the new value of cons. @cons or @prod out of range, or a record
 * that does not end before @prod, set *broken: the rest up to @prod is skipped.
 */
typedef void TraceTake(const TraceRecord *record, void *data);
uint32_t trace_drain(const uint8_t *data, uint32_t size, uint32_t cons, uint32_t prod,
		     TraceTake *take, void *closure, bool *broken);

/* The name of hypercall @number without its prefix, "mmu_update"; NULL when unknown. */
const char *trace_hypercall_name(uint64_t number);

#endif
