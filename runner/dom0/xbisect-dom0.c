/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbisect-dom0 - the part of xbisect that runs inside dom0. One static
 * program: process 1 on the embedded host, and a workload that can be run by
 * hand in any dom0.
 */
#include "bench.h"
#include "init.h"
#include "mapunmap.h"
#include "memory.h"
#include "sender.h"
#include "stress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The workloads besides map-unmap. */
static const Bench *const benches[] = { &sender,        &memory_mmap, &memory_mprotect,
					&memory_mremap, &memory_fork, &stress };
#define N_BENCHES (sizeof(benches) / sizeof(*benches))

static int usage(FILE *out, int status)
{
	fprintf(out, "usage: xbisect-dom0 WORKLOAD [OPTIONS] [and WORKLOAD [OPTIONS]]...\n"
		     "       xbisect-dom0 DOMID BATCHSIZE\n"
		     "\n"
		     "Work on page tables in Xen dom0 and say how long it takes. Runs as root in\n"
		     "dom0. Workloads:\n"
		     "  map-unmap     Map and unmap all pages of a domain.\n");
	for (size_t i = 0; i < N_BENCHES; i++)
		fprintf(out, "  %-13s %s\n", benches[i]->name, benches[i]->what);
	fprintf(out,
		"\n"
		"xbisect-dom0 WORKLOAD --help shows the options of one. Those of map-unmap, with\n"
		"their defaults:\n"
		"%s"
		"\n"
		"Examples:\n"
		"  xbisect-dom0 map-unmap --domid 3 --batch 1024 --iterations 5\n"
		"  xbisect-dom0 map-unmap --mib 128 --batch 64,256,1024\n"
		"  xbisect-dom0 migrate-send --mib 128 --mode paused\n",
		mapunmap_help);
	return status;
}

static bool find_workload(const char *name)
{
	for (size_t i = 0; i < N_BENCHES; i++)
		if (strcmp(name, benches[i]->name) == 0)
			return true;
	return strcmp(name, "map-unmap") == 0;
}

/* One workload; @second: not the first of its line, so its metrics carry its name. */
static int run_workload(bool second, int argc, char **argv)
{
	char prefix[64] = "";

	for (size_t i = 0; i < N_BENCHES; i++) {
		if (strcmp(argv[0], benches[i]->name) != 0)
			continue;
		if (second)
			snprintf(prefix, sizeof(prefix), "%s.", benches[i]->name);
		return bench_main(benches[i], prefix, argc, argv);
	}
	/* Its metrics have no prefix: first it is, or not at all. */
	if (!second && strcmp(argv[0], "map-unmap") == 0)
		return mapunmap_main(argc, argv);
	fprintf(stderr, "xbisect-dom0: there is no workload '%s'%s\n", argv[0],
		second ? " after \"and\"" : "");
	return EXIT_USAGE;
}

/* WORKLOAD OPTIONS [and WORKLOAD OPTIONS]...: one after the other, until one fails. */
static int run_workloads(int argc, char **argv)
{
	for (int from = 0, to = -1; to < argc; from = to + 1) {
		char *end;
		int status;

		for (to = from; to < argc && strcmp(argv[to], "and") != 0; to++)
			;
		if (to == from) {
			fprintf(stderr, "xbisect-dom0: \"and\" needs a workload after it\n");
			return EXIT_USAGE;
		}
		/* As main() gets it: a NULL follows the last. */
		end = argv[to];
		argv[to] = NULL;
		status = run_workload(from > 0, to - from, argv + from);
		argv[to] = end;
		if (status)
			return status;
	}
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0] ? argv[0] : "", '/');

	/* Whoever links it under the original program's name means that one. */
	name = name ? name + 1 : (argv[0] ? argv[0] : "");
	if (strcmp(name, "xfm_scale") == 0) {
		if (argc != 3)
			return usage(stderr, EXIT_USAGE);
		return mapunmap_original(argv[1], argv[2]);
	}
	if (argc >= 2 && find_workload(argv[1]))
		return run_workloads(argc - 1, argv + 1);
	/* Two arguments of which the first is no option are the original's, numbers or not: it has
	 * a status for what is none. What the kernel passes to its init is not meant for that. */
	if (argc == 3 && argv[1][0] != '-' && getpid() != 1)
		return mapunmap_original(argv[1], argv[2]);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("xbisect-dom0 " XB_VERSION "\n");
		return EXIT_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, EXIT_OK);
	if (getpid() == 1)
		init_main();
	return usage(stderr, EXIT_USAGE);
}
