/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choose.h - which work tells most about the culprit for its time.
 *
 * The gain of a boot is the mutual information between the hypothesis and the
 * reading it will bring, in bits. A commit's boot answers one question, on
 * which side it lies, through a channel whose noise is the predictive
 * distribution of the two levels (their uncertainty and s); with q = P(bad
 * side) the gain is that of a binary input with prior q (MacKay, Information
 * Theory, Inference, and Learning Algorithms, ch. 9). A further boot of an
 * image is worth less by what of its deviation is the image's own (phi). A
 * boot of an endpoint, or of any image whose side is known, also tells where
 * the levels are: the same integral over the hypotheses' own levels.
 *
 * The score is gain per expected second, build included. Work in flight, and
 * each action chosen before in the same plan, is taken into account by what it
 * may bring: both outcomes are followed as scenarios, with the channel's rate
 * of error, and the next action has the best mean gain over them. So with
 * little noise several hosts cut the range into equal parts, and with much
 * noise they boot one commit several times.
 */
#ifndef XB_CHOOSE_H
#define XB_CHOOSE_H

#include "posterior.h"
#include "search.h"

/* Fills the plan's actions and estimates. Returns the best gain in bits that
 * any boot which is still possible could bring; 0 when there is none. */
double xb_choose(XbSearch *search, const XbHypotheses *hypotheses, const XbPosterior *posterior);

#endif
