/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console.c - see console.h. */
#include "console.h"

#include "frame.h"
#include "sample.h"
#include "text.h"

#include <string.h>

#define LINE_MAX_BYTES 4096 /* a longer line is looked at up to here */
#define TELLING_MAX    8
#define LAST_MAX       3
#define SHOWN_MAX      200 /* of one line in a detail */
#define SAMPLES_MAX    100000
#define IDENTITY_MAX   16384

struct Console {
	ConsoleHandlers handlers;
	ConsoleStage stage;
	GString *line;     /* the unfinished one */
	GString *identity; /* lines of "id" frames */
	guint banners;     /* of Xen */
	guint next_frame;
	int status;
	char *failure;
	XbOutcome outcome;
	GPtrArray *telling;  /* first lines that look like a crash */
	GPtrArray *last;     /* last lines of all */
	GHashTable *samples; /* metric -> GUINT count */
	guint n_samples;
};

/* Lines that end a boot. Their order does not matter: the first seen counts. */
static const struct {
	const char *text, *meaning;
} fatal_lines[] = {
	{ "Kernel panic - not syncing", "the kernel panicked" },
	{ "Hardware Dom0 crashed", "Xen reports that dom0 crashed" },
	{ "Hardware Dom0 shutdown: rebooting", "dom0 rebooted" },
	{ "(XEN) Panic on CPU", "Xen panicked" },
	{ "(XEN) Domain 0 crashed", "Xen reports that dom0 crashed" },
	{ "(XEN) Domain 0 (vcpu", "Xen reports that dom0 crashed" },
};

/* Lines worth quoting. */
static const char *const telling_marks[] = {
	"Kernel panic",
	"Hardware Dom0",
	"(XEN) Panic",
	"(XEN) Domain 0",
	"BUG:",
	"kernel BUG at",
	"Oops",
	"RIP:",
	"general protection fault",
	"Unhandled",
	"Could not",
	"Unable to mount",

	"not Xen-compatible",
	"unable to",
	"xbisect-dom0:",
};

Console *runner_console_new(const ConsoleHandlers *handlers)
{
	Console *self = g_new0(Console, 1);

	self->handlers = *handlers;
	self->line = g_string_new(NULL);
	self->identity = g_string_new(NULL);
	self->telling = g_ptr_array_new_with_free_func(g_free);
	self->last = g_ptr_array_new_with_free_func(g_free);
	self->samples = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->status = -1;
	return self;
}

void runner_console_free(Console *self)
{
	if (!self)
		return;
	g_string_free(self->line, TRUE);
	g_string_free(self->identity, TRUE);
	g_ptr_array_unref(self->telling);
	g_ptr_array_unref(self->last);
	g_hash_table_unref(self->samples);
	g_free(self->failure);
	g_free(self);
}

static void fail(Console *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void fail(Console *self, const char *format, ...)
{
	va_list args;

	/* After the last frame all results are here; how it goes off is no matter. */
	if (self->failure || self->stage == CONSOLE_OFF)
		return;
	va_start(args, format);
	self->failure = g_strdup_vprintf(format, args);
	va_end(args);
	self->outcome = self->stage < CONSOLE_WORKLOAD ? XB_OUTCOME_BOOT_FAILED
						       : XB_OUTCOME_WORKLOAD_FAILED;
}

static void reach(Console *self, ConsoleStage stage)
{
	if (stage <= self->stage)
		return;
	self->stage = stage;
	if (self->handlers.stage)
		self->handlers.stage(stage, self->handlers.data);
}

/* "metric value unit" is a sample, "counter ..." a count; any other line is the program's own. */
static void take_output(Console *self, const char *text)
{
	Sample sample;
	guint iteration;

	if (g_str_has_prefix(text, "counter ") && self->handlers.counter) {
		self->handlers.counter(text, self->handlers.data);
		return;
	}
	if (!runner_sample_parse(text, &sample))
		return;
	if (++self->n_samples > SAMPLES_MAX) {
		fail(self, "the workload printed more than %d samples", SAMPLES_MAX);
		return;
	}
	iteration = GPOINTER_TO_UINT(g_hash_table_lookup(self->samples, sample.metric));
	g_hash_table_insert(self->samples, g_strdup(sample.metric),
			    GUINT_TO_POINTER(iteration + 1));
	if (self->handlers.sample)
		self->handlers.sample(sample.metric, sample.value, sample.unit, (int)iteration,
				      self->handlers.data);
}

static void take_payload(Console *self, const char *text)
{
	if (strcmp(text, "start") == 0) {
		reach(self, CONSOLE_WORKLOAD);
	} else if (g_str_has_prefix(text, "hello ")) {
		reach(self, CONSOLE_DOM0);
	} else if (g_str_has_prefix(text, "id ")) {
		if (self->identity->len < IDENTITY_MAX)
			g_string_append_printf(self->identity, "%s\n", text + strlen("id "));
	} else if (g_str_has_prefix(text, "out ")) {
		take_output(self, text + strlen("out "));
	} else if (g_str_has_prefix(text, "end ")) {
		self->status = (int)g_ascii_strtoll(text + strlen("end "), NULL, 10);
		reach(self, CONSOLE_DONE);
	} else if (g_str_has_prefix(text, "fail ")) {
		reach(self, CONSOLE_WORKLOAD);
		fail(self, "the workload was not started: %s", text + strlen("fail "));
	} else if (strcmp(text, "off") == 0) {
		if (self->status >= 0 && !self->failure)
			reach(self, CONSOLE_OFF);
		else
			fail(self, "dom0 ended without a result");
	}
}

/* True when the line held a frame, whole or torn. */
static bool take_frame(Console *self, const char *line, gsize length)
{
	guint sequence;
	const char *payload;
	gsize payload_length;
	g_autofree char *text = NULL;

	switch (runner_frame_parse(line, length, &sequence, &payload, &payload_length)) {
	case FRAME_NONE:
		return false;
	case FRAME_TORN:
		reach(self, CONSOLE_WORKLOAD); /* who writes frames has come up */
		fail(self, "a result line is torn");
		return true;
	case FRAME_OK:
		break;
	}
	if (sequence != self->next_frame) {
		reach(self, CONSOLE_WORKLOAD);
		fail(self, "a result line is missing: number %u came instead of %u", sequence,
		     self->next_frame);
		return true;
	}
	self->next_frame++;
	text = g_strndup(payload, payload_length);
	take_payload(self, text);
	return true;
}

static void keep_line(Console *self, const char *line)
{
	bool telling = false;

	for (guint i = 0; i < G_N_ELEMENTS(telling_marks) && !telling; i++)
		telling = strstr(line, telling_marks[i]) != NULL;
	if (telling && self->telling->len < TELLING_MAX)
		g_ptr_array_add(self->telling, xb_text_safe(line, -1, SHOWN_MAX, false));
	if (self->last->len == LAST_MAX)
		g_ptr_array_remove_index(self->last, 0);
	g_ptr_array_add(self->last, xb_text_safe(line, -1, SHOWN_MAX, false));
}

static void look_for_crash(Console *self, const char *line)
{
	if (strstr(line, "(XEN) Xen version ")) {
		if (++self->banners > 1)
			fail(self, "the machine was reset: Xen started a second time");
		reach(self, CONSOLE_XEN);
	}
	for (guint i = 0; i < G_N_ELEMENTS(fatal_lines); i++)
		if (strstr(line, fatal_lines[i].text))
			fail(self, "%s", fatal_lines[i].meaning);
}

static void take_line(Console *self)
{
	g_autofree char *text = NULL;

	/* A NUL would hide the rest from the string functions. */
	for (gsize i = 0; i < self->line->len; i++)
		if (self->line->str[i] == '\0')
			self->line->str[i] = ' ';
	if (!take_frame(self, self->line->str, self->line->len)) {
		text = g_strstrip(g_strdup(self->line->str));
		if (*text) {
			look_for_crash(self, text);
			keep_line(self, text);
		}
	}
	g_string_truncate(self->line, 0);
}

void runner_console_feed(Console *self, const char *data, gsize length)
{
	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		gsize take = newline ? (gsize)(newline - data) : length;
		gsize room = LINE_MAX_BYTES - self->line->len;

		g_string_append_len(self->line, data, (gssize)MIN(take, room));
		if (!newline)
			return;
		take_line(self);
		data = newline + 1;
		length -= take + 1;
	}
}

ConsoleStage runner_console_stage(const Console *self)
{
	return self->stage;
}

guint runner_console_samples(const Console *self, const char *metric)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(self->samples, metric));
}

const char *runner_console_failure(const Console *self, XbOutcome *outcome)
{
	if (self->failure)
		*outcome = self->outcome;
	return self->failure;
}

char *runner_console_telling(const Console *self)
{
	const GPtrArray *lines = self->telling->len > 0 ? self->telling : self->last;
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%s%s", i ? " | " : "", (char *)lines->pdata[i]);
	return g_strdup(text->len ? text->str : "the console is empty");
}

const char *runner_console_identity(const Console *self)
{
	return self->identity->str;
}

int runner_console_status(const Console *self)
{
	return self->status;
}
