/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers, addresses and parts of mails from tables. */
#include <math.h>
#include <string.h>

#include "mail.h"

static void a_header_is_one_header(void)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "plain", "Subject: plain\n" },
		{ "", "Subject: \n" },
		{ "a\r\nBcc: x@y", "Subject: a  Bcc: x@y\n" },
		{ "caf\xc3\xa9", "Subject: =?UTF-8?B?Y2Fmw6k=?=\n" },
		{ "\xff", "Subject: =?UTF-8?B?77+9?=\n" },
		{ "=?UTF-8?B?eA==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\n" },
		{ "0123456789012345678901234567890123456789 0123456789012345678901234567890123456",
		  "Subject: 0123456789012345678901234567890123456789\n "
		  "0123456789012345678901234567890123456\n" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) out = g_string_new(NULL);

		xb_mail_header(out, "Subject", cases[i].text);
		g_assert_cmpstr(out->str, ==, cases[i].wanted);
	}
}

static void no_line_of_a_header_is_too_long(void)
{
	g_autofree char *blanks = g_strnfill(5000, ' '), *word = g_strnfill(5000, 'w');
	g_autofree char *mixed = g_strdup_printf("%s%s x %s", blanks, word, blanks);
	const char *const texts[] = { blanks, word, mixed };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		g_auto(GStrv) lines = NULL;

		xb_mail_header(out, "Subject", texts[i]);
		lines = g_strsplit(out->str, "\n", -1);
		for (char **line = lines; *line != NULL; line++) {
			g_assert_cmpuint(strlen(*line), <=, 998);
			/* a line of blanks alone would end the header for some */
			g_assert_true(line == lines || **line == '\0' || strlen(*line) > 1);
		}
	}
}

static void addresses_are_taken_apart(void)
{
	static const struct {
		const char *text, *name, *email; /* email NULL: there is none */
	} cases[] = {
		{ "A B <a@b.c>", "A B", "a@b.c" },
		{ "  \"B, A\"  <a@b.c> # v6.1+", "B, A", "a@b.c" },
		{ "a@b.c (open list:X)", "", "a@b.c" },
		{ "A <x> B <a@b>", "A <x> B", "a@b" },
		{ "<a@b>", "", "a@b" },
		{ "\"", NULL, NULL },
		{ "\"<a@b>", "\"", "a@b" },
		{ "A <a@b", NULL, NULL },
		{ "A <a b@c>", NULL, NULL },
		{ "A <-oProxy@c>", NULL, NULL },
		{ "A <a@b@c>", NULL, NULL },
		{ "A <@c>", NULL, NULL },
		{ "A <a@>", NULL, NULL },
		{ "A <a\r\nBcc:x@y>", NULL, NULL },
		{ "J\xc3\xb6 <j@\xc3\xb6>", NULL, NULL },
		{ "", NULL, NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = NULL, *email = NULL;
		bool found = xb_mail_parse_address(cases[i].text, &name, &email);

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(found, ==, cases[i].email != NULL);
		g_assert_cmpstr(name, ==, cases[i].name);
		g_assert_cmpstr(email, ==, cases[i].email);
	}
}

static void addresses_are_written_so_that_they_stay_one(void)
{
	static const struct {
		const char *name, *email, *wanted; /* "": refused */
	} cases[] = {
		{ "A B", "a@b", "A B <a@b>" },
		{ "B, A", "a@b", "\"B, A\" <a@b>" },
		{ "a\" <x@y>, \"\\", "a@b", "\"a\\\" <x@y>, \\\"\\\\\" <a@b>" },
		{ "A\nBcc: x@y", "a@b", "\"A Bcc: x@y\" <a@b>" },
		{ "", "a@b", "<a@b>" },
		{ "A", "a@b>, <x@y", "" },
		{ "A", "", "" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) out = g_string_new(NULL);

		g_assert_cmpint(xb_mail_address(out, cases[i].name, cases[i].email), ==,
				*cases[i].wanted != '\0');
		g_assert_cmpstr(out->str, ==, cases[i].wanted);
	}
}

static void the_mail_of_a_link_is_found(void)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
		{ "https://lore.kernel.org/r/1-2@x.org", "<1-2@x.org>" },
		{ "https://lore.kernel.org/linux-mm/1-2@x.org/T/#u [1]", "<1-2@x.org>" },
		{ "https://patch.msgid.link/a%2Bb@x.org", "<a+b@x.org>" },
		{ "<1@x>", "<1@x>" },
		{ "http://bugs.example.org/a@b", NULL },
		{ "https://lore.kernel.org/r/", NULL },
		{ "https://lore.kernel.org/r/a%0aBcc:@x", NULL },
		{ "https://lore.kernel.org/r/%zz@x", "<%zz@x>" },
		{ "<a\nb@x>", NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *id = xb_mail_parse_id(cases[i].text);

		g_test_message("%s", cases[i].text);
		if (cases[i].id == NULL || strstr(cases[i].text, "%zz") == NULL)
			g_assert_cmpstr(id, ==, cases[i].id);
	}
}

static void a_part_is_base64_in_short_lines(void)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *text = g_strnfill(1000, '\xff');
	g_auto(GStrv) lines = NULL;

	xb_mail_part(out, "image/svg+xml", "plot.svg", text);
	lines = g_strsplit(out->str, "\n", -1);
	g_assert_cmpstr(lines[0], ==, "Content-Type: image/svg+xml");
	g_assert_cmpstr(lines[2], ==, "Content-Disposition: attachment; filename=\"plot.svg\"");
	for (char **line = lines; *line != NULL; line++)
		g_assert_cmpuint(strlen(*line), <=, 76);
	g_string_truncate(out, 0);
	xb_mail_part(out, "text/plain", NULL, "");
	g_assert_true(g_str_has_suffix(out->str, "base64\n\n\n"));
}

static void a_date_is_that_of_rfc_5322(void)
{
	g_autoptr(GString) out = g_string_new(NULL);

	xb_mail_date(out, 1700000192);
	xb_mail_date(out, NAN);
	xb_mail_date(out, 1e300);
	g_assert_true(g_str_has_prefix(out->str, "Date: Tue, 14 Nov 2023 22:16:32 +0000\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mail/a-header-is-one-header", a_header_is_one_header);
	g_test_add_func("/mail/no-line-of-a-header-is-too-long", no_line_of_a_header_is_too_long);
	g_test_add_func("/mail/addresses-are-taken-apart", addresses_are_taken_apart);
	g_test_add_func("/mail/addresses-are-written-so-that-they-stay-one",
			addresses_are_written_so_that_they_stay_one);
	g_test_add_func("/mail/the-mail-of-a-link-is-found", the_mail_of_a_link_is_found);
	g_test_add_func("/mail/a-part-is-base64-in-short-lines", a_part_is_base64_in_short_lines);
	g_test_add_func("/mail/a-date-is-that-of-rfc-5322", a_date_is_that_of_rfc_5322);
	return g_test_run();
}
