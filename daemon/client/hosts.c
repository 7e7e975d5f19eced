/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosts.c - the test hosts: list, show, check, take away and bring back, note.
 */
#include <math.h>
#include <string.h>

#include "client.h"
#include "format.h"
#include "job.h"
#include "writer.h"

#define LOCKS_WAIT_S 5

/* "held by me@lab7, process 12, for 3 min": by somebody else than the daemon; "-" for nobody. */
static char *holder_of(const json_t *host)
{
	const json_t *first = json_array_get(xb_member(host, "held.holders"), 0);
	double age_s = xb_number(first, "age_s");
	g_autofree char *owner = first ? xb_text(first, "owner") : NULL;
	g_autofree char *span = age_s > 0 ? xb_format_span(age_s) : NULL;

	if (first == NULL)
		return g_strdup("-");
	return g_strdup_printf("held by %s, process %" G_GINT64_FORMAT "%s%s", owner,
			       xb_integer(first, "pid"), span ? ", for " : "", span ? span : "");
}

/* "boot 12 of job 3 (search)", "recover 4", "draining"; who else has it; "-" for nobody. */
static char *doing_of(const json_t *host)
{
	const json_t *lock = xb_member(host, "lock");
	g_autofree char *kind = xb_text(lock, "kind");
	g_autofree char *job = xb_text(lock, "job_id");
	g_autofree char *purpose = xb_text(lock, "for");

	if (!json_is_object(lock))
		return holder_of(host);
	if (!xb_is(lock, "kind", "boot"))
		return g_strdup_printf("%s %" G_GINT64_FORMAT, kind, xb_integer(lock, "id"));
	if (json_is_null(json_object_get(lock, "job_id")))
		return g_strdup_printf("boot %" G_GINT64_FORMAT " (%s)", xb_integer(lock, "id"),
				       purpose);
	return g_strdup_printf("boot %" G_GINT64_FORMAT " of job %s (%s)", xb_integer(lock, "id"),
			       job, purpose);
}

/* "online", "offline", "draining", "drained"; of a machine also what is known of it. */
static char *state_of(const json_t *host)
{
	bool running = json_is_true(json_object_get(host, "running"));
	g_autofree char *state = xb_text(host, "state");
	g_autofree char *condition = xb_text(host, "condition");

	if (json_is_object(xb_member(host, "drained")))
		return g_strdup(running ? "draining" : "drained");
	if (*condition == '\0' || xb_is(host, "condition", "ready"))
		return g_steal_pointer(&state);
	return g_strdup_printf("%s, %s", state, condition);
}

static char *labels_of(const json_t *host)
{
	GString *text = g_string_new(NULL);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)xb_member(host, "labels"), key, value)
	{
		g_autoptr(json_t) one = json_pack("{s:s,s:O}", "key", key, "value", value);
		g_autofree char *name = xb_text(one, "key"), *is = xb_text(one, "value");

		g_string_append_printf(text, "%s%s=%s", text->len ? " " : "", name, is);
	}
	return g_string_free(text, FALSE);
}

/* Why it is away, or the last note. */
static char *remark_of(const json_t *host)
{
	g_autofree char *reason = xb_text(host, "reason");
	g_autofree char *drained = xb_text(host, "drained.reason");
	g_autofree char *note = xb_text(host, "note");

	if (json_is_object(xb_member(host, "drained")))
		return g_steal_pointer(&drained);
	return *reason != '\0' ? g_steal_pointer(&reason) : g_steal_pointer(&note);
}

static void print_hosts(const json_t *hosts)
{
	static const char *const heading[] = { "name", "driver", "state",       "doing",
					       "boot", "labels", "fingerprint", "remark" };
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
		g_ptr_array_add(cells, state_of(host));
		g_ptr_array_add(cells, doing_of(host));
		g_ptr_array_add(cells, boot_s > 0 ? xb_format_span(boot_s) : g_strdup("-"));
		g_ptr_array_add(cells, labels_of(host));
		g_ptr_array_add(cells, g_strndup(fingerprint, 12));
		g_ptr_array_add(cells, remark_of(host));
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

/* ---- who else has them ----------------------------------------------------------- */

static bool is_asking(const json_t *host)
{
	return json_is_true(xb_member(host, "held.asking"));
}

/* The daemon asks the machines who has them: @request, which is stolen, again until they told, or
 * long enough; a machine that does not answer has no lock that is known. NULL with *status. */
static json_t *request_with_locks(XbClient *client, json_t *request, int *status)
{
	gint64 end = g_get_monotonic_time() + LOCKS_WAIT_S * G_USEC_PER_SEC;
	g_autoptr(json_t) owned = request;

	json_object_set_new(owned, "locks", json_true());
	for (;;) {
		json_t *answer = xb_client_request(client, json_deep_copy(owned), status);
		const json_t *list = json_object_get(answer, "hosts"), *host;
		bool asking = is_asking(json_object_get(answer, "host"));
		size_t i;

		json_array_foreach(list, i, host) asking |= is_asking(host);
		if (!asking || g_get_monotonic_time() >= end)
			return answer;
		json_decref(answer);
		g_usleep(G_USEC_PER_SEC / 5);
	}
}

/* ---- one host ------------------------------------------------------------------ */

static void field(XbWriter *w, const char *name, char *value)
{
	g_autofree char *owned = value;

	if (*owned != '\0')
		w->field(w, name, owned);
}

/* Facts are objects within objects: "cpu.model: ...". */
static void write_facts(XbWriter *w, const char *prefix, json_t *facts)
{
	const char *key;
	json_t *value;

	json_object_foreach(facts, key, value)
	{
		g_autoptr(json_t) one = json_pack("{s:s}", "key", key);
		g_autofree char *safe = xb_text(one, "key");
		g_autofree char *name = g_strconcat(prefix, *prefix ? "." : "", safe, NULL);

		if (json_is_object(value)) {
			write_facts(w, name, value);
			continue;
		}
		g_autofree char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		g_autoptr(json_t) text = json_is_string(value) ? json_pack("{s:O}", "value", value)
							       : json_pack("{s:s}", "value", dump);
		field(w, name, xb_text(text, "value"));
	}
}

static void write_history(XbWriter *w, const json_t *host)
{
	const json_t *one;
	size_t i;

	if (json_array_size(xb_member(host, "notes")) > 0)
		w->section(w, "Notes");
	json_array_foreach(xb_member(host, "notes"), i, one)
	{
		g_autofree char *when = xb_format_time(xb_number(one, "time"));

		field(w, when, xb_text(one, "text"));
	}
	if (json_array_size(xb_member(host, "tasks")) > 0)
		w->section(w, "Recoveries and checks");
	json_array_foreach(xb_member(host, "tasks"), i, one)
	{
		g_autofree char *when = xb_format_time(xb_number(one, "started"));
		g_autofree char *kind = xb_text(one, "kind"), *why = xb_text(one, "why");
		g_autofree char *outcome = xb_text(one, "outcome");
		g_autofree char *detail = xb_text(one, "detail");

		field(w, when,
		      g_strdup_printf("%s (%s): %s%s%s", kind, why, outcome,
				      *detail != '\0' ? ": " : "", detail));
	}
}

static int finish_show(XbClient *client, json_t *answer)
{
	g_autoptr(json_t) owned = answer;
	json_t *host = json_object_get(owned, "host");
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter w = xb_writer_text(text);

	if (client->json)
		return xb_client_print_json(json_incref(host));
	g_autofree char *name = xb_text(host, "name");
	w.title(&w, name);
	field(&w, "driver", xb_text(host, "driver"));
	field(&w, "state", state_of(host));
	field(&w, "remark", remark_of(host));
	field(&w, "doing", doing_of(host));
	field(&w, "labels", labels_of(host));
	field(&w, "health", xb_text(host, "health.detail"));
	field(&w, "fingerprint", xb_text(host, "fingerprint"));
	if (json_object_size(json_object_get(host, "facts")) > 0) {
		w.section(&w, "What it is made of");
		write_facts(&w, "", json_object_get(host, "facts"));
	}
	write_history(&w, host);
	fputs(text->str, stdout);
	return XB_EXIT_OK;
}

/* ---- check ----------------------------------------------------------------------- */

/* Its operations are being tried, or its known-good kernel boots: ask again until that is over. */
static json_t *await_check(XbClient *client, json_t *answer, const char *name, int *status)
{
	json_int_t said = -1;

	while (answer != NULL) {
		json_int_t task = json_integer_value(json_object_get(answer, "task"));
		json_int_t run = json_integer_value(json_object_get(answer, "run"));

		if (task == 0 && run == 0)
			break;
		if (said != run)
			fprintf(stderr,
				run == 0 ? "trying the operations of %s...\n"
					 : "booting the known-good kernel on %s...\n",
				name);
		said = run;
		json_decref(answer);
		g_usleep(G_USEC_PER_SEC / 2);
		answer = xb_client_request(client,
					   json_pack("{s:s, s:s, s:I, s:I}", "verb", "host-check",
						     "name", name, "task", task, "run", run),
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
		g_autofree char *advice = xb_text(step, "advice");

		if (!fine)
			status = XB_EXIT_FAILED;
		if (client->json)
			continue;
		printf("%-6s %s%s%s\n", fine ? "ok" : "FAILED", name, *detail != '\0' ? ": " : "",
		       detail);
		if (*advice != '\0')
			printf("       what to do: %s\n", advice);
	}
	if (client->json)
		printed = xb_client_print_json(json_pack("{s:O}", "steps", steps));
	return status != XB_EXIT_OK ? status : printed;
}

static const struct {
	const char *name;
	const char *verb;
	const char *usage;
	const char *text; /* member for the second argument, or NULL */
	bool optional;    /* that argument may be missing */
	int (*finish)(XbClient *client, json_t *answer);
} actions[] = {
	{ "show", "host-show", "show NAME", NULL, false, finish_show },
	{ "check", "host-check", "check NAME", NULL, false, finish_check },
	{ "online", "host-online", "online NAME", NULL, false, finish_hosts },
	{ "offline", "host-offline", "offline NAME REASON", "reason", false, finish_hosts },
	{ "drain", "host-drain", "drain NAME [REASON]", "reason", true, finish_hosts },
	{ "undrain", "host-undrain", "undrain NAME", NULL, false, finish_hosts },
	{ "note", "host-note", "note NAME TEXT", "text", false, finish_show },
	{ "relearn", "host-relearn", "relearn NAME", NULL, false, finish_show },
};

static bool count_fits(unsigned action, int arguments)
{
	int most = actions[action].text != NULL ? 2 : 1;

	return arguments == most || (actions[action].optional && arguments == 1);
}

int xb_cmd_hosts(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	json_t *request, *answer;
	unsigned i;
	int status;

	if (!xb_command_parse(client, command, NULL, &argc, &argv, 0, 3))
		return XB_EXIT_REFUSED;
	if (argc == 1 || (argc == 2 && strcmp(argv[1], "list") == 0)) {
		answer = request_with_locks(client, json_pack("{s:s}", "verb", "hosts"), &status);
		return answer != NULL ? finish_hosts(client, answer) : status;
	}
	for (i = 0; i < G_N_ELEMENTS(actions) && strcmp(argv[1], actions[i].name) != 0; i++)
		;
	if (i == G_N_ELEMENTS(actions))
		return xb_client_fail(client, XB_EXIT_REFUSED,
				      "xbisect hosts [list | show NAME | check NAME | online NAME "
				      "| offline NAME REASON | drain NAME [REASON] | undrain NAME "
				      "| note NAME TEXT | relearn NAME]",
				      "hosts: '%s' is nothing that can be done to a host", argv[1]);
	if (!count_fits(i, argc - 2))
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "usage: xbisect hosts %s",
				      actions[i].usage);
	request = json_pack("{s:s, s:s}", "verb", actions[i].verb, "name", argv[2]);
	if (request != NULL && argc > 3)
		json_object_set_new(request, actions[i].text, json_string(argv[3]));
	if (request == NULL || (argc > 3 && json_object_get(request, actions[i].text) == NULL)) {
		json_decref(request);
		return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "this is no valid UTF-8");
	}
	answer = strcmp(actions[i].name, "show") == 0 ? request_with_locks(client, request, &status)
						      : xb_client_request(client, request, &status);
	if (actions[i].finish == finish_check)
		answer = await_check(client, answer, argv[2], &status);
	return answer != NULL ? actions[i].finish(client, answer) : status;
}
