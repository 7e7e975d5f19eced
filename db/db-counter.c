/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-counter.c - what was counted in a boot.
 */
#include "db-private.h"

void xb_counter_free(XbCounter *counter)
{
	if (!counter)
		return;
	g_free(counter->phase);
	g_free(counter->name);
	g_free(counter->symbol);
	g_free(counter->offset);
	g_free(counter->unit);
	g_free(counter);
}

bool xb_db_counter_add(XbDb *db, int64_t run_id, const XbCounter *counter, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":run", run_id),
		xb_bind_text(":phase", counter->phase),
		xb_bind_text(":name", counter->name),
		xb_bind_text(":symbol", counter->symbol),
		xb_bind_text(":offset", counter->offset),
		xb_bind_int(":iteration", counter->iteration),
		xb_bind_real(":value", counter->value),
		xb_bind_text(":unit", counter->unit),
	};

	return xb_db_exec(db, XB_SQL_COUNTER_ADD, binds, G_N_ELEMENTS(binds), error);
}

static void *read_counter(sqlite3_stmt *row)
{
	XbCounter *counter = g_new0(XbCounter, 1);

	counter->phase = xb_column_text(row, 0);
	counter->name = xb_column_text(row, 1);
	counter->symbol = xb_column_text(row, 2);
	counter->offset = xb_column_text(row, 3);
	counter->iteration = sqlite3_column_int(row, 4);
	counter->value = sqlite3_column_double(row, 5);
	counter->unit = xb_column_text(row, 6);
	return counter;
}

GPtrArray *xb_db_counters(XbDb *db, int64_t run_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":run", run_id) };

	return xb_db_rows(db, XB_SQL_COUNTERS, binds, 1, read_counter,
			  (GDestroyNotify)xb_counter_free, error);
}
