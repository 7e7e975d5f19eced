/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planner-rows.h - rows: what one step of the planner costs on a large history. */
#ifndef XB_BENCH_PLANNER_ROWS_H
#define XB_BENCH_PLANNER_ROWS_H

#include "rows.h"

void planner_rows(Bench *bench);

#endif
