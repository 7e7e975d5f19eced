/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choose.h - which work tells most about the culprit for its time.
 *
 * The score of a boot is its gain (gain.h) per expected second, the build it
 * needs included; GOOD and BAD compete on the same scale. Candidates are the
 * endpoints, every measured image, the commits with the best score by the
 * channel, and the best by the channel in each of 32 steps of P(bad side). Of
 * those within 2 % of the best score (35 % where the middle is preferred,
 * gain.h) the channel's favourite is taken; n boots of an endpoint that are on
 * their way divide its gain by 1 + n^2.
 *
 * Several slots are filled one after the other: what is in flight or chosen
 * before is followed into its outcomes (scenario.h), and a candidate's gain is
 * scaled by what it would tell after them. With little noise several hosts so
 * cut the range into equal parts, and with much noise they boot one commit
 * several times. Builds that are only likely to be wanted are prebuilt when a
 * builder would idle.
 */
#ifndef XB_CHOOSE_H
#define XB_CHOOSE_H

#include "posterior.h"
#include "search.h"

/* Fills the plan's actions and estimates. Returns the best gain in bits that
 * any boot which is still possible could bring; 0 when there is none. */
double xb_choose(XbSearch *search, const XbHypotheses *hypotheses, const XbPosterior *posterior);

#endif
