/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress.h - the workload pte-stress: is anything lost when one processor
 * clears page-table entries while another writes through them? A check, not a
 * measurement: it ends with EXIT_LOST where something is.
 *
 * Each round has three parts.
 * 1. Reclaim. Pages are dirtied, then freed lazily (MADV_FREE), which leaves
 *    their entries writable and clean. For each, one processor reclaims it
 *    (MADV_PAGEOUT) and another writes to it at a random moment meanwhile. What
 *    was written has to be there afterwards: either the page had become dirty
 *    and was kept, or it was gone and the write made a new one. A kernel that
 *    loses the dirty bit throws the page away with what was written. (Swap would
 *    show less: a page that is swapped out anew is written whether it is dirty
 *    or not, and one that came from a swap device in memory leaves its slot.)
 * 2. Move. Pages that are accessed and dirty are still so in other page tables
 *    (mremap, by /proc/self/smaps).
 * 3. Churn. Two processors map, fill, move, check and unmap at the same time;
 *    no page is lost or mixed up, and the process has as many as before.
 * And the kernel has logged no bug or warning since.
 */
#ifndef XB_DOM0_STRESS_H
#define XB_DOM0_STRESS_H

#include "bench.h"

extern const Bench stress;

#endif
