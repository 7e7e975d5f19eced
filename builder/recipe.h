/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recipe.h - how a Linux kernel is built here: the part of a variant that is
 * neither source nor configuration.
 */
#ifndef XB_BUILDER_RECIPE_H
#define XB_BUILDER_RECIPE_H

#include <glib.h>
#include <stdbool.h>

#include "log.h"
#include "sandbox.h"

/* Change it whenever a build of the same input may give another image. */
#define XB_RECIPE "xbisect-linux-1"

typedef struct {
	const char *name;     /* of the job */
	const char *make;     /* ARCH= */
	const char *source;   /* its directory under arch/ */
	const char *image;    /* what boots, relative to the object directory */
	const char *image_as; /* its name in the artifact */
} XbArch;

/* NULL with @error (host) when this builder cannot build it. */
const XbArch *xb_arch_find(const char *name, GError **error);

/* What makes builds repeatable, as environment of every command. */
void xb_recipe_set_environment(XbSandbox *sandbox);

typedef struct {
	char *summary;     /* "gcc 12.2.0" */
	char *versions;    /* what each tool said, one a line */
	char *fingerprint; /* sha256 over recipe and versions */
} XbToolchain;

/* Ask the tools, inside the sandbox. NULL with @error (host). */
XbToolchain *xb_toolchain_new(XbSandboxKind kind, gint64 deadline_us, XbLog *log, GError **error);
void xb_toolchain_free(XbToolchain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbToolchain, xb_toolchain_free)

#endif
