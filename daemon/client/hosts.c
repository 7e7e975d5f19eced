/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts.c - the test hosts: list, check, take offline, bring back.
 */
#include <math.h>
#include <string.h>

#include "client.h"
#include "format.h"
#include "job.h"
#include "writer.h"

static void print_hosts(const json_t *hosts)
{
	static const char *const heading[] = { "name", "driver",      "state", "running",
					       "boot", "fingerprint", "reason" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter writer = xb_writer_text(text);
	const json_t *host;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	json_array_foreach(hosts, i, host)
	{
		double boot_s = xb_number(host, "boot_s");
		g_autofree char *fingerprint = xb_text(host, "fingerprint");

		g_ptr_array_add(cells, xb_text(host, "name"));
		g_ptr_array_add(cells, xb_text(host, "driver"));
		g_ptr_array_add(cells, xb_text(host, "state"));
		g_ptr_array_add(cells, xb_text(host, "running"));
		g_ptr_array_add(cells, boot_s > 0 ? xb_format_span(boot_s) : g_strdup("-"));
		g_ptr_array_add(cells, g_strndup(fingerprint, 12));
		g_ptr_array_add(cells, xb_text(host, "reason"));
	}
	writer.table(&writer, cells, G_N_ELEMENTS(heading), 1u << 4);
	fputs(text->str, stdout);
}

static int finish_hosts(XbClient *client, json_t *answer)
{
	g_autoptr(json_t) owned = answer;
	json_t *hosts = json_object_get(owned, "hosts");

	if (client->json)
		return xb_client_print_json(json_pack("{s:O}", "hosts", hosts));
	print_hosts(hosts);
	return XB_EXIT_OK;
}

/* The known-good kernel may be booting: ask again until it is done. */
static json_t *await_check(XbClient *client, json_t *answer, const char *name, int *status)
{
	json_int_t run;
	bool said = false;

	while (answer != NULL && (run = json_integer_value(json_object_get(answer, "run"))) != 0) {
		if (!said)
			fprintf(stderr, "booting the known-good kernel on %s...\n", name);
		said = true;
		json_decref(answer);
		g_usleep(G_USEC_PER_SEC / 2);
		answer = xb_client_request(client,
					   json_pack("{s:s, s:s, s:I}", "verb", "host-check",
						     "name", name, "run", run),
					   status);
	}
	return answer;
}

/* Each step and its outcome; XB_EXIT_FAILED when one failed. */
static int finish_check(XbClient *client, json_t *answer)
{
	g_autoptr(json_t) owned = answer;
	json_t *steps = json_object_get(owned, "steps"), *step;
	int status = XB_EXIT_OK, printed = XB_EXIT_OK;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		bool fine = json_is_true(json_object_get(step, "ok"));
		g_autofree char *name = xb_text(step, "name");
		g_autofree char *detail = xb_text(step, "detail");

		if (!fine)
			status = XB_EXIT_FAILED;
		if (!client->json)
			printf("%-6s %s%s%s\n", fine ? "ok" : "FAILED", name,
			       *detail != '\0' ? ": " : "", detail);
	}
	if (client->json)
		printed = xb_client_print_json(json_pack("{s:O}", "steps", steps));
	return status != XB_EXIT_OK ? status : printed;
}

static const struct {
	const char *name;
	const char *verb;
	const char *usage;
	int arguments; /* after the name of the action */
	int (*finish)(XbClient *client, json_t *answer);
} actions[] = {
	{ "check", "host-check", "check NAME", 1, finish_check },
	{ "online", "host-online", "online NAME", 1, finish_hosts },
	{ "offline", "host-offline", "offline NAME REASON", 2, finish_hosts },
};

int xb_cmd_hosts(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	json_t *request, *answer;
	unsigned i;
	int status;

	if (!xb_command_parse(client, command, NULL, &argc, &argv, 0, 3))
		return XB_EXIT_REFUSED;
	if (argc == 1) {
		answer = xb_client_request(client, json_pack("{s:s}", "verb", "hosts"), &status);
		return answer != NULL ? finish_hosts(client, answer) : status;
	}
	for (i = 0; i < G_N_ELEMENTS(actions) && strcmp(argv[1], actions[i].name) != 0; i++)
		;
	if (i == G_N_ELEMENTS(actions))
		return xb_client_fail(client, XB_EXIT_REFUSED,
				      "xbisect hosts [check NAME | online NAME | offline NAME "
				      "REASON]",
				      "hosts: '%s' is nothing that can be done to a host", argv[1]);
	if (argc - 2 != actions[i].arguments)
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "usage: xbisect hosts %s",
				      actions[i].usage);
	request = json_pack("{s:s, s:s}", "verb", actions[i].verb, "name", argv[2]);
	if (request == NULL)
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "the name is no valid UTF-8");
	if (actions[i].arguments > 1)
		json_object_set_new(request, "reason", json_string(argv[3]));
	answer = xb_client_request(client, request, &status);
	if (actions[i].finish == finish_check)
		answer = await_check(client, answer, argv[2], &status);
	return answer != NULL ? actions[i].finish(client, answer) : status;
}
