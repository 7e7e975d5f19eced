/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * build.h - one builder job from beginning to end.
 */
#ifndef XB_BUILDER_BUILD_H
#define XB_BUILDER_BUILD_H

#include <glib.h>
#include <stdbool.h>

#include "job.h"

/*
 * Do @job, emitting phase, progress, counter and artifact events (not "done").
 * False with @error; xb_build_outcome() says what it means. The log is in
 * out_dir/build.log in either case, once the slot was free.
 */
bool xb_build_run(const XbBuildJob *job, GError **error);

/* Emit the "fingerprint" event: recipe and toolchain of this machine. */
bool xb_build_fingerprint(XbSandboxKind kind, GError **error);

#endif
