/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - what a search is asked for, where a test says nothing else. */
#ifndef XB_TEST_OPTIONS_H
#define XB_TEST_OPTIONS_H

#include "engine.h"

#include <math.h>

/* 99 % sure, one host, one builder, both free; no history. */
static inline XbOptions plain_options(void)
{
	return (XbOptions){ .confidence = 0.99,
			    .min_effect = 0.01,
			    .free_hosts = 1,
			    .free_builders = 1,
			    .hosts = 1,
			    .builders = 1,
			    .boot_s = 6,
			    .can_build = true,
			    .history_level = NAN };
}

#endif
