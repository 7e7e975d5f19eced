/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * touched.h - whether a commit touches what the workload executes: the lines that
 * it changes, the functions in which they lie, and what is known of these from a
 * boot that counted (object-map.h). Pure.
 *
 * A function that has no symbol was inlined, or is a macro: it counts as executed
 * when one of those that mention it was (uses.h), in the same file where it stands in
 * a source, anywhere where it stands in a header. Of a source, all that lies outside of
 * functions can matter where an object that was executed was made from it. Of a header,
 * types, and what is not understood, can matter to all executed objects that read it;
 * declarations, what the commit adds and nothing mentioned before, and what only
 * functions mention of which none was executed, to none. Of a file with more than 200
 * changes the first are looked at, and the rest is not understood.
 */
#ifndef XB_TOUCHED_H
#define XB_TOUCHED_H

#include "history.h"
#include "uses.h"

typedef enum {
	XB_TOUCHED_UNKNOWN, /* nothing can be said: scripts, configuration, merges */
	XB_TOUCHED_IDLE,    /* only what the workload does not execute */
	XB_TOUCHED_SHARED,  /* types, headers or data of objects that it executes */
	XB_TOUCHED_EXECUTED /* functions that it executes */
} XbTouchedKind;
const char *xb_touched_name(XbTouchedKind kind);
bool xb_touched_parse(const char *name, XbTouchedKind *kind);

typedef struct {
	XbTouchedKind kind;   /* of all files so far, the largest */
	GPtrArray *functions; /* char*: executed ones that are touched; each once */
	double share;         /* the largest of them has in what was executed, 0 to 1 */
	guint objects; /* the most executed objects that a type in one of its headers reaches */
	bool unsure;   /* it changes makefiles, scripts or tables as well */
} XbTouched;
XbTouched *xb_touched_new(void);
void xb_touched_free(XbTouched *touched);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbTouched, xb_touched_free)

/* What the change of the file @path adds. @change NULL: it could not be read. @uses: of the tree
 * before the range; NULL: not known, and all of a header counts as a type. */
void xb_touched_add(XbTouched *touched, const XbObjectMap *map, XbUses *uses, const char *path,
		    const XbFileChange *change);

/* The kind, when there are no more files: nothing is idle that is not sure. */
XbTouchedKind xb_touched_kind(const XbTouched *touched);

/*
 * The prior weight of a commit, see engine.h: 20 when it touches a function with 1 % of what is
 * executed or more, by the logarithm of its part down to 2 at 1e-5; for types
 * 1 + log2(1 + objects) / 2, from 2 to 4; 1 when nothing can be said; 0.5, never zero, when nothing
 * that it touches is executed. Chosen, not measured: at most 67 to 1 (20 to the 0.3 of
 * relevance.h), so that at the default confidence no commit is named or cleared by its weight
 * alone.
 */
double xb_touched_weight(XbTouchedKind kind, guint objects, double share);

#endif
