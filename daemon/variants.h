/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * variants.h - what a variant is made of, and its key: the hash of all that
 * goes into a build (tree, patches, configuration, architecture, builder and
 * toolchain, clean or not, trust label), or of a prebuilt image's files. One key is built
 * once.
 *
 * Patches and configuration fragments arrive as content and are kept in
 * state_dir/blobs/ under the hash of that content, so that a recipe names
 * them by path and a path never changes its meaning.
 */
#ifndef XB_VARIANTS_H
#define XB_VARIANTS_H

#include "daemon.h"

typedef struct {
	const char *repo; /* where the commit is; the last to name this tree is read */
	const char *trust;
	const char *commit, *tree; /* 40 hex */
	json_t *patches;           /* array of blob paths, in order */
	json_t *kconfig;           /* array of blob paths, in order */
	const char *kconfig_base, *arch;
	const char *builder_fp; /* builder's recipe and toolchain */
	bool clean;
} XbRecipe;

/* Keep @content (length in bytes); returns the blob's path or NULL. Published by rename. */
char *xb_blob_store(XbDaemon *daemon, const char *content, gsize length, GError **error);

/* Id of the variant, added when new; -1 with @error. */
int64_t xb_variant_of_recipe(XbDaemon *daemon, const XbRecipe *recipe, GError **error);

/* The variant of the same recipe as the builder is now; @id itself where nothing has changed. */
int64_t xb_variant_renewed(XbDaemon *daemon, int64_t id, GError **error);

/* A prebuilt image: @kernel and, when not NULL, @modules are absolute paths that must be
 * readable. The key is over the kernel's bytes and the modules' names, sizes and times. */
int64_t xb_variant_of_image(XbDaemon *daemon, const char *kernel, const char *modules,
			    GError **error);

/* The recipe kept in a variant, with strings that live as long as @source. */
bool xb_recipe_unpack(json_t *source, XbRecipe *recipe);

/* True when the variant is a prebuilt image. */
bool xb_variant_is_image(const XbVariant *variant);

#endif
