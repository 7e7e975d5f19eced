/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counters.c - see counters.h. */
#include "counters.h"

#include "counter.h"

#include <string.h>

#define LINES_MAX    8000 /* two events each; the daemon takes 20,000 */
#define KERNEL_START G_GUINT64_CONSTANT(0xffff800000000000)
#define WORDS        8 /* with "counter" */

struct RunnerCounters {
	RunnerSymbols *symbols;
	double ns_per_instruction;
	guint lines;
	GHashTable *seen;    /* "PHASE NAME WHERE" -> times */
	GHashTable *lost;    /* phases whose last pass lost records */
	GHashTable *sampled; /* metrics */
};

/* The words of a line, as text. */
enum { W_COUNTER, W_PHASE, W_NAME, W_WHERE, W_VALUE, W_UNIT, W_PER, W_WHAT };

RunnerCounters *runner_counters_new(RunnerSymbols *symbols, double ns_per_instruction)
{
	RunnerCounters *self = g_new0(RunnerCounters, 1);

	self->symbols = symbols;
	self->ns_per_instruction = ns_per_instruction;
	self->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->lost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->sampled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return self;
}

void runner_counters_free(RunnerCounters *self)
{
	if (!self)
		return;
	runner_symbols_free(self->symbols);
	g_hash_table_unref(self->seen);
	g_hash_table_unref(self->lost);
	g_hash_table_unref(self->sampled);
	g_free(self);
}

static bool is_word(const char *text, gsize max)
{
	gsize length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.:/-");

	return length > 0 && length <= max && text[length] == '\0';
}

static bool is_counter(char **words, gint64 *value, guint64 *per)
{
	return g_strv_length(words) == WORDS && strcmp(words[W_COUNTER], "counter") == 0 &&
	       is_word(words[W_PHASE], 40) && is_word(words[W_NAME], 40) &&
	       is_word(words[W_WHERE], 80) && is_word(words[W_WHAT], 16) &&
	       (strcmp(words[W_UNIT], "1") == 0 || strcmp(words[W_UNIT], "ns") == 0) &&
	       g_ascii_string_to_signed(words[W_VALUE], 10, -G_MAXINT64, G_MAXINT64, value, NULL) &&
	       g_ascii_string_to_unsigned(words[W_PER], 10, 1, G_MAXINT64, per, NULL);
}

/* How often this counter came before: the number of the iteration. */
static guint iteration_of(RunnerCounters *self, char **words)
{
	char *key = g_strdup_printf("%s %s %s", words[W_PHASE], words[W_NAME], words[W_WHERE]);
	guint before = GPOINTER_TO_UINT(g_hash_table_lookup(self->seen, key));

	g_hash_table_insert(self->seen, key, GUINT_TO_POINTER(before + 1));
	return before;
}

static void add_place(const RunnerCounters *self, json_t *event, const char *where)
{
	guint64 address, offset = 0;
	const char *symbol = where;

	if (strcmp(where, "-") == 0)
		return;
	if (g_str_has_prefix(where, "0x") &&
	    g_ascii_string_to_unsigned(where + 2, 16, 0, G_MAXUINT64, &address, NULL)) {
		g_autofree char *text = NULL;

		json_object_set_new(event, "address", json_string(where));
		if (address < KERNEL_START)
			symbol = "user";
		else if (self->symbols)
			symbol = runner_symbols_find(self->symbols, address, &offset);
		symbol = symbol ? symbol : where;
		text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", offset);
		json_object_set_new(event, "offset", json_string(text));
	}
	json_object_set_new(event, "symbol", json_string(symbol));
}

static json_t *counter_event(const char *phase, const char *name, guint iteration, double value,
			     const char *unit, gint64 count, guint64 per)
{
	return json_pack("{s:s,s:s,s:s,s:i,s:f,s:s,s:I,s:I}", "event", "counter", "phase", phase,
			 "name", name, "iteration", (int)iteration, "value", value, "unit", unit,
			 "count", (json_int_t)count, "per", (json_int_t)per);
}

static json_t *sample_event(const RunnerCounters *self, const char *phase, const char *name,
			    guint iteration, double value, const char *unit)
{
	char *metric = g_strdup_printf("%s.%s", phase, name);

	g_hash_table_add(self->sampled, metric);
	return json_pack("{s:s,s:s,s:f,s:s,s:i}", "event", "sample", "metric", metric, "value",
			 MAX(value, XB_COUNTER_LEAST), "unit", unit, "iteration", (int)iteration);
}

/* Time, where it is instructions executed. */
static void add_instructions(const RunnerCounters *self, GPtrArray *events, char **words,
			     guint iteration, gint64 ns, guint64 per)
{
	g_autofree char *unit = g_strdup_printf("1/%s", words[W_WHAT]);
	double count = (double)ns / self->ns_per_instruction;

	g_ptr_array_add(events, counter_event(words[W_PHASE], "instructions", iteration,
					      count / (double)per, unit, (gint64)count, per));
	g_ptr_array_add(events, sample_event(self, words[W_PHASE], "instructions", iteration,
					     count / (double)per, unit));
}

static void event_free(gpointer event)
{
	json_decref(event);
}

GPtrArray *runner_counters_take(RunnerCounters *self, const char *line)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func(event_free);
	g_auto(GStrv) words = g_strsplit(line, " ", WORDS + 1);
	g_autofree char *unit = NULL;
	const char *name;
	gint64 value;
	guint64 per;
	guint iteration;
	bool total;

	if (!is_counter(words, &value, &per) || self->lines == LINES_MAX)
		return g_steal_pointer(&events);
	self->lines++;
	name = words[W_NAME];
	total = strcmp(words[W_WHERE], "-") == 0;
	iteration = iteration_of(self, words);
	unit = g_strdup_printf("%s/%s", words[W_UNIT], words[W_WHAT]);
	json_t *event = counter_event(words[W_PHASE], name, iteration, (double)value / (double)per,
				      unit, value, per);
	add_place(self, event, words[W_WHERE]);
	g_ptr_array_add(events, event);
	if (total && strcmp(name, "lost-records") == 0) {
		if (value)
			g_hash_table_add(self->lost, g_strdup(words[W_PHASE]));
		else
			g_hash_table_remove(self->lost, words[W_PHASE]);
	} else if (total && xb_counter_is_sampled(name) &&
		   !g_hash_table_contains(self->lost, words[W_PHASE])) {
		g_ptr_array_add(events, sample_event(self, words[W_PHASE], name, iteration,
						     (double)value / (double)per, unit));
	} else if (total && strcmp(name, "time") == 0 && self->ns_per_instruction > 0) {
		add_instructions(self, events, words, iteration, value, per);
	}
	return g_steal_pointer(&events);
}

bool runner_counters_sampled(const RunnerCounters *self, const char *metric)
{
	return g_hash_table_contains(self->sampled, metric);
}
