/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-counter.c - which counts are metrics. */
#include "counter.h"

#include <glib.h>

static void a_metric_is_a_phase_and_a_count(void)
{
	g_assert_true(xb_counter_is_metric("unmap.ptwr-emulation"));
	g_assert_true(xb_counter_is_metric("unmap.b64.hypercall"));
	g_assert_false(xb_counter_is_metric("unmap"));
	g_assert_false(xb_counter_is_metric("unmap.vmstat"));
	g_assert_false(xb_counter_is_metric(".hypercall"));
	g_assert_false(xb_counter_is_metric("unmap."));
	g_assert_false(xb_counter_is_metric(""));
	g_assert_false(xb_counter_is_sampled("lost-records"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/counter/a-metric-is-a-phase-and-a-count",
			a_metric_is_a_phase_and_a_count);
	return g_test_run();
}
