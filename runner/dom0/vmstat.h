/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmstat.h - the kernel's own counts of what its memory management did
 * (/proc/vmstat), before and after.
 */
#ifndef XB_DOM0_VMSTAT_H
#define XB_DOM0_VMSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMSTAT_ROWS 256
#define VMSTAT_NAME 48

typedef struct {
	char name[VMSTAT_NAME];
	int64_t value;
} VmstatRow;

typedef struct {
	size_t n;
	VmstatRow rows[VMSTAT_ROWS];
} Vmstat;

/* Read @text, lines of "NAME NUMBER"; other lines are left out. */
void vmstat_parse(Vmstat *self, const char *text);

/* Read the file; no row when it is not there. */
void vmstat_read(Vmstat *self);

/* What row @i of @after grew by since @before; 0 when that lacks it. */
int64_t vmstat_grown(const Vmstat *before, const Vmstat *after, size_t i);

/* The row counts events ("pgfault"), where "nr_..." says how many there are now. */
bool vmstat_counts_events(const VmstatRow *row);

#endif
