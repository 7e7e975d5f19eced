/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - the daemon's configuration: one GKeyFile plus the *.conf of conf.d,
 * read once, checked completely. Unknown groups and keys, duplicate groups
 * and keys (which GKeyFile would merge silently), bad units and missing files
 * are errors of one line: "FILE: [GROUP] KEY: what is wrong".
 */
#ifndef XB_CONFIG_H
#define XB_CONFIG_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "config-file.h"
#include "protocol.h"
#include "web-config.h"

#define XB_TRUST_DEFAULT "default" /* label of a repository that none is given */

typedef struct {
	char *name;
	char *path;  /* absolute */
	char *trust; /* label; default XB_TRUST_DEFAULT */
} XbRepoConfig;

typedef struct {
	char *name;
	char *driver;      /* qemu, command, null */
	char *known_good;  /* image:PATH[:modules] or NULL */
	double deadline_s; /* of one boot; default 300 */
	char *labels;      /* "KEY=VALUE KEY=VALUE" in order; "" = none */
	bool recovers; /* a machine with a state of its own, brought back after use: "recover" and
			* "check" jobs are for it */
	double health_every_s; /* the known-good kernel is booted so often; 0 = not by the clock */
	json_t *settings;      /* the driver's keys as strings, and "name": the job's "host" */
} XbHostConfig;

typedef struct {
	char *name;
	char *unit;
	bool lower_is_better;
} XbMetricConfig;

typedef struct {
	char *name;
	GPtrArray *metrics; /* XbMetricConfig*, the first is the default; >= 1 */
	json_t *settings;   /* the job's "workload": name, iterations, warmup, metrics, program,
			     * params {…} */
} XbWorkloadConfig;

typedef enum {
	XB_ALERT_ON_CULPRIT = 1 << 0,
	XB_ALERT_ON_RANGE = 1 << 1,
	XB_ALERT_ON_FIXED = 1 << 2,
	XB_ALERT_ON_HOST = 1 << 3,
} XbAlertEvents;

typedef struct {
	char *name;
	char *kind;        /* smtp or webhook */
	guint events;      /* XbAlertEvents */
	bool events_named; /* in the configuration, not by default */
	bool improvements; /* of what got better, too */
	double min_effect; /* smaller changes are not told of */
	double digest_s;   /* collect for so long; 0 = each at once */
	double retry_s;    /* to the second attempt; doubles with each */
	double give_up_s;
	char *link;       /* where the results page is, or NULL */
	json_t *settings; /* the worker's "target" */
} XbAlertConfig;

/* How a remote repository lets us in: for URLs that begin with match. */
typedef struct {
	char *name, *match;
	json_t *settings; /* the worker's "credentials" */
} XbRemoteConfig;

typedef struct {
	char *state_dir, *socket;
	uint64_t artifact_limit, log_limit, ccache_limit, object_limit, blob_limit; /* bytes */
	/* builder */
	char **builder_command; /* argv, NULL-terminated */
	char **runner_command;
	int slots, jobs; /* jobs: make -j; 0 = all cpus */
	char *repo;      /* default --repo; NULL = none */
	char *arch, *kconfig_base;
	char **kconfig;   /* absolute paths of fragments; may be empty */
	char *ccache_dir; /* NULL = none */
	char *sandbox;    /* bwrap or none */
	double build_deadline_s;
	char **notify_command, **fetch_command;
	GPtrArray *repos, *hosts, *workloads, *alerts, *remotes; /* Xb*Config* */
	XbWebConfig web;
} XbConfig;

/* Relative paths are relative to the file they stand in. Without any [host],
 * a host "qemu" (driver=qemu) exists; without any [workload], "map-unmap"
 * (iterations=5, warmup=1, metrics=unmap:s:lower;map:s:lower;total:s:lower,
 * param.mib=64, param.batch=1024, param.target=hvm). */
XbConfig *xb_config_load(const char *path, GError **error);
/* What holds where there is no file at all. */
XbConfig *xb_config_defaults(GError **error);
/* The same of one file's text, without drop-ins; @file: where it would stand. */
XbConfig *xb_config_parse(const char *file, const char *text, gsize length, GError **error);
void xb_config_free(XbConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbConfig, xb_config_free)

const XbRepoConfig *xb_config_repo(const XbConfig *config, const char *name);
const XbHostConfig *xb_config_host(const XbConfig *config, const char *name);
const XbAlertConfig *xb_config_alert(const XbConfig *config, const char *name);
/* The longest match; NULL when none matches. */
const XbRemoteConfig *xb_config_remote(const XbConfig *config, const char *url);
const XbWorkloadConfig *xb_config_workload(const XbConfig *config,
					   const char *name /* NULL = first */);
const XbMetricConfig *xb_workload_metric(const XbWorkloadConfig *workload,
					 const char *name /* NULL = first */);

#endif
