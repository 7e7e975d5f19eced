/* SPDX-License-Identifier: GPL-2.0-or-later */
/* endpoints.c - GOOD and BAD are measured first. */
#include "bisect.h"
#include "confirm.h"

#include <math.h>

static bool same_image(const XbNode *a, const XbNode *b)
{
	return a->image_class != 0 && a->image_class == b->image_class && !a->image_inferred &&
	       !b->image_inferred;
}

static void spread_evenly(XbBisect *self)
{
	double *p = self->search.plan->probability;

	p[0] = XB_PRIOR_NONE;
	for (guint i = 1; i < self->search.graph->n; i++)
		p[i] = (1 - XB_PRIOR_NONE) * self->hypotheses->prior[i];
}

static bool endpoint_failed(XbBisect *self, guint node, const char *name)
{
	if (xb_search_testable(&self->search, node))
		return false;
	const XbNode *it = &self->search.nodes[node];
	g_string_append_printf(
		self->search.plan->reason, "%s %s, so there is nothing to compare", name,
		it->status == XB_STATUS_UNBUILDABLE  ? "cannot be built"
		: it->status == XB_STATUS_UNBOOTABLE ? "does not boot or run the workload"
						     : "brings no number of the metric");
	spread_evenly(self);
	self->search.plan->range_size = self->hypotheses->n_possible;
	xb_bisect_finish(self, XB_VERDICT_RANGE, 1 - XB_PRIOR_NONE);
	return true;
}

static bool build_in_flight(const XbSearch *search)
{
	for (guint i = 0; i < search->n_in_flight; i++)
		if (search->in_flight[i].build)
			return true;
	return false;
}

/*
 * GOOD and BAD are built and a boot of one is under way: the builder goes on with the commit that
 * halves best for its time, which is wanted in any case but a range without a step. Where builds
 * cost the same that is the middle of the commits that can matter.
 */
static void build_ahead(XbBisect *self)
{
	XbSearch *search = &self->search;
	guint n = search->graph->n, chosen = 0;
	g_autofree double *total = g_new(double, n);
	double best = 0;

	if (search->free_builders == 0 || build_in_flight(search) || !search->options->can_build ||
	    search->nodes[0].status != XB_STATUS_BUILT ||
	    search->nodes[n - 1].status != XB_STATUS_BUILT)
		return;
	xb_graph_weigh(search->index, self->hypotheses->prior, total);
	for (guint i = 1; i + 1 < n; i++) {
		double q = CLAMP(total[i], 0, 1), cost_s = search->nodes[i].build_s;
		double rate = (q > 0 && q < 1 ? -q * log2(q) - (1 - q) * log2(1 - q) : 0) /
			      fmax(cost_s + search->options->boot_s, 1e-3);
		if (self->hypotheses->prior[i] > 0 && rate > best &&
		    xb_search_testable(search, i)) {
			best = rate;
			chosen = i;
		}
	}
	if (chosen == 0 || search->seen->units[search->seen->unit_of[chosen]].built != G_MAXUINT)
		return;
	xb_search_act(search, chosen, false, XB_PURPOSE_SEARCH, NAN, search->nodes[chosen].build_s,
		      "halves the commits that can matter best, while an endpoint boots");
}

/* Is all that is known of the endpoint's image a guess, by what its build would read? */
static bool is_guessed(const XbSearch *search, guint node)
{
	const XbNode *it = &search->nodes[node];

	return search->options->can_build && it->image_inferred && it->status == XB_STATUS_UNTRIED;
}

/* A boot of an endpoint; its build first, since a guess is not enough: "none" would rest on it. */
static void want_endpoint(XbSearch *search, guint node, guint boots, const char *why)
{
	if (!is_guessed(search, node))
		xb_search_want(search, node, XB_IMAGE_NORMAL, 0, boots, XB_PURPOSE_ENDPOINT, why);
	else if (search->free_builders > 0 && !xb_search_build_planned(search, node))
		xb_search_act(search, node, false, XB_PURPOSE_ENDPOINT, NAN,
			      search->nodes[node].build_s, why);
}

/* One boot of each endpoint, or several when there are hosts for them.
 * Returns true when there is nothing to search yet, or at all. */
bool xb_bisect_endpoints(XbBisect *self)
{
	XbSearch *search = &self->search;
	const XbObservations *seen = search->seen;
	const XbOptions *options = search->options;
	guint bad = search->graph->n - 1;

	if (endpoint_failed(self, 0, "GOOD") || endpoint_failed(self, bad, "BAD"))
		return true;
	if (same_image(&search->nodes[0], &search->nodes[bad])) {
		g_string_append(search->plan->reason, "GOOD and BAD give one and the same image");
		search->plan->probability[0] = 1;
		xb_bisect_finish(self, XB_VERDICT_NONE, 1);
		return true;
	}
	bool known = !isnan(options->history_level) && options->history_n > 0;
	guint n[2] = { seen->units[seen->unit_of[0]].n, seen->units[seen->unit_of[bad]].n };
	bool bad_known = options->history_bad_n > 0;
	bool has_good = (n[0] > 0 || known) && !is_guessed(search, 0);
	bool has_bad = (n[1] > 0 || bad_known) && !is_guessed(search, bad);
	if (has_good && has_bad)
		return false;
	guint each = MAX(1, options->hosts / 2);
	if (!has_good)
		want_endpoint(search, 0, each, "measure GOOD");
	if (!has_bad)
		want_endpoint(search, bad, each, "measure BAD");
	build_ahead(self);
	spread_evenly(self);
	search->plan->steps_left = (guint)ceil(log2(fmax(2, self->hypotheses->n_possible))) + 2 +
				   xb_confirm_left(search, 0, xb_confirm_boots(options, 0, 0));
	double builds = ceil(log2(fmax(2, self->hypotheses->n_possible))) + 2;
	search->plan->seconds_left = search->plan->steps_left * options->boot_s +
				     builds * xb_bisect_build_s(self) +
				     xb_bisect_confirm_s(self, 0);
	g_string_append_printf(
		search->plan->reason,
		"measuring GOOD and BAD; without a step the search ends after %u "
		"boots at the latest, as a rule, or more where a boot varies by over "
		"%.2g %%",
		XB_FLAT_BOOTS, 100 * XB_FLAT_NOISE * options->min_effect);
	return true;
}
