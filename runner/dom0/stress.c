/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stress.c - see stress.h. */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES  4096u
#define TABLE_BYTES (2u << 20) /* what one page of page-table entries maps */
#define CHURNS      16         /* in a round, by each of the two */
#define CHURN_PAGES 256
#define LOG_BYTES   8192 /* of a record; the kernel cuts them before */
#define STOP        UINT32_MAX
/* Pages more or less that a process has for reasons of its own. */
#define RSS_SLACK 32

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* The two words of a page that are looked at. */
typedef struct {
	uint64_t written; /* by the other processor, while the page is reclaimed */
	uint64_t filled;  /* before; 0 in a page that is new since */
} Page;

typedef struct {
	unsigned int mib;
	size_t pages;
	char *area;
	uint64_t round;
	uint64_t random;
	pthread_t writer;
	bool has_writer;
	/* What the writer is to do and has done: a number that grows with each page. */
	_Atomic uint32_t asked, done;
	_Atomic uint32_t page;
	_Atomic uint64_t token;
	_Atomic uint64_t delay_ns; /* after it was asked */
	uint64_t span_ns;          /* how long reclaiming a page takes */
	bool has_log;
	int log; /* the kernel's log, from where this began */
} Stress;

static uint64_t now_ns(void)
{
	return (uint64_t)(bench_now() * 1e9);
}

static uint64_t next_random(Stress *self)
{
	/* xorshift64 */
	self->random ^= self->random << 13;
	self->random ^= self->random >> 7;
	self->random ^= self->random << 17;
	return self->random;
}

static volatile Page *page_at(const Stress *self, size_t i)
{
	return (volatile Page *)(self->area + i * PAGE_BYTES);
}

static bool run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static char *map_small_pages(size_t bytes)
{
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		return NULL;
	/* EINVAL: a kernel without huge pages. */
	madvise(area, bytes, MADV_NOHUGEPAGE);
	return area;
}

/* ---- reclaim ------------------------------------------------------------------- */

static void *write_when_asked(void *data)
{
	Stress *self = data;
	uint32_t seen = 0, asked;

	run_on(1);
	while ((asked = atomic_load(&self->asked)) != STOP) {
		uint64_t start;

		if (asked == seen)
			continue;
		seen = asked;
		start = now_ns();
		while (now_ns() - start < atomic_load(&self->delay_ns))
			;
		page_at(self, atomic_load(&self->page))->written = atomic_load(&self->token);
		atomic_store(&self->done, asked);
	}
	return NULL;
}

/* Reclaim page @i while the other processor writes to it; EXIT_LOST when what it
 * wrote is not there afterwards. */
static int reclaim_page(Stress *self, size_t i, uint32_t turn, size_t *discarded)
{
	uint64_t token = (self->round << 32 | i) + 1, start, found, step;

	atomic_store(&self->page, (uint32_t)i);
	atomic_store(&self->token, token);
	atomic_store(&self->delay_ns, next_random(self) % (self->span_ns + self->span_ns / 4 + 1));
	start = now_ns();
	atomic_store(&self->asked, turn);
	if (madvise(self->area + i * PAGE_BYTES, PAGE_BYTES, MADV_PAGEOUT))
		return bench_fail(EXIT_MEMORY, "MADV_PAGEOUT");
	/* Towards the median, so that the writes fall all over the call, and one that
	 * was interrupted for long does not count for more. */
	step = self->span_ns / 32 + 1;
	self->span_ns += now_ns() - start > self->span_ns ? step : -step;
	while (atomic_load(&self->done) != turn)
		;
	found = page_at(self, i)->written;
	*discarded += page_at(self, i)->filled == 0;
	if (found == token)
		return EXIT_OK;
	fprintf(stderr,
		"xbisect-dom0: pte-stress: round %llu: what was written to page %zu while it was "
		"reclaimed is lost (%#llx instead of %#llx)\n",
		(unsigned long long)self->round, i, (unsigned long long)found,
		(unsigned long long)token);
	return EXIT_LOST;
}

static int reclaim_all(Stress *self, size_t *discarded, size_t *lost)
{
	for (size_t i = 0; i < self->pages; i++) {
		page_at(self, i)->filled = ~(uint64_t)i;
		page_at(self, i)->written = 0;
	}
	if (madvise(self->area, self->pages * PAGE_BYTES, MADV_FREE))
		return bench_fail(EXIT_MEMORY, "MADV_FREE");
	for (size_t i = 0; i < self->pages; i++) {
		uint32_t turn = (uint32_t)(self->round * self->pages + i) % (STOP - 1) + 1;
		int status = reclaim_page(self, i, turn, discarded);

		*lost += status == EXIT_LOST;
		/* A few say enough. */
		if (status && (status != EXIT_LOST || *lost >= 5))
			return status;
	}
	if (*lost)
		return EXIT_LOST;
	if (*discarded)
		return EXIT_OK;
	fprintf(stderr, "xbisect-dom0: pte-stress: no page was reclaimed, so nothing is shown: it "
			"needs a kernel with MADV_FREE and MADV_PAGEOUT\n");
	return EXIT_MEMORY;
}

/* ---- move ---------------------------------------------------------------------- */

/* KiB of the field @name in smaps' entry of the mapping that begins at @area; -1
 * when it is not there. */
static long smaps_kib(const char *area, const char *name)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[512];
	bool ours = false;
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file)) {
		unsigned long long from, to;

		if (sscanf(line, "%llx-%llx ", &from, &to) == 2)
			ours = from == (uintptr_t)area;
		else if (ours && strncmp(line, name, strlen(name)) == 0)
			kib = strtol(line + strlen(name), NULL, 10);
	}
	if (file)
		fclose(file);
	return kib;
}

static int check_moved(const char *area, size_t bytes)
{
	static const char *const fields[] = { "Rss:", "Referenced:", "Private_Dirty:" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		long kib = smaps_kib(area, fields[i]);

		if (kib < 0 || (size_t)kib * 1024 == bytes)
			continue;
		fprintf(stderr,
			"xbisect-dom0: pte-stress: moved pages lost state: %s %ld kB instead of "
			"%zu\n",
			fields[i], kib, bytes / 1024);
		return EXIT_LOST;
	}
	return EXIT_OK;
}

/* Accessed and dirty pages to page tables of their own. */
static int move_and_check(size_t pages)
{
	size_t bytes = pages * PAGE_BYTES, room = 2 * (bytes + 2 * (size_t)TABLE_BYTES);
	char *reserved =
		mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *area = map_small_pages(bytes), *moved = MAP_FAILED;
	int status = EXIT_OK;

	if (reserved != MAP_FAILED && area) {
		for (size_t i = 0; i < pages; i++)
			*(volatile char *)(area + i * PAGE_BYTES) = 1;
		/* A page away from where a page table of the old place begins. */
		moved = reserved + TABLE_BYTES - (uintptr_t)reserved % TABLE_BYTES +
			(uintptr_t)area % TABLE_BYTES + PAGE_BYTES;
		moved = mremap(area, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, moved);
	}
	if (moved == MAP_FAILED)
		status = bench_fail(EXIT_MEMORY, "pages can't be moved");
	else
		status = check_moved(moved, bytes);
	if (reserved != MAP_FAILED)
		munmap(reserved, room);
	if (moved == MAP_FAILED && area)
		munmap(area, bytes);
	return status;
}

/* ---- churn --------------------------------------------------------------------- */

typedef struct {
	unsigned int cpu;
	uint64_t seed;
	int status;
} Churn;

static int churn_once(uint64_t seed)
{
	size_t bytes = CHURN_PAGES * (size_t)PAGE_BYTES;
	char *area = map_small_pages(bytes), *moved;
	int status = EXIT_OK;

	if (!area)
		return bench_fail(EXIT_MEMORY, "no memory");
	for (size_t i = 0; i < CHURN_PAGES; i++)
		*(volatile uint64_t *)(area + i * PAGE_BYTES) = seed + i;
	/* Grown, it does not fit where it is. */
	moved = mremap(area, bytes, 2 * bytes, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		return bench_fail(EXIT_MEMORY, "pages can't be moved");
	for (size_t i = 0; i < CHURN_PAGES && !status; i++) {
		uint64_t found = *(volatile uint64_t *)(moved + i * PAGE_BYTES);

		if (found == seed + i)
			continue;
		fprintf(stderr, "xbisect-dom0: pte-stress: page %zu holds %#llx, not %#llx\n", i,
			(unsigned long long)found, (unsigned long long)seed + i);
		status = EXIT_LOST;
	}
	munmap(moved, 2 * bytes);
	return status;
}

static void *churn(void *data)
{
	Churn *self = data;

	run_on(self->cpu);
	for (unsigned int i = 0; i < CHURNS && !self->status; i++)
		self->status = churn_once(self->seed + (uint64_t)i * CHURN_PAGES);
	return NULL;
}

static long rss_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long size, rss = -1;

	if (file && fscanf(file, "%ld %ld", &size, &rss) != 2)
		rss = -1;
	if (file)
		fclose(file);
	return rss;
}

static int churn_both(uint64_t round)
{
	Churn churns[2] = { { .cpu = 0, .seed = round << 40 | 1ull << 32 },
			    { .cpu = 1, .seed = round << 40 | 2ull << 32 } };
	long before = rss_pages(), after;
	pthread_t other;

	if (pthread_create(&other, NULL, churn, &churns[1]))
		return bench_fail(EXIT_MEMORY, "no thread");
	churn(&churns[0]);
	pthread_join(other, NULL);
	after = rss_pages();
	if (churns[0].status || churns[1].status)
		return churns[0].status ? churns[0].status : churns[1].status;
	if (before < 0 || labs(after - before) <= RSS_SLACK)
		return EXIT_OK;
	fprintf(stderr, "xbisect-dom0: pte-stress: %ld pages before, %ld after all was unmapped\n",
		before, after);
	return EXIT_LOST;
}

/* ---- the kernel's log ------------------------------------------------------------ */

static void open_log(Stress *self)
{
	self->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	self->has_log = self->log >= 0;
	if (self->has_log)
		lseek(self->log, 0, SEEK_END);
}

/* One record for each read(); a log that ran over us goes on with the oldest that is left. */
static int check_log(const Stress *self)
{
	static const char *const bad[] = { "BUG: ", "WARNING: ", "multicall(s) failed" };
	char record[LOG_BYTES + 1];
	ssize_t got;

	while (self->has_log && ((got = read(self->log, record, LOG_BYTES)) > 0 ||
				 (got < 0 && (errno == EPIPE || errno == EINTR)))) {
		record[got > 0 ? got : 0] = '\0';
		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			const char *at = strstr(record, bad[i]);

			if (!at)
				continue;
			fprintf(stderr, "xbisect-dom0: pte-stress: the kernel says %.*s\n",
				(int)strcspn(at, "\n"), at);
			return EXIT_LOST;
		}
	}
	return EXIT_OK;
}

/* ---- the workload ------------------------------------------------------------------ */

static int start(void *state)
{
	Stress *self = state;

	self->pages = (size_t)self->mib * 256;
	self->random = 0x9e3779b97f4a7c15;
	self->span_ns = 100000;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fprintf(stderr,
			"xbisect-dom0: pte-stress needs two processors: smp=2, icount=no\n");
		return EXIT_USAGE;
	}
	if (!run_on(0))
		return bench_fail(EXIT_MEMORY, "this can't be kept on one processor");
	open_log(self);
	self->area = map_small_pages(self->pages * PAGE_BYTES);
	if (!self->area)
		return bench_fail(EXIT_MEMORY, "the area can't be mapped");
	if (pthread_create(&self->writer, NULL, write_when_asked, self))
		return bench_fail(EXIT_MEMORY, "no thread");
	self->has_writer = true;
	return EXIT_OK;
}

static int iterate(void *state, double *values)
{
	Stress *self = state;
	double start_s = bench_now();
	size_t discarded = 0, lost = 0;
	int status;

	self->round++;
	status = reclaim_all(self, &discarded, &lost);
	if (!status)
		status = move_and_check(self->pages);
	if (!status)
		status = churn_both(self->round);
	if (!status)
		status = check_log(self);
	values[0] = bench_now() - start_s;
	values[1] = (double)discarded;
	values[2] = (double)(self->pages - discarded);
	return status;
}

static void stop(void *state)
{
	Stress *self = state;

	if (self->has_writer) {
		atomic_store(&self->asked, STOP);
		pthread_join(self->writer, NULL);
	}
	if (self->area)
		munmap(self->area, self->pages * PAGE_BYTES);
	if (self->has_log)
		close(self->log);
}

static const BenchOption options[] = {
	{ "mib", offsetof(Stress, mib), 1, 1024, 8, NULL },
	{ NULL, 0, 0, 0, 0, NULL },
};

/* Of the pages that were written to while they were reclaimed, how many were
 * gone first, and how many were kept because they were written to first: both
 * have to be many for a round to say much. */
static const BenchMetric metrics[] = {
	{ "round", "s" }, { "discarded", "pages" }, { "kept", "pages" }, { NULL, NULL }
};

const Bench stress = {
	.name = "pte-stress",
	.what = "Check that two processors lose no page and no accessed or dirty bit.",
	.help = "  --mib N           how much memory (8)\n",
	.state_size = sizeof(Stress),
	.options = options,
	.metrics = metrics,
	.start = start,
	.iterate = iterate,
	.stop = stop,
};
