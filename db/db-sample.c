/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-sample.c - what workers said: samples and other events.
 */
#include "db-private.h"

static void clear_sample(void *data)
{
	XbSample *sample = data;

	g_free(sample->metric);
	g_free(sample->unit);
}

bool xb_db_sample_add(XbDb *db, int64_t run_id, const char *metric, int iteration, double value,
		      const char *unit, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":run", run_id),          xb_bind_text(":metric", metric),
		xb_bind_int(":iteration", iteration), xb_bind_real(":value", value),
		xb_bind_text(":unit", unit),
	};

	return xb_db_exec(db, XB_SQL_SAMPLE_ADD, binds, G_N_ELEMENTS(binds), error);
}

GArray *xb_db_samples(XbDb *db, int64_t run_id, const char *metric, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":run", run_id), xb_bind_text(":metric", metric) };
	sqlite3_stmt *row =
		xb_db_query(db, metric != NULL ? XB_SQL_SAMPLES_OF_METRIC : XB_SQL_SAMPLES, binds,
			    metric != NULL ? 2 : 1, error);
	g_autoptr(GArray) samples = NULL;
	int result;

	if (row == NULL)
		return NULL;
	samples = g_array_new(FALSE, FALSE, sizeof(XbSample));
	g_array_set_clear_func(samples, clear_sample);
	while ((result = xb_db_step(db, row, error)) == SQLITE_ROW) {
		XbSample sample = {
			.metric = xb_column_text(row, 0),
			.unit = xb_column_text(row, 1),
			.iteration = sqlite3_column_int(row, 2),
			.value = sqlite3_column_double(row, 3),
		};
		g_array_append_val(samples, sample);
	}
	return result == SQLITE_DONE ? g_steal_pointer(&samples) : NULL;
}

/* JSON array of ids. Caller frees. */
static char *boots_that_ended_well(const GPtrArray *runs)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

	for (guint i = 0; i < runs->len; i++) {
		const XbRun *run = runs->pdata[i];

		if (run->kind == XB_RUN_BOOT && run->state == XB_RUN_DONE && run->has_outcome &&
		    run->outcome == XB_OUTCOME_OK)
			g_array_append_val(ids, run->id);
	}
	return xb_json_ids(ids);
}

GHashTable *xb_db_samples_of_runs(XbDb *db, const GPtrArray *runs, const char *metric,
				  GError **error)
{
	g_autofree char *ids = boots_that_ended_well(runs);
	const XbBind binds[] = {
		xb_bind_text(":runs", ids),
		xb_bind_text(":metric", metric),
	};
	sqlite3_stmt *row =
		xb_db_query(db, XB_SQL_SAMPLES_OF_RUNS, binds, G_N_ELEMENTS(binds), error);
	g_autoptr(GHashTable) table = NULL;
	GArray *samples = NULL;
	int64_t current = 0;
	int result;

	if (row == NULL)
		return NULL;
	table = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
				      (GDestroyNotify)g_array_unref);
	while ((result = xb_db_step(db, row, error)) == SQLITE_ROW) {
		int64_t run = sqlite3_column_int64(row, 0);
		double value = sqlite3_column_double(row, 1);

		if (samples == NULL || run != current) {
			samples = g_array_new(FALSE, FALSE, sizeof(double));
			g_hash_table_insert(table, g_memdup2(&run, sizeof(run)), samples);
			current = run;
		}
		g_array_append_val(samples, value);
	}
	return result == SQLITE_DONE ? g_steal_pointer(&table) : NULL;
}

bool xb_db_event_add(XbDb *db, int64_t run_id, uint64_t seq, const char *name, const char *body,
		     GError **error)
{
	const XbBind binds[] = {
		xb_bind_int(":run", run_id),
		xb_bind_int(":seq", (int64_t)seq),
		xb_bind_text(":name", name),
		xb_bind_text(":body", body),
	};

	return xb_db_exec(db, XB_SQL_EVENT_ADD, binds, G_N_ELEMENTS(binds), error);
}

static void *read_body(sqlite3_stmt *row)
{
	return xb_column_text(row, 0);
}

GPtrArray *xb_db_events(XbDb *db, int64_t run_id, const char *name, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":run", run_id), xb_bind_text(":name", name) };

	return xb_db_rows(db, XB_SQL_EVENTS, binds, G_N_ELEMENTS(binds), read_body, g_free, error);
}

GPtrArray *xb_db_events_all(XbDb *db, int64_t run_id, int limit, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":run", run_id), xb_bind_int(":limit", limit) };

	return xb_db_rows(db, XB_SQL_EVENTS_ALL, binds, 2, read_body, g_free, error);
}

static void clear_noise_row(gpointer data)
{
	g_free(((XbNoiseRow *)data)->image);
}

GArray *xb_db_noise_rows(XbDb *db, const char *host_fp, const char *workload_fp, const char *metric,
			 int64_t job_id, int boots, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":host", host_fp),  xb_bind_text(":workload", workload_fp),
		xb_bind_int(":job", job_id),     xb_bind_int(":boots", boots),
		xb_bind_text(":metric", metric),
	};
	sqlite3_stmt *row = xb_db_query(db, XB_SQL_NOISE_ROWS, binds, G_N_ELEMENTS(binds), error);
	g_autoptr(GArray) rows = NULL;
	int result;

	if (row == NULL)
		return NULL;
	rows = g_array_new(FALSE, FALSE, sizeof(XbNoiseRow));
	g_array_set_clear_func(rows, clear_noise_row);
	while ((result = xb_db_step(db, row, error)) == SQLITE_ROW) {
		XbNoiseRow one = {
			.image = xb_column_text(row, 0),
			.run = sqlite3_column_int64(row, 1),
			.value = sqlite3_column_double(row, 2),
		};
		g_array_append_val(rows, one);
	}
	return result == SQLITE_DONE ? g_steal_pointer(&rows) : NULL;
}
