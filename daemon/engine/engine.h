/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - the bisect planner: a pure function from (options, commit graph,
 * what is known of each commit, boots so far, work in flight) to (a verdict,
 * or the next actions).
 *
 * No I/O, no clock, no log, no globals, no allocation that outlives the
 * returned plan, nothing random. Call it again with the same input and it answers
 * the same.
 *
 * Words: a *node* is an index into the graph. Node 0 is GOOD (the base; all
 * ancestors of it are folded into it), node n-1 is BAD. Parents come before
 * children (topological order). A commit is on the bad side of culprit c when
 * it is c or a descendant of c. Direction does not matter to the search: a
 * step is a regression or an improvement by the metric's direction.
 *
 * A clean rebuild stands for its commit: where it gave another image than the
 * search's build did, boots of the latter are set aside and the clean image is
 * booted from then on; where it failed, the commit counts as broken. So a
 * confirmation that finds the step gone sends the search back with what is true,
 * and it looks for the step elsewhere.
 */
#ifndef XB_ENGINE_H
#define XB_ENGINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The commit graph, compressed rows: the parents of node i are
 * parent[parent_start[i]] .. parent[parent_start[i + 1] - 1], each < i.
 * A parent outside the range (an ancestor of GOOD) is written as 0. Node 0
 * has no parents. The arrays belong to the caller. */
typedef struct {
	guint n;                   /* number of nodes, GOOD and BAD included; >= 2 */
	const guint *parent_start; /* n + 1 entries */
	const guint *parent;       /* parent_start[n] entries */
} XbGraph;

/* Which build of a commit a boot or a build means. */
typedef enum {
	XB_IMAGE_NORMAL, /* the search's own (incremental, cached) build */
	XB_IMAGE_CLEAN,  /* rebuilt clean, for the confirmation */
	XB_IMAGE_REVERT, /* BAD with the named culprit reverted; node = the culprit */
} XbImage;

typedef enum {
	XB_STATUS_UNTRIED, /* nothing known */
	XB_STATUS_BUILT,   /* an image exists, or did: see build_s */
	XB_STATUS_UNBUILDABLE,
	XB_STATUS_UNBOOTABLE, /* built, but does not come up or cannot run the workload */
	XB_STATUS_IMPOSSIBLE, /* revert only: it does not apply */
} XbStatus;

/* An image that exists, or may be had. */
static inline bool xb_status_is_open(XbStatus status)
{
	return status == XB_STATUS_UNTRIED || status == XB_STATUS_BUILT;
}

/* What is known of a node. */
typedef struct {
	XbStatus status; /* of the normal image */
	/* Nodes with one and the same image have one image_class (a number of
	 * the caller's, 0 = not known). Known by hash of the built image, or
	 * inferred (image_inferred) from the build's list of inputs: an inferred
	 * member needs no build and shares its class's boots, but is never
	 * enough to name a culprit. */
	guint image_class;
	bool image_inferred;
	XbStatus clean_status;
	guint clean_class; /* as image_class, of the clean image; same number space */
	XbStatus revert_status;
	/* Expected seconds to have the normal image; 0 when it is there. More than 0 for one that
	 * is built but was removed since: a boot of it is asked for all the same, at that price,
	 * and the caller builds it first. */
	double build_s;
	double prior; /* relative weight of "this is the culprit"; 1 when unknown; > 0 */
} XbNode;

/* One finished boot, which came up. */
typedef struct {
	guint node;
	XbImage image;
	guint perturb;         /* layout perturbation, 0, 1, 2, ... */
	guint sequence;        /* order in time, for drift (drift.h) */
	guint n_samples;       /* may be 0: it brought no number, and is only counted */
	const double *samples; /* of the job's metric, in its unit; bad ones are ignored */
	bool confirm;          /* made for a confirmation (XB_PURPOSE_CONFIRM) */
	bool earlier;          /* made for another job, so at another time: no word about drift */
} XbBoot;

/* Work that is queued or running and will bring a boot or an image. */
typedef struct {
	bool build; /* else a boot */
	guint node;
	XbImage image;
	guint perturb;
} XbInFlight;

typedef struct {
	double confidence; /* e.g. 0.99: what a culprit needs; a range, or "none" when the boots for
			    * a flat range are used up, may state less, and says so */
	double min_effect; /* e.g. 0.01: |log ratio| below log(1 + it) is "none" */
	bool pass_fail;    /* samples are 1, a pass, or 2, a failure; each may be wrong */
	guint free_hosts;  /* boots that can start now */
	guint free_builders;   /* builds that can start now */
	guint hosts, builders; /* in all; >= 1 (builders may be 0 for prebuilt images) */
	double boot_s;         /* expected seconds of one boot */
	double confirm_boots;  /* fresh boots a side in the confirmation, at least; 0: 3 */
	bool no_revert;        /* BAD holds more than this range: reverting there says little */
	bool can_build;        /* false: prebuilt images; no clean rebuild, no revert */
	/* Prior knowledge of the noise for this host, workload and metric, on the
	 * log scale; 0 = none. history_n is how many boots it stands for. */
	double history_boot_sd;
	guint history_n;
	double history_level; /* log of the level known for GOOD, NAN = none */
	/* Log of the level known for BAD, from so many boots; 0 = not known. */
	double history_bad_level;
	guint history_bad_n;
} XbOptions;

typedef enum {
	XB_ACTION_BUILD,
	XB_ACTION_BOOT, /* of an image that exists */
} XbActionKind;

typedef enum {
	XB_PURPOSE_ENDPOINT,
	XB_PURPOSE_SEARCH,
	XB_PURPOSE_CONFIRM,
	XB_PURPOSE_PREBUILD, /* speculative: a builder would be idle otherwise */
} XbPurpose;

typedef struct {
	XbActionKind kind;
	XbPurpose purpose;
	guint node;
	XbImage image;
	guint perturb;    /* of a boot */
	double gain_bits; /* expected information; NAN where it does not apply */
	double cost_s;    /* expected seconds */
	char why[160];    /* one line for people */
} XbAction;

typedef enum {
	XB_VERDICT_PENDING, /* not yet: see actions */
	XB_VERDICT_CULPRIT,
	XB_VERDICT_RANGE,
	XB_VERDICT_NONE,
} XbVerdictKind;

typedef struct {
	double base, test;             /* levels in the metric's unit; NAN when unknown */
	double ratio, ci_low, ci_high; /* test / base and its interval at the job's confidence */
} XbEffect;

typedef struct {
	XbVerdictKind kind;
	double confidence;   /* probability of what kind says */
	double *probability; /* n entries: each node is the culprit (node 0: none is); sums to 1 */
	guint culprit;       /* the most probable commit, also while pending; 0 before there are
			      * readings, and for "none" */
	XbEffect effect;     /* of the culprit, or between the endpoints */
	double other_steps;  /* probability of a second step (steps.h); 0 from xb_plan_bisect() */
	guint range_size;    /* of a range: the likeliest so many commits are it; else 0 */
	double drift;        /* relative change of the host from the first boot to the last, as
			      * images that were booted again tell; 0: none is seen (drift.h) */
	guint can_matter;    /* nodes that could still have an image of their own */
	guint steps_left;    /* estimate: builds + boots to a verdict, confirmation included */
	guint refuted;       /* images of the search that a clean rebuild proved wrong */
	double seconds_left; /* estimate */
	GString *reason;     /* for people: why this verdict, what the confirmation said, drift */
	GArray *actions;     /* of XbAction; empty when nothing can start now or there is a verdict.
			      * At most free_builders builds and free_hosts boots. */
} XbPlan;

XbPlan *xb_plan_bisect(const XbGraph *graph, const XbOptions *options, const XbNode *nodes,
		       const XbBoot *boots, guint n_boots, const XbInFlight *in_flight,
		       guint n_in_flight);
void xb_plan_free(XbPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbPlan, xb_plan_free)

#endif
