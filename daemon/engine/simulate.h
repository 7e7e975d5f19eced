/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * simulate.h - the planner driven over synthetic commits, hosts and builders
 * whose truth is known, in simulated time. Pure: a trial is its seed.
 */
#ifndef XB_SIMULATE_H
#define XB_SIMULATE_H

#include "engine.h"

typedef struct {
	XbGraph graph;
	/* The truth. */
	bool no_culprit;     /* else it is drawn from the commits that can matter */
	bool culprit_broken; /* the culprit lies in a run of commits that do not build
			      */
	double shift;        /* relative step: 0.03 = 3 % more */
	double boot_sd, run_sd, image_sd;
	guint iterations;               /* samples a boot */
	double outliers;                /* share of boots that are off ... */
	double outlier_size;            /* ... by this, relative */
	double wrong_answers;           /* of options.pass_fail: share of them */
	double drift;                   /* relative change of the host over 100 boots */
	double unbuildable, unbootable; /* shares of commits, in runs of three or so */
	double host_trouble;            /* share of boots that bring nothing */
	double matter;                  /* share of commits that change the image; 0 = all */
	/* What is thought of the commits beforehand: a share of them is marked and has one prior
	 * weight, the rest another. 0: all have the same. */
	double marked, weight_marked, weight_rest;
	double marked_right; /* probability that the culprit is marked */
	/* What work costs, in seconds. A build takes min(cold, near + each x commits
	 * between it and the nearest tree of a builder). */
	bool prebuilt; /* all images exist */
	double build_cold_s, build_near_s, build_each_s;
	double boot_s;
	guint boots_max; /* a trial that comes to so many is given up; 0: none is */
	/* How the planner is asked; graph, slots and costs are filled in. */
	XbOptions options;
} XbWorld;

typedef struct {
	XbVerdictKind kind;
	guint truth, culprit;
	bool right;    /* the culprit; in the range that is stated; none when there is none */
	bool stuck;    /* ended without a verdict: a defect */
	bool given_up; /* without one for its boots */
	double confidence;
	guint builds, prebuilds, boots; /* of the search */
	guint endpoint_boots;           /* of boots: GOOD and BAD */
	/* Those of culprit and parents, when a culprit is named: boots that were made to confirm
	 * another commit are the search's. */
	guint confirm_builds, confirm_boots;
	/* All boots that had ended when a commit first had the confidence that is asked, as
	 * searches count that stop there; when none had, those until the end. */
	guint confident_boots;
	guint can_matter;         /* commits that could, before the first boot */
	double drift;             /* as reported, XbPlan */
	double search_s, total_s; /* until the confirmation began that stood; until the verdict */
	double ratio;
} XbTrial;

void xb_simulate(const XbWorld *world, uint64_t seed, XbTrial *trial);

/* A line of @n commits. The arrays are the caller's, to g_free. */
XbGraph xb_graph_line(guint n, guint **parent_start, guint **parent);

/* A history of @n commits in which about @merges of them are merges. */
XbGraph xb_graph_random(guint n, double merges, uint64_t seed, guint **parent_start,
			guint **parent);

#endif
