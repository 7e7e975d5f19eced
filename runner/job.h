/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job.h - a runner job, checked once: what to boot, where, and what to run.
 *
 * Host and workload settings come as strings, as they stand in the
 * configuration (numbers are taken as well); what a driver does not know, it
 * ignores. See xbisect-run(1) for all members.
 */
#ifndef XB_RUNNER_JOB_H
#define XB_RUNNER_JOB_H

#include "protocol.h"

typedef struct {
	json_t *json; /* the whole job, owned; everything below points into it or is owned */
	char *kind;   /* "run", "fingerprint", "check", "recover" or "lock" */
	char *dir;    /* where console and other files go; default "." */
	guint perturb;
	double deadline_s;
	const json_t *host;     /* object */
	const json_t *artifact; /* object; NULL but with kind run */
	const json_t *workload; /* object; empty where a job of the host came without */
} RunnerJob;

#define RUNNER_JOB_ERROR runner_job_error_quark()
GQuark runner_job_error_quark(void);

/* Steals nothing. NULL with @error naming the member at fault. */
RunnerJob *runner_job_new(json_t *json, GError **error);
void runner_job_free(RunnerJob *job);

/* Kinds "check", "recover" and "lock" concern the host alone: nothing is measured. */
bool runner_job_of_host(const RunnerJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunnerJob, runner_job_free)

/* The path of the map of the kernel's addresses: artifact.system_map; for a kernel without one what
 * lies beside it by the usual names (System.map, or System.map-VERSION beside vmlinuz-VERSION).
 * NULL when there is none. Caller frees. */
char *runner_job_system_map(const RunnerJob *job);

/* A member of @object (host, workload, params) as text; a copy of @fallback
 * (may be NULL) when it is absent or empty. Caller frees. */
char *runner_setting(const json_t *object, const char *name, const char *fallback);

/* Typed settings. False with @error naming @name when the text is no such
 * value; *value is @fallback when the member is absent. */
bool runner_setting_bool(const json_t *object, const char *name, bool fallback, bool *value,
			 GError **error);
bool runner_setting_number(const json_t *object, const char *name, guint min, guint max,
			   guint fallback, guint *value, GError **error);
bool runner_setting_seconds(const json_t *object, const char *name, double fallback, double *value,
			    GError **error);

/* One of @choices (NULL-terminated; the first is the default). Static text. */
const char *runner_setting_choice(const json_t *object, const char *name,
				  const char *const *choices, GError **error);

#endif
