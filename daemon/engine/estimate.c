/* SPDX-License-Identifier: GPL-2.0-or-later */
/* estimate.c - seconds and steps that a plan still takes. */
#include "bisect.h"
#include "confirm.h"

/* What a build costs: the mean of those that are still to be made. */
double xb_bisect_build_s(const XbBisect *self)
{
	double sum = 0;
	guint n = 0;

	for (guint i = 0; self->search.options->can_build && i < self->search.graph->n; i++) {
		sum += self->search.nodes[i].build_s;
		n += self->search.nodes[i].build_s > 0;
	}
	return n > 0 ? sum / n : 0;
}

/* The builds of a confirmation that are still to be made: culprit and parent clean, and the
 * revert. @culprit 0: none is known yet. */
double xb_bisect_confirm_s(const XbBisect *self, guint culprit)
{
	const XbNode *nodes = self->search.nodes;
	const XbGraph *graph = self->search.graph;
	guint builds = 3;

	if (culprit != 0) {
		guint parent = graph->parent[graph->parent_start[culprit]];
		builds = (nodes[culprit].clean_status == XB_STATUS_UNTRIED) +
			 (nodes[parent].clean_status == XB_STATUS_UNTRIED) +
			 (nodes[culprit].revert_status == XB_STATUS_UNTRIED);
	}
	return builds * xb_bisect_build_s(self);
}

guint xb_bisect_confirm_boots(const XbBisect *self)
{
	return xb_confirm_boots(self->search.options, xb_bisect_log_effect(self),
				self->posterior->s);
}

void xb_bisect_add_confirmation(XbBisect *self, guint culprit)
{
	XbPlan *plan = self->search.plan;
	guint steps = xb_confirm_left(&self->search, culprit, xb_bisect_confirm_boots(self));

	plan->steps_left += steps;
	plan->seconds_left +=
		steps * self->search.options->boot_s + xb_bisect_confirm_s(self, culprit);
}

void xb_bisect_estimate_confirmation(XbBisect *self)
{
	XbPlan *plan = self->search.plan;

	plan->steps_left = 0;
	plan->seconds_left = 0;
	xb_bisect_add_confirmation(self, plan->culprit);
}
