/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-profile.c - where instructions went on both sides of a change; see
 * report.h and the profiles of db/profile-view.h, which this reads as JSON.
 */
#include <math.h>

#include "format.h"
#include "job.h"
#include "report.h"

static char *number_cell(const json_t *object, const char *name)
{
	double value = xb_number(object, name);

	return isfinite(value) ? g_strdup_printf("%.0f", value) : g_strdup("-");
}

static char *share_cell(const json_t *phase, const char *base, const char *test)
{
	return g_strdup_printf("%.1f%% -> %.1f%%", 100 * xb_number(phase, base),
			       100 * xb_number(phase, test));
}

static void write_phases(XbWriter *w, const json_t *phases)
{
	static const char *const heading[] = { "phase",  "before", "after",
					       "change", "in Xen", "in dom0's kernel" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	const json_t *phase;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	json_array_foreach(phases, i, phase)
	{
		double ratio = xb_number(phase, "test") / xb_number(phase, "base");

		g_ptr_array_add(cells, xb_text(phase, "phase"));
		g_ptr_array_add(cells, number_cell(phase, "base"));
		g_ptr_array_add(cells, number_cell(phase, "test"));
		g_ptr_array_add(cells, isfinite(ratio) ? xb_format_change(ratio) : g_strdup("-"));
		g_ptr_array_add(cells, share_cell(phase, "base_xen", "test_xen"));
		g_ptr_array_add(cells, share_cell(phase, "base_kernel", "test_kernel"));
	}
	w->table(w, cells, G_N_ELEMENTS(heading), 1u << 1 | 1u << 2 | 1u << 3);
}

static void write_functions(XbWriter *w, const json_t *phase, const char *unit)
{
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *name = xb_text(phase, "phase");
	g_autofree char *first = g_strdup_printf("%s in the function itself (%s)", unit, name);
	const json_t *one;
	size_t i;

	g_ptr_array_add(cells, g_steal_pointer(&first));
	g_ptr_array_add(cells, g_strdup("before"));
	g_ptr_array_add(cells, g_strdup("after"));
	g_ptr_array_add(cells, g_strdup("change"));
	json_array_foreach(xb_member(phase, "functions"), i, one)
	{
		g_ptr_array_add(cells, xb_text(one, "name"));
		g_ptr_array_add(cells, number_cell(one, "base"));
		g_ptr_array_add(cells, number_cell(one, "test"));
		g_ptr_array_add(cells, g_strdup_printf("%+.0f", xb_number(one, "test") -
									xb_number(one, "base")));
	}
	w->table(w, cells, 4, 1u << 1 | 1u << 2 | 1u << 3);
}

static void write_profile(XbWriter *w, const json_t *profile, const char *title)
{
	const json_t *phases = profile ? xb_member(profile, "phases") : NULL;
	g_autofree char *unit = profile ? xb_text(profile, "unit") : NULL;
	g_autofree char *where = NULL;

	if (json_array_size(phases) == 0)
		return;
	w->section(w, title);
	write_phases(w, phases);
	write_functions(w, json_array_get(phases, 0), unit);
	where = g_strdup_printf(
		"Names that end in _[x] are Xen's, in _[k] dom0's kernel's. Stacks: "
		"profile-*.folded in the directories of runs %" G_GINT64_FORMAT
		" and %" G_GINT64_FORMAT "; as flame graphs on the job's page.",
		xb_integer(profile, "base_run"), xb_integer(profile, "test_run"));
	w->paragraph(w, where);
}

void xb_report_profile(XbWriter *w, const json_t *job)
{
	const json_t *comparisons = xb_member(job, "comparisons"), *one;
	size_t i;

	write_profile(w, xb_member(job, "explanation.profile"),
		      "Where the time goes (one boot each, counted)");
	json_array_foreach(comparisons, i, one)
	{
		g_autofree char *name = xb_text(one, "name");
		g_autofree char *title = g_strdup_printf(
			"Where the time goes in the base and in %s (one boot each, counted)", name);

		write_profile(w, xb_member(one, "explanation.profile"), title);
	}
}
