/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mapunmap.c - see mapunmap.h. */
#include "mapunmap.h"

#include "bench.h"
#include "counters.h"
#include "domain.h"
#include "mark.h"
#include "summary.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xenforeignmemory.h>

#define BATCHES_MAX 16

typedef struct {
	unsigned int mib;
	unsigned int batches[BATCHES_MAX];
	size_t n_batches;
	unsigned int iterations, warmup, counters;
	DomainKind kind;
	bool own; /* a domain of ours, else @domid */
	unsigned int domid;
	bool silent;       /* print nothing, as the original */
	bool metrics;      /* metric lines instead of the summary */
	bool strict_pages; /* a page that can't be mapped is a failure */
} Options;

typedef struct {
	const Options *options;
	xenforeignmemory_handle *foreign;
	Domain *domain;
	const uint64_t *frames;
	size_t n_frames;
	void **mappings;
	int *errors;        /* of one batch */
	size_t failed;      /* pages of the last map_all() that were not mapped */
	bool warm;          /* what comes is measured */
	Counters *counters; /* NULL while it is timed */
} Run;

const char mapunmap_help[] =
	"  --mib N           size of our own target domain (64)\n"
	"  --target KIND     hvm or pv (hvm)\n"
	"  --domid N         map this existing domain instead of our own\n"
	"  --batch N[,N]...  pages in one call (1024); a list is a sweep\n"
	"  --iterations N    how often it is measured (5)\n"
	"  --warmup N        iterations before, not reported (1)\n"
	"  --counters N      afterwards, N untimed iterations that count what Xen did (0)\n"
	"  --metrics         print \"metric value unit\" lines, one a sample\n";

static int map_failed(const Run *run, size_t first, int error)
{
	fprintf(stderr, "xbisect-dom0: domain %u: frame %#llx can't be mapped: %s\n",
		domain_id(run->domain), (unsigned long long)run->frames[first], strerror(error));
	return EXIT_MAP;
}

static int map_all(Run *run, unsigned int batch)
{
	size_t slot = 0;

	run->failed = 0;
	for (size_t at = 0; at < run->n_frames; at += batch) {
		size_t pages = run->n_frames - at < batch ? run->n_frames - at : batch;

		run->mappings[slot] =
			xenforeignmemory_map(run->foreign, domain_id(run->domain), PROT_READ, pages,
					     run->frames + at, run->errors);
		if (!run->mappings[slot])
			return map_failed(run, at, errno);
		slot++;
		for (size_t i = 0; i < pages; i++) {
			if (!run->errors[i])
				continue;
			if (run->options->strict_pages)
				return map_failed(run, at + i, run->errors[i]);
			run->failed++;
		}
		counters_poll(run->counters);
	}
	return EXIT_OK;
}

static int unmap_all(Run *run, unsigned int batch)
{
	size_t slot = 0;

	for (size_t at = 0; at < run->n_frames; at += batch) {
		size_t pages = run->n_frames - at < batch ? run->n_frames - at : batch;

		if (xenforeignmemory_unmap(run->foreign, run->mappings[slot++], pages)) {
			fprintf(stderr, "xbisect-dom0: domain %u can't be unmapped: %s\n",
				domain_id(run->domain), strerror(errno));
			return EXIT_UNMAP;
		}
		counters_poll(run->counters);
	}
	return EXIT_OK;
}

/* One iteration: the seconds of mapping and of unmapping all pages. */
static int iterate(Run *run, unsigned int batch, double *map_s, double *unmap_s)
{
	double start = bench_now(), mapped, end;
	int status;

	if (run->warm)
		MARK(MARK_MAP);
	status = map_all(run, batch);
	MARK(MARK_OTHER);
	if (status)
		return status;
	mapped = bench_now();
	if (run->warm)
		MARK(MARK_UNMAP);
	status = unmap_all(run, batch);
	MARK(MARK_OTHER);
	end = bench_now();
	*map_s = mapped - start;
	*unmap_s = end - mapped;
	return status;
}

static int measure_batch(Run *run, unsigned int batch)
{
	const Options *options = run->options;
	Summary summary = { 0 };
	double map_s = 0, unmap_s = 0;

	if (options->n_batches > 1)
		snprintf(summary.suffix, sizeof(summary.suffix), ".b%u", batch);
	for (unsigned int i = 0; i < options->warmup + options->iterations; i++) {
		int status;

		run->warm = i >= options->warmup;
		status = iterate(run, batch, &map_s, &unmap_s);

		if (status)
			return status;
		if (i < options->warmup)
			continue;
		summary_add(&summary, map_s, unmap_s, run->n_frames - run->failed,
			    options->metrics);
	}
	if (options->silent)
		return EXIT_OK;
	if (!options->metrics)
		summary_print(&summary, domain_id(run->domain), run->n_frames, batch);
	if (run->failed && options->metrics)
		printf("holes%s %zu pages\n", summary.suffix, run->failed);
	if (run->failed)
		fprintf(stderr, "xbisect-dom0: %zu of %zu pages of domain %u could not be mapped\n",
			run->failed, run->n_frames, domain_id(run->domain));
	return EXIT_OK;
}

/* Both phases once more, with counters round each. */
static int count_once(Run *run, unsigned int batch, CountersPass pass)
{
	char map[24] = "map", unmap[24] = "unmap";
	int status;

	if (run->options->n_batches > 1) {
		snprintf(map, sizeof(map), "map.b%u", batch);
		snprintf(unmap, sizeof(unmap), "unmap.b%u", batch);
	}
	run->counters = counters_open(pass);
	if (!run->counters)
		return EXIT_OK;
	counters_begin(run->counters);
	status = map_all(run, batch);
	counters_end(run->counters, map, run->n_frames - run->failed, "page");
	if (!status) {
		counters_begin(run->counters);
		status = unmap_all(run, batch);
		counters_end(run->counters, unmap, run->n_frames - run->failed, "page");
	}
	counters_close(run->counters);
	run->counters = NULL;
	return status;
}

/* After all timed iterations of all batches: what is allocated and mapped
 * here can't show in them. */
static int count_all(Run *run)
{
	const Options *options = run->options;
	int status = EXIT_OK;

	for (unsigned int n = 0; n < options->counters; n++)
		for (size_t i = 0; i < options->n_batches; i++)
			for (CountersPass pass = 0; pass < COUNTERS_PASSES && !status; pass++)
				status = count_once(run, options->batches[i], pass);
	return status;
}

static int open_target(Run *run)
{
	const Options *options = run->options;

	run->foreign = xenforeignmemory_open(NULL, 0);
	if (!run->foreign) {
		fprintf(stderr, "xbisect-dom0: libxenforeignmemory can't be opened: %s\n",
			strerror(errno));
		return EXIT_FOREIGN;
	}
	run->domain = domain_open();
	if (!run->domain)
		return EXIT_XENCTRL;
	if (options->own && !domain_create(run->domain, options->kind, options->mib))
		return EXIT_TARGET;
	if (!options->own && !domain_attach(run->domain, options->domid))
		return domain_error(run->domain) == ENOMEM ? EXIT_MEMORY : EXIT_NR_GPFNS;
	return EXIT_OK;
}

/* Room for the batches of the smallest size, and for one of the largest. */
static int make_room(Run *run)
{
	const unsigned int *batches = run->options->batches;
	unsigned int largest = batches[0], smallest = batches[0];

	for (size_t i = 1; i < run->options->n_batches; i++) {
		if (batches[i] > largest)
			largest = batches[i];
		if (batches[i] < smallest)
			smallest = batches[i];
	}
	assert(smallest > 0); /* as parsed */
	run->mappings = calloc(run->n_frames / smallest + 1, sizeof(*run->mappings));
	run->errors = calloc(largest, sizeof(*run->errors));
	if (run->mappings && run->errors)
		return EXIT_OK;
	fprintf(stderr, "xbisect-dom0: no memory\n");
	return EXIT_MEMORY;
}

static int run_all(Run *run)
{
	int status = open_target(run);

	if (status)
		return status;
	run->frames = domain_frames(run->domain, &run->n_frames);
	status = make_room(run);
	for (size_t i = 0; i < run->options->n_batches && !status; i++)
		status = measure_batch(run, run->options->batches[i]);
	return status ? status : count_all(run);
}

static int run_options(const Options *options)
{
	Run run = { .options = options };
	int status = run_all(&run);

	free(run.mappings);
	free(run.errors);
	domain_close(run.domain);
	if (run.foreign)
		xenforeignmemory_close(run.foreign);
	if (fflush(stdout) && !status)
		status = EXIT_MEMORY;
	return status;
}

static bool parse_number(const char *text, unsigned int min, unsigned int max, unsigned int *value)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || number < min || number > max)
		return false;
	*value = (unsigned int)number;
	return true;
}

static bool parse_batches(char *text, Options *options)
{
	options->n_batches = 0;
	for (char *save, *word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (options->n_batches == BATCHES_MAX)
			return false;
		if (!parse_number(word, 1, 1u << 20, &options->batches[options->n_batches++]))
			return false;
	}
	return options->n_batches > 0;
}

static bool parse_kind(const char *text, DomainKind *kind)
{
	*kind = strcmp(text, "pv") == 0 ? DOMAIN_PV : DOMAIN_HVM;
	return *kind == DOMAIN_PV || strcmp(text, "hvm") == 0;
}

static bool apply_option(int option, char *value, Options *options)
{
	switch (option) {
	case 'm':
		return parse_number(value, 1, 1u << 20, &options->mib);
	case 't':
		return parse_kind(value, &options->kind);
	case 'd':
		options->own = options->strict_pages = false;
		return parse_number(value, 0, 0x7fef, &options->domid);
	case 'b':
		return parse_batches(value, options);
	case 'i':
		return parse_number(value, 1, 1000000, &options->iterations);
	case 'w':
		return parse_number(value, 0, 1000000, &options->warmup);
	case 'c':
		return parse_number(value, 0, 1000, &options->counters);
	case 'M':
		options->metrics = true;
		return true;
	default:
		return false;
	}
}

int mapunmap_main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "mib", required_argument, NULL, 'm' },
		{ "target", required_argument, NULL, 't' },
		{ "domid", required_argument, NULL, 'd' },
		{ "batch", required_argument, NULL, 'b' },
		{ "iterations", required_argument, NULL, 'i' },
		{ "warmup", required_argument, NULL, 'w' },
		{ "counters", required_argument, NULL, 'c' },
		{ "metrics", no_argument, NULL, 'M' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	Options options = { .mib = 64,
			    .batches = { 1024 },
			    .n_batches = 1,
			    .iterations = 5,
			    .warmup = 1,
			    .kind = DOMAIN_HVM,
			    .own = true,
			    .strict_pages = true };
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", names, &index)) != -1) {
		if (option == 'h') {
			fputs(mapunmap_help, stdout);
			return EXIT_OK;
		}
		if (option == '?')
			return EXIT_USAGE;
		if (!apply_option(option, optarg, &options)) {
			fprintf(stderr, "xbisect-dom0: --%s: bad value '%s'\n", names[index].name,
				optarg);
			return EXIT_NUMBER;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "xbisect-dom0: unexpected argument '%s'\n", argv[optind]);
		return EXIT_USAGE;
	}
	return run_options(&options);
}

int mapunmap_original(const char *domid, const char *batch)
{
	Options options = { .n_batches = 1, .iterations = 1, .silent = true };

	if (!parse_number(domid, 0, 0x7fef, &options.domid) ||
	    !parse_number(batch, 1, 1u << 20, &options.batches[0])) {
		fprintf(stderr,
			"xbisect-dom0: bad domain or batch size, and no workload: '%s' '%s'\n",
			domid, batch);
		return EXIT_NUMBER;
	}
	return run_options(&options);
}
