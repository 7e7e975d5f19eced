/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile-view.c - see profile-view.h. */
#include "profile-view.h"

#include <math.h>
#include <string.h>

#define FUNCTIONS_SHOWN 12

bool xb_profile_sides(const XbJobData *data, const json_t *verdict, int sides[2])
{
	const char *kind = json_string_value(json_object_get(verdict, "kind"));
	json_int_t culprit = json_integer_value(json_object_get(verdict, "culprit_node"));
	const XbJobCommit *commit;

	if (g_strcmp0(kind, "different") == 0 && data->commits->len == 2) {
		sides[0] = 0;
		sides[1] = 1;
		return true;
	}
	if (g_strcmp0(kind, "culprit") != 0 || culprit <= 0 || culprit >= data->commits->len)
		return false;
	commit = xb_jobdata_commit(data, (guint)culprit);
	if (commit->first_parent < 0)
		return false;
	sides[0] = commit->first_parent;
	sides[1] = (int)culprit;
	return true;
}

/* Of the base and each variant that differs from it. */
static void add_variants(const XbJobData *data, const json_t *verdict, GArray *nodes)
{
	const int base = 0;
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(verdict, "comparisons"), i, row)
	{
		const char *kind = json_string_value(json_object_get(row, "kind"));
		json_int_t number = json_integer_value(json_object_get(row, "node"));
		int node = (int)number;

		if (g_strcmp0(kind, "different") != 0 || number <= 0 ||
		    number >= data->commits->len || json_object_get(row, "same_image_as"))
			continue;
		if (nodes->len == 0)
			g_array_append_val(nodes, base);
		g_array_append_val(nodes, node);
	}
}

GArray *xb_profile_nodes(const XbJobData *data, const json_t *verdict)
{
	GArray *nodes = g_array_new(FALSE, FALSE, sizeof(int));
	int sides[2];

	if (xb_profile_sides(data, verdict, sides))
		g_array_append_vals(nodes, sides, 2);
	else if (data->job->kind == XB_JOB_AB)
		add_variants(data, verdict, nodes);
	return nodes;
}

bool xb_profile_runs(const XbJobData *data, const int sides[2], const XbRun *runs[2])
{
	runs[0] = runs[1] = NULL;
	for (guint i = 0; i < data->runs->len; i++) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);

		if (!xb_run_is_explain(run) || !role || role->revert || run->state != XB_RUN_DONE ||
		    run->outcome != XB_OUTCOME_OK ||
		    g_strcmp0(run->workload_fp, data->workload_fp) != 0)
			continue;
		for (guint side = 0; side < 2; side++)
			if (role->node == sides[side])
				runs[side] = run;
	}
	return runs[0] && runs[1];
}

json_t *xb_profile_event(XbDb *db, int64_t run_id)
{
	g_autoptr(GPtrArray) bodies = xb_db_events(db, run_id, "profile", NULL);
	json_t *event = bodies && bodies->len > 0
				? json_loads(bodies->pdata[bodies->len - 1], 0, NULL)
				: NULL;

	if (event && json_is_array(json_object_get(event, "phases")))
		return event;
	json_decref(event);
	return NULL;
}

static json_t *find_phase(const json_t *event, const char *name)
{
	size_t i;
	json_t *phase;

	json_array_foreach(json_object_get(event, "phases"), i, phase)
	{
		const char *own = json_string_value(json_object_get(phase, "phase"));

		if (own && strcmp(own, name) == 0)
			return phase;
	}
	return NULL;
}

/* A number of a phase, for each time it was entered. */
static double each(const json_t *phase, const char *name)
{
	double entries = json_number_value(json_object_get(phase, "entries"));

	return json_number_value(json_object_get(phase, name)) / fmax(entries, 1);
}

typedef struct {
	const char *name;
	double value[2];
} Function;

static int compare_change(gconstpointer one, gconstpointer other)
{
	const Function *a = one, *b = other;
	double x = fabs(a->value[1] - a->value[0]), y = fabs(b->value[1] - b->value[0]);

	return x != y ? (x < y ? 1 : -1) : strcmp(a->name, b->name);
}

static void collect_functions(GArray *functions, GHashTable *places, const json_t *phase,
			      guint side)
{
	double entries = fmax(json_number_value(json_object_get(phase, "entries")), 1);
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(phase, "functions"), i, one)
	{
		const char *name = json_string_value(json_array_get(one, 0));
		guint place = name ? GPOINTER_TO_UINT(g_hash_table_lookup(places, name)) : 0;

		if (!name)
			continue;
		if (!place) {
			const Function function = { .name = name };

			g_array_append_val(functions, function);
			place = functions->len;
			g_hash_table_insert(places, (gpointer)name, GUINT_TO_POINTER(place));
		}
		g_array_index(functions, Function, place - 1).value[side] +=
			json_number_value(json_array_get(one, 1)) / entries;
	}
}

static json_t *changed_functions(const json_t *base, const json_t *test)
{
	g_autoptr(GArray) functions = g_array_new(FALSE, FALSE, sizeof(Function));
	g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
	json_t *list = json_array();

	collect_functions(functions, places, base, 0);
	collect_functions(functions, places, test, 1);
	g_array_sort(functions, compare_change);
	for (guint i = 0; i < functions->len && i < FUNCTIONS_SHOWN; i++) {
		const Function *function = &g_array_index(functions, Function, i);

		json_array_append_new(list,
				      json_pack("{s:s,s:f,s:f}", "name", function->name, "base",
						function->value[0], "test", function->value[1]));
	}
	return list;
}

static double share(const json_t *phase, const char *name)
{
	double whole = each(phase, "instructions");

	return whole > 0 ? each(phase, name) / whole : 0;
}

static json_t *phase_view(const char *name, const json_t *base, const json_t *test)
{
	json_t *view = json_pack("{s:s,s:f,s:f,s:f,s:f,s:f,s:f,s:o}", "phase", name, "base",
				 each(base, "instructions"), "test", each(test, "instructions"),
				 "base_xen", share(base, "xen"), "test_xen", share(test, "xen"),
				 "base_kernel", share(base, "kernel"), "test_kernel",
				 share(test, "kernel"), "functions", changed_functions(base, test));

	json_object_set(view, "base_file", json_object_get(base, "file"));
	json_object_set(view, "test_file", json_object_get(test, "file"));
	return view;
}

static double change_of(const json_t *view)
{
	return fabs(json_number_value(json_object_get(view, "test")) -
		    json_number_value(json_object_get(view, "base")));
}

/* Before the first that changed less; the metric's own phase stays first. */
static void insert_phase(json_t *list, json_t *view, const char *metric)
{
	size_t at = 0;
	const char *name = json_string_value(json_object_get(view, "phase"));

	while (g_strcmp0(name, metric) != 0 && at < json_array_size(list)) {
		json_t *other = json_array_get(list, at);
		const char *called = json_string_value(json_object_get(other, "phase"));

		if (g_strcmp0(called, metric) != 0 && change_of(other) < change_of(view))
			break;
		at++;
	}
	json_array_insert_new(list, at, view);
}

json_t *xb_profile_view(XbDb *db, const XbJobData *data, const int sides[2])
{
	const XbRun *runs[2];
	g_autoptr(json_t) base = NULL;
	g_autoptr(json_t) test = NULL;
	json_t *phases, *phase, *unit;
	size_t i;

	if (!xb_profile_runs(data, sides, runs) || !(base = xb_profile_event(db, runs[0]->id)) ||
	    !(test = xb_profile_event(db, runs[1]->id)))
		return NULL;
	phases = json_array();
	json_array_foreach(json_object_get(test, "phases"), i, phase)
	{
		const char *name = json_string_value(json_object_get(phase, "phase"));
		const json_t *other = name ? find_phase(base, name) : NULL;

		if (other)
			insert_phase(phases, phase_view(name, other, phase), data->metric);
	}
	unit = json_object_get(test, "unit");
	return json_pack("{s:I,s:I,s:s,s:o}", "base_run", (json_int_t)runs[0]->id, "test_run",
			 (json_int_t)runs[1]->id, "unit",
			 json_is_string(unit) ? json_string_value(unit) : "instructions", "phases",
			 phases);
}
