/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer.c - a document's elements in text or Markdown; see writer.h.
 */
#include "writer.h"

#include <string.h>

#include "format.h"

/* A blank line between elements, none at the start. */
static void gap(XbWriter *self)
{
	if (self->out->len > 0 && !g_str_has_suffix(self->out->str, "\n\n"))
		g_string_append_c(self->out, '\n');
}

static const char *cell_at(const GPtrArray *cells, guint row, guint column, guint n_columns)
{
	return g_ptr_array_index(cells, row * n_columns + column);
}

/* ---- text ---------------------------------------------------------------------- */

static void text_title(XbWriter *self, const char *text)
{
	g_autofree char *rule = g_strnfill((gsize)xb_format_width(text), '=');

	gap(self);
	g_string_append_printf(self->out, "%s\n%s\n\n", text, rule);
}

static void text_section(XbWriter *self, const char *text)
{
	gap(self);
	g_string_append_printf(self->out, "%s:\n", text);
}

static void text_paragraph(XbWriter *self, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	int column = 0;

	for (char **word = words; *word != NULL; word++) {
		int width = xb_format_width(*word);

		if (width == 0)
			continue;
		if (column > 0 && column + 1 + width > 78) {
			g_string_append_c(self->out, '\n');
			column = 0;
		}
		g_string_append_printf(self->out, "%s%s", column > 0 ? " " : "  ", *word);
		column += width + (column > 0 ? 1 : 2);
	}
	g_string_append_c(self->out, '\n');
}

static void text_field(XbWriter *self, const char *name, const char *value)
{
	g_string_append_printf(self->out, "  %-14s %s\n", name, value);
}

static void text_literal(XbWriter *self, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		g_string_append_printf(self->out, "%s%s\n", **line != '\0' ? "    " : "", *line);
}

static void text_table(XbWriter *self, const GPtrArray *cells, guint n_columns, guint right)
{
	g_autofree int *widths = g_new0(int, n_columns);
	guint rows = cells->len / n_columns;

	for (guint i = 0; i < cells->len; i++) {
		int width = xb_format_width(g_ptr_array_index(cells, i));

		widths[i % n_columns] = MAX(widths[i % n_columns], width);
	}
	for (guint row = 0; row < rows; row++) {
		g_string_append(self->out, "  ");
		for (guint column = 0; column < n_columns; column++) {
			const char *cell = cell_at(cells, row, column, n_columns);
			int pad = widths[column] - xb_format_width(cell);

			if (right & (1u << column))
				g_string_append_printf(self->out, "%*s%s", pad, "", cell);
			else if (column + 1 < n_columns)
				g_string_append_printf(self->out, "%s%*s", cell, pad, "");
			else
				g_string_append(self->out, cell);
			if (column + 1 < n_columns)
				g_string_append(self->out, "  ");
		}
		while (self->out->len > 0 && self->out->str[self->out->len - 1] == ' ')
			g_string_truncate(self->out, self->out->len - 1);
		g_string_append_c(self->out, '\n');
	}
}

XbWriter xb_writer_text(GString *out)
{
	return (XbWriter){ .out = out,
			   .title = text_title,
			   .section = text_section,
			   .paragraph = text_paragraph,
			   .field = text_field,
			   .literal = text_literal,
			   .table = text_table };
}

/* ---- Markdown --------------------------------------------------------------------- */

static void append_escaped(GString *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (strchr("\\`*_{}[]<>#|~!&@$", *p) != NULL)
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
	}
}

static void markdown_title(XbWriter *self, const char *text)
{
	gap(self);
	g_string_append(self->out, "# ");
	append_escaped(self->out, text);
	g_string_append(self->out, "\n\n");
}

static void markdown_section(XbWriter *self, const char *text)
{
	gap(self);
	g_string_append(self->out, "## ");
	append_escaped(self->out, text);
	g_string_append(self->out, "\n\n");
}

static void markdown_paragraph(XbWriter *self, const char *text)
{
	append_escaped(self->out, text);
	g_string_append(self->out, "\n\n");
}

static void markdown_field(XbWriter *self, const char *name, const char *value)
{
	g_string_append_printf(self->out, "- **%s**: ", name);
	append_escaped(self->out, value);
	g_string_append_c(self->out, '\n');
}

/* Longer than any run of backticks in @text. */
static char *fence_for(const char *text)
{
	gsize longest = 2, run = 0;

	for (const char *p = text; *p != '\0'; p++) {
		run = *p == '`' ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	return g_strnfill(longest + 1, '`');
}

static void markdown_literal(XbWriter *self, const char *text)
{
	g_autofree char *fence = fence_for(text);

	gap(self);
	g_string_append_printf(self->out, "%s\n%s\n%s\n\n", fence, text, fence);
}

static void markdown_table(XbWriter *self, const GPtrArray *cells, guint n_columns, guint right)
{
	guint rows = cells->len / n_columns;

	gap(self);
	for (guint row = 0; row < rows; row++) {
		for (guint column = 0; column < n_columns; column++) {
			g_string_append(self->out, "| ");
			append_escaped(self->out, cell_at(cells, row, column, n_columns));
			g_string_append_c(self->out, ' ');
		}
		g_string_append(self->out, "|\n");
		for (guint column = 0; row == 0 && column < n_columns; column++)
			g_string_append(self->out, right & (1u << column) ? "|--:" : "|---");
		if (row == 0)
			g_string_append(self->out, "|\n");
	}
	g_string_append_c(self->out, '\n');
}

XbWriter xb_writer_markdown(GString *out)
{
	return (XbWriter){ .out = out,
			   .title = markdown_title,
			   .section = markdown_section,
			   .paragraph = markdown_paragraph,
			   .field = markdown_field,
			   .literal = markdown_literal,
			   .table = markdown_table };
}
