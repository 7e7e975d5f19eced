/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - watched branches: add, list, show, look now, measure older ones, remove.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "format.h"
#include "job.h"
#include "request.h"
#include "text.h"
#include "writer.h"

static void print_list(const json_t *watches)
{
	static const char *const heading[] = { "name",     "branch",  "tip",        "looked",
					       "measured", "changes", "repository", "trouble" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter writer = xb_writer_text(text);
	const json_t *watch;
	size_t i;

	if (json_array_size(watches) == 0) {
		puts("no watches: xbisect watch add NAME --repo URL --branch BRANCH");
		return;
	}
	for (i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	json_array_foreach(watches, i, watch)
	{
		double looked = xb_number(watch, "looked");
		g_autofree char *when = xb_format_time(isfinite(looked) ? looked : 0);

		g_ptr_array_add(cells, xb_text(watch, "name"));
		g_ptr_array_add(cells, xb_text(watch, "branch"));
		g_ptr_array_add(cells, xb_short_commit(watch, "tip"));
		g_ptr_array_add(cells, g_strndup(when, 16));
		g_ptr_array_add(cells, g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT,
						       xb_integer(watch, "measured"),
						       xb_integer(watch, "commits")));
		g_ptr_array_add(
			cells,
			g_strdup_printf("%zu", json_array_size(json_object_get(watch, "changes"))));
		g_ptr_array_add(cells, xb_text(watch, "repo"));
		g_ptr_array_add(cells, xb_text(watch, "trouble"));
	}
	writer.table(&writer, cells, G_N_ELEMENTS(heading), 0);
	fputs(text->str, stdout);
}

static int do_list(XbClient *client, int argc, char **argv)
{
	int status;
	g_autoptr(json_t) answer =
		xb_client_request(client, json_pack("{s:s}", "verb", "watches"), &status);
	json_t *watches = json_object_get(answer, "watches");
	(void)argc;
	(void)argv;

	if (answer == NULL)
		return status;
	if (client->json)
		return xb_client_print_json(json_pack("{s:O}", "watches", watches));
	print_list(watches);
	return XB_EXIT_OK;
}

/* ---- one watch ------------------------------------------------------------------- */

static void print_changes(XbWriter *w, const json_t *watch)
{
	static const char *const heading[] = { "metric", "change", "from", "to", "bisect" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	const json_t *changes = json_object_get(watch, "changes"), *change;
	size_t i;

	if (json_array_size(changes) == 0)
		return;
	for (i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	json_array_foreach(changes, i, change)
	{
		g_autofree char *job = xb_text(change, "job_id");
		g_autofree char *detail = xb_text(change, "detail");

		g_ptr_array_add(cells, xb_text(change, "metric"));
		g_ptr_array_add(cells, xb_format_change(xb_number(change, "ratio")));
		g_ptr_array_add(cells, xb_short_commit(change, "from"));
		g_ptr_array_add(cells, xb_short_commit(change, "to"));
		g_ptr_array_add(cells,
				*job != '\0' ? g_strdup_printf("job %s", job) : g_strdup(detail));
	}
	w->section(w, "Changes");
	w->table(w, cells, G_N_ELEMENTS(heading), 1u << 1);
}

static void print_series(XbWriter *w, const json_t *series)
{
	static const char *const heading[] = { "commit", "level", "boots", "job", "subject" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *workload = xb_text(series, "workload"),
			*metric = xb_text(series, "metric");
	g_autofree char *unit = xb_text(series, "unit");
	g_autofree char *title = g_strdup_printf("%s of %s, oldest first", metric, workload);
	const json_t *points = json_object_get(series, "points"), *point;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	json_array_foreach(points, i, point)
	{
		double boots = xb_number(point, "boots"), level = xb_number(point, "level");

		g_ptr_array_add(cells, xb_short_commit(point, "commit"));
		g_ptr_array_add(
			cells,
			xb_format_level(level, level * xb_number(point, "sd") / sqrt(boots), unit));
		g_ptr_array_add(cells, xb_text(point, "boots"));
		g_ptr_array_add(cells, xb_text(point, "job_id"));
		g_ptr_array_add(cells, xb_text(point, "subject"));
	}
	w->section(w, title);
	w->table(w, cells, G_N_ELEMENTS(heading), 1u << 1 | 1u << 2);
}

static void print_watch(const json_t *watch)
{
	static const char *const fields[] = { "repo",      "branch",  "tip",
					      "trouble",   "commits", "measured",
					      "measuring", "failed",  "budget" };
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter writer = xb_writer_text(text);
	g_autofree char *name = xb_text(watch, "name");
	const json_t *list = json_object_get(watch, "series"), *series;
	size_t i;

	writer.title(&writer, name);
	for (i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *value = xb_text(watch, fields[i]);

		if (*value != '\0')
			writer.field(&writer, fields[i], value);
	}
	print_changes(&writer, watch);
	json_array_foreach(list, i, series) print_series(&writer, series);
	fputs(text->str, stdout);
}

/* The answer's watch: all of it, or one line. */
static int finish(XbClient *client, json_t *request, bool whole)
{
	int status;
	g_autoptr(json_t) answer =
		request != NULL ? xb_client_request(client, request, &status) : NULL;
	json_t *watch = json_object_get(answer, "watch");
	g_autofree char *name = NULL, *branch = NULL, *repo = NULL;

	if (request == NULL)
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "the name is no valid UTF-8");
	if (answer == NULL)
		return status;
	if (client->json)
		return xb_client_print_json(watch != NULL ? json_incref(watch) : json_object());
	if (whole) {
		print_watch(watch);
		return XB_EXIT_OK;
	}
	name = xb_text(watch, "name");
	branch = xb_text(watch, "branch");
	repo = xb_text(watch, "repo");
	if (*name != '\0')
		printf("%s: branch %s of %s\n", name, branch, repo);
	return XB_EXIT_OK;
}

static int do_show(XbClient *client, int argc, char **argv)
{
	(void)argc;
	return finish(client, json_pack("{s:s,s:s}", "verb", "watch-show", "name", argv[2]), true);
}

static int do_look(XbClient *client, int argc, char **argv)
{
	(void)argc;
	return finish(client, json_pack("{s:s,s:s}", "verb", "watch-look", "name", argv[2]), false);
}

static int do_remove(XbClient *client, int argc, char **argv)
{
	int status = finish(client, json_pack("{s:s,s:s}", "verb", "watch-remove", "name", argv[2]),
			    false);
	(void)argc;

	if (status == XB_EXIT_OK && !client->json)
		puts("removed; its jobs and what they found stay");
	return status;
}

/* ---- options --------------------------------------------------------------------- */

typedef struct {
	char *repo, *branch, *every, *metric, *host, *pick, *min_effect, *confidence, *from;
	char **workloads;
	int boots, budget, min_segment;
} Options;

static void options_clear(Options *o)
{
	g_free(o->repo);
	g_free(o->branch);
	g_free(o->every);
	g_free(o->metric);
	g_free(o->host);
	g_free(o->pick);
	g_free(o->min_effect);
	g_free(o->confidence);
	g_free(o->from);
	g_strfreev(o->workloads);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static void set_string(json_t *request, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(request, name, json_string(value));
}

/* Parts and times as numbers. False when it has been said what is wrong. */
static bool set_numbers(XbClient *client, json_t *request, const Options *o)
{
	double number;

	if (o->every != NULL && !xb_parse_duration(o->every, &number)) {
		xb_client_fail(client, XB_EXIT_REFUSED, "such as 30m, 1h, 1d", "'%s' is no time",
			       o->every);
		return false;
	}
	if (o->every != NULL)
		json_object_set_new(request, "every_s", json_real(number));
	if (o->min_effect != NULL && !xb_parse_fraction(o->min_effect, &number)) {
		xb_client_fail(client, XB_EXIT_REFUSED, "such as 1% or 0.01", "'%s' is no effect",
			       o->min_effect);
		return false;
	}
	if (o->min_effect != NULL)
		json_object_set_new(request, "min_effect", json_real(number));
	if (o->confidence != NULL && !xb_parse_fraction(o->confidence, &number)) {
		xb_client_fail(client, XB_EXIT_REFUSED, "such as 0.99", "'%s' is no confidence",
			       o->confidence);
		return false;
	}
	if (o->confidence != NULL)
		json_object_set_new(request, "confidence", json_real(number));
	if (o->boots > 0)
		json_object_set_new(request, "boots", json_integer(o->boots));
	if (o->min_segment > 0)
		json_object_set_new(request, "min_segment", json_integer(o->min_segment));
	return true;
}

/* A URL goes as it is. */
static char *repo_of(const char *option)
{
	return option != NULL && strstr(option, "://") != NULL ? g_strdup(option)
							       : xb_request_repo(option);
}

static json_t *add_request(XbClient *client, const Options *o, const char *name)
{
	g_autofree char *repo = repo_of(o->repo), *cwd = g_get_current_dir();
	json_t *request = json_pack("{s:s,s:s}", "verb", "watch-add", "name", name);
	json_t *workloads = json_array();

	if (request == NULL)
		return NULL;
	set_string(request, "repo", repo);
	set_string(request, "cwd", cwd);
	set_string(request, "branch", o->branch);
	set_string(request, "metric", o->metric);
	set_string(request, "host", o->host);
	set_string(request, "pick", o->pick);
	for (char **workload = o->workloads; workload != NULL && *workload != NULL; workload++)
		json_array_append_new(workloads, json_string(*workload));
	json_object_set_new(request, "workloads", workloads);
	if (set_numbers(client, request, o))
		return request;
	json_decref(request);
	return NULL;
}

static int do_add(XbClient *client, const Options *o, const char *name)
{
	json_t *request;

	if (o->branch == NULL)
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL,
				      "watch add needs --branch BRANCH");
	if (!g_utf8_validate(name, -1, NULL))
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "the name is no valid UTF-8");
	request = add_request(client, o, name);
	return request != NULL ? finish(client, request, false) : XB_EXIT_REFUSED;
}

static int do_backfill(XbClient *client, const Options *o, const char *name)
{
	if (o->from == NULL)
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL,
				      "watch backfill needs --from REVISION");
	return finish(client,
		      json_pack("{s:s,s:s,s:s,s:i}", "verb", "watch-backfill", "name", name, "from",
				o->from, "budget", o->budget),
		      false);
}

static const struct {
	const char *name;
	int arguments; /* after the action */
	int (*run)(XbClient *client, int argc, char **argv);
	int (*run_with)(XbClient *client, const Options *options, const char *name);
} actions[] = {
	{ "list", 0, do_list, NULL },         { "add", 1, NULL, do_add },
	{ "show", 1, do_show, NULL },         { "look", 1, do_look, NULL },
	{ "backfill", 1, NULL, do_backfill }, { "remove", 1, do_remove, NULL },
};

static int run_action(XbClient *client, const Options *o, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "list";

	for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++) {
		if (strcmp(name, actions[i].name) != 0)
			continue;
		if (argc > 1 && argc - 2 != actions[i].arguments)
			return xb_client_fail(client, XB_EXIT_REFUSED, NULL,
					      "usage: xbisect watch %s%s", name,
					      actions[i].arguments > 0 ? " NAME" : "");
		return actions[i].run != NULL ? actions[i].run(client, argc, argv)
					      : actions[i].run_with(client, o, argv[2]);
	}
	return xb_client_fail(client, XB_EXIT_REFUSED,
			      "xbisect watch [list | add | show | look | backfill | remove]",
			      "watch: '%s' is nothing that can be done to a watch", name);
}

int xb_cmd_watch(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_auto(Options) o = { .budget = 20 };
	const GOptionEntry entries[] = {
		{ "repo", 'r', 0, G_OPTION_ARG_STRING, &o.repo,
		  "URL, directory, or a configured repository's name (this one)", "REPO" },
		{ "branch", 'b', 0, G_OPTION_ARG_STRING, &o.branch, "the branch to follow",
		  "BRANCH" },
		{ "every", 0, 0, G_OPTION_ARG_STRING, &o.every, "look so often (1h)", "TIME" },
		{ "workload", 'w', 0, G_OPTION_ARG_STRING_ARRAY, &o.workloads,
		  "measure this; can be repeated (the first)", "NAME" },
		{ "metric", 'm', 0, G_OPTION_ARG_STRING, &o.metric,
		  "look for changes of this (the workload's first)", "NAME" },
		{ "host", 'H', 0, G_OPTION_ARG_STRING, &o.host, "on this host only", "NAME" },
		{ "pick", 0, 0, G_OPTION_ARG_STRING, &o.pick,
		  "measure tip (each that is seen), all, daily, or each Nth commit", "WHICH" },
		{ "min-effect", 'e', 0, G_OPTION_ARG_STRING, &o.min_effect,
		  "smallest change that matters (1%)", "E" },
		{ "min-segment", 0, 0, G_OPTION_ARG_INT, &o.min_segment,
		  "measurements that make a level (2)", "N" },
		{ "confidence", 'c', 0, G_OPTION_ARG_STRING, &o.confidence, "of the bisects (0.99)",
		  "P" },
		{ "boots", 'n', 0, G_OPTION_ARG_INT, &o.boots, "of each measurement", "N" },
		{ "from", 0, 0, G_OPTION_ARG_STRING, &o.from,
		  "where the older range begins (backfill)", "REV" },
		{ "budget", 0, 0, G_OPTION_ARG_INT, &o.budget, "boots for it (20)", "N" },
		{ 0 },
	};

	if (!xb_command_parse(client, command, entries, &argc, &argv, 0, 2))
		return XB_EXIT_REFUSED;
	return run_action(client, &o, argc, argv);
}
