/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counter.c - see counter.h. */
#include "counter.h"

#include <glib.h>
#include <string.h>

static const char *const names[] = {
	"ptwr-emulation", "page-fault", "privop-emulation",  "forced-invalid-op", "paging-fixup",
	"trap",           "hypercall",  "multicall-subcall", "context-switch",    "instructions",
};

bool xb_counter_is_sampled(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool xb_counter_is_metric(const char *metric)
{
	const char *dot = strrchr(metric, '.');

	return dot && dot > metric && xb_counter_is_sampled(dot + 1);
}
