/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that came from outside, and units. */
#include "text.h"

#include <math.h>
#include <string.h>

static void hostile_text_becomes_visible(void)
{
	static const struct {
		const char *in;
		gssize length;
		gsize max;
		bool multiline;
		const char *out;
	} cases[] = {
		{ "plain text", -1, 100, false, "plain text" },
		{ "Jos\xc3\xa9 \xe2\x82\xac", -1, 100, false, "Jos\xc3\xa9 \xe2\x82\xac" },
		{ "a\nb\tc", -1, 100, true, "a\nb\tc" },
		{ "a\nb\tc", -1, 100, false, "a\\x0Ab\\x09c" },
		{ "a\rb", -1, 100, true, "a\\x0Db" },
		{ "\x1b[31mred", -1, 100, true, "\\x1B[31mred" },
		{ "\xc2\x9b"
		  "31m",
		  -1, 100, true, "\\u{009B}31m" },
		{ "del\x7f", -1, 100, true, "del\\x7F" },
		{ "x\0y", 3, 100, true, "x\\x00y" },
		{ "\xff\xfe", -1, 100, true, "\\xFF\\xFE" },
		{ "cut\xe2\x82", -1, 100, true, "cut\\xE2\\x82" },
		{ "\xc0\xaf", -1, 100, true, "\\xC0\\xAF" },
		{ "a\xe2\x80\xae"
		  "b",
		  -1, 100, true, "a\\u{202E}b" },
		{ "a\xe2\x81\xa6"
		  "b",
		  -1, 100, true, "a\\u{2066}b" },
		{ "a\xe2\x80\x8b"
		  "b",
		  -1, 100, true, "a\\u{200B}b" },
		{ "a\xe2\x80\xa8"
		  "b",
		  -1, 100, true, "a\\u{2028}b" },
		{ "abcdef", -1, 3, false, "abc" },
		{ "ab\xc3\xa9", -1, 3, false, "ab" },
		{ "ab\x01", -1, 5, false, "ab" },
		{ "", -1, 3, false, "" },
		{ NULL, -1, 3, false, "" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *out = xb_text_safe(cases[i].in, cases[i].length, cases[i].max,
						    cases[i].multiline);

		g_assert_cmpstr(out, ==, cases[i].out);
	}
}

static void every_byte_gives_valid_bounded_text(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);

	for (int round = 0; round < 2000; round++) {
		char bytes[64];
		gsize max = (gsize)g_rand_int_range(rand, 0, 100);
		g_autofree char *out = NULL;

		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)g_rand_int_range(rand, 0, 256);
		out = xb_text_safe(bytes, sizeof bytes, max, round % 2);
		g_assert_cmpuint(strlen(out), <=, max);
		g_assert_true(g_utf8_validate(out, -1, NULL));
		for (const char *p = out; *p != '\0'; p++)
			g_assert_true((guchar)*p >= 0x20 || (round % 2 && strchr("\n\t", *p)));
	}
}

static void durations(void)
{
	static const struct {
		const char *text;
		double seconds; /* negative: refused */
	} cases[] = {
		{ "90s", 90 },  { "15m", 900 },   { "2h", 7200 },    { "1d", 86400 },
		{ "7", 7 },     { "1.5h", 5400 }, { "250ms", 0.25 }, { "0", 0 },
		{ "", -1 },     { "s", -1 },      { "-1s", -1 },     { "+1s", -1 },
		{ "1e3s", -1 }, { "0x10", -1 },   { "1 s", -1 },     { "1s ", -1 },
		{ " 1s", -1 },  { "1.2.3s", -1 }, { ".", -1 },       { "nan", -1 },
		{ "inf", -1 },  { "1w", -1 },     { "1,5s", -1 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		double seconds = -1;
		bool fine = xb_parse_duration(cases[i].text, &seconds);

		g_test_message("'%s'", cases[i].text);
		g_assert_cmpint(fine, ==, cases[i].seconds >= 0);
		if (fine)
			g_assert_cmpfloat_with_epsilon(seconds, cases[i].seconds, 1e-9);
	}
	g_assert_false(xb_parse_duration(NULL, &(double){ 0 }));
}

static void sizes(void)
{
	static const struct {
		const char *text;
		bool fine;
		uint64_t bytes;
	} cases[] = {
		{ "2G", true, 2ull << 30 },
		{ "512M", true, 512ull << 20 },
		{ "64K", true, 65536 },
		{ "1T", true, 1ull << 40 },
		{ "1.5G", true, 3ull << 29 },
		{ "2GiB", true, 2ull << 30 },
		{ "4096", true, 4096 },
		{ "0", true, 0 },
		{ "1.5", false, 0 },
		{ "2g", false, 0 },
		{ "2GB", false, 0 },
		{ "-1", false, 0 },
		{ "99999999999T", false, 0 },
		{ "G", false, 0 },
		{ "", false, 0 },
		{ "1K2", false, 0 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint64_t bytes = 0;

		g_test_message("'%s'", cases[i].text);
		g_assert_cmpint(xb_parse_size(cases[i].text, &bytes), ==, cases[i].fine);
		if (cases[i].fine)
			g_assert_cmpuint(bytes, ==, cases[i].bytes);
	}
}

static void fractions(void)
{
	static const struct {
		const char *text;
		double fraction; /* negative: refused */
	} cases[] = {
		{ "1%", 0.01 }, { "0.5%", 0.005 }, { "0.01", 0.01 }, { "150%", 1.5 }, { "0", 0 },
		{ "100%", 1 },  { "-1%", -1 },     { "10", -1 },     { "1000%", -1 }, { "%", -1 },
		{ "1 %", -1 },  { "1%%", -1 },     { "nan", -1 },    { "1e-2", -1 },  { "", -1 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		double fraction = -1;
		bool fine = xb_parse_fraction(cases[i].text, &fraction);

		g_test_message("'%s'", cases[i].text);
		g_assert_cmpint(fine, ==, cases[i].fraction >= 0);
		if (fine)
			g_assert_cmpfloat_with_epsilon(fraction, cases[i].fraction, 1e-12);
	}
}

static void what_was_asked_is_told_as_written(void)
{
	g_autofree char *text = xb_asked_text(0.9995);

	g_assert_cmpstr(text, ==, "99.95 %");
	g_assert_null(xb_asked_text(NAN));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/hostile-text-becomes-visible", hostile_text_becomes_visible);
	g_test_add_func("/text/every-byte-gives-valid-bounded-text",
			every_byte_gives_valid_bounded_text);
	g_test_add_func("/text/durations", durations);
	g_test_add_func("/text/sizes", sizes);
	g_test_add_func("/text/fractions", fractions);
	g_test_add_func("/text/what-was-asked-is-told-as-written",
			what_was_asked_is_told_as_written);
	return g_test_run();
}
