/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer.h - a document's elements in text, Markdown or HTML: one struct of
 * functions, three implementations. Arguments are safe to show already (job.h);
 * Markdown and HTML escape what would be markup in them.
 */
#ifndef XB_WRITER_H
#define XB_WRITER_H

#include <glib.h>

typedef struct XbWriter XbWriter;
struct XbWriter {
	GString *out;
	void (*title)(XbWriter *self, const char *text);
	void (*section)(XbWriter *self, const char *text);
	/* A paragraph of one or more sentences. */
	void (*paragraph)(XbWriter *self, const char *text);
	/* "name: value", one after another. */
	void (*field)(XbWriter *self, const char *name, const char *value);
	/* Lines as they are: a commit message, a command. */
	void (*literal)(XbWriter *self, const char *text);
	/* Rows of @n_columns cells (char*), the first row is the heading. Bit i
	 * of @right: column i is aligned right. */
	void (*table)(XbWriter *self, const GPtrArray *cells, guint n_columns, guint right);
};

/* All append to @out, which stays the caller's. */
XbWriter xb_writer_text(GString *out);
XbWriter xb_writer_markdown(GString *out);
XbWriter xb_writer_html(GString *out);

#endif
