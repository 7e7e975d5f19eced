/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xentrace.c - see xentrace.h. */
#include "xentrace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* As in domain.c. libxenctrl comes first: it chooses the dialect of Xen's headers. */
#undef __STRICT_ANSI__
#include <xenctrl.h>

#include <xen/trace.h>
#include <xenforeignmemory.h>

#define PAGES_PER_CPU 512u  /* 2 MiB: more than 50,000 records between two drains */
#define PAGES_TOTAL   8192u /* of all processors; Xen's own memory is not large */
#define PAGES_LEAST   16u

typedef struct {
	struct t_buf *head; /* its records follow; NULL: no such processor */
	size_t pages;
} Buffer;

struct XenTrace {
	xc_interface *xc;
	xenforeignmemory_handle *foreign;
	struct t_info *info;
	size_t info_pages;
	Buffer *buffers;
	unsigned int n_buffers;
	bool enabled, broken;
};

static bool fail(const char *what)
{
	fprintf(stderr, "xbisect-dom0: no trace counters: %s: %s\n", what, strerror(errno));
	return false;
}

static void *map_xen(XenTrace *self, int protection, const xen_pfn_t *frames, size_t pages)
{
	return xenforeignmemory_map(self->foreign, DOMID_XEN, protection, pages, frames, NULL);
}

static bool enable(XenTrace *self, unsigned long pages)
{
	unsigned long frame = 0, size = 0;
	xen_pfn_t *frames;

	if (xc_tbuf_set_evt_mask(self->xc, TRACE_CLASSES_COUNTED))
		return fail("the event mask can't be set");
	if (xc_tbuf_enable(self->xc, pages, &frame, &size))
		return fail("tracing can't be switched on");
	self->enabled = true;
	self->info_pages = (size + XC_PAGE_SIZE - 1) / XC_PAGE_SIZE;
	frames = calloc(self->info_pages ? self->info_pages : 1, sizeof(*frames));
	if (!frames || self->info_pages == 0) {
		free(frames);
		errno = frames ? EINVAL : ENOMEM;
		return fail("Xen says nothing of its trace buffers");
	}
	for (size_t i = 0; i < self->info_pages; i++)
		frames[i] = frame + i;
	self->info = map_xen(self, PROT_READ, frames, self->info_pages);
	free(frames);
	return self->info || fail("the list of trace buffers can't be mapped");
}

/* The buffer of processor @cpu: its frames stand in the list at an offset in words. */
static bool map_buffer(XenTrace *self, unsigned int cpu)
{
	size_t pages = self->info->tbuf_size, offset = self->info->mfn_offset[cpu];
	const uint32_t *list = (const uint32_t *)(const void *)self->info + offset;
	Buffer *buffer = &self->buffers[cpu];
	xen_pfn_t *frames;

	if (offset == 0)
		return true;
	if (pages == 0 || (offset + pages) * sizeof(*list) > self->info_pages * XC_PAGE_SIZE) {
		errno = EINVAL;
		return fail("the list of trace buffers is not as Xen writes it");
	}
	frames = calloc(pages, sizeof(*frames));
	if (!frames)
		return fail("no memory");
	for (size_t i = 0; i < pages; i++)
		frames[i] = list[i];
	buffer->head = map_xen(self, PROT_READ | PROT_WRITE, frames, pages);
	buffer->pages = pages;
	free(frames);
	return buffer->head || fail("a trace buffer can't be mapped");
}

static bool count_processors(XenTrace *self)
{
	xc_physinfo_t physical = { 0 };

	if (xc_physinfo(self->xc, &physical))
		return fail("the number of processors is not known");
	self->n_buffers = physical.max_cpu_id + 1;
	self->buffers = calloc(self->n_buffers, sizeof(*self->buffers));
	return self->buffers || fail("no memory");
}

static bool open_all(XenTrace *self)
{
	unsigned long pages;

	self->xc = xc_interface_open(NULL, NULL, 0);
	if (!self->xc)
		return fail("libxenctrl can't be opened");
	self->foreign = xenforeignmemory_open(NULL, 0);
	if (!self->foreign)
		return fail("libxenforeignmemory can't be opened");
	if (!count_processors(self))
		return false;
	pages = PAGES_TOTAL / self->n_buffers;
	pages = pages > PAGES_PER_CPU ? PAGES_PER_CPU : pages < PAGES_LEAST ? PAGES_LEAST : pages;
	if (!enable(self, pages))
		return false;
	for (unsigned int cpu = 0; cpu < self->n_buffers; cpu++)
		if (!map_buffer(self, cpu))
			return false;
	return true;
}

XenTrace *xentrace_open(void)
{
	XenTrace *self = calloc(1, sizeof(*self));

	if (self && open_all(self)) {
		xentrace_discard(self);
		return self;
	}
	xentrace_close(self);
	return NULL;
}

static void ignore(const TraceRecord *record, void *data)
{
	(void)record;
	(void)data;
}

static void count(const TraceRecord *record, void *data)
{
	tally_record(data, record);
}

static void count_lost(const TraceRecord *record, void *data)
{
	if (record->event == TRC_LOST_RECORDS)
		tally_record(data, record);
}

static void drain(XenTrace *self, TraceTake *take, void *closure)
{
	for (unsigned int cpu = 0; cpu < self->n_buffers; cpu++) {
		const Buffer *buffer = &self->buffers[cpu];
		uint32_t prod, cons, size;

		if (!buffer->head)
			continue;
		size = (uint32_t)(buffer->pages * XC_PAGE_SIZE - sizeof(*buffer->head));
		prod = __atomic_load_n(&buffer->head->prod, __ATOMIC_ACQUIRE);
		cons = trace_drain((const uint8_t *)(buffer->head + 1), size, buffer->head->cons,
				   prod, take, closure, &self->broken);
		__atomic_store_n(&buffer->head->cons, cons, __ATOMIC_RELEASE);
	}
}

void xentrace_discard(XenTrace *self)
{
	drain(self, ignore, NULL);
}

void xentrace_drain(XenTrace *self, Tally *tally)
{
	drain(self, count, tally);
}

void xentrace_finish(XenTrace *self, Tally *tally)
{
	drain(self, count, tally);
	/* Any hypercall is a record, before which Xen says what was lost. */
	xc_version(self->xc, XENVER_version, NULL);
	drain(self, count_lost, tally);
}

bool xentrace_broken(const XenTrace *self)
{
	return self->broken;
}

void xentrace_close(XenTrace *self)
{
	if (!self)
		return;
	if (self->enabled)
		xc_tbuf_disable(self->xc);
	for (unsigned int cpu = 0; self->buffers && cpu < self->n_buffers; cpu++)
		if (self->buffers[cpu].head)
			xenforeignmemory_unmap(self->foreign, self->buffers[cpu].head,
					       self->buffers[cpu].pages);
	if (self->info)
		xenforeignmemory_unmap(self->foreign, self->info, self->info_pages);
	if (self->foreign)
		xenforeignmemory_close(self->foreign);
	if (self->xc)
		xc_interface_close(self->xc);
	free(self->buffers);
	free(self);
}
