/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collect.h - from an object directory to an artifact directory.
 */
#ifndef XB_BUILDER_COLLECT_H
#define XB_BUILDER_COLLECT_H

#include <git2.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "compile.h"

typedef struct {
	const git_oid *base_tree; /* of the commit, before the patches */
	const GPtrArray *patches; /* XbFileId */
	const XbCompile *compile;
} XbCollect;

/*
 * Fill the job's out_dir: image, vmlinux.elf, System.map, config, inputs.txt,
 * manifest.json. Returns the "artifact" event, a new reference, or NULL with
 * @error.
 */
json_t *xb_collect(const XbCollect *self, GError **error);

#endif
