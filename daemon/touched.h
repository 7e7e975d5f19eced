/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * touched.h - whether a commit touches what the workload executes: the lines that
 * it changes, the functions in which they lie, and what is known of these from a
 * boot that counted (object-map.h). Pure.
 *
 * A function that has no symbol was inlined, or is a macro: it counts as executed
 * when one of those that mention it in the same file was, through any number of
 * such functions. What lies outside of functions, and headers, can matter where
 * an object that was executed was made from it.
 */
#ifndef XB_TOUCHED_H
#define XB_TOUCHED_H

#include "history.h"
#include "object-map.h"

typedef enum {
	XB_TOUCHED_UNKNOWN, /* nothing can be said: scripts, configuration, merges */
	XB_TOUCHED_IDLE,    /* only what the workload does not execute */
	XB_TOUCHED_SHARED,  /* headers or data of objects that it executes */
	XB_TOUCHED_EXECUTED /* functions that it executes */
} XbTouchedKind;
const char *xb_touched_name(XbTouchedKind kind);
bool xb_touched_parse(const char *name, XbTouchedKind *kind);

typedef struct {
	XbTouchedKind kind;   /* of all files so far, the largest */
	GPtrArray *functions; /* char*: executed ones that are touched; each once */
	guint objects;        /* the most executed objects that one of its headers reaches */
	bool unsure;          /* it changes makefiles, scripts or tables as well */
} XbTouched;
XbTouched *xb_touched_new(void);
void xb_touched_free(XbTouched *touched);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbTouched, xb_touched_free)

/* What the change of the file @path adds. @change NULL: it could not be read. */
void xb_touched_add(XbTouched *touched, const XbObjectMap *map, const char *path,
		    const XbFileChange *change);

/* The kind, when there are no more files: nothing is idle that is not sure. */
XbTouchedKind xb_touched_kind(const XbTouched *touched);

/*
 * The prior weight of a commit, see engine.h: 6 when it touches an executed
 * function; 1 + log2(1 + objects) for a header, up to 9; 1 when nothing can be
 * said; 0.25, never zero, when nothing that it touches is executed. At most
 * about 40 to 1, so that no commit is named or cleared by its weight alone.
 */
double xb_touched_weight(XbTouchedKind kind, guint objects);

#endif
