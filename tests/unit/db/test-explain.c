/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-explain.c - from counts of two sides to a table and a sentence. */
#include "explain.h"

#include <string.h>

/* One boot's counters: "PHASE NAME SYMBOL OFFSET VALUE UNIT", "-" for none. */
static GPtrArray *boot_of(const char *const *lines)
{
	GPtrArray *boot = g_ptr_array_new_with_free_func((GDestroyNotify)xb_counter_free);

	for (; *lines; lines++) {
		g_auto(GStrv) words = g_strsplit(*lines, " ", 6);
		XbCounter *counter = g_new0(XbCounter, 1);

		counter->phase = g_strdup(words[0]);
		counter->name = g_strdup(words[1]);
		counter->symbol = g_strdup(strcmp(words[2], "-") ? words[2] : "");
		counter->offset = g_strdup(strcmp(words[3], "-") ? words[3] : "");
		counter->value = g_ascii_strtod(words[4], NULL);
		counter->unit = g_strdup(words[5]);
		g_ptr_array_add(boot, counter);
	}
	return boot;
}

static GPtrArray *boots_new(const char *const *one, const char *const *other)
{
	GPtrArray *boots = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

	g_ptr_array_add(boots, boot_of(one));
	if (other)
		g_ptr_array_add(boots, boot_of(other));
	return boots;
}

static json_t *explain(const char *metric, GPtrArray *base, GPtrArray *test)
{
	const XbExplainSide sides[2] = { { "the parent", base }, { "the culprit", test } };

	return xb_explain(metric, &sides[0], &sides[1]);
}

static const char *const parent[] = {
	"unmap instructions - - 1370 1/page",
	"unmap time - - 1370 ns/page",
	"unmap time-traced - - 1480 ns/page",
	"unmap lost-records - - 0 1/page",
	"unmap ptwr-emulation - - 0 1/page",
	"unmap hypercall - - 0.0404 1/page",
	"unmap hypercall mmu_update - 0.004 1/page",
	"unmap hypercall multicall - 0.0364 1/page",
	"unmap multicall-subcall - - 1.0 1/page",
	"unmap multicall-subcall update_va_mapping - 1.0 1/page",
	"unmap vmstat pgfree - 0.001 1/page",
	"map instructions - - 770 1/page",
	"map ptwr-emulation - - 0 1/page",
	NULL,
};

static const char *const culprit[] = {
	"unmap instructions - - 2615.3 1/page",
	"unmap time - - 2615 ns/page",
	"unmap time-traced - - 3118 ns/page",
	"unmap lost-records - - 0 1/page",
	"unmap ptwr-emulation - - 1.0002 1/page",
	"unmap ptwr-emulation zap_pte_range 0x47b 1 1/page",
	"unmap ptwr-emulation exit_mmap 0x10 0.0002 1/page",
	"unmap hypercall - - 0.0404 1/page",
	"unmap hypercall mmu_update - 0.004 1/page",
	"unmap hypercall multicall - 0.0364 1/page",
	"unmap multicall-subcall - - 0.002 1/page",
	"unmap multicall-subcall update_va_mapping - 0.002 1/page",
	"unmap vmstat pgfree - 0.0012 1/page",
	"map instructions - - 770 1/page",
	"map ptwr-emulation - - 0 1/page",
	NULL,
};

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void the_place_of_the_traps_is_named(void)
{
	g_autoptr(GPtrArray) base = boots_new(parent, NULL), test = boots_new(culprit, NULL);
	g_autoptr(json_t) object = explain("unmap", base, test);
	const json_t *rows = json_object_get(object, "rows"), *first = json_array_get(rows, 0);

	g_assert_cmpstr(text(object, "sentence"), ==,
			"unmap costs 1,245 more instructions a page: 1.00 emulated page-table "
			"write a page in zap_pte_range, where the parent used 1.00 call within "
			"multicalls a page (update_va_mapping)");
	g_assert_cmpstr(text(object, "phase"), ==, "unmap");
	g_assert_cmpstr(text(object, "per"), ==, "page");
	g_assert_cmpstr(text(first, "name"), ==, "ptwr-emulation");
	g_assert_cmpstr(text(first, "symbol"), ==, "zap_pte_range");
	g_assert_cmpstr(text(first, "offset"), ==, "0x47b");
	g_assert_cmpfloat(number(first, "base"), ==, 0);
	g_assert_cmpfloat(number(first, "test"), ==, 1);
	g_assert_cmpfloat(number(first, "share"), >, 0.9);
	/* Neither the total, which the place explains, nor what did not change. */
	g_assert_cmpuint(json_array_size(rows), ==, 2);
	g_assert_cmpstr(text(json_array_get(rows, 1), "symbol"), ==, "update_va_mapping");
	g_assert_cmpfloat(number(json_array_get(rows, 1), "share"), <, 0);
	g_assert_cmpfloat_with_epsilon(number(object, "overhead"), 0.154, 0.001);
	g_assert_false(json_is_true(json_object_get(object, "lost")));
}

/* Costs that are estimated too high, and a saving beside them. */
static void what_is_added_is_never_more_than_all(void)
{
	static const char *const lines[2][8] = {
		{ "unmap instructions - - 1000 1/page", "unmap ptwr-emulation - - 0 1/page",
		  "unmap page-fault - - 0 1/page", "unmap hypercall mmu_update - 1 1/page", NULL },
		{ "unmap instructions - - 2000 1/page", "unmap ptwr-emulation - - 1 1/page",
		  "unmap page-fault - - 1 1/page", "unmap hypercall mmu_update - 0 1/page", NULL },
	};

	for (guint base = 0; base < 2; base++) {
		g_autoptr(GPtrArray) one = boots_new(lines[base], NULL);
		g_autoptr(GPtrArray) other = boots_new(lines[1 - base], NULL);
		g_autoptr(json_t) object = explain("unmap", one, other);
		const json_t *rows = json_object_get(object, "rows"), *row;
		double added = 0, least = 0;
		size_t i;

		g_assert_cmpuint(json_array_size(rows), ==, 3);
		json_array_foreach(rows, i, row)
		{
			double share = number(row, "share");

			added += share > 0 ? share : 0;
			least = MIN(least, share);
		}
		/* 1,500 and 900 instructions more, 250 fewer, by estimate; 1,000 by count */
		g_assert_cmpfloat_with_epsilon(added, 1, 1e-9);
		g_assert_cmpfloat_with_epsilon(least, -250.0 / 2400, 1e-9);
		g_assert_cmpstr(text(json_array_get(rows, 0), "name"), ==, "ptwr-emulation");
	}
}

static void a_fix_reads_the_other_way(void)
{
	g_autoptr(GPtrArray) base = boots_new(culprit, NULL), test = boots_new(parent, NULL);
	g_autoptr(json_t) object = explain("unmap_page", base, test);

	g_assert_cmpstr(text(object, "sentence"), ==,
			"unmap costs 1,245 fewer instructions a page: no emulated page-table "
			"writes a page in zap_pte_range, where the parent had 1.00 emulated "
			"page-table write a page in zap_pte_range");
}

static void the_phase_is_the_metrics(void)
{
	static const struct {
		const char *metric, *phase;
	} rows[] = {
		{ "unmap", "unmap" }, { "unmap_page", "unmap" }, { "unmap.hypercall", "unmap" },
		{ "map", "map" },     { "total", "" },           { "something", "" }
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) base = boots_new(parent, NULL),
				     test = boots_new(culprit, NULL);
		g_autoptr(json_t) object = explain(rows[i].metric, base, test);

		g_assert_cmpstr(text(object, "phase"), ==, rows[i].phase);
	}
}

static void what_boots_disagree_on_is_noise(void)
{
	static const char *const quiet[] = { "p time - - 100 ns/page", "p trap - - 1.0 1/page",
					     "p page-fault - - 1.0 1/page", NULL };
	static const char *const loud[] = { "p time - - 120 ns/page", "p trap - - 1.6 1/page",
					    "p page-fault - - 1.5 1/page", NULL };
	static const char *const even[] = { "p time - - 120 ns/page", "p trap - - 1.1 1/page",
					    "p page-fault - - 1.5 1/page", NULL };
	g_autoptr(GPtrArray) base = boots_new(quiet, quiet), test = boots_new(loud, even);
	g_autoptr(json_t) object = explain("p", base, test);
	const json_t *rows = json_object_get(object, "rows");

	/* Traps differ by 0.35 on average, and by 0.5 between two boots of one side. */
	g_assert_cmpuint(json_array_size(rows), ==, 1);
	g_assert_cmpstr(text(json_array_get(rows, 0), "name"), ==, "page-fault");
	g_assert_true(g_str_has_prefix(text(object, "sentence"),
				       "p takes 20 more ns a page: 1.50 page faults a page"));
}

static void without_a_difference_it_says_so(void)
{
	g_autoptr(GPtrArray) base = boots_new(parent, NULL), test = boots_new(parent, NULL);
	g_autoptr(json_t) object = explain("unmap", base, test);

	g_assert_cmpuint(json_array_size(json_object_get(object, "rows")), ==, 0);
	g_assert_nonnull(strstr(text(object, "sentence"), "no counter that differs explains it"));
}

static void without_counters_there_is_none(void)
{
	static const char *const untimed[] = { "p trap - - 1 1/page", NULL };
	g_autoptr(GPtrArray) none = g_ptr_array_new(), some = boots_new(parent, NULL);
	g_autoptr(GPtrArray) other = boots_new(untimed, NULL);

	g_assert_null(explain("unmap", none, some));
	g_assert_null(explain("unmap", some, none));
	g_assert_null(explain("p", other, other));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/explain/the-place-of-the-traps-is-named",
			the_place_of_the_traps_is_named);
	g_test_add_func("/explain/a-fix-reads-the-other-way", a_fix_reads_the_other_way);
	g_test_add_func("/explain/what-is-added-is-never-more-than-all",
			what_is_added_is_never_more_than_all);
	g_test_add_func("/explain/the-phase-is-the-metrics", the_phase_is_the_metrics);
	g_test_add_func("/explain/what-boots-disagree-on-is-noise",
			what_boots_disagree_on_is_noise);
	g_test_add_func("/explain/without-a-difference-it-says-so",
			without_a_difference_it_says_so);
	g_test_add_func("/explain/without-counters-there-is-none", without_counters_there_is_none);
	return g_test_run();
}
