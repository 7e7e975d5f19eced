/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * term.c - a few lines redrawn in place on a terminal; see term.h.
 */
#include "term.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "format.h"

void xb_line_free(XbLine *line)
{
	g_free(line->text);
	g_free(line);
}

GPtrArray *xb_lines_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)xb_line_free);
}

void xb_lines_add(GPtrArray *lines, const char *style, char *text)
{
	XbLine *line = g_new(XbLine, 1);

	line->text = text;
	line->style = style;
	g_ptr_array_add(lines, line);
}

void xb_term_init(XbTerm *self, FILE *stream)
{
	const char *term = g_getenv("TERM");
	const char *no_color = g_getenv("NO_COLOR");

	self->stream = stream;
	self->live = isatty(fileno(stream)) && term != NULL && strcmp(term, "dumb") != 0;
	self->color = self->live && (no_color == NULL || *no_color == '\0');
	self->widths = g_array_new(FALSE, FALSE, sizeof(int));
}

void xb_term_clear(XbTerm *self)
{
	g_clear_pointer(&self->widths, g_array_unref);
}

void xb_term_size(const XbTerm *self, int *columns, int *rows)
{
	struct winsize size;
	bool known = ioctl(fileno(self->stream), TIOCGWINSZ, &size) == 0;

	*columns = known && size.ws_col > 0 ? size.ws_col : 80;
	*rows = known && size.ws_row > 0 ? size.ws_row : 24;
}

/* Rows that the old lines take at the width of now: a narrower terminal has
 * wrapped them. */
static int rows_on_screen(const GArray *widths, int columns)
{
	int rows = 0;

	for (guint i = 0; widths != NULL && i < widths->len; i++)
		rows += MAX(1, (g_array_index(widths, int, i) + columns - 1) / columns);
	return rows;
}

char *xb_term_frame(const GPtrArray *lines, const GArray *before, int columns, bool color)
{
	GString *frame = g_string_new("\r\033[?25l");
	int up = rows_on_screen(before, MAX(columns, 1));

	if (up > 0)
		g_string_append_printf(frame, "\033[%dA", up);
	for (guint i = 0; lines != NULL && i < lines->len; i++) {
		const XbLine *line = g_ptr_array_index(lines, i);

		if (color && line->style != NULL)
			g_string_append_printf(frame, "\033[%sm%s\033[0m", line->style, line->text);
		else
			g_string_append(frame, line->text);
		g_string_append(frame, "\033[K\n");
	}
	g_string_append(frame, "\033[J\033[?25h");
	return g_string_free(frame, FALSE);
}

void xb_term_draw(XbTerm *self, const GPtrArray *lines)
{
	g_autofree char *frame = NULL;
	int columns, rows;

	xb_term_size(self, &columns, &rows);
	frame = xb_term_frame(lines, self->widths, columns, self->color);
	fputs(frame, self->stream);
	fflush(self->stream);
	g_array_set_size(self->widths, 0);
	for (guint i = 0; lines != NULL && i < lines->len; i++) {
		int width = xb_format_width(((XbLine *)g_ptr_array_index(lines, i))->text);

		g_array_append_val(self->widths, width);
	}
}

void xb_term_erase(XbTerm *self)
{
	if (self->widths->len > 0)
		xb_term_draw(self, NULL);
}
