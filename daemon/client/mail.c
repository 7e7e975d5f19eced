/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail.c - headers and parts of an Internet message; see mail.h.
 */
#include "mail.h"

#include <math.h>
#include <string.h>

#define WORD_BYTES  42  /* of text in one encoded word: at most 75 characters with its frame */
#define FOLD_BYTES  78  /* a line of a header, where it can be folded */
#define LINE_BYTES  900 /* what has no blank for so long is encoded: a line has 998 at most */
#define ID_MAX      250
#define ADDRESS_MAX 254 /* RFC 5321 */

/* A copy in which nothing can end a line. */
static char *one_line(const char *text)
{
	char *line = g_utf8_make_valid(text, -1);

	for (char *p = line; *p != '\0'; p++) {
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	}
	return g_strstrip(line);
}

/* ASCII that can stand in a header as it is. "=?" would read as an encoded word. */
static bool is_plain(const char *text)
{
	if (!g_str_is_ascii(text) || strstr(text, "=?") != NULL)
		return false;
	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (word > LINE_BYTES)
			return false;
		text += word + (text[word] == ' ');
	}
	return true;
}

static void append_words(GString *out, const char *text)
{
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

/* ASCII, folded at blanks; the line has @column characters already. */
static void append_folded(GString *out, const char *text, gsize column)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (char **word = words; *word != NULL; word++) {
		gsize length = strlen(*word);

		if (word != words && length > 0 && column + 1 + length > FOLD_BYTES) {
			g_string_append(out, "\n ");
			column = 1;
		} else if (word != words) {
			g_string_append_c(out, ' ');
			column++;
		}
		g_string_append(out, *word);
		column += length;
	}
}

void xb_mail_header(GString *out, const char *name, const char *text)
{
	g_autofree char *line = one_line(text);

	g_string_append_printf(out, "%s: ", name);
	if (is_plain(line))
		append_folded(out, line, strlen(name) + 2);
	else
		append_words(out, line);
	g_string_append_c(out, '\n');
}

/* ---- addresses ------------------------------------------------------------------- */

/* A dot-atom at a domain: what needs quotes is left alone. */
static bool is_address(const char *email)
{
	const char *at = strchr(email, '@');

	if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
	    *email == '-' || strlen(email) > ADDRESS_MAX)
		return false;
	for (const char *p = email; *p != '\0'; p++) {
		if (!g_ascii_isgraph(*p) || strchr("<>,;:\"\\()[]", *p) != NULL)
			return false;
	}
	return true;
}

/* RFC 5322: atoms and blanks need no quotes. */
static bool is_phrase(const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		if (!g_ascii_isalnum(*p) && strchr(" !#$%&'*+-/=?^_`{|}~", *p) == NULL)
			return false;
	}
	return true;
}

static void append_quoted(GString *out, const char *name)
{
	g_string_append_c(out, '"');
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
	}
	g_string_append_c(out, '"');
}

bool xb_mail_address(GString *out, const char *name, const char *email)
{
	g_autofree char *line = one_line(name);

	if (!is_address(email))
		return false;
	if (!is_plain(line))
		append_words(out, line);
	else if (is_phrase(line))
		g_string_append(out, line);
	else
		append_quoted(out, line);
	g_string_append_printf(out, "%s<%s>", *line != '\0' ? " " : "", email);
	return true;
}

bool xb_mail_parse_address(const char *text, char **name, char **email)
{
	const char *open = strrchr(text, '<');
	const char *close = open != NULL ? strchr(open, '>') : NULL;
	g_autofree char *address = NULL, *before = NULL;
	gsize length;

	if (close != NULL) {
		address = g_strndup(open + 1, (gsize)(close - open - 1));
		before = g_strndup(text, (gsize)(open - text));
		g_strstrip(before);
		length = strlen(before);
		if (length >= 2 && before[0] == '"' && before[length - 1] == '"') {
			before[length - 1] = '\0';
			memmove(before, before + 1, length - 1);
		}
	} else {
		text += strspn(text, " \t");
		address = g_strndup(text, strcspn(text, " \t\r\n("));
		before = g_strdup("");
	}
	g_strstrip(address);
	if (!is_address(address))
		return false;
	*name = one_line(before);
	*email = g_steal_pointer(&address);
	return true;
}

char *xb_mail_parse_id(const char *text)
{
	static const char *const archives[] = { "://lore.kernel.org/", "://lkml.kernel.org/",
						"://patch.msgid.link/" };
	const char *open = strchr(text, '<');
	const char *close = open != NULL ? strchr(open, '>') : NULL;
	g_autofree char *id = NULL;

	if (close != NULL)
		id = g_strndup(open + 1, (gsize)(close - open - 1));
	for (guint i = 0; i < G_N_ELEMENTS(archives) && id == NULL; i++) {
		const char *link = strstr(text, archives[i]);
		g_autofree char *path =
			link != NULL ? g_strndup(link + strlen(archives[i]),
						 strcspn(link + strlen(archives[i]), " \t\r\n?#"))
				     : NULL;
		g_auto(GStrv) parts = path != NULL ? g_strsplit(path, "/", -1) : NULL;

		for (char **part = parts; part != NULL && *part != NULL; part++) {
			if (strchr(*part, '@') != NULL)
				id = g_uri_unescape_string(*part, "/");
			if (id != NULL)
				break;
		}
	}
	if (id == NULL || strlen(id) > ID_MAX || !is_address(id))
		return NULL;
	return g_strdup_printf("<%s>", id);
}

/* ---- dates and parts --------------------------------------------------------------- */

void xb_mail_date(GString *out, double unix_s)
{
	/* RFC 5322 wants English names, whatever the locale. */
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	g_autoptr(GDateTime) date =
		fabs(unix_s) < 1e11 ? g_date_time_new_from_unix_utc((gint64)unix_s) : NULL;

	if (date == NULL)
		return;
	g_string_append_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n",
			       days[g_date_time_get_day_of_week(date) - 1],
			       g_date_time_get_day_of_month(date),
			       months[g_date_time_get_month(date) - 1], g_date_time_get_year(date),
			       g_date_time_get_hour(date), g_date_time_get_minute(date),
			       g_date_time_get_second(date));
}

void xb_mail_part(GString *out, const char *type, const char *file_name, const char *text)
{
	gsize length = strlen(text), size = (length / 3 + 1) * 4 + length / 48 + 16;
	g_autofree char *encoded = g_malloc(size);
	int state = 0, save = 0;
	gsize n;

	/* breaks lines at 72 characters */
	n = g_base64_encode_step((const guchar *)text, length, TRUE, encoded, &state, &save);
	n += g_base64_encode_close(TRUE, encoded + n, &state, &save);
	g_string_append_printf(out, "Content-Type: %s\nContent-Transfer-Encoding: base64\n", type);
	if (file_name != NULL)
		g_string_append_printf(out, "Content-Disposition: attachment; filename=\"%s\"\n",
				       file_name);
	g_string_append_c(out, '\n');
	g_string_append_len(out, encoded, (gssize)n);
	if (n == 0 || encoded[n - 1] != '\n')
		g_string_append_c(out, '\n');
}
