/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sender.c - see sender.h. */
#include "sender.h"

#include "domain.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenforeignmemory.h>

#define NO_DOMID   0xffffu
#define SINK_BYTES (256u * 1024)

typedef struct {
	unsigned int mib, domid;
	unsigned int mode; /* SaveMode */
	Domain *domain;
	int stream; /* our end of the pipe; 0: none yet */
	pid_t sink;
} Sender;

/* ---- what libxenguest spends where ------------------------------------------------ */

/* Seconds in each function since the iteration began. One thread measures. */
static struct {
	bool on;
	double map_s, unmap_s, write_s;
} spent;

void *__real_xenforeignmemory_map(xenforeignmemory_handle *handle, uint32_t domid, int prot,
				  size_t pages, const xen_pfn_t frames[], int errors[]);
int __real_xenforeignmemory_unmap(xenforeignmemory_handle *handle, void *address, size_t pages);
ssize_t __real_write(int fd, const void *data, size_t length);
ssize_t __real_writev(int fd, const struct iovec *parts, int n);

void *__wrap_xenforeignmemory_map(xenforeignmemory_handle *handle, uint32_t domid, int prot,
				  size_t pages, const xen_pfn_t frames[], int errors[]);
int __wrap_xenforeignmemory_unmap(xenforeignmemory_handle *handle, void *address, size_t pages);
ssize_t __wrap_write(int fd, const void *data, size_t length);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int n);

void *__wrap_xenforeignmemory_map(xenforeignmemory_handle *handle, uint32_t domid, int prot,
				  size_t pages, const xen_pfn_t frames[], int errors[])
{
	double start = spent.on ? bench_now() : 0;
	void *address = __real_xenforeignmemory_map(handle, domid, prot, pages, frames, errors);
	int error = errno;

	if (spent.on)
		spent.map_s += bench_now() - start;
	bench_poll();
	errno = error;
	return address;
}

int __wrap_xenforeignmemory_unmap(xenforeignmemory_handle *handle, void *address, size_t pages)
{
	double start = spent.on ? bench_now() : 0;
	int result = __real_xenforeignmemory_unmap(handle, address, pages);
	int error = errno;

	if (spent.on)
		spent.unmap_s += bench_now() - start;
	bench_poll();
	errno = error;
	return result;
}

ssize_t __wrap_write(int fd, const void *data, size_t length)
{
	double start = spent.on ? bench_now() : 0;
	ssize_t done = __real_write(fd, data, length);
	int error = errno;

	if (spent.on)
		spent.write_s += bench_now() - start;
	errno = error;
	return done;
}

ssize_t __wrap_writev(int fd, const struct iovec *parts, int n)
{
	double start = spent.on ? bench_now() : 0;
	ssize_t done = __real_writev(fd, parts, n);
	int error = errno;

	if (spent.on)
		spent.write_s += bench_now() - start;
	errno = error;
	return done;
}

/* ---- the workload ------------------------------------------------------------------ */

static _Noreturn void discard(int fd)
{
	char *buffer = malloc(SINK_BYTES);
	ssize_t got;

	do
		got = buffer ? read(fd, buffer, SINK_BYTES) : 0;
	while (got > 0 || (got < 0 && errno == EINTR));
	_exit(buffer && got == 0 ? 0 : 1);
}

/* Before anything else is open, so that the child holds nothing but its end. */
static int start_sink(Sender *self)
{
	int ends[2];

	if (pipe(ends))
		return bench_fail(EXIT_MEMORY, "no pipe");
	self->sink = fork();
	if (self->sink == 0) {
		close(ends[1]);
		discard(ends[0]);
	}
	close(ends[0]);
	self->stream = ends[1];
	if (self->sink < 0)
		return bench_fail(EXIT_MEMORY, "fork failed");
	/* A reader that dies is an error of write(), which libxenguest reports. */
	signal(SIGPIPE, SIG_IGN);
	return EXIT_OK;
}

static int start(void *state)
{
	Sender *self = state;
	bool own = self->domid == NO_DOMID;
	int status;

	if (!own && self->mode != SAVE_PRECOPY) {
		fprintf(stderr,
			"xbisect-dom0: --mode %s suspends the domain, so it is for one of "
			"our own only: use --mode precopy with --domid\n",
			self->mode == SAVE_LIVE ? "live" : "paused");
		return EXIT_USAGE;
	}
	status = start_sink(self);
	if (status)
		return status;
	self->domain = domain_open();
	if (!self->domain)
		return EXIT_XENCTRL;
	if (own && !domain_create(self->domain, DOMAIN_HVM, self->mib))
		return EXIT_TARGET;
	if (!own && !domain_attach(self->domain, self->domid))
		return domain_error(self->domain) == ENOMEM ? EXIT_MEMORY : EXIT_NR_GPFNS;
	return EXIT_OK;
}

static int iterate(void *state, double *values)
{
	const Sender *self = state;
	double start_s, total_s;
	bool saved;

	memset(&spent, 0, sizeof(spent));
	spent.on = true;
	start_s = bench_now();
	saved = domain_save(self->domain, self->stream, (SaveMode)self->mode);
	total_s = bench_now() - start_s;
	spent.on = false;
	if (!saved)
		return EXIT_SAVE;
	values[0] = total_s;
	values[1] = spent.unmap_s;
	values[2] = spent.map_s;
	values[3] = spent.write_s;
	values[4] = 100 * spent.unmap_s / total_s;
	values[5] = 100 * spent.map_s / total_s;
	values[6] = 100 * spent.write_s / total_s;
	return EXIT_OK;
}

static void stop(void *state)
{
	const Sender *self = state;

	domain_close(self->domain);
	if (self->stream)
		close(self->stream);
	if (self->sink > 0)
		waitpid(self->sink, NULL, 0);
}

static const char *const modes[] = {
	[SAVE_LIVE] = "live", [SAVE_PAUSED] = "paused", [SAVE_PRECOPY] = "precopy", NULL
};

static const BenchOption options[] = {
	{ "mib", offsetof(Sender, mib), 1, 1u << 20, 64, NULL },
	{ "domid", offsetof(Sender, domid), 0, 0x7fef, NO_DOMID, NULL },
	{ "mode", offsetof(Sender, mode), 0, 0, SAVE_LIVE, modes },
	{ NULL, 0, 0, 0, 0, NULL },
};

static const BenchMetric metrics[] = {
	{ "total", "s" },       { "unmap", "s" },     { "map", "s" },        { "copy", "s" },
	{ "unmap_share", "%" }, { "map_share", "%" }, { "copy_share", "%" }, { NULL, NULL },
};

const Bench sender = {
	.name = "migrate-send",
	.what = "Save a domain into a pipe, as the sender of a migration does.",
	.help = "  --mib N           size of our own HVM domain (64)\n"
		"  --mode MODE       live, paused, or precopy: one pass over a running domain,\n"
		"                    which goes on running (live)\n"
		"  --domid N         this existing domain instead; precopy only\n",
	.state_size = sizeof(Sender),
	.options = options,
	.metrics = metrics,
	.start = start,
	.iterate = iterate,
	.stop = stop,
};
