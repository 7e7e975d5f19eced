/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probes.h - fingerprints asked of the workers themselves: what builder and
 * toolchain a build would have, what host, emulator, hypervisor and workload
 * a boot would have. They are part of a variant's and a measurement's
 * identity. Answers are cached; a worker that can't tell (a command of the
 * user's) is known by the hash of its configuration.
 */
#ifndef XB_PROBES_H
#define XB_PROBES_H

#include "daemon.h"

XbProbes *xb_probes_new(XbDaemon *daemon);
void xb_probes_free(XbProbes *self);

/* Asked once at start; waits for the answer, 20 s at most. */
void xb_probes_ask_builder(XbProbes *self);
const char *xb_probes_builder(const XbProbes *self); /* never NULL after asking */
/* Would a build now have the toolchain of this fingerprint? True when nobody can tell. */
bool xb_probes_builder_is(const XbProbes *self, const char *fingerprint);
/* A build says that it had this one, which holds from now on. */
void xb_probes_builder_reported(XbProbes *self, const char *fingerprint);

/*
 * The fingerprints of @workload (a job's "workload" object) on @host. False
 * while the answer is on its way: a planning round is poked when it comes.
 * Strings belong to @self.
 */
bool xb_probes_host(XbProbes *self, const XbHostConfig *host, json_t *workload,
		    const char **host_fp, const char **workload_fp);

/* The same without asking: what is known. */
bool xb_probes_known(const XbProbes *self, const char *host, json_t *workload, const char **host_fp,
		     const char **workload_fp);
/* What the host is made of, as its worker told ("facts" of the fingerprint); a new reference, NULL
 * when it is not known. */
json_t *xb_probes_facts(const XbProbes *self, const char *host, json_t *workload);
/* A worker is being asked about @host now. */
bool xb_probes_asking(const XbProbes *self, const char *host);
/* It is asked again when it is needed next. */
void xb_probes_forget(XbProbes *self, const char *host);

/*
 * A run of @workload on @host reported other fingerprints than were expected. True when they were
 * only a guess, because the worker does not answer when asked: those reported hold from now on.
 * Else the answers of @host are forgotten, so that it is asked again.
 */
bool xb_probes_reported(XbProbes *self, const char *host, json_t *workload, const char *host_fp,
			const char *workload_fp);

#endif
