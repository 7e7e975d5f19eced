/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * simulate.c - the command that plans: the daemon's planner driven over
 * synthetic hosts, here and without a daemon, to tell what a search will cost
 * and how often it is right.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "format.h"
#include "request.h"
#include "revlist.h"
#include "term.h"
#include "text.h"
#include "trials.h"
#include "writer.h"

#define MAX_COMMITS     100000
#define UNSET           G_MININT
#define OUTLIER_SIZE    0.1
#define PROGRESS_US     (2 * G_USEC_PER_SEC)
#define PROGRESS_GAP_US (G_USEC_PER_SEC / 5)

/* Numbers as the user wrote them; the rows of amounts[] below. */
enum {
	SHIFT,
	BOOT_SD,
	RUN_SD,
	OUTLIERS,
	UNBUILDABLE,
	UNBOOTABLE,
	CONFIDENCE,
	MIN_EFFECT,
	BUILD_COST,
	BOOT_COST,
	N_AMOUNTS
};

typedef struct {
	char *text[N_AMOUNTS];
	double value[N_AMOUNTS];
	char *repo, *range, *culprit;
	int commits, iterations, hosts, trials;
	gint64 seed;
} Options;

static void options_clear(Options *self)
{
	for (int i = 0; i < N_AMOUNTS; i++)
		g_free(self->text[i]);
	g_free(self->repo);
	g_free(self->range);
	g_free(self->culprit);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

typedef enum { AMOUNT_SHARE, AMOUNT_CHANGE, AMOUNT_DURATION } AmountKind;

/* A share is from @low to below @high; a change may be negative as well. */
static const struct {
	const char *name, *fallback;
	AmountKind kind;
	double low, high;
} amounts[N_AMOUNTS] = {
	[SHIFT] = { "--shift", "3%", AMOUNT_CHANGE, -0.95, 10 },
	[BOOT_SD] = { "--boot-sd", "1%", AMOUNT_SHARE, 0, 1 },
	[RUN_SD] = { "--run-sd", "0.3%", AMOUNT_SHARE, 0, 1 },
	[OUTLIERS] = { "--outliers", "0", AMOUNT_SHARE, 0, 1 },
	[UNBUILDABLE] = { "--unbuildable", "0", AMOUNT_SHARE, 0, 1 },
	[UNBOOTABLE] = { "--unbootable", "0", AMOUNT_SHARE, 0, 1 },
	[CONFIDENCE] = { "--confidence", "0.99", AMOUNT_SHARE, 0.5, 1 },
	[MIN_EFFECT] = { "--min-effect", "1%", AMOUNT_SHARE, 0, 10 },
	[BUILD_COST] = { "--build-cost", "60s", AMOUNT_DURATION, 0, 1e7 },
	[BOOT_COST] = { "--boot-cost", "30s", AMOUNT_DURATION, 0, 1e7 },
};

/* ---- options ---------------------------------------------------------------------- */

static bool parse_amount(int i, const char *text, double *value)
{
	bool negative = amounts[i].kind == AMOUNT_CHANGE && *text == '-';
	bool fine = amounts[i].kind == AMOUNT_DURATION ? xb_parse_duration(text, value)
						       : xb_parse_fraction(text + negative, value);

	if (negative)
		*value = -*value;
	return fine && *value >= amounts[i].low && *value < amounts[i].high;
}

static bool refuse(XbClient *client, const char *hint, const char *option, const char *text)
{
	xb_client_fail(client, XB_EXIT_REFUSED, hint, "%s %s cannot be simulated", option, text);
	return false;
}

static bool take_amounts(XbClient *client, Options *o)
{
	for (int i = 0; i < N_AMOUNTS; i++) {
		const char *text = o->text[i] != NULL ? o->text[i] : amounts[i].fallback;
		g_autofree char *hint =
			amounts[i].kind == AMOUNT_DURATION
				? g_strdup("a time is needed, such as 90s or 15m")
				: g_strdup_printf("a share from %g%% to below %g%% is needed, "
						  "written as 1%% or 0.01",
						  100 * amounts[i].low, 100 * amounts[i].high);

		if (!parse_amount(i, text, &o->value[i]))
			return refuse(client, hint, amounts[i].name, text);
	}
	return true;
}

static bool take_count(XbClient *client, const char *option, int value, int low, int high)
{
	g_autofree char *text = g_strdup_printf("%d", value);
	g_autofree char *hint = g_strdup_printf("a number from %d to %d is needed", low, high);

	return (value >= low && value <= high) || refuse(client, hint, option, text);
}

static bool check_options(XbClient *client, Options *o)
{
	if (!take_amounts(client, o))
		return false;
	if (o->culprit != NULL && strcmp(o->culprit, "none") != 0)
		return refuse(client, "without the option it is drawn anew in each trial",
			      "--culprit", o->culprit);
	if (o->commits != UNSET && o->range != NULL)
		return refuse(client, "the range says how many commits there are", "--commits",
			      "with --range");
	if (o->repo != NULL && o->range == NULL)
		return refuse(client, "name the range too: --range GOOD..BAD", "--repo", o->repo);
	if (o->commits == UNSET)
		o->commits = 128;
	return take_count(client, "--commits", o->commits, 1, MAX_COMMITS) &&
	       take_count(client, "--iterations", o->iterations, 1, 1000) &&
	       take_count(client, "--hosts", o->hosts, 1, 64) &&
	       take_count(client, "--trials", o->trials, 1, 1000000);
}

/* The graph: a line, or the range's own. Its arrays are the result's. */
static XbRevlist *make_graph(XbClient *client, const Options *o)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *good = NULL, *bad = NULL;
	XbRevlist *list = NULL;

	if (o->range == NULL) {
		list = g_new0(XbRevlist, 1);
		list->graph =
			xb_graph_line((guint)o->commits + 1, &list->parent_start, &list->parent);
		return list;
	}
	if (xb_request_range(o->range, &good, &bad, &error))
		list = xb_revlist_read(o->repo != NULL ? o->repo : ".", good, bad, &error);
	if (list == NULL) {
		xb_client_fail(client, XB_EXIT_REFUSED, NULL, "%s: %s", o->range, error->message);
	} else if (list->graph.n > MAX_COMMITS + 1) {
		g_clear_pointer(&list, xb_revlist_free);
		xb_client_fail(client, XB_EXIT_REFUSED, NULL, "%s: more than %d commits", o->range,
			       MAX_COMMITS);
	}
	return list;
}

static XbWorld make_world(const Options *o, const XbGraph *graph)
{
	return (XbWorld){
		.graph = *graph,
		.no_culprit = o->culprit != NULL,
		.shift = o->value[SHIFT],
		.boot_sd = o->value[BOOT_SD],
		.run_sd = o->value[RUN_SD],
		.iterations = (guint)o->iterations,
		.outliers = o->value[OUTLIERS],
		.outlier_size = OUTLIER_SIZE,
		.unbuildable = o->value[UNBUILDABLE],
		.unbootable = o->value[UNBOOTABLE],
		.build_cold_s = o->value[BUILD_COST],
		.build_near_s = o->value[BUILD_COST],
		.boot_s = o->value[BOOT_COST],
		.options = { .confidence = o->value[CONFIDENCE],
			     .min_effect = o->value[MIN_EFFECT],
			     .hosts = (guint)o->hosts,
			     .builders = 1,
			     .history_level = NAN },
	};
}

/* ---- progress ---------------------------------------------------------------------- */

typedef struct {
	XbTerm term;
	gint64 start_us, drawn_us;
	guint trials;
} Progress;

static bool show_progress(guint done, void *data)
{
	Progress *self = data;
	gint64 now_us = g_get_monotonic_time(), spent_us = now_us - self->start_us;

	if (!self->term.live || spent_us < PROGRESS_US ||
	    now_us - self->drawn_us < PROGRESS_GAP_US || done == self->trials)
		return true;
	g_autoptr(GPtrArray) lines = xb_lines_new();
	g_autofree char *left =
		xb_format_span((double)spent_us / 1e6 * (self->trials - done) / done);
	g_autofree char *line =
		g_strdup_printf("simulated %u of %u trials, %s to go", done, self->trials, left);
	int columns, rows;

	xb_term_size(&self->term, &columns, &rows);
	xb_lines_add(lines, NULL, xb_format_fit(line, columns - 1, FALSE));
	xb_term_draw(&self->term, lines);
	self->drawn_us = now_us;
	return true;
}

static void run_trials(const Options *o, const XbWorld *world, XbTrials *trials)
{
	Progress progress = { .start_us = g_get_monotonic_time(), .trials = (guint)o->trials };

	xb_term_init(&progress.term, stderr);
	xb_trials_run(world, (guint)o->trials, (uint64_t)o->seed, show_progress, &progress, trials);
	xb_term_erase(&progress.term);
	xb_term_clear(&progress.term);
}

/* ---- what came of it ------------------------------------------------------------------ */

static const struct {
	const char *name, *heading, *format;
	size_t offset;
} spreads[] = {
	{ "builds", "builds", "%.*f", offsetof(XbTrials, builds) },
	{ "boots", "boots", "%.*f", offsetof(XbTrials, boots) },
	{ "confirm_builds", "  builds to confirm", "%.*f", offsetof(XbTrials, confirm_builds) },
	{ "confirm_boots", "  boots to confirm", "%.*f", offsetof(XbTrials, confirm_boots) },
	{ "search_minutes", "minutes to search", "%.*f", offsetof(XbTrials, search_min) },
	{ "minutes", "minutes in all", "%.*f", offsetof(XbTrials, total_min) },
};

static const XbSpread *spread_of(const XbTrials *trials, size_t i)
{
	return (const XbSpread *)(const void *)((const char *)trials + spreads[i].offset);
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *shares_json(const XbTrials *t)
{
	double n = t->n;

	return json_pack("{s:f, s:f, s:f, s:f, s:f}", "right", t->right / n, "wrong", t->wrong / n,
			 "range", t->range / n, "none", t->none / n, "unfinished",
			 t->unfinished / n);
}

static json_t *world_json(const Options *o, const XbWorld *world)
{
	guint merges = 0;

	for (guint i = 0; i < world->graph.n; i++)
		merges += world->graph.parent_start[i + 1] - world->graph.parent_start[i] > 1;
	return json_pack("{s:i, s:i, s:b, s:f, s:f, s:f, s:i, s:f, s:f, s:f, s:i, s:f, s:f, s:f}",
			 "commits", (int)world->graph.n - 1, "merges", (int)merges, "culprit",
			 !world->no_culprit, "shift", world->shift, "boot_sd", world->boot_sd,
			 "run_sd", world->run_sd, "iterations", o->iterations, "outliers",
			 world->outliers, "unbuildable", world->unbuildable, "unbootable",
			 world->unbootable, "hosts", o->hosts, "build_cost_s", world->build_cold_s,
			 "boot_cost_s", world->boot_s, "min_effect", world->options.min_effect);
}

static int print_json(const Options *o, const XbWorld *world, const XbTrials *t)
{
	json_t *object =
		json_pack("{s:o, s:i, s:I, s:o, s:{s:f, s:o, s:o, s:o, s:o, s:i}}", "world",
			  world_json(o, world), "trials", (int)t->n, "seed", (json_int_t)o->seed,
			  "shares", shares_json(t), "confidence", "asked",
			  world->options.confidence, "stated", number(t->stated), "actual",
			  number(t->actual.share), "actual_low", number(t->actual.low),
			  "actual_high", number(t->actual.high), "verdicts", (int)t->actual.n);

	for (size_t i = 0; i < G_N_ELEMENTS(spreads); i++) {
		const XbSpread *s = spread_of(t, i);

		json_object_set_new(object, spreads[i].name,
				    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "mean",
					      number(s->mean), "min", number(s->least), "p5",
					      number(s->p5), "p25", number(s->p25), "median",
					      number(s->median), "p75", number(s->p75), "p95",
					      number(s->p95), "max", number(s->most)));
	}
	return xb_client_print_json(object);
}

static void write_world(XbWriter *w, const Options *o, const XbWorld *world, const XbTrials *t)
{
	g_autofree char *text = NULL, *culprit = NULL, *change = NULL;
	g_autofree char *build = xb_format_span(world->build_cold_s);
	g_autofree char *boot = xb_format_span(world->boot_s);

	change = xb_format_change(1 + world->shift);
	culprit = world->no_culprit ? g_strdup("none of them changes anything")
				    : g_strdup_printf("one of them makes it %s", change);
	text = g_strdup_printf("%u trials: %u commits, %s; boots differ by %g%%, the %d runs in a "
			       "boot by %g%%; %d host%s; %s a build, %s a boot; seed "
			       "%" G_GINT64_FORMAT ".",
			       t->n, world->graph.n - 1, culprit, 100 * world->boot_sd,
			       o->iterations, 100 * world->run_sd, o->hosts,
			       o->hosts > 1 ? "s" : "", build, boot, o->seed);
	w->paragraph(w, text);
	if (!world->no_culprit && fabs(world->shift) <= world->options.min_effect)
		w->paragraph(w, "Mind: such a change is not above --min-effect, so \"none\" is "
				"what is to be expected.");
}

static void add_share(GPtrArray *cells, const char *name, guint count, guint n, const char *meaning)
{
	g_ptr_array_add(cells, g_strdup(name));
	g_ptr_array_add(cells, g_strdup_printf("%u", count));
	g_ptr_array_add(cells, g_strdup_printf("%.1f%%", 100.0 * count / n));
	g_ptr_array_add(cells, g_strdup(meaning));
}

static void write_shares(XbWriter *w, const XbWorld *world, const XbTrials *t)
{
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(cells, g_strdup("verdict"));
	g_ptr_array_add(cells, g_strdup("trials"));
	g_ptr_array_add(cells, g_strdup("share"));
	g_ptr_array_add(cells, g_strdup(""));
	add_share(cells, "right", t->right, t->n,
		  world->no_culprit ? "none, as it is" : "the culprit is named");
	add_share(cells, "wrong", t->wrong, t->n, "another commit, or a range without the culprit");
	add_share(cells, "range", t->range, t->n, "a range that holds the culprit");
	add_share(cells, "none", t->none, t->n, "none, though a commit did it");
	if (t->unfinished > 0)
		add_share(cells, "unfinished", t->unfinished, t->n, "no verdict at all");
	w->section(w, "Verdicts");
	w->table(w, cells, 4, 1u << 1 | 1u << 2);
}

static void write_confidence(XbWriter *w, const XbWorld *world, const XbTrials *t)
{
	g_autofree char *asked = xb_asked_text(world->options.confidence);
	g_autofree char *stated = xb_format_probability(t->stated);
	g_autofree char *actual = NULL;

	w->section(w, "Confidence of the verdicts that name a commit, or none");
	w->field(w, "asked for", asked);
	if (t->actual.n == 0) {
		w->field(w, "stated", "there is no such verdict");
		return;
	}
	actual = g_strdup_printf("%.2f%% of %u   (95%% interval %.2f%% to %.2f%%)",
				 100 * t->actual.share, t->actual.n, 100 * t->actual.low,
				 100 * t->actual.high);
	w->field(w, "stated", stated);
	w->field(w, "right", actual);
}

static void write_spreads(XbWriter *w, const XbTrials *t)
{
	static const char *const heading[] = { "",       "mean", "5%",  "25%",
					       "median", "75%",  "95%", "most" };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < G_N_ELEMENTS(heading); i++)
		g_ptr_array_add(cells, g_strdup(heading[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(spreads); i++) {
		const XbSpread *s = spread_of(t, i);
		const double row[] = { s->mean, s->p5, s->p25, s->median, s->p75, s->p95, s->most };

		g_ptr_array_add(cells, g_strdup(spreads[i].heading));
		for (size_t k = 0; k < G_N_ELEMENTS(row); k++)
			g_ptr_array_add(cells, g_strdup_printf("%.*f", row[k] < 100, row[k]));
	}
	w->section(w, "Cost, over the trials");
	w->table(w, cells, G_N_ELEMENTS(heading), 0xfe);
}

static int print_text(const Options *o, const XbWorld *world, const XbTrials *trials)
{
	g_autoptr(GString) text = g_string_new(NULL);
	XbWriter w = xb_writer_text(text);

	write_world(&w, o, world, trials);
	write_shares(&w, world, trials);
	write_confidence(&w, world, trials);
	write_spreads(&w, trials);
	return fputs(text->str, stdout) == EOF || fflush(stdout) != 0 ? XB_EXIT_FAILED : XB_EXIT_OK;
}

/* ---- the command ------------------------------------------------------------------------ */

static bool parse(XbClient *client, const XbCommand *command, int argc, char **argv, Options *o)
{
	const GOptionEntry entries[] = {
		{ "commits", 'n', 0, G_OPTION_ARG_INT, &o->commits,
		  "commits in the range, in a line (128)", "N" },
		{ "repo", 'r', 0, G_OPTION_ARG_FILENAME, &o->repo,
		  "take the graph of --range from this repository (default: here)", "DIR" },
		{ "range", 0, 0, G_OPTION_ARG_STRING, &o->range,
		  "a real range instead of --commits; git reads it", "GOOD..BAD" },
		{ "shift", 0, 0, G_OPTION_ARG_STRING, &o->text[SHIFT],
		  "what the culprit changes, such as 3% or -5% (3%)", "E" },
		{ "boot-sd", 0, 0, G_OPTION_ARG_STRING, &o->text[BOOT_SD],
		  "spread between boots of one kernel (1%)", "E" },
		{ "run-sd", 0, 0, G_OPTION_ARG_STRING, &o->text[RUN_SD],
		  "spread between runs in one boot (0.3%)", "E" },
		{ "iterations", 0, 0, G_OPTION_ARG_INT, &o->iterations, "runs in a boot (5)", "N" },
		{ "outliers", 0, 0, G_OPTION_ARG_STRING, &o->text[OUTLIERS],
		  "share of boots that are off by +10% (0)", "P" },
		{ "unbuildable", 0, 0, G_OPTION_ARG_STRING, &o->text[UNBUILDABLE],
		  "share of commits that do not build, in runs (0)", "P" },
		{ "unbootable", 0, 0, G_OPTION_ARG_STRING, &o->text[UNBOOTABLE],
		  "share of commits that do not boot, in runs (0)", "P" },
		{ "hosts", 0, 0, G_OPTION_ARG_INT, &o->hosts, "hosts beside one builder (1)", "K" },
		{ "build-cost", 0, 0, G_OPTION_ARG_STRING, &o->text[BUILD_COST],
		  "what a build takes (60s)", "S" },
		{ "boot-cost", 0, 0, G_OPTION_ARG_STRING, &o->text[BOOT_COST],
		  "what a boot with its runs takes (30s)", "S" },
		{ "confidence", 'c', 0, G_OPTION_ARG_STRING, &o->text[CONFIDENCE],
		  "how sure a verdict must be (0.99)", "P" },
		{ "min-effect", 'e', 0, G_OPTION_ARG_STRING, &o->text[MIN_EFFECT],
		  "smallest change that matters (1%)", "E" },
		{ "trials", 't', 0, G_OPTION_ARG_INT, &o->trials, "how often (200)", "T" },
		{ "seed", 's', 0, G_OPTION_ARG_INT64, &o->seed,
		  "equal seeds give equal results (1)", "S" },
		{ "culprit", 0, 0, G_OPTION_ARG_STRING, &o->culprit,
		  "none: no commit of the range changes anything", "none" },
		{ 0 },
	};

	return xb_command_parse(client, command, entries, &argc, &argv, 0, 0) &&
	       check_options(client, o);
}

int xb_cmd_simulate(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_auto(Options)
		o = { .commits = UNSET, .iterations = 5, .hosts = 1, .trials = 200, .seed = 1 };
	g_autoptr(XbRevlist) list = NULL;
	XbTrials trials;

	if (!parse(client, command, argc, argv, &o) || (list = make_graph(client, &o)) == NULL)
		return XB_EXIT_REFUSED;
	const XbWorld world = make_world(&o, &list->graph);

	run_trials(&o, &world, &trials);
	return client->json ? print_json(&o, &world, &trials) : print_text(&o, &world, &trials);
}
