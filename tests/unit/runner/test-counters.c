/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-counters.c - counter lines of dom0 to events. */
#include "counters.h"
#include "counter.h"

#include <string.h>

static const char map[] = "ffffffff8138a800 t zap_pte_range\n"
			  "ffffffff8138b200 T unmap_page_range\n"
			  "ffffffff81500000 B _end\n";

static RunnerCounters *counters_new(double ns_per_instruction)
{
	return runner_counters_new(runner_symbols_parse("map", map, strlen(map), NULL),
				   ns_per_instruction);
}

static const char *text(const json_t *event, const char *name)
{
	return json_string_value(json_object_get(event, name));
}

static double number(const json_t *event, const char *name)
{
	return json_number_value(json_object_get(event, name));
}

static void a_place_has_its_function(void)
{
	g_autoptr(RunnerCounters) counters = counters_new(0);
	g_autoptr(GPtrArray) events = runner_counters_take(
		counters, "counter unmap ptwr-emulation 0xffffffff8138ac7b 16388 1 16384 page");
	const json_t *event = events->pdata[0];

	g_assert_cmpuint(events->len, ==, 1);
	g_assert_cmpstr(text(event, "event"), ==, "counter");
	g_assert_cmpstr(text(event, "phase"), ==, "unmap");
	g_assert_cmpstr(text(event, "name"), ==, "ptwr-emulation");
	g_assert_cmpstr(text(event, "symbol"), ==, "zap_pte_range");
	g_assert_cmpstr(text(event, "offset"), ==, "0x47b");
	g_assert_cmpstr(text(event, "unit"), ==, "1/page");
	g_assert_cmpfloat_with_epsilon(number(event, "value"), 16388 / 16384.0, 1e-12);
	g_assert_cmpfloat(number(event, "count"), ==, 16388);
}

static void other_places_keep_their_names(void)
{
	static const struct {
		const char *where, *symbol;
	} rows[] = { { "mmu_update", "mmu_update" },
		     { "0x00007f0012345678", "user" },
		     { "0xffffffffc0001000", "0xffffffffc0001000" }, /* a module */
		     { "pgfault", "pgfault" } };
	g_autoptr(RunnerCounters) counters = counters_new(0);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *line =
			g_strdup_printf("counter map x %s 1 1 16 page", rows[i].where);
		g_autoptr(GPtrArray) events = runner_counters_take(counters, line);

		g_assert_cmpuint(events->len, ==, 1);
		g_assert_cmpstr(text(events->pdata[0], "symbol"), ==, rows[i].symbol);
	}
}

static void a_total_is_a_sample_unless_records_were_lost(void)
{
	g_autoptr(RunnerCounters) counters = counters_new(0);
	g_autoptr(GPtrArray) none =
		runner_counters_take(counters, "counter unmap lost-records - 0 1 16384 page");
	g_autoptr(GPtrArray) good =
		runner_counters_take(counters, "counter unmap ptwr-emulation - 0 1 16384 page");
	g_autoptr(GPtrArray) lost =
		runner_counters_take(counters, "counter unmap lost-records - 7 1 16384 page");
	g_autoptr(GPtrArray) bad =
		runner_counters_take(counters, "counter unmap ptwr-emulation - 9 1 16384 page");

	g_assert_cmpuint(none->len, ==, 1);
	g_assert_cmpuint(good->len, ==, 2);
	g_assert_cmpstr(text(good->pdata[1], "event"), ==, "sample");
	g_assert_cmpstr(text(good->pdata[1], "metric"), ==, "unmap.ptwr-emulation");
	g_assert_cmpstr(text(good->pdata[1], "unit"), ==, "1/page");
	/* Ratios want no zeros. */
	g_assert_cmpfloat(number(good->pdata[1], "value"), ==, XB_COUNTER_LEAST);
	g_assert_true(runner_counters_sampled(counters, "unmap.ptwr-emulation"));
	g_assert_false(runner_counters_sampled(counters, "unmap.hypercall"));
	g_assert_cmpuint(lost->len, ==, 1);
	g_assert_cmpuint(bad->len, ==, 1);
	g_assert_cmpfloat(number(bad->pdata[0], "iteration"), ==, 1);
}

static void time_is_instructions_where_the_host_counts_them(void)
{
	g_autoptr(RunnerCounters) counted = counters_new(8), timed = counters_new(0);
	const char *line = "counter unmap time - 8000 ns 100 page";
	g_autoptr(GPtrArray) events = runner_counters_take(counted, line);
	g_autoptr(GPtrArray) other = runner_counters_take(timed, line);

	g_assert_cmpuint(events->len, ==, 3);
	g_assert_cmpstr(text(events->pdata[0], "unit"), ==, "ns/page");
	g_assert_cmpstr(text(events->pdata[1], "name"), ==, "instructions");
	g_assert_cmpfloat(number(events->pdata[1], "value"), ==, 10);
	g_assert_cmpstr(text(events->pdata[2], "metric"), ==, "unmap.instructions");
	g_assert_cmpuint(other->len, ==, 1);
}

static void what_is_no_counter_is_nothing(void)
{
	static const char *const lines[] = {
		"",
		"counter",
		"counter unmap x - 1 1 1",
		"counter unmap x - 1 1 1 page more",
		"counter unmap x - 1 1 0 page",
		"counter unmap x - 1.5 1 1 page",
		"counter unmap x - 1 s 1 page",
		"counter un\tmap x - 1 1 1 page",
		"counter unmap <b> - 1 1 1 page",
		"unmap 1 s",
		"counter  x - 1 1 1 page",
		"counter unmap x - 99999999999999999999 1 1 page",
	};
	g_autoptr(RunnerCounters) counters = counters_new(1);

	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GPtrArray) events = runner_counters_take(counters, lines[i]);

		g_assert_cmpuint(events->len, ==, 0);
	}
}

static void endless_counters_end(void)
{
	g_autoptr(RunnerCounters) counters = counters_new(1);
	guint n = 0;

	for (guint i = 0; i < 21000; i++) {
		g_autofree char *line = g_strdup_printf("counter p x w%u 1 1 1 page", i);
		g_autoptr(GPtrArray) events = runner_counters_take(counters, line);

		n += events->len;
	}
	g_assert_cmpuint(n, ==, 8000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/counter/a-place-has-its-function", a_place_has_its_function);
	g_test_add_func("/counter/other-places-keep-their-names", other_places_keep_their_names);
	g_test_add_func("/counter/a-total-is-a-sample-unless-records-were-lost",
			a_total_is_a_sample_unless_records_were_lost);
	g_test_add_func("/counter/time-is-instructions-where-the-host-counts-them",
			time_is_instructions_where_the_host_counts_them);
	g_test_add_func("/counter/what-is-no-counter-is-nothing", what_is_no_counter_is_nothing);
	g_test_add_func("/counter/endless-counters-end", endless_counters_end);
	return g_test_run();
}
