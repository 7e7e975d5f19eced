/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.c - how the fixtures beside this file were made: a workload that maps
 * and unmaps a domain of 1 MiB with Xen's trace on, and prints bytes of the
 * trace buffer in hexadecimal that nothing of ours has looked at:
 *
 *   map-unmap  one map and unmap of 256 pages
 *   wrapped    around the end of the buffer, which is followed by its start
 *   lost       the first records after a buffer that was full
 *
 * Built by `make record-trace` and run as a workload's "program".
 */
#include "domain.h"
#include "xentrace.c"

#include <time.h>

#define PAGES 256

static xenforeignmemory_handle *foreign;
static Domain *domain;

static void map_unmap(void)
{
	int errors[PAGES];
	size_t n;
	void *mapping = xenforeignmemory_map(foreign, domain_id(domain), PROT_READ, PAGES,
					     domain_frames(domain, &n), errors);

	if (mapping)
		xenforeignmemory_unmap(foreign, mapping, PAGES);
}

static uint32_t size_of(const Buffer *buffer)
{
	return (uint32_t)(buffer->pages * XC_PAGE_SIZE - sizeof(*buffer->head));
}

/* The bytes from @from to @to, which run to twice the buffer's size. */
static void print_bytes(const char *name, const Buffer *buffer, uint32_t from, uint32_t to)
{
	const uint8_t *data = (const uint8_t *)(buffer->head + 1);

	while (from < to) {
		printf("%s:", name);
		for (uint32_t i = 0; i < 64 && from < to; i++)
			printf("%02x", data[from++ % size_of(buffer)]);
		printf("\n");
	}
	fflush(stdout);
}

static void record_map_unmap(const XenTrace *trace, const Buffer *buffer)
{
	map_unmap();
	xc_tbuf_disable(trace->xc);
	print_bytes("map-unmap", buffer, buffer->head->cons, buffer->head->prod);
}

static void record_wrapped(XenTrace *trace, const Buffer *buffer)
{
	uint32_t start;

	do {
		xentrace_discard(trace);
		start = buffer->head->cons;
		map_unmap();
	} while (buffer->head->prod <= size_of(buffer));
	xc_tbuf_disable(trace->xc);
	print_bytes("wrapped", buffer, start, buffer->head->prod);
}

static void record_lost(XenTrace *trace, const Buffer *buffer)
{
	for (int i = 0; i < 300; i++)
		map_unmap();
	xentrace_discard(trace);
	xc_version(trace->xc, XENVER_version, NULL);
	xc_tbuf_disable(trace->xc);
	print_bytes("lost", buffer, buffer->head->cons, buffer->head->prod);
}

int main(void)
{
	const struct timespec pause = { 0, 50 * 1000 * 1000 };

	foreign = xenforeignmemory_open(NULL, 0);
	domain = domain_open();
	if (!foreign || !domain || !domain_create(domain, DOMAIN_HVM, PAGES / 256))
		return 1;
	for (int i = 0; i < 3; i++) {
		XenTrace *trace = xentrace_open();

		if (!trace)
			return 2;
		nanosleep(&pause, NULL);
		xentrace_discard(trace);
		if (i == 0)
			record_map_unmap(trace, &trace->buffers[0]);
		else if (i == 1)
			record_wrapped(trace, &trace->buffers[0]);
		else
			record_lost(trace, &trace->buffers[0]);
		xentrace_close(trace);
	}
	printf("ready 1 n\n");
	domain_close(domain);
	return 0;
}
