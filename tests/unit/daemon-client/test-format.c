/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and columns for people. */
#include "../probability-cases.h"
#include "format.h"

#include <math.h>

static void levels_have_perf_stats_form(void)
{
	static const struct {
		double value, error;
		const char *unit, *text;
	} cases[] = {
		{ 0.75642, 0.00202, "s", "0.75642 +- 0.00202 seconds ( +- 0.27% )" },
		{ 3.26932, 0.00503, "s", "3.26932 +- 0.00503 seconds ( +- 0.15% )" },
		{ 0.042857, 0.0000046, "s", "0.04285700 +- 0.00000460 seconds ( +- 0.01% )" },
		{ 0.042857, 0, "s", "0.042857 +- 0.000000 seconds ( +- 0.00% )" },
		{ 0.042857, NAN, "s", "0.042857 seconds" },
		{ 12.5, 0.25, "ns/page", "12.500 +- 0.250 ns/page ( +- 2.00% )" },
		{ 0, 0.5, "s", "0.000 +- 0.500 seconds ( +- 0.00% )" },
		{ NAN, 1, "s", "-" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			xb_format_level(cases[i].value, cases[i].error, cases[i].unit);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void spans_probabilities_changes(void)
{
	static const struct {
		double seconds;
		const char *text;
	} spans[] = { { 0, "0.0s" },     { 9.94, "9.9s" }, { 9.96, "10s" },   { 59.4, "59s" },
		      { 59.6, "1m00s" }, { 192, "3m12s" }, { 3900, "1h05m" }, { 183600, "2d03h" },
		      { -1, "?" },       { NAN, "?" },     { INFINITY, "?" } };
	static const struct {
		double ratio;
		const char *text;
	} changes[] = { { 1.909, "+90.9%" }, { 0.998, "-0.20%" }, { 1, "+0.00%" }, { NAN, "-" } };

	for (unsigned i = 0; i < G_N_ELEMENTS(spans); i++) {
		g_autofree char *text = xb_format_span(spans[i].seconds);

		g_assert_cmpstr(text, ==, spans[i].text);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(probability_cases); i++) {
		g_autofree char *text = xb_format_probability(probability_cases[i].probability);

		g_assert_cmpstr(text, ==, probability_cases[i].text);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *text = xb_format_change(changes[i].ratio);

		g_assert_cmpstr(text, ==, changes[i].text);
	}
}

static void text_is_cut_at_columns(void)
{
	static const struct {
		const char *text;
		int width;
		gboolean pad;
		const char *out;
	} cases[] = {
		{ "abc", 5, FALSE, "abc" },
		{ "abc", 5, TRUE, "abc  " },
		{ "abcdef", 5, TRUE, "abc.." },
		{ "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 5, TRUE, "\xe6\xbc\xa2.. " },
		{ "e\xcc\x81te", 3, FALSE, "e\xcc\x81te" },
		{ "abc", 1, FALSE, "" },
		{ "", 3, TRUE, "   " },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *out = xb_format_fit(cases[i].text, cases[i].width, cases[i].pad);

		g_assert_cmpstr(out, ==, cases[i].out);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/format/levels-have-perf-stats-form", levels_have_perf_stats_form);
	g_test_add_func("/format/spans-probabilities-changes", spans_probabilities_changes);
	g_test_add_func("/format/text-is-cut-at-columns", text_is_cut_at_columns);
	return g_test_run();
}
