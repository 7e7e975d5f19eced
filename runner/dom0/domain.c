/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.c - see domain.h. */
#include "domain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Xen's public headers want the GNU dialect, which gcc and clang speak in C17
 * as well; this is how they look whether it is allowed. */
#undef __STRICT_ANSI__
#include <xenctrl.h>
#include <xenguest.h>

#define PAGES_PER_MIB 256

_Static_assert(sizeof(xen_pfn_t) == sizeof(uint64_t), "frames are 64 bits wide");

/* Keeps the first error of a save instead of printing it, and no progress: lines
 * on the console would be in the time that is measured. */
typedef struct {
	xentoollog_logger base; /* first: what libxenctrl hands back */
	char first_error[200];
} QuietLog;

struct Domain {
	QuietLog log;
	xc_interface *xc;
	uint32_t domid;
	bool created; /* ours to destroy */
	uint64_t *frames;
	size_t n_frames;
	int error;
};

static bool fail(Domain *self, const char *what)
{
	self->error = errno;
	fprintf(stderr, "xbisect-dom0: %s: %s\n", what, strerror(errno));
	return false;
}

static void __attribute__((format(printf, 5, 0)))
quiet_message(xentoollog_logger *base, xentoollog_level level, int error, const char *context,
	      const char *format, va_list args)
{
	QuietLog *self = (QuietLog *)base;

	(void)error;
	(void)context;
	if (level >= XTL_ERROR && !self->first_error[0])
		vsnprintf(self->first_error, sizeof(self->first_error), format, args);
}

static void quiet_destroy(xentoollog_logger *base)
{
	(void)base; /* a part of its Domain */
}

Domain *domain_open(void)
{
	Domain *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->log.base.vmessage = quiet_message;
	self->log.base.destroy = quiet_destroy;
	self->xc = xc_interface_open(&self->log.base, &self->log.base, 0);
	if (!self->xc) {
		fail(self, "libxenctrl can't be opened");
		free(self);
		return NULL;
	}
	return self;
}

static struct xen_domctl_createdomain create_config(DomainKind kind)
{
	struct xen_domctl_createdomain config = {
		.ssidref = 0,
		.max_vcpus = 1,
		.max_evtchn_port = UINT32_MAX,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};

	if (kind == DOMAIN_HVM) {
		config.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
		config.arch.emulation_flags = XEN_X86_EMU_LAPIC;
	}
	return config;
}

/* Number the frames from 0, or from what Xen returned for a PV domain. */
static bool populate(Domain *self, DomainKind kind, unsigned int mib)
{
	size_t count = (size_t)mib * PAGES_PER_MIB;

	self->frames = calloc(count, sizeof(*self->frames));
	if (!self->frames)
		return fail(self, "no memory for the frame list");
	self->n_frames = count;
	for (size_t i = 0; i < count; i++)
		self->frames[i] = i;
	if (xc_domain_populate_physmap_exact(self->xc, self->domid, count, 0, 0, self->frames))
		return fail(self, "the target domain gets no memory");
	if (kind == DOMAIN_HVM)
		for (size_t i = 0; i < count; i++)
			self->frames[i] = i;
	return true;
}

bool domain_create(Domain *self, DomainKind kind, unsigned int mib)
{
	struct xen_domctl_createdomain config = create_config(kind);

	if (xc_domain_create(self->xc, &self->domid, &config))
		return fail(self, kind == DOMAIN_HVM ? "an HVM target domain can't be created"
						     : "a PV target domain can't be created");
	self->created = true;
	if (kind == DOMAIN_HVM &&
	    xc_set_paging_mempool_size(self->xc, self->domid, (2ull << 20) + mib * 16384ull))
		return fail(self, "the target domain gets no paging pool");
	if (xc_domain_max_vcpus(self->xc, self->domid, 1))
		return fail(self, "the target domain gets no vcpu");
	if (xc_domain_setmaxmem(self->xc, self->domid, (uint64_t)mib * 1024 + 1024))
		return fail(self, "the target domain's memory can't be limited");
	return populate(self, kind, mib);
}

bool domain_attach(Domain *self, uint32_t domid)
{
	xen_pfn_t count = 0;

	self->domid = domid;
	if (xc_domain_nr_gpfns(self->xc, domid, &count) < 0)
		return fail(self, "the domain's number of pages is not known");
	self->frames = calloc(count ? count : 1, sizeof(*self->frames));
	if (!self->frames) {
		errno = ENOMEM;
		return fail(self, "no memory for the frame list");
	}
	self->n_frames = count;
	for (size_t i = 0; i < count; i++)
		self->frames[i] = i;
	return true;
}

/* ---- saving ------------------------------------------------------------------- */

typedef struct {
	Domain *domain;
	bool broke_off;
} Save;

static int suspend(void *data)
{
	const Save *save = data;
	const Domain *self = save->domain;

	return xc_domain_shutdown(self->xc, self->domid, SHUTDOWN_suspend) == 0;
}

/* Asked before the first pass, when nothing is written yet, and after each. */
static int break_off_after_one_pass(struct precopy_stats stats, void *data)
{
	Save *save = data;

	save->broke_off = stats.total_written > 0;
	return save->broke_off ? XGS_POLICY_ABORT : XGS_POLICY_CONTINUE_PRECOPY;
}

/* Nobody else writes to the domain's memory, or what is written is discarded. */
static int no_device_model(uint32_t domid, unsigned int enable, void *data)
{
	(void)domid;
	(void)enable;
	(void)data;
	return 0;
}

bool domain_save(Domain *self, int fd, SaveMode mode)
{
	Save save = { .domain = self };
	struct save_callbacks callbacks = {
		.suspend = suspend,
		.precopy_policy = mode == SAVE_PRECOPY ? break_off_after_one_pass : NULL,
		.switch_qemu_logdirty = no_device_model,
		.data = &save,
	};
	int result;

	self->log.first_error[0] = '\0';
	result = xc_domain_save(self->xc, fd, self->domid, mode == SAVE_PAUSED ? 0 : XCFLAGS_LIVE,
				&callbacks, XC_STREAM_PLAIN, -1);
	if (mode == SAVE_PRECOPY ? save.broke_off : result == 0)
		return true;
	fail(self, "the domain can't be saved");
	if (self->log.first_error[0])
		fprintf(stderr, "xbisect-dom0: libxenguest: %s\n", self->log.first_error);
	return false;
}

uint32_t domain_id(const Domain *self)
{
	return self->domid;
}

const uint64_t *domain_frames(const Domain *self, size_t *count)
{
	*count = self->n_frames;
	return self->frames;
}

int domain_error(const Domain *self)
{
	return self->error;
}

void domain_close(Domain *self)
{
	if (!self)
		return;
	if (self->created)
		xc_domain_destroy(self->xc, self->domid);
	xc_interface_close(self->xc);
	free(self->frames);
	free(self);
}
