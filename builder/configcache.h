/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * configcache.h - the slot's last configuration, and what it was made from.
 *
 * Most commits leave Kconfig alone, and making the same configuration again
 * costs seconds of each build. The key is a hash over the toolchain, base and
 * fragments, and every file of the tree that the configuration could read:
 * Kconfig files, scripts of any kind, the makefiles and configs of the top and
 * of the architecture. Clean builds do not use it.
 */
#ifndef XB_BUILDER_CONFIGCACHE_H
#define XB_BUILDER_CONFIGCACHE_H

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

/*
 * @parts: everything that is not in the tree, NULL-terminated. Caller frees;
 * NULL with @error when the tree cannot be read.
 */
char *xb_config_key(git_repository *repo, const git_oid *tree, const char *arch_source,
		    const char *const *parts, GError **error);

/* The configuration that was stored with @key, NULL when there is none or the
 * file is damaged. Caller frees. */
char *xb_config_load(const char *path, const char *key);

bool xb_config_store(const char *path, const char *key, const char *text, GError **error);

#endif
