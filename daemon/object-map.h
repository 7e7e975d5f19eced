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

/* What was executed, of the kernel's functions. */
typedef struct {
	GHashTable *functions; /* name -> double*: instructions of it, and of what it made Xen do */
	double all;            /* instructions that were counted, of anything */
} XbExecuted;
XbExecuted *xb_executed_new(void);
void xb_executed_free(XbExecuted *executed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbExecuted, xb_executed_free)

/* Add folded stacks (common/folded.h). Frames that end in "_[k]" are the kernel's functions; the
 * innermost of them has the count. Lines of another form are skipped. */
void xb_executed_add(XbExecuted *executed, const char *folded, gsize length);

/* NULL with @error naming the line. @executed is only read. */
XbObjectMap *xb_object_map_parse(const char *text, gsize length, const XbExecuted *executed,
				 GError **error);
void xb_object_map_free(XbObjectMap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbObjectMap, xb_object_map_free)

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

/* All files that an object read of which a function was executed. */
typedef void (*XbPathFunc)(const char *path, void *data);
void xb_object_map_live_files(const XbObjectMap *self, XbPathFunc on_path, void *data);

/*
 * Is @name a function of an object made from @path, and was it executed? @path NULL: of any object,
 * and only executed ones are known. *share becomes at least the part, 0 to 1, that it has in all
 * instructions that were counted, what it made Xen do included. "__do_sys_x" is the body of a
 * SYSCALL_DEFINE, which is mostly inlined into a function of another name.
 */
typedef enum { XB_FUNCTION_UNKNOWN, XB_FUNCTION_IDLE, XB_FUNCTION_EXECUTED } XbFunctionState;
XbFunctionState xb_object_map_function(const XbObjectMap *self, const char *path, const char *name,
				       double *share);

#endif
