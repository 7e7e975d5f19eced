/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * workload.h - what runs in dom0: a program, its arguments, and the initramfs
 * that carries it.
 *
 * Members of the job's "workload" (see configs/workload/):
 *   program     a static program; without it, one of xbisect-dom0's workloads:
 *   builtin     which one: "map-unmap" where it is missing
 *   args        its arguments, split as a shell does; {NAME} stands for a
 *               parameter, {iterations} and {warmup}. Without it the program
 *               gets --NAME VALUE for each parameter in the order of their
 *               names, then --iterations N --warmup N
 *   iterations  5, warmup 1
 *   counters    "yes" (default) or "no": after the timed iterations, what is
 *               built in repeats its phases twice to count what Xen does in them
 *   metrics     "unmap:s:lower;map:s:lower": each must come at least once
 *   params      {NAME: VALUE}
 *   silence_s   how long it may print nothing; default: the host's
 * and of "host":
 *   dom0        the xbisect-dom0 to use, for a Xen whose libxenctrl is another
 *               than that of this machine
 */
#ifndef XB_RUNNER_WORKLOAD_H
#define XB_RUNNER_WORKLOAD_H

#include "job.h"

typedef struct {
	char *init_path;    /* xbisect-dom0 */
	char *program_path; /* the user's, or NULL */
	char **argv;        /* as it is run in dom0 */
	char **metrics;     /* names, may be empty */
} Workload;

Workload *runner_workload_new(const RunnerJob *job, GError **error);
void runner_workload_free(Workload *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Workload, runner_workload_free)

/* Programs by hash and argv: what shapes its numbers. NULL with @error. */
json_t *runner_workload_facts(const Workload *self, GError **error);

/*
 * The initramfs: /init, /workload, the program, the modules that Xen's device
 * files need from @modules_dir (NULL: none), and the padding of @perturb.
 */
GByteArray *runner_workload_initramfs(const Workload *self, const char *modules_dir, guint perturb,
				      GError **error);

/* Bytes of padding: 0 for 0, else a fixed sequence of page multiples up to
 * 4 MiB, the same for every image. */
gsize runner_perturb_padding(guint perturb);

/* SHA-256 of a file in hexadecimal; NULL with @error. Caller frees. */
char *runner_hash_file(const char *path, GError **error);

#endif
