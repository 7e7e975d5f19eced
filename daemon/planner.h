/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * planner.h - from a job's rows to wanted work or a verdict. The engine
 * decides; this translates between its nodes and our variants, runs and
 * hosts.
 */
#ifndef XB_PLANNER_H
#define XB_PLANNER_H

#include "daemon.h"
#include "jobdata.h"

/* One unit of work that a job wants now. */
typedef struct {
	XbRunKind kind;
	int64_t variant_id;
	int node;
	int perturb;
	const char *purpose; /* static */
	char *why;
} XbWant;
void xb_want_clear(XbWant *want);

/* What is free for this job. */
typedef struct {
	guint hosts, builders; /* in all, for a job of its class */
	guint free_hosts, free_builders;
	double boot_s, build_s; /* learnt */
	bool deterministic;     /* its hosts repeat themselves exactly */
} XbCapacity;

typedef struct {
	GArray *wants;   /* XbWant */
	json_t *verdict; /* what to store; a new reference */
	bool decided;    /* the job is done */
	char *failure;   /* the job can't go on: why; else NULL */
} XbPlanned;
void xb_planned_clear(XbPlanned *planned);

/* Pure but for reading the repository when a revert is asked for, and adding the rows of
 * variants (clean, reverted) that the plan names. */
bool xb_plan_bisect_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			XbPlanned *out, GError **error);
bool xb_plan_ab_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
		    XbPlanned *out, GError **error);
/* An A/B job of more than two variants; xb_plan_ab_job() calls it. */
bool xb_plan_compare_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			 XbPlanned *out, GError **error);
bool xb_plan_measure_job(XbDaemon *daemon, const XbJobData *data, const XbCapacity *capacity,
			 XbPlanned *out, GError **error);

/* A want is for an image that has no artifact on disk: make it a build. */
void xb_want_add(GArray *wants, XbRunKind kind, const XbVariant *variant, int node, int perturb,
		 const char *purpose, const char *why);

/* How a node's image stands on the job's class of hosts. */
typedef struct {
	guint ok, failed;    /* boots that count; that did not come up */
	guint n_void;        /* that brought no number, see xb_jobdata_run_is_void() */
	guint trouble;       /* host-troubles on hosts that have proved well since */
	guint build_trouble; /* builds that ended in host-trouble */
	guint active_builds, active_boots;
	const char *last_failure; /* detail of the last failed boot */
	const char *last_build_trouble;
} XbTally;
/* variant id -> XbTally*, for variants with runs. Keys and values owned. */
GHashTable *xb_tally_runs(XbDaemon *daemon, const XbJobData *data);

/*
 * Can this image not be measured? It does not come up: twice, and as often as it did. Or its boots
 * bring no number: that may be chance, so it is booted again (under another perturbation) until
 * three have brought none, and three more for each one that did. On hosts that repeat themselves
 * one boot says it.
 */
bool xb_tally_unbootable(const XbTally *tally, bool deterministic);

#endif
