/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-marks.c - see lab-marks.h. */
#include "lab-marks.h"

#include <string.h>

#define LINE_KEPT 8192 /* of an unfinished line: command lines are long */

struct LabMarks {
	ConsoleHandlers handlers;
	char *entry_text, *unloaded_text, *nonce_text, *file_text;
	GHashTable *loaded; /* part -> its bytes, as text */
	GString *line;      /* what came since the last newline, or its last part */
	GString *window;    /* the last bytes, for a text that a chunk's end cuts */
	gsize escape;       /* how far we are in an escape sequence of those */
	bool entry, unloaded, xen, foreign;
	Console *console;
};

LabMarks *lab_marks_new(const char *nonce, const ConsoleHandlers *handlers)
{
	LabMarks *self = g_new0(LabMarks, 1);

	self->handlers = *handlers;
	self->entry_text = g_strconcat(LAB_ENTRY_TEXT, nonce, NULL);
	self->unloaded_text = g_strconcat(LAB_UNLOADED_TEXT, nonce, NULL);
	self->nonce_text = g_strconcat(LAB_NONCE_TEXT, nonce, NULL);
	self->file_text = g_strconcat(LAB_FILE_PREFIX, nonce, ".", NULL);
	self->loaded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	self->line = g_string_new(NULL);
	self->window = g_string_new(NULL);
	return self;
}

void lab_marks_free(LabMarks *self)
{
	if (!self)
		return;
	g_free(self->entry_text);
	g_free(self->unloaded_text);
	g_free(self->nonce_text);
	g_free(self->file_text);
	g_hash_table_unref(self->loaded);
	g_string_free(self->line, TRUE);
	g_string_free(self->window, TRUE);
	runner_console_free(self->console);
	g_free(self);
}

static bool holds(const GString *line, const char *text)
{
	return memmem(line->str, line->len, text, strlen(text)) != NULL;
}

/* @data without the escape sequences of a terminal ("ESC [ 01;26 H"): what firmware shows as text
 * is cut by them anywhere. @state: how far in one, 0 at first. */
static void append_text(GString *text, const char *data, gsize length, gsize *state)
{
	for (gsize i = 0; i < length; i++) {
		if (data[i] == '\x1b')
			*state = 1;
		else if (*state == 1)
			*state = data[i] == '[' ? 2 : 0;
		else if (*state == 2)
			*state = data[i] >= '@' && data[i] <= '~' ? 0 : 2;
		else
			g_string_append_c(text, data[i]);
	}
}

/* "xbisect-NONCE.kernel : 1991680 bytes ...", as iPXE's imgstat says it. */
static void take_loaded(LabMarks *self)
{
	g_autoptr(GString) line = g_string_new(NULL);
	gsize escape = 0;
	const char *file;
	const char *part, *number;
	gsize length, digits;

	append_text(line, self->line->str, self->line->len, &escape);
	file = strstr(line->str, self->file_text);
	part = file ? file + strlen(self->file_text) : "";
	length = strspn(part, "abcdefghijklmnopqrstuvwxyz");
	number = part + length + strlen(" : ");
	if (length == 0 || !g_str_has_prefix(part + length, " : "))
		return;
	digits = strspn(number, "0123456789");
	if (digits > 0 && digits < 16 && g_str_has_prefix(number + digits, " bytes"))
		g_hash_table_replace(self->loaded, g_strndup(part, length),
				     g_strndup(number, digits));
}

static void take_line(LabMarks *self)
{
	const GString *line = self->line;

	if (self->entry && !self->xen)
		take_loaded(self);
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

/* A boot loader moves its cursor about and ends no line for long: its texts may
 * be anywhere. */
static void look_for_loader(LabMarks *self, const char *data, gsize length)
{
	gsize keep = MAX(strlen(self->entry_text), strlen(self->unloaded_text)) - 1;

	if ((self->entry && self->unloaded) || self->xen)
		return;
	append_text(self->window, data, length, &self->escape);
	self->entry = self->entry || holds(self->window, self->entry_text);
	self->unloaded = self->unloaded || holds(self->window, self->unloaded_text);
	if (self->window->len > keep)
		g_string_erase(self->window, 0, (gssize)(self->window->len - keep));
}

void lab_marks_feed(LabMarks *self, const char *data, gsize length)
{
	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		gsize take = newline ? (gsize)(newline - data) + 1 : length;

		look_for_loader(self, data, take);
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

void lab_marks_gap(LabMarks *self)
{
	if (self->console && self->line->len > 0) {
		runner_console_feed(self->console, self->line->str, self->line->len);
		runner_console_feed(self->console, "\n", 1);
	}
	g_string_truncate(self->line, 0);
	g_string_truncate(self->window, 0);
	self->escape = 0;
}

bool lab_marks_entry(const LabMarks *self)
{
	return self->entry;
}

bool lab_marks_unloaded(const LabMarks *self)
{
	return self->unloaded;
}

bool lab_marks_xen(const LabMarks *self)
{
	return self->xen;
}

bool lab_marks_foreign(const LabMarks *self)
{
	return self->foreign;
}

gint64 lab_marks_loaded(const LabMarks *self, const char *part)
{
	const char *text = g_hash_table_lookup(self->loaded, part);

	return text ? g_ascii_strtoll(text, NULL, 10) : -1;
}

Console *lab_marks_console(const LabMarks *self)
{
	return self->console;
}
