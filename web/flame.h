/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flame.h - a flame graph as SVG: one box a frame, as wide as what was done in
 * it and below it, callers below their callees. It can be read without a
 * script (each box has a title); page.js adds search and zoom.
 */
#ifndef XB_FLAME_H
#define XB_FLAME_H

#include "folded.h"
#include "html.h"

typedef enum {
	XB_FLAME_BASE,   /* the first side: coloured by Xen, kernel, program */
	XB_FLAME_TEST,   /* the second side */
	XB_FLAME_CHANGE, /* as wide as the change in what was done; red: more, blue: less */
	XB_FLAME_SHARE,  /* both sides as shares of their wholes: as wide as the larger
			  * one, red: a larger share than before, blue: a smaller one */
} XbFlameKind;

/*
 * A <figure>. @caption is for people; @unit names what is counted; the counts of @tree are shown as
 * they are, so scale them when they are added. Frames narrower than what can be
 * seen are left out.
 */
void xb_flame(XbHtml *out, const XbFolded *tree, XbFlameKind kind, const char *unit,
	      const char *caption);

#endif
