/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-mbox.c - the report as a draft mail. Headers are built from text of
 * commits, so nothing of it may begin a header of its own.
 */
#include "report.h"

#include <math.h>
#include <string.h>

#include "format.h"
#include "job.h"

#define WORD_BYTES 42 /* of text in one encoded word: at most 75 characters with its frame */

/* RFC 2047: ASCII as it is, all else as encoded words, folded. */
static void append_header_text(GString *out, const char *text)
{
	if (g_str_is_ascii(text)) {
		g_string_append(out, text);
		return;
	}
	for (const char *p = text; *p != '\0';) {
		const char *end = p;
		g_autofree char *encoded = NULL;

		while (*end != '\0' && g_utf8_next_char(end) - p <= WORD_BYTES)
			end = g_utf8_next_char(end);
		encoded = g_base64_encode((const guchar *)p, (gsize)(end - p));
		g_string_append_printf(out, "%s=?UTF-8?B?%s?=", p == text ? "" : "\n ", encoded);
		p = end;
	}
}

/* "Name <address>"; the name is quoted or encoded, an address that is none is left out. */
static void append_address(GString *out, const char *name, const char *email)
{
	if (*email == '\0' || strpbrk(email, " \t<>,;:\"\\()[]") != NULL || !g_str_is_ascii(email))
		return;
	if (!g_str_is_ascii(name)) {
		append_header_text(out, name);
	} else if (*name != '\0') {
		g_string_append_c(out, '"');
		for (const char *p = name; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				g_string_append_c(out, '\\');
			g_string_append_c(out, *p);
		}
		g_string_append_c(out, '"');
	}
	g_string_append_printf(out, " <%s>", email);
}

static void append_subject(GString *out, const json_t *job)
{
	g_autofree char *effect = xb_job_effect_line(job);
	g_autofree char *subject = xb_text(job, "culprit.subject");
	g_autofree char *verdict = xb_job_verdict_line(job);
	g_autofree char *text = NULL, *fitted = NULL;

	/* The interval is in the body. */
	if (effect != NULL && strstr(effect, " (") != NULL)
		*strstr(effect, " (") = '\0';
	if (*subject != '\0' && effect != NULL)
		text = g_strdup_printf("%s%s: %s", xb_job_is_regression(job) ? "[REGRESSION] " : "",
				       subject, effect);
	else
		text = g_strdup_printf("xbisect: %s", verdict);
	fitted = xb_format_fit(text, 200, FALSE);
	g_string_append(out, "Subject: ");
	append_header_text(out, fitted);
	g_string_append_c(out, '\n');
}

static void append_date(GString *out, double unix_s)
{
	/* RFC 5322 wants English names, whatever the locale. */
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	g_autoptr(GDateTime) date =
		isfinite(unix_s) ? g_date_time_new_from_unix_utc((gint64)unix_s) : NULL;

	if (date == NULL)
		return;
	g_string_append_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n",
			       days[g_date_time_get_day_of_week(date) - 1],
			       g_date_time_get_day_of_month(date),
			       months[g_date_time_get_month(date) - 1], g_date_time_get_year(date),
			       g_date_time_get_hour(date), g_date_time_get_minute(date),
			       g_date_time_get_second(date));
}

/* mboxrd: a line of the body that begins with "From ", however often quoted, gets one ">". */
static void append_body(GString *out, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		if (g_str_has_prefix(*line + strspn(*line, ">"), "From "))
			g_string_append_c(out, '>');
		g_string_append_printf(out, "%s\n", *line);
	}
}

static void append_tags(GString *body, const json_t *job)
{
	g_autofree char *commit = xb_text(job, "culprit.commit");
	g_autofree char *subject = xb_text(job, "culprit.subject");

	if (*commit == '\0' || !xb_job_is_regression(job))
		return;
	g_string_append_printf(body, "\nFixes: %.12s (\"%s\")\n#regzbot introduced: %s\n", commit,
			       subject, commit);
}

char *xb_report_mbox(const json_t *job, const char *from)
{
	GString *out = g_string_new("From xbisect Mon Sep 17 00:00:00 2001\n");
	g_autofree char *author = xb_text(job, "culprit.author");
	g_autofree char *email = xb_text(job, "culprit.email");
	g_autofree char *report = xb_report_text(job);
	g_autoptr(GString) body = g_string_new(report);
	g_autoptr(GString) to = g_string_new(NULL);

	g_string_append(out, "From: ");
	append_header_text(out, from);
	g_string_append_c(out, '\n');
	append_address(to, author, email);
	if (to->len > 0)
		g_string_append_printf(out, "To: %s\n", to->str);
	append_subject(out, job);
	append_date(out, xb_number(job, "finished"));
	g_string_append(out, "MIME-Version: 1.0\n"
			     "Content-Type: text/plain; charset=UTF-8\n"
			     "Content-Transfer-Encoding: 8bit\n\n");
	append_tags(body, job);
	append_body(out, body->str);
	return g_string_free(out, FALSE);
}
