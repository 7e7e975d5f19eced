/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planner-rows.h - rows: what a step of the planner costs on a large history, and simulations. */
#ifndef XB_BENCH_PLANNER_ROWS_H
#define XB_BENCH_PLANNER_ROWS_H

#include "rows.h"

void planner_rows(Bench *bench);

#endif
