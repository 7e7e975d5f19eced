/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changepoint.h - where the level of a series changed, quietly: a lone spike,
 * noise and changes below the floor are none. Pure.
 *
 * Optimal partitioning of the logarithms (Jackson et al., "An algorithm for
 * optimal partitioning of data on an interval", IEEE Signal Processing Letters
 * 12, 2005; the recursion that PELT prunes: Killick, Fearnhead, Eckley, JASA
 * 107, 2012): the segments that minimise
 *
 *	sum over segments ( sum |x - median of the segment| / b ) + penalty each.
 *
 * The absolute cost is the likelihood of Laplace noise of scale b: one value
 * far off costs the same wherever it is, so it makes no segment of its own. b
 * is 0.836 times the median of |x(i+1) - x(i)|, which a few changes of level
 * do not move (0.836: what turns that median into the mean deviation for normal
 * noise), but never below an eighth of the floor, so that a series without noise
 * is not split at every digit. The penalty is 3 log n.
 */
#ifndef XB_CHANGEPOINT_H
#define XB_CHANGEPOINT_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
	double floor;      /* the smallest relative change that matters, such as 0.01 */
	guint min_segment; /* values; 2 or more: what one value says is no change */
} XbChangeOptions;

typedef struct {
	guint first, n; /* values[first .. first + n - 1] */
	double level;   /* their median */
} XbLevelRun;

/* Segments of @values (above 0, finite), in order, one at least unless @n is 0. GArray of
 * XbLevelRun. O(n^3) with a small constant: keep n below some hundreds. */
GArray *xb_change_segments(const double *values, guint n, const XbChangeOptions *options);

typedef struct {
	guint from;           /* the last value with the old level */
	guint to;             /* the first with the new one */
	double before, after; /* levels */
} XbChange;

/*
 * The changes worth a word, in order: each is from the level that was reported
 * last (at first: the first segment's), not from its neighbour. So a level that
 * wavers around the floor is reported once, and a slow drift when it has come
 * to the floor, with all that it came through between from and to. GArray of
 * XbChange.
 */
GArray *xb_change_report(const GArray *segments, const XbChangeOptions *options);

/* The level is back: it went from @before to @after, and @now no more than a quarter of that
 * (in logarithms) is left, or it is beyond @before. */
bool xb_change_is_back(double before, double after, double now);

/* ---- where to look next --------------------------------------------------------- */

/* Two measured neighbours of a branch. */
typedef struct {
	guint inside;         /* commits between them that are not measured */
	double before, after; /* their levels; NAN: not known, it could not be measured */
} XbGap;

/*
 * The gap whose middle is worth a boot most: the one with the most commits that
 * may hold a change, which is sure where the levels differ by the floor and
 * unlikely (1 in 20 is assumed) where they are equal. -1 when nothing is left.
 */
int xb_change_choose_gap(const XbGap *gaps, guint n, double floor);

#endif
