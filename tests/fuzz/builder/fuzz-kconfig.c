/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-kconfig.c - fragments, and the configuration that a hostile tree made of them: a fragment, a
 * NUL, and the configuration. */
#include "kconfig.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *fragment = g_strndup((const char *)data, size);
	gsize length = strlen(fragment);
	g_autofree char *config =
		length < size ? g_strndup((const char *)data + length + 1, size - length - 1)
			      : g_strdup("");
	g_autoptr(GHashTable) wanted = xb_kconfig_parse(fragment);
	g_autoptr(GHashTable) got = xb_kconfig_parse(config);
	g_autoptr(GError) error = NULL;

	g_assert(xb_kconfig_check(wanted, got, &error) == !error);
	g_assert(xb_kconfig_check(got, got, NULL));
	return 0;
}
