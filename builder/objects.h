/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objects.h - which functions came from which source file: for each object of
 * the kernel its source, what it read, and the functions that it defines.
 *
 * Functions are those that nm(1) names, see xb_compile_symbols(); what was read
 * is what the .cmd files say (inputs.h). Objects of modules are left out, since
 * no System.map names their functions.
 *
 * The file, whose lines are without limit and begin with a letter:
 *   xbisect-objects 1
 *   p PATH            a file of the tree; numbered from 0 as they come
 *   o OBJECT SOURCE   an object and the number of its source; "-": not in the tree
 *   r N N ...         what it read, by number
 *   f NAME NAME ...   its functions
 * r and f belong to the o before them and may be missing.
 */
#ifndef XB_BUILDER_OBJECTS_H
#define XB_BUILDER_OBJECTS_H

#include <glib.h>
#include <stdbool.h>

typedef struct XbObjects XbObjects;

/* @symbols: lines "OBJECT: NAME TYPE ..." of `nm -A -P`; lines of another form, and symbols that
 * are no functions, are skipped. */
XbObjects *xb_objects_new(const char *symbols);
void xb_objects_free(XbObjects *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbObjects, xb_objects_free)

/* The content @text of the .cmd file @name ("mm/.memory.o.cmd"), and the paths (a set) that are
 * named in it. */
void xb_objects_add(XbObjects *self, const char *name, const char *text, GHashTable *read);

/* What was added so far, in the file's form. Caller frees. */
char *xb_objects_text(const XbObjects *self);

#endif
