/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.c - see bench.h. */
#include "bench.h"

#include "counters.h"
#include "mark.h"
#include "stat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
	unsigned int iterations, warmup, counters;
	bool metrics; /* a line for each sample instead of the summary */
} Common;

/* Offsets into Common. */
static const BenchOption common_options[] = {
	{ "iterations", offsetof(Common, iterations), 1, 1000000, 5, NULL },
	{ "warmup", offsetof(Common, warmup), 0, 1000000, 1, NULL },
	{ "counters", offsetof(Common, counters), 0, 1000, 0, NULL },
	{ NULL, 0, 0, 0, 0, NULL },
};

const char bench_help[] = "  --iterations N    how often it is measured (5)\n"
			  "  --warmup N        iterations before, not reported (1)\n"
			  "  --counters N      afterwards, N untimed iterations that count what "
			  "Xen did (0)\n"
			  "  --metrics         print \"metric value unit\" lines, one a sample\n";

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int bench_fail(int status, const char *what)
{
	fprintf(stderr, "xbisect-dom0: %s: %s\n", what, strerror(errno));
	return status;
}

/* ---- options ------------------------------------------------------------------ */

static void put_value(void *state, const BenchOption *option, unsigned int value)
{
	memcpy((char *)state + option->offset, &value, sizeof(value));
}

static void put_fallbacks(void *state, const BenchOption *options)
{
	for (; options->name; options++)
		put_value(state, options, options->fallback);
}

static bool parse_value(const BenchOption *option, const char *text, unsigned int *value)
{
	char *end;
	unsigned long number;

	for (unsigned int i = 0; option->words && option->words[i]; i++) {
		*value = i;
		if (strcmp(option->words[i], text) == 0)
			return true;
	}
	if (option->words)
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || number < option->min ||
	    number > option->max)
		return false;
	*value = (unsigned int)number;
	return true;
}

/* EXIT_OK and *@known where @name is one of @options. */
static int take_option(const BenchOption *options, void *state, const char *name, const char *text,
		       bool *known)
{
	unsigned int value;

	for (; options->name && strcmp(options->name, name) != 0; options++)
		;
	if (!options->name)
		return EXIT_OK;
	*known = true;
	if (!text) {
		fprintf(stderr, "xbisect-dom0: --%s needs a value\n", name);
		return EXIT_USAGE;
	}
	if (!parse_value(options, text, &value)) {
		fprintf(stderr, "xbisect-dom0: --%s: bad value '%s'\n", name, text);
		return EXIT_NUMBER;
	}
	put_value(state, options, value);
	return EXIT_OK;
}

static int parse_options(const Bench *self, void *state, Common *common, int argc, char **argv)
{
	put_fallbacks(state, self->options);
	put_fallbacks(common, common_options);
	for (int i = 1; i < argc; i++) {
		const char *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : "";
		const char *text = i + 1 < argc ? argv[i + 1] : NULL;
		bool known = false;
		int status;

		if (strcmp(name, "metrics") == 0) {
			common->metrics = true;
			continue;
		}
		status = take_option(self->options, state, name, text, &known);
		if (!known)
			status = take_option(common_options, common, name, text, &known);
		if (!known) {
			fprintf(stderr, "xbisect-dom0: %s: unexpected argument '%s'\n", self->name,
				argv[i]);
			return EXIT_USAGE;
		}
		if (status)
			return status;
		i++;
	}
	return EXIT_OK;
}

/* ---- iterations ---------------------------------------------------------------- */

static void print_summary(const Bench *self, const Stat *stats)
{
	printf("\n %s (%u runs):\n\n", self->name, stats[0].n);
	for (unsigned int i = 0; self->metrics[i].name; i++)
		printf("   %14.6f +- %.6f %-3s %-12s ( +- %5.2f%% )\n", stats[i].mean,
		       stat_error(&stats[i]), self->metrics[i].unit, self->metrics[i].name,
		       stats[i].mean > 0 ? 100 * stat_error(&stats[i]) / stats[i].mean : 0);
	printf("\n");
}

static int measure(const Bench *self, const char *prefix, void *state, const Common *common)
{
	Stat stats[BENCH_METRICS_MAX] = { 0 };

	for (unsigned int i = 0; i < common->warmup + common->iterations; i++) {
		double values[BENCH_METRICS_MAX] = { 0 };
		int status;

		if (i >= common->warmup)
			MARK(MARK_WORK);
		status = self->iterate(state, values);
		MARK(MARK_OTHER);

		if (status)
			return status;
		if (i < common->warmup)
			continue;
		for (unsigned int m = 0; self->metrics[m].name; m++) {
			stat_add(&stats[m], values[m]);
			if (common->metrics)
				printf("%s%s %.9f %s\n", prefix, self->metrics[m].name, values[m],
				       self->metrics[m].unit);
		}
		fflush(stdout);
	}
	if (!common->metrics)
		print_summary(self, stats);
	return EXIT_OK;
}

/* ---- counters ------------------------------------------------------------------ */

static struct {
	Counters *open; /* NULL: nothing is counted */
	bool phases;    /* the workload has phases of its own */
} counting;

void bench_phase_begin(void)
{
	counting.phases = true;
	counters_begin(counting.open);
}

void bench_phase_end(const char *phase, unsigned long per, const char *what)
{
	counters_end(counting.open, phase, per, what);
}

void bench_poll(void)
{
	counters_poll(counting.open);
}

static int count_once(const Bench *self, void *state, CountersPass pass)
{
	double values[BENCH_METRICS_MAX] = { 0 };
	int status;

	counting.open = counters_open(pass);
	if (!counting.open)
		return EXIT_OK;
	/* It has run before: whether it has phases is known. */
	if (!counting.phases)
		counters_begin(counting.open);
	status = self->iterate(state, values);
	if (!counting.phases)
		counters_end(counting.open, "total", 1, "iteration");
	counters_close(counting.open);
	counting.open = NULL;
	return status;
}

static int count_all(const Bench *self, void *state, const Common *common)
{
	int status = EXIT_OK;

	for (unsigned int n = 0; n < common->counters && !status; n++)
		for (CountersPass pass = 0; pass < COUNTERS_PASSES && !status; pass++)
			status = count_once(self, state, pass);
	return status;
}

static void print_help(const Bench *self)
{
	printf("usage: xbisect-dom0 %s [OPTIONS]\n\n%s\n\n%s%s", self->name, self->what, self->help,
	       bench_help);
}

int bench_main(const Bench *self, const char *prefix, int argc, char **argv)
{
	Common common = { 0 };
	void *state;
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		print_help(self);
		return EXIT_OK;
	}
	state = calloc(1, self->state_size);
	if (!state)
		return bench_fail(EXIT_MEMORY, "no memory");
	status = parse_options(self, state, &common, argc, argv);
	if (!status) {
		status = self->start(state);
		if (!status)
			status = measure(self, prefix, state, &common);
		if (!status)
			status = count_all(self, state, &common);
		if (self->stop)
			self->stop(state);
	}
	free(state);
	if (fflush(stdout) && !status)
		status = EXIT_MEMORY;
	return status;
}
