/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uses.h - whether code was executed that has no symbol of its own: inline functions
 * and macros, of a source file or of a header, by those that mention it. Pure.
 *
 * What mentions a name may be such code itself, to any remove. In a source file a
 * function without a symbol is looked for in that file alone. Words are compared, not
 * meanings: two things of one name, or a call through a pointer, are not seen for what
 * they are. Text that stands in no braces and in no #define (the condition of an #if, the
 * size of an array, a macro that is called between functions) is not looked at.
 */
#ifndef XB_USES_H
#define XB_USES_H

#include "object-map.h"

typedef struct XbUses XbUses;

/* @map has to live as long. */
XbUses *xb_uses_new(const XbObjectMap *map);
void xb_uses_free(XbUses *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbUses, xb_uses_free)

/* Take in what a file has, before the first question. False: there is more than is kept of any tree
 * (some hundred MiB), and the answers would lack it. */
bool xb_uses_add(XbUses *self, const char *path, const char *text, gsize length);
/* The same, with what xb_functions_of() found in the text. */
bool xb_uses_add_functions(XbUses *self, const char *path, const char *text,
			   const GArray *functions);

/*
 * Was @name of the file @path executed? IDLE: of what was looked at only functions mention it, and
 * none of them was; UNKNOWN: nothing mentions it, or data does, or it would take too long to know,
 * this time or after the questions before. @share as with xb_object_map_function().
 */
XbFunctionState xb_uses_state(XbUses *self, const char *path, const char *name, double *share);

/* Does anything mention @name? */
bool xb_uses_mentions(const XbUses *self, const char *name);

#endif
