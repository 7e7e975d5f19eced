/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue-settings.c - what a request says of how to measure: numbers, workload, host, config. */
#include <string.h>

#include "counter.h"
#include "queue-request.h"
#include "variants.h"

#define CONTENT_MAX (8 * 1024 * 1024) /* one patch or fragment */

typedef struct {
	const char *name;
	double fallback, low, high; /* low and high exclusive */
	const char *range;
} NumberOption;
static const NumberOption number_options[] = {
	{ "confidence", 0.99, 0.5, 1, "between 0.5 and 1" },
	{ "min_effect", 0.01, -1e-12, 10, "0 or more, such as 0.01 for 1 %" },
	{ "resolve", 0.01, 0, 10, "more than 0, such as 0.005 for 0.5 %" },
};

bool xb_request_numbers(XbRequest *r, GError **error)
{
	json_t *boots = json_object_get(r->request, "boots");

	for (guint i = 0; i < G_N_ELEMENTS(number_options); i++) {
		const NumberOption *option = &number_options[i];
		json_t *value = json_object_get(r->request, option->name);
		double number = json_is_number(value) ? json_number_value(value) : option->fallback;

		if ((value && !json_is_number(value) && !json_is_null(value)) ||
		    !(number > option->low && number < option->high))
			return xb_queue_refuse(error, "%s must be %s", option->name, option->range);
		if (value || strcmp(option->name, "resolve") != 0)
			json_object_set_new(r->spec, option->name, json_real(number));
	}
	if (boots && !json_is_null(boots)) {
		if (!json_is_integer(boots) || json_integer_value(boots) < 1 ||
		    json_integer_value(boots) > 1000)
			return xb_queue_refuse(error, "boots must be 1 to 1000");
		json_object_set(r->spec, "boots", boots);
	}
	return true;
}

/* "WHAT: a, b"; all of the configuration's structs begin with their name. */
static char *names_of(const GPtrArray *items, const char *what)
{
	GString *text = g_string_new(what);

	for (guint i = 0; i < items->len; i++)
		g_string_append_printf(text, "%s%s", i ? ", " : ": ",
				       *(char *const *)items->pdata[i]);
	return g_string_free(text, FALSE);
}

/* A count of what is built in can be followed like a time. */
static bool is_counter(const XbWorkloadConfig *workload, const char *name)
{
	json_t *settings = workload->settings;
	const char *counters = json_string_value(json_object_get(settings, "counters"));
	const char *builtin = json_string_value(json_object_get(settings, "builtin"));

	return name && xb_counter_is_metric(name) && g_strcmp0(counters, "no") != 0 &&
	       !json_object_get(settings, "program") &&
	       (!builtin || strcmp(builtin, "map-unmap") == 0);
}

bool xb_request_workload(XbRequest *r, GError **error)
{
	const XbConfig *config = r->daemon->config;
	const char *name = xb_request_text(r->request, "workload");
	const char *metric_name = xb_request_text(r->request, "metric");
	const XbWorkloadConfig *workload = xb_config_workload(config, name);
	const XbMetricConfig counter = { .name = (char *)metric_name,
					 .unit = (char *)"1/page",
					 .lower_is_better = true };
	const XbMetricConfig *metric;

	if (!workload) {
		*r->hint = names_of(config->workloads, "workloads");
		return xb_queue_refuse(error, "no workload \"%s\" is configured", name);
	}
	metric = xb_workload_metric(workload, metric_name);
	if (!metric && is_counter(workload, metric_name))
		metric = &counter;
	if (!metric)
		return xb_queue_refuse(error, "workload %s has no metric \"%s\"", workload->name,
				       metric_name);
	json_object_set_new(r->spec, "workload", json_string(workload->name));
	json_object_set(r->spec, "workload_settings", workload->settings);
	json_object_set_new(r->spec, "metric", json_string(metric->name));
	json_object_set_new(r->spec, "unit", json_string(metric->unit));
	json_object_set_new(r->spec, "lower_is_better", json_boolean(metric->lower_is_better));
	return true;
}

bool xb_request_host(XbRequest *r, GError **error)
{
	const XbConfig *config = r->daemon->config;
	const char *name = xb_request_text(r->request, "host");
	guint online = 0, meant = 0;

	for (guint i = 0; i < config->hosts->len; i++) {
		const XbHostConfig *host = config->hosts->pdata[i];
		g_autoptr(XbHostRow) row = xb_db_host_get(r->daemon->db, host->name, error);
		if (!row)
			return false;
		if (!xb_host_is_selected(host->name, host->labels, name ? name : ""))
			continue;
		meant++;
		online += row->online;
	}
	if (meant == 0 && g_str_has_prefix(name, "label:")) {
		*r->hint = g_strdup("`xbisect hosts` shows the labels of each");
		return xb_queue_refuse(error, "no host has %s", name);
	}
	if (meant == 0) {
		*r->hint = names_of(config->hosts, "hosts");
		return xb_queue_refuse(error, "no host \"%s\" is configured", name);
	}
	if (online == 0) {
		*r->hint = g_strdup("see `xbisect hosts`; put one back with `xbisect hosts online "
				    "NAME`");
		return xb_queue_refuse(error, "no host is online");
	}
	json_object_set_new(r->spec, "host", json_string(name ? name : ""));
	return true;
}

/* [{"name","content"}] -> blob paths, appended to @paths. */
bool xb_request_contents(XbRequest *r, json_t *list, json_t *paths, const char *what,
			 GError **error)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		json_t *content = json_object_get(item, "content");
		g_autofree char *path = NULL;

		if (!json_is_string(content) || json_string_length(content) == 0 ||
		    json_string_length(content) > CONTENT_MAX)
			return xb_queue_refuse(error, "%s %zu is empty or larger than 8 MiB", what,
					       i + 1);
		path = xb_blob_store(r->daemon, json_string_value(content),
				     json_string_length(content), error);
		if (!path)
			return false;
		json_array_append_new(paths, json_string(path));
	}
	return true;
}

/* The configuration's fragments are kept by content too: they may change while the job runs. */
bool xb_request_kconfig(XbRequest *r, GError **error)
{
	char **files = r->daemon->config->kconfig;

	r->kconfig = json_array();
	for (guint i = 0; files && files[i]; i++) {
		g_autofree char *text = NULL, *path = NULL;
		gsize length;
		if (!g_file_get_contents(files[i], &text, &length, error) ||
		    !(path = xb_blob_store(r->daemon, text, length, error)))
			return false;
		json_array_append_new(r->kconfig, json_string(path));
	}
	return xb_request_contents(r, json_object_get(r->request, "kconfig"), r->kconfig,
				   "kernel config fragment", error);
}
