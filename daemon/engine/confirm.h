/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confirm.h - the evidence that is asked for before a culprit is named.
 *
 * The culprit and each of its parents are rebuilt clean; their images must
 * differ; each is booted under at least three layout perturbations (more where
 * three boots would agree with anything: xb_confirm_boots()), one boot of each before a second one
 * of any, so that slow changes of the host hit all of them alike; and BAD with the culprit reverted
 * is booted twice where that revert applies. All these boots are readings like others and move the
 * posterior; what is judged here besides is whether they say the same by
 * themselves, by medians. A step d between the clean images agrees with the step
 * E that the search found when
 *
 *     d / E > 1/2   or   |d - E| < 2.5 e,
 *     e^2 = s^2 (v(n1) + v(n2)),   v(n) = phi + (1 - phi) m(n),
 *     m(n) = pi / (2 n) for n > 2, else 1 / n,
 *
 * and so does that between BAD (all of its boots) and BAD with the culprit
 * reverted. It takes max(3, min(16, 16 (s / E)^2)) boots a side. That is no test
 * by itself: where s is .43 to 1 times E, e is .44 E, and a step that is not
 * there passes in 60 of 100 cases. It finds contradictions; the stated error
 * rests on the posterior, which has these boots among its readings.
 *
 * Only boots that were made for a confirmation count here, not those that led
 * to the suspicion: of many commits the one that looks slowest by chance is the
 * one that is suspected, and its own earlier boots would agree.
 *
 * Hosts do not wait for the clean builds: while those are under way, fresh
 * boots of the search's images are made in their place. They count when the
 * clean build gives the very same image, which reproducible builds do. Prebuilt
 * images have no other.
 *
 * A confirmation that disagrees is asked again with twice and three times the
 * boots; these move the posterior, so that a step that is not there sends the
 * search elsewhere. When the clean images keep disagreeing with a posterior
 * that does not move, the answer is DISAGREES. When only the revert does, the
 * culprit stands, on the evidence of the commit itself, and the reason says
 * that BAD keeps the effect without it.
 */
#ifndef XB_CONFIRM_H
#define XB_CONFIRM_H

#include "search.h"

typedef enum {
	XB_CONFIRM_RUNNING, /* actions were added, or work is in flight */
	XB_CONFIRM_AGREES,
	XB_CONFIRM_DISAGREES,  /* the plan's reason says how */
	XB_CONFIRM_IMPOSSIBLE, /* and why: a clean rebuild failed, or nothing can be measured */
} XbConfirm;

/* Boots a side that are asked for: three, or what the options say, and more where a boot varies by
 * as much as the step: three would agree with anything. */
guint xb_confirm_boots(const XbOptions *options, double log_effect, double s);

/* What the search found. */
typedef struct {
	double step; /* on the log scale */
	double s;    /* sd of a boot */
	double phi;  /* share of its variance that is the image's own */
} XbBelieved;

/* @boots: a side, when it agrees at once. Appends to the plan's reason what the confirmation says.
 */
XbConfirm xb_confirm(XbSearch *search, guint culprit, guint boots, const XbBelieved *believed);

/*
 * Its boots, before the search is sure of the culprit: of images that exist, and no builds. They
 * would be asked for anyway when it is the culprit, and no others tell as much, since they are what
 * separates it from its neighbours. True when there are any to wait for.
 */
bool xb_confirm_early(XbSearch *search, guint culprit, guint boots);

/* Boots and builds the confirmation will still take; @culprit 0: none is known yet. */
guint xb_confirm_left(const XbSearch *search, guint culprit, guint boots);

#endif
