/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * c-functions.h - where the functions and data of a source file begin and end, without a
 * compiler: C by its top-level braces, assembler by the kernel's SYM_*_START and
 * SYM_*_END, ENTRY and ENDPROC. Pure.
 *
 * The text comes from a repository and may be anything: what does not look like
 * a function is none, and unbalanced text ends with the file. Comments, strings
 * and character constants are skipped. Of `#if A ... #else B ... #endif` both
 * branches are read, so braces that only one branch closes confuse the scan up to
 * the next line that begins with "}", where every function of the kernel ends.
 */
#ifndef XB_C_FUNCTIONS_H
#define XB_C_FUNCTIONS_H

#include <glib.h>
#include <stdbool.h>

#define XB_NAME_LENGTH_MAX 255 /* a longer word is no name */

typedef struct {
	char *name;              /* "" of data */
	bool data;               /* what stands between the braces of a type or an initialiser */
	guint first, last;       /* lines, from 1: from the signature to the closing brace */
	gsize body, body_length; /* bytes of the text, between the braces */
} XbFunction;

/* XbFunction by rising line, those of macros and of data as well. Caller unrefs. @assembler: the
 * file is one (".S"). */
GArray *xb_functions_of(const char *text, gsize length, bool assembler);

/* Each word of @function's body that may be a name, in order, some of them more than once; at most
 * XB_NAME_LENGTH_MAX bytes each. */
typedef void (*XbWordFunc)(const char *word, gsize length, void *data);
void xb_functions_words(const char *text, const XbFunction *function, XbWordFunc on_word,
			void *data);

/*
 * What lines @first to @last say outside of @functions, those of the text. Comments and #include
 * say nothing; lines that look like declarations, and conditionals that are there as a whole, no
 * more than that.
 */
typedef enum { XB_OUTSIDE_NOTHING, XB_OUTSIDE_DECLARATIONS, XB_OUTSIDE_MORE } XbOutside;
XbOutside xb_functions_outside(const char *text, gsize length, const GArray *functions, guint first,
			       guint last);

#endif
