/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folded.h - folded stacks as a tree of calls, of one profile or of two beside
 * each other. A line is "outermost;...;innermost COUNT", as `perf script |
 * stackcollapse` and xbisect-run write it; lines with the same stack add up.
 *
 * The text may come from any worker, so it is checked: at most 16 MiB, 512
 * frames in a stack, names of 512 bytes, counts are decimal and above zero.
 */
#ifndef XB_FOLDED_H
#define XB_FOLDED_H

#include <glib.h>
#include <stdbool.h>

#define XB_FOLDED_BYTES_MAX (16u << 20)

typedef struct {
	char *name;      /* may hold any bytes but line breaks and ';' */
	guint parent;    /* index; of the root 0 */
	guint depth;     /* of the root 0 */
	double self[2];  /* of each side: here, ... */
	double total[2]; /* ... and with all that was called */
} XbFoldedNode;

typedef struct {
	GArray *nodes;        /* XbFoldedNode; the root is 0, parents come before children */
	GHashTable *children; /* private */
} XbFolded;

#define XB_FOLDED_ERROR xb_folded_error_quark()
GQuark xb_folded_error_quark(void);

XbFolded *xb_folded_new(void);
void xb_folded_free(XbFolded *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbFolded, xb_folded_free)

/* Add @text to @side (0 or 1), each count times @scale. False with @error naming the line; the tree
 * is good for xb_folded_free() only then. */
bool xb_folded_add(XbFolded *self, guint side, const char *text, gsize length, double scale,
		   GError **error);

/* The children of each node, by name: array of @nodes->len GArray of guint. Caller unrefs. */
GPtrArray *xb_folded_children(const XbFolded *self);

typedef struct {
	const char *name; /* of the tree */
	double self[2];
} XbFoldedFunction;

/* What each function does itself, wherever it is called from; the largest change first (of one
 * side alone: the largest). Caller unrefs. */
GArray *xb_folded_functions(const XbFolded *self);

#endif
