/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-folded.c - folded stacks from any worker are refused or become a tree that adds up. */
#include "folded.h"

#include <math.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	g_autoptr(XbFolded) tree = xb_folded_new();
	double self = 0, total;

	if (!xb_folded_add(tree, 0, (const char *)data, length, 1, NULL))
		return 0;
	for (guint i = 0; i < tree->nodes->len; i++)
		self += g_array_index(tree->nodes, XbFoldedNode, i).self[0];
	total = g_array_index(tree->nodes, XbFoldedNode, 0).total[0];
	g_assert(fabs(self - total) <= 1e-6 * total);
	g_array_unref(xb_folded_functions(tree));
	g_ptr_array_unref(xb_folded_children(tree));
	return 0;
}
