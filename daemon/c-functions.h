/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * c-functions.h - where the functions of a source file begin and end, without a
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

typedef struct {
	char *name;
	guint first, last;       /* lines, from 1: from the signature to the closing brace */
	gsize body, body_length; /* bytes of the text, between the braces */
} XbFunction;

/* XbFunction by rising line; those of macros (#define of more than a value) as well. Caller
 * unrefs. @assembler: the file is one (".S"). */
GArray *xb_functions_of(const char *text, gsize length, bool assembler);

/* @name stands as a word in the @length bytes at @text. */
bool xb_functions_mention(const char *text, gsize length, const char *name);

#endif
