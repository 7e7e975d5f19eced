/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-workload.c - [workload NAME]: what is measured, and how.
 */
#include "config-group.h"

#include <string.h>

static const XbKeySpec workload_keys[] = {
	{ "program", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "builtin", XB_VALUE_STRING, 0, 0, 0, NULL }, /* one of xbisect-dom0(1)'s */
	{ "args", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "iterations", XB_VALUE_INTEGER, 0, 1, 100000, NULL },
	{ "warmup", XB_VALUE_INTEGER, 0, 0, 100000, NULL },
	{ "counters", XB_VALUE_WORD, 0, 0, 0, "yes|no" },
	{ "silence", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "metrics", XB_VALUE_STRING, 0, 0, 0, NULL }, /* checked by take_metrics() */
	{ 0 },
};

#define MAP_UNMAP_METRICS "unmap:s:lower;map:s:lower;total:s:lower"

static void free_metric(void *data)
{
	XbMetricConfig *metric = data;

	g_free(metric->name);
	g_free(metric->unit);
	g_free(metric);
}

void xb_config_free_workload(void *data)
{
	XbWorkloadConfig *workload = data;

	g_free(workload->name);
	g_ptr_array_unref(workload->metrics);
	json_decref(workload->settings);
	g_free(workload);
}

/* "NAME:UNIT:lower;..." */
static bool take_metrics(XbWorkloadConfig *workload, const XbConfigGroup *group, const char *text,
			 GError **error)
{
	g_auto(GStrv) items = g_strsplit(text, ";", -1);

	for (char **item = items; *item != NULL; item++) {
		g_auto(GStrv) parts = g_strsplit(g_strstrip(*item), ":", -1);
		bool lower = g_strv_length(parts) == 3 && g_str_equal(parts[2], "lower");
		XbMetricConfig *metric;

		if (**item == '\0')
			continue;
		if (g_strv_length(parts) != 3 || !xb_config_is_name(parts[0]) ||
		    *parts[1] == '\0' || strlen(parts[1]) > 32 ||
		    (!lower && !g_str_equal(parts[2], "higher")))
			return xb_config_fail(error, group, "metrics",
					      "\"%s\" is not NAME:UNIT:lower or NAME:UNIT:higher",
					      *item);
		if (xb_workload_metric(workload, parts[0]) != NULL)
			return xb_config_fail(error, group, "metrics", "%s stands there twice",
					      parts[0]);
		metric = g_new0(XbMetricConfig, 1);
		metric->name = g_strdup(parts[0]);
		metric->unit = g_strdup(parts[1]);
		metric->lower_is_better = lower;
		g_ptr_array_add(workload->metrics, metric);
	}
	if (workload->metrics->len == 0)
		return xb_config_fail(error, group, "metrics", "it names no metric");
	json_object_set_new(workload->settings, "metrics", json_string(text));
	return true;
}

static XbWorkloadConfig *add_workload(XbConfig *config, const char *name)
{
	XbWorkloadConfig *workload = g_new0(XbWorkloadConfig, 1);

	workload->name = g_strdup(name);
	workload->metrics = g_ptr_array_new_with_free_func(free_metric);
	workload->settings = json_pack("{s:s,s:i,s:i,s:{}}", "name", name, "iterations", 5,
				       "warmup", 1, "params");
	g_ptr_array_add(config->workloads, workload);
	return workload;
}

static bool take_workload_entry(XbWorkloadConfig *workload, const XbConfigGroup *group,
				const XbConfigEntry *entry, GError **error)
{
	const XbKeySpec *spec = xb_key_find(workload_keys, entry->key);
	const char *parameter =
		g_str_has_prefix(entry->key, "param.") ? entry->key + strlen("param.") : "";
	g_autofree char *value = NULL;

	if (spec == NULL && xb_config_is_name(parameter)) {
		json_object_set_new(json_object_get(workload->settings, "params"), parameter,
				    json_string(entry->value));
		return true;
	}
	if (spec == NULL)
		return xb_config_fail(error, group, entry->key,
				      "there is no such key in this group");
	if (g_str_equal(entry->key, "metrics"))
		return take_metrics(workload, group, entry->value, error);
	value = xb_config_check(group, entry, spec, error);
	if (value == NULL)
		return false;
	if (spec->type == XB_VALUE_INTEGER)
		json_object_set_new(workload->settings, entry->key,
				    json_integer(g_ascii_strtoll(value, NULL, 10)));
	else
		xb_config_add_setting(workload->settings, spec, entry->key, value);
	return true;
}

/* What map-unmap prints: with a list of batch sizes each metric carries the size. */
static char *map_unmap_metrics(const XbWorkloadConfig *workload)
{
	static const char *const names[] = { "unmap", "map", "total" };
	const json_t *params = json_object_get(workload->settings, "params");
	const char *batch = json_string_value(json_object_get(params, "batch"));
	g_auto(GStrv) sizes = g_strsplit(batch ? batch : "", ",", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	if (g_strv_length(sizes) < 2)
		return g_strdup(MAP_UNMAP_METRICS);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		for (char **size = sizes; *size; size++)
			g_string_append_printf(text, "%s%s.b%s:s:lower", text->len ? ";" : "",
					       names[i], g_strstrip(*size));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

bool xb_config_take_workload(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	XbWorkloadConfig *workload = add_workload(config, group->label);

	for (guint i = 0; i < group->entries->len; i++) {
		if (!take_workload_entry(workload, group, group->entries->pdata[i], error))
			return false;
	}
	const XbConfigEntry *program = xb_config_entry(group, "program");
	const XbConfigEntry *builtin = xb_config_entry(group, "builtin");

	if (program && builtin)
		return xb_config_fail(error, group, "builtin",
				      "a workload has either a program of yours or one that is "
				      "built in");
	if (builtin && !xb_config_is_name(builtin->value))
		return xb_config_fail(error, group, "builtin", "\"%s\" is no name of a workload",
				      builtin->value);
	if (workload->metrics->len > 0)
		return true;
	/* Without either it is map-unmap with other parameters. */
	if (program || (builtin && strcmp(builtin->value, "map-unmap") != 0))
		return xb_config_fail(error, group, "metrics",
				      "it is missing: name what the program prints, as in "
				      "latency:us:lower");
	g_autofree char *metrics = map_unmap_metrics(workload);
	return take_metrics(workload, group, metrics, error);
}

void xb_config_default_workload(XbConfig *config)
{
	XbWorkloadConfig *workload = add_workload(config, "map-unmap");
	json_t *params = json_object_get(workload->settings, "params");

	json_object_set_new(params, "mib", json_string("64"));
	json_object_set_new(params, "batch", json_string("1024"));
	json_object_set_new(params, "target", json_string("hvm"));
	take_metrics(workload, NULL, MAP_UNMAP_METRICS, NULL);
}
