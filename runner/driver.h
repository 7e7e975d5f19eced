/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver.h - where a kernel is booted. To add a kind of host: implement these
 * operations in driver-NAME.c and list it in driver.c.
 */
#ifndef XB_RUNNER_DRIVER_H
#define XB_RUNNER_DRIVER_H

#include "run.h"

typedef struct {
	const char *name;
	const char *summary; /* one line for --help */

	/*
	 * What shapes a measurement besides the kernel under test, as JSON
	 * objects that hold the same values on every machine where results are
	 * comparable, and nothing that differs from boot to boot. Their hashes
	 * are the fingerprint. Must not boot anything, and take less than 0.3 s.
	 * False with @error when the host can't be used at all.
	 */
	bool (*facts)(const RunnerJob *job, json_t **host, json_t **workload, GError **error);

	/* facts() of a run must ask the machine, or even bring it back first: then
	 * run() emits the fingerprint itself. */
	bool run_tells_fingerprint;

	/* One boot: emits phases and samples, ends @run. Leaves no child. */
	void (*run)(RunnerRun *run);

	/* Kinds "check" and "recover" of job; NULL where there is nothing to do. */
	void (*check)(RunnerRun *run);
	void (*recover)(RunnerRun *run);

	/* Kind "lock": tells who has the host now, and changes nothing; NULL where it has no lock.
	 */
	void (*lock)(RunnerRun *run);
} RunnerDriver;

extern const RunnerDriver runner_driver_qemu;
extern const RunnerDriver runner_driver_command;
extern const RunnerDriver runner_driver_null;
extern const RunnerDriver runner_driver_ssh;

/* NULL-terminated. */
extern const RunnerDriver *const runner_drivers[];

/* That of host.driver (default qemu); NULL with @error naming those there are. */
const RunnerDriver *runner_driver_of(const RunnerJob *job, GError **error);

/*
 * {"event":"fingerprint","host":SHA256,"workload":SHA256,"facts":{...}}: the
 * hashes are over the facts as compact JSON with sorted keys. NULL with @error.
 */
json_t *runner_fingerprint(const RunnerDriver *driver, const RunnerJob *job, GError **error);

/* The same event of facts that are known; steals both. */
json_t *runner_fingerprint_of(const RunnerDriver *driver, json_t *host, json_t *workload);

/* {"event":"check","operation":...,"ok":...,"detail":...,"advice":...}: one
 * step of kind "check". @advice may be NULL. */
void runner_check_event(RunnerRun *run, const char *operation, bool ok, const char *detail,
			const char *advice);

#endif
