/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory.c - see memory.h. */
#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES  4096u
#define TABLE_BYTES (2u << 20) /* what one page of page-table entries maps */

typedef struct {
	unsigned int mib;
	size_t bytes;
	char *area;     /* where the pages are */
	char *other;    /* mremap: where they go */
	char *reserved; /* what @area and @other are in */
	size_t reserved_bytes;
} Memory;

static const BenchOption options[] = {
	{ "mib", offsetof(Memory, mib), 1, 1u << 20, 64, NULL },
	{ NULL, 0, 0, 0, 0, NULL },
};

static const char help[] = "  --mib N           how much memory (64)\n";

/* Write to each page, so that it is there, dirty and writable. */
static void touch(const Memory *self)
{
	for (size_t at = 0; at < self->bytes; at += PAGE_BYTES)
		*(volatile char *)(self->area + at) = 1;
}

static char *map_small_pages(size_t bytes)
{
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* EINVAL: a kernel without huge pages. */
	if (area != MAP_FAILED)
		madvise(area, bytes, MADV_NOHUGEPAGE);
	return area;
}

static int start_sized(void *state)
{
	Memory *self = state;

	self->bytes = (size_t)self->mib << 20;
	return EXIT_OK;
}

static int start_touched(void *state)
{
	Memory *self = state;

	start_sized(self);
	self->area = map_small_pages(self->bytes);
	if (self->area == MAP_FAILED) {
		self->area = NULL;
		return bench_fail(EXIT_MEMORY, "the area can't be mapped");
	}
	self->reserved = self->area;
	self->reserved_bytes = self->bytes;
	touch(self);
	return EXIT_OK;
}

static void stop(void *state)
{
	const Memory *self = state;

	if (self->reserved)
		munmap(self->reserved, self->reserved_bytes);
}

/* ---- mmap-unmap ---------------------------------------------------------------- */

static int mmap_iterate(void *state, double *values)
{
	Memory *self = state;
	double start = bench_now(), touched, end;

	self->area = map_small_pages(self->bytes);
	if (self->area == MAP_FAILED)
		return bench_fail(EXIT_MEMORY, "the area can't be mapped");
	touch(self);
	touched = bench_now();
	if (munmap(self->area, self->bytes))
		return bench_fail(EXIT_MEMORY, "the area can't be unmapped");
	end = bench_now();
	values[0] = end - touched;
	values[1] = touched - start;
	values[2] = end - start;
	return EXIT_OK;
}

static const BenchMetric mmap_metrics[] = {
	{ "unmap", "s" }, { "touch", "s" }, { "total", "s" }, { NULL, NULL }
};

const Bench memory_mmap = {
	.name = "mmap-unmap",
	.what = "Map memory of dom0 itself, touch each page, unmap it.",
	.help = help,
	.state_size = sizeof(Memory),
	.options = options,
	.metrics = mmap_metrics,
	.start = start_sized,
	.iterate = mmap_iterate,
};

/* ---- mprotect ------------------------------------------------------------------ */

static int mprotect_iterate(void *state, double *values)
{
	const Memory *self = state;
	double start = bench_now(), protected, end;

	if (mprotect(self->area, self->bytes, PROT_READ))
		return bench_fail(EXIT_MEMORY, "the area can't be made read-only");
	protected = bench_now();
	if (mprotect(self->area, self->bytes, PROT_READ | PROT_WRITE))
		return bench_fail(EXIT_MEMORY, "the area can't be made writable");
	end = bench_now();
	values[0] = protected - start;
	values[1] = end - protected;
	values[2] = end - start;
	/* Not timed: the next iteration finds writable entries again. */
	touch(self);
	return EXIT_OK;
}

static const BenchMetric mprotect_metrics[] = {
	{ "protect", "s" }, { "unprotect", "s" }, { "total", "s" }, { NULL, NULL }
};

const Bench memory_mprotect = {
	.name = "mprotect",
	.what = "Make dirty pages of dom0 itself read-only, then writable again.",
	.help = help,
	.state_size = sizeof(Memory),
	.options = options,
	.metrics = mprotect_metrics,
	.start = start_touched,
	.iterate = mprotect_iterate,
	.stop = stop,
};

/* ---- mremap -------------------------------------------------------------------- */

/* Both places in one reservation. One begins where a page table does, the other
 * a page later: whole page tables can't be moved, each entry is. */
static int mremap_start(void *state)
{
	Memory *self = state;

	start_sized(self);
	self->reserved_bytes = 2 * (self->bytes + 2 * (size_t)TABLE_BYTES);
	self->reserved = mmap(NULL, self->reserved_bytes, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (self->reserved == MAP_FAILED) {
		self->reserved = NULL;
		return bench_fail(EXIT_MEMORY, "no room in the address space");
	}
	size_t skip = TABLE_BYTES - (uintptr_t)self->reserved % TABLE_BYTES;
	void *area = mmap(self->reserved + skip, self->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (area == MAP_FAILED)
		return bench_fail(EXIT_MEMORY, "the area can't be mapped");
	self->area = area;
	self->other = self->area + self->bytes + TABLE_BYTES + PAGE_BYTES;
	madvise(self->area, self->bytes, MADV_NOHUGEPAGE);
	touch(self);
	return EXIT_OK;
}

static int mremap_iterate(void *state, double *values)
{
	const Memory *self = state;
	double start = bench_now(), moved, end;

	if (mremap(self->area, self->bytes, self->bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		   self->other) == MAP_FAILED)
		return bench_fail(EXIT_MEMORY, "the area can't be moved");
	moved = bench_now();
	if (mremap(self->other, self->bytes, self->bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		   self->area) == MAP_FAILED)
		return bench_fail(EXIT_MEMORY, "the area can't be moved back");
	end = bench_now();
	values[0] = moved - start;
	values[1] = end - moved;
	values[2] = end - start;
	return EXIT_OK;
}

static const BenchMetric mremap_metrics[] = {
	{ "move", "s" }, { "back", "s" }, { "total", "s" }, { NULL, NULL }
};

const Bench memory_mremap = {
	.name = "mremap",
	.what = "Move pages of dom0 itself to other page tables, and back.",
	.help = help,
	.state_size = sizeof(Memory),
	.options = options,
	.metrics = mremap_metrics,
	.start = mremap_start,
	.iterate = mremap_iterate,
	.stop = stop,
};

/* ---- fork-exit ----------------------------------------------------------------- */

static int fork_iterate(void *state, double *values)
{
	const Memory *self = state;
	double start = bench_now(), forked, end;
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child < 0)
		return bench_fail(EXIT_MEMORY, "fork failed");
	forked = bench_now();
	if (waitpid(child, &status, 0) != child || status != 0)
		return bench_fail(EXIT_MEMORY, "the child did not end well");
	end = bench_now();
	values[0] = forked - start;
	values[1] = end - forked;
	values[2] = end - start;
	/* Not timed: fork took our write permission, the next one finds it again. */
	touch(self);
	return EXIT_OK;
}

static const BenchMetric fork_metrics[] = {
	{ "fork", "s" }, { "exit", "s" }, { "total", "s" }, { NULL, NULL }
};

const Bench memory_fork = {
	.name = "fork-exit",
	.what = "Fork with that much memory, and end the child at once.",
	.help = help,
	.state_size = sizeof(Memory),
	.options = options,
	.metrics = fork_metrics,
	.start = start_touched,
	.iterate = fork_iterate,
	.stop = stop,
};
