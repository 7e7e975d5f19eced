/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db-variant.c - variants: what can be booted, and what is known of it.
 */
#include "db-private.h"

static const char *const state_names[] = { "unbuilt", "built", "build-failed", "boot-failed" };

void xb_variant_free(XbVariant *variant)
{
	if (variant == NULL)
		return;
	g_free(variant->key);
	g_free(variant->source);
	g_free(variant->detail);
	g_free(variant->image_sha256);
	g_free(variant->config_sha256);
	g_free(variant->toolchain);
	g_free(variant->dir);
	g_free(variant->artifact);
	g_free(variant);
}

static void *read_variant(sqlite3_stmt *row)
{
	XbVariant *variant = g_new0(XbVariant, 1);

	variant->id = sqlite3_column_int64(row, 0);
	variant->key = xb_column_text(row, 1);
	variant->source = xb_column_text(row, 2);
	variant->clean = sqlite3_column_int(row, 3) != 0;
	variant->state =
		(XbVariantState)xb_column_word(row, 4, state_names, G_N_ELEMENTS(state_names));
	variant->detail = xb_column_text(row, 5);
	variant->image_sha256 = xb_column_text(row, 6);
	variant->config_sha256 = xb_column_text(row, 7);
	variant->toolchain = xb_column_text(row, 8);
	variant->dir = xb_column_text(row, 9);
	variant->artifact = xb_column_text(row, 10);
	variant->size_bytes = sqlite3_column_int64(row, 11);
	variant->used_ms = sqlite3_column_int64(row, 12);
	return variant;
}

int64_t xb_db_variant_ensure(XbDb *db, const char *key, const char *source, bool clean,
			     GError **error)
{
	const XbBind find[] = { xb_bind_text(":key", key) };
	const XbBind add[] = {
		xb_bind_text(":key", key),
		xb_bind_text(":source", source),
		xb_bind_int(":clean", clean),
	};
	const XbBind again[] = { xb_bind_text(":key", key), xb_bind_text(":source", source) };
	g_autoptr(GError) failure = NULL;
	int64_t id = xb_db_integer(db, XB_SQL_VARIANT_FIND, find, 1, 0, &failure);

	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return -1;
	}
	if (id != 0)
		return xb_db_exec(db, XB_SQL_VARIANT_SOURCE, again, G_N_ELEMENTS(again), error)
			       ? id
			       : -1;
	return xb_db_insert(db, XB_SQL_VARIANT_ADD, add, G_N_ELEMENTS(add), error);
}

XbVariant *xb_db_variant_get(XbDb *db, int64_t id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id) };
	g_autoptr(GError) failure = NULL;
	XbVariant *variant = xb_db_row(db, XB_SQL_VARIANT_GET, binds, G_N_ELEMENTS(binds),
				       read_variant, &failure);

	if (failure != NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (variant == NULL)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "no variant %" G_GINT64_FORMAT, id);
	return variant;
}

bool xb_db_variant_update(XbDb *db, const XbVariant *variant, GError **error)
{
	g_return_val_if_fail(variant->state < G_N_ELEMENTS(state_names), false);
	const XbBind binds[] = {
		xb_bind_int(":id", variant->id),
		xb_bind_text(":state", state_names[variant->state]),
		xb_bind_text(":detail", variant->detail),
		xb_bind_text(":image", variant->image_sha256),
		xb_bind_text(":config", variant->config_sha256),
		xb_bind_text(":toolchain", variant->toolchain),
		xb_bind_text(":dir", variant->dir),
		xb_bind_text(":artifact", variant->artifact),
		xb_bind_int(":size", variant->size_bytes),
		xb_bind_int(":used", variant->used_ms),
	};

	return xb_db_change(db, XB_SQL_VARIANT_UPDATE, binds, G_N_ELEMENTS(binds), "variant",
			    variant->id, error);
}

bool xb_db_variant_touch(XbDb *db, int64_t id, int64_t now_ms, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":id", id), xb_bind_int(":now", now_ms) };

	return xb_db_change(db, XB_SQL_VARIANT_TOUCH, binds, G_N_ELEMENTS(binds), "variant", id,
			    error);
}

static void *read_variant_of_job(sqlite3_stmt *row)
{
	XbVariant *variant = read_variant(row);

	variant->is_alike = sqlite3_column_int(row, 13) != 0;
	variant->node = sqlite3_column_int(row, 14);
	return variant;
}

static void *read_known_variant(sqlite3_stmt *row)
{
	XbVariant *variant = g_new0(XbVariant, 1);

	variant->node = sqlite3_column_int(row, 0);
	variant->id = sqlite3_column_int64(row, 1);
	variant->state =
		(XbVariantState)xb_column_word(row, 2, state_names, G_N_ELEMENTS(state_names));
	variant->image_sha256 = xb_column_text(row, 3);
	variant->is_alike = sqlite3_column_int(row, 4) != 0;
	variant->has_runs = sqlite3_column_int(row, 5) != 0;
	if (!variant->has_runs)
		return variant;
	variant->key = xb_column_text(row, 6);
	variant->config_sha256 = xb_column_text(row, 7);
	variant->toolchain = xb_column_text(row, 8);
	variant->artifact = xb_column_text(row, 9);
	return variant;
}

static GPtrArray *of_job(XbDb *db, XbSql sql, XbReadRow read, int64_t job_id, GError **error)
{
	const XbBind binds[] = { xb_bind_int(":job", job_id) };

	return xb_db_rows(db, sql, binds, G_N_ELEMENTS(binds), read,
			  (GDestroyNotify)xb_variant_free, error);
}

GPtrArray *xb_db_variants_of_job(XbDb *db, int64_t job_id, GError **error)
{
	return of_job(db, XB_SQL_VARIANTS_OF_JOB, read_variant_of_job, job_id, error);
}

GPtrArray *xb_db_variants_known(XbDb *db, int64_t job_id, GError **error)
{
	return of_job(db, XB_SQL_VARIANTS_KNOWN, read_known_variant, job_id, error);
}

GPtrArray *xb_db_variants_on_disk(XbDb *db, GError **error)
{
	return xb_db_rows(db, XB_SQL_VARIANTS_ON_DISK, NULL, 0, read_variant,
			  (GDestroyNotify)xb_variant_free, error);
}
