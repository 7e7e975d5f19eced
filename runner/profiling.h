/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profiling.h - a boot that counts the instructions which it executes: files
 * for the emulator's plugin beforehand, folded stacks in the run's directory
 * and a "profile" event afterwards.
 *
 * Members of the job:
 *   profile     no, flat or stacks: where instructions were executed, or from
 *               where this was called as well
 * of its "artifact":
 *   system_map  names for the kernel's addresses; default: System.map beside
 *               the kernel, with the version where it is called vmlinuz-VERSION
 * and of its "host":
 *   xen_symbols names for Xen's; default: the file beside xen that ends in
 *               ".map" instead of ".gz", as fetch-debian leaves it
 *   plugin      the plugin, default: xbisect-profile.so beside the program,
 *               or where it is installed
 *
 * The event: {"event":"profile","mode":"stacks","full":false,"phases":[
 * {"phase":"unmap","file":"profile-unmap.folded","entries":5,"instructions":N,
 * "xen":N,"kernel":N,"user":N,"functions":[["NAME",N]...]}...]}: what each function
 * did itself, the largest first, as many as fit; file names are relative to the run's
 * directory. A command that runs a lab host may send it as well, with
 * "unit" (default "instructions"; "samples" of perf) and the files it made.
 */
#ifndef XB_RUNNER_PROFILING_H
#define XB_RUNNER_PROFILING_H

#include "run.h"

/* Names below the directory where the emulator starts. */
#define RUNNER_PROFILE_PLUGIN    "profile.so"
#define RUNNER_PROFILE_FUNCTIONS "functions"
#define RUNNER_PROFILE_RAW       "profile.raw"

typedef struct {
	const char *mode;                             /* "flat" or "stacks"; static */
	char *plugin_path, *xen_symbols, *system_map; /* the last two may be NULL */
} Profiling;

/* *self is NULL when the job wants none. False with @error. @xen_path: of the hypervisor. */
bool runner_profiling_new(const RunnerJob *job, const char *xen_path, Profiling **self,
			  GError **error);
void runner_profiling_free(Profiling *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Profiling, runner_profiling_free)

/* Write the list of functions into @input_dir. */
bool runner_profiling_prepare(const Profiling *self, const char *input_dir, GError **error);

/* Read @raw_path, write folded stacks into @dir, emit the event; the raw file is removed.
 * False with @error. */
bool runner_profiling_finish(const Profiling *self, RunnerRun *run, const char *raw_path,
			     const char *dir, GError **error);

/* [["x86_emulate_[x]", 1245], ...] of folded stacks, the largest first; enough to compare two boots
 * without their files. New reference. */
json_t *runner_profiling_functions(const char *folded);

#endif
