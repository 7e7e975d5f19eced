/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * term.h - a few lines redrawn in place on a terminal.
 *
 * Escape sequences are only written to terminals, colours only when NO_COLOR
 * is unset. The cursor is hidden inside a frame only, so a signal at any
 * moment between frames leaves the terminal as it was.
 */
#ifndef XB_TERM_H
#define XB_TERM_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct {
	char *text;        /* safe to show, one line */
	const char *style; /* SGR parameters ("1", "32"), NULL = plain */
} XbLine;
void xb_line_free(XbLine *line);

/* Append a line; steals @text. */
void xb_lines_add(GPtrArray *lines, const char *style, char *text);
GPtrArray *xb_lines_new(void);

typedef struct {
	FILE *stream;
	bool live;      /* a terminal that can move its cursor */
	bool color;     /* and may be coloured */
	GArray *widths; /* of int: columns of each line on the screen now */
} XbTerm;

void xb_term_init(XbTerm *self, FILE *stream);
void xb_term_clear(XbTerm *self);

/* Columns and rows; 80x24 when they can't be told. */
void xb_term_size(const XbTerm *self, int *columns, int *rows);

/* Draw @lines in the place of those drawn before; they must fit the width. */
void xb_term_draw(XbTerm *self, const GPtrArray *lines);

/* Take the lines away, so that ordinary output follows. */
void xb_term_erase(XbTerm *self);

/* What a frame is: pure, for tests. @columns is the width now, @before the
 * widths of the lines on the screen. Caller frees. */
char *xb_term_frame(const GPtrArray *lines, const GArray *before, int columns, bool color);

#endif
