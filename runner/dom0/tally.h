/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tally.h - counts by kind and key, in a table of fixed size: what does not
 * fit is counted without its key, never dropped.
 */
#ifndef XB_DOM0_TALLY_H
#define XB_DOM0_TALLY_H

#include "trace.h"

#define TALLY_ROWS 1024 /* a power of two */

typedef struct {
	TraceKind kind;
	uint64_t key;
	uint64_t count; /* 0: a free row */
} TallyRow;

/* Zero it before use. */
typedef struct {
	uint64_t totals[TRACE_KINDS];
	TallyRow rows[TALLY_ROWS];
	unsigned int n_rows;
	uint64_t malformed; /* records too short for what they are */
	uint64_t records;   /* of any event */
} Tally;

/* Count one record. Lost records count as many as it says. */
void tally_record(Tally *self, const TraceRecord *record);

void tally_add(Tally *self, TraceKind kind, uint64_t key, uint64_t count);

/*
 * Sort the rows by kind, then by falling count, then by key, to the front:
 * the first n_rows are the result. Nothing can be added afterwards.
 */
void tally_sort(Tally *self);

#endif
