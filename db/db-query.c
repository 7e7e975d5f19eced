/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-query.c - running the statements of the table: prepare once, bind by
 * name, step, turn SQLite's errors into ours.
 */
#include "db-private.h"

#include <errno.h>
#include <string.h>

GQuark xb_db_error_quark(void)
{
	return g_quark_from_static_string("xb-db-error");
}

bool xb_db_fail(XbDb *db, const char *what, GError **error)
{
	int code = sqlite3_extended_errcode(db->handle);
	XbDbError kind = XB_DB_ERROR_SQL;
	const char *hint = "";

	switch (code & 0xff) {
	case SQLITE_FULL:
		kind = XB_DB_ERROR_FULL;
		break;
	case SQLITE_IOERR:
		if (sqlite3_system_errno(db->handle) == ENOSPC ||
		    sqlite3_system_errno(db->handle) == EDQUOT)
			kind = XB_DB_ERROR_FULL;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		kind = XB_DB_ERROR_CORRUPT;
		hint = "; move it away, or put back a backup";
		break;
	}
	if (kind == XB_DB_ERROR_FULL)
		g_set_error(error, XB_DB_ERROR, kind,
			    "%s: no space left on the file system of the database; free some",
			    db->path);
	else
		g_set_error(error, XB_DB_ERROR, kind, "%s: %s: %s%s", db->path, what,
			    sqlite3_errmsg(db->handle), hint);
	return false;
}

static bool bind(sqlite3_stmt *statement, const XbBind *b)
{
	int index = sqlite3_bind_parameter_index(statement, b->name);

	/* A misspelt name is a programmer's error that each test of the
	 * statement finds. */
	g_return_val_if_fail(index != 0, false);
	switch (b->type) {
	case XB_BIND_NULL:
		return sqlite3_bind_null(statement, index) == SQLITE_OK;
	case XB_BIND_INT:
		return sqlite3_bind_int64(statement, index, b->integer) == SQLITE_OK;
	case XB_BIND_REAL:
		return sqlite3_bind_double(statement, index, b->real) == SQLITE_OK;
	case XB_BIND_TEXT:
		return sqlite3_bind_text(statement, index, b->text, -1, SQLITE_STATIC) == SQLITE_OK;
	}
	return false;
}

sqlite3_stmt *xb_db_query(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error)
{
	sqlite3_stmt **statement = &db->statements[sql];

	if (*statement == NULL &&
	    sqlite3_prepare_v3(db->handle, xb_sql[sql], -1, SQLITE_PREPARE_PERSISTENT, statement,
			       NULL) != SQLITE_OK) {
		xb_db_fail(db, "prepare a statement", error);
		return NULL;
	}
	g_return_val_if_fail(sqlite3_bind_parameter_count(*statement) == (int)n, NULL);
	for (guint i = 0; i < n; i++) {
		if (!bind(*statement, &binds[i])) {
			xb_db_fail(db, "bind a parameter", error);
			return NULL;
		}
	}
	return *statement;
}

int xb_db_step(XbDb *db, sqlite3_stmt *statement, GError **error)
{
	int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		return result;
	if (result != SQLITE_DONE)
		xb_db_fail(db, sqlite3_stmt_readonly(statement) ? "read" : "write", error);
	sqlite3_reset(statement);
	/* Bound text belongs to the caller and is gone soon. */
	sqlite3_clear_bindings(statement);
	return result;
}

/* Leave a query before its last row. */
static void leave(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

bool xb_db_exec(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error)
{
	sqlite3_stmt *statement = xb_db_query(db, sql, binds, n, error);

	return statement != NULL && xb_db_step(db, statement, error) == SQLITE_DONE;
}

bool xb_db_change(XbDb *db, XbSql sql, const XbBind *binds, guint n, const char *what, int64_t id,
		  GError **error)
{
	if (!xb_db_exec(db, sql, binds, n, error))
		return false;
	if (sqlite3_changes(db->handle) > 0)
		return true;
	g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND, "no %s %" G_GINT64_FORMAT, what, id);
	return false;
}

int64_t xb_db_insert(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error)
{
	if (!xb_db_exec(db, sql, binds, n, error))
		return -1;
	return sqlite3_last_insert_rowid(db->handle);
}

GPtrArray *xb_db_rows(XbDb *db, XbSql sql, const XbBind *binds, guint n, XbReadRow read,
		      GDestroyNotify free_row, GError **error)
{
	sqlite3_stmt *row = xb_db_query(db, sql, binds, n, error);
	g_autoptr(GPtrArray) rows = NULL;
	int result;

	if (row == NULL)
		return NULL;
	rows = g_ptr_array_new_with_free_func(free_row);
	while ((result = xb_db_step(db, row, error)) == SQLITE_ROW)
		g_ptr_array_add(rows, read(row));
	return result == SQLITE_DONE ? g_steal_pointer(&rows) : NULL;
}

void *xb_db_row(XbDb *db, XbSql sql, const XbBind *binds, guint n, XbReadRow read, GError **error)
{
	sqlite3_stmt *row = xb_db_query(db, sql, binds, n, error);
	void *result;

	if (row == NULL || xb_db_step(db, row, error) != SQLITE_ROW)
		return NULL;
	result = read(row);
	leave(row);
	return result;
}

int64_t xb_db_integer(XbDb *db, XbSql sql, const XbBind *binds, guint n, int64_t fallback,
		      GError **error)
{
	sqlite3_stmt *row = xb_db_query(db, sql, binds, n, error);
	int64_t result;

	if (row == NULL || xb_db_step(db, row, error) != SQLITE_ROW)
		return fallback;
	result = sqlite3_column_int64(row, 0);
	leave(row);
	return result;
}

int xb_column_word(sqlite3_stmt *row, int column, const char *const *names, int n)
{
	const char *word = (const char *)sqlite3_column_text(row, column);

	for (int i = 0; i < n; i++) {
		if (g_strcmp0(word, names[i]) == 0)
			return i;
	}
	g_return_val_if_reached(0);
}

char *xb_json_ids(const GArray *ids)
{
	GString *json = g_string_new("[");

	for (guint i = 0; ids != NULL && i < ids->len; i++)
		g_string_append_printf(json, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "",
				       g_array_index(ids, int64_t, i));
	g_string_append_c(json, ']');
	return g_string_free(json, FALSE);
}
