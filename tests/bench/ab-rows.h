/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ab-rows.h - A/B comparisons where boots differ, and their rows. */
#ifndef XB_BENCH_AB_ROWS_H
#define XB_BENCH_AB_ROWS_H

#include "rows.h"

void ab_rows(Bench *bench);

#endif
