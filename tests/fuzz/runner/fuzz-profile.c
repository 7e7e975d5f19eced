/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-profile.c - whatever the plugin's file holds, it is refused or folded within bounds. */
#include "profile.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	g_autoptr(RunnerProfile) profile = runner_profile_parse((const char *)data, length, NULL);

	for (guint i = 0; profile && i < RUNNER_PROFILE_PHASES; i++) {
		g_autofree char *folded = runner_profile_fold(profile, i, NULL, NULL);

		g_assert(strlen(folded) <= RUNNER_PROFILE_FOLDED_MAX + 64);
		runner_profile_share(profile, i);
	}
	return 0;
}
