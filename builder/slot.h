/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slot.h - a builder's persistent directory, and what of it can be trusted.
 *
 *   lock         flock of the builder that works here
 *   git/         mirror of the repository
 *   src/         the work tree; src.state says what it holds
 *   obj/         object directory of incremental builds; obj.state says that
 *                it was left in order, and by which recipe and toolchain
 *   conf/        object directory of the configuration step; conf.state is its
 *                last result and what that was made from
 *   bin/         links that put the compile cache before the compiler
 *   clean/       object directories of a clean build, gone afterwards
 */
#ifndef XB_BUILDER_SLOT_H
#define XB_BUILDER_SLOT_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
	int lock_fd;
	bool clean;
	char *mirror;
	char *src;
	char *src_state;
	char *obj;
	char *obj_state;
	char *conf;
	char *conf_state;
	char *bin;
	char *clean_root;
} XbSlot;

/* Make what is missing and take the lock; NULL with @error (host) when another
 * builder has it. */
XbSlot *xb_slot_open(const char *work_dir, bool clean, GError **error);

/* Removes the clean build's directories and gives the lock back. */
void xb_slot_close(XbSlot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbSlot, xb_slot_close)

/*
 * Before a build: an object directory that a crash, a kill, another toolchain
 * or a clock that went back makes doubtful is removed. From here to
 * xb_slot_settle() it counts as doubtful.
 */
bool xb_slot_prepare(XbSlot *self, const char *fingerprint, GError **error);

/* make came to its own end, well or badly: the objects can be built upon. */
bool xb_slot_settle(XbSlot *self, const char *fingerprint, GError **error);

/* make was cut off: remove every file that was written since @since (seconds of
 * the Unix clock), as any of these may be half of one. */
bool xb_slot_prune(XbSlot *self, gint64 since, GError **error);

/* What make left turned out to be wrong: the next build starts afresh. */
void xb_slot_doubt(XbSlot *self);

#endif
