/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-private.h - what the files of db/ share: binding named parameters,
 * running a statement of the table, reading rows into structs.
 */
#ifndef XB_DB_PRIVATE_H
#define XB_DB_PRIVATE_H

#include <sqlite3.h>

#include "db.h"
#include "sql.h"

struct XbDb {
	sqlite3 *handle;
	char *path;
	bool read_only;
	int depth; /* of the open transactions: those behind the first are savepoints */
	sqlite3_stmt *statements[XB_SQL_COUNT]; /* prepared at first use, kept */
};

/* xb_db_open() with other migrations than the program's own, for its tests. */
XbDb *xb_db_open_with(const char *path, bool read_only, const char *const *migrations, int n,
		      GError **error);

/* Sets @error from SQLite's last error: FULL and CORRUPT are told apart. False always. */
bool xb_db_fail(XbDb *db, const char *what, GError **error);

/* ---- parameters ---------------------------------------------------------- */
typedef struct {
	const char *name; /* with its colon */
	enum { XB_BIND_NULL, XB_BIND_INT, XB_BIND_REAL, XB_BIND_TEXT } type;
	int64_t integer;
	double real;
	const char *text; /* must live until the statement has run */
} XbBind;

static inline XbBind xb_bind_int(const char *name, int64_t value)
{
	return (XbBind){ .name = name, .type = XB_BIND_INT, .integer = value };
}

/* SQL NULL when @value is @null. */
static inline XbBind xb_bind_int_or_null(const char *name, int64_t value, int64_t null)
{
	return (XbBind){ .name = name,
			 .type = value == null ? XB_BIND_NULL : XB_BIND_INT,
			 .integer = value };
}

static inline XbBind xb_bind_real(const char *name, double value)
{
	return (XbBind){ .name = name, .type = XB_BIND_REAL, .real = value };
}

static inline XbBind xb_bind_text(const char *name, const char *value)
{
	return (XbBind){ .name = name,
			 .type = value == NULL ? XB_BIND_NULL : XB_BIND_TEXT,
			 .text = value };
}

/* ---- statements ---------------------------------------------------------- */

/* Run a statement that returns no rows. */
bool xb_db_exec(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error);

/* The same; NOT_FOUND "no WHAT ID" when it changed no row. */
bool xb_db_change(XbDb *db, XbSql sql, const XbBind *binds, guint n, const char *what, int64_t id,
		  GError **error);

/* The same; the rowid of what it inserted, or -1. */
int64_t xb_db_insert(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error);

/* Start a query: step it with xb_db_step(), which resets it at its end. Nothing else may use the
 * statement in between. NULL with @error. */
sqlite3_stmt *xb_db_query(XbDb *db, XbSql sql, const XbBind *binds, guint n, GError **error);

/* SQLITE_ROW, SQLITE_DONE, or another value with @error. */
int xb_db_step(XbDb *db, sqlite3_stmt *statement, GError **error);

/* All rows, each made into a struct by @read. */
typedef void *(*XbReadRow)(sqlite3_stmt *row);
GPtrArray *xb_db_rows(XbDb *db, XbSql sql, const XbBind *binds, guint n, XbReadRow read,
		      GDestroyNotify free_row, GError **error);

/* The first row, or NULL; without @error when there is none. */
void *xb_db_row(XbDb *db, XbSql sql, const XbBind *binds, guint n, XbReadRow read, GError **error);

/* The first row's first column; @fallback without @error when there is none. */
int64_t xb_db_integer(XbDb *db, XbSql sql, const XbBind *binds, guint n, int64_t fallback,
		      GError **error);

/* ---- columns ------------------------------------------------------------- */
static inline char *xb_column_text(sqlite3_stmt *row, int column)
{
	return g_strdup((const char *)sqlite3_column_text(row, column));
}

/* SQL NULL reads as @null. */
static inline int64_t xb_column_int(sqlite3_stmt *row, int column, int64_t null)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL ? null
							       : sqlite3_column_int64(row, column);
}

/* Index of the column's word in @names; the schema's CHECK allows no other. */
int xb_column_word(sqlite3_stmt *row, int column, const char *const *names, int n);

/* JSON array of a GArray of int64_t (NULL = empty). Caller frees. */
char *xb_json_ids(const GArray *ids);

#endif
