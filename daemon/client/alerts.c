/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alerts.c - what was told of: list, acknowledge, snooze; and a test message.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "format.h"
#include "job.h"
#include "text.h"
#include "writer.h"

#define TEST_POLL_MS 300

/* "mail delivered, chat waiting (2 attempts: 503)" */
static char *deliveries_line(const json_t *alert)
{
	const json_t *list = xb_member(alert, "deliveries"), *one;
	GString *line = g_string_new(NULL);
	size_t i;

	json_array_foreach(list, i, one)
	{
		g_autofree char *target = xb_text(one, "target"), *state = xb_text(one, "state");
		g_autofree char *detail = xb_text(one, "detail");

		g_string_append_printf(line, "%s%s%s %s", line->len > 0 ? ", " : "",
				       xb_is(one, "event", "fixed") ? "fixed to " : "", target,
				       state);
		if (!xb_is(one, "state", "delivered") && *detail != '\0')
			g_string_append_printf(line, " (attempts: %" G_GINT64_FORMAT ", %s)",
					       xb_integer(one, "attempts"), detail);
	}
	return g_string_free(line, FALSE);
}

static char *state_of(const json_t *alert)
{
	g_autofree char *state = xb_text(alert, "state");
	double until = xb_number(alert, "snoozed_until");

	if (isfinite(until) && until > (double)g_get_real_time() / 1e6 &&
	    xb_is(alert, "state", "open"))
		return g_strdup("snoozed");
	return g_steal_pointer(&state);
}

/* "unmap", or "unmap +2" with those that joined it. */
static char *metrics_of(const json_t *alert)
{
	g_autofree char *metric = xb_text(alert, "metric");
	size_t findings = json_array_size(xb_member(alert, "findings"));

	return findings > 1 ? g_strdup_printf("%s +%zu", metric, findings - 1)
			    : g_steal_pointer(&metric);
}

static void print_alerts(const json_t *alerts)
{
	static const char *const heading[] = { "id",     "state",  "job",     "commit",
					       "metric", "change", "subject", "told" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter writer = xb_writer_text(text);
	const json_t *alert;
	size_t i;

	if (json_array_size(alerts) == 0) {
		puts("no alerts");
		return;
	}
	for (i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	json_array_foreach(alerts, i, alert)
	{
		g_autofree char *subject = xb_text(alert, "subject");

		g_ptr_array_add(cells, xb_text(alert, "id"));
		g_ptr_array_add(cells, state_of(alert));
		g_ptr_array_add(cells, xb_text(alert, "job_id"));
		g_ptr_array_add(cells, xb_short_commit(alert, "commit"));
		bool host = xb_is(alert, "kind", "host");
		g_ptr_array_add(cells, host ? g_strdup("(host)") : metrics_of(alert));
		g_ptr_array_add(cells, host ? g_strdup("offline")
					    : xb_format_change(xb_number(alert, "ratio")));
		g_ptr_array_add(cells, xb_format_fit(subject, 40, FALSE));
		g_ptr_array_add(cells, deliveries_line(alert));
	}
	writer.table(&writer, cells, G_N_ELEMENTS(heading), 1u << 5);
	fputs(text->str, stdout);
}

static int do_list(XbClient *client, char **arguments)
{
	int status;
	g_autoptr(json_t) answer =
		xb_client_request(client, json_pack("{s:s}", "verb", "alerts"), &status);
	json_t *alerts = json_object_get(answer, "alerts");
	(void)arguments;

	if (answer == NULL)
		return status;
	if (client->json)
		return xb_client_print_json(json_pack("{s:O,s:O}", "alerts", alerts, "targets",
						      json_object_get(answer, "targets")));
	print_alerts(alerts);
	return XB_EXIT_OK;
}

/* One alert that was changed. */
static int finish_change(XbClient *client, json_t *request)
{
	int status;
	g_autoptr(json_t) answer = xb_client_request(client, request, &status);
	json_t *alert = json_object_get(answer, "alert");
	g_autofree char *state = NULL;

	if (answer == NULL)
		return status;
	if (client->json)
		return xb_client_print_json(json_incref(alert));
	state = state_of(alert);
	printf("alert %" G_GINT64_FORMAT " is %s\n", xb_integer(alert, "id"), state);
	return XB_EXIT_OK;
}

static int do_ack(XbClient *client, char **arguments)
{
	gint64 id;

	if (!xb_client_parse_id(client, arguments[0], &id))
		return XB_EXIT_REFUSED;
	return finish_change(client,
			     json_pack("{s:s,s:I}", "verb", "alert-ack", "id", (json_int_t)id));
}

static int do_snooze(XbClient *client, char **arguments)
{
	double seconds;
	gint64 id;

	if (!xb_client_parse_id(client, arguments[0], &id))
		return XB_EXIT_REFUSED;
	if (!xb_parse_duration(arguments[1], &seconds))
		return xb_client_fail(client, XB_EXIT_REFUSED, "such as 3d, 12h, 30m",
				      "'%s' is no time", arguments[1]);
	return finish_change(client, json_pack("{s:s,s:I,s:f}", "verb", "alert-snooze", "id",
					       (json_int_t)id, "seconds", seconds));
}

/* The dialogue of a message that did not arrive says why. */
static int print_test(XbClient *client, const char *name, json_t *result)
{
	bool delivered = json_is_true(json_object_get(result, "delivered"));
	g_autofree char *detail = xb_text(result, "detail");
	json_t *lines = json_object_get(result, "dialogue"), *line;
	size_t i;

	if (client->json) {
		int status = xb_client_print_json(json_incref(result));

		return delivered ? status : XB_EXIT_FAILED;
	}
	if (delivered) {
		printf("delivered to %s: %s\n", name, detail);
		return XB_EXIT_OK;
	}
	json_array_foreach(lines, i, line)
	{
		g_autofree char *safe = xb_text_safe(json_string_value(line), -1, 4096, false);

		printf("  %s\n", safe);
	}
	printf("NOT delivered to %s: %s\n", name, detail);
	return XB_EXIT_FAILED;
}

static int do_test(XbClient *client, char **arguments)
{
	const char *name = arguments[0];
	json_int_t run = 0;

	for (;;) {
		int status;
		g_autoptr(json_t) answer = xb_client_request(
			client,
			json_pack("{s:s,s:s,s:I}", "verb", "alert-test", "name", name, "run", run),
			&status);

		if (answer == NULL)
			return status;
		run = json_integer_value(json_object_get(answer, "run"));
		if (run == 0)
			return print_test(client, name, json_object_get(answer, "result"));
		g_usleep(TEST_POLL_MS * 1000);
	}
}

static const struct {
	const char *name;
	const char *usage;
	int arguments;
	int (*run)(XbClient *client, char **arguments);
} actions[] = {
	{ "list", "list", 0, do_list },
	{ "test", "test NAME", 1, do_test },
	{ "ack", "ack ID", 1, do_ack },
	{ "snooze", "snooze ID TIME", 2, do_snooze },
};

int xb_cmd_alerts(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	const char *name;
	unsigned i = 0;

	if (!xb_command_parse(client, command, NULL, &argc, &argv, 0, 3))
		return XB_EXIT_REFUSED;
	name = argc > 1 ? argv[1] : "list";
	while (i < G_N_ELEMENTS(actions) && strcmp(name, actions[i].name) != 0)
		i++;
	if (i == G_N_ELEMENTS(actions))
		return xb_client_fail(client, XB_EXIT_REFUSED,
				      "xbisect alerts [list | test NAME | ack ID | snooze ID TIME]",
				      "alerts: '%s' is nothing that can be done to an alert", name);
	if (argc > 1 && argc - 2 != actions[i].arguments)
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "usage: xbisect alerts %s",
				      actions[i].usage);
	if (argc > 2 && !g_utf8_validate(argv[2], -1, NULL))
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "the name is no valid UTF-8");
	return actions[i].run(client, argv + 2);
}
