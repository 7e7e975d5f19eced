/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.c - what a message says; see message.h.
 */
#include "message.h"

#include <math.h>
#include <string.h>

#include "format.h"
#include "job.h"
#include "mail.h"
#include "plot.h"
#include "report.h"
#include "writer.h"

/* ---- one alert ------------------------------------------------------------------- */

static bool is_worse(const json_t *alert)
{
	double ratio = xb_number(alert, "ratio");

	return json_is_false(xb_member(alert, "lower_is_better")) ? ratio < 1 : ratio > 1;
}

static const char *word_of(const json_t *alert)
{
	if (xb_is(alert, "event", "test"))
		return "test";
	if (xb_is(alert, "event", "fixed"))
		return "fixed";
	if (xb_is(alert, "kind", "host"))
		return "host";
	return is_worse(alert) ? "REGRESSION" : "improvement";
}

static char *level_of(const json_t *alert, const char *member)
{
	g_autofree char *unit = xb_text(alert, "unit");

	return xb_format_value(xb_number(alert, member), unit);
}

/* "1a2b3c4d5e6f ("subject")" */
static char *commit_of(const json_t *alert)
{
	g_autofree char *commit = xb_short_commit(alert, "commit");
	g_autofree char *subject = xb_text(alert, "subject");

	return g_strdup_printf("%s (\"%s\")", commit, subject);
}

static char *effect_of(const json_t *alert)
{
	g_autofree char *metric = xb_text(alert, "metric");
	g_autofree char *workload = xb_text(alert, "workload");
	g_autofree char *change = xb_format_change(xb_number(alert, "ratio"));
	g_autofree char *base = level_of(alert, "base");
	g_autofree char *test = level_of(alert, "test");

	return g_strdup_printf("%s of %s %s (from %s to %s)", metric, workload, change, base, test);
}

/* Of a machine: the commit is its name, the subject why it is away. */
static char *host_line(const json_t *alert)
{
	g_autofree char *name = xb_text(alert, "commit"), *reason = xb_text(alert, "subject");

	if (xb_is(alert, "event", "fixed"))
		return g_strdup_printf("host %s takes boots again; it was offline: %s", name,
				       reason);
	return g_strdup_printf("host %s is offline: %s", name, reason);
}

/* "; also map of map-unmap +3.1 %, ...": what joined the first finding. */
static char *others_of(const json_t *alert)
{
	const json_t *findings = xb_member(alert, "findings");
	GString *text = g_string_new(NULL);

	for (size_t i = 1; i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);
		g_autofree char *metric = xb_text(finding, "metric");
		g_autofree char *workload = xb_text(finding, "workload");
		g_autofree char *change = xb_format_change(xb_number(finding, "ratio"));

		g_string_append_printf(text, "%s%s of %s %s", i == 1 ? "; also " : ", ", metric,
				       workload, change);
	}
	return g_string_free(text, FALSE);
}

char *xb_message_line(const json_t *alert)
{
	g_autofree char *commit = commit_of(alert), *effect = effect_of(alert);
	g_autofree char *confidence = xb_format_probability(xb_number(alert, "confidence"));
	g_autofree char *link = xb_text(alert, "link");
	const char *space = *link != '\0' ? " " : "";

	if (xb_is(alert, "event", "test"))
		return g_strdup("test: this alert reaches you");
	if (xb_is(alert, "kind", "host"))
		return host_line(alert);
	if (xb_is(alert, "event", "fixed")) {
		g_autofree char *by = xb_short_commit(alert, "fixed_commit");
		g_autofree char *metric = xb_text(alert, "metric");
		g_autofree char *base = level_of(alert, "base");

		return g_strdup_printf(
			"fixed: with %s, %s is back at %s, where it was before %s%s%s", by, metric,
			base, commit, space, link);
	}
	g_autofree char *others = others_of(alert);
	return g_strdup_printf("%s: %s since %s%s, confidence %s%s%s%s", word_of(alert), effect,
			       xb_is(alert, "kind", "range") ? "about " : "", commit, confidence,
			       others, space, link);
}

static const json_t *first_alert(const json_t *job)
{
	return json_array_get(json_object_get(job, "alerts"), 0);
}

static bool is_single(const json_t *job)
{
	return json_array_size(json_object_get(job, "alerts")) == 1;
}

char *xb_message_subject(const json_t *job)
{
	const json_t *alerts = json_object_get(job, "alerts"), *alert;
	guint worse = 0, better = 0, fixed = 0, hosts = 0;
	size_t i;

	if (is_single(job)) {
		g_autofree char *name = xb_text(job, "target.name");
		g_autofree char *subject = xb_text(first_alert(job), "subject");
		g_autofree char *metric = xb_text(first_alert(job), "metric");
		g_autofree char *change = xb_format_change(xb_number(first_alert(job), "ratio"));
		g_autofree char *text = NULL;

		if (xb_is(first_alert(job), "event", "test"))
			return g_strdup_printf("xbisect: test of alert %s", name);
		if (xb_is(first_alert(job), "kind", "host")) {
			g_autofree char *line = host_line(first_alert(job));

			return xb_format_fit(line, 200, FALSE);
		}
		text = g_strdup_printf("[%s] %s: %s %s", word_of(first_alert(job)), subject, metric,
				       xb_is(first_alert(job), "event", "fixed") ? "is back"
										 : change);
		return xb_format_fit(text, 200, FALSE);
	}
	json_array_foreach(alerts, i, alert)
	{
		if (xb_is(alert, "event", "fixed"))
			fixed++;
		else if (xb_is(alert, "kind", "host"))
			hosts++;
		else if (is_worse(alert))
			worse++;
		else
			better++;
	}
	g_autofree char *away =
		hosts == 0 ? g_strdup("")
			   : g_strdup_printf(", %u host%s offline", hosts, hosts == 1 ? "" : "s");
	return g_strdup_printf("xbisect: %u regression%s, %u improvement%s, %u fixed%s", worse,
			       worse == 1 ? "" : "s", better, better == 1 ? "" : "s", fixed, away);
}

/* ---- mail ------------------------------------------------------------------------ */

static void write_message(XbWriter *w, const json_t *job)
{
	const json_t *alerts = json_object_get(job, "alerts"), *alert;
	g_autofree char *title = xb_message_subject(job);
	size_t i;

	w->title(w, title);
	json_array_foreach(alerts, i, alert)
	{
		g_autofree char *line = xb_message_line(alert);
		gint64 id = xb_integer(alert, "id");

		w->paragraph(w, line);
		if (id > 0 && xb_is(alert, "kind", "host")) {
			g_autofree char *name = xb_text(alert, "commit");
			g_autofree char *command = g_strdup_printf(
				"xbisect hosts check %s\nxbisect hosts online %s", name, name);

			w->literal(w, command);
		} else if (id > 0) {
			g_autofree char *command =
				g_strdup_printf("xbisect report %" G_GINT64_FORMAT
						"\nxbisect alerts ack %" G_GINT64_FORMAT
						"\nxbisect alerts snooze %" G_GINT64_FORMAT " 3d",
						xb_integer(alert, "job_id"), id, id);

			w->literal(w, command);
		}
	}
}

static char *mail_text(const json_t *job)
{
	GString *out = g_string_new(NULL);
	XbWriter writer = xb_writer_text(out);
	const json_t *details = json_object_get(job, "job");

	write_message(&writer, job);
	if (details != NULL) {
		g_autofree char *report = xb_report_text(details);

		g_string_append_printf(out, "\n%s", report);
	}
	return g_string_free(out, FALSE);
}

static char *mail_html(const json_t *job)
{
	GString *out = g_string_new("<!DOCTYPE html>\n<html><body>\n");
	XbWriter writer = xb_writer_html(out);
	const json_t *details = json_object_get(job, "job");

	write_message(&writer, job);
	if (details != NULL)
		xb_report_write(&writer, details);
	g_string_append(out, "</body></html>\n");
	return g_string_free(out, FALSE);
}

static void append_address_header(GString *mail, const char *header, const json_t *value)
{
	g_autofree char *name = NULL, *email = NULL;
	const char *text = json_string_value(value);

	if (text != NULL && xb_mail_parse_address(text, &name, &email)) {
		g_string_append_printf(mail, "%s", header);
		xb_mail_address(mail, name, email);
	}
}

static void append_headers(GString *mail, const json_t *job)
{
	const json_t *to = xb_member(job, "target.to"), *address;
	g_autofree char *subject = xb_message_subject(job);
	g_autofree char *from = xb_text(job, "target.from");
	g_autofree char *key = xb_text(job, "key");
	g_autofree char *name = NULL, *email = NULL;
	size_t i;

	append_address_header(mail, "From: ", xb_member(job, "target.from"));
	g_string_append_c(mail, '\n');
	json_array_foreach(to, i, address)
		append_address_header(mail, i == 0 ? "To: " : ",\n\t", address);
	g_string_append_c(mail, '\n');
	xb_mail_header(mail, "Subject", subject);
	xb_mail_date(mail, xb_number(job, "created"));
	/* stable: a mail that comes twice can be seen to be one */
	if (xb_mail_parse_address(from, &name, &email))
		g_string_append_printf(mail, "Message-ID: <%s.xbisect%s>\n", key,
				       strchr(email, '@'));
	g_string_append(mail, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n");
}

static char *with_crlf(const char *text)
{
	GString *out = g_string_sized_new(strlen(text) + strlen(text) / 40);

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n')
			g_string_append_c(out, '\r');
		g_string_append_c(out, *p);
	}
	return g_string_free(out, FALSE);
}

/* The parts are base64, so no line of theirs begins with "--". */
#define OUTER "=_xbisect-outer"
#define INNER "=_xbisect-inner"

char *xb_message_mail(const json_t *job)
{
	g_autoptr(GString) mail = g_string_new(NULL);
	g_autofree char *text = mail_text(job), *html = mail_html(job);
	const json_t *details = json_object_get(job, "job");
	g_autofree char *svg = details != NULL ? xb_plot_svg(details) : NULL;

	append_headers(mail, job);
	g_string_append(mail, "Content-Type: multipart/mixed; boundary=\"" OUTER "\"\n\n"
			      "--" OUTER "\n"
			      "Content-Type: multipart/alternative; boundary=\"" INNER "\"\n\n"
			      "--" INNER "\n");
	xb_mail_part(mail, "text/plain; charset=UTF-8", NULL, text);
	g_string_append(mail, "--" INNER "\n");
	xb_mail_part(mail, "text/html; charset=UTF-8", NULL, html);
	g_string_append(mail, "--" INNER "--\n");
	if (svg != NULL) {
		g_string_append(mail, "--" OUTER "\n");
		xb_mail_part(mail, "image/svg+xml; name=\"boots.svg\"", "boots.svg", svg);
	}
	g_string_append(mail, "--" OUTER "--\n");
	return with_crlf(mail->str);
}

/* ---- webhooks -------------------------------------------------------------------- */

/* Slack and Google Chat: three characters begin markup, mentions included. */
static char *escape_slack(const char *text)
{
	GString *out = g_string_new(NULL);

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '&')
			g_string_append(out, "&amp;");
		else if (*p == '<')
			g_string_append(out, "&lt;");
		else if (*p == '>')
			g_string_append(out, "&gt;");
		else
			g_string_append_c(out, *p);
	}
	return g_string_free(out, FALSE);
}

/* Markdown of chats. A blank of no width behind an @ keeps a subject from calling people. */
static char *escape_markdown(const char *text)
{
	GString *out = g_string_new(NULL);

	for (const char *p = text; *p != '\0'; p++) {
		if (strchr("\\`*_[]<>|~#", *p) != NULL)
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
		if (*p == '@')
			g_string_append(out, "\u200b");
	}
	return g_string_free(out, FALSE);
}

static char *lines_of(const json_t *job)
{
	const json_t *alerts = json_object_get(job, "alerts"), *alert;
	GString *text = g_string_new(NULL);
	size_t i;

	json_array_foreach(alerts, i, alert)
	{
		g_autofree char *line = xb_message_line(alert);

		g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", line);
	}
	return g_string_free(text, FALSE);
}

static json_t *body_text(const char *text)
{
	g_autofree char *escaped = escape_slack(text);

	return json_pack("{s:s}", "text", escaped);
}

static json_t *body_mattermost(const char *text)
{
	g_autofree char *escaped = escape_markdown(text);

	return json_pack("{s:s,s:s}", "username", "xbisect", "text", escaped);
}

#define DISCORD_MAX 1900 /* characters; it refuses more than 2000 */

static json_t *body_discord(const char *text)
{
	g_autofree char *escaped = escape_markdown(text);
	g_autofree char *cut = g_utf8_strlen(escaped, -1) > DISCORD_MAX
				       ? g_utf8_substring(escaped, 0, DISCORD_MAX)
				       : g_strdup(escaped);

	return json_pack("{s:s,s:{s:[]}}", "content", cut, "allowed_mentions", "parse");
}

static json_t *body_teams(const char *text)
{
	g_autofree char *escaped = escape_markdown(text);

	return json_pack("{s:s,s:[{s:s,s:{s:s,s:s,s:[{s:s,s:b,s:s}]}}]}", "type", "message",
			 "attachments", "contentType", "application/vnd.microsoft.card.adaptive",
			 "content", "type", "AdaptiveCard", "version", "1.2", "body", "type",
			 "TextBlock", "wrap", 1, "text", escaped);
}

static json_t *body_json(const json_t *job)
{
	g_autofree char *text = lines_of(job);
	json_t *details = json_deep_copy(json_object_get(job, "job"));
	json_t *body =
		json_pack("{s:i,s:O,s:O,s:s,s:O}", "xbisect", 1, "key", json_object_get(job, "key"),
			  "created", json_object_get(job, "created"), "text", text, "alerts",
			  json_object_get(job, "alerts"));

	if (details != NULL) {
		json_object_del(details, "measurements"); /* may be megabytes; the page has them */
		json_object_set_new(body, "job", details);
	}
	return body;
}

static const struct {
	const char *name;
	json_t *(*body)(const char *text);
} templates[] = {
	{ "slack", body_text },      { "googlechat", body_text }, { "mattermost", body_mattermost },
	{ "discord", body_discord }, { "teams", body_teams },
};

json_t *xb_message_body(const json_t *job)
{
	g_autofree char *text = lines_of(job);

	for (guint i = 0; i < G_N_ELEMENTS(templates); i++) {
		if (xb_is(job, "target.template", templates[i].name))
			return templates[i].body(text);
	}
	return body_json(job);
}
