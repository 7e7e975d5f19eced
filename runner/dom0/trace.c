/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace.c - see trace.h. */
#include "trace.h"

#include <string.h>

/* Xen's public headers want the GNU dialect; see domain.c. */
#undef __STRICT_ANSI__
#define __XEN_TOOLS__ 1 /* today's numbers, not those of old guests */
#include <xen/trace.h>
#include <xen/xen.h>

#define HYPERCALL_NUMBER_MASK 0xfffffu /* the bits above say which arguments follow */

const char *const trace_kind_names[TRACE_KINDS] = {
	[TRACE_PTWR_EMULATION] = "ptwr-emulation",
	[TRACE_PAGE_FAULT] = "page-fault",
	[TRACE_PRIVOP_EMULATION] = "privop-emulation",
	[TRACE_FORCED_INVALID_OP] = "forced-invalid-op",
	[TRACE_PAGING_FIXUP] = "paging-fixup",
	[TRACE_TRAP] = "trap",
	[TRACE_HYPERCALL] = "hypercall",
	[TRACE_SUBCALL] = "multicall-subcall",
	[TRACE_CONTEXT_SWITCH] = "context-switch",
	[TRACE_LOST] = "lost-records",
};

/* Where each counted event has its key, in words; a record of a 64-bit guest
 * carries TRC_64_FLAG and addresses of two words. */
typedef enum { KEY_NONE, KEY_ADDRESS, KEY_NUMBER, KEY_HYPERCALL } KeyForm;

static const struct {
	uint32_t event;
	TraceKind kind;
	KeyForm form;
	unsigned int word;
} counted[] = {
	{ TRC_PV_PTWR_EMULATION | TRC_64_FLAG, TRACE_PTWR_EMULATION, KEY_ADDRESS, 4 },
	{ TRC_PV_PAGE_FAULT | TRC_64_FLAG, TRACE_PAGE_FAULT, KEY_ADDRESS, 0 },
	{ TRC_PV_EMULATE_PRIVOP | TRC_64_FLAG, TRACE_PRIVOP_EMULATION, KEY_ADDRESS, 0 },
	{ TRC_PV_FORCED_INVALID_OP | TRC_64_FLAG, TRACE_FORCED_INVALID_OP, KEY_ADDRESS, 0 },
	{ TRC_PV_PAGING_FIXUP | TRC_64_FLAG, TRACE_PAGING_FIXUP, KEY_ADDRESS, 0 },
	{ TRC_PV_TRAP | TRC_64_FLAG, TRACE_TRAP, KEY_NUMBER, 2 },
	{ TRC_PV_HYPERCALL_V2, TRACE_HYPERCALL, KEY_HYPERCALL, 0 },
	{ TRC_PV_HYPERCALL_SUBCALL, TRACE_SUBCALL, KEY_HYPERCALL, 0 },
	{ TRC_SCHED_SWITCH, TRACE_CONTEXT_SWITCH, KEY_NONE, 0 },
	{ TRC_LOST_RECORDS, TRACE_LOST, KEY_NUMBER, 0 },
};

bool trace_kind_has_address(TraceKind kind)
{
	return kind <= TRACE_PAGING_FIXUP;
}

static uint32_t word_at(const uint8_t *data)
{
	return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
	       (uint32_t)data[3] << 24;
}

size_t trace_record(const uint8_t *data, size_t length, TraceRecord *record)
{
	uint32_t head;
	size_t size, at = 4;

	if (length < 4)
		return 0;
	head = word_at(data);
	record->event = TRC_HD_TO_EVENT(head);
	record->n_extra = TRC_HD_EXTRA(head);
	record->has_tsc = TRC_HD_INCLUDES_CYCLE_COUNT(head);
	record->tsc = 0;
	size = 4 + (record->has_tsc ? 8 : 0) + 4 * (size_t)record->n_extra;
	if (length < size)
		return 0;
	if (record->has_tsc) {
		record->tsc = word_at(data + 4) | (uint64_t)word_at(data + 8) << 32;
		at += 8;
	}
	for (unsigned int i = 0; i < TRACE_EXTRA_WORDS; i++)
		record->extra[i] = i < record->n_extra ? word_at(data + at + 4 * i) : 0;
	return size;
}

TraceKind trace_decode(const TraceRecord *record, uint64_t *key, bool *malformed)
{
	*key = 0;
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		unsigned int word = counted[i].word;
		unsigned int needed = counted[i].form == KEY_NONE      ? 0
				      : counted[i].form == KEY_ADDRESS ? word + 2
								       : word + 1;

		if (record->event != counted[i].event)
			continue;
		if (record->n_extra < needed) {
			*malformed = true;
			return TRACE_OTHER;
		}
		if (needed > 0)
			*key = record->extra[word];
		if (counted[i].form == KEY_ADDRESS)
			*key |= (uint64_t)record->extra[word + 1] << 32;
		else if (counted[i].form == KEY_HYPERCALL)
			*key &= HYPERCALL_NUMBER_MASK;
		if (counted[i].kind == TRACE_TRAP)
			*key &= 0x7fff; /* beside it: the error code, and whether there is one */
		return counted[i].kind;
	}
	return TRACE_OTHER;
}

uint32_t trace_drain(const uint8_t *data, uint32_t size, uint32_t cons, uint32_t prod,
		     TraceTake *take, void *closure, bool *broken)
{
	uint64_t round = 2 * (uint64_t)size, left;

	if (size == 0 || cons >= round || prod >= round) {
		*broken = true;
		return prod;
	}
	left = (prod + round - cons) % round;
	if (left > size) {
		*broken = true;
		return prod;
	}
	while (left > 0) {
		uint32_t at = cons < size ? cons : cons - size;
		size_t whole = left < size - at ? (size_t)left : size - at;
		TraceRecord record;
		size_t taken = trace_record(data + at, whole, &record);

		/* Xen fills the end of the buffer with a record of its own: none wraps. */
		if (taken == 0) {
			*broken = true;
			return prod;
		}
		if (record.event != TRC_TRACE_WRAP_BUFFER)
			take(&record, closure);
		left -= taken;
		cons = (uint32_t)((cons + taken) % round);
	}
	return cons;
}

#define NAMED(name) [__HYPERVISOR_##name] = #name

const char *trace_hypercall_name(uint64_t number)
{
	static const char *const names[] = {
		NAMED(set_trap_table),
		NAMED(mmu_update),
		NAMED(set_gdt),
		NAMED(stack_switch),
		NAMED(set_callbacks),
		NAMED(fpu_taskswitch),
		NAMED(sched_op_compat),
		NAMED(platform_op),
		NAMED(set_debugreg),
		NAMED(get_debugreg),
		NAMED(update_descriptor),
		NAMED(memory_op),
		NAMED(multicall),
		NAMED(update_va_mapping),
		NAMED(set_timer_op),
		NAMED(event_channel_op_compat),
		NAMED(xen_version),
		NAMED(console_io),
		NAMED(physdev_op_compat),
		NAMED(grant_table_op),
		NAMED(vm_assist),
		NAMED(update_va_mapping_otherdomain),
		NAMED(iret),
		NAMED(vcpu_op),
		NAMED(set_segment_base),
		NAMED(mmuext_op),
		NAMED(xsm_op),
		NAMED(nmi_op),
		NAMED(sched_op),
		NAMED(callback_op),
		NAMED(xenoprof_op),
		NAMED(event_channel_op),
		NAMED(physdev_op),
		NAMED(hvm_op),
		NAMED(sysctl),
		NAMED(domctl),
		NAMED(kexec_op),
		NAMED(tmem_op),
		NAMED(argo_op),
		NAMED(xenpmu_op),
		NAMED(dm_op),
		NAMED(hypfs_op),
	};

	return number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}
