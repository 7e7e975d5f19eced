/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-marks.c - see lab-marks.h. */
#include "lab-marks.h"

#include <string.h>

#define LINE_KEPT 8192 /* of an unfinished line: command lines are long */

struct LabMarks {
	ConsoleHandlers handlers;
	char *entry_text, *nonce_text;
	GString *line;   /* what came since the last newline, or its last part */
	GString *window; /* the last bytes, for a text that a chunk's end cuts */
	bool entry, xen, foreign;
	Console *console;
};

LabMarks *lab_marks_new(const char *nonce, const ConsoleHandlers *handlers)
{
	LabMarks *self = g_new0(LabMarks, 1);

	self->handlers = *handlers;
	self->entry_text = g_strconcat(LAB_ENTRY_TEXT, nonce, NULL);
	self->nonce_text = g_strconcat(LAB_NONCE_TEXT, nonce, NULL);
	self->line = g_string_new(NULL);
	self->window = g_string_new(NULL);
	return self;
}

void lab_marks_free(LabMarks *self)
{
	if (!self)
		return;
	g_free(self->entry_text);
	g_free(self->nonce_text);
	g_string_free(self->line, TRUE);
	g_string_free(self->window, TRUE);
	runner_console_free(self->console);
	g_free(self);
}

static bool holds(const GString *line, const char *text)
{
	return memmem(line->str, line->len, text, strlen(text)) != NULL;
}

static void take_line(LabMarks *self)
{
	const GString *line = self->line;

	if (!self->console && (self->entry || holds(line, "(XEN) Xen version ")))
		self->console = runner_console_new(&self->handlers);
	if (self->console)
		runner_console_feed(self->console, line->str, line->len);
	if (!holds(line, "(XEN) Command line:"))
		return;
	if (holds(line, self->nonce_text))
		self->xen = true;
	else
		self->foreign = true;
}

/* A boot loader moves its cursor about and ends no line for long: its text may
 * be anywhere. */
static void look_for_entry(LabMarks *self, const char *data, gsize length)
{
	gsize keep = strlen(self->entry_text) - 1;

	if (self->entry)
		return;
	g_string_append_len(self->window, data, (gssize)length);
	self->entry = holds(self->window, self->entry_text);
	if (self->window->len > keep)
		g_string_erase(self->window, 0, (gssize)(self->window->len - keep));
}

void lab_marks_feed(LabMarks *self, const char *data, gsize length)
{
	look_for_entry(self, data, length);
	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		gsize take = newline ? (gsize)(newline - data) + 1 : length;

		/* Of an endless line the last part is kept. The console has its own limit
		 * on what it looks at. */
		if (self->line->len + take > LINE_KEPT && self->line->len > 0) {
			take_line(self);
			g_string_truncate(self->line, 0);
		}
		g_string_append_len(self->line, data, (gssize)take);
		if (newline || self->line->len > LINE_KEPT) {
			take_line(self);
			g_string_truncate(self->line, 0);
		}
		data += take;
		length -= take;
	}
}

bool lab_marks_entry(const LabMarks *self)
{
	return self->entry;
}

bool lab_marks_xen(const LabMarks *self)
{
	return self->xen;
}

bool lab_marks_foreign(const LabMarks *self)
{
	return self->foreign;
}

Console *lab_marks_console(const LabMarks *self)
{
	return self->console;
}
