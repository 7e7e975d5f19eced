/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapunmap.h - the workload map-unmap: map all pages of a domain read-only in
 * batches, then unmap them all, as a toolstack does when it sends a domain to
 * another machine.
 */
#ifndef XB_DOM0_MAPUNMAP_H
#define XB_DOM0_MAPUNMAP_H

#include "exits.h"

/* The options of `xbisect-dom0 map-unmap`, one a line, for --help. */
extern const char mapunmap_help[];

/* `map-unmap OPTIONS`: argv[0] is "map-unmap". Returns the exit status. */
int mapunmap_main(int argc, char **argv);

/* The original program's usage: DOMID BATCHSIZE, maps and unmaps once, prints
 * nothing, per-page errors do not count. */
int mapunmap_original(const char *domid, const char *batch);

#endif
