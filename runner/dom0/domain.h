/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain.h - the domain whose pages are mapped or sent: our own, or one that runs.
 *
 * The ABI of libxenctrl and libxenguest changes with each Xen release, so their
 * calls are in few places: here, and for counting in xentrace.c and xenperf.c.
 */
#ifndef XB_DOM0_DOMAIN_H
#define XB_DOM0_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	DOMAIN_HVM, /* PVH-style, hardware assisted paging, mapped by guest frame */
	DOMAIN_PV,  /* mapped by the machine frames that Xen gave it */
} DomainKind;

typedef struct Domain Domain;

/* Open libxenctrl: false (message on stderr) when this is no Xen dom0. */
Domain *domain_open(void);

/* Make a paused domain with @mib MiB of memory and one vcpu. */
bool domain_create(Domain *self, DomainKind kind, unsigned int mib);

/* Use the existing domain @domid: its pages are the guest frames from 0 to
 * what Xen says is its highest. */
bool domain_attach(Domain *self, uint32_t domid);

uint32_t domain_id(const Domain *self);

/* The frames to map, owned by @self. 64 bits wide as Xen's xen_pfn_t here. */
const uint64_t *domain_frames(const Domain *self, size_t *count);

typedef enum {
	SAVE_LIVE,    /* copy, then suspend and copy what changed since */
	SAVE_PAUSED,  /* suspend, then copy */
	SAVE_PRECOPY, /* copy all of it once and break off: a running domain runs on */
} SaveMode;

/* Write @self to @fd as a migration's sender does (libxenguest, HVM only). But
 * for SAVE_PRECOPY the domain is suspended afterwards; it can be saved again. */
bool domain_save(Domain *self, int fd, SaveMode mode);

/* errno value of the last failed call. */
int domain_error(const Domain *self);

/* Destroy the domain where we made it, close, free. NULL is fine. */
void domain_close(Domain *self);

#endif
