/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tally.c - see tally.h. */
#include "tally.h"

#include <stdlib.h>

#define ROWS_USED_MAX (TALLY_ROWS / 4 * 3) /* the search below wants free rows */

void tally_add(Tally *self, TraceKind kind, uint64_t key, uint64_t count)
{
	uint64_t hash = (key ^ ((uint64_t)kind << 58)) * 0x9e3779b97f4a7c15ull;
	unsigned int at = (unsigned int)(hash >> 32) % TALLY_ROWS;

	self->totals[kind] += count;
	while (self->rows[at].count && (self->rows[at].kind != kind || self->rows[at].key != key))
		at = (at + 1) % TALLY_ROWS;
	if (!self->rows[at].count) {
		if (self->n_rows == ROWS_USED_MAX || count == 0)
			return;
		self->rows[at].kind = kind;
		self->rows[at].key = key;
		self->n_rows++;
	}
	self->rows[at].count += count;
}

void tally_record(Tally *self, const TraceRecord *record)
{
	bool malformed = false;
	uint64_t key;
	TraceKind kind = trace_decode(record, &key, &malformed);

	self->records++;
	self->malformed += malformed;
	if (kind == TRACE_LOST)
		tally_add(self, kind, 0, key);
	else if (kind != TRACE_OTHER)
		tally_add(self, kind, key, 1);
}

static int compare(const void *one, const void *other)
{
	const TallyRow *a = one, *b = other;

	if (!a->count != !b->count)
		return a->count ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

void tally_sort(Tally *self)
{
	qsort(self->rows, TALLY_ROWS, sizeof(self->rows[0]), compare);
}
