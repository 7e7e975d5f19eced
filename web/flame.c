/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flame.c - see flame.h. */
#include "flame.h"

#include <math.h>
#include <string.h>

#define WIDTH     1200.0
#define ROW       18
#define NARROWEST 0.7 /* of WIDTH; what is narrower is not drawn */
#define LETTER    6.7 /* width of one, about */
#define DEPTH_MAX 120

typedef struct {
	XbHtml *out;
	const XbFolded *tree;
	XbFlameKind kind;
	const char *unit;
	GPtrArray *children;
	double *width; /* of each node, in its own measure */
	double scale;  /* to units of the drawing */
	double whole[2];
	guint deepest;
} Flame;

static const XbFoldedNode *node_at(const Flame *self, guint index)
{
	return &g_array_index(self->tree->nodes, XbFoldedNode, index);
}

/* What is done in the node itself, as this kind of graph measures it. */
static double own_width(const Flame *self, const XbFoldedNode *node)
{
	double base = node->self[0], test = node->self[1];

	switch (self->kind) {
	case XB_FLAME_BASE:
		return base;
	case XB_FLAME_TEST:
		return test;
	case XB_FLAME_CHANGE:
		return fabs(test - base);
	default:
		return fmax(base / fmax(self->whole[0], 1), test / fmax(self->whole[1], 1));
	}
}

static void measure(Flame *self)
{
	guint n = self->tree->nodes->len;

	self->width = g_new0(double, n);
	for (guint i = n; i-- > 0;) { /* parents come before their children */
		self->width[i] += own_width(self, node_at(self, i));
		if (i > 0)
			self->width[node_at(self, i)->parent] += self->width[i];
	}
	self->scale = self->width[0] > 0 ? WIDTH / self->width[0] : 0;
	for (guint i = 1; i < n; i++)
		if (self->width[i] * self->scale >= NARROWEST)
			self->deepest = MAX(self->deepest, node_at(self, i)->depth);
	self->deepest = MIN(self->deepest, DEPTH_MAX);
}

/* 0 to 1, the same for the same name. */
static double shade_of(const char *name)
{
	return (double)(g_str_hash(name) % 1000) / 1000;
}

static guint blend(guint from, guint to, double share)
{
	return (guint)(from + (to - (double)from) * share);
}

/* By who the code belongs to, in shades that tell neighbours apart. */
static guint side_colour(const char *name)
{
	double shade = shade_of(name);

	if (g_str_has_suffix(name, "_[x]"))
		return blend(225, 245, shade) << 16 | blend(110, 175, shade) << 8 |
		       blend(60, 100, shade);
	if (g_str_has_suffix(name, "_[k]"))
		return blend(110, 165, shade) << 16 | blend(165, 200, shade) << 8 |
		       blend(225, 245, shade);
	return blend(140, 180, shade) << 16 | blend(200, 220, shade) << 8 | blend(130, 170, shade);
}

/* How much of the node's width is a change, -1 (all less) to 1 (all more). */
static double change_in(const Flame *self, guint index)
{
	const XbFoldedNode *node = node_at(self, index);
	double base = node->total[0], test = node->total[1];

	if (self->kind == XB_FLAME_SHARE) {
		base /= fmax(self->whole[0], 1);
		test /= fmax(self->whole[1], 1);
	}
	return self->width[index] > 0 ? fmax(-1, fmin(1, (test - base) / self->width[index])) : 0;
}

static guint colour_of(const Flame *self, guint index)
{
	double change;

	if (self->kind == XB_FLAME_BASE || self->kind == XB_FLAME_TEST)
		return side_colour(node_at(self, index)->name);
	change = change_in(self, index);
	if (change >= 0)
		return blend(235, 240, change) << 16 | blend(235, 95, change) << 8 |
		       blend(235, 80, change);
	return blend(235, 90, -change) << 16 | blend(235, 140, -change) << 8 |
	       blend(235, 245, -change);
}

/* "1,245": thousands are told apart. Caller frees. */
static char *count_text(double value)
{
	g_autofree char *digits = g_strdup_printf("%.*f", fabs(value) < 10 ? 2 : 0, value);
	GString *text = g_string_new(digits);
	const char *dot = strchr(digits, '.');
	gssize at = dot ? dot - digits : (gssize)text->len;
	gssize first = *digits == '-' ? 1 : 0;

	for (at -= 3; at > first; at -= 3)
		g_string_insert_c(text, at, ',');
	return g_string_free(text, FALSE);
}

static void put_title(const Flame *self, const XbFoldedNode *node)
{
	double share[2];

	for (guint i = 0; i < 2; i++)
		share[i] = self->whole[i] > 0 ? 100 * node->total[i] / self->whole[i] : 0;
	g_autofree char *base = count_text(node->total[0]);
	g_autofree char *test = count_text(node->total[1]);
	g_autofree char *change = count_text(node->total[1] - node->total[0]);

	if (self->kind == XB_FLAME_BASE || self->kind == XB_FLAME_TEST) {
		guint side = self->kind == XB_FLAME_TEST;

		xb_html(self->out, "<title>%.400s: %s %s, %.2f %%</title>", node->name,
			side ? test : base, self->unit, share[side]);
		return;
	}
	xb_html(self->out, "<title>%.400s: %s%s %s (%s, %.2f %%, to %s, %.2f %%)</title>",
		node->name, node->total[1] > node->total[0] ? "+" : "", change, self->unit, base,
		share[0], test, share[1]);
}

/* As much of the name as there is room for. */
static char *cut_name(const char *name, double width)
{
	gsize letters = width > 2 * LETTER ? (gsize)((width - 6) / LETTER) : 0;
	gsize length = strlen(name);

	if (length <= letters)
		return g_strdup(name);
	if (letters < 4)
		return g_strdup("");
	g_autofree char *start = g_strndup(name, letters - 2);
	g_autofree char *valid = g_utf8_make_valid(start, -1);
	return g_strconcat(valid, "..", NULL);
}

static void put_frame(const Flame *self, guint index, double x, double width)
{
	const XbFoldedNode *node = node_at(self, index);
	int y = (int)(self->deepest - node->depth) * ROW;
	g_autofree char *shown = cut_name(node->name, width);

	xb_html(self->out,
		"<g class=\"frame\" data-x=\"%.2f\" data-w=\"%.2f\" data-d=\"%u\" "
		"data-name=\"%.400s\">",
		x, width, node->depth, node->name);
	put_title(self, node);
	xb_html(self->out,
		"<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" rx=\"1\" "
		"fill=\"#%06x\"/>",
		x, y, fmax(width - 0.4, 0.3), ROW - 1, colour_of(self, index));
	xb_html(self->out, "<text x=\"%.2f\" y=\"%d\" fill=\"#111\">%s</text></g>\n", x + 3,
		y + ROW - 5, shown);
}

/* The node at @x and what was called from it, by name from left to right. */
static void put_frames(const Flame *self, guint index, double x)
{
	const GArray *children = self->children->pdata[index];
	double width = self->width[index] * self->scale;

	if (width < NARROWEST || node_at(self, index)->depth > self->deepest)
		return;
	put_frame(self, index, x, width);
	for (guint i = 0; i < children->len; i++) {
		guint child = g_array_index(children, guint, i);

		put_frames(self, child, x);
		x += self->width[child] * self->scale;
	}
}

void xb_flame(XbHtml *out, const XbFolded *tree, XbFlameKind kind, const char *unit,
	      const char *caption)
{
	Flame self = { .out = out, .tree = tree, .kind = kind, .unit = unit };

	for (guint i = 0; i < 2; i++)
		self.whole[i] = g_array_index(tree->nodes, XbFoldedNode, 0).total[i];
	self.children = xb_folded_children(tree);
	measure(&self);
	xb_html(out, "<figure class=\"flame\"><figcaption>%s</figcaption>\n", caption);
	if (self.scale > 0) {
		xb_html(out,
			"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
			"role=\"img\" aria-label=\"%s\" font-family=\"monospace\" "
			"font-size=\"11\">\n",
			(int)WIDTH, (self.deepest + 1) * ROW, caption);
		put_frames(&self, 0, 0);
		xb_html(out, "</svg>\n");
	} else {
		xb_html(out, "<p>Nothing differs.</p>\n");
	}
	xb_html(out, "</figure>\n");
	g_free(self.width);
	g_ptr_array_unref(self.children);
}
