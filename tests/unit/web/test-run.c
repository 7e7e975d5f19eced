/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-run.c - one measurement: its page, its files, its bundle; and the API. */
#include "run.h"

#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static void write_file(Fixture *f, const char *name, const char *text, gssize length)
{
	g_autofree char *path = g_build_filename(f->dir, name, NULL);
	g_autofree char *dir = g_path_get_dirname(path);

	g_mkdir_with_parents(dir, 0755);
	g_assert_true(g_file_set_contents(path, text, length, NULL));
}

static json_t *get_json(Fixture *f, const char *target, guint status)
{
	g_autofree char *text = get(f, target, status);
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	g_assert_nonnull(object);
	return object;
}

static void test_a_boot_shows_all_it_said(Fixture *f, gconstpointer unused)
{
	(void)unused;
	write_file(f, "runs/1/console", "one\ntwo", -1);
	g_autofree char *text = get(f, "/run/1", 200);

	g_assert_nonnull(strstr(text, "unmap"));
	g_assert_nonnull(strstr(text, "Phases"));
	g_assert_nonnull(strstr(text, "&lt;script&gt;alert(2)"));
	g_assert_null(strstr(text, "<script>alert"));
	g_assert_nonnull(strstr(text, "/run/1/file?name=console"));
	g_assert_nonnull(strstr(text, "bundle.tar"));
	g_assert_nonnull(strstr(text, "<code>xbisect measure --workload"));
	g_autofree char *none = get(f, "/run/999", 404);
}

/* What was counted is by phase: totals, then the places that count most. */
static void test_counters_are_a_table(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *phase, *name, *symbol, *offset;
		int iteration;
		double value;
	} counted[] = {
		{ "unmap", "ptwr", "small_one", "", 0, 0.25 },
		{ "unmap", "ptwr", "zap_<b>bold", "0x2ed", 0, 1 },
		{ "unmap", "ptwr", "", "", 0, 2 },
		{ "unmap", "ptwr", "", "", 1, 4 },
		{ "map", "hypercalls", "", "", 0, 7 },
	};
	const char *last = NULL;
	static const char *const order[] = { ">hypercalls</th><td></td><td class=\"n\">7</td>",
					     ">ptwr</th><td></td><td class=\"n\">3</td>",
					     "<code>zap_&lt;b&gt;bold+0x2ed</code>",
					     "<code>small_one</code>" };
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(counted); i++) {
		const XbCounter counter = { .phase = (char *)counted[i].phase,
					    .name = (char *)counted[i].name,
					    .symbol = (char *)counted[i].symbol,
					    .offset = (char *)counted[i].offset,
					    .iteration = counted[i].iteration,
					    .value = counted[i].value,
					    .unit = (char *)"1/page" };
		g_assert_true(xb_db_counter_add(f->db, 1, &counter, NULL));
	}
	g_autofree char *text = get(f, "/run/1", 200);
	for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
		const char *at = strstr(text, order[i]);

		g_assert_nonnull(at);
		g_assert_true(!last || at > last);
		last = at;
	}
	g_assert_nonnull(strstr(text, "<td>1/page</td><td class=\"n\">2</td>"));
	g_assert_null(strstr(text, "<b>bold"));
	g_autoptr(json_t) run = get_json(f, "/api/v1/runs/1", 200);
	json_t *list = json_object_get(run, "counters");
	g_assert_cmpuint(json_array_size(list), ==, 5);
	g_assert_cmpstr(json_string_value(json_object_get(json_array_get(list, 0), "phase")), ==,
			"map");

	for (int i = 0; i < 400; i++) {
		g_autofree char *symbol = g_strdup_printf("function_%d", i);
		const XbCounter counter = { .phase = (char *)"unmap",
					    .name = (char *)"traps",
					    .symbol = symbol,
					    .offset = (char *)"",
					    .value = 1e-3 * i,
					    .unit = (char *)"1/page" };
		g_assert_true(xb_db_counter_add(f->db, 1, &counter, NULL));
	}
	g_autofree char *many = get(f, "/run/1", 200);
	g_assert_nonnull(strstr(many, "function_399"));
	g_assert_null(strstr(many, "function_10<"));
	g_assert_nonnull(strstr(many, "And 104 more"));
}

static void test_consoles_are_text(Fixture *f, gconstpointer unused)
{
	static const char console[] = "boot\r\n<script>alert(9)</script>\n\033[2Jclear\nbad \377\n"
				      "zero \0 byte\nSecond boot\n\342\200\256rtl";
	(void)unused;

	write_file(f, "runs/1/console", console, sizeof(console) - 1);
	g_autofree char *text = get(f, "/run/1/file?name=console", 200);
	g_assert_nonnull(strstr(text, "id=\"L7\""));
	g_assert_null(strstr(text, "id=\"L8\""));
	g_assert_nonnull(strstr(text, "&lt;script&gt;alert(9)"));
	g_assert_nonnull(strstr(text, "\\x1B[2Jclear"));
	g_assert_nonnull(strstr(text, "bad \\xFF"));
	g_assert_nonnull(strstr(text, "zero \\x01 byte"));
	g_assert_nonnull(strstr(text, "\\u{202E}rtl"));
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_autofree char *hits = get(f, "/run/1/file?name=console&q=BOOT", 200);
	g_assert_nonnull(strstr(hits, "#L1\">1</a>boot"));
	g_assert_nonnull(strstr(hits, "#L6\">6</a>Second boot"));
	g_assert_null(strstr(hits, "clear"));
}

static void test_long_consoles_come_in_parts(Fixture *f, gconstpointer unused)
{
	g_autoptr(GString) console = g_string_new(NULL);
	(void)unused;

	for (int i = 1; i <= 5000; i++)
		g_string_append_printf(console, "line number %d\n", i);
	write_file(f, "runs/1/console", console->str, -1);
	g_autofree char *first = get(f, "/run/1/file?name=console", 200);
	g_assert_nonnull(strstr(first, "Lines 1 to 2000 of 5000"));
	g_autofree char *last = get(f, "/run/1/file?name=console&from=4001", 200);
	g_assert_nonnull(strstr(last, "line number 5000"));
	g_assert_null(strstr(last, "line number 4000\n"));
	g_autofree char *beyond = get(f, "/run/1/file?name=console&from=99999", 200);
}

static void test_only_known_files_are_given(Fixture *f, gconstpointer unused)
{
	static const char *const paths[] = {
		"/run/1/file?name=../../xbisect.db",
		"/run/1/file?name=/etc/passwd",
		"/run/1/file?name=pid",
		"/run/1/file",
		"/run/1/raw?name=../../web.token",
		"/run/1/raw?name=out/../../../web.token",
		"/run/1/file?name=job.json%2f..%2fpid",
	};
	g_autofree char *link = g_build_filename(f->dir, "runs/1/console", NULL);
	(void)unused;

	write_file(f, "runs/1/pid", "1", -1);
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
		g_free(get(f, paths[i], 404));
	/* a worker is not trusted either */
	g_assert_cmpint(symlink(f->config.token_file, link), ==, 0);
	g_free(get(f, "/run/1/file?name=console", 404));
	g_free(get(f, "/run/1/raw?name=console", 404));
	g_unlink(link);
	g_assert_cmpint(mkfifo(link, 0644), ==, 0);
	g_free(get(f, "/run/1/file?name=console", 404));
	g_unlink(link);
}

static void test_bundle_holds_what_repeats_it(Fixture *f, gconstpointer unused)
{
	g_autofree char *tar = g_build_filename(f->dir, "b.tar", NULL);
	g_autofree char *quoted = g_shell_quote(tar), *listing = NULL, *command = NULL;
	g_autoptr(XbWebResponse) response = NULL;
	gsize length;
	const char *data;
	(void)unused;

	write_file(f, "runs/1/console", "a console\n", -1);
	write_file(f, "runs/1/job.json", "{}", -1);
	response = ask(f, "GET", "/run/1/bundle.tar", NULL, NULL);
	g_assert_cmpuint(response->status, ==, 200);
	g_assert_cmpstr(response->filename, ==, "xbisect-run-1.tar");
	data = g_bytes_get_data(response->body, &length);
	g_assert_true(g_file_set_contents(tar, data, (gssize)length, NULL));
	command = g_strdup_printf(
		"sh -c 'tar -tf \"$1\" && tar -xOf \"$1\" xbisect-run-1/console' x %s", quoted);
	g_assert_true(g_spawn_command_line_sync(command, &listing, NULL, NULL, NULL));
	g_assert_nonnull(strstr(listing, "xbisect-run-1/README\n"));
	g_assert_nonnull(strstr(listing, "xbisect-run-1/run.json\n"));
	g_assert_nonnull(strstr(listing, "xbisect-run-1/job.json\n"));
	g_assert_true(g_str_has_suffix(listing, "a console\n"));
}

static void test_the_command_names_all_that_was_given(Fixture *f, gconstpointer unused)
{
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const char source[] =
		"{\"repo\":\"/a b's\",\"commit\":\"c0ffee\",\"patches\":[\"" HASH
		"\",\"--not-a-hash\"],\"kconfig\":[\"/x/" HASH "\"]}";
	XbRun run = { .workload = (char *)"map-unmap" };
	XbVariant variant = { .source = (char *)source };
	XbRunData data = { .run = &run, .variant = &variant };
	g_autofree char *command = xb_run_command(&data);
	(void)f;
	(void)unused;

	g_assert_cmpstr(command, ==,
			"xbisect measure --repo '/a b'\\''s' --workload 'map-unmap' "
			"--kconfig kconfig/01-0123456789ab --patch patches/01-0123456789ab "
			"'c0ffee'");
	variant.source = (char *)"{\"image\":\"x\"}";
	run.workload = (char *)"";
	g_autofree char *image = xb_run_command(&data);
	g_assert_cmpstr(image, ==, "xbisect measure image:PATH");
}

static void test_api(Fixture *f, gconstpointer unused)
{
	g_autoptr(json_t) jobs = get_json(f, "/api/v1/jobs?limit=2", 200);
	g_autoptr(json_t) job = get_json(f, "/api/v1/jobs/1", 200);
	g_autoptr(json_t) lines = get_json(f, "/api/v1/jobs/1/log", 200);
	g_autoptr(json_t) run = get_json(f, "/api/v1/runs/1", 200);
	g_autoptr(json_t) hosts = get_json(f, "/api/v1/hosts", 200);
	g_autoptr(json_t) branches = get_json(f, "/api/v1/branches", 200);
	g_autoptr(json_t) branch = get_json(f, "/api/v1/branches/main%20line", 200);
	g_autoptr(json_t) alerts = get_json(f, "/api/v1/alerts", 200);
	g_autoptr(json_t) none = get_json(f, "/api/v1/jobs/77", 404);
	g_autoptr(json_t) wrong = get_json(f, "/api/v1/jobs?state=happy", 400);
	g_autoptr(json_t) nowhere = get_json(f, "/api/v1/nowhere", 404);
	(void)unused;

	g_assert_cmpuint(json_array_size(json_object_get(jobs, "jobs")), ==, 2);
	g_assert_cmpstr(xb_json_text(json_object_get(job, "verdict"), "kind"), ==, "culprit");
	g_assert_cmpuint(json_array_size(json_object_get(job, "measurements")), ==, 13);
	g_assert_nonnull(json_object_get(job, "culprit"));
	g_assert_cmpuint(json_array_size(json_object_get(lines, "lines")), ==, 1);
	g_assert_cmpstr(xb_json_text(run, "kind"), ==, "boot");
	g_assert_cmpuint(json_array_size(json_object_get(run, "samples")), ==, 9);
	g_assert_cmpstr(xb_json_text(json_array_get(json_object_get(hosts, "hosts"), 0), "state"),
			==, "offline");
	g_assert_nonnull(xb_json_text(none, "error"));
	g_assert_cmpuint(json_array_size(json_object_get(branches, "watches")), ==, 1);
	g_assert_cmpuint(json_array_size(json_object_get(branch, "series")), ==, 1);
	g_assert_cmpuint(json_array_size(json_object_get(alerts, "alerts")), ==, 1);
}

static void test_metrics(Fixture *f, gconstpointer unused)
{
	g_autofree char *text = get(f, "/metrics", 200);
	g_autofree char *health = get(f, "/healthz", 200);
	(void)unused;

	g_assert_nonnull(strstr(text, "xbisect_jobs{kind=\"bisect\",state=\"done\"} 1\n"));
	g_assert_nonnull(strstr(text, "xbisect_runs{kind=\"build\",outcome=\"build-failed\"} 1\n"));
	g_assert_nonnull(strstr(text, "xbisect_host_online{host=\"lab<1>\"} 0\n"));
	g_assert_cmpstr(health, ==, "ok\n");
}

#define ADD(name, function) g_test_add("/run/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("a-boot-shows-all-it-said", test_a_boot_shows_all_it_said);
	ADD("counters-are-a-table", test_counters_are_a_table);
	ADD("consoles-are-text", test_consoles_are_text);
	ADD("long-consoles-come-in-parts", test_long_consoles_come_in_parts);
	ADD("only-known-files-are-given", test_only_known_files_are_given);
	ADD("bundle-holds-what-repeats-it", test_bundle_holds_what_repeats_it);
	ADD("the-command-names-all-that-was-given", test_the_command_names_all_that_was_given);
	ADD("api", test_api);
	ADD("metrics", test_metrics);
	return g_test_run();
}
