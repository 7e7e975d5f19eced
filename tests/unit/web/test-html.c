/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-html.c - nothing that is put into markup becomes markup. */
#include "../probability-cases.h"
#include "html.h"
#include "page.h"

#include <string.h>

static char *taken(XbHtml *html)
{
	g_autoptr(GBytes) bytes = xb_html_take(html);
	gsize length;
	const char *data = g_bytes_get_data(bytes, &length);
	char *text = g_strndup(data ? data : "", length);

	xb_html_clear(html);
	return text;
}

static void test_text_is_escaped(void)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "plain", "plain" },
		{ "<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;" },
		{ "\033[31mred", "\\x1B[31mred" },
		{ "a\342\200\256b", "a\\u{202E}b" },
		{ "bad \377 byte", "bad \\xFF byte" },
		{ "caf\303\251", "caf\303\251" },
		{ "two\nlines", "two\nlines" },
		{ "", "" },
		{ NULL, "" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		XbHtml html;
		g_autofree char *text = NULL;

		xb_html_init(&html);
		xb_html(&html, "%s", cases[i].text);
		text = taken(&html);
		g_assert_cmpstr(text, ==, cases[i].wanted);
	}
}

static void test_numbers_are_as_printf_has_them(void)
{
	XbHtml html;
	g_autofree char *text = NULL;

	xb_html_init(&html);
	xb_html(&html, "%d %u %lld %5.2f %+.1f %g %%|%s|%zu|%.3s|%02x", -1, 2u, 1LL << 40, 3.14159,
		2.0, 1e9, "<", (gsize)7, "abcdef", 10);
	text = taken(&html);
	g_assert_cmpstr(text, ==, "-1 2 1099511627776  3.14 +2.0 1e+09 %|&lt;|7|abc|0a");
}

static void test_parts_of_addresses(void)
{
	g_autofree char *url = xb_url("a b/c?d&e=\"\303\251");

	g_assert_cmpstr(url, ==, "a%20b%2Fc%3Fd%26e%3D%22%C3%A9");
}

static void test_probabilities_are_told_as_by_the_engine(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(probability_cases); i++) {
		g_autofree char *text = xb_probability_text(probability_cases[i].probability);

		g_assert_cmpstr(text, ==, probability_cases[i].text);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/html/text-is-escaped", test_text_is_escaped);
	g_test_add_func("/html/numbers-are-as-printf-has-them",
			test_numbers_are_as_printf_has_them);
	g_test_add_func("/html/parts-of-addresses", test_parts_of_addresses);
	g_test_add_func("/html/probabilities-are-told-as-by-the-engine",
			test_probabilities_are_told_as_by_the_engine);
	return g_test_run();
}
