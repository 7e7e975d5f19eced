/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * revlist.h - the commit graph of a range, as git says it, for simulations.
 *
 * The client has no library for repositories (the daemon reads them), so this
 * spawns git rev-list, with an environment of its own: no configuration of the
 * user or the system, no transports, no prompts. git itself reads the
 * configuration of the repository, and refuses one that belongs to somebody else.
 */
#ifndef XB_REVLIST_H
#define XB_REVLIST_H

#include <glib.h>
#include <stdbool.h>

#include "engine.h"

#define XB_REVLIST_ERROR xb_revlist_error_quark()
GQuark xb_revlist_error_quark(void);

typedef struct {
	XbGraph graph; /* node 0 is GOOD, the last one BAD; the arrays are below */
	guint *parent_start, *parent;
} XbRevlist;

void xb_revlist_free(XbRevlist *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbRevlist, xb_revlist_free)

/* The commits of @good..@bad in the repository at @repo. NULL and an error
 * where git refuses, where @good is no ancestor of @bad, or where it takes
 * longer than two minutes. */
XbRevlist *xb_revlist_read(const char *repo, const char *good, const char *bad, GError **error);

/* The graph in the lines of "git rev-list --topo-order --reverse --parents":
 * a commit and its parents a line, parents first. Parents that have no line are GOOD. */
XbRevlist *xb_revlist_parse(const char *text, GError **error);

#endif
