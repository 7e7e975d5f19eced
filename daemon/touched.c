/* SPDX-License-Identifier: GPL-2.0-or-later */
/* touched.c - see touched.h. */
#include "touched.h"

#include <math.h>
#include <string.h>

#include "c-functions.h"

#define FUNCTIONS_MAX 64 /* named of one commit */
#define DEPTH_MAX     16 /* of functions that were inlined into each other */

#define WEIGHT_EXECUTED 6.0
#define WEIGHT_MOST     9.0
#define WEIGHT_IDLE     0.25

static const char *const names[] = {
	[XB_TOUCHED_UNKNOWN] = "unknown",
	[XB_TOUCHED_IDLE] = "idle",
	[XB_TOUCHED_SHARED] = "shared",
	[XB_TOUCHED_EXECUTED] = "executed",
};

const char *xb_touched_name(XbTouchedKind kind)
{
	return names[kind];
}

bool xb_touched_parse(const char *name, XbTouchedKind *kind)
{
	for (guint i = 0; name && i < G_N_ELEMENTS(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*kind = (XbTouchedKind)i;
			return true;
		}
	return false;
}

XbTouched *xb_touched_new(void)
{
	XbTouched *touched = g_new0(XbTouched, 1);

	touched->functions = g_ptr_array_new_with_free_func(g_free);
	return touched;
}

void xb_touched_free(XbTouched *touched)
{
	if (!touched)
		return;
	g_ptr_array_unref(touched->functions);
	g_free(touched);
}

/* ---- one version of a file --------------------------------------------------------- */

typedef struct {
	const XbObjectMap *map;
	const char *path, *text;
	GArray *functions; /* XbFunction */
	XbObjectFile file;
	XbTouched *touched;
} Side;

static const XbFunction *function_at(const Side *side, guint i)
{
	return &g_array_index(side->functions, XbFunction, i);
}

static void raise_kind(XbTouched *touched, XbTouchedKind kind)
{
	touched->kind = MAX(touched->kind, kind);
}

static XbFunctionState state_of(const Side *side, guint i, guint8 *seen, guint depth);

/* Of one without a symbol: whether any that mention it were executed. */
static XbFunctionState state_of_callers(const Side *side, guint callee, guint8 *seen, guint depth)
{
	const char *name = function_at(side, callee)->name;
	XbFunctionState best = XB_FUNCTION_UNKNOWN;

	for (guint i = 0; depth < DEPTH_MAX && i < side->functions->len; i++) {
		const XbFunction *function = function_at(side, i);
		XbFunctionState state;

		if (seen[i] || strcmp(function->name, name) == 0 ||
		    !xb_functions_mention(side->text + function->body, function->body_length, name))
			continue;
		state = state_of(side, i, seen, depth + 1);
		best = MAX(best, state);
		if (best == XB_FUNCTION_EXECUTED)
			break;
	}
	return best;
}

/* What SYSCALL_DEFINE makes of a name: the body is mostly inlined into the first of them. */
static XbFunctionState state_of_syscall(const Side *side, const char *name)
{
	static const char *const prefixes[] = { "__se_sys_", "__x64_sys_", "__arm64_sys_", "sys_" };
	XbFunctionState best = XB_FUNCTION_UNKNOWN;

	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		g_autofree char *other = g_strconcat(prefixes[i], name, NULL);
		XbFunctionState state = xb_object_map_function(side->map, side->path, other);

		best = MAX(best, state);
	}
	return best;
}

static XbFunctionState state_of(const Side *side, guint i, guint8 *seen, guint depth)
{
	const char *name = function_at(side, i)->name;
	XbFunctionState state = xb_object_map_function(side->map, side->path, name);

	if (state == XB_FUNCTION_UNKNOWN && g_str_has_prefix(name, "__do_sys_"))
		state = state_of_syscall(side, name + strlen("__do_sys_"));
	seen[i] = 1;
	return state == XB_FUNCTION_UNKNOWN ? state_of_callers(side, i, seen, depth) : state;
}

static void add_name(XbTouched *touched, const char *name)
{
	for (guint i = 0; i < touched->functions->len; i++)
		if (strcmp(touched->functions->pdata[i], name) == 0)
			return;
	if (touched->functions->len < FUNCTIONS_MAX)
		g_ptr_array_add(touched->functions, g_strdup(name));
}

static void touch_function(const Side *side, guint i)
{
	g_autofree guint8 *seen = g_new0(guint8, side->functions->len);

	switch (state_of(side, i, seen, 0)) {
	case XB_FUNCTION_EXECUTED:
		raise_kind(side->touched, XB_TOUCHED_EXECUTED);
		add_name(side->touched, function_at(side, i)->name);
		break;
	case XB_FUNCTION_IDLE:
		raise_kind(side->touched, XB_TOUCHED_IDLE);
		break;
	case XB_FUNCTION_UNKNOWN:
		raise_kind(side->touched,
			   side->file.executed ? XB_TOUCHED_SHARED : XB_TOUCHED_IDLE);
		break;
	}
}

static bool is_blank(const char *line, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isspace(line[i]))
			return false;
	return true;
}

/* Something but blank lines stands on lines @first to @last. */
static bool says_something(const char *text, guint first, guint last)
{
	const char *at = text;

	for (guint line = 1; *at && line <= last; line++) {
		gsize length = strcspn(at, "\n");

		if (line >= first && !is_blank(at, length))
			return true;
		at += length + (at[length] == '\n');
	}
	return false;
}

/* Lines @first to @last were changed. */
static void touch_lines(const Side *side, guint first, guint last)
{
	guint next = first; /* the first line that lies in no function so far */
	bool outside = false;

	for (guint i = 0; i < side->functions->len; i++) {
		const XbFunction *function = function_at(side, i);

		if (function->last < first || function->first > last)
			continue;
		touch_function(side, i);
		outside |= function->first > next &&
			   says_something(side->text, next, function->first - 1);
		next = MAX(next, function->last + 1);
	}
	outside |= next <= last && says_something(side->text, next, last);
	if (outside)
		raise_kind(side->touched,
			   side->file.executed ? XB_TOUCHED_SHARED : XB_TOUCHED_IDLE);
}

static void touch_side(Side *side, const char *text, gsize length, const XbFileChange *change,
		       bool old)
{
	if (!text)
		return;
	side->text = text;
	side->functions = xb_functions_of(text, length, g_str_has_suffix(side->path, ".S"));
	for (guint i = 0; i < change->hunks->len; i++) {
		const XbHunk *hunk = &g_array_index(change->hunks, XbHunk, i);
		guint first = old ? hunk->old_first : hunk->new_first;
		guint lines = old ? hunk->old_lines : hunk->new_lines;

		if (lines > 0)
			touch_lines(side, first, first + lines - 1);
	}
	g_array_unref(side->functions);
}

/* ---- a file ------------------------------------------------------------------------------ */

static bool is_code(const char *path)
{
	return g_str_has_suffix(path, ".c") || g_str_has_suffix(path, ".h") ||
	       g_str_has_suffix(path, ".S");
}

/* Neither code nor what no image is made of. What Kconfig files do is left to relevance.h. */
static bool may_be_anything(const char *path)
{
	static const char *const suffixes[] = { ".rst", ".txt", ".yaml", ".dts", ".dtsi" };
	static const char *const prefixes[] = { "Documentation/", "MAINTAINERS", "CREDITS",
						"LICENSES/",      "tools/",      "samples/" };
	const char *slash = strrchr(path, '/');

	if (is_code(path) || g_str_has_prefix(slash ? slash + 1 : path, "Kconfig"))
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(path, suffixes[i]))
			return false;
	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(path, prefixes[i]))
			return false;
	return true;
}

/* A header, or a source that others include. */
static void touch_shared(XbTouched *touched, const XbObjectFile *file)
{
	raise_kind(touched, file->live > 0 ? XB_TOUCHED_SHARED : XB_TOUCHED_IDLE);
	touched->objects = MAX(touched->objects, file->live);
}

void xb_touched_add(XbTouched *touched, const XbObjectMap *map, const char *path,
		    const XbFileChange *change)
{
	Side side = { .map = map, .path = path, .touched = touched };

	touched->unsure |= may_be_anything(path);
	/* of a file that the build does not read relevance.h knows what to think */
	if (!is_code(path) || !xb_object_map_file(map, path, &side.file))
		return;
	if (!side.file.source || side.file.readers > 1)
		touch_shared(touched, &side.file);
	if (!side.file.source)
		return;
	if (!change) {
		raise_kind(touched, side.file.executed ? XB_TOUCHED_SHARED : XB_TOUCHED_IDLE);
		return;
	}
	touch_side(&side, change->old_text, change->old_length, change, true);
	touch_side(&side, change->new_text, change->new_length, change, false);
}

XbTouchedKind xb_touched_kind(const XbTouched *touched)
{
	return touched->unsure && touched->kind == XB_TOUCHED_IDLE ? XB_TOUCHED_UNKNOWN
								   : touched->kind;
}

double xb_touched_weight(XbTouchedKind kind, guint objects)
{
	double shared = fmin(1 + log2(1.0 + objects), WEIGHT_MOST);

	switch (kind) {
	case XB_TOUCHED_EXECUTED:
		return fmax(WEIGHT_EXECUTED, shared);
	case XB_TOUCHED_SHARED:
		return fmax(shared, 2);
	case XB_TOUCHED_IDLE:
		return WEIGHT_IDLE;
	case XB_TOUCHED_UNKNOWN:
		break;
	}
	return 1;
}
