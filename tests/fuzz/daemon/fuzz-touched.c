/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-touched.c - the list of objects that a hostile build leaves, and source files
 * of a hostile tree: the input is a list, a NUL, and a file's text.
 */
#include "touched.h"

#include <stdint.h>
#include <string.h>

#include "c-functions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const char *word, gsize length, void *data)
{
	(void)data;
	g_assert(length > 0 && length <= XB_NAME_LENGTH_MAX && !g_ascii_isdigit(*word));
}

static void scan(const char *text, gsize length, bool assembler)
{
	g_autoptr(GArray) functions = xb_functions_of(text, length, assembler);
	guint lines = 1;

	for (gsize i = 0; i < length; i++)
		lines += text[i] == '\n';
	xb_functions_outside(text, length, functions, 1, lines);
	xb_functions_outside(text, length, functions, lines / 2, lines / 2 + 1);
	for (guint i = 0; i < functions->len; i++) {
		const XbFunction *one = &g_array_index(functions, XbFunction, i);

		g_assert(one->data == !*one->name && one->first >= 1 && one->first <= one->last &&
			 one->last <= lines && one->body + one->body_length <= length);
		xb_functions_words(text, one, check_word, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char folded[] = "a_[k];b_[k] 1\nc_[x] 2\n";
	const uint8_t *zero = memchr(data, '\0', size);
	gsize list = zero ? (gsize)(zero - data) : size;
	gsize length = zero ? size - list - 1 : 0;
	g_autofree char *text = g_malloc(length + 1);
	g_autoptr(XbExecuted) executed = xb_executed_new();
	g_autoptr(XbUses) uses = NULL;
	g_autoptr(XbObjectMap) map = NULL;
	g_autoptr(XbTouched) touched = NULL;
	XbFileChange change = {
		.old_text = text, .old_length = length, .new_text = text, .new_length = length
	};
	const XbHunk hunk = { 2, 1, 1, 1000000 };

	memcpy(text, zero ? (const char *)zero + 1 : "", length);
	text[length] = '\0';
	scan(text, length, false);
	scan(text, length, true);
	xb_executed_add(executed, folded, strlen(folded));
	map = xb_object_map_parse((const char *)data, list, executed, NULL);
	if (!map)
		return 0;
	g_assert(xb_object_map_live(map) <= xb_object_map_objects(map));
	touched = xb_touched_new();
	change.hunks = g_array_new(FALSE, FALSE, sizeof(XbHunk));
	g_array_append_val(change.hunks, hunk);
	uses = xb_uses_new(map);
	xb_uses_add(uses, "a.h", text, length);
	xb_uses_add(uses, "a.c", text, length);
	xb_touched_add(touched, map, uses, "a.c", &change);
	xb_touched_add(touched, map, uses, "a.h", &change);
	g_assert(touched->share >= 0 && touched->share <= 1 &&
		 xb_touched_weight(xb_touched_kind(touched), touched->objects, touched->share) > 0);
	g_array_unref(change.hunks);
	return 0;
}
