/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.c - the commands that read: list, show, report, log, and cancel, which
 * shows what it did.
 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "follow.h"
#include "format.h"
#include "job.h"
#include "progress.h"
#include "report.h"
#include "term.h"
#include "text.h"

#define LOG_POLL_MS 1000

/* ---- list ---------------------------------------------------------------------- */

static void add_list_row(GPtrArray *cells, const json_t *job)
{
	g_autofree char *created = xb_format_time(xb_number(job, "created"));
	g_autofree char *title = xb_text(job, "title");
	g_autofree char *verdict = xb_is(job, "state", "queued") || xb_is(job, "state", "running")
					   ? xb_text(job, "progress.phase")
					   : xb_job_verdict_line(job);

	g_ptr_array_add(cells, xb_text(job, "id"));
	g_ptr_array_add(cells, xb_text(job, "kind"));
	g_ptr_array_add(cells, xb_text(job, "state"));
	/* Seconds and zone say nothing in a list. */
	g_ptr_array_add(cells, strlen(created) > 16 ? g_strndup(created, 16) : g_strdup(created));
	g_ptr_array_add(cells, xb_format_fit(title, 48, FALSE));
	g_ptr_array_add(cells, g_steal_pointer(&verdict));
}

/* On a terminal a row is one line. */
static void print_rows(const char *text)
{
	XbTerm term;
	int columns, rows;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	xb_term_init(&term, stdout);
	xb_term_size(&term, &columns, &rows);
	for (char **line = lines; *line != NULL && **line != '\0'; line++) {
		g_autofree char *fitted = xb_format_fit(*line, columns, FALSE);

		puts(term.live ? fitted : *line);
	}
	xb_term_clear(&term);
}

int xb_cmd_list(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	static const char *const heading[] = {
		"id", "kind", "state", "created", "title", "verdict"
	};
	g_autofree char *state = NULL;
	int limit = 50, status;
	const GOptionEntry entries[] = {
		{ "limit", 'n', 0, G_OPTION_ARG_INT, &limit, "at most so many, newest first (50)",
		  "N" },
		{ "state", 's', 0, G_OPTION_ARG_STRING, &state,
		  "queued, running, done, failed or cancelled only", "STATE" },
		{ 0 },
	};
	g_autoptr(json_t) answer = NULL;
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter writer = xb_writer_text(text);
	json_t *request, *jobs, *job;
	size_t i;

	if (!xb_command_parse(client, command, entries, &argc, &argv, 0, 0))
		return XB_EXIT_REFUSED;
	request = json_pack("{s:s, s:i}", "verb", "list", "limit", limit);
	if (state != NULL)
		json_object_set_new(request, "state", json_string(state));
	answer = xb_client_request(client, request, &status);
	if (answer == NULL)
		return status;
	jobs = json_object_get(answer, "jobs");
	if (client->json)
		return xb_client_print_json(json_pack("{s:O}", "jobs", jobs));
	for (i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	json_array_foreach(jobs, i, job) add_list_row(cells, job);
	if (json_array_size(jobs) == 0) {
		puts("no jobs; xbisect bisect GOOD..BAD queues one");
		return XB_EXIT_OK;
	}
	writer.table(&writer, cells, G_N_ELEMENTS(heading), 1u << 0);
	print_rows(text->str);
	return XB_EXIT_OK;
}

/* ---- show -------------------------------------------------------------------------- */

static json_t *fetch_job(XbClient *client, gint64 id, int *status)
{
	json_t *answer = xb_client_request(
		client, json_pack("{s:s, s:I}", "verb", "show", "id", (json_int_t)id), status);
	json_t *job = json_incref(json_object_get(answer, "job"));

	json_decref(answer);
	if (answer != NULL && !json_is_object(job)) {
		json_decref(job);
		*status = xb_client_fail(client, XB_EXIT_FAILED, NULL,
					 "the daemon's answer holds no job");
		return NULL;
	}
	return job;
}

static void print_show(const json_t *job)
{
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter w = xb_writer_text(text);
	g_autofree char *title = xb_text(job, "title");
	g_autofree char *verdict = xb_job_verdict_line(job);
	g_autofree char *effect = xb_job_effect_line(job);

	g_string_append_printf(text, "job %" G_GINT64_FORMAT ": %s\n", xb_integer(job, "id"),
			       title);
	w.field(&w, "state", verdict);
	if (effect != NULL)
		w.field(&w, "effect", effect);
	xb_report_facts(&w, job);
	if (!xb_job_ended(job)) {
		g_autoptr(GPtrArray) lines =
			xb_progress_view(job, 0, (double)g_get_real_time() / 1e6, 120, 40);

		g_string_append_c(text, '\n');
		for (guint i = 1; i < lines->len; i++)
			g_string_append_printf(text, "%s\n",
					       ((XbLine *)g_ptr_array_index(lines, i))->text);
	}
	xb_report_steps(&w, job);
	xb_report_levels(&w, job);
	xb_report_explanation(&w, job);
	xb_report_confirmation(&w, job);
	xb_report_commits(&w, job);
	fputs(text->str, stdout);
}

int xb_cmd_show(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	gboolean wait = FALSE;
	const GOptionEntry entries[] = {
		{ "wait", 'W', 0, G_OPTION_ARG_NONE, &wait,
		  "show progress until it ends; the exit status tells the verdict", NULL },
		{ 0 },
	};
	g_autoptr(json_t) job = NULL;
	gint64 id;
	int status;

	if (!xb_command_parse(client, command, entries, &argc, &argv, 1, 1) ||
	    !xb_client_parse_id(client, argv[1], &id))
		return XB_EXIT_REFUSED;
	if (wait)
		return xb_follow_and_tell(client, id);
	job = fetch_job(client, id, &status);
	if (job == NULL)
		return status;
	if (client->json)
		return xb_client_print_json(g_steal_pointer(&job));
	print_show(job);
	return XB_EXIT_OK;
}

/* ---- report --------------------------------------------------------------------------- */

/* "Name <address>" of the user, as git would guess it. */
static char *own_address(void)
{
	const char *name = g_getenv("GIT_AUTHOR_NAME"), *email = g_getenv("GIT_AUTHOR_EMAIL");
	g_autofree char *raw = NULL;

	if (email == NULL)
		email = g_getenv("EMAIL");
	raw = g_strdup_printf("%s <%s%s%s>", name != NULL ? name : g_get_real_name(),
			      email != NULL ? email : g_get_user_name(), email != NULL ? "" : "@",
			      email != NULL ? "" : g_get_host_name());
	return xb_text_safe(raw, -1, 512, false);
}

static char *report_json(const json_t *job)
{
	char *text = json_dumps(job, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	char *line = g_strdup_printf("%s\n", text);

	free(text);
	return line;
}

static char *report_mbox(const json_t *job)
{
	g_autofree char *from = own_address();

	return xb_report_mbox(job, from);
}

static const struct {
	const char *name;
	char *(*render)(const json_t *job);
} formats[] = {
	{ "text", xb_report_text },
	{ "markdown", xb_report_markdown },
	{ "json", report_json },
	{ "mbox", report_mbox },
};

int xb_cmd_report(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_autofree char *format = NULL, *document = NULL;
	const GOptionEntry entries[] = {
		{ "format", 'f', 0, G_OPTION_ARG_STRING, &format,
		  "text (default), markdown, json, or mbox: a mail to send", "FORMAT" },
		{ 0 },
	};
	g_autoptr(json_t) job = NULL;
	unsigned i = 0;
	gint64 id;
	int status;

	if (!xb_command_parse(client, command, entries, &argc, &argv, 1, 1) ||
	    !xb_client_parse_id(client, argv[1], &id))
		return XB_EXIT_REFUSED;
	if (client->json && format == NULL)
		format = g_strdup("json");
	while (format != NULL && i < G_N_ELEMENTS(formats) && strcmp(format, formats[i].name) != 0)
		i++;
	if (i == G_N_ELEMENTS(formats) || (client->json && g_strcmp0(format, "json") != 0))
		return xb_client_fail(
			client, XB_EXIT_REFUSED, "text, markdown, json or mbox", "--format %s%s",
			format, client->json ? " does not go with --json" : ": no such format");
	job = fetch_job(client, id, &status);
	if (job == NULL)
		return status;
	document = formats[i].render(job);
	return fputs(document, stdout) == EOF || fflush(stdout) != 0 ? XB_EXIT_FAILED : XB_EXIT_OK;
}

/* ---- log -------------------------------------------------------------------------------- */

static void print_log_line(const json_t *line)
{
	double time = xb_number(line, "time");
	g_autofree char *when = xb_format_time(time);
	g_autofree char *text = xb_text(line, "text");

	printf("%.19s  %s\n", when, text);
}

/* Lines after @after, appended to @all. The last sequence number, -1 with @status. */
static gint64 fetch_log(XbClient *client, gint64 id, gint64 after, json_t *all, int *status)
{
	g_autoptr(json_t) answer =
		xb_client_request(client,
				  json_pack("{s:s, s:I, s:I}", "verb", "log", "id", (json_int_t)id,
					    "after", (json_int_t)after),
				  status);
	json_t *lines = json_object_get(answer, "lines"), *line;
	size_t i;

	if (answer == NULL)
		return -1;
	json_array_foreach(lines, i, line)
	{
		after = MAX(after, xb_integer(line, "seq"));
		if (client->json)
			json_array_append(all, line);
		else
			print_log_line(line);
	}
	fflush(stdout);
	return after;
}

int xb_cmd_log(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	gboolean follow = FALSE;
	const GOptionEntry entries[] = {
		{ "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "go on until the job ends", NULL },
		{ 0 },
	};
	g_autoptr(json_t) all = json_array();
	gint64 id, seq = 0;
	int status;

	if (!xb_command_parse(client, command, entries, &argc, &argv, 1, 1) ||
	    !xb_client_parse_id(client, argv[1], &id))
		return XB_EXIT_REFUSED;
	for (;;) {
		/* The state first: lines written before the end are then all there. */
		g_autoptr(json_t) job = follow ? fetch_job(client, id, &status) : NULL;

		if (follow && job == NULL)
			return status;
		seq = fetch_log(client, id, seq, all, &status);
		if (seq < 0)
			return status;
		if (!follow || xb_job_ended(job))
			break;
		g_usleep(LOG_POLL_MS * 1000);
	}
	return client->json ? xb_client_print_json(json_pack("{s:O}", "lines", all)) : XB_EXIT_OK;
}

/* ---- cancel ------------------------------------------------------------------------------- */

int xb_cmd_cancel(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_autoptr(json_t) answer = NULL;
	g_autofree char *state = NULL;
	gint64 id;
	int status;

	if (!xb_command_parse(client, command, NULL, &argc, &argv, 1, 1) ||
	    !xb_client_parse_id(client, argv[1], &id))
		return XB_EXIT_REFUSED;
	answer = xb_client_request(
		client, json_pack("{s:s, s:I}", "verb", "cancel", "id", (json_int_t)id), &status);
	if (answer == NULL)
		return status;
	if (client->json)
		return xb_client_print_json(json_incref(json_object_get(answer, "job")));
	state = xb_text(answer, "job.state");
	printf("job %" G_GINT64_FORMAT " is %s\n", id, *state != '\0' ? state : "cancelled");
	return XB_EXIT_OK;
}
