/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job.h - the builder's job, checked.
 *
 * Members of protocol 1 (kind "build"):
 *   id            string
 *   repo          absolute path of a git repository, read only
 *   commit        40 hex digits
 *   patches       absolute paths, applied in order (default none)
 *   kconfig       absolute paths of fragments, merged in order (default none)
 *   kconfig_base  "tinyconfig" (default), "defconfig", or an absolute path
 *   arch          "x86_64" (default)
 *   work_dir      the slot: persistent, one builder at a time
 *   out_dir       a path that does not exist yet, filled by the builder
 *   clean         fresh object directory (default false)
 *   deadline_s    seconds for the whole job (default 3600)
 * and, added:
 *   jobs             make -j (default: the number of processors)
 *   sandbox          "bwrap" (default) or "none"
 *   ccache_dir       absolute path; absent: no compile cache
 *   ccache_max_size  "5G" or bytes (default: ccache's own)
 *   ccache_readonly  only read from the cache (default false)
 *   trust            label of the repository, only written into the manifest
 * Kind "fingerprint" needs only sandbox. Unknown members are ignored.
 */
#ifndef XB_BUILDER_JOB_H
#define XB_BUILDER_JOB_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "sandbox.h"

typedef struct {
	char *id;
	char *repo;
	char *commit;
	GStrv patches;
	GStrv kconfig;
	char *kconfig_base;
	char *arch;
	char *work_dir;
	char *out_dir;
	bool clean;
	double deadline_s;
	int jobs;
	XbSandboxKind sandbox;
	char *ccache_dir;
	char *ccache_max_size;
	bool ccache_readonly;
	char *trust;
} XbBuildJob;

/* Checks types, ranges and that paths are absolute; NULL with @error. */
XbBuildJob *xb_build_job_new(const json_t *object, GError **error);
void xb_build_job_free(XbBuildJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbBuildJob, xb_build_job_free)

/* The member "sandbox" alone, for jobs of another kind. */
bool xb_build_job_sandbox(const json_t *object, XbSandboxKind *kind, GError **error);

#endif
