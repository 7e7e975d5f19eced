/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-host.c - the health of hosts, and the journal.
 */
#include "db-private.h"

void xb_host_row_free(XbHostRow *row)
{
	if (row == NULL)
		return;
	g_free(row->name);
	g_free(row->reason);
	g_free(row);
}

static void *read_host(sqlite3_stmt *row)
{
	XbHostRow *host = g_new0(XbHostRow, 1);

	host->name = xb_column_text(row, 0);
	host->online = g_strcmp0((const char *)sqlite3_column_text(row, 1), "online") == 0;
	host->reason = xb_column_text(row, 2);
	host->troubles = sqlite3_column_int(row, 3);
	return host;
}

XbHostRow *xb_db_host_get(XbDb *db, const char *name, GError **error)
{
	const XbBind binds[] = { xb_bind_text(":name", name) };
	g_autoptr(GError) failure = NULL;
	XbHostRow *host = xb_db_row(db, XB_SQL_HOST_GET, binds, 1, read_host, &failure);

	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (host != NULL)
		return host;
	if (!db->read_only && !xb_db_exec(db, XB_SQL_HOST_ADD, binds, 1, error))
		return NULL;
	host = g_new0(XbHostRow, 1);
	host->name = g_strdup(name);
	host->online = true;
	host->reason = g_strdup("");
	return host;
}

bool xb_db_host_set(XbDb *db, const XbHostRow *row, GError **error)
{
	const XbBind binds[] = {
		xb_bind_text(":name", row->name),
		xb_bind_text(":state", row->online ? "online" : "offline"),
		xb_bind_text(":reason", row->reason),
		xb_bind_int(":troubles", row->troubles),
	};

	return xb_db_exec(db, XB_SQL_HOST_SET, binds, G_N_ELEMENTS(binds), error);
}

static void free_host(void *host)
{
	xb_host_row_free(host);
}

GPtrArray *xb_db_hosts(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_HOSTS, NULL, 0, read_host, free_host, error);
}

/* ---- journal --------------------------------------------------------------- */

void xb_journal_line_free(XbJournalLine *line)
{
	if (line == NULL)
		return;
	g_free(line->text);
	g_free(line);
}

static void *read_journal_line(sqlite3_stmt *row)
{
	XbJournalLine *line = g_new0(XbJournalLine, 1);

	line->seq = sqlite3_column_int64(row, 0);
	line->time_ms = sqlite3_column_int64(row, 1);
	line->text = xb_column_text(row, 2);
	return line;
}

bool xb_db_journal_add(XbDb *db, int64_t job_id, int64_t now_ms, const char *text, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int_or_null(":job", job_id, 0),
		xb_bind_int(":now", now_ms),
		xb_bind_text(":text", text),
	};

	return xb_db_exec(db, XB_SQL_JOURNAL_ADD, binds, G_N_ELEMENTS(binds), error);
}

GPtrArray *xb_db_journal(XbDb *db, int64_t job_id, int64_t after, int limit, GError **error)
{
	const XbBind binds[] = {
		xb_bind_int_or_null(":job", job_id, 0),
		xb_bind_int(":after", after),
		xb_bind_int(":limit", ABS((int64_t)limit)),
	};

	return xb_db_rows(db, limit < 0 ? XB_SQL_JOURNAL_LAST : XB_SQL_JOURNAL_FIRST, binds,
			  G_N_ELEMENTS(binds), read_journal_line,
			  (GDestroyNotify)xb_journal_line_free, error);
}
