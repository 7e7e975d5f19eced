/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.c - see explain.h. */
#include "explain.h"

#include <math.h>
#include <string.h>

#define NOISE_ABSOLUTE 0.002 /* events for one unit of work */
#define NOISE_RELATIVE 0.02
#define COVERED        0.8 /* of a total's change by its places: then it is not shown itself */
#define ROWS_MAX       40

/* What is known of each counter: words for people, and about how many instructions of
 * Xen one such event costs (by pairs of boots on the embedded host with Xen 4.17 that
 * differ in it; 0: no cost of its own is known). */
static const struct {
	const char *name, *one, *many;
	double instructions;
} known[] = {
	{ "ptwr-emulation", "emulated page-table write", "emulated page-table writes", 1500 },
	{ "page-fault", "page fault", "page faults", 900 },
	{ "privop-emulation", "emulated privileged instruction", "emulated privileged instructions",
	  1500 },
	{ "forced-invalid-op", "forced invalid operation", "forced invalid operations", 1500 },
	{ "paging-fixup", "fault that Xen repaired", "faults that Xen repaired", 700 },
	{ "trap", "trap", "traps", 600 },
	{ "hypercall", "hypercall", "hypercalls", 250 },
	{ "multicall-subcall", "call within multicalls", "calls within multicalls", 200 },
	{ "context-switch", "context switch", "context switches", 2000 },
	{ "vmstat", "count of /proc/vmstat", "counts of /proc/vmstat", 0 },
	{ "xen-perfc", "count of Xen's own", "counts of Xen's own", 0 },
	{ "cycles", "cycle", "cycles", 0 },
	{ "dom0-instructions", "instruction in dom0", "instructions in dom0", 0 },
	{ "dtlb-misses", "data TLB miss", "data TLB misses", 0 },
	{ "itlb-misses", "instruction TLB miss", "instruction TLB misses", 0 },
};

/* One counter on both sides. */
typedef struct {
	const char *name, *symbol, *offset, *unit;
	bool offsets; /* more than one */
	double sum[2], low[2], high[2];
	double boot; /* of the boot that is being read */
	double mean[2], change, share;
	guint known;
} Row;

typedef struct {
	const char *phase; /* NULL: all */
	GHashTable *rows;  /* "NAME SYMBOL" -> Row* */
	guint boots[2];
} Table;

static guint known_of(const char *name)
{
	guint i = 0;

	while (i < G_N_ELEMENTS(known) && strcmp(known[i].name, name) != 0)
		i++;
	return i;
}

/* ---- reading -------------------------------------------------------------------- */

static bool has_phase(const XbExplainSide *side, const char *phase)
{
	for (guint b = 0; b < side->boots->len; b++) {
		const GPtrArray *counters = side->boots->pdata[b];

		for (guint i = 0; i < counters->len; i++)
			if (strcmp(((const XbCounter *)counters->pdata[i])->phase, phase) == 0)
				return true;
	}
	return false;
}

/* The phase that @metric is about; NULL: all. Caller frees. */
static char *phase_of(const char *metric, const XbExplainSide *side)
{
	g_autofree char *name = g_strdup(metric);

	for (;;) {
		char *at = strrchr(name, '.'), *low = strrchr(name, '_');

		if (has_phase(side, name))
			return g_steal_pointer(&name);
		at = !at || (low && low > at) ? low : at;
		if (!at)
			break;
		*at = '\0';
	}
	return has_phase(side, "total") ? g_strdup("total") : NULL;
}

static Row *row_of(Table *table, const XbCounter *counter)
{
	g_autofree char *key = g_strdup_printf("%s %s", counter->name, counter->symbol);
	Row *row = g_hash_table_lookup(table->rows, key);

	if (row)
		return row;
	row = g_new0(Row, 1);
	row->name = counter->name;
	row->symbol = counter->symbol;
	row->offset = counter->offset;
	row->unit = counter->unit;
	row->known = known_of(counter->name);
	row->boot = 0;
	for (int side = 0; side < 2; side++) {
		/* One that comes with a later boot was zero in those before. */
		row->low[side] = table->boots[side] ? 0 : INFINITY;
		row->high[side] = table->boots[side] ? 0 : -INFINITY;
	}
	g_hash_table_insert(table->rows, g_steal_pointer(&key), row);
	return row;
}

/* One boot: the mean over its iterations, the sum over places of one function. */
static void take_boot(Table *table, const GPtrArray *counters)
{
	int iterations = 1;

	for (guint i = 0; i < counters->len; i++)
		iterations = MAX(iterations, ((XbCounter *)counters->pdata[i])->iteration + 1);
	for (guint i = 0; i < counters->len; i++) {
		const XbCounter *counter = counters->pdata[i];
		Row *row;

		if (table->phase && strcmp(counter->phase, table->phase) != 0)
			continue;
		row = row_of(table, counter);
		row->boot += counter->value / iterations;
		row->offsets |= strcmp(row->offset, counter->offset) != 0;
	}
}

static void end_boot(Table *table, int side)
{
	GHashTableIter iter;
	gpointer value;

	table->boots[side]++;
	g_hash_table_iter_init(&iter, table->rows);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Row *row = value;

		row->sum[side] += row->boot;
		row->low[side] = MIN(row->low[side], row->boot);
		row->high[side] = MAX(row->high[side], row->boot);
		row->boot = 0;
	}
}

static void take_side(Table *table, int side, const XbExplainSide *from)
{
	for (guint b = 0; b < from->boots->len; b++) {
		const GPtrArray *counters = from->boots->pdata[b];

		if (counters->len == 0)
			continue;
		take_boot(table, counters);
		end_boot(table, side);
	}
}

/* ---- what differs ----------------------------------------------------------------- */

static bool differs(const Row *row, const Table *table)
{
	double noise =
		MAX(NOISE_ABSOLUTE, NOISE_RELATIVE * MAX(fabs(row->mean[0]), fabs(row->mean[1])));

	for (int side = 0; side < 2; side++)
		if (table->boots[side] > 1)
			noise = MAX(noise, row->high[side] - row->low[side]);
	return fabs(row->change) > noise;
}

static bool is_cost(const char *name)
{
	return strcmp(name, "instructions") == 0 || strcmp(name, "time") == 0 ||
	       strcmp(name, "time-traced") == 0 || strcmp(name, "lost-records") == 0;
}

static const Row *find(const Table *table, const char *name)
{
	g_autofree char *key = g_strdup_printf("%s ", name);

	return g_hash_table_lookup(table->rows, key);
}

/* The total of a counter says nothing more when its places explain it. */
static bool is_covered(const Table *table, const Row *total)
{
	GHashTableIter iter;
	gpointer value;
	double sum = 0;

	g_hash_table_iter_init(&iter, table->rows);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Row *row = value;

		if (*row->symbol && strcmp(row->name, total->name) == 0 && differs(row, table))
			sum += row->change;
	}
	return fabs(sum) >= COVERED * fabs(total->change) && sum * total->change > 0;
}

static int compare_rows(gconstpointer one, gconstpointer other)
{
	const Row *a = *(Row *const *)one, *b = *(Row *const *)other;
	int order;

	if (a->share != b->share)
		return a->share > b->share ? -1 : 1;
	if (fabs(a->change) != fabs(b->change))
		return fabs(a->change) > fabs(b->change) ? -1 : 1;
	order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->symbol, b->symbol);
}

static double cost_of(const Row *row)
{
	return row->known < G_N_ELEMENTS(known) ? row->change * known[row->known].instructions : 0;
}

/* Of the difference; or of all that is estimated to have been added, where that is more: part of it
 * was saved elsewhere, or the costs are estimated too high. */
static void set_shares(const GPtrArray *rows, double difference)
{
	double added = 0, whole;

	for (guint i = 0; i < rows->len; i++) {
		double cost = cost_of(rows->pdata[i]);

		added += cost * difference > 0 ? fabs(cost) : 0;
	}
	whole = copysign(fmax(fabs(difference), added), difference);
	for (guint i = 0; i < rows->len; i++)
		((Row *)rows->pdata[i])->share =
			difference != 0 ? cost_of(rows->pdata[i]) / whole : 0;
}

/* Rows that differ, biggest share of @difference first. */
static GPtrArray *rows_that_differ(const Table *table, double difference)
{
	GPtrArray *rows = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, table->rows);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Row *row = value;

		if (is_cost(row->name) || !differs(row, table) ||
		    (!*row->symbol && is_covered(table, row)))
			continue;
		g_ptr_array_add(rows, row);
	}
	set_shares(rows, difference);
	g_ptr_array_sort(rows, compare_rows);
	if (rows->len > ROWS_MAX)
		g_ptr_array_set_size(rows, ROWS_MAX);
	return rows;
}

/* ---- the sentence ------------------------------------------------------------------ */

/* 1245.3 -> "1,245"; below ten with as many digits as say something. */
static char *number_text(double value)
{
	GString *text;

	if (value == 0)
		return g_strdup("no");
	if (fabs(value) < 0.0995)
		return g_strdup_printf("%.1g", value);
	if (fabs(value) < 9.995)
		return g_strdup_printf("%.2f", value);
	if (fabs(value) >= 1e15)
		return g_strdup_printf("%.3g", value);
	text = g_string_new(NULL);
	g_string_printf(text, "%.0f", fabs(value));
	for (gssize at = (gssize)text->len - 3; at > 0; at -= 3)
		g_string_insert_c(text, at, ',');
	if (value < 0)
		g_string_prepend_c(text, '-');
	return g_string_free(text, FALSE);
}

/* What a unit of work is called: "1/page" -> "page". */
static const char *per_of(const char *unit)
{
	const char *slash = strchr(unit, '/');

	return slash ? slash + 1 : "iteration";
}

static const char *article(const char *word)
{
	return strchr("aeiou", *word) ? "an" : "a";
}

static void add_count(GString *text, const Row *row, int side, const char *per)
{
	double value = row->mean[side];
	g_autofree char *number = number_text(value);
	bool one = strcmp(number, "1.00") == 0;

	g_string_append_printf(text, "%s %s %s %s", number,
			       row->known < G_N_ELEMENTS(known)
				       ? (one ? known[row->known].one : known[row->known].many)
				       : row->name,
			       article(per), per);
	if (*row->symbol && strcmp(row->name, "hypercall") != 0 &&
	    strcmp(row->name, "multicall-subcall") != 0)
		g_string_append_printf(text, " in %s", row->symbol);
	else if (*row->symbol)
		g_string_append_printf(text, " (%s)", row->symbol);
}

/* The row that explains most, and the one that the base had in its place. */
static const Row *replaced_row(const GPtrArray *rows, const Row *first)
{
	const Row *best = NULL;

	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];

		if (row->known < G_N_ELEMENTS(known) && known[row->known].instructions > 0 &&
		    row->change * first->change < 0 && (!best || row->share < best->share))
			best = row;
	}
	return best;
}

static char *sentence(const char *phase, const Row *cost, const GPtrArray *rows, const Table *table,
		      const XbExplainSide *sides[2])
{
	const Row *first = rows->len ? rows->pdata[0] : NULL, *other;
	const char *per = per_of(cost->unit);
	bool time = strcmp(cost->name, "time") == 0;
	g_autofree char *number = number_text(fabs(cost->change));
	GString *text = g_string_new(NULL);

	(void)table;
	if (first && first->share <= 0)
		first = NULL;
	g_string_append_printf(text, "%s %s %s %s %s %s %s: ", phase, time ? "takes" : "costs",
			       number, cost->change < 0 ? "fewer" : "more",
			       time ? "ns" : "instructions", article(per), per);
	if (!first) {
		g_string_append(text, "no counter that differs explains it");
		return g_string_free(text, FALSE);
	}
	add_count(text, first, 1, per);
	other = replaced_row(rows, first);
	g_string_append_printf(text, ", where %s ", sides[0]->word);
	if (other && *first->symbol && first->mean[0] == 0) {
		g_string_append(text, "used ");
		add_count(text, other, 0, per);
	} else {
		g_string_append(text, "had ");
		add_count(text, first, 0, per);
	}
	return g_string_free(text, FALSE);
}

/* ---- JSON ------------------------------------------------------------------------- */

static json_t *row_json(const Row *row)
{
	bool is_known = row->known < G_N_ELEMENTS(known);
	json_t *object =
		json_pack("{s:s,s:s,s:s,s:f,s:f,s:f}", "name", row->name, "what",
			  is_known ? known[row->known].many : row->name, "unit", row->unit, "base",
			  row->mean[0], "test", row->mean[1], "change", row->change);

	if (*row->symbol)
		json_object_set_new(object, "symbol", json_string(row->symbol));
	if (*row->offset && !row->offsets)
		json_object_set_new(object, "offset", json_string(row->offset));
	json_object_set_new(object, "share", row->share != 0 ? json_real(row->share) : json_null());
	return object;
}

/* What tracing added to the time, of both sides; null when it is not known. */
static json_t *overhead(const Table *table)
{
	const Row *plain = find(table, "time"), *traced = find(table, "time-traced");
	double before = plain ? plain->mean[0] + plain->mean[1] : 0;

	if (!traced || before <= 0)
		return json_null();
	return json_real((traced->mean[0] + traced->mean[1]) / before - 1);
}

static void settle(Table *table)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, table->rows);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Row *row = value;

		for (int side = 0; side < 2; side++)
			row->mean[side] = row->sum[side] / table->boots[side];
		row->change = row->mean[1] - row->mean[0];
	}
}

static json_t *explain(const Table *table, const XbExplainSide *sides[2])
{
	const Row *cost = find(table, "instructions");
	const Row *lost = find(table, "lost-records");
	g_autoptr(GPtrArray) rows = NULL;
	g_autofree char *text = NULL;
	json_t *list = json_array(), *object;

	cost = cost ? cost : find(table, "time");
	if (!cost) {
		json_decref(list);
		return NULL;
	}
	rows = rows_that_differ(table, cost->change);
	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(list, row_json(rows->pdata[i]));
	text = sentence(table->phase ? table->phase : "all of it", cost, rows, table, sides);
	object = json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:f,s:f,s:f},s:i,s:i,s:o,s:b,s:o}", "phase",
			   table->phase ? table->phase : "", "per", per_of(cost->unit), "sentence",
			   text, "cost", "name", cost->name, "unit", cost->unit, "base",
			   cost->mean[0], "test", cost->mean[1], "change", cost->change,
			   "base_boots", (int)table->boots[0], "test_boots", (int)table->boots[1],
			   "overhead", overhead(table), "lost",
			   lost && lost->mean[0] + lost->mean[1] > 0, "rows", list);
	return object;
}

json_t *xb_explain(const char *metric, const XbExplainSide *base, const XbExplainSide *test)
{
	const XbExplainSide *sides[2] = { base, test };
	g_autofree char *phase = phase_of(metric, test);
	Table table = { .phase = phase };
	json_t *object = NULL;

	table.rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (int side = 0; side < 2; side++)
		take_side(&table, side, sides[side]);
	if (table.boots[0] > 0 && table.boots[1] > 0) {
		settle(&table);
		object = explain(&table, sides);
	}
	g_hash_table_unref(table.rows);
	return object;
}
