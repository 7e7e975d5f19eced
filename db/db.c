/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db.c - opening the database: settings, the gate on the schema's version,
 * backup and migration; transactions.
 */
#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "db-private.h"
#include "schema.h"

#define APPLICATION_ID  0x78626973 /* "xbis", in the file's header: see file(1) */
#define BUSY_TIMEOUT_MS 10000

/* A one-off statement: settings and migrations, which are not worth keeping prepared. */
static bool run_text(XbDb *db, const char *sql, const char *what, GError **error)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return xb_db_fail(db, what, error);
}

static bool read_number(XbDb *db, const char *sql, int64_t *value, GError **error)
{
	sqlite3_stmt *row = NULL;
	int result = sqlite3_prepare_v2(db->handle, sql, -1, &row, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(row);
	if (result == SQLITE_ROW)
		*value = sqlite3_column_int64(row, 0);
	else
		xb_db_fail(db, "read the schema's version", error);
	sqlite3_finalize(row);
	return result == SQLITE_ROW;
}

/* ---- version gate, backup, migration --------------------------------------- */

/* The version of the schema, 0 for an empty file; false when the file is none of ours. */
static bool read_version(XbDb *db, int64_t *version, GError **error)
{
	int64_t application, tables;

	if (!read_number(db, "PRAGMA user_version", version, error) ||
	    !read_number(db, "PRAGMA application_id", &application, error) ||
	    !read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, error))
		return false;
	if (application == APPLICATION_ID || (application == 0 && tables == 0))
		return true;
	g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT,
		    "%s: this is the database of another program", db->path);
	return false;
}

static bool sync_path(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int saved;

	if (fd >= 0 && fsync(fd) == 0) {
		close(fd);
		return true;
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	g_set_error(error, XB_DB_ERROR, saved == ENOSPC ? XB_DB_ERROR_FULL : XB_DB_ERROR_SQL,
		    "%s: write the backup: %s", path, g_strerror(saved));
	return false;
}

static char *backup_path(const XbDb *db, int64_t version)
{
	return g_strdup_printf("%s.v%" G_GINT64_FORMAT ".backup", db->path, version);
}

/* A copy of the whole database beside it, published by rename. The copies of older versions go. */
static bool back_up(XbDb *db, int64_t version, GError **error)
{
	g_autofree char *final = backup_path(db, version);
	g_autofree char *partial = g_strconcat(final, ".partial", NULL);
	g_autofree char *directory = g_path_get_dirname(db->path);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", partial);
	bool fine;

	g_unlink(partial); /* of an attempt that was killed */
	fine = run_text(db, sql, "copy the database before its migration", error);
	sqlite3_free(sql);
	if (!fine || !sync_path(partial, error)) {
		g_unlink(partial);
		return false;
	}
	if (g_rename(partial, final) != 0) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_SQL, "%s: %s", final,
			    g_strerror(errno));
		g_unlink(partial);
		return false;
	}
	for (int64_t older = 0; older < version; older++) {
		g_autofree char *path = backup_path(db, older);
		g_unlink(path);
	}
	return sync_path(directory, error);
}

static bool migrate(XbDb *db, const char *const *migrations, int n, GError **error)
{
	g_autofree char *header = g_strdup_printf(
		"PRAGMA user_version = %d; PRAGMA application_id = %d", n, APPLICATION_ID);
	int64_t version;

	if (!xb_db_begin(db, error))
		return false;
	/* Again, now that nobody else can write. */
	if (!read_version(db, &version, error))
		goto fail;
	for (int i = (int)version; i < n; i++) {
		g_autofree char *what = g_strdup_printf("migrate to version %d", i + 1);

		if (!run_text(db, migrations[i], what, error))
			goto fail;
	}
	if (run_text(db, header, "write the schema's version", error) && xb_db_commit(db, error))
		return true;
fail:
	xb_db_rollback(db);
	return false;
}

static bool bring_up_to_date(XbDb *db, const char *const *migrations, int n, GError **error)
{
	int64_t version;

	if (!read_version(db, &version, error))
		return false;
	if (version > n) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NEWER,
			    "%s: its schema has version %" G_GINT64_FORMAT
			    ", this program knows versions up to %d: use a newer xbisect",
			    db->path, version, n);
		return false;
	}
	if (version == n)
		return true;
	if (db->read_only) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_SQL,
			    "%s: its schema has version %" G_GINT64_FORMAT
			    ", this program reads version %d: start xbisectd once to migrate it",
			    db->path, version, n);
		return false;
	}
	if (version > 0 && !back_up(db, version, error))
		return false;
	return migrate(db, migrations, n, error);
}

/* ---- opening --------------------------------------------------------------- */

static bool apply_settings(XbDb *db, GError **error)
{
	int on = 1;

	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (db->read_only)
		return run_text(db, "PRAGMA query_only = 1; PRAGMA cache_size = -32768", "open",
				error);
	/* Else a reader of another uid could not open the database while the
	 * daemon is down: it would have to make these files. */
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	/* NORMAL: a killed daemon loses nothing. After a power cut the last
	 * transactions may be gone, but whole ones, with their offsets into
	 * events.jsonl: they are read again from there. */
	return run_text(db,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			"PRAGMA foreign_keys = 1; PRAGMA temp_store = MEMORY",
			"open", error);
}

XbDb *xb_db_open_with(const char *path, bool read_only, const char *const *migrations, int n,
		      GError **error)
{
	/* no connection is for two threads: see the header */
	int flags = SQLITE_OPEN_NOMUTEX |
		    (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	g_autoptr(XbDb) db = g_new0(XbDb, 1);

	db->path = g_strdup(path);
	db->read_only = read_only;
	if (read_only && !g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "%s: no database there: xbisectd makes it when it is started", path);
		return NULL;
	}
	if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK) {
		if (db->handle == NULL)
			g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_SQL, "%s: out of memory", path);
		else
			xb_db_fail(db, "open", error);
		return NULL;
	}
	if (!apply_settings(db, error) || !bring_up_to_date(db, migrations, n, error))
		return NULL;
	return g_steal_pointer(&db);
}

XbDb *xb_db_open(const char *path, bool read_only, GError **error)
{
	return xb_db_open_with(path, read_only, xb_migrations, XB_SCHEMA_VERSION, error);
}

void xb_db_close(XbDb *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < XB_SQL_COUNT; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	g_free(db->path);
	g_free(db);
}

/* ---- transactions ---------------------------------------------------------- */

static bool begin(XbDb *db, XbSql first, GError **error)
{
	/* a full disk has rolled all of them back */
	if (sqlite3_get_autocommit(db->handle))
		db->depth = 0;
	if (!xb_db_exec(db, db->depth == 0 ? first : XB_SQL_SAVEPOINT, NULL, 0, error))
		return false;
	db->depth++;
	return true;
}

bool xb_db_begin(XbDb *db, GError **error)
{
	return begin(db, XB_SQL_BEGIN, error);
}

bool xb_db_commit(XbDb *db, GError **error)
{
	if (!xb_db_exec(db, db->depth > 1 ? XB_SQL_RELEASE : XB_SQL_COMMIT, NULL, 0, error))
		return false;
	db->depth--;
	return true;
}

void xb_db_rollback(XbDb *db)
{
	g_autoptr(GError) error = NULL;
	bool nested = db->depth > 1;

	/* A full disk has rolled back already. */
	if (sqlite3_get_autocommit(db->handle))
		return;
	/* back to a savepoint does not end it */
	if (!xb_db_exec(db, nested ? XB_SQL_ROLLBACK_TO : XB_SQL_ROLLBACK, NULL, 0, &error) ||
	    (nested && !xb_db_exec(db, XB_SQL_RELEASE, NULL, 0, &error)))
		g_warning("%s", error->message);
	db->depth--;
}

int64_t xb_db_changes(const XbDb *db)
{
	return sqlite3_total_changes64(db->handle);
}

int64_t xb_db_data_version(XbDb *db)
{
	return xb_db_integer(db, XB_SQL_DATA_VERSION, NULL, 0, -1, NULL);
}

bool xb_db_begin_read(XbDb *db, GError **error)
{
	return begin(db, XB_SQL_BEGIN_READ, error);
}

bool xb_db_is_current(XbDb *db)
{
	return xb_db_integer(db, XB_SQL_USER_VERSION, NULL, 0, -1, NULL) == XB_SCHEMA_VERSION;
}
