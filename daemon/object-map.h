/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object-map.h - which functions of a built kernel came from which file, read
 * from the list that the builder wrote (builder/objects.h), and which of them
 * were executed. Pure. The list is one of a hostile build: it is checked.
 *
 * Compilers name copies of a function after it: what follows a '.' in a name
 * ("foo.isra.0", "foo.cold") is not looked at.
 */
#ifndef XB_OBJECT_MAP_H
#define XB_OBJECT_MAP_H

#include <glib.h>
#include <stdbool.h>

typedef struct XbObjectMap XbObjectMap;

/* @executed: names of functions, as a set; see xb_object_map_executed(). NULL with @error naming
 * the line. */
XbObjectMap *xb_object_map_parse(const char *text, gsize length, GHashTable *executed,
				 GError **error);
void xb_object_map_free(XbObjectMap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbObjectMap, xb_object_map_free)

/* An empty set of names, to be filled by xb_object_map_fold(). Caller unrefs. */
GHashTable *xb_object_map_executed(void);

/* Add the innermost and all other frames of folded stacks (common/folded.h) that are functions of
 * the kernel: those that end in "_[k]". Lines of another form are skipped. */
void xb_object_map_fold(GHashTable *executed, const char *folded, gsize length);

/* Objects and, of them, those of which a function was executed. */
guint xb_object_map_objects(const XbObjectMap *self);
guint xb_object_map_live(const XbObjectMap *self);

/* What is known of a file. */
typedef struct {
	guint readers; /* objects that were made from it or include it */
	guint live;    /* of them, those of which a function was executed */
	bool source;   /* an object was made from it */
	bool executed; /* and a function of that object was executed */
} XbObjectFile;
/* False: no object read it. */
bool xb_object_map_file(const XbObjectMap *self, const char *path, XbObjectFile *file);

/* Is @name a function of an object made from @path, and was it executed? */
typedef enum { XB_FUNCTION_UNKNOWN, XB_FUNCTION_IDLE, XB_FUNCTION_EXECUTED } XbFunctionState;
XbFunctionState xb_object_map_function(const XbObjectMap *self, const char *path, const char *name);

#endif
