/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-value.h - tables of configuration keys, and the types of their
 * values. A value is checked and brought into one form (relative paths become
 * absolute); then it is either stored in a struct's member or passed on as
 * text.
 */
#ifndef XB_CONFIG_VALUE_H
#define XB_CONFIG_VALUE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	XB_VALUE_STRING,    /* char *: any text */
	XB_VALUE_WORD,      /* char *: one of the spec's words */
	XB_VALUE_PATH,      /* char *: absolute; need not exist */
	XB_VALUE_FILE,      /* char *: absolute, a file that can be read */
	XB_VALUE_SECRET,    /* char *: the same of a file that only its owner can read */
	XB_VALUE_DIRECTORY, /* char *: absolute, a directory that exists */
	XB_VALUE_FILES,     /* char **: files, divided by ';' */
	XB_VALUE_PROGRAM,   /* char *: a name for PATH, or an executable file */
	XB_VALUE_COMMAND,   /* char **: argv, quoted as for a shell; the first as PROGRAM */
	XB_VALUE_SIZE,      /* uint64_t: bytes */
	XB_VALUE_DURATION,  /* double: seconds, above 0; 0 as well with words "0" */
	XB_VALUE_INTEGER,   /* int: min..max */
	XB_VALUE_NUMBER,    /* passed on as text only: finite, 0 or above */
} XbValueType;

typedef struct {
	const char *key; /* NULL ends a table */
	XbValueType type;
	size_t offset;     /* of the member in its struct; unused when it is passed on as text */
	int min, max;      /* of INTEGER */
	const char *words; /* of WORD: "bwrap|none"; of PATH and FILE: further words that are
			    * no path */
} XbKeySpec;

/* NULL when @table has no such key. */
const XbKeySpec *xb_key_find(const XbKeySpec *table, const char *key);

/* @value in its one form, caller frees; or NULL with @problem, a text that says what is wrong
 * with the value (caller frees). @directory: of the file in which it stands. */
char *xb_value_check(const XbKeySpec *spec, const char *directory, const char *value,
		     char **problem);

/* Store what xb_value_check() returned in the spec's member of @structure, freeing what was
 * there. */
void xb_value_store(const XbKeySpec *spec, const char *value, void *structure);

#endif
