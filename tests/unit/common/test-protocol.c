/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs and events: what a peer may send, and what it may not. */
#include "protocol.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static void feed(XbEventReader *reader, const char *text)
{
	xb_event_reader_feed(reader, text, strlen(text));
}

static void outcome_names_go_both_ways(void)
{
	for (int i = XB_OUTCOME_OK; i <= XB_OUTCOME_HOST_TROUBLE; i++) {
		XbOutcome back;

		g_assert_true(xb_outcome_parse(xb_outcome_name((XbOutcome)i), &back));
		g_assert_cmpint(back, ==, i);
	}
	XbOutcome unused;
	g_assert_false(xb_outcome_parse("OK", &unused));
	g_assert_false(xb_outcome_parse("", &unused));
	g_assert_false(xb_outcome_parse(NULL, &unused));
}

static int pipe_with(const char *text)
{
	int fds[2];

	g_assert_cmpint(pipe(fds), ==, 0);
	g_assert_cmpint(write(fds[1], text, strlen(text)), ==, (ssize_t)strlen(text));
	close(fds[1]);
	return fds[0];
}

static void job_is_checked(void)
{
	static const struct {
		const char *text;
		int code; /* -1: accepted */
	} cases[] = {
		{ "{\"protocol\":1,\"kind\":\"build\",\"new\":[]}\n", -1 },
		{ "{\"protocol\":2,\"kind\":\"build\"}", XB_PROTOCOL_ERROR_VERSION },
		{ "{\"protocol\":\"1\",\"kind\":\"build\"}", XB_PROTOCOL_ERROR_MEMBER },
		{ "{\"kind\":\"build\"}", XB_PROTOCOL_ERROR_MEMBER },
		{ "{\"protocol\":1,\"kind\":\"run\"}", XB_PROTOCOL_ERROR_MEMBER },
		{ "{\"protocol\":1}", XB_PROTOCOL_ERROR_MEMBER },
		{ "[]", XB_PROTOCOL_ERROR_SYNTAX },
		{ "", XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"protocol\":1,\"protocol\":1,\"kind\":\"build\"}", XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"protocol\":1,\"kind\":\"build\"} {}", XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"protocol\":1,\"kind\":\"\xff\"}", XB_PROTOCOL_ERROR_SYNTAX },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		int fd = pipe_with(cases[i].text);
		g_autoptr(json_t) job = xb_job_read(fd, "build", &error);

		close(fd);
		if (cases[i].code < 0) {
			g_assert_no_error(error);
			g_assert_nonnull(job);
		} else {
			g_assert_null(job);
			g_assert_error(error, XB_PROTOCOL_ERROR, cases[i].code);
		}
	}
}

static void endless_job_is_refused(void)
{
	g_autoptr(GError) error = NULL;
	int fd = open("/dev/zero", O_RDONLY);

	g_assert_cmpint(fd, >=, 0);
	g_assert_null(xb_job_read(fd, NULL, &error));
	g_assert_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_TOO_LONG);
	close(fd);
}

static void events_come_whole_from_any_cut(void)
{
	static const char stream[] =
		"{\"event\":\"phase\",\"phase\":\"boot\",\"t\":1.25}\n"
		"\n"
		"{\"event\":\"from-the-future\",\"x\":{}}\n"
		"{\"event\":\"sample\",\"metric\":\"unmap\",\"value\":0.04285,\"unit\":\"s\"}\n"
		"{\"event\":\"done\",\"outcome\":\"ok\"}\n";

	for (size_t step = 1; step < sizeof stream; step++) {
		g_autoptr(XbEventReader) reader = xb_event_reader_new();
		unsigned events = 0;

		for (size_t at = 0; at < sizeof stream - 1; at += step) {
			g_autoptr(GError) error = NULL;
			json_t *event;

			xb_event_reader_feed(reader, stream + at,
					     MIN(step, sizeof stream - 1 - at));
			while ((event = xb_event_reader_next(reader, &error)) != NULL) {
				json_decref(event);
				events++;
			}
			g_assert_no_error(error);
		}
		g_assert_cmpuint(events, ==, 4);
		g_assert_cmpuint(xb_event_reader_offset(reader), ==, sizeof stream - 1);
	}
}

static void offset_counts_taken_events_only(void)
{
	g_autoptr(XbEventReader) reader = xb_event_reader_new();
	g_autoptr(GError) error = NULL;
	static const char first[] = "{\"event\":\"a\"}\n";

	feed(reader, first);
	feed(reader, "{\"event\":\"b\"}\n{\"event\":");
	g_assert_cmpuint(xb_event_reader_offset(reader), ==, 0);
	json_decref(xb_event_reader_next(reader, &error));
	g_assert_cmpuint(xb_event_reader_offset(reader), ==, strlen(first));
	json_decref(xb_event_reader_next(reader, &error));
	g_assert_cmpuint(xb_event_reader_offset(reader), ==, 2 * strlen(first));
	g_assert_null(xb_event_reader_next(reader, &error));
	g_assert_no_error(error);
}

static void broken_streams_stay_broken(void)
{
	static const struct {
		const char *text;
		unsigned events;
		int code;
	} cases[] = {
		{ "garbage\n", 0, XB_PROTOCOL_ERROR_SYNTAX },
		{ "[1]\n", 0, XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"event\":\"a\"}\n{\"event\":\"\x80\"}\n", 1, XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"event\":\"a\",\"event\":\"b\"}\n", 0, XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"event\":\"done\",\"outcome\":\"ok\"}\n{\"event\":\"a\"}\n", 1,
		  XB_PROTOCOL_ERROR_SYNTAX },
		{ "{\"event\":7}\n", 0, XB_PROTOCOL_ERROR_MEMBER },
		{ "{\"event\":\"done\",\"outcome\":\"fine\"}\n", 0, XB_PROTOCOL_ERROR_MEMBER },
		{ "{\"event\":\"sample\",\"metric\":\"m\",\"value\":\"1\",\"unit\":\"s\"}\n", 0,
		  XB_PROTOCOL_ERROR_MEMBER },
		{ "{\"event\":\"sample\",\"metric\":\"m\",\"value\":1e999,\"unit\":\"s\"}\n", 0,
		  XB_PROTOCOL_ERROR_SYNTAX },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(XbEventReader) reader = xb_event_reader_new();
		g_autoptr(GError) error = NULL;
		g_autoptr(GError) again = NULL;
		unsigned events = 0;
		json_t *event;

		feed(reader, cases[i].text);
		while ((event = xb_event_reader_next(reader, &error)) != NULL) {
			json_decref(event);
			events++;
		}
		g_assert_cmpuint(events, ==, cases[i].events);
		g_assert_error(error, XB_PROTOCOL_ERROR, cases[i].code);
		feed(reader, "{\"event\":\"a\"}\n");
		g_assert_null(xb_event_reader_next(reader, &again));
		g_assert_error(again, XB_PROTOCOL_ERROR, cases[i].code);
	}
}

static void line_limit_is_exact(void)
{
	for (int over = 0; over <= 1; over++) {
		g_autoptr(XbEventReader) reader = xb_event_reader_new();
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) event = NULL;
		g_autofree char *fill = NULL;
		g_autofree char *line = NULL;
		size_t frame = strlen("{\"event\":\"\"}");

		fill = g_strnfill(XB_EVENT_LINE_MAX - frame + (size_t)over, 'x');
		line = g_strdup_printf("{\"event\":\"%s\"}\n", fill);
		feed(reader, line);
		event = xb_event_reader_next(reader, &error);
		if (over)
			g_assert_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_TOO_LONG);
		else
			g_assert_nonnull(event);
	}
}

/* An event before the endless line is not lost, and what comes takes no
 * memory: 1 GiB of it passes in this test. */
static void endless_line_is_bounded(void)
{
	g_autoptr(XbEventReader) reader = xb_event_reader_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) event = NULL;
	g_autofree char *chunk = g_strnfill(1 << 20, 'x');

	feed(reader, "{\"event\":\"a\"}\n");
	for (int i = 0; i < 1024; i++)
		xb_event_reader_feed(reader, chunk, 1 << 20);
	event = xb_event_reader_next(reader, &error);
	g_assert_nonnull(event);
	g_assert_null(xb_event_reader_next(reader, &error));
	g_assert_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_TOO_LONG);
}

static void random_bytes_do_no_harm(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);

	for (int round = 0; round < 200; round++) {
		g_autoptr(XbEventReader) reader = xb_event_reader_new();

		for (int i = 0; i < 50; i++) {
			g_autoptr(GError) error = NULL;
			char bytes[257];
			json_t *event;

			for (size_t j = 0; j < sizeof bytes; j++)
				bytes[j] = (char)g_rand_int_range(rand, 0, 256);
			xb_event_reader_feed(reader, bytes, sizeof bytes);
			event = xb_event_reader_next(reader, &error);
			g_assert_true(event == NULL);
		}
	}
}

/* Emit into a pipe that takes the place of stdout; what came, NULL-terminated. */
static char *emitted(void (*emit)(void))
{
	static char text[XB_EVENT_LINE_MAX * 2];
	int fds[2], out = dup(STDOUT_FILENO);
	ssize_t n, used = 0;

	g_assert_cmpint(pipe(fds), ==, 0);
	g_assert_cmpint(fcntl(fds[1], F_SETPIPE_SZ, 1 << 18), >, 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	emit();
	dup2(out, STDOUT_FILENO);
	close(out);
	while ((n = read(fds[0], text + used, sizeof text - 1 - (size_t)used)) > 0)
		used += n;
	close(fds[0]);
	text[used] = '\0';
	return text;
}

static void emit_all(void)
{
	g_autofree char *garbage = g_strnfill(XB_EVENT_LINE_MAX * 2, '\x01');

	g_assert_true(xb_emit_phase("boot", NULL));
	g_assert_true(xb_emit_sample("unmap", 0.042857, "s", 3));
	g_assert_false(xb_emit_sample("unmap", NAN, "s", 4));
	g_assert_true(xb_emit_phase("log", garbage));
	g_assert_true(xb_emit_phase("log", "bad \xff utf-8"));
	g_assert_true(xb_emit_done(XB_OUTCOME_BOOT_FAILED, "panic \"quoted\"\n"));
}

static void emitted_events_read_back(void)
{
	g_autoptr(XbEventReader) reader = xb_event_reader_new();
	g_autoptr(GError) error = NULL;
	const char *last = NULL;
	json_t *event = NULL, *next;
	unsigned events = 0;

	feed(reader, emitted(emit_all));
	while ((next = xb_event_reader_next(reader, &error)) != NULL) {
		json_decref(event);
		event = next;
		g_assert_true(json_is_real(json_object_get(event, "t")));
		if (++events == 2)
			g_assert_cmpfloat(json_number_value(json_object_get(event, "value")), ==,
					  0.042857);
	}
	g_assert_no_error(error);
	g_assert_cmpuint(events, ==, 5);
	last = json_string_value(json_object_get(event, "outcome"));
	g_assert_cmpstr(last, ==, "boot-failed");
	g_assert_cmpstr(json_string_value(json_object_get(event, "detail")), ==,
			"panic \"quoted\"\n");
	json_decref(event);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/protocol/outcome-names-go-both-ways", outcome_names_go_both_ways);
	g_test_add_func("/protocol/job-is-checked", job_is_checked);
	g_test_add_func("/protocol/endless-job-is-refused", endless_job_is_refused);
	g_test_add_func("/protocol/events-come-whole-from-any-cut", events_come_whole_from_any_cut);
	g_test_add_func("/protocol/offset-counts-taken-events-only",
			offset_counts_taken_events_only);
	g_test_add_func("/protocol/broken-streams-stay-broken", broken_streams_stay_broken);
	g_test_add_func("/protocol/line-limit-is-exact", line_limit_is_exact);
	g_test_add_func("/protocol/endless-line-is-bounded", endless_line_is_bounded);
	g_test_add_func("/protocol/random-bytes-do-no-harm", random_bytes_do_no_harm);
	g_test_add_func("/protocol/emitted-events-read-back", emitted_events_read_back);
	return g_test_run();
}
