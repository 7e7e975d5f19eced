/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.h - where commands of a hostile source tree run.
 *
 * XB_SANDBOX_BWRAP: bubblewrap with no network, no home, no other process, an
 * environment that names only what is set here, and a file system that
 * consists of /usr, an empty /tmp and the mounts added here.
 * XB_SANDBOX_NONE: the same environment, but the machine itself; only for
 * people who wrote that down.
 *
 * Calling sequence: new, mount and setenv in any order, then argv for as many
 * commands as wanted, free.
 */
#ifndef XB_BUILDER_SANDBOX_H
#define XB_BUILDER_SANDBOX_H

#include <glib.h>
#include <stdbool.h>

typedef enum {
	XB_SANDBOX_BWRAP,
	XB_SANDBOX_NONE,
} XbSandboxKind;

const char *xb_sandbox_kind_name(XbSandboxKind kind);

typedef struct XbSandbox XbSandbox;

/* NULL with @error (host) where bubblewrap is wanted and not installed. */
XbSandbox *xb_sandbox_new(XbSandboxKind kind, GError **error);
void xb_sandbox_free(XbSandbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbSandbox, xb_sandbox_free)

/*
 * Show the path @outside as @inside. Returns the path that commands must use:
 * @inside, or @outside without a sandbox. Owned by @self.
 */
const char *xb_sandbox_mount(XbSandbox *self, const char *outside, const char *inside,
			     bool writable);

void xb_sandbox_setenv(XbSandbox *self, const char *name, const char *value);

/* What to execute to run @command with working directory @cwd (a path as
 * xb_sandbox_mount returned it). Caller frees with g_strfreev(). */
GStrv xb_sandbox_argv(const XbSandbox *self, const char *cwd, const char *const *command);

/* The environment, "NAME=value" sorted by name. Caller frees with g_strfreev(). */
GStrv xb_sandbox_environment(const XbSandbox *self);

#endif
