/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path-rows.h - rows: what it is worth to know which commits touch what is executed. */
#ifndef XB_BENCH_PATH_ROWS_H
#define XB_BENCH_PATH_ROWS_H

#include "rows.h"

void path_rows(Bench *bench);

#endif
