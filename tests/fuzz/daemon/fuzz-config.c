/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-config.c - configuration files of any bytes: either a configuration or
 * an error of one line, never both, never a crash.
 */
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	/* GKeyFile wants no terminator, but its callers' files have one. */
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(XbConfig) config = xb_config_parse("/nowhere/x.conf", text, size, &error);

	g_assert_true((config == NULL) == (error != NULL));
	g_assert_true(error == NULL || strchr(error->message, '\n') == NULL);
	return 0;
}
