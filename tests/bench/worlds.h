/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worlds.h - synthetic worlds beyond the grid, and their rows. */
#ifndef XB_BENCH_WORLDS_H
#define XB_BENCH_WORLDS_H

#include "rows.h"

/* A line of commits, kept until the program ends. */
XbGraph world_line(guint n);

/* Boot sd 1 %, run sd 0.3 %, 5 iterations, images exist, one host, 99 %. */
XbWorld world_default(void);

/* The planner is told the levels of both sides and the noise. */
void world_know(XbWorld *world);

/* All rows of this file. */
void worlds(Bench *bench);

#endif
