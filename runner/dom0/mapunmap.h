/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapunmap.h - the workload map-unmap: map all pages of a domain read-only in
 * batches, then unmap them all, as a toolstack does when it sends a domain to
 * another machine.
 */
#ifndef XB_DOM0_MAPUNMAP_H
#define XB_DOM0_MAPUNMAP_H

/*
 * Exit statuses. Those from 1 to 8 are the original test program's, so that
 * it can be replaced by this one in a script.
 */
enum {
	EXIT_OK = 0,
	EXIT_USAGE = 1,    /* wrong number of arguments, unknown option */
	EXIT_NUMBER = 2,   /* an argument is no number, or out of range */
	EXIT_FOREIGN = 3,  /* libxenforeignmemory can't be opened */
	EXIT_XENCTRL = 4,  /* libxenctrl can't be opened */
	EXIT_NR_GPFNS = 5, /* the domain's number of pages is not known */
	EXIT_MEMORY = 6,
	EXIT_MAP = 7,
	EXIT_UNMAP = 8,
	EXIT_TARGET = 9, /* our own target domain can't be made */
};

/* The options of `xbisect-dom0 map-unmap`, one a line, for --help. */
extern const char mapunmap_help[];

/* `map-unmap OPTIONS`: argv[0] is "map-unmap". Returns the exit status. */
int mapunmap_main(int argc, char **argv);

/* The original program's usage: DOMID BATCHSIZE, maps and unmaps once, prints
 * nothing, per-page errors do not count. */
int mapunmap_original(const char *domid, const char *batch);

#endif
