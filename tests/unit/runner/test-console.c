/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-console.c - tables of consoles and what they say. */
#include "console.h"

#include "frame.h"

#include <string.h>

typedef struct {
	GString *stages, *samples;
	guint frames;
} Seen;

static void on_stage(ConsoleStage stage, gpointer data)
{
	g_string_append_c(((Seen *)data)->stages, (char)('0' + stage));
}

static void on_sample(const char *metric, double value, const char *unit, int iteration,
		      gpointer data)
{
	g_string_append_printf(((Seen *)data)->samples, "%s[%d]=%g%s ", metric, iteration, value,
			       unit);
}

/* Lines of @text as they come: one that starts with '>' becomes a frame. */
static char *console_of(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) out = g_string_new(NULL);
	guint sequence = 0;

	for (guint i = 0; lines[i]; i++) {
		g_autofree char *body = NULL;

		if (lines[i][0] != '>') {
			g_string_append_printf(out, "%s\r\n", lines[i]);
			continue;
		}
		body = g_strdup_printf("%u %s", sequence, lines[i] + 1);
		g_string_append_printf(out, "@XB1 %u %zu %08x %s\r\n", sequence,
				       strlen(lines[i] + 1), runner_crc32(body, strlen(body)),
				       lines[i] + 1);
		sequence++;
	}
	return g_strdup(out->str);
}

typedef struct {
	const char *name, *text;
	const char *stages, *samples;
	const char *failure; /* part of it; NULL: none */
	XbOutcome outcome;
	const char *telling; /* part of it; NULL: any */
} Case;

#define BANNER "(XEN) Xen version 4.17.7\n"
#define UP     BANNER ">hello 0.1.0\n>start\n"

static const Case cases[] = {
	{ "good",
	  UP ">out unmap 0.5 s\n>out words that are no sample\n>out unmap 0.25 s\n>end 0\n>off",
	  "12345", "unmap[0]=0.5s unmap[1]=0.25s ", NULL, 0, NULL },
	{ "bad-numbers-are-no-samples",
	  UP ">out a nan s\n>out b inf s\n>out c 1x s\n>out d  s\n>out e 1\n>out f\"g 1 s", "123",
	  "", NULL, 0, NULL },
	{ "panic", BANNER "BUG: bad\nKernel panic - not syncing: VFS", "1", "", "panicked",
	  XB_OUTCOME_BOOT_FAILED, "BUG: bad | Kernel panic - not syncing: VFS" },
	{ "panic-in-workload", UP "Kernel panic - not syncing: x", "123", "", "panicked",
	  XB_OUTCOME_WORKLOAD_FAILED, NULL },
	{ "panic-after-off-is-nothing", UP ">end 0\n>off\nKernel panic - not syncing: x", "12345",
	  "", NULL, 0, NULL },
	{ "panic-quoted-by-the-program-is-nothing", UP ">out Kernel panic - not syncing", "123", "",
	  NULL, 0, NULL },
	{ "xen-panic", BANNER "(XEN) Panic on CPU 0:\n(XEN) Could not construct domain 0", "1", "",
	  "Xen panicked", XB_OUTCOME_BOOT_FAILED, "Could not construct" },
	{ "second-banner", BANNER "x\n" BANNER, "1", "", "second time", XB_OUTCOME_BOOT_FAILED,
	  NULL },
	{ "gap", UP "@XB1 7 3 00000000 off", "123", "", "torn", XB_OUTCOME_WORKLOAD_FAILED, NULL },
	{ "frame-after-torn-one-is-no-sample", UP "@XB1 2 5 (XEN)\n>out a 1 s", "123", "a[0]=1s ",
	  "torn", XB_OUTCOME_WORKLOAD_FAILED, NULL },
	{ "status", UP "xbisect-dom0: no domain\n>end 9\n>off", "12345", "", NULL, 0,
	  "xbisect-dom0: no domain" },
	{ "fail", BANNER ">hello 1\n>fail no pipe\n>off", "123", "", "no pipe",
	  XB_OUTCOME_WORKLOAD_FAILED, NULL },
	{ "off-without-end", UP ">off", "123", "", "without a result", XB_OUTCOME_WORKLOAD_FAILED,
	  NULL },
	{ "last-lines", BANNER "one\ntwo\nthree\n\nfour", "1", "", NULL, 0, "two | three | four" },
	{ "escapes-are-made-safe", BANNER "\033[2Jgone", "1", "", NULL, 0, "\\x1B[2Jgone" },
};

static void check(const Case *c, gsize chunk)
{
	g_autofree char *text = console_of(c->text);
	Seen seen = { g_string_new(NULL), g_string_new(NULL), 0 };
	const ConsoleHandlers handlers = { on_stage, on_sample, &seen, NULL };
	g_autoptr(Console) console = runner_console_new(&handlers);
	g_autofree char *telling = NULL;
	const char *failure;
	XbOutcome outcome = XB_OUTCOME_OK;

	for (gsize at = 0, length = strlen(text); at < length; at += chunk)
		runner_console_feed(console, text + at, MIN(chunk, length - at));
	g_assert_cmpstr(seen.stages->str, ==, c->stages);
	g_assert_cmpstr(seen.samples->str, ==, c->samples);
	failure = runner_console_failure(console, &outcome);
	telling = runner_console_telling(console);
	if (c->failure) {
		g_assert_nonnull(failure);
		g_assert_nonnull(strstr(failure, c->failure));
		g_assert_cmpint(outcome, ==, c->outcome);
	} else {
		g_assert_null(failure);
	}
	if (c->telling && !strstr(telling, c->telling))
		g_assert_cmpstr(telling, ==, c->telling);
	g_string_free(seen.stages, TRUE);
	g_string_free(seen.samples, TRUE);
}

static void test_case(gconstpointer data)
{
	check(data, 1);
	check(data, 7);
	check(data, 65536);
}

/* Anything may be on a console: NUL bytes, endless lines, broken UTF-8. */
static void test_noise(void)
{
	const ConsoleHandlers handlers = { 0 };
	g_autoptr(Console) console = runner_console_new(&handlers);
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	g_autofree char *telling = NULL;
	char bytes[4096];

	for (guint round = 0; round < 500; round++) {
		for (gsize i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)g_rand_int_range(rand, 0, 256);
		if (round % 3 == 0)
			memset(bytes, 'x', sizeof(bytes));
		if (round % 5 == 0)
			memcpy(bytes, "\n@XB1 0 5 ", 10);
		runner_console_feed(console, bytes, sizeof(bytes));
	}
	telling = runner_console_telling(console);
	g_assert_true(g_utf8_validate(telling, -1, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/console/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_case);
	}
	g_test_add_func("/console/noise", test_noise);
	return g_test_run();
}
