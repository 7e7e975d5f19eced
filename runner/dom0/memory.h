/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - workloads on memory of dom0 itself: other users of the kernel's
 * page-table helpers than the mapping of foreign pages, so that a change for
 * one of them shows what it does to the others. All pages are private, anonymous
 * and small (4 KiB).
 */
#ifndef XB_DOM0_MEMORY_H
#define XB_DOM0_MEMORY_H

#include "bench.h"

/* Map, touch each page, unmap: faults and zap_pte_range(). */
extern const Bench memory_mmap;
/* Take write permission away and give it back: change_pte_range(). */
extern const Bench memory_mprotect;
/* Move pages to where they share no page table with their old place, and
 * back: move_ptes(). */
extern const Bench memory_mremap;
/* Fork, and end the child at once: copy_pte_range() and exit_mmap(). */
extern const Bench memory_fork;

#endif
