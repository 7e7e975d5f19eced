/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counting.c - see counting.h. */
#include "counting.h"

#include "counters.h"
#include "profiling.h"

#include <string.h>

#define STACKS_MAX 20000

/* Of one phase. */
typedef struct {
	GHashTable *stacks; /* text -> gint64* */
	guint iterations;
} Phase;

struct Counting {
	RunnerRun *run;
	RunnerCounters *counters;
	GHashTable *phases; /* name -> Phase; NULL: no profile is wanted */
	guint n_stacks;
	bool named, lost;
};

static void phase_free(gpointer data)
{
	Phase *phase = data;

	g_hash_table_unref(phase->stacks);
	g_free(phase);
}

Counting *runner_counting_new(RunnerRun *run, double ns_per_instruction)
{
	Counting *self = g_new0(Counting, 1);
	g_autofree char *path = runner_job_system_map(run->job);
	g_autoptr(GError) error = NULL;
	RunnerSymbols *symbols = path ? runner_symbols_load(path, &error) : NULL;
	const char *mode = json_string_value(json_object_get(run->job->json, "profile"));

	if (error)
		g_printerr("xbisect-run: addresses stay without names: %s\n", error->message);
	self->run = run;
	self->named = symbols != NULL;
	self->counters = runner_counters_new(symbols, ns_per_instruction);
	if (g_strcmp0(mode, "traps") == 0)
		self->phases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, phase_free);
	return self;
}

void runner_counting_free(Counting *self)
{
	if (!self)
		return;
	runner_counters_free(self->counters);
	g_clear_pointer(&self->phases, g_hash_table_unref);
	g_free(self);
}

/* ---- stacks ------------------------------------------------------------------------ */

static Phase *phase_of(Counting *self, const char *name)
{
	Phase *phase = g_hash_table_lookup(self->phases, name);

	if (!phase) {
		phase = g_new0(Phase, 1);
		phase->stacks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		g_hash_table_insert(self->phases, g_strdup(name), phase);
	}
	return phase;
}

/* What Xen did, by name, is a frame of Xen's; the place in dom0 calls it. NULL: no entry into Xen.
 * Caller frees. */
static char *stack_of(const char *name, const char *symbol, bool address)
{
	static const char *const entries[] = { "ptwr-emulation",   "page-fault",
					       "privop-emulation", "forced-invalid-op",
					       "paging-fixup",     "trap",
					       "hypercall" };
	bool known = strcmp(name, "multicall-subcall") == 0;

	for (guint i = 0; i < G_N_ELEMENTS(entries); i++)
		known |= strcmp(name, entries[i]) == 0;
	if (!known)
		return NULL;
	if (address)
		return strcmp(symbol, "user") == 0 ? g_strdup_printf("user;%s_[x]", name)
						   : g_strdup_printf("%s_[k];%s_[x]", symbol, name);
	/* the calls within a multicall are no entries of their own */
	return strcmp(name, "multicall-subcall") == 0
		       ? NULL
		       : g_strdup_printf("%s_[x];%s_[x]", name, symbol);
}

static void take_event(Counting *self, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "event"));
	const char *phase_name = json_string_value(json_object_get(event, "phase"));
	const char *name = json_string_value(json_object_get(event, "name"));
	const char *symbol = json_string_value(json_object_get(event, "symbol"));
	json_int_t iteration = json_integer_value(json_object_get(event, "iteration"));
	json_int_t count = json_integer_value(json_object_get(event, "count"));
	g_autofree char *stack = NULL;
	gint64 *sum;
	Phase *phase;

	if (g_strcmp0(kind, "counter") != 0 || !phase_name || !name)
		return;
	phase = phase_of(self, phase_name);
	phase->iterations = MAX(phase->iterations, (guint)iteration + 1);
	self->lost |= strcmp(name, "lost-records") == 0 && count > 0;
	stack = symbol && count > 0
			? stack_of(name, symbol, json_object_get(event, "address") != NULL)
			: NULL;
	if (!stack)
		return;
	g_strdelimit(stack, " \n", '_');
	sum = g_hash_table_lookup(phase->stacks, stack);
	if (!sum && self->n_stacks++ < STACKS_MAX) {
		sum = g_new0(gint64, 1);
		g_hash_table_insert(phase->stacks, g_steal_pointer(&stack), sum);
	}
	if (sum)
		*sum += MIN(count, G_MAXINT64 - *sum);
	else
		self->lost = true;
}

void runner_counting_line(Counting *self, const char *line)
{
	g_autoptr(GPtrArray) events = runner_counters_take(self->counters, line);

	for (guint i = 0; i < events->len; i++) {
		if (self->phases)
			take_event(self, events->pdata[i]);
		runner_run_emit(self->run, json_incref(events->pdata[i]));
	}
}

bool runner_counting_sampled(const Counting *self, const char *metric)
{
	return runner_counters_sampled(self->counters, metric);
}

/* ---- the profile --------------------------------------------------------------------- */

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static char *fold(const Phase *phase, gint64 *whole)
{
	GList *stacks = g_list_sort(g_hash_table_get_keys(phase->stacks), by_text);
	GString *text = g_string_new(NULL);

	*whole = 0;
	for (GList *item = stacks; item; item = item->next) {
		gint64 count = *(gint64 *)g_hash_table_lookup(phase->stacks, item->data);

		*whole += MIN(count, G_MAXINT64 - *whole);
		g_string_append_printf(text, "%s %" G_GINT64_FORMAT "\n", (char *)item->data,
				       count);
	}
	g_list_free(stacks);
	return g_string_free(text, FALSE);
}

static json_t *write_phase(const Counting *self, const char *name, const Phase *phase,
			   GError **error)
{
	gint64 whole;
	g_autofree char *text = fold(phase, &whole);
	g_autofree char *plain = g_strdelimit(g_strdup(name), "/:", '_');
	g_autofree char *file = g_strdup_printf("profile-%s.folded", plain);
	g_autofree char *path = g_build_filename(self->run->job->dir, file, NULL);

	if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, error))
		return NULL;
	return json_pack("{s:s,s:s,s:i,s:I,s:I,s:i,s:i,s:o}", "phase", name, "file", file,
			 "entries", (int)phase->iterations, "instructions", (json_int_t)whole,
			 "xen", (json_int_t)whole, "kernel", 0, "user", 0, "functions",
			 runner_profiling_functions(text));
}

bool runner_counting_finish(Counting *self, GError **error)
{
	g_autoptr(json_t) phases = json_array();
	GHashTableIter iter;
	gpointer name, phase;

	if (!self->phases)
		return true;
	g_hash_table_iter_init(&iter, self->phases);
	while (g_hash_table_iter_next(&iter, &name, &phase)) {
		json_t *entry;

		if (g_hash_table_size(((Phase *)phase)->stacks) == 0)
			continue;
		entry = write_phase(self, name, phase, error);
		if (!entry)
			return false;
		json_array_append_new(phases, entry);
	}
	runner_run_emit(self->run, json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:O}", "event", "profile",
					     "mode", "traps", "unit", "entries into Xen", "full",
					     self->lost, "xen_names", true, "kernel_names",
					     self->named, "phases", phases));
	return true;
}
