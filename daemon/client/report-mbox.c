/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-mbox.c - the report as a draft mail. Headers are built from text of
 * commits, so nothing of it may begin a header of its own.
 */
#include "report.h"

#include <string.h>

#include "format.h"
#include "job.h"
#include "mail.h"

#define REGRESSIONS_LIST "regressions@lists.linux.dev"
#define RECIPIENTS_MAX   100 /* a commit's message may name any number */

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
	xb_mail_header(out, "Subject", fitted);
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

/* The sender is the user's own setting; one that is no address is kept as it is said. */
static void append_from(GString *out, const char *from)
{
	g_autofree char *name = NULL, *email = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	if (xb_mail_parse_address(from, &name, &email)) {
		xb_mail_address(text, name, email);
		g_string_append_printf(out, "From: %s\n", text->str);
	} else {
		xb_mail_header(out, "From", from);
	}
}

/* ---- recipients -------------------------------------------------------------------- */

/* Addresses of one header, each once in the whole mail. */
typedef struct {
	GString *text;
	GHashTable *seen; /* set of addresses in lower case, shared by To and Cc */
} Recipients;

static void add_recipient(Recipients *self, const char *name, const char *email)
{
	g_autofree char *key = g_ascii_strdown(email, -1);
	g_autoptr(GString) address = g_string_new(NULL);

	if (g_hash_table_size(self->seen) >= RECIPIENTS_MAX ||
	    g_hash_table_contains(self->seen, key) || !xb_mail_address(address, name, email))
		return;
	g_hash_table_add(self->seen, g_steal_pointer(&key));
	g_string_append_printf(self->text, "%s%s", self->text->len > 0 ? ",\n\t" : "",
			       address->str);
}

static void add_address(Recipients *self, const char *text)
{
	g_autofree char *name = NULL, *email = NULL;

	if (xb_mail_parse_address(text, &name, &email))
		add_recipient(self, name, email);
}

/* The value of a line "NAME: VALUE" whose name is @name, or ends with it where it begins with
 * '-'; NULL for other lines. */
static const char *trailer_value(const char *line, const char *name)
{
	gsize length = strcspn(line, ": \t"), wanted = strlen(name);

	if (line[length] != ':' || length < wanted ||
	    g_ascii_strncasecmp(line + length - wanted, name, wanted) != 0 ||
	    (*name != '-' && length != wanted))
		return NULL;
	return line + length + 1 + strspn(line + length + 1, " \t");
}

/* Those who signed, reviewed, tested, ... the culprit; *@reply is the mail it came with. */
static void take_trailers(Recipients *cc, char **reply, const char *message)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const char *person = trailer_value(*line, "-by");
		const char *mail = trailer_value(*line, "Message-Id");

		if (person == NULL)
			person = trailer_value(*line, "Cc");
		if (mail == NULL)
			mail = trailer_value(*line, "Link");
		if (person != NULL)
			add_address(cc, person);
		if (mail != NULL && *reply == NULL)
			*reply = xb_mail_parse_id(mail);
	}
}

/* "(maintainer:X86 (32-BIT))" behind the address, or NULL. */
static const char *role_of(const char *text)
{
	const char *address = strrchr(text, '>');
	const char *blank = strchr(address != NULL ? address : text, ' ');

	return blank != NULL && blank[1] == '(' ? blank + 1 : NULL;
}

/* What get_maintainer.pl printed, "ADDRESS (role)": maintainers are written to, all others get
 * a copy. */
static void take_maintainers(Recipients *to, Recipients *cc, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		const char *role = text != NULL ? role_of(text) : NULL;

		if (text == NULL)
			continue;
		if (role != NULL &&
		    (g_str_has_prefix(role, "(maintainer") || g_str_has_prefix(role, "(supporter")))
			add_address(to, text);
		else
			add_address(cc, text);
	}
}

static void append_recipients(GString *out, const json_t *job)
{
	g_autofree char *author = xb_text(job, "culprit.author");
	g_autofree char *email = xb_text(job, "culprit.email");
	g_autofree char *message = xb_block(job, "culprit.message");
	const json_t *maintainers = xb_member(job, "culprit.maintainers");
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) to_text = g_string_new(NULL), cc_text = g_string_new(NULL);
	Recipients to = { to_text, seen }, cc = { cc_text, seen };
	g_autofree char *reply = NULL;

	add_recipient(&to, author, email);
	take_maintainers(&to, &cc, maintainers);
	take_trailers(&cc, &reply, message);
	/* where a tree has a list of maintainers it is Linux, whose regressions are tracked there
	 */
	if (json_array_size(maintainers) > 0 && xb_job_is_regression(job))
		add_recipient(&cc, "", REGRESSIONS_LIST);
	if (to.text->len > 0)
		g_string_append_printf(out, "To: %s\n", to.text->str);
	if (cc.text->len > 0)
		g_string_append_printf(out, "Cc: %s\n", cc.text->str);
	if (reply != NULL)
		g_string_append_printf(out, "In-Reply-To: %s\nReferences: %s\n", reply, reply);
}

char *xb_report_mbox(const json_t *job, const char *from)
{
	GString *out = g_string_new("From xbisect Mon Sep 17 00:00:00 2001\n");
	g_autofree char *report = xb_report_text(job);
	g_autoptr(GString) body = g_string_new(report);

	append_from(out, from);
	append_recipients(out, job);
	append_subject(out, job);
	xb_mail_date(out, xb_number(job, "finished"));
	g_string_append(out, "MIME-Version: 1.0\n"
			     "Content-Type: text/plain; charset=UTF-8\n"
			     "Content-Transfer-Encoding: 8bit\n\n");
	append_tags(body, job);
	append_body(out, body->str);
	return g_string_free(out, FALSE);
}
