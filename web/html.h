/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * html.h - writing HTML and SVG. Markup comes from literal formats only;
 * everything that is put into one is escaped, so text from a repository or a
 * console cannot become markup.
 */
#ifndef XB_HTML_H
#define XB_HTML_H

#include <glib.h>

typedef struct {
	GString *text;
} XbHtml;

void xb_html_init(XbHtml *html);
void xb_html_clear(XbHtml *html);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XbHtml, xb_html_clear)

/* What was written; @html is empty then. */
GBytes *xb_html_take(XbHtml *html);

/*
 * As printf, with a format that is a literal (the compiler refuses others).
 * %s: the text made safe to show (xb_text_safe(), with its line breaks) and
 * escaped for text and for attributes in double quotes; NULL is "". A precision
 * cuts it. Numbers:
 * d, i, u, x, c, f, e, g with the usual flags and the lengths l, ll, z; no *.
 */
void xb_html(XbHtml *html, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What was written to @from already. */
void xb_html_append(XbHtml *html, const XbHtml *from);

/* @text as the value of a parameter or one segment of a path; caller frees. The address that it is
 * put into goes through %s as all else. */
char *xb_url(const char *text);

#endif
