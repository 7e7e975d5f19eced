/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer-html.c - a document's elements in the little HTML that mail programs
 * show: no style sheet, no script, no link.
 */
#include "writer.h"

static void append_escaped(GString *out, const char *text)
{
	g_autofree char *escaped = g_markup_escape_text(text, -1);

	g_string_append(out, escaped);
}

static void append_element(GString *out, const char *name, const char *text)
{
	g_string_append_printf(out, "<%s>", name);
	append_escaped(out, text);
	g_string_append_printf(out, "</%s>\n", name);
}

static void html_title(XbWriter *self, const char *text)
{
	append_element(self->out, "h2", text);
}

static void html_section(XbWriter *self, const char *text)
{
	append_element(self->out, "h3", text);
}

static void html_paragraph(XbWriter *self, const char *text)
{
	append_element(self->out, "p", text);
}

static void html_field(XbWriter *self, const char *name, const char *value)
{
	g_string_append(self->out, "<div><b>");
	append_escaped(self->out, name);
	g_string_append(self->out, ":</b> ");
	append_escaped(self->out, value);
	g_string_append(self->out, "</div>\n");
}

static void html_literal(XbWriter *self, const char *text)
{
	append_element(self->out, "pre", text);
}

static void html_table(XbWriter *self, const GPtrArray *cells, guint n_columns, guint right)
{
	g_return_if_fail(n_columns > 0);
	g_string_append(self->out, "<table border=\"1\" cellpadding=\"4\" cellspacing=\"0\">\n");
	for (guint i = 0; i < cells->len; i++) {
		const char *name = i < n_columns ? "th" : "td";

		if (i % n_columns == 0)
			g_string_append(self->out, "<tr>");
		g_string_append_printf(self->out, "<%s align=\"%s\">", name,
				       right & (1u << (i % n_columns)) ? "right" : "left");
		append_escaped(self->out, g_ptr_array_index(cells, i));
		g_string_append_printf(self->out, "</%s>", name);
		if ((i + 1) % n_columns == 0)
			g_string_append(self->out, "</tr>\n");
	}
	g_string_append(self->out, "</table>\n");
}

XbWriter xb_writer_html(GString *out)
{
	return (XbWriter){ .out = out,
			   .title = html_title,
			   .section = html_section,
			   .paragraph = html_paragraph,
			   .field = html_field,
			   .literal = html_literal,
			   .table = html_table };
}
