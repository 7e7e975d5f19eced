/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario.h - work that is under way, followed into both of its outcomes.
 *
 * A set of scenarios is a distribution over what will be believed once the
 * readings that are expected have come in. Each expected reading splits every
 * scenario in two, by the error rate of the binary symmetric channel that
 * tells as much as a boot does; the least likely ones are dropped.
 */
#ifndef XB_SCENARIO_H
#define XB_SCENARIO_H

#include "gain.h"

typedef struct XbScenarios XbScenarios;

/* One scenario: what is believed now. */
XbScenarios *xb_scenarios_new(const XbSearch *search, const XbHypotheses *hypotheses,
			      const XbPosterior *posterior, const XbGain *gain);
void xb_scenarios_free(XbScenarios *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbScenarios, xb_scenarios_free)

/* A reading of @node is on its way. */
void xb_scenarios_expect(XbScenarios *self, guint node);

/* P(node on the bad side, given that there is a culprit), over all scenarios. */
double xb_scenarios_bad(const XbScenarios *self, guint node);

/* The channel's gain of a boot of @node, averaged over the scenarios. */
double xb_scenarios_gain(const XbScenarios *self, guint node);

/* The same before anything was expected. */
double xb_scenarios_gain_now(const XbScenarios *self, guint node);

/* Share of the scenarios in which a boot of @node is among the best. */
double xb_scenarios_share(const XbScenarios *self, guint node);

#endif
