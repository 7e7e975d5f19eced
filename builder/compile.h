/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compile.h - the steps of a build that run code of the tree: configuration,
 * make, strip, nm. Each runs in the sandbox, with its output in the log, and
 * appends its command line to @commands.
 */
#ifndef XB_BUILDER_COMPILE_H
#define XB_BUILDER_COMPILE_H

#include <git2.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "job.h"
#include "log.h"
#include "protocol.h"
#include "recipe.h"
#include "slot.h"

/* The stripped kernel, relative to the object directory. */
#define XB_STRIPPED ".xbisect/vmlinux.elf"
/* What nm(1) says of its objects, there as well. */
#define XB_SYMBOLS ".xbisect/symbols"

typedef struct {
	const XbBuildJob *job;
	const XbArch *arch;
	const XbSlot *slot;
	git_repository *repo;
	const git_oid *tree; /* that is checked out */
	const XbToolchain *toolchain;
	XbLog *log;
	gint64 deadline_us;
	json_t *commands;    /* array of {"step","argv"} */
	GPtrArray *kconfig;  /* XbFileId of the fragments, filled by config */
	bool config_changed; /* from that of the objects before */
	gint64 make_started; /* Unix seconds; 0 before make */
	char *src_prefix;    /* how commands saw the source tree; set by make */
	guint objects;       /* compiled by make */
	guint cache_hits;    /* of these, found in the compile cache */
} XbCompile;

/* Base and fragments to a verified obj/.config, which keeps its time when it
 * does not change. */
bool xb_compile_config(XbCompile *self, GError **error);

/* Image and vmlinux. */
bool xb_compile_make(XbCompile *self, GError **error);

/* vmlinux without symbols, in obj/XB_STRIPPED. */
bool xb_compile_strip(XbCompile *self, GError **error);

/* The functions of each object, in obj/XB_SYMBOLS: lines of `nm -A -P`. What nm cannot read is left
 * out: false with @error only when nothing can be run. */
bool xb_compile_symbols(XbCompile *self, GError **error);

void xb_compile_clear(XbCompile *self);

#endif
