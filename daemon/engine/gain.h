/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gain.h - how much a boot tells of the culprit, in bits.
 *
 * The gain of a boot of commit t is the mutual information of the hypothesis
 * h and the reading y it will bring,
 *
 *     I(h; y) = H(sum_h P(h) p(y | h)) - sum_h P(h) H(p(y | h)),
 *
 * where p(y | h) is normal with the level that h itself has fitted to the
 * readings so far: that of its bad side when t is h or a descendant of it, of
 * its good side otherwise. It matters that each hypothesis predicts with its
 * own levels. A boot of an endpoint, whose side is known to all of them, has a
 * gain as well, because they disagree about the levels; and a commit between
 * two rivals that both predict the same reading there has little, though one
 * puts it on the good side and the other on the bad one.
 *
 * Groups of less than min(0.2 %, a sixteenth of 1 - confidence) are left out,
 * and of more than 24 the least likely. Outliers are left out too: the variance
 * of p(y | h) is s^2 and that of the level.
 *
 * A further boot of one image is worth less by the image's own share phi of
 * the variance: the gain is scaled by the increase of the precision
 * 1 / (phi + (1 - phi) / n) of that image's level.
 *
 * The *channel* is the simpler view for long histories and for work that is
 * chosen several steps ahead: all hypotheses share two levels, t's boot answers
 * "bad side or good side", and the gain is that of a binary input with prior
 * q = P(bad side) (MacKay, Information Theory, Inference, and Learning
 * Algorithms, ch. 9).
 */
#ifndef XB_GAIN_H
#define XB_GAIN_H

#include "posterior.h"
#include "search.h"

typedef struct XbGain XbGain;

XbGain *xb_gain_new(const XbSearch *search, const XbHypotheses *hypotheses,
		    const XbPosterior *posterior);
void xb_gain_free(XbGain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbGain, xb_gain_free)

/* The mutual information, in bits, of a boot of each of @n nodes: @bits[i] is
 * that of @node[i]. O(nodes) for the ancestries of 64 of them at once. */
void xb_gain_boots(XbGain *self, const guint *node, guint n, double *bits);

/* The channel's gain for a first boot of an image with P(bad side) = @q. */
double xb_gain_channel(const XbGain *self, double q);

/* Rate of error of the binary symmetric channel of the same capacity. */
double xb_gain_error(const XbGain *self);

/* With little noise, and before there are readings to tell how much noise there is, a step
 * off the exact middle of what is likely costs more than it brings. */
bool xb_gain_prefers_middle(const XbGain *self);

/* What is left of the gain when the image was booted @n times before. */
double xb_gain_freshness(const XbGain *self, guint n);

#endif
