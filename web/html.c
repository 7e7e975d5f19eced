/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html.c - see html.h. */
#include "html.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

#define TEXT_MAX ((gssize)64 * 1024 * 1024)

void xb_html_init(XbHtml *html)
{
	html->text = g_string_sized_new(16 * 1024);
}

void xb_html_clear(XbHtml *html)
{
	if (html->text)
		g_string_free(html->text, TRUE);
	html->text = NULL;
}

GBytes *xb_html_take(XbHtml *html)
{
	GBytes *bytes = g_string_free_to_bytes(html->text);

	html->text = g_string_new(NULL);
	return bytes;
}

/* Most text is plain ASCII, which needs no second look. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x7f || (c < 0x20 && c != '\n' && c != '\t'))
			return false;
	}
	return true;
}

static void put_text(GString *to, const char *text)
{
	g_autofree char *safe = is_plain(text) ? NULL : xb_text_safe(text, -1, TEXT_MAX, true);

	if (safe)
		text = safe;
	for (;;) {
		gsize run = strcspn(text, "&<>\"'");

		g_string_append_len(to, text, (gssize)run);
		text += run;
		if (*text == '\0')
			return;
		g_string_append(to, *text == '&'   ? "&amp;"
				    : *text == '<' ? "&lt;"
				    : *text == '>' ? "&gt;"
				    : *text == '"' ? "&quot;"
						   : "&#39;");
		text++;
	}
}

/* One conversion, of which @spec is a copy: the argument's type is what @length and @conversion
 * say, as the compiler has checked. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void put_number(GString *to, const char *spec, char conversion, const char *length,
		       va_list *args)
{
	if (strchr("feg", conversion))
		g_string_append_printf(to, spec, va_arg(*args, double));
	else if (strcmp(length, "ll") == 0)
		g_string_append_printf(to, spec, va_arg(*args, long long));
	else if (*length == 'l')
		g_string_append_printf(to, spec, va_arg(*args, long));
	else if (*length == 'z')
		g_string_append_printf(to, spec, va_arg(*args, gsize));
	else
		g_string_append_printf(to, spec, va_arg(*args, int));
}
#pragma GCC diagnostic pop

void xb_html(XbHtml *html, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	while (*format) {
		gsize run = strcspn(format, "%");
		char spec[32], length[3] = "";
		gsize flags, n;

		g_string_append_len(html->text, format, (gssize)run);
		format += run;
		if (*format == '\0')
			break;
		flags = 1 + strspn(format + 1, "-+ #0123456789.");
		n = strspn(format + flags, "lz");
		g_assert(n <= 2 && flags + n + 1 < sizeof(spec));
		memcpy(length, format + flags, n);
		memcpy(spec, format, flags + n + 1);
		spec[flags + n + 1] = '\0';
		format += flags + n;
		if (*format == '%') {
			g_string_append_c(html->text, '%');
		} else if (*format == 's') {
			const char *text = va_arg(args, const char *);
			const char *dot = strchr(spec, '.');
			g_autofree char *part =
				dot && text ? g_strndup(text, g_ascii_strtoull(dot + 1, NULL, 10))
					    : NULL;
			if (text)
				put_text(html->text, part ? part : text);
		} else {
			g_assert(strchr("diuxcfeg", *format));
			put_number(html->text, spec, *format, length, &args);
		}
		format++;
	}
	va_end(args);
}

void xb_html_append(XbHtml *html, const XbHtml *from)
{
	g_string_append_len(html->text, from->text->str, (gssize)from->text->len);
}

char *xb_url(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}
