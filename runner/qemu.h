/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu.h - the settings of an emulated host, and QEMU's command line for
 * them. Every default was measured: without one of them, boots of one kernel
 * differ, or the layout of memory shows in the numbers.
 */
#ifndef XB_RUNNER_QEMU_H
#define XB_RUNNER_QEMU_H

#include "job.h"
#include "profiling.h"

typedef struct {
	char *program;  /* path of qemu-system-x86_64 */
	char *bwrap;    /* path, or NULL: sandbox=none */
	char *xen_path; /* gzip or ELF */
	char *cpu, *memory, *dom0_mem;
	char *xen_args, *kernel_args; /* appended; NULL: none */
	char **qemu_args;             /* appended; may be NULL */
	bool icount;        /* guest time is instructions executed, so boots repeat exactly */
	guint icount_shift; /* an instruction takes 2^shift ns: 3 halves the time of a boot,
			     * most of which waits for time to pass */
	guint smp;
	const char *kernel; /* "elf" or "bzimage" */
	double silence_s, workload_silence_s;
	Profiling *profiling; /* NULL: not of this boot */
} Qemu;

Qemu *runner_qemu_new(const RunnerJob *job, GError **error);
void runner_qemu_free(Qemu *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qemu, runner_qemu_free)

/*
 * The hypervisor as the ELF file that QEMU loads. Caller unrefs.
 */
GBytes *runner_qemu_xen(const Qemu *self, GError **error);

/*
 * QEMU's argv, with the fixed names "xen", "kernel", "initramfs" for its
 * inputs (and those of profiling.h) in the directory where it starts. @console is where the first
 * serial port goes; NULL gives the argv that is part of the fingerprint.
 */
char **runner_qemu_argv(const Qemu *self, const char *console);

/*
 * The same in a bubblewrap sandbox: nothing of the machine but /usr (and
 * QEMU's own prefix), inputs read-only at /in, no network, no processes but
 * its own. @kernel and @console are paths outside, @input_dir holds the other
 * inputs; @raw is where the plugin writes, NULL without one.
 */
char **runner_qemu_sandboxed(const Qemu *self, const char *kernel, const char *input_dir,
			     const char *console, const char *raw);

/* Emulator, hypervisor, and all arguments. NULL with @error. */
json_t *runner_qemu_facts(const Qemu *self, GError **error);

#endif
