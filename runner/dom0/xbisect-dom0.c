/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbisect-dom0 - the part of xbisect that runs inside dom0. One static
 * program: process 1 on the embedded host, and a workload that can be run by
 * hand in any dom0.
 */
#include "init.h"
#include "mapunmap.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *out, int status)
{
	fprintf(out,
		"usage: xbisect-dom0 map-unmap [OPTIONS]\n"
		"       xbisect-dom0 DOMID BATCHSIZE\n"
		"\n"
		"Map and unmap all pages of a Xen domain and say how long it takes. Runs as\n"
		"root in dom0. Options of map-unmap, with their defaults:\n"
		"%s"
		"\n"
		"Examples:\n"
		"  xbisect-dom0 map-unmap --domid 3 --batch 1024 --iterations 5\n"
		"  xbisect-dom0 map-unmap --mib 128 --batch 64,256,1024\n",
		mapunmap_help);
	return status;
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
	if (argc >= 2 && strcmp(argv[1], "map-unmap") == 0)
		return mapunmap_main(argc - 1, argv + 1);
	if (argc == 3 && isdigit((unsigned char)argv[1][0]))
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
