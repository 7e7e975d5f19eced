/* SPDX-License-Identifier: GPL-2.0-or-later */
/* touched.c - see touched.h. */
#include "touched.h"

#include <math.h>
#include <string.h>

#include "c-functions.h"

#define FUNCTIONS_MAX 64  /* named of one commit */
#define HUNKS_MAX     200 /* that are looked at, of one file */

#define WEIGHT_HOT   20.0
#define WEIGHT_COLD  2.0
#define WEIGHT_TYPES 4.0
#define WEIGHT_IDLE  0.5
#define HOT_SHARE    1e-2
#define COLD_SHARE   1e-5

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

static void raise_kind(XbTouched *touched, XbTouchedKind kind)
{
	touched->kind = MAX(touched->kind, kind);
}

static void add_name(XbTouched *touched, const char *name)
{
	for (guint i = 0; i < touched->functions->len; i++)
		if (strcmp(touched->functions->pdata[i], name) == 0)
			return;
	if (touched->functions->len < FUNCTIONS_MAX)
		g_ptr_array_add(touched->functions, g_strdup(name));
}

/* ---- one version of a file --------------------------------------------------------- */

typedef struct {
	XbTouched *touched;
	XbUses *uses; /* who mentions what this file has */
	const char *path, *text;
	gsize length;
	const GArray *functions; /* XbFunction */
	GHashTable *before;      /* of a header's new version: names that the old one has */
	XbObjectFile file;
	bool header; /* else a source */
} Side;

static GHashTable *names_of(const GArray *functions)
{
	GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < functions->len; i++)
		g_hash_table_add(set, g_array_index(functions, XbFunction, i).name);
	return set;
}

/* What all objects that read the file have of it. */
static void touch_shared(const Side *side)
{
	raise_kind(side->touched, side->file.live > 0 ? XB_TOUCHED_SHARED : XB_TOUCHED_IDLE);
	side->touched->objects = MAX(side->touched->objects, side->file.live);
}

/* What it can do where it is no function's, or not known to be. */
static void touch_data(const Side *side)
{
	if (side->header)
		touch_shared(side);
	else
		raise_kind(side->touched,
			   side->file.executed ? XB_TOUCHED_SHARED : XB_TOUCHED_IDLE);
}

static void touch_function(const Side *side, const char *name)
{
	switch (xb_uses_state(side->uses, side->path, name, &side->touched->share)) {
	case XB_FUNCTION_EXECUTED:
		raise_kind(side->touched, XB_TOUCHED_EXECUTED);
		add_name(side->touched, name);
		break;
	case XB_FUNCTION_IDLE:
		raise_kind(side->touched, XB_TOUCHED_IDLE);
		break;
	case XB_FUNCTION_UNKNOWN:
		/* what a commit adds to a header, and uses, it uses in what it touches */
		if (side->before && !g_hash_table_contains(side->before, name) &&
		    !xb_uses_mentions(side->uses, name))
			raise_kind(side->touched, XB_TOUCHED_IDLE);
		else
			touch_data(side);
		break;
	}
}

/* Lines @first to @last were changed. */
static void touch_lines(const Side *side, guint first, guint last)
{
	/* of what others include as well, but is no header, nothing is a mere declaration */
	bool declares = side->header && g_str_has_suffix(side->path, ".h");
	XbOutside outside =
		xb_functions_outside(side->text, side->length, side->functions, first, last);

	for (guint i = 0; i < side->functions->len; i++) {
		const XbFunction *function = &g_array_index(side->functions, XbFunction, i);

		if (function->last < first || function->first > last)
			continue;
		if (function->data)
			touch_data(side);
		else
			touch_function(side, function->name);
	}
	if (outside == XB_OUTSIDE_MORE || (outside == XB_OUTSIDE_DECLARATIONS && !declares))
		touch_data(side);
	else if (outside == XB_OUTSIDE_DECLARATIONS)
		raise_kind(side->touched, XB_TOUCHED_IDLE);
}

static void touch_hunks(const Side *side, const XbFileChange *change, bool old)
{
	for (guint i = 0; side->text && i < MIN(change->hunks->len, HUNKS_MAX); i++) {
		const XbHunk *hunk = &g_array_index(change->hunks, XbHunk, i);
		guint first = old ? hunk->old_first : hunk->new_first;
		guint lines = old ? hunk->old_lines : hunk->new_lines;

		if (lines > 0)
			touch_lines(side, first, first + lines - 1);
	}
}

/* One version, of which @uses is told, or NULL: the file itself. Caller unrefs. */
static GArray *touch_side(Side *side, const XbObjectMap *map, XbUses *uses,
			  const XbFileChange *change, bool old)
{
	g_autoptr(XbUses) own = uses ? NULL : xb_uses_new(map);
	const char *text = old ? change->old_text : change->new_text;
	gsize length = old ? change->old_length : change->new_length;
	GArray *functions =
		xb_functions_of(text ? text : "", length, g_str_has_suffix(side->path, ".S"));

	if (own && text)
		xb_uses_add_functions(own, side->path, text, functions);
	side->uses = uses ? uses : own;
	side->text = text;
	side->length = length;
	side->functions = functions;
	touch_hunks(side, change, old);
	return functions;
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

void xb_touched_add(XbTouched *touched, const XbObjectMap *map, XbUses *uses, const char *path,
		    const XbFileChange *change)
{
	Side side = { .touched = touched, .path = path };

	touched->unsure |= may_be_anything(path);
	/* of a file that the build does not read relevance.h knows what to think */
	if (!is_code(path) || !xb_object_map_file(map, path, &side.file))
		return;
	side.header = !side.file.source;
	/* a source that others include is nobody's alone */
	if (side.file.source && side.file.readers > 1)
		touch_shared(&side);
	if (!change || (side.header && !uses)) {
		touch_data(&side);
		return;
	}
	if (change->hunks->len > HUNKS_MAX)
		touch_data(&side);
	if (!side.header)
		uses = NULL;
	g_autoptr(GArray) before = touch_side(&side, map, uses, change, true);
	g_autoptr(GHashTable) known = side.header ? names_of(before) : NULL;
	side.before = known;
	g_autoptr(GArray) after = touch_side(&side, map, uses, change, false);
}

XbTouchedKind xb_touched_kind(const XbTouched *touched)
{
	return touched->unsure && touched->kind == XB_TOUCHED_IDLE ? XB_TOUCHED_UNKNOWN
								   : touched->kind;
}

double xb_touched_weight(XbTouchedKind kind, guint objects, double share)
{
	double types = CLAMP(1 + log2(1.0 + objects) / 2, WEIGHT_COLD, WEIGHT_TYPES);
	double heat = log(fmax(share, COLD_SHARE) / COLD_SHARE) / log(HOT_SHARE / COLD_SHARE);
	double executed = WEIGHT_COLD + (WEIGHT_HOT - WEIGHT_COLD) * fmin(heat, 1);

	switch (kind) {
	case XB_TOUCHED_EXECUTED:
		return fmax(executed, types);
	case XB_TOUCHED_SHARED:
		return types;
	case XB_TOUCHED_IDLE:
		return WEIGHT_IDLE;
	case XB_TOUCHED_UNKNOWN:
		break;
	}
	return 1;
}
